"""The procedure of an installation: the built-in stages, deadlines and tolerances, or as its city has them."""

from pathlib import Path

from registry.errors import refused_procedure
from registry.procedures import Procedure, load_procedure, read_procedure
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
    try:
        # Windows' editor begins a file of UTF-8 with a byte order mark
        text = Path(settings.stages).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        refusal = refused_procedure("procedure_unreadable", reason=str(error))
        refusal.file = settings.stages
        raise refusal from error
    return read_procedure(text, file=settings.stages)
