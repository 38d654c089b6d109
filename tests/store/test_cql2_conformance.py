"""OGC's own predicates for CQL2 (21-065, annex A), with the counts that it publishes, over its test data set.

The data set is Natural Earth at 1:110 million (public domain) with three dates, times and truths that OGC added; here it has
the columns that the predicates name. Three counts of ACCENTI with LIKE are those of OGC's issue 1011 (ogcapi-features): the
data set has three places whose names begin with Ch, not two, and one with Chis.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import cql2
import pytest
import shapely
from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, MetaData, Table, Text, func, insert, select

from store.cql.compiling import compile_filter
from store.database import Connection, Database
from store.items import Queryable

VECTORS = Path(__file__).parent / "vectors"
TYPES: dict[str, tuple[Any, str]] = {
    "pop_other": (BigInteger, "integer"),
    "pop_min": (BigInteger, "integer"),
    "pop_max": (BigInteger, "integer"),
    "POP_EST": (BigInteger, "number"),
    "date": (Date, "date"),
    "start": (DateTime(timezone=True), "timestamp"),
    "end": (DateTime(timezone=True), "timestamp"),
    "boolean": (Boolean, "boolean"),
}
WHOLE = "(NOT ({p2}) AND {p1}) OR ({p3} and {p4}) or not ({p1} OR {p4})"


def read_vectors(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PREDICATES = read_vectors("cql2_predicates.csv")
COMBINATIONS = read_vectors("cql2_combinations.csv")


@pytest.fixture(scope="module")
def line(scratch: Database) -> Iterator[Connection]:
    with scratch.connect() as opened, opened.begin() as begun:
        yield opened
        begun.rollback()


@pytest.fixture(scope="module")
def world(line: Connection) -> dict[str, Mapping[str, Queryable]]:
    """Load the data set for the module and return its queryables by table."""
    content = json.loads(gzip.decompress((VECTORS / "natural_earth.json.gz").read_bytes()))
    return {name: load_table(line, name, **table) for name, table in content.items()}


def load_table(line: Connection, name: str, columns: list[str], rows: list[list[Any]]) -> Mapping[str, Queryable]:
    kinds = {column: TYPES.get(column, (Text, "string")) for column in columns}
    made = [Column(column, kind) for column, (kind, _) in kinds.items()]
    table = Table(
        name, MetaData(), *made, Column("geom", Geometry(srid=4490, spatial_index=False)), prefixes=["temporary"]
    )
    table.create(line)
    values = [
        dict(zip([*columns, "geom"], [*map(read_value, columns, row), drawn(row[-1])], strict=True)) for row in rows
    ]
    line.execute(insert(table), values)
    types = {column: kind for column, (_, kind) in kinds.items()} | {"geom": "geometry"}
    return {column: Queryable(column, table.c[column], kind) for column, kind in types.items()}


def read_value(column: str, value: Any) -> Any:
    readers = {"date": date.fromisoformat, "start": datetime.fromisoformat, "end": datetime.fromisoformat}
    return value if value is None or column not in readers else readers[column](value)


def drawn(geojson: Any) -> str:
    return f"SRID=4490;{shapely.from_geojson(json.dumps(geojson)).wkt}"


def count(line: Connection, queryables: Mapping[str, Queryable], source: str, language: str = "cql2-text") -> int:
    condition = compile_filter(source, language, queryables)
    table = queryables["geom"].column.table
    return line.execute(select(func.count()).select_from(table).where(condition)).scalar_one()


@pytest.mark.parametrize(
    "vector", PREDICATES, ids=[f"{row['class']}-{row['table']}-{i}" for i, row in enumerate(PREDICATES)]
)
def test_a_published_predicate_finds_the_published_number(line, world, vector):
    queryables = world[vector["table"]]
    assert count(line, queryables, vector["predicate"]) == int(vector["count"])


@pytest.mark.parametrize("vector", PREDICATES[::3], ids=range(len(PREDICATES[::3])))
def test_a_published_predicate_says_the_same_in_json(line, world, vector):
    json_text = json.dumps(cql2.parse_text(vector["predicate"]).to_json())
    assert count(line, world[vector["table"]], json_text, "cql2-json") == int(vector["count"])


def test_published_combinations_find_the_published_numbers(line, world):
    found = [count(line, world["places"], WHOLE.format(**vector)) for vector in COMBINATIONS]
    assert found == [int(vector["count"]) for vector in COMBINATIONS]


def test_all_published_predicates_are_here():
    # 139 of them are other expressions; the rest says the same with its sides exchanged
    assert (len(PREDICATES), len(COMBINATIONS)) == (274, 77)
