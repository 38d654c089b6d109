"""The schemes of names of an installation: the built-in ones, and those of its city."""

from pathlib import Path

from registry.city_schemes import read_city_schemes
from registry.errors import refused_scheme
from registry.schemes import Scheme, load_schemes
from workflows.settings import Settings

__all__ = ["configured_schemes"]


def configured_schemes(settings: Settings) -> tuple[Scheme, ...]:
    """Return the schemes that an installation's deliveries may carry.

    Raises
    ------
    SchemeFileError
        The city's file cannot be read, or a scheme in it cannot be used; with file and line.
    """
    if not settings.city_codes:
        return load_schemes()
    try:
        # Windows' editor begins a file of UTF-8 with a byte order mark
        text = Path(settings.city_codes).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        refusal = refused_scheme("schemes_unreadable", reason=str(error))
        refusal.file = settings.city_codes
        raise refusal from error
    return read_city_schemes(text, file=settings.city_codes)
