"""Files that a city keeps of its own: stages, codes, layers."""

from collections.abc import Callable
from pathlib import Path

from layers.errors import CatalogueFileError
from registry.errors import CityFileError

__all__ = ["read_city_file"]


def read_city_file(name: str, refuse: Callable[[str], CityFileError | CatalogueFileError]) -> str:
    """Return the text of a city's file; where it cannot be read, raise what is made of the reason, with the file's name."""
    try:
        # Windows' editor begins a file of UTF-8 with a byte order mark
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        refusal = refuse(str(error))
        refusal.file = name
        raise refusal from error
