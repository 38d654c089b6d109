"""Items of a collection: what may be asked of it, a page of it in a total order, one by its id, how many, and where."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, reduce
from math import isfinite
from operator import add
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import shapely
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Row,
    Select,
    Subquery,
    and_,
    any_,
    func,
    literal,
    not_,
    or_,
    select,
)

from store.database import Connection

__all__ = [
    "AS_STORED",
    "Page",
    "PageRequest",
    "Queryable",
    "QueryableType",
    "Shape",
    "Source",
    "StaleCursorError",
    "box_sides",
    "count_items",
    "find_item",
    "has_value",
    "items_extent",
    "meets",
    "near",
    "read_page",
]

QueryableType: TypeAlias = Literal["string", "number", "integer", "boolean", "date", "timestamp", "geometry", "array"]
_SRID = 4490
_LARGEST_KEY = 2**63 - 1


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) > _LARGEST_KEY:
        raise ValueError(text)
    return value


def _truth(text: str) -> bool:
    return bool(("false", "true").index(text))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


_READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "number": _number,
    "integer": _whole,
    "boolean": _truth,
    "date": date.fromisoformat,
    "timestamp": _moment,
}


def box_sides(boxes: Subquery) -> list[ColumnElement[Any]]:
    """Return the sides (west, south, east, north) of the boxes in the column ``box``."""
    return [getattr(func, name)(boxes.c.box) for name in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")]


class StaleCursorError(ValueError):
    """A cursor that leads to no place in the collection."""


@dataclass(frozen=True, slots=True)
class Queryable:
    """What a filter may ask of items: its name, the column (or expression) that answers, the type of its values."""

    name: str
    column: ColumnElement[Any]
    type: QueryableType


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the items of a collection come from, as one principal may see them on the days asked about.

    Attributes
    ----------
    rows
        The items as a subquery: whatever a filter can reach of them is in it, so what is hidden is hidden from filters too.
    key
        Column of `rows` that pages go by: unique, never null, and of an index.
    identity
        Column of `rows` with the id that an item is asked for by.
    geometry
        Column of `rows` in EPSG:4490.
    queryables
        What may be asked, by name; what is told is among it.
    properties
        The names of the queryables that an item tells, in order.
    attributes
        Column of `rows` with a JSON object of further properties; None where there are none.
    time
        The names of the properties (from, until) between which an item holds; None where it has none.
    half
        Column of `rows` that divides them into two halves, each with an index of its own on the ground; None where one index
        has them all.
    """

    rows: FromClause
    key: ColumnElement[Any]
    identity: ColumnElement[Any]
    geometry: ColumnElement[Any]
    queryables: Mapping[str, Queryable]
    properties: Sequence[str]
    attributes: ColumnElement[Any] | None = None
    time: tuple[str, str | None] | None = None
    half: ColumnElement[bool] | None = None

    @cached_property
    def extent(self) -> Select[Any]:
        """The statement of the box around the items, made once: a list of collections asks for that of each."""
        return select(*box_sides(select(func.ST_Extent(self.geometry).label("box")).subquery()))


class Shape(NamedTuple):
    """How geometries are told: the CRS (srid), whether its first axis is the second of x, y, and the decimals of an ordinate."""

    srid: int = _SRID
    is_flipped: bool = False
    decimals: int = 9


AS_STORED = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which items are wanted, in which order, from where on.

    Attributes
    ----------
    conditions
        What holds for the items, over the columns of the source's rows.
    order
        What they are sorted by before the key; pages then go by `offset` alone.
    after, before
        The key that the page begins behind, or ends in front of.
    offset, limit
        How many items are left out from there on, and the most that are wanted.
    properties
        The names of the properties told; all of them where None.
    """

    conditions: Sequence[ColumnElement[bool]] = ()
    order: Sequence[ColumnElement[Any]] = ()
    after: Any = None
    before: Any = None
    offset: int = 0
    limit: int = 100
    properties: Sequence[str] | None = None
    shape: Shape = AS_STORED


class Page(NamedTuple):
    """Items as rows (``key, identity, geometry`` as GeoJSON text, ``attributes``, then the properties), and what lies beyond them."""

    rows: Sequence[Row[Any]]
    has_more: bool
    has_earlier: bool


def read_page(connection: Connection, source: Source, request: PageRequest) -> Page:
    """Return one page of the items of a source, in the order asked for.

    Raises
    ------
    StaleCursorError
        The key that it begins or ends at is none of the source's.
    """
    chosen = select(source.key).where(*request.conditions)
    backwards = request.before is not None
    if request.after is not None:
        chosen = chosen.where(source.key > _key(source, request.after))
    if backwards:
        chosen = chosen.where(source.key < _key(source, request.before))
    order = (*request.order, source.key.desc() if backwards else source.key)
    chosen = chosen.order_by(*order).offset(request.offset or None).limit(request.limit + 1)
    # the keys first: what is told costs more than to be sorted or left out, and is looked up for those of the page alone
    keys = func.array(chosen.scalar_subquery(), type_=ARRAY(source.key.type))
    rows = connection.execute(_told(source, request).where(source.key == any_(keys)).order_by(*order)).all()
    kept, is_cut = rows[: request.limit], len(rows) > request.limit
    if backwards:
        return Page(kept[::-1], has_more=True, has_earlier=is_cut)
    return Page(kept, has_more=is_cut, has_earlier=request.after is not None or request.offset > 0)


def find_item(connection: Connection, source: Source, identity: str, shape: Shape) -> Row[Any] | None:
    """Return the item of an id as a row of `Page`, or None."""
    value = _identity(source, identity)
    if value is None:
        return None
    wanted = _told(source, PageRequest(shape=shape)).where(source.identity == value)
    return connection.execute(wanted).one_or_none()


def count_items(connection: Connection, source: Source, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Return how many items there are for which the conditions hold."""
    wanted = select(func.count()).select_from(source.rows).where(*conditions)
    # each half by an index of its own
    halves = [wanted] if source.half is None else [wanted.where(source.half), wanted.where(not_(source.half))]
    together = reduce(add, (each.scalar_subquery() for each in halves))
    return int(connection.execute(select(together)).scalar_one())


def items_extent(connection: Connection, source: Source) -> tuple[float, float, float, float] | None:
    """Return the box around the items in degrees (west, south, east, north), or None where there are none."""
    west, south, east, north = connection.execute(source.extent).one()
    return None if west is None else (west, south, east, north)


def meets(source: Source, ground: Any) -> ColumnElement[bool]:
    """Return the condition that an item has ground in common with a geometry in EPSG:4490."""
    shape = func.ST_GeomFromEWKB(shapely.to_wkb(shapely.set_srid(ground, _SRID), include_srid=True))
    return and_(near(source, shape), func.ST_Intersects(source.geometry, shape))


def near(source: Source, shape: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the box of an item meets that of a geometry, as the indexes on the ground answer it."""
    is_near: ColumnElement[bool] = source.geometry.op("&&", is_comparison=True)(shape)
    if source.half is None:
        return is_near
    return or_(and_(is_near, source.half), and_(is_near, not_(source.half)))


def has_value(queryable: Queryable, text: str) -> ColumnElement[bool] | None:
    """Return the condition that a property has a value given as text; None where the text is no value of its type."""
    try:
        value = _READERS[queryable.type](text)
    except (ValueError, OverflowError):
        return None
    condition: ColumnElement[bool] = queryable.column == value
    return condition


def _told(source: Source, request: PageRequest) -> Select[Any]:
    """Return the statement of items with what is told of them."""
    names = source.properties if request.properties is None else request.properties
    own = [source.queryables[name].column.label(f"p_{name}") for name in names]
    attributes = literal(None) if source.attributes is None or request.properties is not None else source.attributes
    return select(
        source.key.label("key"),
        source.identity.label("identity"),
        _geojson(source.geometry, request.shape).label("geometry"),
        attributes.label("attributes"),
        *own,
    ).select_from(source.rows)


def _geojson(geometry: ColumnElement[Any], shape: Shape) -> ColumnElement[Any]:
    # a zone of CGCS2000 is formulas away from EPSG:4490; 4326 and what rests on it is held equal to 4490
    moved = geometry if shape.srid == _SRID else func.ST_Transform(geometry, shape.srid)
    ordered = func.ST_FlipCoordinates(moved) if shape.is_flipped else moved
    # option 0: no "crs" member, which GeoJSON has no more
    told: ColumnElement[Any] = func.ST_AsGeoJSON(ordered, shape.decimals, 0)
    return told


def _key(source: Source, value: Any) -> ColumnElement[Any]:
    """Return a key from a cursor as a value of the source's key."""
    wanted = source.key.type.python_type
    fits = isinstance(value, wanted) and not isinstance(value, bool)
    if fits and wanted is int:
        fits = abs(value) <= _LARGEST_KEY
    elif fits:
        fits = _is_uuid(value)
    if not fits:
        raise StaleCursorError(value)
    return literal(value, source.key.type)


def _identity(source: Source, text: str) -> Any:
    """Return an id as a value of the source's column, None where it can be none."""
    if source.identity.type.python_type is not int:
        is_uuid = type(source.identity.type).__name__ == "UUID"
        return text if not is_uuid or _is_uuid(text) else None
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _LARGEST_KEY else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
