"""The schemes of names of an installation: the built-in ones, and those of its city."""

from registry.city_schemes import read_city_schemes
from registry.errors import refused_scheme
from registry.schemes import Scheme, load_schemes
from workflows.city_files import read_city_file
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
    text = read_city_file(settings.city_codes, lambda reason: refused_scheme("schemes_unreadable", reason=reason))
    return read_city_schemes(text, file=settings.city_codes)
