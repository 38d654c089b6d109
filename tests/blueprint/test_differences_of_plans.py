"""Difference pieces: they fill the extent, none overlaps, and each says what both plans say of its ground."""

import datetime as dt
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint import load_crosswalk
from blueprint.differences import Thresholds, derive_thresholds, find_differences
from blueprint.following import follow_ground
from blueprint.hits import HitLayers, load_hit_layers, measure_hits
from blueprint.statistics import tabulate
from tests.blueprint.conftest import TODAY, make_layer
from tests.blueprint.test_sample_district import MANIFEST, read_layer

X, Y = 546_000.0, 4_855_000.0
BUILT, FARMED, UNKNOWN = "0701", "0101", "99"
SQUARE = shapely.box(X, Y, X + 100, Y + 100)
LARGE_CLASSES = {
    (True, True): "both",
    (True, False): "first_only",
    (False, True): "second_only",
    (False, False): "neither",
    (None, True): "first_missing",
    (None, False): "first_missing",
    (True, None): "second_missing",
    (False, None): "second_missing",
    (None, None): "both_missing",
}


def plan(shapes, codes, **options):
    return make_layer("GH2103", shapes, class_code=list(codes), **options)


def differ(first, second, extent=SQUARE, **options):
    return find_differences(first, second, extent, **{"as_of": TODAY, "crosswalk": load_crosswalk()} | options)


def strip(start, end, low=0, high=100):
    return shapely.box(X + start, Y + low, X + end, Y + high)


@st.composite
def coverages(draw):
    """Return the cells of some points, some left out, with a code each."""
    places = st.tuples(st.integers(0, 1000), st.integers(0, 1000))
    points = shapely.multipoints(np.array(draw(st.lists(places, min_size=2, max_size=9, unique=True))) / 9 + [X, Y])
    around = shapely.box(X - 40, Y - 40, X + 150, Y + 150)
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=around))
    cells = shapely.set_precision(shapely.intersection(cells, around), 1e-4)
    kept = [cell for cell in cells if draw(st.integers(0, 5)) and cell.area > 0]
    return plan(kept, [draw(st.sampled_from([BUILT, FARMED, "1301", UNKNOWN, None])) for _ in kept])


def built_at(state, point):
    """Return whether a plan has construction at a place; None where it says nothing."""
    rows = state.features[shapely.contains_properly(state.features.geometry.to_numpy(), point)]
    classes = [load_crosswalk().land_class("YDYHFL-2023", code) for code in rows["class_code"]]
    return None if not classes or classes[0] is None else classes[0] == "construction"


@settings(max_examples=40)
@given(coverages(), coverages())
def test_pieces_fill_the_extent_without_overlap_and_say_what_both_plans_say(first, second):
    pieces = differ(first, second).pieces
    assert pieces["area_m2"].sum() == pytest.approx(SQUARE.area, rel=1e-6)
    assert shapely.union_all(pieces.geometry).area == pytest.approx(SQUARE.area, rel=1e-6)
    wide = pieces[pieces["width_m"] > 0.01]
    for piece, name in zip(wide.geometry, wide["class"], strict=True):
        place = shapely.maximum_inscribed_circle(piece, tolerance=1e-3).coords[0]
        assert LARGE_CLASSES[built_at(first, shapely.Point(place)), built_at(second, shapely.Point(place))] == name


@settings(max_examples=40)
@given(coverages(), coverages())
def test_the_difference_turned_around_is_the_same_ground(first, second):
    turned = {"first_only": "second_only", "second_only": "first_only"}
    turned |= {"first_missing": "second_missing", "second_missing": "first_missing"}
    forth, back = (
        differ(*pair).pieces.groupby("class")["area_m2"].sum() for pair in ((first, second), (second, first))
    )
    assert forth.rename(turned).sort_index().to_dict() == pytest.approx(back.sort_index().to_dict(), rel=1e-6)


def test_each_piece_has_both_features_their_codes_and_classes():
    first = plan([strip(0, 60), strip(60, 100)], [BUILT, FARMED], ids=[7, 8])
    second = plan([strip(0, 30), strip(30, 100)], [FARMED, BUILT], ids=[17, 18])
    found = differ(first, second)
    rows = [tuple(row) for row in found.pieces[["class", "left", "right", "left_code", "right_code"]].to_numpy()]
    assert rows == [
        ("first_only", 7, 17, BUILT, FARMED),
        ("both", 7, 18, BUILT, BUILT),
        ("second_only", 8, 18, FARMED, BUILT),
    ]
    assert found.pieces["left_class"].tolist() == ["construction", "construction", "agricultural"]
    assert found.pieces["area_m2"].tolist() == pytest.approx([3000, 3000, 4000])
    assert found.pieces["width_m"].tolist() == pytest.approx([30, 30, 40], abs=1e-6)
    assert found.untold == ()


def test_the_ellipsoid_s_area_stands_beside_the_plane_s():
    pieces = differ(plan([SQUARE], [BUILT]), plan([SQUARE], [BUILT])).pieces
    ratio = pieces["ellipsoid_area_m2"].sum() / pieces["area_m2"].sum()
    assert 0 < abs(ratio - 1) < 450e-6


def test_an_unknown_code_is_told_and_never_guessed():
    found = differ(plan([SQUARE], [UNKNOWN], ids=[5]), plan([SQUARE], [BUILT]))
    (piece,) = found.pieces.to_dict("records")
    assert (piece["class"], piece["left"], piece["left_code"], piece["left_class"]) == (
        "first_missing",
        5,
        UNKNOWN,
        None,
    )
    (told,) = found.untold
    assert (told.kind, told.features) == ("unknown_code", (5,))
    assert UNKNOWN in told.reason.zh
    assert UNKNOWN in told.reason.en


def test_one_poisoned_geometry_is_one_row_and_its_ground_is_without_data():
    bowtie = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    first = plan([strip(20, 100), bowtie, None], [BUILT] * 3)
    found = differ(first, plan([SQUARE], [BUILT]))
    assert [(each.kind, each.features) for each in found.untold] == [("unusable", (2,)), ("unusable", (3,))]
    assert dict(zip(found.pieces["class"], found.pieces["area_m2"], strict=True)) == pytest.approx(
        {"both": 8000, "first_missing": 2000}
    )


def test_ground_that_two_features_of_a_plan_claim_is_the_first_one_s_and_told():
    found = differ(plan([strip(0, 60), strip(50, 100)], [BUILT, FARMED]), plan([SQUARE], [BUILT]))
    areas = found.pieces.groupby("class")["area_m2"].sum().to_dict()
    assert areas == pytest.approx({"both": 6000, "second_only": 4000})
    (told,) = found.untold
    assert (told.kind, told.features) == ("overlap", (1, 2))


def test_a_narrow_piece_is_a_sliver_and_is_kept():
    first, second = (
        plan([strip(0, 50), strip(50, 100)], [BUILT, FARMED]),
        plan([strip(0, 50.5), strip(50.5, 100)], [BUILT, FARMED]),
    )
    pieces = differ(first, second, thresholds=Thresholds(10, 2)).pieces
    assert pieces.set_index("class")["is_sliver"].to_dict() == {"both": False, "second_only": True, "neither": False}
    assert tabulate(pieces, ["class"]).set_index("class")["area_m2"].to_dict() == pytest.approx(
        {"both": 5000, "neither": 4950, "sliver": 50}
    )


@pytest.mark.parametrize(("sigma_m", "area_m2", "width_m"), [(0.05, 1, 0.1), (1, 100, 2)])
def test_the_thresholds_of_slivers_follow_from_the_accuracies(sigma_m, area_m2, width_m):
    assert derive_thresholds(sigma_m) == pytest.approx((area_m2, width_m))
    assert derive_thresholds(2 * sigma_m) > derive_thresholds(sigma_m)


def test_pieces_end_at_the_borders_of_districts_and_bear_their_codes():
    districts = make_layer("XZ1101", [strip(0, 40), strip(40, 90)], class_code=["220204", "220203"])
    pieces = differ(plan([SQUARE], [BUILT]), plan([SQUARE], [FARMED]), districts=districts).pieces
    assert pieces.set_index("district")["area_m2"].to_dict() == pytest.approx(
        {"220204": 4000, "220203": 5000, None: 1000}
    )


def test_plans_of_two_days_are_compared_as_each_stood():
    days = {"valid_from": ["2020-01-01", "2024-01-01"], "valid_to": ["2024-01-01", None]}
    state = plan([SQUARE, SQUARE], [FARMED, BUILT], **days)
    pieces = differ(state, state, as_of=dt.date(2022, 1, 1), second_as_of=TODAY).pieces
    assert pieces["class"].tolist() == ["second_only"]


def test_what_is_outside_the_extent_does_not_count():
    extent = shapely.Point(X + 50, Y + 50).buffer(30)
    pieces = differ(plan([strip(-500, 50)], [BUILT]), plan([SQUARE], [BUILT]), extent).pieces
    assert pieces["area_m2"].sum() == pytest.approx(extent.area, rel=1e-9)


def test_a_city_of_polygons_with_holes_and_parts_is_filled_as_well():
    ring = SQUARE.difference(strip(20, 80, 20, 80))
    islands = shapely.MultiPolygon([strip(30, 40, 30, 40), strip(60, 70, 60, 70)])
    areas = (
        differ(plan([ring, islands], [BUILT, FARMED]), plan([SQUARE], [BUILT])).pieces.groupby("class")["area_m2"].sum()
    )
    assert areas.to_dict() == pytest.approx({"both": 6400, "second_only": 200, "first_missing": 3400})


def test_control_lines_and_recent_approvals_are_measured_on_each_piece():
    pieces = differ(plan([strip(0, 50), strip(50, 100)], [BUILT, FARMED]), plan([SQUARE], [BUILT])).pieces
    farmland = make_layer("GH2201", [strip(40, 70)], ids=[3])
    permits = make_layer(
        "GL3105", [strip(0, 20), strip(0, 20)], ids=[8, 9], valid_from=["2019-01-01", "2024-01-01"], edition=None
    )
    hits = measure_hits(pieces, [farmland, permits], as_of=TODAY, listed=HitLayers(("GH2201",), ("GL3105",), 5))
    assert hits[0]["GH2201"]["area_m2"] == pytest.approx(1000)
    assert hits[0]["GL3105"] == {"area_m2": pytest.approx(2000), "features": [9]}
    assert hits[1] == {"GH2201": {"area_m2": pytest.approx(2000), "features": [3]}}


def test_the_layers_of_hits_are_in_the_catalogue():
    listed = load_hit_layers()
    assert {"GH2201", "GH2202", "GH2203"} <= set(listed.codes)


def test_the_pieces_of_the_sample_district_add_up_to_it():
    layers = {
        entry["layer"]: read_layer(entry) for entry in MANIFEST["layers"] if entry["layer"] in {"XZ1201", "GH2103"}
    }
    extent = shapely.from_wkt(MANIFEST["areas"]["district"])
    pieces = differ(layers["XZ1201"], layers["GH2103"], extent).pieces
    assert pieces["area_m2"].sum() == pytest.approx(extent.area, rel=1e-6)
    assert set(pieces["class"]) == {"both", "neither"}
    assert json.dumps(tabulate(pieces, ["left_class", "right_class"]).to_dict("records"))


def test_a_piece_is_followed_to_the_one_that_shares_half_of_both():
    before = np.array([strip(0, 50), strip(60, 80)], dtype=object)
    now = np.array([strip(0, 30), strip(30, 45), strip(70, 100)], dtype=object)
    followed = follow_ground(before, now)
    assert followed.now.tolist() == [0, -1]
    assert followed.iou.tolist() == pytest.approx([0.6, 0])


def test_neighbours_that_overlap_by_rounding_are_not_told_and_count_once():
    found = differ(plan([strip(0, 50), strip(49.9999, 100)], [BUILT, FARMED]), plan([SQUARE], [BUILT]))
    assert found.untold == ()
    assert found.pieces["area_m2"].sum() == pytest.approx(10_000, abs=1e-6)
