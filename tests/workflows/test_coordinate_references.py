"""Systems by their URIs, and the ground of boxes in them."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode.crs import crs_gate
from workflows.coordinate_references import (
    CRS84,
    LON_LAT,
    find_reference,
    ground_of_box,
    offered_references,
    reference,
    storage_reference,
)

CITY = storage_reference((126.55, 43.84))
OFFERED = offered_references(CITY)
WITHIN = {"allow_nan": False, "allow_infinity": False}


def test_a_city_is_told_in_its_own_zone_and_what_is_degrees_apart_by_formulas_alone():
    assert [each.name for each in OFFERED] == [
        "OGC:CRS84",
        "EPSG:4490",
        "EPSG:4551",
        "EPSG:4530",
        "EPSG:4326",
        "EPSG:3857",
    ]
    assert storage_reference(None).name == "EPSG:4490"
    assert [each.name for each in offered_references(storage_reference((8.5, 47.4)))][2] == "EPSG:32632"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CRS84, "OGC:CRS84"),
        ("http://www.opengis.net/def/crs/OGC/0/CRS84h", "OGC:CRS84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
        ("http://www.opengis.net/def/crs/EPSG/0/4551", "EPSG:4551"),
        ("http://www.opengis.net/def/crs/EPSG/9.9.1/4490", "EPSG:4490"),
        ("urn:ogc:def:crs:EPSG::4530", "EPSG:4530"),
        ("[EPSG:3857]", "EPSG:3857"),
        ("EPSG:4326", "EPSG:4326"),
    ],
)
def test_a_system_is_known_by_any_of_its_names(text, name):
    assert find_reference(text, OFFERED).name == name


@given(st.text(max_size=60) | st.from_regex(r"http://www\.opengis\.net/def/crs/EPSG/0/\d{4,5}", fullmatch=True))
def test_any_other_text_is_no_system(text):
    found = find_reference(text, OFFERED)
    assert found is None or found.uri.rsplit("/", 1)[-1] in text


@pytest.mark.parametrize(("name", "is_flipped"), [("EPSG:4490", True), ("EPSG:4551", True), ("EPSG:3857", False)])
def test_axes_are_in_the_order_of_the_authority(name, is_flipped):
    assert reference(name).is_flipped is is_flipped


@given(st.floats(125.5, 127.5, **WITHIN), st.floats(43, 44.5, **WITHIN), st.floats(10, 20_000), st.floats(10, 20_000))
def test_the_ground_of_a_box_in_metres_is_what_the_box_has(lon, lat, width_m, height_m):
    gate = crs_gate(CITY.name)
    east, north = (float(each[0]) for each in gate.from_lonlat(np.array([lon]), np.array([lat])))
    ground = ground_of_box((north, east, north + height_m, east + width_m), CITY)
    shares = np.array([[0.001, 0.001], [0.5, 0.5], [0.999, 0.001], [0.37, 0.999], [-0.01, 0.5], [0.5, 1.01]])
    x, y = gate.to_lonlat(east + shares[:, 0] * width_m, north + shares[:, 1] * height_m)
    assert list(shapely.contains_xy(ground, x, y)) == [True] * 4 + [False] * 2


def test_a_box_larger_than_a_zone_ends_where_the_zone_does():
    everything = ground_of_box((-1e9, -1e9, 1e9, 1e9), CITY)
    assert everything.covers(shapely.Point(126.55, 43.84))
    assert everything.bounds[0] > 120
    assert ground_of_box((-1e9, -1e9, -1e8, -1e8), CITY).is_empty


def test_a_box_in_degrees_may_cross_the_antimeridian():
    ground = ground_of_box((170, -10, -170, 10), LON_LAT)
    assert [ground.covers(shapely.Point(x, 0)) for x in (175, -175, 0)] == [True, True, False]
    assert ground_of_box((-10, 170, 10, -170), reference("EPSG:4490")).equals(ground)


@pytest.mark.parametrize("box", [(126, 44, 127, 43), (126, 43, 127, 91), (-181, 43, 127, 44)])
def test_what_ends_before_it_begins_or_lies_beyond_the_world_is_no_box(box):
    assert ground_of_box(box, LON_LAT) is None


def test_a_box_in_metres_that_ends_before_it_begins_is_none():
    assert ground_of_box((4_855_000, 545_000, 4_854_000, 546_000), CITY) is None
