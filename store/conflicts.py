"""The conflicts between the layers, as runs found them; a run that brings another up to date holds what is new and what ends."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Row, and_, func, insert, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from store.arrays import among
from store.database import Connection, statement
from store.rows import insert_rows
from store.schema import conflict, conflict_end, run

__all__ = [
    "CONFLICT_COLUMNS",
    "ConflictFilter",
    "add_conflicts",
    "conflict_ids",
    "conflict_rows",
    "conflicts_named",
    "count_conflicts",
    "end_conflicts",
    "standing_conflicts",
    "standing_run",
]

_SRID = 4490
CONFLICT_COLUMNS = tuple(column.name for column in conflict.c if column.name not in {"id", "run_id", "geom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFilter:
    """Which conflicts are wanted; None: whatever it says.

    Attributes
    ----------
    rules, outcomes, layers
        Those of these rules, with these outcomes, with one of these layers on either side.
    features, lefts
        Those that one of these features is in, or of which one of these is the left one; either is enough.
    bbox
        Those with ground in a box: west, south, east, north in degrees.
    after, most
        Those with a higher id, and no more than so many.
    """

    rules: Collection[str] | None = None
    outcomes: Collection[str] | None = None
    layers: Collection[str] | None = None
    features: Collection[int] | None = None
    lefts: Collection[int] = ()
    bbox: tuple[float, float, float, float] | None = None
    after: int = 0
    most: int | None = None


def add_conflicts(
    connection: Connection, run_id: str, conflicts: Sequence[Mapping[str, Any]], shapes: NDArray[Any]
) -> list[int]:
    """Add the conflicts that a run found and return their ids in the same order.

    Parameters
    ----------
    conflicts
        `CONFLICT_COLUMNS` of each: texts, numbers, dates, None; ``reason`` as JSON has it.
    shapes
        The ground of each in EPSG:4490, or None.
    """
    if not conflicts:
        return []
    grounds = shapely.to_wkb(shapely.set_srid(shapes, _SRID), include_srid=True).tolist()
    rows = [{**row, "run_id": run_id, "geom": ground} for row, ground in zip(conflicts, grounds, strict=True)]
    return insert_rows(connection, conflict, rows)


def end_conflicts(connection: Connection, run_id: str, conflicts: Sequence[int]) -> None:
    """Have a run end conflicts of those that it rests on."""
    if conflicts:
        ended = select(
            literal(run_id, conflict_end.c.run_id.type), func.unnest(literal(list(conflicts), ARRAY(BigInteger)))
        )
        connection.execute(insert(conflict_end).from_select(["run_id", "conflict_id"], ended))


def standing_run(connection: Connection) -> Row[Any] | None:
    """Return the newest run over all conflicts of the whole city, which the next one brings up to date, or None."""
    standing = run.c.inputs["question"]["standing"].as_boolean()
    newest = select(run).where(run.c.kind == "conflicts", standing).order_by(run.c.recorded_at.desc(), run.c.id)
    return connection.execute(newest.limit(1)).one_or_none()


def conflict_rows(connection: Connection, run_id: str, wanted: ConflictFilter | None = None) -> Sequence[Row[Any]]:
    """Return the conflicts that a run found or left as they were, in the order in which they were found.

    Returns
    -------
    Sequence
        Rows of ``id``, `CONFLICT_COLUMNS` and ``geom``, as WKB in EPSG:4490; None where there is nothing.
    """
    shown = wanted or ConflictFilter()
    return _rows(connection, standing_conflicts(connection, run_id), *_conditions(shown), most=shown.most)


def conflicts_named(connection: Connection, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return conflicts by their ids, whichever run found them, as `conflict_rows` does."""
    return {row.id: row for row in _rows(connection, among(conflict.c.id, ids))} if ids else {}


def _rows(connection: Connection, *conditions: ColumnElement[bool], most: int | None = None) -> Sequence[Row[Any]]:
    columns = [conflict.c[name] for name in CONFLICT_COLUMNS]
    found: Any = select(conflict.c.id, *columns, func.ST_AsBinary(conflict.c.geom).label("geom")).where(*conditions)
    rows: Sequence[Row[Any]] = connection.execute(found.order_by(conflict.c.id).limit(most)).all()
    return rows


def conflict_ids(connection: Connection, run_id: str) -> list[int]:
    """Return the ids of the conflicts that a run found."""
    found = select(conflict.c.id).where(conflict.c.run_id == run_id).order_by(conflict.c.id)
    return list(connection.execute(found).scalars())


def count_conflicts(connection: Connection, run_id: str, wanted: ConflictFilter | None = None) -> Sequence[Row[Any]]:
    """Return how many conflicts there are of each rule and outcome, and the ground that they have on both bases."""
    by = (conflict.c.rule, conflict.c.left_layer, conflict.c.right_layer, conflict.c.severity, conflict.c.advisory)
    return connection.execute(
        select(
            *by,
            conflict.c.outcome,
            func.count().label("conflicts"),
            func.sum(conflict.c.area_m2).label("area_m2"),
            func.sum(conflict.c.ellipsoid_area_m2).label("ellipsoid_area_m2"),
        )
        .where(standing_conflicts(connection, run_id), *_conditions(wanted or ConflictFilter()))
        .group_by(*by, conflict.c.outcome)
        .order_by(*by, conflict.c.outcome)
    ).all()


def standing_conflicts(connection: Connection, run_id: str) -> ColumnElement[bool]:
    """Return the condition for what the runs of a chain found and none of them ended."""
    chain = connection.execute(statement("run_chain"), {"run": run_id}).scalar_one()
    ended = select(conflict_end.c.conflict_id).where(
        conflict_end.c.conflict_id == conflict.c.id, among(conflict_end.c.run_id, chain)
    )
    return and_(among(conflict.c.run_id, chain), ~ended.exists())


def _conditions(wanted: ConflictFilter) -> list[ColumnElement[bool]]:
    given = ((conflict.c.rule, wanted.rules), (conflict.c.outcome, wanted.outcomes))
    conditions = [among(column, said) for column, said in given if said is not None]
    if wanted.layers is not None:
        conditions.append(
            or_(among(conflict.c.left_layer, wanted.layers), among(conflict.c.right_layer, wanted.layers))
        )
    if wanted.features is not None:
        lefts = {*wanted.features, *wanted.lefts}
        conditions.append(or_(among(conflict.c.left_id, lefts), among(conflict.c.right_id, wanted.features)))
    if wanted.bbox is not None:
        conditions.append(func.ST_Intersects(conflict.c.geom, func.ST_MakeEnvelope(*wanted.bbox, _SRID)))
    if wanted.after:
        conditions.append(conflict.c.id > wanted.after)
    return conditions
