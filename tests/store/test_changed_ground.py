"""What tiles rest on: where something has changed since an event, editions, and the grids in degrees."""

from datetime import date

import pytest
import shapely

from store.editions import add_edition
from store.item_sources import Sight, building_source
from store.tiles import DEGREES, building_tile, editions_shown, ground_changed, layer_tile, source_tile

HOUSE = shapely.MultiPolygon([shapely.box(126.70, 43.70, 126.7004, 43.7002)])
ELSEWHERE = shapely.MultiPolygon([shapely.box(126.30, 43.90, 126.3004, 43.9002)])
# the house's tile of 360° / 2^16 a side
IN_DEGREES = {"z": 16, "x": 55833, "y": 8428, "grid": DEGREES}
DAY = date(2024, 6, 1)


@pytest.fixture
def ids(connection, desk, house_codes):
    """Register two houses, each with an event, and return their ids in order."""
    found = desk.add(connection, [HOUSE, ELSEWHERE], house_codes(2))
    ordered = [found[code] for code in house_codes(2)]
    for each in ordered:
        desk.add_event(connection, each)
    return ordered


def test_before_the_first_event_nothing_has_changed(connection):
    change = ground_changed(connection)
    assert (change.seq, change.leaf_hash, change.boxes.tolist()) == (-1, b"", [])


def test_the_ground_of_buildings_that_events_are_about_has_changed(connection, desk, ids):
    whole = ground_changed(connection)
    assert sorted(map(tuple, whole.boxes)) == sorted([HOUSE.bounds, ELSEWHERE.bounds])
    assert ground_changed(connection, seq=whole.seq, leaf_hash=whole.leaf_hash).boxes.tolist() == []
    desk.add_event(connection, ids[1], kind="alias_added")
    desk.add_event(connection, None, kind="package_exported")
    later = ground_changed(connection, seq=whole.seq, leaf_hash=whole.leaf_hash)
    assert (later.seq, [tuple(box) for box in later.boxes]) == (whole.seq + 2, [ELSEWHERE.bounds])


def test_where_a_building_stood_before_has_changed_as_well(connection, desk, ids):
    from store.buildings import close_footprints  # noqa: PLC0415

    before = ground_changed(connection)
    close_footprints(connection, [ids[0]])
    moved = shapely.affinity.translate(HOUSE, 0.01, 0)
    desk.add_versions(connection, [moved], [ids[0]], versions=[2])
    desk.add_event(connection, ids[0], kind="relocated")
    after = ground_changed(connection, seq=before.seq, leaf_hash=before.leaf_hash)
    assert sorted(map(tuple, after.boxes)) == sorted([HOUSE.bounds, moved.bounds])


def test_what_has_changed_since_an_event_of_another_ledger_nobody_knows(connection, ids):
    assert ids
    newest = ground_changed(connection)
    assert ground_changed(connection, seq=newest.seq, leaf_hash=b"another").boxes is None
    assert ground_changed(connection, seq=newest.seq + 5, leaf_hash=newest.leaf_hash).boxes is None


def test_the_edition_in_effect_is_told_for_each_layer_and_day(connection, desk, plan_edition, plan_features):
    def add(**values):
        edition = {**plan_edition, "office_id": desk.office_id, **values}
        return add_edition(connection, edition, plan_features([shapely.box(126, 43, 126.1, 43.1)]))

    early, late = add(valid_from=date(2020, 1, 1)), add(valid_from=date(2023, 1, 1))
    asked = [("GH2201", DAY), ("GH2201", date(2021, 1, 1)), ("GH2201", date(2019, 1, 1)), ("GH2103", DAY)]
    assert editions_shown(connection, asked) == [late, early, None, None]


def test_a_tile_in_degrees_holds_what_stands_on_it(connection, ids, house_codes):
    assert ids
    first, second = (code.encode() for code in house_codes(2))
    tile = building_tile(connection, **IN_DEGREES)
    assert [first in tile, second in tile] == [True, False]
    assert building_tile(connection, z=16, x=0, y=60_000, grid=DEGREES) == b""


def test_a_source_has_the_tile_that_the_register_has(connection, ids):
    assert ids
    source = building_source(Sight(), ("design",))
    told = ("code", "stage", "area_m2", "name")
    tile = source_tile(connection, source, "buildings", **IN_DEGREES, told=told)
    assert tile == building_tile(connection, **IN_DEGREES)
    assert b"valid_from" in source_tile(connection, source, "buildings", **IN_DEGREES)


def test_a_layers_tile_in_degrees_bears_the_name_asked_for(connection, desk, plan_edition, plan_features):
    field = shapely.box(126.69, 43.69, 126.71, 43.71)
    edition = add_edition(connection, {**plan_edition, "office_id": desk.office_id}, plan_features([field]))
    tile = layer_tile(connection, "layers.GH2201", **IN_DEGREES, as_of=DAY, edition=edition)
    assert b"layers.GH2201" in tile
