"""A comparison of two plans in a file: a workbook, or its pieces in any format that rows are written in."""

from pathlib import Path

import pandas as pd

from layers.writing import check_target, write_frame
from store.database import Database
from workflows.difference_workbooks import write_workbook
from workflows.differing import read_pieces
from workflows.principals import Principal

__all__ = ["check_file", "write_file"]

_WORKBOOK = ".xlsx"


def check_file(path: Path) -> None:
    """See that a file could be written, before the work is done.

    Raises
    ------
    CannotWrite
        The suffix is not known, or the place is not writable.
    """
    # a workbook stands where a table of pieces could
    check_target(path.with_suffix(".gpkg") if path.suffix.lower() == _WORKBOOK else path)


def write_file(database: Database, run_id: str, path: Path, *, principal: Principal) -> None:
    """Write a comparison to a file; its suffix tells the format.

    Raises
    ------
    CannotWrite
        As `check_file`, or the format cannot hold the pieces.
    NotHereError, ForbiddenError, HiddenError
        As `workflows.differing.show_differences`.
    """
    if path.suffix.lower() == _WORKBOOK:
        write_workbook(database, run_id, path, principal=principal)
        return
    pieces = read_pieces(database, run_id, principal=principal)
    hits = pd.DataFrame(
        [{f"{code}_m2": hit["area_m2"] for code, hit in row.items()} for row in pieces["hits"]], index=pieces.index
    )
    frame = pieces.drop(columns="hits").rename(columns={"id": "source_id"}).infer_objects()
    frame["source_id"] = frame["source_id"].map(str)
    for name in sorted(hits.columns):
        frame.insert(len(frame.columns) - 1, name, hits[name])
    write_frame(frame, path, layer="differences")
