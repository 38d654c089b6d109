"""The sources of items: buildings of a day, their footprints by stage, a layer's features, conflicts, cases.

A source follows from what it is asked for alone, and building one takes longer than many a statement: those asked for last are
kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Double,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)

from store.arrays import among
from store.conflicts import standing_conflicts, standing_run
from store.database import Connection, statement
from store.editions import editions_in_effect
from store.items import Queryable, QueryableType, Source, box_sides
from store.schema import (
    building,
    case_entry,
    case_ground,
    closure,
    conflict,
    coordination_case,
    difference,
    feature,
    feature_end,
    footprint,
    office,
)

__all__ = [
    "LayerChain",
    "Period",
    "Sight",
    "building_source",
    "case_source",
    "conflict_source",
    "find_layer_chains",
    "first_ground",
    "footprint_extents",
    "footprint_source",
    "layer_source",
]

_SRID = 4490
_SAMPLED = 200
_KEPT = 128
# every one is; who says so may count by the index of current footprints, which serves those alone who ask for its column
_OF_A_BUILDING = footprint.c.building_id > UUID(int=0)
_OWN_TYPES: Mapping[str, QueryableType] = {"number": "number", "string": "string", "boolean": "boolean"}


class Period(NamedTuple):
    """The time that is asked about, both ends within it; None: as far as there is anything."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def of_days(cls, first: date | None, last: date | None) -> "Period":
        """Return the time from the beginning of a day to the end of another, here."""
        start, end = (
            None if day is None else datetime.combine(day, of_day).astimezone()
            for day, of_day in ((first, time.min), (last, time.max))
        )
        return cls(start, end)

    @property
    def first_day(self) -> date | None:
        """The day that it begins."""
        return None if self.start is None else self.start.astimezone().date()

    @property
    def last_day(self) -> date | None:
        """The day that it ends."""
        return None if self.end is None else self.end.astimezone().date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a principal sees: what some offices brought (None: all of them), and the ground of some layers (None: of all)."""

    offices: frozenset[int] | None = None
    layers: frozenset[str] | None = None


class LayerChain(NamedTuple):
    """The edition of a layer that is in effect, those that it rests on, itself first, and the fields of its features."""

    layer: str
    editions: tuple[int, ...]
    valid_from: date
    fields: tuple[tuple[str, QueryableType], ...]


def first_ground(connection: Connection) -> tuple[float, float] | None:
    """Return longitude and latitude of the first thing that was stored, which tells the city's zone, or None."""
    row = connection.execute(statement("first_ground")).one_or_none()
    return None if row is None else (row.lon, row.lat)


@lru_cache(maxsize=_KEPT)
def building_source(sight: Sight, stages: tuple[str, ...], period: Period | None = None) -> Source:
    """Return the living buildings; with a period those that stood in it, as they were at its end, by what is known now.

    Names and heights are those of the buildings that one sees.
    """
    held = [footprint.c.replaced_at.is_(None), _OF_A_BUILDING] if period is None else _held_in(period)
    return _footprints(_buildings(sight, stages, period).where(*held).subquery("item"), is_former=period is not None)


@lru_cache(maxsize=_KEPT)
def footprint_source(sight: Sight, stage: str, period: Period | None = None) -> Source:
    """Return the newest footprint of each building that was drawn at a stage, of the buildings that one sees alone."""
    return _footprints(_drawn_at(stage, sight, period), is_former=True)


def footprint_extents(connection: Connection, sight: Sight) -> dict[str, tuple[float, float, float, float]]:
    """Return the boxes around the items of `footprint_source` in degrees (west, south, east, north), by stage.

    One pass over the footprints tells those of all stages; a stage at which nothing was drawn is left out.
    """
    rows = _drawn_at(footprint.c.stage, sight, None)
    boxes = select(rows.c.stage, func.ST_Extent(rows.c.geom).label("box")).group_by(rows.c.stage).subquery()
    found = connection.execute(select(boxes.c.stage, *box_sides(boxes)))
    return {stage: (west, south, east, north) for stage, west, south, east, north in found}


@lru_cache(maxsize=_KEPT)
def layer_source(chain: LayerChain | None, period: Period | None = None) -> Source:
    """Return the features of a layer by the edition in effect that hold in a period; none where there is no edition."""
    editions = [] if chain is None else chain.editions
    ended = select(feature_end.c.feature_id).where(
        feature_end.c.feature_id == feature.c.id, among(feature_end.c.edition_id, editions)
    )
    told = [feature.c[name] for name in ("id", "name", "class_code", "valid_from", "valid_to", "attributes", "geom")]
    wanted = select(*told).where(among(feature.c.edition_id, editions), ~ended.exists())
    if period is not None:
        wanted = wanted.where(*_between(feature.c.valid_from, feature.c.valid_to, period))
    rows = wanted.subquery("item")
    types: dict[str, QueryableType] = {
        "name": "string",
        "class_code": "string",
        "valid_from": "date",
        "valid_to": "date",
    }
    own = _queryables(rows, types)
    fields = () if chain is None else chain.fields
    delivered = {
        name: Queryable(name, _field(rows.c.attributes, name, kind), kind)
        for name, kind in fields
        if name not in own and name != "geometry"
    }
    return Source(
        rows=rows,
        key=rows.c.id,
        identity=rows.c.id,
        geometry=rows.c.geom,
        queryables={**own, **delivered, **_geometry(rows)},
        properties=tuple(own),
        attributes=rows.c.attributes,
        time=("valid_from", "valid_to"),
    )


def find_layer_chains(
    connection: Connection, layers: Collection[str], *, as_of: date, fields: bool = True
) -> dict[str, LayerChain]:
    """Return the editions in effect on a day of those of some layers that have one, by layer.

    Parameters
    ----------
    fields
        Whether it is told which fields the features have.
    """
    found = [row for row in editions_in_effect(connection, as_of=as_of) if row.layer in layers]
    chains = {
        row.id: list(connection.execute(select(func.edition_chain(row.id))).scalar_one()) if row.base_id else [row.id]
        for row in found
    }
    known = _fields(connection, sorted({each for chain in chains.values() for each in chain})) if fields else {}
    return {
        row.layer: LayerChain(
            row.layer,
            tuple(chains[row.id]),
            row.valid_from,
            tuple(
                {name: kind for each in reversed(chains[row.id]) for name, kind in known.get(each, {}).items()}.items()
            ),
        )
        for row in found
    }


def conflict_source(connection: Connection, sight: Sight, period: Period | None = None) -> Source:
    """Return the conflicts of the standing run; the ground and the names of layers that are not seen are left out."""
    run = standing_run(connection)
    standing = false() if run is None else standing_conflicts(connection, str(run.id))
    is_seen = _both_seen(sight)
    told = ["rule", "severity", "advisory", "outcome", "left_layer", "left_id", "right_layer", "right_id"]
    told += ["area_m2", "ellipsoid_area_m2", "width_m", "certainty", "valid_from", "valid_to"]
    wanted = select(
        conflict.c.id,
        *(conflict.c[name] for name in told),
        *(conflict.c.reason[tongue].astext.label(f"reason_{tongue}") for tongue in ("zh", "en")),
        _where(is_seen, conflict.c.geom).label("geom"),
    ).where(standing)
    if period is not None:
        wanted = wanted.where(*_between(conflict.c.valid_from, conflict.c.valid_to, period))
    return _measured(wanted.subquery("item"), ("valid_from", "valid_to"))


@lru_cache(maxsize=_KEPT)
def case_source(sight: Sight, period: Period | None = None) -> Source:
    """Return the cases of conflicts and differences with where they stand and lie now; of the offices whose things one sees."""
    latest = (
        select(case_ground.c.conflict_id, case_ground.c.difference_id)
        .where(case_ground.c.case_id == coordination_case.c.id)
        .order_by(case_ground.c.id.desc())
        .limit(1)
        .lateral("latest")
    )
    entries = {name: _last_entry(name) for name in ("status", "coordination", "reason", "effective_from")}
    ground = case(
        (conflict.c.id.is_not(None), _where(_both_seen(sight), conflict.c.geom)),
        # which layers a difference is between, it does not say itself
        else_=_where(None if sight.layers is None else false(), difference.c.geom),
    )
    wanted = (
        select(
            coordination_case.c.id,
            coordination_case.c.subject,
            office.c.name_zh.label("office_zh"),
            office.c.name_en.label("office_en"),
            func.coalesce(entries["status"], "open").label("status"),
            entries["coordination"].label("coordination"),
            entries["reason"].label("reason"),
            entries["effective_from"].label("effective_from"),
            conflict.c.rule,
            difference.c["class"].label("class"),
            func.coalesce(conflict.c.area_m2, difference.c.area_m2).label("area_m2"),
            coordination_case.c.recorded_at.label("opened_at"),
            ground.label("geom"),
        )
        .join(office, office.c.id == coordination_case.c.office_id)
        .outerjoin(latest, true())
        .outerjoin(conflict, conflict.c.id == latest.c.conflict_id)
        .outerjoin(difference, difference.c.id == latest.c.difference_id)
    )
    if sight.offices is not None:
        wanted = wanted.where(among(coordination_case.c.office_id, sight.offices))
    if period is not None and period.start is not None:
        wanted = wanted.where(coordination_case.c.recorded_at >= period.start)
    if period is not None and period.end is not None:
        wanted = wanted.where(coordination_case.c.recorded_at <= period.end)
    return _measured(wanted.subquery("item"), ("opened_at", None))


def _buildings(sight: Sight, stages: Sequence[str] | None, period: Period | None = None) -> Select[Any]:
    """Return the geometry versions with what is told of their buildings; without stages, with the versions' own."""
    is_own = None if sight.offices is None else among(building.c.office_id, sight.offices)
    return select(
        footprint.c.id.label("row"),
        building.c.code,
        building.c.kind,
        (footprint.c.stage if stages is None else _stage(stages, period)).label("stage"),
        _where(is_own, footprint.c.name).label("name"),
        _where(is_own, footprint.c.height_m).label("height_m"),
        footprint.c.area_m2,
        footprint.c.plane_area_m2,
        footprint.c.plane,
        footprint.c.space,
        footprint.c.version,
        footprint.c.valid_from,
        footprint.c.recorded_at,
        footprint.c.geom,
        footprint.c.replaced_at.is_(None).label("is_current"),
        # outer: a count need not look at the buildings
    ).select_from(footprint.outerjoin(building, building.c.id == footprint.c.building_id))


def _stage(stages: Sequence[str], period: Period | None) -> ColumnElement[Any]:
    """Return the stage that a building entered last by the end of a period, or else that of the geometry."""
    last_day = None if period is None else period.last_day
    day: ColumnElement[Any] = literal_column("'infinity'::date") if last_day is None else literal(last_day)
    now: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
    entered = func.stage_entered_last(footprint.c.building_id, literal(list(stages), ARRAY(Text)), day, now)
    last = select(entered.table_valued("stage").c.stage).scalar_subquery()
    return func.coalesce(last, footprint.c.stage)


def _drawn_at(stage: str | ColumnElement[str], sight: Sight, period: Period | None) -> Subquery:
    """Return the newest footprints that were drawn at a stage, or at each where it is the footprints' own column."""
    conditions = _held_in(period or Period(None, None), stage=stage)
    if sight.offices is not None:
        conditions.append(among(building.c.office_id, sight.offices))
    return _buildings(sight, None).where(*conditions).subquery("item")


def _held_in(period: Period, *, stage: str | ColumnElement[str] | None = None) -> list[ColumnElement[bool]]:
    """Return what holds for the last geometry version, of a stage if one is told, of each building that stood in a period."""
    ended = select(closure.c.id).where(closure.c.building_id == footprint.c.building_id, closure.c.revoked_at.is_(None))
    never: ColumnElement[bool] = closure.c.reason == "mistaken"
    if period.first_day is not None:
        never = or_(never, closure.c.closed_on <= period.first_day)
    later = footprint.alias("later")
    later_one = select(later.c.id).where(
        later.c.building_id == footprint.c.building_id, later.c.version > footprint.c.version
    )
    held: list[ColumnElement[bool]] = [_OF_A_BUILDING]
    if stage is not None:
        held.append(footprint.c.stage == stage)
        later_one = later_one.where(later.c.stage == stage)
    if period.last_day is not None:
        held.append(footprint.c.valid_from <= period.last_day)
        later_one = later_one.where(later.c.valid_from <= period.last_day)
    # a building's current version is its last, and most are current: they are not asked for a later one
    return [*held, or_(footprint.c.replaced_at.is_(None), ~later_one.exists()), ~ended.where(never).exists()]


def _footprints(rows: Subquery, *, is_former: bool) -> Source:
    """Return the source of geometry versions, current ones alone or former ones as well."""
    strings: dict[str, QueryableType] = dict.fromkeys(("code", "kind", "stage", "name"), "string")
    measures: dict[str, QueryableType] = dict.fromkeys(("height_m", "area_m2", "plane_area_m2"), "number")
    others: dict[str, QueryableType] = {
        "plane": "string",
        "space": "string",
        "version": "integer",
        "valid_from": "date",
        "recorded_at": "timestamp",
    }
    told = _queryables(rows, {**strings, **measures, **others})
    return Source(
        rows=rows,
        key=rows.c.row,
        identity=rows.c.code,
        geometry=rows.c.geom,
        queryables={**told, **_geometry(rows)},
        properties=tuple(told),
        time=("valid_from", None),
        # the current versions and the former ones have an index each
        half=rows.c.is_current if is_former else None,
    )


def _measured(rows: Subquery, time: tuple[str, str | None]) -> Source:
    """Return the source of rows that tell their columns as they are."""
    types = {str(column.name): _type(column) for column in rows.c if column.name not in {"id", "geom"}}
    told = _queryables(rows, types)
    return Source(
        rows=rows,
        key=rows.c.id,
        identity=rows.c.id,
        geometry=rows.c.geom,
        queryables={**told, **_geometry(rows)},
        properties=tuple(told),
        time=time,
    )


def _type(column: ColumnElement[Any]) -> QueryableType:
    kinds: dict[type, QueryableType] = {
        bool: "boolean",
        int: "integer",
        float: "number",
        date: "date",
        datetime: "timestamp",
    }
    return kinds.get(column.type.python_type, "string")


def _queryables(rows: Subquery, types: Mapping[str, QueryableType]) -> dict[str, Queryable]:
    return {name: Queryable(name, rows.c[name], kind) for name, kind in types.items()}


def _geometry(rows: Subquery) -> dict[str, Queryable]:
    return {"geometry": Queryable("geometry", rows.c.geom, "geometry")}


def _field(attributes: ColumnElement[Any], name: str, kind: QueryableType) -> ColumnElement[Any]:
    """Return a field of delivered features; where a value is of another kind than the first ones were, as none."""
    value: Any = attributes[name]
    if kind == "string":
        text: ColumnElement[Any] = value.astext
        return text
    found: Any = Double() if kind == "number" else Boolean()
    return case((func.jsonb_typeof(value) == kind, cast(value, found)), else_=null())


def _fields(connection: Connection, editions: Sequence[int]) -> dict[int, dict[str, QueryableType]]:
    """Return the fields of the features of some editions that can be asked for, with their types, by edition."""
    rows = connection.execute(statement("layer_fields"), {"editions": list(editions), "most": _SAMPLED})
    found: dict[int, dict[str, QueryableType]] = {}
    for row in rows:
        kinds = set(row.kinds)
        if kinds <= _OWN_TYPES.keys():
            found.setdefault(row.edition, {})[row.name] = _OWN_TYPES[kinds.pop()] if len(kinds) == 1 else "string"
    return found


def _last_entry(field: str) -> ColumnElement[Any]:
    """Return what was said last in a field of a case, as text."""
    said = select(case_entry.c.value[()].astext).where(
        case_entry.c.case_id == coordination_case.c.id, case_entry.c.field == field
    )
    return said.order_by(case_entry.c.id.desc()).limit(1).scalar_subquery()


def _both_seen(sight: Sight) -> ColumnElement[bool] | None:
    """Return the condition that both layers of a conflict are seen; None where they always are."""
    if sight.layers is None:
        return None
    return and_(*(among(conflict.c[side], sight.layers) for side in ("left_layer", "right_layer")))


def _where(is_seen: ColumnElement[bool] | None, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column where it is seen; as it is, with its indexes, where it always is."""
    return column if is_seen is None else case((is_seen, column), else_=null())


def _between(since: ColumnElement[Any], until: ColumnElement[Any], period: Period) -> list[ColumnElement[bool]]:
    """Return what holds for rows that hold, from a day to before another, in a period."""
    conditions: list[ColumnElement[bool]] = []
    if period.last_day is not None:
        conditions.append(or_(since.is_(None), since <= period.last_day))
    if period.first_day is not None:
        conditions.append(or_(until.is_(None), until > period.first_day))
    return conditions
