"""Deliveries given back: whole with the codes of their rows, or the refused rows alone, each with what is against it."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, Literal, TypeAlias

import geopandas as gpd
import numpy as np

from geocode import Text
from layers.code_columns import Language, with_columns, with_fault_places, with_issued_codes
from layers.confined.kept import KeptDelivery
from layers.confined.reading import open_confined
from layers.entries import ReadOptions
from layers.formats import Format
from layers.outline_mending import without_vertices
from layers.readers import file_suffix
from layers.writing import SUFFIXES, write_batches
from store.database import Database, transaction
from store.documents import Documents, document_path, open_document
from store.uploads import get_upload
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reading_settings import reading_said, with_known
from workflows.reports import RowReport, UploadReport
from workflows.rights import allow, only_office
from workflows.upload_reports import find_report

__all__ = ["Language", "Part", "ReportedFile", "give_back", "write_coded", "write_rejected"]

Part: TypeAlias = Literal["coded", "rejected"]
# attributes alone: the outlines would be lost
_WITHOUT_GEOMETRY = {".csv"}
# formats of several files, written as one
_ZIPPED = {Format.SHAPEFILE: ".zip", Format.FILEGDB: ".gdb.zip"}
_PLAIN = ReadOptions()
_LONGEST_STEM = 50
_BATCH_ROWS = 20_000
_SAID = ("columns", "closing_m", "drawing_unit", "extent", "datum")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """A delivery that was reported on.

    Attributes
    ----------
    path
        The delivered bytes.
    report
        What became of its rows.
    crs, layer, reading
        As they were stated when it was delivered.
    """

    path: Path
    report: UploadReport
    crs: str | None = None
    layer: str | None = None
    reading: ReadOptions = _PLAIN


def write_coded(delivered: ReportedFile, target: Path, *, language: Language = "en") -> tuple[Text, ...]:
    """Write a delivery again with the codes its rows were given, and return the writer's remarks.

    The columns are those of `luotu code`, ``code, h3, area_m2, fault``, then ``outcome``.

    Parameters
    ----------
    target
        The file to write; its suffix tells the format.
    language
        Of the faults.
    """
    with _opened(delivered) as kept:
        rows = iter(delivered.report.results)
        read = (with_fault_places(part.frame, part.faults) for part in kept.batches())
        frames = (_coded(frame, [*islice(rows, len(frame))], language) for frame in read)
        return write_batches(frames, target, crs=kept.head.crs)


def write_rejected(delivered: ReportedFile, target: Path) -> tuple[Text, ...]:
    """Write the refused rows of a delivery as they came, each with what is against it, and return the writer's remarks.

    Parameters
    ----------
    target
        The file to write; its suffix tells the format.

    Raises
    ------
    RefusedOptionError
        No row is refused.
    """
    if not delivered.report.refused:
        raise RefusedOptionError(
            Text("没有被拒绝的行。", "No row is refused."), Text("无需退回。", "There is nothing to give back.")
        )
    refused = (row for row in delivered.report.results if row.outcome == "refused")
    batches = iter(lambda: [*islice(refused, _BATCH_ROWS)], [])
    with _opened(delivered) as kept:
        frames = (_with_reasons(kept.take(np.array([row.row for row in rows])).frame, rows) for rows in batches)
        return write_batches(frames, target, crs=kept.head.crs)


def give_back(  # noqa: PLR0913 - which, what of it, where to, for whom and in which format
    database: Database,
    identity: str,
    part: Part,
    folder: Path,
    *,
    principal: Principal,
    documents: Documents,
    suffix: str | None = None,
    reading: ReadOptions = _PLAIN,
    language: Language = "en",
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
    language
        Of the faults in a coded file.

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
        office = only_office(principal, right)
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
    delivered = ReportedFile(
        path=document_path(documents, report.sha256),
        report=report,
        crs=options["crs"],
        layer=options["layer"],
        reading=with_known(said, reading),
    )
    if part == "coded":
        write_coded(delivered, target, language=language)
    else:
        write_rejected(delivered, target)
    return target


def suffix_to_write(format_name: str) -> str:
    """Return the suffix of the format in which a delivery is given back: its own, else GeoPackage's."""
    kind = next((each for each in Format if each.value == format_name.partition(" in ")[0]), Format.GEOPACKAGE)
    suffix = _ZIPPED.get(kind) or file_suffix(kind)
    return suffix if suffix in SUFFIXES and suffix not in _WITHOUT_GEOMETRY else ".gpkg"


def _opened(delivered: ReportedFile) -> AbstractContextManager[KeptDelivery]:
    """Open a delivery as it came."""
    report = delivered.report
    crs = delivered.crs or report.crs.get("said")
    return open_confined(delivered.path, crs=crs, layer=delivered.layer, name=report.file, options=delivered.reading)


def _coded(frame: gpd.GeoDataFrame, rows: Sequence[RowReport], language: Language) -> gpd.GeoDataFrame:
    faults = [None if row.fault is None else f"{row.fault['kind']}: {row.fault['text'][language]}" for row in rows]
    return with_issued_codes(
        _mended(frame, rows),
        [row.code for row in rows],
        [row.area_m2 for row in rows],
        faults,
        outcome=[row.outcome for row in rows],
    )


def _with_reasons(frame: gpd.GeoDataFrame, rows: Sequence[RowReport]) -> gpd.GeoDataFrame:
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
    return with_columns(_mended(frame, rows), columns)


def _mended(frame: gpd.GeoDataFrame, rows: Sequence[RowReport]) -> gpd.GeoDataFrame:
    """Return rows with those outlines mended that the register has mended."""
    geometries = np.asarray(frame.geometry.values, dtype=object).copy()
    for position, row in enumerate(rows):
        for each in row.warnings:
            fix = each.get("fix")
            if fix is not None and fix["applied"]:
                geometries[position] = without_vertices(frame.geometry.iloc[position], fix["vertices"])
    return frame.set_geometry(geometries, crs=frame.crs)


def _said(row: RowReport, what: str, language: str) -> str | None:
    return row.fault[what][language] if row.fault else None


def _stem(file: str) -> str:
    """Return a delivery's name as that of a file of ours, which every file system and format can bear."""
    stem = PurePath(file).name.partition(".")[0]
    return re.sub(r"[^\w -]", "_", stem)[:_LONGEST_STEM].strip() or "delivery"
