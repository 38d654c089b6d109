"""Filters against a plain Python reading of CQL2 over the same rows, in text and in JSON; and what no filter may do."""

import json
import random
import string
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import cql2
import numpy as np
import pytest
import shapely
from cql_oracle import evaluate
from geoalchemy2 import Geometry
from hypothesis import given, note
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
)

from geocode.crs import crs_gate
from layers.cql_text import parse_text
from store.cql.compiling import compile_filter
from store.database import Connection, Database
from store.errors import QueryError
from store.items import Queryable

KINDS: dict[str, tuple[Any, Any]] = {
    "name": (Text, "string"),
    "note": (Text, "string"),
    "n": (Integer, "integer"),
    "x": (Double, "number"),
    "flag": (Boolean, "boolean"),
    "day": (Date, "date"),
    "seen": (DateTime(timezone=True), "timestamp"),
    "until": (DateTime(timezone=True), "timestamp"),
    "tags": (ARRAY(Text), "array"),
    "geom": (Geometry(srid=4490, spatial_index=False), "geometry"),
}
TABLE = Table(
    "asked",
    MetaData(),
    Column("id", Integer),
    *[Column(name, kind) for name, (kind, _) in KINDS.items()],
    prefixes=["temporary"],
)
QUERYABLES = {name: Queryable(name, TABLE.c[name], kind) for name, (_, kind) in KINDS.items()}
WORDS = ["", "a", "A", "ab", "É", "e", "straße", "STRASSE", "100%", "a_b", "it's", 'say "so"', "楼", "Σας", "ab\ncd"]
DAYS = [date(2024, 2, 29), date(2026, 1, 1), date(2026, 6, 30)]
MOMENTS = [datetime(2026, month, 1, 8, tzinfo=UTC) for month in (1, 2, 3, 4)]
SHAPES = [
    shapely.box(0, 0, 2, 2),
    shapely.box(1, 1, 3, 3),
    shapely.box(2, 0, 4, 2),
    shapely.Point(1, 1),
    shapely.Point(2, 2),
    shapely.LineString([(0, 0), (3, 3)]),
    shapely.LineString([(0, 2), (2, 0)]),
]


def make_rows() -> list[dict[str, Any]]:
    draw = random.Random(4490)
    choices = {
        "note": [*WORDS, None, None],
        "n": [-3, -1, 0, 1, 2, 7, None],
        "x": [-1.5, 0.0, 0.25, 2.0, 7.5, None],
        "flag": [True, False, None],
        "day": [*DAYS, None],
        "seen": [*MOMENTS, None],
        "until": [*MOMENTS, None],
        "tags": [[], ["a"], ["a", "b"], ["b", "a", "a"], ["c'"], None],
        "geom": [*SHAPES, None],
    }
    return [
        {"id": i, "name": WORDS[i % len(WORDS)], **{name: draw.choice(values) for name, values in choices.items()}}
        for i in range(40)
    ]


ROWS = make_rows()


@pytest.fixture(scope="module")
def line(scratch: Database) -> Iterator[Connection]:
    with scratch.connect() as opened, opened.begin() as begun:
        TABLE.create(opened)
        shaped = [{**row, "geom": row["geom"] and f"SRID=4490;{row['geom'].wkt}"} for row in ROWS]
        opened.execute(insert(TABLE), shaped)
        yield opened
        begun.rollback()


def found(line: Connection, source: str, language: str = "cql2-text", **options: Any) -> list[int]:
    condition = compile_filter(source, language, QUERYABLES, **options)
    return list(line.execute(select(TABLE.c.id).where(condition).order_by(TABLE.c.id)).scalars())


def prop(name: str) -> dict[str, str]:
    return {"property": name}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def one_of(*names: str) -> Any:
    return st.sampled_from([prop(name) for name in names])


integers = st.integers(-8, 8)
whole = st.one_of(integers, one_of("n"))
simple_numbers = st.one_of(integers, st.sampled_from([-0.5, 0.25, 1e3]), one_of("n", "x"))
numbers = st.recursive(
    simple_numbers,
    lambda part: st.one_of(
        st.builds(op, st.sampled_from(["+", "-", "*", "/", "div"]), part, part),
        st.builds(op, st.just("%"), whole, whole),
        st.builds(op, st.just("^"), simple_numbers, st.integers(0, 3)),
    ),
    max_leaves=4,
)
plain_texts = st.one_of(st.sampled_from(WORDS), one_of("name", "note"))
folded = st.recursive(
    plain_texts, lambda part: st.builds(op, st.sampled_from(["casei", "accenti"]), part), max_leaves=2
)
patterns = st.lists(st.sampled_from(["%", "_", "a", "b", "É", "ß", "\\%", "\\_", "'", "S"]), max_size=4).map("".join)
folded_patterns = st.one_of(
    patterns, patterns.map(lambda text: op("casei", text)), patterns.map(lambda text: op("accenti", text))
)
days = st.one_of(st.sampled_from(DAYS).map(lambda day: {"date": day.isoformat()}), one_of("day"))
moments = st.one_of(
    st.sampled_from(MOMENTS).map(lambda at: {"timestamp": at.isoformat().replace("+00:00", "Z")}),
    one_of("seen", "until"),
)
truths = st.one_of(st.booleans(), one_of("flag"))
signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
day_ends = st.one_of(st.sampled_from(["..", *[day.isoformat() for day in DAYS]]), one_of("day"))
moment_ends = st.one_of(
    st.sampled_from(["..", *[at.isoformat().replace("+00:00", "Z") for at in MOMENTS]]), one_of("seen", "until")
)


def intervals(ends: Any) -> Any:
    return (
        st.tuples(ends, ends)
        .filter(lambda pair: set(pair) != {".."} if all(isinstance(end, str) for end in pair) else True)
        .map(lambda pair: {"interval": list(pair)})
    )


instant_relations = st.sampled_from(["t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"])
interval_relations = st.sampled_from(
    [
        "t_contains",
        "t_during",
        "t_finishedBy",
        "t_finishes",
        "t_meets",
        "t_metBy",
        "t_overlappedBy",
        "t_overlaps",
        "t_startedBy",
        "t_starts",
    ]
)
shapes = st.one_of(
    st.sampled_from(SHAPES).map(lambda shape: json.loads(shapely.to_geojson(shape))),
    st.just({"bbox": [0, 0, 2, 2]}),
    one_of("geom"),
)
relations = st.sampled_from(
    ["s_intersects", "s_equals", "s_disjoint", "s_touches", "s_within", "s_overlaps", "s_crosses", "s_contains"]
)
lists = st.one_of(st.lists(st.sampled_from(["a", "b", "c'"]), min_size=1, max_size=3), one_of("tags"))
array_relations = st.sampled_from(["a_equals", "a_contains", "a_containedBy", "a_overlaps"])


def of_same(values: Any) -> Any:
    return st.one_of(
        st.builds(op, signs, values, values),
        st.builds(op, st.just("in"), values, st.lists(values, min_size=1, max_size=3)),
        st.builds(op, st.just("isNull"), values),
    )


predicates = st.one_of(
    *map(of_same, (numbers, folded, days, moments, truths)),
    st.builds(op, st.just("between"), numbers, numbers, numbers),
    st.builds(op, st.just("like"), folded, folded_patterns),
    st.builds(op, relations, shapes, shapes),
    st.builds(op, array_relations, lists, lists),
    st.builds(op, instant_relations, st.one_of(days, intervals(day_ends)), st.one_of(days, intervals(day_ends))),
    st.builds(
        op, instant_relations, st.one_of(moments, intervals(moment_ends)), st.one_of(moments, intervals(moment_ends))
    ),
    st.builds(op, interval_relations, intervals(moment_ends), intervals(moment_ends)),
    truths,
)
filters = st.recursive(
    predicates,
    lambda part: st.one_of(
        st.builds(op, st.just("not"), part), st.builds(op, st.sampled_from(["and", "or"]), part, part)
    ),
    max_leaves=4,
)


@given(tree=filters)
def test_the_database_finds_what_plain_python_finds(line, tree):
    note(str(tree))
    expected = [row["id"] for row in ROWS if evaluate(tree, row) is True]
    assert found(line, json.dumps(tree), "cql2-json") == expected


@given(tree=filters)
def test_text_and_json_find_the_same(line, tree):
    written = json.dumps(tree)
    assert found(line, cql2.parse_json(written).to_text()) == found(line, written, "cql2-json")


@given(tree=filters)
def test_text_is_read_as_the_cql2_library_reads_it(tree):
    text = cql2.parse_json(json.dumps(tree)).to_text()
    assert plain(parse_text(text)) == plain(cql2.parse_text(text).to_json())


def plain(node: Any) -> Any:
    """Return a tree with the freedom of writing taken out: cases of names, chains of AND, and integers as numbers."""
    if isinstance(node, list):
        return [plain(each) for each in node]
    if isinstance(node, dict) and "op" in node:
        name, args = node["op"].lower(), plain(node["args"])
        if name in {"and", "or"}:
            args = [part for each in args for part in (each["args"] if chained(each, name) else [each])]
        return {"op": name, "args": args}
    if isinstance(node, dict):
        return {name: plain(value) for name, value in node.items()}
    return float(node) if isinstance(node, int) and not isinstance(node, bool) else node


def chained(node: Any, name: str) -> bool:
    return isinstance(node, dict) and node.get("op") == name


@pytest.mark.parametrize(
    ("source", "kind", "place"),
    [
        ("n = 1 and nothing = 2", "filter_property", "nothing"),
        ("pg_sleep(10) = 1", "filter_operator", "pg_sleep"),
        ("buffer(geom, 1) = geom", "filter_operator", "buffer"),
        ("n = 'a'", "filter_type", "="),
        ("name > 1", "filter_type", ">"),
        ("flag + 1 = 2", "filter_type", "+"),
        ("flag = 2", "filter_type", "="),
        ("geom = 1", "filter_type", "="),
        ("n in (1, 'a')", "filter_type", "in"),
        ("n like 'a%'", "filter_type", "like"),
        ("name like note", "filter_type", "like"),
        ("name like 'a\\\\'", "filter_value", "like"),
        ("day > TIMESTAMP('2026-01-01T00:00:00Z')", "filter_type", ">"),
        ("t_after(day, seen)", "filter_type", "t_after"),
        ("t_during(day, interval('2026-01-01', '..'))", "filter_type", "t_during"),
        ("s_intersects(geom, name)", "filter_type", "s_intersects"),
        ("s_touches(geom, GEOMETRYCOLLECTION(POINT(1 1)))", "filter_type", "s_touches"),
        ("a_contains(tags, (1, 2))", "filter_type", "()"),
        ("n", "filter_type", "filter"),
        ("'yes'", "filter_type", "filter"),
        ("day = DATE('2026-02-30')", "filter_value", "2026-02-30"),
        ("seen > TIMESTAMP('yesterday')", "filter_value", "yesterday"),
        ("day > '2026-13-01'", "filter_value", "2026-13-01"),
        ("n = 1e999", "filter_value", "number"),
        ("x * 1e-300 = 0", "filter_value", "number"),
        ("2 ^ n = 2", "filter_value", "^"),
        ("x*x*x*x*x*x*x*x*x*x*x = 1", "filter_arguments", "*"),
        ("name = 'a\0b'", "filter_value", "string"),
        ("casei(name, note) = 'a'", "filter_arguments", "casei"),
        ("interval(day) is null", "filter_value", "interval"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_kind_and_place(source, kind, place):
    with pytest.raises(QueryError) as refusal:
        compile_filter(source, "cql2-text", QUERYABLES)
    assert refusal.value.fault.kind == kind
    assert refusal.value.errors[0]["pointer"] == "/query/filter"
    assert refusal.value.errors[0]["place"] == place
    assert all((*refusal.value.fault.text, *refusal.value.fault.remedy))


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("", 1),
        ("n = ", 5),
        ("n = 1 and", 10),
        ("n = 'open", 5),
        ("n = 1; drop table asked", 6),
        ("a = (1", 7),
        ("n not = 1", 7),
        ("n = 1 2", 7),
    ],
)
def test_text_that_is_no_cql2_is_refused_at_its_character(source, position):
    with pytest.raises(QueryError) as refusal:
        compile_filter(source, "cql2-text", QUERYABLES)
    assert (refusal.value.fault.kind, refusal.value.errors[0]["position"]) == ("filter_syntax", position)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "[",
        "null",
        "{}",
        '{"op":1,"args":[]}',
        '{"op":"=","args":1}',
        '{"op":"=","args":[1,NaN]}',
        '{"property":1}',
        '"a"',
        "[1]",
        '{"op":"in","args":[{"property":"n"},1]}',
        '{"date":1}',
    ],
)
def test_json_that_is_no_filter_is_refused(source):
    with pytest.raises(QueryError):
        compile_filter(source, "cql2-json", QUERYABLES)


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("(" * 100_000, "cql2-text"),
        ("(" * 21 + "n = 1" + ")" * 21, "cql2-text"),
        ("n = " + "-" * 4_000 + "1", "cql2-text"),
        ("not " * 900 + "n = 1", "cql2-text"),
        ("n in " + "(" * 30 + "1" + ", 2)" * 30, "cql2-text"),
        ("n = " + "n + " * 900 + "n", "cql2-text"),
        ("s_intersects(geom, " + "GEOMETRYCOLLECTION(" * 100 + "POINT(1 1)" + ")" * 101, "cql2-text"),
        ("[" * 4_000, "cql2-json"),
        ('{"op":"not","args":[' * 21 + "true" + "]}" * 21, "cql2-json"),
    ],
)
def test_deep_and_long_filters_are_refused(source, language):
    with pytest.raises(QueryError) as refusal:
        compile_filter(source, language, QUERYABLES)
    assert refusal.value.fault.kind in {"filter_deep", "filter_long"}


def test_twenty_levels_are_read(line):
    assert found(line, "(" * 20 + "n = 1" + ")" * 20) == found(line, "n = 1")
    assert found(line, "not " * 18 + "n = 1") == found(line, "n = 1")


@pytest.mark.parametrize("language", ["cql2-text", "cql-text"])
def test_gdals_name_of_the_language_is_text(line, language):
    assert found(line, "n = 1", language) == found(line, "n = 1")


@pytest.mark.parametrize(
    ("crs", "point"),
    [
        ("OGC:CRS84", "POINT(126.5 43.8)"),
        ("EPSG:4490", "POINT(43.8 126.5)"),
        ("EPSG:4326", "POINT(43.8 126.5)"),
        ("EPSG:4551", "POINT({north} {east})"),
        ("EPSG:4530", "POINT({north} {prefixed})"),
        ("EPSG:3857", "POINT({web_x} {web_y})"),
    ],
)
def test_geometries_are_read_in_their_authoritys_order(line, crs, point):
    (east,), (north,) = crs_gate("EPSG:4551").from_lonlat(np.array([126.5]), np.array([43.8]))
    (web_x,), (web_y,) = crs_gate("EPSG:3857").from_lonlat(np.array([126.5]), np.array([43.8]))
    text = point.format(north=north, east=east, prefixed=east + 42_000_000, web_x=web_x, web_y=web_y)
    stored = select(func.ST_X(geometry := written(text, crs)), func.ST_Y(geometry), func.ST_SRID(geometry))
    assert line.execute(stored).one() == (pytest.approx(126.5, abs=1e-9), pytest.approx(43.8, abs=1e-9), 4490)


def written(text: str, crs: str) -> Any:
    """Return the literal of a filter as the database is given it."""
    condition = compile_filter(f"s_equals(geom, {text})", "cql2-text", QUERYABLES, crs=crs)
    return list(condition.clauses)[1]


@pytest.mark.parametrize(
    "geometry",
    [
        "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))",
        "POLYGON((0 0, 1 1, 1 0))",
        "POINT(nan 1)",
        "BBOX(1, 2, 3)",
        "BBOX(0, 3, 1, 2)",
        "BBOX('a', 0, 1, 1)",
        "LINESTRING(" + "0 0, 1 1, " * 251 + "2 2)",
    ],
)
def test_geometries_that_are_none_are_refused(geometry):
    with pytest.raises(QueryError) as refusal:
        compile_filter(f"s_intersects(geom, {geometry})", "cql2-text", QUERYABLES)
    assert refusal.value.fault.kind == "filter_geometry"


def test_points_outside_of_their_system_are_refused():
    with pytest.raises(QueryError) as refusal:
        compile_filter("s_intersects(geom, POINT(1 1))", "cql2-text", QUERYABLES, crs="EPSG:4551")
    assert refusal.value.fault.kind == "filter_geometry"


@pytest.mark.parametrize(
    "source",
    [
        "x / 0 = 1 or n % 0 = 1 or n div (n - n) = 1",
        "n ^ -2 = 1 or (0 - 1) ^ 0.5 = 1",
        "n = 99999999999999999999999 or n < 9007199254740993",
        "x * 1e18 * 1e18 * 1e18 * 1e18 * 1e18 * 1e18 * 1e18 * 1e18 * 1e18 > 0",
        "x / 1e18 / 1e18 / 1e18 / 1e18 / 1e18 / 1e18 / 1e18 / 1e18 / 1e18 > 0",
        "(x + 1e18) ^ 5 > 0",
    ],
)
def test_sums_never_fail(line, source):
    found(line, source)


def test_quotients_keep_all_their_digits(line):
    tree = op("=", op("/", prop("n"), op("/", 7, 3)), op("*", 1, op("/", prop("n"), op("/", 7, 3))))
    sum_of_three = op("=", op("/", 7, op("/", 7, 3)), 7 / (7 / 3))
    for each in (tree, sum_of_three):
        assert found(line, json.dumps(each), "cql2-json") == [row["id"] for row in ROWS if evaluate(each, row)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("flag = 1 or flag in (0)", "flag = true or flag = false"),
        ("day > '2026-01-01T'", "day > DATE('2026-01-01')"),
        ("seen <= '2026-02-01T08:00:00Z'", "seen <= TIMESTAMP('2026-02-01T08:00:00Z')"),
        ("seen <= '2026-02-01 08:00:00'", "seen <= TIMESTAMP('2026-02-01T08:00:00Z')"),
        ("NOT ((n IS NULL))", "n IS NOT NULL"),
    ],
)
def test_values_are_read_as_gdal_writes_them(line, written, meant):
    assert found(line, written) == found(line, meant) != []


def test_an_escaped_text_is_the_text(line):
    assert found(line, "name = 'it''s'") == found(line, "name = 'it\\'s'") == with_name("it's")
    assert found(line, "name = 'ab\\ncd'") == with_name("ab\ncd")
    assert found(line, "name like '100\\%'") == with_name("100%")


def with_name(name: str) -> list[int]:
    rows = [row["id"] for row in ROWS if row["name"] == name]
    assert rows
    return rows


SCRAPS = [
    *(
        "'",
        '"',
        "''",
        "\\",
        "\\'",
        ";",
        "--",
        "/*",
        "*/",
        "$$",
        "%s",
        "%(x)s",
        ":x",
        "{0}",
        "\x00",
        "\u2019",
        "(",
        ")",
        ",",
    ),
    *("n", "name", "geom", "1", "=", "<>", " or ", " and ", "1=1", "union select", "drop table asked", "pg_sleep(5)"),
    *(
        "or 1=1 --",
        "'; select pg_sleep(5) --",
        "current_setting('is_superuser')",
        "casei(",
        "POINT(",
        "like",
        " in ",
        "null",
    ),
]


def test_a_thousand_hostile_filters_are_refused_or_answered(line):
    draw = random.Random(7)
    answered = 0
    for _ in range(1_000):
        count = draw.randint(1, 8)
        source = "".join(draw.choice([*SCRAPS, draw.choice(string.printable)]) for _ in range(count))
        try:
            rows = found(
                line, draw.choice([source, f"name = '{source}'", f'"{source}" = 1', f"name = '{source}' or n = 1"])
            )
        except QueryError:
            continue
        answered += 1
        assert set(rows) <= {row["id"] for row in ROWS}
    assert 0 < answered < 1_000
    assert line.execute(select(func.count()).select_from(TABLE)).scalar_one() == len(ROWS)


@given(text=st.text(max_size=12))
def test_any_text_is_found_as_itself_alone(line, text):
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    expected = [row["id"] for row in ROWS if row["name"] == text]
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        with pytest.raises(QueryError):
            found(line, f"name = '{quoted}'")
    else:
        assert found(line, f"name = '{quoted}'") == expected


@given(source=st.text(alphabet=st.sampled_from("n=1 ()'<>andorti,-*/^\"xname"), max_size=40))
def test_any_text_is_a_filter_or_a_refusal(source):
    with suppress(QueryError):
        compile_filter(source, "cql2-text", QUERYABLES)


scraps = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.sampled_from(
        ["..", "Point", "MultiPolygon", "a_contains", "s_within", "t_after", "casei", "^", "in", "like", "isNull"]
    ),
    one_of("n", "name", "geom", "tags", "day"),
)
members = st.sampled_from(
    ["op", "args", "property", "date", "timestamp", "interval", "bbox", "type", "coordinates", "geometries"]
)
documents = st.recursive(
    scraps,
    lambda part: st.one_of(
        st.lists(part, max_size=4),
        st.dictionaries(members, part, max_size=3),
        st.builds(
            op,
            st.sampled_from(["=", "and", "in", "like", "s_within", "t_during", "a_equals", "+", "^", "casei"]),
            part,
            part,
        ),
        st.builds(lambda part: {"type": "Polygon", "coordinates": part}, part),
    ),
    max_leaves=12,
)


@given(tree=documents)
def test_any_json_is_a_filter_or_a_refusal(line, tree):
    try:
        condition = compile_filter(json.dumps(tree), "cql2-json", QUERYABLES)
    except QueryError:
        return
    line.execute(select(TABLE.c.id).where(condition)).all()
