"""Many rows into a table at once, said as one JSON text.

With a parameter for each value, a statement of a thousand rows takes longer to be read, here and by the server, than to run.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Integer, Table, Text, cast, column, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSON

from store.database import Connection

__all__ = ["insert_rows"]

_AT_ONCE = 5_000
_PLACE = "place_in_list"


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Add rows, all with the same columns, and return their keys in the same order where the table numbers its rows.

    Geometries are given as EWKB in hexadecimal; what else JSON cannot say, days and times, is said as ISO 8601.
    """
    return [
        key for start in range(0, len(rows), _AT_ONCE) for key in _insert(connection, table, rows[start:][:_AT_ONCE])
    ]


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    names = list(rows[0])
    said = _as_json([{**row, _PLACE: place} for place, row in enumerate(rows)])
    given = (
        func.json_to_recordset(cast(literal(said, Text), JSON))
        .table_valued(column(_PLACE, Integer), *(column(name, table.c[name].type) for name in names))
        .render_derived(with_types=True)
    )
    (key, *_) = table.primary_key
    # the bare names: a geometry's type would have it read as WKB on the way
    chosen: Any = select(*(column(name) for name in names)).select_from(given).order_by(column(_PLACE))
    added = connection.execute(insert(table).from_select(names, chosen, include_defaults=False).returning(key))
    return sorted(added.scalars().all())


def _as_json(rows: list[dict[str, Any]]) -> str:
    try:
        return orjson.dumps(rows).decode()
    except TypeError:
        # integers beyond 64 bits, and what the database refuses with a sentence
        return json.dumps(rows, default=_iso)


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A row cannot say {value!r}.")
