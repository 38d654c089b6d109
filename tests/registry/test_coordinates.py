"""Coordinates in any order and form."""

import doctest

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import registry.coordinates
from geocode.planes import to_plane
from registry.coordinates import read_coordinates

PLACE = (126.55, 43.84)


def places(text):
    return [(place.lon_deg, place.lat_deg) for place in read_coordinates(text)]


def test_the_examples_are_what_python_prints():
    assert doctest.testmod(registry.coordinates).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        "126.55 43.84",
        "43.84,126.55",
        "126.55,43.84",
        "(43.84; 126.55)",
        "43°50'24\"N 126°33'E",
        "E126°33′00″, N43°50′24″",
        "126°33'00'' 43°50'24''",
        "N43°50.4' E126°33'",
        "北纬43度50分24秒 东经126度33分",
        "东经126.55,北纬43.84",
        "43.84N126.55E",
        "126.55°,43.84°",
        "+43.84+126.55",
    ],
)
def test_degrees_are_read_in_any_order_and_form(text):
    assert places(text) == [pytest.approx(PLACE, abs=1e-12)]


@pytest.mark.parametrize(("plane", "prefix"), [("EPSG:4551", 42), ("EPSG:4550", 21), ("EPSG:4549", 40)])
def test_metres_are_read_in_their_zone_in_either_order(plane, prefix):
    lon = {"EPSG:4551": 126.55, "EPSG:4550": 123.4, "EPSG:4549": 119.2}[plane]
    (point,) = to_plane(np.array([shapely.Point(lon, 43.84)]), plane)
    easting, northing = f"{prefix}{point.x:.4f}", f"{point.y:.4f}"
    for text in (f"{easting} {northing}", f"{northing},{easting}", f"{easting}; {northing}"):
        assert places(text) == [pytest.approx((lon, 43.84), abs=1e-8)]


def test_metres_without_a_zone_may_be_in_any():
    (point,) = to_plane(np.array([shapely.Point(*PLACE)]), "EPSG:4551")
    found = places(f"{point.y:,.3f} {point.x:,.3f}")
    assert len(found) == 21
    assert any(place == pytest.approx(PLACE, abs=1e-7) for place in found)


def test_degrees_that_may_be_in_either_order_are_read_in_both():
    assert places("30.5 31.2") == [(30.5, 31.2), (31.2, 30.5)]
    assert places("30 30") == [(30, 30)]


@pytest.mark.parametrize(
    "text",
    ["", "126.55", "解放路12号", "126.55 43.84 12", "N43 N44", "43°61' 126", "1234567890", "12655 43", "200 100", "26543000 4856000 x",
     "60543000 4856000", "-43 S 126 E", "4E7U5-CKJ2W-F0J", "1" * 200],
)  # fmt: skip
def test_what_is_no_pair_of_coordinates_has_no_reading(text):
    assert places(text) == []


@given(st.text())
def test_any_text_has_readings_on_the_earth_or_none(text):
    for lon, lat in places(text):
        assert abs(lon) <= 180
        assert abs(lat) <= 90


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_what_is_written_is_among_the_readings(lon, lat):
    written = (round(lon, 9), round(lat, 9))
    assert any(place == pytest.approx(written, abs=1e-9) for place in places(f"{written[0]:.9f} {written[1]:.9f}"))
