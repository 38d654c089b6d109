"""The catalogue of an installation: the built-in layers, or as its city has them."""

from functools import lru_cache
from typing import Any

from layers.catalogue import load_catalogue, read_catalogue
from layers.catalogue_entries import Catalogue
from layers.catalogue_linting import lint_catalogue
from layers.errors import refused_catalogue
from workflows.city_files import read_city_file
from workflows.reports import fault_json
from workflows.settings import Settings

__all__ = ["Catalogue", "configured_catalogue", "doubts_of_catalogue"]


def configured_catalogue(settings: Settings) -> Catalogue:
    """Return the layers, classes, owners, fields and code lists of an installation.

    The city's file is looked at each time and read again when it has changed.

    Raises
    ------
    CatalogueFileError
        The city's file cannot be read, or something in it cannot be used; with file and line.
    """
    if not settings.layers:
        return load_catalogue()
    text = read_city_file(settings.layers, lambda reason: refused_catalogue("catalogue_unreadable", reason=reason))
    return _read(text, settings.layers)


@lru_cache(maxsize=8)
def _read(text: str, file: str) -> Catalogue:
    return read_catalogue(text, file=file)


def doubts_of_catalogue(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return what the linter finds doubtful in a catalogue, a row each with its layer, as an answer holds it."""
    return [{"layer": found.layer, **fault_json(found.fault)} for found in lint_catalogue(catalogue)]
