"""Sites in a file: a row each, in any format that rows are written in."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from layers.writing import check_target, write_frame, write_text
from workflows.siting import sites_frame

__all__ = ["check_file", "sites_csv", "write_sites"]


def check_file(path: Path) -> None:
    """See that a file could be written, before the work is done.

    Raises
    ------
    CannotWrite
        The suffix is not known, or the place is not writable.
    """
    check_target(path)


def write_sites(told: Mapping[str, Any], path: Path) -> None:
    """Write the sites of an answer to a file; its suffix tells the format.

    Raises
    ------
    CannotWrite
        As `check_file`.
    """
    write_frame(sites_frame(told), path, layer="sites")


def sites_csv(told: Mapping[str, Any]) -> bytes:
    """Return the sites of an answer as CSV, without their ground."""
    written = BytesIO()
    frame = sites_frame(told)
    write_text([frame], written, "csv", crs=frame.crs)
    return written.getvalue()
