"""What the doors ask of conflicts: find them, list them, export them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from blueprint.outcomes import Outcome
from geocode import STORAGE_CRS, Text
from layers.writing import check_target, write_frame
from store.conflicts import ConflictFilter, conflict_rows, count_conflicts, standing_run
from store.database import Connection, Database, transaction
from store.editions import lock_publishing
from store.errors import NotHereError
from store.runs import known_now, read_run
from workflows.conflict_json import Reader
from workflows.conflict_layers import Asking, Box, shapes_of
from workflows.conflicting import find_now, update_standing
from workflows.errors import RefusedOptionError
from workflows.idempotency import once
from workflows.rights import allow

__all__ = [
    "ConflictFilter",
    "ConflictQuestion",
    "Reader",
    "export_conflicts",
    "find_conflicts",
    "list_conflicts",
    "show_conflicts",
]

_MOST_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictQuestion:
    """What is asked: the day (today), the time as whose knowledge (now), and where (the whole city), where None."""

    as_of: date | None = None
    known_at: datetime | None = None
    bbox: Box | None = None

    @property
    def is_standing(self) -> bool:
        """Whether it is the question that every publishing answers anew: the whole city, today, as known now."""
        return self.as_of is None and self.known_at is None and self.bbox is None


def find_conflicts(
    database: Database, question: ConflictQuestion, *, reader: Reader, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Find the conflicts between all layers, keep them as a run, and return its summary.

    The question of today about the whole city brings the standing run up to date; any other is a run of its own.

    Raises
    ------
    ForbiddenError
        The role reads no conflicts.
    RefusedOptionError
        The box is none.
    """
    allow(reader.principal, "read_blueprint")
    _check_box(question.bbox)
    with transaction(database) as connection:
        work = partial(_find, connection, question, reader)
        return once(connection, reader.principal, idempotency_key, {"conflicts": asdict(question)}, work)


def _find(connection: Connection, question: ConflictQuestion, reader: Reader) -> dict[str, Any]:
    lock_publishing(connection)
    asking = Asking(
        as_of=question.as_of or date.today(),
        known_at=question.known_at or known_now(connection),
        rules=reader.rules,
        documents=reader.documents,
        bbox=question.bbox,
    )
    if question.is_standing:
        updated = update_standing(connection, asking, principal=reader.principal)
        change = {"new": len(updated.new), "gone": len(updated.gone), "changed": len(updated.changed)}
        return {**_summary(connection, updated.run_id, reader), "change": change, "cases": updated.cases}
    run_id, _ = find_now(connection, asking, principal=reader.principal)
    return _summary(connection, run_id, reader)


def show_conflicts(database: Database, run_id: str | None, *, reader: Reader) -> dict[str, Any]:
    """Return the summary of a run of conflicts; of the standing one where None.

    Raises
    ------
    NotHereError
        There is no such run, or none yet.
    """
    allow(reader.principal, "read_blueprint")
    with transaction(database) as connection:
        return _summary(connection, _run(connection, run_id), reader)


def list_conflicts(database: Database, run_id: str | None, wanted: ConflictFilter, *, reader: Reader) -> dict[str, Any]:
    """Return conflicts of a run (None: the standing one) as a GeoJSON feature collection, in the order they were found.

    Raises
    ------
    NotHereError
        There is no such run, or none yet.
    RefusedOptionError
        A rule, a layer or an outcome is asked for that there is not.
    """
    allow(reader.principal, "read_blueprint")
    with transaction(database) as connection:
        run = _run(connection, run_id)
        found = _rows(connection, run, wanted, reader)
        rows = reader.teller.rows(connection, found)
    return {
        "type": "FeatureCollection",
        "run": run,
        "features": [
            {"type": "Feature", "id": row["id"], "geometry": row.pop("geometry"), "properties": row} for row in rows
        ],
    }


def export_conflicts(
    database: Database, run_id: str | None, target: Path, wanted: ConflictFilter, *, reader: Reader
) -> tuple[int, tuple[Text, ...]]:
    """Write conflicts of a run into a file of any format that is written, and return how many, with remarks.

    Raises
    ------
    CannotWrite
        The file's name tells no format that is written.
    NotHereError, RefusedOptionError
        As `list_conflicts`.
    """
    allow(reader.principal, "read_blueprint")
    check_target(target)
    with transaction(database) as connection:
        found = _rows(connection, _run(connection, run_id), wanted, reader)
        rows = reader.teller.rows(connection, found, shapes=False)
    shapes = shapes_of(found)
    shapes[[row["secret"] for row in rows]] = None
    frame = gpd.GeoDataFrame(pd.DataFrame([_flat(row) for row in rows]), geometry=shapes, crs=STORAGE_CRS)
    return len(frame), write_frame(frame, target, layer="conflicts")


def _rows(connection: Connection, run: str, wanted: ConflictFilter, reader: Reader) -> Sequence[Any]:
    """Return the conflicts of a run that are wanted; what there is not is refused, lest an empty answer look like good news."""
    for asked, known, zh, en in (
        (wanted.rules, reader.rules.rows, "规则", "rule"),
        (wanted.layers, [layer.code for layer in reader.catalogue.layers], "图层", "layer"),
        (wanted.outcomes, list(Outcome), "结果", "outcome"),
    ):
        for each in asked or ():
            if each not in known:
                some, more = ", ".join(list(known)[:_MOST_NAMED]), len(known) > _MOST_NAMED
                raise RefusedOptionError(
                    Text(f"没有{zh} {each[:40]}。", f"There is no {en} {each[:40]}."),
                    Text(f"可用:{some}{' 等' if more else ''}。", f"There are {some}{' and others' if more else ''}."),
                )
    return conflict_rows(connection, run, wanted)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a conflict as a row of a table."""
    sides = {}
    for side in ("left", "right"):
        feature = row[side]["feature"] or {}
        sides[f"{side}_layer"], sides[f"{side}_id"] = row[side]["layer"]["code"], feature.get("id")
        sides[f"{side}_name"] = feature.get("name")
    own = ("id", "rule", "severity", "advisory", "outcome")
    measures = ("area_m2", "ellipsoid_area_m2", "width_m", "certainty", "valid_from", "valid_to")
    title, reason = row["title"] or {}, row["reason"] or {}
    return {
        **{name: row[name] for name in own},
        "title": title.get("zh"),
        **sides,
        **{name: row[name] for name in measures},
        "reason": reason.get("zh"),
    }


def _summary(connection: Connection, run_id: str, reader: Reader) -> dict[str, Any]:
    row = read_run(connection, run_id)
    return {
        "run": run_id,
        "base": None if row.base_id is None else str(row.base_id),
        "as_of": row.as_of.isoformat(),
        "known_at": row.known_at.isoformat(),
        "plane": row.inputs["question"]["plane"],
        "bbox": row.inputs["question"]["bbox"],
        "conflicts": row.result["conflicts"],
        "rules": reader.teller.groups(count_conflicts(connection, run_id)),
        "unevaluated": row.result["unevaluated"],
        "sha256": row.result_sha256,
    }


def _run(connection: Connection, run_id: str | None) -> str:
    """Return the id of a run of conflicts, of the standing one where None."""
    if run_id is not None:
        row = read_run(connection, run_id)
        if row.kind != "conflicts":
            raise NotHereError(Text(f"{run_id} 不是冲突分析。", f"{run_id} is no run of conflicts."))
        return str(row.id)
    standing = standing_run(connection)
    if standing is None:
        raise NotHereError(
            Text(
                "尚未分析过冲突:先运行 luotu conflicts。", "No conflicts have been looked for yet: run luotu conflicts."
            )
        )
    return str(standing.id)


def _check_box(bbox: Box | None) -> None:
    if bbox is None:
        return
    west, south, east, north = bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        raise RefusedOptionError(
            Text("范围须为 西,南,东,北,以度为单位。", "A box is west,south,east,north in degrees."),
            Text("例如 126.5,43.8,126.6,43.9。", "Such as 126.5,43.8,126.6,43.9."),
        )
