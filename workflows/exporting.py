"""Packages for sister systems: a project with all that belongs to it, or everything that happened after a position."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geocode import STORAGE_CRS, Text
from layers.temporary import temporary_folder
from registry.ledger.events import canonical_json, read_event
from registry.ledger.vouching import VOUCHERS, head_and_body
from registry.packages import (
    CONTENT,
    EVENTS,
    MANIFEST,
    PROOFS,
    SIGNATURE,
    Manifest,
    Part,
    runs_of,
    sign_manifest,
)
from store.database import Connection, Database, transaction
from store.descriptions import fields
from store.documents import Documents, open_document
from store.exchange import PRIVATE_TABLES, RowBehind, exchanged_events, family_of, project_members, rows_behind
from store.ledger import append_events
from store.projects import get_project
from store.seals import signing_key
from workflows.errors import RefusedOptionError
from workflows.export_areas import count_export, export_event
from workflows.ledgers import newest_head, prove_event, seal_ledger
from workflows.principals import Principal
from workflows.rights import allow
from workflows.settings import Settings

__all__ = ["export_package"]

_CHUNK_BYTES = 1 << 20
# a package with the same content is the same bytes
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def export_package(  # noqa: PLR0913 - what, since when, for whom, by whose leave
    database: Database,
    settings: Settings,
    target: Path,
    *,
    principal: Principal,
    project: str | None = None,
    after: int = -1,
    approval: str | None = None,
) -> dict[str, Any]:
    """Write a package into a new zip file and return what it says of itself.

    Parameters
    ----------
    project
        Code or id of the project that is wanted, with its buildings, those that came before and after them, and their
        parts; everything where it is None.
    after
        Events up to this number are left out: the position that the last package, its `to`, reached.
    approval
        Number of the document by which an export beyond the cap is approved.

    Raises
    ------
    ForbiddenError
        The role exports no packages, or not so much ground without an approval.
    NotHereError
        There is no such project.
    RefusedOptionError
        The target is there already, or nothing happened after the position.
    """
    allow(principal, "exchange")
    if target.exists():
        raise RefusedOptionError(
            Text(f"{target} 已存在。", f"{target} is there already."), Text("换一个名称。", "Choose another name.")
        )
    seal_ledger(database, settings)
    with temporary_folder() as folder:
        with transaction(database) as connection:
            head = newest_head(connection)
            subject, subjects, buildings = _wanted(connection, project)
            size = 0 if head is None else head.size
            rows = [row for row in exchanged_events(connection, after=after, subjects=subjects) if row.seq < size]
            if head is None or not rows:
                raise RefusedOptionError(
                    Text(f"位置 {after} 之后没有新的事件。", f"Nothing happened after position {after}."),
                    Text("稍后再导出。", "Export later."),
                )
            events = {row.seq: read_event(row.canonical) for row in rows}
            proofs = {str(seq): prove_event(connection, seq)["proof"] for seq in runs_of(list(events))}
            behind = _rows_of(connection, events, buildings)
            counted = count_export(
                connection,
                principal,
                np.array([row.private["geom"] for row in behind["footprint"].values()], dtype=object),
                cap_km2=settings.export_area_km2,
                approval=approval,
            )
            _write(folder / EVENTS, b"".join(row.canonical.encode() + b"\n" for row in rows))
            _write(folder / PROOFS, canonical_json(proofs))
            _write_content(folder / CONTENT, behind)
            documents = sorted(_documents(events.values()))
            _copy_documents(documents, settings.documents, folder)
            parts = [_part(folder, name) for name in (EVENTS, PROOFS, CONTENT, *_document_names(documents))]
            manifest = Manifest(subject, after, max(events), head.note, tuple(parts))
            raw = manifest.as_bytes()
            _write(folder / MANIFEST, raw)
            _write(folder / SIGNATURE, sign_manifest(raw, signing_key(settings.keys)))
            said = {"subject": subject, "after": after, "to": manifest.to, **counted}
            append_events(connection, [export_event(principal, hashlib.sha256(raw).hexdigest(), said)])
        # once it is on record, and not before
        _zip(target, folder, [MANIFEST, SIGNATURE, *(part.name for part in parts)])
    return {
        "file": target.name,
        "subject": subject,
        "after": after,
        "to": manifest.to,
        "events": len(events),
        "documents": len(documents),
        "area_km2": counted["area_km2"],
        "bytes": target.stat().st_size,
    }


def _wanted(connection: Connection, project: str | None) -> tuple[str, list[str] | None, list[str] | None]:
    """Return what a package is of, the subjects of its events, and its buildings; None: all."""
    if project is None:
        return "feed", None, None
    identity = str(get_project(connection, project).id)
    family = family_of(connection, project_members(connection, identity))
    subjects = [f"project/{identity}", *(f"building/{code}" for code in sorted(family.values()))]
    return f"project/{identity}", subjects, sorted(family)


def _rows_of(
    connection: Connection, events: Mapping[int, dict[str, Any]], buildings: Sequence[str] | None
) -> dict[str, dict[int, RowBehind]]:
    """Return the private values behind the events, by table and event."""
    found = {}
    for table in PRIVATE_TABLES:
        voucher, names = VOUCHERS[table], ("office", *fields(table))
        wanted: dict[tuple[Any, ...], list[int]] = {}
        for seq, content in events.items():
            if content["kind"] in voucher.made_by:
                for said in voucher.made(head_and_body(content)):
                    wanted.setdefault(tuple(said.get(name) for name in names), []).append(seq)
        mine: dict[int, RowBehind] = {}
        for row in rows_behind(connection, table, buildings):
            seqs = wanted.get(tuple(row.said.get(name) for name in names))
            if seqs:
                mine[seqs.pop(0)] = row
        found[table] = dict(sorted(mine.items()))
    return found


def _write_content(path: Path, rows: Mapping[str, Mapping[int, RowBehind]]) -> None:
    """Write what lies behind the events as a GeoPackage: one layer for each table, a row for each event."""
    for table, mine in rows.items():
        records = [
            {"seq": seq, **_shown(row.said), "salt": row.private["salt"], "private": _private_json(row.private)}
            for seq, row in mine.items()
        ]
        if not records and table != "footprint":
            continue
        names = ["seq", *fields(table), "office", "salt", "private"]
        frame: Any = pd.DataFrame(records, columns=names)
        if table == "footprint":
            shapes = [row.private["geom"] for row in mine.values()]
            frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=STORAGE_CRS), crs=STORAGE_CRS)
            pyogrio.write_dataframe(frame, path, layer=table, driver="GPKG", geometry_type="MultiPolygon")
        else:
            pyogrio.write_dataframe(frame, path, layer=table, driver="GPKG", append=path.exists())


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in said.items()}


def _private_json(private: Mapping[str, Any]) -> str:
    """Return the private values of a row but its footprint and its salt, as JSON; other geometries as WKB in hexadecimal."""
    told = {
        name: {"wkb": shapely.to_wkb(value, hex=True, include_srid=False)} if hasattr(value, "geom_type") else value
        for name, value in private.items()
        if name not in {"geom", "salt"}
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _documents(events: Iterable[Mapping[str, Any]]) -> set[str]:
    return {event["body"]["document"] for event in events if event["kind"] in VOUCHERS["attachment"].made_by}


def _document_names(documents: Iterable[str]) -> list[str]:
    return [f"documents/{sha256}" for sha256 in documents]


def _copy_documents(documents: Iterable[str], kept: Documents, folder: Path) -> None:
    for sha256, name in zip(documents, _document_names(documents), strict=True):
        with open_document(kept, sha256) as stream:
            (folder / name).parent.mkdir(exist_ok=True)
            _write(folder / name, stream.read())


def _part(folder: Path, name: str) -> Part:
    hashed, size = hashlib.sha256(), 0
    with (folder / name).open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            hashed.update(chunk)
            size += len(chunk)
    return Part(name, hashed.hexdigest(), size)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _zip(target: Path, folder: Path, names: Iterable[str]) -> None:
    """Write files into a zip: the whole of it under the target's name, or nothing."""
    part = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                entry = zipfile.ZipInfo(name, _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as packed, (folder / name).open("rb") as stream:
                    while chunk := stream.read(_CHUNK_BYTES):
                        packed.write(chunk)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
