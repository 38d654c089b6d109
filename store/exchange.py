"""Rows that go from one register to another: what lies behind events, and rows made again from what events say.

An event says everything of its rows but what may be personal, which it says by a salted digest, and geometries, which it
says by fingerprints. Those, with their salts, are the private values of a row: a package has them beside the events.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

from geoalchemy2 import Geometry
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import ARRAY, Column, Date, Row, Table, Text, any_, cast, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import DBAPIError

from registry.addresses import stored_keys
from registry.ledger.vouching import VOUCHERS
from store.database import Connection
from store.descriptions import described, description, said_columns
from store.schema import (
    building,
    document,
    event,
    footprint,
    imported,
    lineage,
    metadata,
    project_building,
    stage_entry,
    unit,
)

__all__ = [
    "PRIVATE_TABLES",
    "Imported",
    "NotHeldError",
    "RefusedRowError",
    "RowBehind",
    "add_imported",
    "attempting",
    "building_here",
    "close_row",
    "exchanged_events",
    "exported_cells",
    "family_of",
    "give_up_ground",
    "known_leaves",
    "local_entry",
    "make_row",
    "project_members",
    "rows_behind",
]

PRIVATE_TABLES = ("footprint", "stage_entry", "unit")
_SRID = 4490
_EXPORTS_LOCK = 76
_EXCLUSION_VIOLATION = "23P01"
# of this register alone: a package that told of the one before would never be the last
_EXPORTED = "package_exported"


class NotHeldError(LookupError):
    """A row names another that is not here; `table` and `name` say which."""

    def __init__(self, table: str, name: Any) -> None:
        super().__init__(f"{table} {name}")
        self.table = table
        self.name = name


class RefusedRowError(ValueError):
    """The database refuses a row: `code` is that of the building on whose ground it would stand, if that is why."""

    def __init__(self, reason: str, code: str | None) -> None:
        super().__init__(reason)
        self.code = code


class RowBehind(NamedTuple):
    """What a row says in its event, and its private values: shapely geometries, JSON, the salt."""

    said: dict[str, Any]
    private: dict[str, Any]


class Imported(NamedTuple):
    """An event that was taken over, with the numbers that both sides gave its stage entry, where it made one."""

    leaf_hash: bytes
    origin_seq: int
    origin_entry: int | None = None
    stage_entry_id: int | None = None


@contextmanager
def attempting(connection: Connection) -> Iterator[None]:
    """Undo what is written within where an error ends it.

    Raises
    ------
    RefusedRowError
        The database refused a row.
    """
    try:
        with connection.begin_nested():
            yield
    except DBAPIError as error:
        cause: Any = error.orig
        taken = cause.diag.message_detail if getattr(cause, "sqlstate", None) == _EXCLUSION_VIOLATION else None
        raise RefusedRowError(str(cause).splitlines()[0], taken) from error


def exchanged_events(
    connection: Connection, *, after: int, subjects: Sequence[str] | None = None
) -> Sequence[Row[Any, Any, Any]]:
    """Return the events after a number, of some subjects or of all, in order: ``seq, canonical, leaf_hash``.

    Exports are not told.
    """
    wanted = select(event.c.seq, event.c.canonical, event.c.leaf_hash).order_by(event.c.seq)
    wanted = wanted.where(event.c.seq > after, event.c.kind != _EXPORTED)
    if subjects is not None:
        wanted = wanted.where(event.c.subject == _any(subjects))
    return connection.execute(wanted).all()


def exported_cells(connection: Connection, *, office_id: int, actor: str) -> set[str]:
    """Return the cells that somebody exported without an approval; whoever asks next for the office waits for this transaction."""
    connection.execute(select(func.pg_advisory_xact_lock(_EXPORTS_LOCK, office_id)))
    cells = func.jsonb_array_elements_text(cast(event.c.canonical, JSONB)["body"]["cells"])
    wanted = select(cells).where(event.c.kind == _EXPORTED, event.c.office_id == office_id, event.c.actor == actor)
    return set(connection.execute(wanted).scalars())


def project_members(connection: Connection, project_id: str) -> list[str]:
    """Return the ids of the buildings that ever were in a project."""
    wanted = select(project_building.c.building_id).where(project_building.c.project_id == project_id).distinct()
    return [str(identity) for identity in connection.execute(wanted).scalars()]


def family_of(connection: Connection, buildings: Iterable[str]) -> dict[str, str]:
    """Return the codes, by ids, of buildings and of all that came before or after them or are a part of one another."""
    found: set[str] = set()
    new = set(buildings)
    while new:
        found |= new
        ids = literal(list(new), ARRAY(UUID(as_uuid=False)))
        kin = [
            select(lineage.c.successor_id).where(lineage.c.predecessor_id == any_(ids)),
            select(lineage.c.predecessor_id).where(lineage.c.successor_id == any_(ids)),
            select(building.c.id).where(building.c.part_of == any_(ids)),
            select(building.c.part_of).where(building.c.id == any_(ids), building.c.part_of.is_not(None)),
        ]
        new = {str(identity) for each in kin for identity in connection.execute(each).scalars()} - found
    everyone = literal(sorted(found), ARRAY(UUID(as_uuid=False)))
    rows = connection.execute(select(building.c.id, building.c.code).where(building.c.id == any_(everyone)))
    return {str(identity): code for identity, code in rows}


def rows_behind(connection: Connection, table: str, buildings: Sequence[str] | None) -> Iterator[RowBehind]:
    """Yield the rows of a table with private values, of some buildings (ids) or of all."""
    source = metadata.tables[table]
    private = _private(source)
    wanted = described(table).add_columns(*(source.c[name].label(f"private_{name}") for name in private))
    if buildings is not None:
        wanted = wanted.where(source.c.building_id == any_(literal(list(buildings), ARRAY(UUID(as_uuid=False)))))
    for row in connection.execute(wanted):
        values = {name: getattr(row, f"private_{name}") for name in private}
        for name, kind in private.items():
            if isinstance(kind, Geometry) and values[name] is not None:
                values[name] = to_shape(values[name])
        yield RowBehind({**description(table, row), "office": row.office}, values)


def known_leaves(connection: Connection, leaves: Sequence[bytes]) -> set[bytes]:
    """Return those of some events, by their leaves, that were taken over already."""
    wanted = select(imported.c.leaf_hash).where(
        imported.c.leaf_hash == any_(literal(list(leaves), ARRAY(imported.c.leaf_hash.type)))
    )
    return {bytes(leaf) for leaf in connection.execute(wanted).scalars()}


def local_entry(connection: Connection, code: str, origin_entry: int) -> int | None:
    """Return our number of a building's stage entry that a sister system numbers so, None where it was not taken over."""
    wanted = (
        select(imported.c.stage_entry_id)
        .join(stage_entry, stage_entry.c.id == imported.c.stage_entry_id)
        .join(building, building.c.id == stage_entry.c.building_id)
        .where(building.c.code == code, imported.c.origin_entry == origin_entry)
    )
    return connection.execute(wanted).scalars().first()


def building_here(connection: Connection, subject: str) -> str | None:
    """Return the id of the building that events' subjects name ``building/<code>``, None where there is none."""
    what, _, code = subject.partition("/")
    if what != "building":
        return None
    found = connection.execute(select(building.c.id).where(building.c.code == code)).scalar_one_or_none()
    return None if found is None else str(found)


def add_imported(connection: Connection, rows: Sequence[Imported], *, office_id: int) -> None:
    """Keep which events were taken over."""
    if rows:
        connection.execute(insert(imported), [{**row._asdict(), "office_id": office_id} for row in rows])


def make_row(
    connection: Connection,
    table: str,
    said: Mapping[str, Any],
    private: Mapping[str, Any],
    *,
    office_id: int,
    entry: int | None = None,
) -> Any:
    """Add the row that an event says, and return its key.

    Parameters
    ----------
    private
        Its private values, as `rows_behind` yields them.
    entry
        Our number of the stage entry that the row is about.

    Raises
    ------
    NotHeldError
        The row names another that is not here.
    """
    source = metadata.tables[table]
    row: dict[str, Any] = {"office_id": office_id, **_private_values(source, private)}
    for column, name in said_columns(source).items():
        if column.name not in row and name in said and column.identity is None:
            row[column.name] = _value(connection, column, said, name, office_id=office_id, entry=entry)
    if table == "footprint":
        row["addresses"] = stored_keys(row.get("name"), row.get("attributes") or {})
    if table in {"footprint", "closure"}:
        _close_current(connection, row["building_id"])
    (key, *_) = source.primary_key
    return connection.execute(insert(source).values(**row).returning(key)).scalar_one()


def close_row(
    connection: Connection, table: str, said: Mapping[str, Any], *, office_id: int, entry: int | None = None
) -> None:
    """Close the row whose key an event says, on the day that it says or now."""
    source = metadata.tables[table]
    closing = next(column for column in source.c if column.info.get("closing"))
    named = {name: column for column, name in said_columns(source).items()}
    named |= {"stage_entry": source.c.id} if table == "stage_entry" else {}
    where: list[Any] = [closing.is_(None)]
    for name in VOUCHERS[table].key:
        column = named[name]
        value = (
            entry
            if table == "stage_entry"
            else _value(connection, column, said, name, office_id=office_id, entry=entry)
        )
        where.append(column.is_not_distinct_from(value))
    day = date.fromisoformat(said["valid_to"]) if isinstance(closing.type, Date) else func.statement_timestamp()
    connection.execute(update(source).where(*where).values({closing.name: day}))


def give_up_ground(connection: Connection, codes: Sequence[str]) -> None:
    """Close the current geometry versions of those buildings (compact codes) that are here."""
    there = select(building.c.id).where(building.c.code == _any(codes))
    connection.execute(
        update(footprint)
        .where(footprint.c.building_id.in_(there), footprint.c.replaced_at.is_(None))
        .values(replaced_at=func.statement_timestamp())
    )


def _close_current(connection: Connection, building_id: Any) -> None:
    """Close a building's current geometry version: the next one, or its end, is there."""
    connection.execute(
        update(footprint)
        .where(footprint.c.building_id == building_id, footprint.c.replaced_at.is_(None))
        .values(replaced_at=func.statement_timestamp())
    )


def _private(table: Table) -> dict[str, Any]:
    """Return the columns with private values, and their types."""
    return {
        column.name: column.type
        for column in table.columns
        if isinstance(column.type, JSONB | Geometry) or column.name == "salt"
    }


def _private_values(table: Table, private: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name, kind in _private(table).items():
        value = private.get(name)
        if value is not None:
            values[name] = from_shape(value, srid=_SRID) if isinstance(kind, Geometry) else value
    return values


def _value(
    connection: Connection,
    column: Column[Any],
    said: Mapping[str, Any],
    name: str,
    *,
    office_id: int,
    entry: int | None,
) -> Any:
    """Return what a column holds here where an event says a name, a day or a plain value."""
    told = said.get(name)
    if told is None:
        return None
    for foreign in column.foreign_keys:
        return _named(connection, foreign.column.table.name, told, said, office_id=office_id, entry=entry)
    return date.fromisoformat(told) if isinstance(column.type, Date) else told


def _named(
    connection: Connection, table: str, told: Any, said: Mapping[str, Any], *, office_id: int, entry: int | None
) -> Any:
    """Return the key here of the row that an event knows by a name."""
    if table == "upload":
        return None  # the delivery stays where it was made
    if table == "stage_entry":
        found: Any = entry
    else:
        found = connection.execute(_by_name(table, told, said, office_id)).scalars().first()
    if found is None:
        raise NotHeldError(table, told)
    return found


def _by_name(table: str, told: Any, said: Mapping[str, Any], office_id: int) -> Any:
    here = select(building.c.id).where(building.c.code == said.get("building")).scalar_subquery()
    if table == "building":
        return select(building.c.id).where(building.c.code == told)
    if table == "document":
        return select(document.c.id).where(document.c.sha256 == told, document.c.office_id == office_id)
    if table == "footprint":
        return select(footprint.c.id).where(footprint.c.building_id == here, footprint.c.version == told)
    if table == "unit":
        newest = unit.c.recorded_at.desc()
        return select(unit.c.id).where(unit.c.building_id == here, unit.c.number == told).order_by(newest)
    source = metadata.tables[table]
    return select(source.c.id).where(source.c.id == told)


def _any(values: Iterable[str]) -> Any:
    return any_(literal(list(values), ARRAY(Text)))
