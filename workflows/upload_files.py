"""Deliveries given back: whole with the codes of their rows, or the refused rows alone, each with what is against it."""

import re
from pathlib import Path, PurePath
from typing import Any, Literal, TypeAlias

import geopandas as gpd
import numpy as np

from geocode import Text
from layers.confined.reading import read_confined
from layers.entries import ReadOptions
from layers.formats import Format
from layers.outline_mending import without_vertices
from layers.readers import file_suffix
from layers.writing import SUFFIXES, write_frame
from store.database import Database, transaction
from store.documents import document_path, open_document
from store.uploads import get_upload
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reading_settings import reading_said, with_known
from workflows.reports import RowReport, UploadReport
from workflows.rights import allow
from workflows.uploading import find_report

__all__ = ["Part", "give_back", "write_coded", "write_rejected"]

Part: TypeAlias = Literal["coded", "rejected"]
# attributes alone: the outlines would be lost
_WITHOUT_GEOMETRY = {".csv"}
# formats of several files, written as one
_ZIPPED = {Format.SHAPEFILE: ".zip", Format.FILEGDB: ".gdb.zip"}
_PLAIN = ReadOptions()
_LONGEST_STEM = 50
_SAID = ("columns", "closing_m", "drawing_unit")


def write_coded(
    path: Path,
    target: Path,
    report: UploadReport,
    *,
    crs: str | None = None,
    layer: str | None = None,
    reading: ReadOptions = _PLAIN,
) -> tuple[Text, ...]:
    """Write a delivery again with the codes its rows were given, and return the writer's remarks.

    Parameters
    ----------
    path
        The delivered bytes.
    target
        The file to write; its suffix tells the format.
    crs, layer, reading
        As they were stated when it was delivered.
    """
    columns: dict[str, list[Any]] = {
        "code": [row.code for row in report.results],
        "outcome": [row.outcome for row in report.results],
        "fault": [_said(row, "text", "zh") for row in report.results],
    }
    return tuple(write_frame(_with_columns(_read(path, report, crs, layer, reading), columns), target))


def write_rejected(
    path: Path,
    target: Path,
    report: UploadReport,
    *,
    crs: str | None = None,
    layer: str | None = None,
    reading: ReadOptions = _PLAIN,
) -> tuple[Text, ...]:
    """Write the refused rows of a delivery as they came, each with what is against it, and return the writer's remarks.

    Parameters
    ----------
    path, target, crs, layer, reading
        As those of `write_coded`.

    Raises
    ------
    RefusedOptionError
        No row is refused.
    """
    rows = [row for row in report.results if row.outcome == "refused"]
    if not rows:
        raise RefusedOptionError(
            Text("没有被拒绝的行。", "No row is refused."), Text("无需退回。", "There is nothing to give back.")
        )
    columns: dict[str, list[Any]] = {
        "row": [row.row for row in rows],
        "kind": [None if row.fault is None else row.fault["kind"] for row in rows],
        "fault": [_said(row, "text", "zh") for row in rows],
        "remedy": [_said(row, "remedy", "zh") for row in rows],
        "fault_en": [_said(row, "text", "en") for row in rows],
        "remedy_en": [_said(row, "remedy", "en") for row in rows],
        "lon": [None if row.fault is None else row.fault["x"] for row in rows],
        "lat": [None if row.fault is None else row.fault["y"] for row in rows],
    }
    frame = _read(path, report, crs, layer, reading).iloc[[row.row for row in rows]]
    return tuple(write_frame(_with_columns(frame, columns), target))


def give_back(  # noqa: PLR0913 - which, what of it, where to, for whom and in which format
    database: Database,
    identity: str,
    part: Part,
    folder: Path,
    *,
    principal: Principal,
    documents: Path,
    suffix: str | None = None,
    reading: ReadOptions = _PLAIN,
) -> Path:
    """Write a stored upload's delivery again out of the bytes that were kept, and return the file.

    Parameters
    ----------
    part
        ``coded``: all of it with codes. ``rejected``: the refused rows with what is against them.
    folder
        Where the file is written, under a name made of the delivered one.
    suffix
        That of the format; of the delivered one where it can be written, else of a GeoPackage.
    reading
        As `configured_reading` returns it.

    Raises
    ------
    NotHereError
        There is no such upload, or none that the principal may see.
    RefusedOptionError
        No row is refused, or the format has no outlines.
    DamagedDocumentError
        The bytes are gone, or no longer those that were kept.
    CannotWrite
        The suffix is of no format that is written.
    """
    report = find_report(database, identity, principal=principal)
    right = allow(principal, "upload", kind="read")
    with transaction(database) as connection:
        office = principal.office_id if right.reach == "own" else None
        options = get_upload(connection, identity, office_id=office)["options"]
    open_document(documents, report.sha256).close()
    if suffix in _WITHOUT_GEOMETRY:
        # besides, a spreadsheet would take a delivered text that begins with = for a formula
        raise RefusedOptionError(
            Text(f"{suffix} 不含轮廓。", f"A {suffix} has no outlines."),
            Text("可用 gpkg、geojson、zip 等。", "Take gpkg, geojson, zip or another with outlines."),
        )
    target = folder / f"{_stem(report.file)}_{part}{suffix or suffix_to_write(report.format)}"
    said = reading_said(**{name: options[name] for name in _SAID if name in options})
    write = {"coded": write_coded, "rejected": write_rejected}[part]
    write(
        document_path(documents, report.sha256),
        target,
        report,
        crs=options["crs"],
        layer=options["layer"],
        reading=with_known(said, reading),
    )
    return target


def suffix_to_write(format_name: str) -> str:
    """Return the suffix of the format in which a delivery is given back: its own, else GeoPackage's."""
    kind = next((each for each in Format if each.value == format_name.partition(" in ")[0]), Format.GEOPACKAGE)
    suffix = _ZIPPED.get(kind) or file_suffix(kind)
    return suffix if suffix in SUFFIXES and suffix not in _WITHOUT_GEOMETRY else ".gpkg"


def _read(
    path: Path, report: UploadReport, crs: str | None, layer: str | None, reading: ReadOptions
) -> gpd.GeoDataFrame:
    """Return the rows of a delivery, with those outlines mended that the register has mended."""
    frame = read_confined(path, crs=crs or report.crs.get("said"), layer=layer, name=report.file, options=reading).frame
    geometries = np.asarray(frame.geometry.values, dtype=object).copy()
    for row in report.results:
        for each in row.warnings:
            fix = each.get("fix")
            if fix is not None and fix["applied"]:
                geometries[row.row] = without_vertices(frame.geometry.iloc[row.row], fix["vertices"])
    return frame.set_geometry(geometries, crs=frame.crs)


def _with_columns(frame: gpd.GeoDataFrame, columns: dict[str, list[Any]]) -> gpd.GeoDataFrame:
    """Return rows with columns of ours; a delivered one of the same name is told apart."""
    taken = {name: f"{name}_delivered" for name in columns if name in frame}
    return frame.rename(columns=taken).assign(**columns)


def _said(row: RowReport, what: str, language: str) -> str | None:
    return row.fault[what][language] if row.fault else None


def _stem(file: str) -> str:
    """Return a delivery's name as that of a file of ours, which every file system and format can bear."""
    stem = PurePath(file).name.partition(".")[0]
    return re.sub(r"[^\w -]", "_", stem)[:_LONGEST_STEM].strip() or "delivery"
