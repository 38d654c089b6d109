"""Vector tiles, read with a decoder of our own, and where the map begins."""

import struct
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from math import asinh, pi, radians, tan
from random import Random

import pytest
import shapely
from shapely.affinity import translate
from sqlalchemy import text

from registry.stages import stage_codes
from store.buildings import close_footprints
from store.editions import add_edition
from store.stages import add_stage_entries, close_stage_entry
from store.tiles import building_tile, extent, layer_tile

FIELD = shapely.box(126.50, 43.80, 126.51, 43.81)
DAY = date(2024, 6, 1)
TILE_UNITS = 4096


@dataclass
class Layer:
    name: str
    features: list[dict[str, object]]
    rings: list[list[tuple[int, int]]]


def varints(data):
    """Yield the integers of a protocol buffer's packed field."""
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def messages(data):
    """Yield the fields of a protocol buffer: number and value, bytes or an integer."""
    stream = iter(data)
    for key in stream:
        number, kind = divmod(key, 8)
        if kind == 0:
            yield number, next(varints(stream))
        else:
            size = 8 if kind == 1 else next(varints(stream))
            yield number, bytes(islice(stream, size))


def value_of(data):
    ((number, value),) = messages(data)
    if number == 1:
        return value.decode()
    return struct.unpack("<d", value)[0] if number == 3 else value


def first_ring(commands):
    """Return the vertices of a geometry's first ring in tile units."""
    x = y = 0
    ring = []
    for command in commands:
        if command & 7 == 7:  # close
            break
        for _ in range(command >> 3):
            dx, dy = next(commands), next(commands)
            x, y = x + (dx >> 1 ^ -(dx & 1)), y + (dy >> 1 ^ -(dy & 1))
            ring.append((x, y))
    return ring


def decode(tile):
    """Return the layers of a vector tile."""
    return [decode_layer(value) for number, value in messages(tile) if number == 3]


def decode_layer(data):
    fields = list(messages(data))
    keys = [value.decode() for number, value in fields if number == 3]
    values = [value_of(value) for number, value in fields if number == 4]
    found = Layer(next(value.decode() for number, value in fields if number == 1), [], [])
    for feature in (dict(messages(value)) for number, value in fields if number == 2):
        tags = list(varints(feature[2]))
        found.features.append({keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)})
        found.rings.append(first_ring(varints(feature[4])))
    return found


def tile_place(lon_deg, lat_deg, z):
    """Return where a point lies on the grid of tiles, in tiles."""
    return (lon_deg / 360 + 0.5) * 2**z, (0.5 - asinh(tan(radians(lat_deg))) / (2 * pi)) * 2**z


def tile_of(shape, z):
    x, y = tile_place(shape.centroid.x, shape.centroid.y, z)
    return {"z": z, "x": int(x), "y": int(y)}


@pytest.fixture
def house(on_ground):
    return on_ground(shapely.box(0, 0, 20, 10))[0]


@pytest.fixture
def add_layer(connection, desk, plan_edition, plan_features):
    """Return what adds an edition of the farmland and returns its id."""

    def add(geometries, features=None, **values):
        edition = {**plan_edition, "office_id": desk.office_id, **values}
        return add_edition(connection, edition, plan_features(geometries, **(features or {})))

    return add


@pytest.mark.parametrize("z", [12, 16, 19])
def test_a_building_stands_on_its_tile_where_it_stands_on_the_ground(connection, desk, house, house_codes, z):
    desk.add(connection, [house], house_codes(1))
    place = tile_of(house, z)
    (layer,) = decode(building_tile(connection, **place))
    assert layer.name == "buildings"
    assert layer.features == [{"code": house_codes(1)[0], "stage": "design", "area_m2": 1.0}]
    corners = [tile_place(lon, lat, z) for lon, lat in shapely.get_coordinates(house)]
    drawn = shapely.MultiPoint(layer.rings[0]).bounds
    there = shapely.MultiPoint(
        [((x - place["x"]) * TILE_UNITS, (y - place["y"]) * TILE_UNITS) for x, y in corners]
    ).bounds
    edge = TILE_UNITS + 64
    assert drawn == pytest.approx([max(-64, min(edge, ordinate)) for ordinate in there], abs=1.1)


def test_a_tile_where_nothing_stands_is_empty(connection, desk, house, house_codes):
    desk.add(connection, [house], house_codes(1))
    assert building_tile(connection, **tile_of(translate(house, 1), 16)) == b""
    assert building_tile(connection, z=16, x=0, y=0) == b""


def test_a_building_beyond_the_border_is_drawn_in_the_margin(connection, desk, house_codes):
    place = tile_of(FIELD, 16)
    border_deg = (place["x"] + 1) / 2**16 * 360 - 180
    lat_deg = FIELD.centroid.y
    beyond = shapely.MultiPolygon([shapely.box(border_deg + 4e-5, lat_deg, border_deg + 6e-5, lat_deg + 3e-5)])
    desk.add(connection, [beyond], house_codes(1))
    (layer,) = decode(building_tile(connection, z=16, x=place["x"], y=tile_of(beyond, 16)["y"]))
    assert min(x for x, _ in layer.rings[0]) > TILE_UNITS


def test_a_building_that_gave_up_its_ground_is_not_drawn(connection, desk, house, house_codes):
    close_footprints(connection, list(desk.add(connection, [house], house_codes(1)).values()))
    assert building_tile(connection, **tile_of(house, 16)) == b""


def test_buildings_on_a_tile_have_entered_the_stages_that_they_entered_last(connection, desk, on_ground, house_codes):
    shapes, codes, rng = (
        on_ground(*(shapely.box(x, 0, x + 8, 8) for x in range(0, 400, 10))),
        house_codes(40),
        Random(7),
    )
    ids = desk.add(connection, shapes, codes)
    common = {"office_id": desk.office_id, "actor": "test"}
    entries = [
        {
            **common,
            "building_id": building,
            "stage": rng.choice(stage_codes()),
            "occurred_on": DAY + timedelta(days=rng.randrange(4)),
            "attributes": rng.choice([{}, {}, {"at_latest": True}]),
        }
        for building in ids.values()
        for _ in range(rng.randrange(5))
    ]
    for each in add_stage_entries(connection, entries)[::7]:
        close_stage_entry(connection, each)
    last = text("select stage from stage_entered_last(:building, :stages, 'infinity', 'infinity')")
    expected = {
        code: connection.execute(last, {"building": ids[code], "stages": list(stage_codes())}).scalar() or "design"
        for code in codes
    }
    (layer,) = decode(building_tile(connection, **tile_of(shapely.union_all(shapes), 13)))
    assert {each["code"]: each["stage"] for each in layer.features} == expected
    assert len(set(expected.values())) > 4


def test_a_layers_tile_bears_its_code_and_its_features_names(connection, add_layer):
    add_layer([FIELD, translate(FIELD, 0.02)], {"name": ["东山", None], "class_code": [None, "0101"]})
    (layer,) = decode(layer_tile(connection, "GH2201", **tile_of(FIELD, 12), as_of=DAY))
    assert layer.name == "GH2201"
    named = [{key: value for key, value in feature.items() if key != "id"} for feature in layer.features]
    assert sorted(named, key=str) == [{"class_code": "0101"}, {"name": "东山"}]
    assert all(isinstance(feature["id"], int) for feature in layer.features)


@pytest.mark.parametrize("z", range(12))
def test_a_layer_is_seen_from_every_zoom(connection, add_layer, z):
    # at the low ones the margin of the easternmost tiles reaches beyond 180°
    county = shapely.box(126, 43, 127, 44)
    add_layer([county])
    (layer,) = decode(layer_tile(connection, "GH2201", **tile_of(county, z), as_of=DAY))
    assert len(layer.features) == 1


def test_a_layer_without_an_edition_has_no_tile(connection, add_layer):
    add_layer([FIELD])
    assert layer_tile(connection, "GH2103", **tile_of(FIELD, 12), as_of=DAY) == b""
    assert layer_tile(connection, "GH2201", **tile_of(FIELD, 12), as_of=date(2023, 1, 1)) == b""


def test_a_tile_shows_the_edition_and_the_features_of_its_day(connection, add_layer):
    days = {
        "name": ["always", "later", "gone", "ends"],
        "valid_from": [None, date(2024, 7, 1), None, None],
        "valid_to": [None, None, date(2024, 3, 1), DAY],
    }
    add_layer([FIELD], {"name": ["old"]}, valid_from=date(2020, 1, 1))
    add_layer([FIELD] * 4, days)
    (layer,) = decode(layer_tile(connection, "GH2201", **tile_of(FIELD, 12), as_of=DAY))
    assert [feature["name"] for feature in layer.features] == ["always"]


def test_where_nothing_is_the_map_has_no_extent(connection):
    assert extent(connection) is None


def test_the_map_begins_with_all_that_stands_and_all_layers(connection, desk, house_codes, add_layer):
    here = shapely.MultiPolygon([shapely.box(126.2, 43.9, 126.3, 43.95)])
    gone = shapely.MultiPolygon([shapely.box(120, 40, 120.1, 40.1)])
    ids = desk.add(connection, [here, gone], house_codes(2))
    close_footprints(connection, [ids[house_codes(2)[1]]])
    assert extent(connection) == (126.2, 43.9, 126.3, 43.95)
    add_layer([FIELD])
    assert extent(connection) == (126.2, 43.8, 126.51, 43.95)
    add_layer([], layer="GH2103", completeness=shapely.box(126.2, 43.7, 126.6, 43.95))
    assert extent(connection) == (126.2, 43.7, 126.6, 43.95)
