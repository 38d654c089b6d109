"""Many rows at once: in their order, and exactly as they were said."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
import shapely
from sqlalchemy import Column, Interval, MetaData, Table, select
from sqlalchemy.exc import DataError, DBAPIError

import store.rows
from store.rows import copy_columns, insert_rows
from store.schema import footprint, stage_entry


@pytest.fixture
def building(connection, desk, on_ground, house_codes):
    """Register a house and return its id."""
    return next(iter(desk.add(connection, on_ground(shapely.box(0, 0, 20, 10)), house_codes(1)).values()))


def test_rows_are_stored_as_said_and_their_keys_are_in_order(connection, desk, building, monkeypatch):
    monkeypatch.setattr(store.rows, "_AT_ONCE", 2)
    common = {"building_id": building, "office_id": desk.office_id, "actor": "test", "occurred_on": date(2026, 1, 2)}
    said = [
        {**common, "stage": f"{n}", "height_m": height_m, "certificate": text, "attributes": {"text": text, "n": n}}
        for n, (height_m, text) in enumerate(
            [(0.1 + 0.2, "吉'\"\\"), (1e-300, None), (None, ""), (5.0, "𠮷\t"), (7.0, "{}")]
        )
    ]
    keys = insert_rows(connection, stage_entry, said)
    rows = connection.execute(select(stage_entry).order_by(stage_entry.c.id)).mappings().all()
    assert [row["id"] for row in rows] == keys
    assert [{name: row[name] for name in said[0]} for row in rows] == said


def test_no_rows_are_no_statement(connection):
    assert insert_rows(connection, stage_entry, []) == []


def test_what_the_database_refuses_is_told_as_by_any_statement(connection, desk, building):
    row = {"building_id": building, "office_id": desk.office_id, "actor": "test", "stage": "design"}
    row |= {"occurred_on": date(2026, 1, 2), "attributes": {"text": "\0"}}
    with pytest.raises(DataError):
        insert_rows(connection, stage_entry, [row])


@pytest.mark.parametrize("keys", [[], ["a"], ["", 'a"b', "c\\d", "{e,f}", "null", "建筑"]])
def test_lists_are_stored_as_said(connection, desk, on_ground, building, keys):
    (shape,) = on_ground(shapely.box(0, 0, 20, 10))
    row = dict(connection.execute(select(footprint)).mappings().one())
    del row["id"]
    ground = shapely.to_wkb(shapely.set_srid(shape, 4490), include_srid=True)
    (number,) = insert_rows(
        connection,
        footprint,
        [{**row, "version": 2, "geom": ground, "addresses": keys, "replaced_at": row["recorded_at"]}],
    )
    assert connection.execute(select(footprint.c.addresses).where(footprint.c.id == number)).scalar_one() == keys


def test_every_kind_of_column_comes_back_as_it_was_said(connection, desk, building):
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=8)))
    row = dict(connection.execute(select(footprint)).mappings().one())
    said = {**row, "version": 2, "recorded_at": moment, "replaced_at": datetime(1969, 12, 31, tzinfo=UTC)}
    said |= {
        "valid_from": date(1, 1, 1),
        "area_m2": -0.0,
        "perimeter_m": 5e-324,
        "plane_area_m2": 1.7976931348623157e308,
    }
    said |= {"attributes": {"n": 2**70, "f": 1e-7, "s": "\u2028𠮷", "l": [None, True]}, "height_m": float("nan")}
    del said["id"]
    ground = shapely.to_wkb(shapely.set_srid(shapely.from_wkb(bytes(row["geom"].data)), 4490), include_srid=True)
    (number,) = insert_rows(connection, footprint, [{**said, "geom": ground}])
    found = connection.execute(select(footprint).where(footprint.c.id == number)).mappings().one()
    assert {name: found[name] for name in said} == {**said, "height_m": None}


@pytest.mark.parametrize(
    "numbers", [[1.7e308, 1.7e308, -1.7e308], [1.5, float("inf"), float("-inf")], [None, 0.1, float("nan")]]
)
def test_a_column_of_numbers_comes_back_however_they_add_up(connection, desk, building, numbers):
    row = {"building_id": building, "office_id": desk.office_id, "actor": "test", "occurred_on": date(2026, 1, 2)}
    insert_rows(connection, stage_entry, [{**row, "stage": "design", "height_m": abs(n) if n else n} for n in numbers])
    found = connection.execute(select(stage_entry.c.height_m).order_by(stage_entry.c.id)).scalars().all()
    assert found == [abs(n) if n is not None and math.isfinite(n) else None for n in numbers]


@pytest.mark.parametrize("missing", [[], [1], [0, 1, 2]])
def test_keys_are_told_apart_from_those_that_are_missing(missing):
    keys = [None if place in missing else str(uuid4()) for place in range(3)]
    said = [None if key is None else UUID(key).bytes for key in keys]
    assert list(store.rows._KINDS[store.rows.UUID].say(keys)) == said


@pytest.mark.parametrize("keys", [["0" * 30, "0" * 34], ["0" * 35 + "x"] * 2])
def test_a_key_that_is_none_never_becomes_another_ones(connection, desk, building, keys):
    row = {"office_id": desk.office_id, "actor": "test", "occurred_on": date(2026, 1, 2), "stage": "design"}
    with pytest.raises((DBAPIError, ValueError)):
        insert_rows(connection, stage_entry, [{**row, "building_id": key} for key in keys])


def test_a_type_that_is_not_copied_is_told():
    table = Table("odd", MetaData(), Column("value", Interval))
    with pytest.raises(TypeError, match="not copied"):
        copy_columns(None, table, {"value": []})
