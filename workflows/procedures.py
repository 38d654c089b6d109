"""The procedure of an installation: the built-in stages, deadlines and tolerances, or as its city has them."""

from registry.errors import refused_procedure
from registry.procedures import Procedure, load_procedure, read_procedure
from workflows.city_files import read_city_file
from workflows.settings import Settings

__all__ = ["Procedure", "configured_procedure"]


def configured_procedure(settings: Settings) -> Procedure:
    """Return the stages, deadlines, tolerances and the calendar of an installation.

    Raises
    ------
    StageFileError
        The city's file cannot be read, or something in it cannot be used; with the file.
    """
    if not settings.stages:
        return load_procedure()
    text = read_city_file(settings.stages, lambda reason: refused_procedure("procedure_unreadable", reason=reason))
    return read_procedure(text, file=settings.stages)
