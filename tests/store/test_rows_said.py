"""What rows say, told as they are written: the same as the database says of them once they are there."""

from datetime import date, timedelta
from uuid import uuid4

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.ledger.events import new_salts
from store.buildings import add_buildings, add_footprints
from store.descriptions import describe_rows, say_rows
from store.stages import add_stage_entries

# any text that the database holds
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
LENGTHS = st.none() | st.floats(0, 1e300)
VERSIONS = st.fixed_dictionaries(
    {
        "name": st.none() | WORDS,
        "attributes": st.dictionaries(WORDS, JSON, max_size=4),
        "valid_from": DAYS,
        "height_m": LENGTHS,
        "area_m2": NUMBERS,
        "plane_area_m2": NUMBERS,
        "perimeter_m": NUMBERS | st.integers(0, 1000),
        "axis": st.none() | st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=4).map(shapely.LineString),
    }
)
ENTRIES = st.fixed_dictionaries(
    {
        "occurred_on": DAYS,
        "certificate": st.none() | WORDS,
        "height_m": LENGTHS,
        "floor_area_m2": LENGTHS,
        "attributes": st.dictionaries(WORDS, JSON, max_size=3),
    }
)
ALIKE = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def houses(connection, desk, house_codes):
    """Add some buildings that have no ground yet, and return their codes by their ids."""
    return {identity: code for code, identity in add_buildings(connection, rows_of(house_codes(5), desk)).items()}


def rows_of(codes, desk):
    return [{"code": code, "office_id": desk.office_id} for code in codes]


@ALIKE
@given(st.lists(VERSIONS, min_size=1, max_size=5))
def test_a_geometry_version_says_what_it_will_say(connection, desk, on_ground, houses, versions):
    common = {"office_id": desk.office_id, "upload_id": desk.upload_id, "version": 1, "stage": "design", "h3": "8f"}
    common |= {"plane": "EPSG:4551", "space": "surface", "width_m": None}
    shapes = on_ground(*[shapely.box(30 * n, 0, 30 * n + 10, 10) for n in range(len(versions))])
    rows = [
        {**common, **version, "building_id": building, "geom": shape, "fingerprint": str(n), "salt": new_salts(1)[0]}
        for n, (version, building, shape) in enumerate(zip(versions, houses, shapes, strict=False))
    ]
    trial = connection.begin_nested()
    numbers = add_footprints(connection, rows)
    assert numbers == sorted(numbers)
    assert say_rows("footprint", rows, {"building_id": houses}) == describe_rows(connection, "footprint", numbers)
    trial.rollback()


@ALIKE
@given(st.lists(ENTRIES, min_size=1, max_size=5))
def test_an_entry_says_what_it_will_say(connection, desk, houses, entries):
    common = {"office_id": desk.office_id, "actor": "test", "stage": "design", "footprint_id": None}
    given = zip(entries, houses, strict=False)
    rows = [{**common, **entry, "building_id": building, "salt": new_salts(1)[0]} for entry, building in given]
    trial = connection.begin_nested()
    numbers = add_stage_entries(connection, rows)
    numbered = [{**row, "id": number} for number, row in zip(numbers, rows, strict=True)]
    said = say_rows("stage_entry", numbered, {"building_id": houses, "footprint_id": {}})
    assert said == describe_rows(connection, "stage_entry", numbers)
    trial.rollback()


@pytest.mark.parametrize(("kind", "facility_class"), [("building", None), ("facility", "road")])
def test_a_building_says_what_it_will_say(connection, desk, house_codes, kind, facility_class):
    (code,) = house_codes(1)
    row = {"id": str(uuid4()), "code": code, "kind": kind, "part_of": None, "facility_class": facility_class}
    add_buildings(connection, [{**row, "office_id": desk.office_id}])
    assert say_rows("building", [row], {}) == describe_rows(connection, "building", [row["id"]])


def test_a_row_that_names_one_of_whom_nothing_is_known_is_not_told(houses):
    with pytest.raises(KeyError):
        say_rows("building", [{"code": "x", "kind": "part", "part_of": next(iter(houses))}], {})


def test_a_number_that_is_none_is_stored_and_told_as_null(connection, desk, houses):
    row = {"building_id": next(iter(houses)), "office_id": desk.office_id, "actor": "test", "stage": "design"}
    row |= {"occurred_on": date(2026, 1, 2) + timedelta(1), "attributes": {}, "height_m": np.nan}
    (said,) = describe_rows(connection, "stage_entry", add_stage_entries(connection, [row]))
    assert said["height_m"] is None
