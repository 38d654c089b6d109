"""What a row says, in words that hold outside this database: as events say it, and as the verifier reads it back.

A description has the row's columns under their names. Rows of other tables are named by what the public knows them by;
geometries are left to their fingerprints; what a delivery attributed, which may be personal, is a salted digest. The row's
own number, its office (the event names it) and the times at which it was stored and closed are not in it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import shapely
from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Date,
    Row,
    Select,
    Table,
    Text,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from registry.ledger.events import digest, digest_said, say_for_digest
from registry.ledger.vouching import RowSaid
from store.database import Connection
from store.schema import building, document, footprint, metadata, office, unit

__all__ = ["all_rows", "describe_rows", "described", "description", "fields", "said_columns", "say_rows"]

_AT_ONCE = 10_000
_UNSAID = {"office_id", "recorded_at", "salt", "geom", "ground", "addresses", "secret"}
_KNOWN_BY = {
    "building": building.c.code,
    "document": document.c.sha256,
    "footprint": footprint.c.version,
    "unit": unit.c.number,
}
_NUMBERED = {"stage_entry"}  # their numbers are told to everyone


def describe_rows(connection: Connection, table: str, keys: Sequence[Any]) -> list[dict[str, Any]]:
    """Return what some rows of a table say, in the order of their keys (the table's `id`)."""
    if not keys:
        return []
    key = metadata.tables[table].c.id
    rows = connection.execute(described(table).where(key == any_(literal(list(keys), ARRAY(key.type))))).all()
    found = {row.key: description(table, row) for row in rows}
    return [found[each] for each in keys]


def say_rows(
    table: str, rows: Iterable[Mapping[str, Any]], known: Mapping[str, Mapping[Any, Any]]
) -> list[dict[str, Any]]:
    """Return what rows say, in their order, told from what is stored: as `describe_rows` reads it back, and it need not be asked.

    Parameters
    ----------
    rows
        What is stored of each but its nulls; with its salt where its table has one, and its number where that is said.
    known
        For columns that name rows of other tables: what the public knows those by, by their keys.
    """
    plain, special = [], []
    for column, name in said_columns(metadata.tables[table]).items():
        tell = _teller(column, known)
        if tell is None:
            plain.append((name, column.name))
        else:
            special.append((name, tell))
    said = []
    for row in rows:
        one = {name: row.get(column) for name, column in plain}
        for name, tell in special:
            one[name] = tell(row)
        said.append(one)
    return said


def _teller(column: Column[Any], known: Mapping[str, Mapping[Any, Any]]) -> Callable[[Mapping[str, Any]], Any] | None:
    """Return what tells of a stored row what its description says by a column; None where that is the column's value."""
    name = column.name
    if isinstance(column.type, JSONB):
        return _digester(name)
    if any(foreign.column.table.name in _KNOWN_BY for foreign in column.foreign_keys):
        names = known.get(name, {})
        return lambda row: None if row.get(name) is None else names[row[name]]
    if isinstance(column.type, Date):
        return lambda row: None if row.get(name) is None else row[name].isoformat()
    if isinstance(column.type, Geometry):
        return lambda row: None if row.get(name) is None else _digest_wkb(row[name])
    return None


def _digester(name: str) -> Callable[[Mapping[str, Any]], str]:
    """Return what tells of stored rows the digest of a column; of rows that share a value it is said once."""
    last, said = None, say_for_digest(None)

    def tell(row: Mapping[str, Any]) -> str:
        nonlocal last, said
        if row[name] is not last:
            last = row[name]
            said = say_for_digest(last)
        return digest_said(said, row["salt"])

    return tell


def _digest_wkb(shape: Any) -> str:
    return sha256(shapely.to_wkb(shape, byte_order=1)).hexdigest()


def all_rows(connection: Connection, table: str) -> Iterator[RowSaid]:
    """Yield what every row of a table says."""
    for row in connection.execute(described(table).execution_options(yield_per=_AT_ONCE)):
        yield RowSaid(description(table, row), row.office, row.recorded_at, row.closed)


def described(table: str) -> Select[Any]:
    """Return the question for all rows of a table: its fields, and ``key, office, salt, recorded_at, closed``."""
    source = metadata.tables[table]
    (key, *_) = source.primary_key
    joined: Any = source.join(office, source.c.office_id == office.c.id)
    said = []
    for column, name in said_columns(source).items():
        value: ColumnElement[Any] = column
        for foreign in column.foreign_keys:
            known_by = _KNOWN_BY.get(foreign.column.table.name)
            if known_by is not None:
                other = known_by.table.alias(f"of_{column.name}")
                joined = joined.outerjoin(other, column == other.c.id)
                # a key that leads nowhere is told as it is, below any that is counted
                lost = column.cast(Text) if isinstance(known_by.type, Text) else -column
                value = func.coalesce(other.c[known_by.name], lost)
        if isinstance(column.type, Geometry):
            value = func.encode(func.sha256(func.ST_AsBinary(column, "NDR")), "hex")
        said.append(value.label(name))
    closing = next((column for column in source.c if column.info.get("closing")), None)
    return select(
        *said,
        key.label("key"),
        office.c.code.label("office"),
        source.c.get("salt", key).label("salt"),
        source.c.recorded_at,
        (literal(None) if closing is None else closing).label("closed"),
    ).select_from(joined)


def description(table: str, row: Row[Any]) -> dict[str, Any]:
    """Return what a row of `described` says."""
    said = dict(zip(fields(table), row, strict=False))  # what else there is comes after
    for name in _of_type(table, Date):
        said[name] = None if said[name] is None else said[name].isoformat()
    for name in _of_type(table, JSONB):
        said[name] = digest(said[name], str(row.salt))
    return said


@cache
def fields(table: str) -> list[str]:
    """Return the names of what a table's rows say."""
    return list(said_columns(metadata.tables[table]).values())


@cache
def _of_type(table: str, kind: type[Any]) -> list[str]:
    """Return the names of what is said by columns of a type."""
    return [name for column, name in said_columns(metadata.tables[table]).items() if isinstance(column.type, kind)]


@cache
def said_columns(table: Table) -> dict[Column[Any], str]:
    """Return the columns that a description has, with their names in it."""
    named = {}
    for column in table.columns:
        is_number = column.identity is not None and table.name not in _NUMBERED
        is_private = column.name == "id" and (is_number or table is building)
        if column.name in _UNSAID or column.info.get("closing") or is_private:
            continue
        # what a row is known by stands under its table's own name
        is_own = column.name == "id" or column is building.c.code
        # plain text: SQLAlchemy's own kind of it takes longer to say as JSON
        named[column] = str(table.name if is_own else column.name.removesuffix("_id"))
    return named
