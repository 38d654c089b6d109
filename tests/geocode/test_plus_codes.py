"""Plus Codes: the official tests, row by row, and the laws of the grid."""

import csv
import json
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openlocationcode import openlocationcode

from geocode import CodeError
from geocode.plus_codes import cell_units, decode_plus_code, plus_codes, plus_texts

VECTORS = json.loads((Path(__file__).parent / "vectors" / "plus_codes.json").read_text(encoding="utf-8"))
LAT_UNITS_PER_DEG, LON_UNITS_PER_DEG = 25_000_000, 8_192_000
LENGTHS = [2, 4, 6, 8, 10, 11, 12, 13, 14, 15]

lengths = st.sampled_from(LENGTHS)
lons = st.floats(-180, 180, exclude_max=True)
lats = st.floats(-90, 90, exclude_max=True)


def code_of(lon, lat, length=11):
    return plus_codes([lon], [lat], length=length).tolist()[0]


def kind_of(text):
    with pytest.raises(CodeError) as caught:
        decode_plus_code(text)
    return caught.value.fault.kind


@pytest.fixture
def official(shared_data):
    """Return the reader of an official table."""

    def read(name):
        lines = (shared_data("vectors_olc") / name).read_text(encoding="utf-8").splitlines()
        return [row for row in csv.reader(lines) if row and not row[0].startswith("#")]

    return read


# degrees, integers, codes


@pytest.mark.parametrize(("lon", "lat", "lon_units", "lat_units", "length", "code"), VECTORS["encoding"])
def test_a_point_and_its_integers_have_the_official_code(lon, lat, lon_units, lat_units, length, code):
    assert code_of(lon, lat, length) == code
    assert text_of_units(lon_units, lat_units, length) == code
    # fifteen digits are the integers
    assert code_of(lon, lat, 15) == text_of_units(lon_units, lat_units, 15)


def test_all_official_points_have_their_codes(official):
    rows = official("encoding.csv")
    assert len(rows) == 302
    for lat, lon, lat_units, lon_units, length, code in rows:
        assert code_of(float(lon), float(lat), int(length)) == code
        assert code_of(float(lon), float(lat), 15) == text_of_units(int(lon_units), int(lat_units), 15)
        assert text_of_units(int(lon_units), int(lat_units), int(length)) == code


def text_of_units(lon_units, lat_units, length):
    height, width = cell_units(min(length, 15))
    row, column = np.array([lat_units // height]), np.array([lon_units // width])
    return plus_texts(row, column, min(length, 15)).tolist()[0]


@given(st.integers(-180 * 10**8, 180 * 10**8 - 1), st.integers(-90 * 10**8, 90 * 10**8 - 1), lengths)
def test_a_centroid_in_units_of_1e8_has_the_code_of_exact_integers(x, y, length):
    lon_units = (x + 180 * 10**8) * LON_UNITS_PER_DEG // 10**8
    lat_units = (y + 90 * 10**8) * LAT_UNITS_PER_DEG // 10**8
    assert code_of(x / 1e8, y / 1e8, length) == text_of_units(lon_units, lat_units, length)


@given(
    st.decimals(-180, Decimal("179.999999999999"), places=12), st.decimals(-90, Decimal("89.999999999999"), places=12)
)
def test_a_decimal_of_twelve_places_has_the_code_of_its_exact_value(lon, lat):
    lon_units = math.floor((Fraction(lon) + 180) * LON_UNITS_PER_DEG)
    lat_units = math.floor((Fraction(lat) + 90) * LAT_UNITS_PER_DEG)
    assert code_of(float(lon), float(lat), 15) == text_of_units(lon_units, lat_units, 15)


@given(lons, lats, lengths)
@example(-180.0, -90.0, 15)
@example(179.99999999999997, 89.99999999999999, 15)
@example(35.6, 35.6, 11)
@example(-5e-324, -5e-324, 15)
def test_a_cell_holds_its_points_from_its_western_and_southern_edge_on(lon, lat, length):
    area = decode_plus_code(code_of(lon, lat, length))
    assert area.west_deg <= lon < area.east_deg
    assert area.south_deg <= lat < area.north_deg


@given(lons, lats, lengths)
def test_a_point_on_a_cells_edge_is_in_that_cell_and_the_double_before_it_is_not(lon, lat, length):
    text = code_of(lon, lat, length)
    area = decode_plus_code(text)
    assert code_of(area.west_deg, area.south_deg, length) == text
    assert code_of(*area.centre, length) == text
    assert code_of(math.nextafter(area.west_deg, -math.inf), area.south_deg, length) != text
    if area.south_deg > -90:
        assert code_of(area.west_deg, math.nextafter(area.south_deg, -math.inf), length) != text


def test_points_by_the_thousand_have_the_codes_that_google_s_package_gives():
    rng = np.random.default_rng(20)
    lon, lat = rng.uniform(-180, 180, 2000), rng.uniform(-90, 90, 2000)
    for length in LENGTHS:
        expected = [openlocationcode.encode(y, x, length) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
        assert plus_codes(lon, lat, length=length).tolist() == expected


@given(lons, lats)
def test_a_shorter_code_is_the_beginning_of_a_longer_one(lon, lat):
    longest = code_of(lon, lat, 15)
    for length in LENGTHS:
        assert longest.startswith(code_of(lon, lat, length).rstrip("0+"))


def test_poles_and_turns_are_brought_into_the_grid():
    assert code_of(1, 90) == code_of(1, 1e300) == code_of(1, 90 - 1e-9)
    assert code_of(1, -90) == code_of(1, -1e300)
    assert code_of(180, 1) == code_of(-180, 1) == code_of(540, 1) == code_of(-900, 1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
def test_a_point_without_a_place_has_no_code_and_costs_no_other_row(bad):
    assert plus_codes([1, bad, 2], [1, 1, 2]).tolist() == ["6FH32222+222", "", "6FJ42222+222"]
    assert code_of(1, math.nan) == code_of(1, math.inf) == ""


def test_no_points_have_no_codes():
    assert plus_codes([], []).tolist() == []


@pytest.mark.parametrize("length", [-1, 0, 1, 3, 5, 7, 9])
def test_a_length_that_no_code_has_is_the_callers_mistake(length):
    with pytest.raises(ValueError, match=f"{length} is no length"):
        plus_codes([1], [1], length=length)


# reading


@pytest.mark.parametrize(("code", "west", "south", "east", "north"), VECTORS["decoding"])
def test_a_code_names_the_official_area(code, west, south, east, north):
    assert_area(code, west, south, east, north)


def test_all_official_codes_name_their_areas(official):
    rows = official("decoding.csv")
    assert len(rows) == 420
    for code, length, south, west, north, east in rows:
        assert_area(code, *map(float, (west, south, east, north)))
        assert decode_plus_code(code).length == int(length)


def assert_area(code, west, south, east, north):
    area = decode_plus_code(code)
    assert area.text == code[:16]
    # the tables print ten decimals at least
    assert (area.west_deg, area.south_deg) == pytest.approx((west, south), rel=0, abs=5e-11)
    assert (area.east_deg, area.north_deg) == pytest.approx((east, north), rel=0, abs=5e-11)


@pytest.mark.parametrize("code", VECTORS["full"])
def test_a_full_code_is_read(code):
    area = decode_plus_code(code)
    # what stands behind fifteen digits says nothing
    assert area.text == code.upper()[: max(area.length, 8) + 1]


@pytest.mark.parametrize("code", VECTORS["short"])
def test_a_short_code_is_refused_for_want_of_a_reference_place(code):
    assert kind_of(code) == "plus_code_short"


@pytest.mark.parametrize("code", VECTORS["neither"])
def test_what_is_neither_full_nor_short_is_refused(code):
    assert kind_of(code) in {"plus_code_form", "plus_code_letter"}


def test_all_official_validities_hold(official):
    for code, valid, short, full in official("validityTests.csv"):
        try:
            decode_plus_code(code)
            kind = "full"
        except CodeError as error:
            kind = error.fault.kind
        assert (kind == "full", kind == "plus_code_short") == (full == "true", short == "true")
        assert (kind in {"full", "plus_code_short"}) == (valid == "true")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "plus_code_form"),
        ("8FVC2222", "plus_code_form"),
        ("8FVC2222+2O", "plus_code_letter"),
        ("F2222222+22", "plus_code_place"),
        ("2W222222+22", "plus_code_place"),
        ("XX000000+", "plus_code_place"),
        ("00000000+", "plus_code_form"),
        ("8FVC0000+22", "plus_code_form"),
        ("8F0C0000+", "plus_code_form"),
    ],
)
def test_a_text_is_refused_with_its_reason(text, kind):
    assert kind_of(text) == kind


def test_the_letter_that_no_code_has_is_named():
    with pytest.raises(CodeError, match="“O”, character 10 of “8FVC2222\\+O2”"):
        decode_plus_code("8FVC2222+O2")


def test_reading_takes_full_width_any_case_and_blanks():
    assert decode_plus_code(" 8fvc9g8f +\u30006xq\n") == decode_plus_code("8FVC9G8F+6XQ")


@given(st.text(alphabet="23cCfFxXwW0+ +2Ω", max_size=14) | st.text())
def test_any_text_is_a_plus_code_or_a_code_error(text):
    plain = "".join(text.split())
    try:
        area = decode_plus_code(text)
    except CodeError:
        assert not openlocationcode.isFull(plain)
    else:
        assert decode_plus_code(area.text) == area
        assert openlocationcode.isFull(area.text)
