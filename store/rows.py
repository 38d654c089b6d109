"""Many rows into a table at once, by COPY: the server stores some while the next are being written."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import ARRAY, Date, Double, Table, func, select
from sqlalchemy import Sequence as Numbers
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from store.database import Connection

__all__ = ["copy_rows", "draw_numbers", "insert_rows"]

# within the time that a statement may take
_AT_ONCE = 50_000


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add rows, all with the same columns, and return their numbers in the same order where the table numbers its rows.

    Geometries are given as EWKB in hexadecimal; a number that is none or without end is stored as null.
    """
    return [
        each for start in range(0, len(rows), _AT_ONCE) for each in _add(connection, table, rows[start:][:_AT_ONCE])
    ]


def draw_numbers(connection: Connection, table: Table, count: int) -> list[int]:
    """Return the next numbers of a table's rows, ascending."""
    (key, *_) = table.primary_key
    drawn = select(Numbers(f"{table.name}_{key.name}_seq").next_value()).select_from(func.generate_series(1, count))
    return list(connection.execute(drawn).scalars())


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows by COPY, one statement: an array of ten thousand long texts would take longer to write than the rows to store.

    What yields the rows may not use the connection meanwhile.
    """
    wanted = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    try:
        with closing(connection.connection.cursor()) as cursor, cursor.copy(wanted) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # the driver's own cursor raises the driver's own errors; `transaction` answers to SQLAlchemy's
        raise DBAPIError.instance(f"copy {table.name}", None, error, psycopg.Error) from error


def _add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    names = list(rows[0])
    given = _values(table, names, rows)
    (key, *_) = table.primary_key
    if key.identity is None:
        copy_rows(connection, table, names, given)
        return []
    numbers = draw_numbers(connection, table, len(rows))
    copy_rows(
        connection, table, [key.name, *names], ((number, *row) for number, row in zip(numbers, given, strict=True))
    )
    return numbers


def _values(table: Table, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """Yield the values of each row, as the driver is to write them."""
    said = [(place, say) for place, name in enumerate(names) if (say := _said(table.c[name].type)) is not None]
    for row in rows:
        values = [row[name] for name in names]
        for place, say in said:
            if values[place] is not None:
                values[place] = say(values[place])
        yield values


def _said(kind: Any) -> Callable[[Any], Any] | None:
    """Return what says a value of a type where the driver does not, or not quickly."""
    if isinstance(kind, JSONB):
        return _as_json
    if isinstance(kind, ARRAY):
        return _as_array
    if isinstance(kind, Date):
        return str
    return _as_number if isinstance(kind, Double) else None


def _as_number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _as_array(values: Sequence[str]) -> str:
    said = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f'{{"{joined}"}}' if (joined := '","'.join(said)) or values else "{}"


def _as_json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # integers beyond 64 bits, and what the database refuses with a sentence
        return json.dumps(value, default=_iso)


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A row cannot say {value!r}.")
