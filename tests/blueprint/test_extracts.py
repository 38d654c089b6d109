"""What layers have on a site: concerned, not concerned, no data; nothing is dropped, whatever only touches is no hit."""

import datetime as dt
import math

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint.certainty import Certainty
from blueprint.errors import FrameError
from blueprint.extracts import Status, extract_layers
from blueprint.layer_state import Edition, LayerState

PLANE = "EPSG:4551"
DAY = dt.date(2026, 6, 1)
EVERYWHERE = shapely.box(-1e6, -1e6, 4e6, 4e6)
SQUARE = shapely.box(0, 0, 1, 1)


def extract(site, *features, complete=EVERYWHERE, accuracy_m=0.0, **columns):
    frame = gpd.GeoDataFrame(
        {"name": [f"n{i}" for i in range(len(features))], **columns}, geometry=list(features), crs=PLANE
    )
    state = LayerState("GH2201", Edition(1, "edition"), accuracy_m, frame, complete)
    series = gpd.GeoSeries([site], crs=PLANE)
    (found,) = extract_layers(series, {"GH2201": state}, ["GH2201"], as_of=DAY, accuracy_m=0.0)
    return found


# the cases that the Swiss cadastre's pyramid_oereb is tested with, by their facts: the geometry of the restriction, the
# parcel, and what it says (length, area, points; None: nothing). It drops what is below a threshold of 1 m² or 1 m, or as
# much as a theme sets; here all of it is told, so that the two answers differ where the row says "told".
BOX = shapely.MultiPolygon([SQUARE])
DIAGONAL = shapely.LineString([(0, 0), (1, 1)])
# a hole told as a loop of the outer ring, that meets it in one point: valid there, not for OGC
LOOP = shapely.Polygon(
    [(0, 0), (200, 0), (400, 0), (400, 400), (0, 400), (0, 0), (-200, 0), (-200, -200), (0, -200), (0, 0)]
)
CASES = [
    ("a polygon as large as the limit", SQUARE, BOX, (0, 1, 0)),
    ("a polygon below a limit of 2 m²: dropped there, told here", SQUARE, BOX, (0, 1, 0)),
    ("polygons that touch in a point", SQUARE, shapely.box(1, 1, 2, 2), None),
    ("polygons that touch along a side", SQUARE, shapely.box(1, 0, 2, 1), None),
    ("a line as long as the limit", DIAGONAL, BOX, (math.sqrt(2), 0, 0)),
    ("a line below a limit of 2 m: dropped there, told here", DIAGONAL, BOX, (math.sqrt(2), 0, 0)),
    ("a line on the border", shapely.LineString([(0, 0), (0, 1)]), BOX, (1, 0, 0)),
    ("a line that touches in a point", shapely.LineString([(1, 1), (2, 2)]), BOX, None),
    ("a point inside", shapely.Point(0.5, 0.5), BOX, (0, 0, 1)),
    ("a point outside", shapely.Point(2, 2), BOX, None),
    ("three points inside", shapely.MultiPoint([(0.4, 0.4), (0.5, 0.5), (0.6, 0.6)]), BOX, (0, 0, 3)),
    (
        "a ring that touches itself, mended as at delivery",
        shapely.make_valid(LOOP),
        shapely.box(0, 0, 200, 200),
        (0, 40_000, 0),
    ),
    ("the same, far away", shapely.make_valid(LOOP), shapely.box(1000, 0, 1200, 200), None),
]


@pytest.mark.parametrize(("geometry", "parcel", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_thirteen_cases_of_the_swiss_cadastre(geometry, parcel, said):
    found = extract(parcel, geometry)
    if said is None:
        assert found.status is Status.NOT_CONCERNED
        assert found.hits == ()
    else:
        assert found.status is Status.CONCERNED
        assert (found.length_m, found.area_m2, found.points) == pytest.approx(said)


def test_a_ring_that_touches_itself_unmended_is_in_doubt_and_never_not_concerned():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    found = extract(SQUARE, bow)
    assert found.status is Status.NO_DATA
    assert "n0" in found.reason.en
    assert found.in_doubt[0][0].name == "n0"


@pytest.mark.parametrize(
    ("width_m", "certainty", "status"),
    [
        (0.001, Certainty.NOISE, Status.NOT_CONCERNED),
        (0.005, Certainty.WITHIN_ACCURACY, Status.CONCERNED),
        (0.150, Certainty.CERTAIN, Status.CONCERNED),
    ],
)
def test_a_sliver_is_listed_by_its_width_and_never_dropped(width_m, certainty, status):
    found = extract(shapely.box(0, 0, 36, 12), shapely.box(0, 12 - width_m, 36, 20), accuracy_m=0.05)
    assert (found.status, found.certainty) == (status, certainty)
    assert found.hits[0].width_m == pytest.approx(width_m, abs=1e-6)
    assert found.hits[0].area_m2 == pytest.approx(36 * width_m, abs=1e-6)


def test_nothing_found_is_an_answer_only_where_the_layer_is_complete():
    site = shapely.box(0, 0, 10, 10)
    assert extract(site, complete=EVERYWHERE).status is Status.NOT_CONCERNED
    assert extract(site, complete=None).status is Status.NO_DATA
    half = extract(site, complete=shapely.box(-100, -100, 5, 100))
    assert half.status is Status.NO_DATA
    assert half.unknown_m2 == pytest.approx(50)


def test_a_site_that_is_concerned_says_how_much_of_it_nobody_knows():
    found = extract(shapely.box(0, 0, 10, 10), shapely.box(0, 0, 2, 2), complete=shapely.box(-100, -100, 5, 100))
    assert (found.status, found.area_m2, found.unknown_m2) == (Status.CONCERNED, 4, 50)


def test_a_layer_without_edition_or_with_one_not_in_force_has_no_data():
    series = gpd.GeoSeries([SQUARE], crs=PLANE)
    frame = gpd.GeoDataFrame(geometry=[SQUARE], crs=PLANE)
    ended = LayerState("GH2205", Edition(1, "old", valid_to=dt.date(2025, 1, 1)), 0.1, frame, EVERYWHERE)
    missing, past = extract_layers(series, {"GH2205": ended}, ["GH2201", "GH2205"], as_of=DAY)
    assert (missing.status, past.status) == (Status.NO_DATA, Status.NO_DATA)
    assert missing.reason != past.reason


def test_a_feature_that_does_not_hold_on_the_day_is_no_hit():
    found = extract(SQUARE, SQUARE, valid_to=[dt.date(2025, 12, 31)])
    assert found.status is Status.NOT_CONCERNED


def test_ground_that_two_features_share_is_counted_once_in_the_layer():
    found = extract(shapely.box(0, 0, 10, 10), shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10))
    assert [hit.area_m2 for hit in found.hits] == [60, 60]
    assert found.area_m2 == 100


def test_a_line_along_the_border_is_within_accuracy_and_one_that_goes_in_is_certain():
    site = shapely.box(0, 0, 100, 100)
    along, across = shapely.LineString([(0, 0.1), (100, 0.1)]), shapely.LineString([(-10, 50), (110, 50)])
    found = extract(site, along, across, accuracy_m=0.5)
    assert [hit.certainty for hit in found.hits] == [Certainty.WITHIN_ACCURACY, Certainty.CERTAIN]


def test_a_feature_of_several_kinds_of_geometry_is_measured_by_each():
    mixed = shapely.GeometryCollection(
        [shapely.box(0, 0, 2, 2), shapely.LineString([(5, 5), (8, 5)]), shapely.Point(9, 9)]
    )
    (hit,) = extract(shapely.box(0, 0, 10, 10), mixed).hits
    assert (hit.area_m2, hit.length_m, hit.points) == (4, 3, 1)


def test_the_site_itself_is_no_feature_on_it():
    frame = gpd.GeoDataFrame(geometry=[SQUARE], index=[7], crs=PLANE)
    state = LayerState("GL3201", Edition(1, "parcels"), 0.1, frame, EVERYWHERE)
    series = gpd.GeoSeries([SQUARE], crs=PLANE)
    (found,) = extract_layers(series, {"GL3201": state}, ["GL3201"], as_of=DAY, own={("GL3201", 7)})
    assert found.status is Status.NOT_CONCERNED


@pytest.mark.parametrize("site", [None, shapely.Polygon(), shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])])
def test_a_site_that_cannot_be_overlaid_is_the_callers_mistake(site):
    with pytest.raises(FrameError, match="one polygon"):
        extract_layers(gpd.GeoSeries([site], crs=PLANE), {}, [], as_of=DAY)


@given(st.integers(1, 99), st.integers(1, 99))
def test_what_is_on_the_site_and_what_is_not_make_up_the_site(x, y):
    site, zones = shapely.box(0, 0, 100, 100), [shapely.box(-5, -5, x, y), shapely.box(x, -5, 105, 105)]
    found = extract(site, *zones)
    rest = site.difference(shapely.union_all(zones)).area
    assert sum(hit.area_m2 for hit in found.hits) + rest == pytest.approx(10_000, abs=1e-6)
