"""The edge kernel: the areas that shapely cuts out, to 1e-9 of the building, whatever the polygons and however shared."""

import pickle

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

import blueprint.edge_areas
from blueprint.edge_areas import COVERS, MISSES, least_ground_m2, measure_pairs, shared_areas
from blueprint.edge_trees import prepare
from tests.blueprint.test_overlay import JTS, POISON, jts_cases

CORNERS = [(0.0, 0.0), (546_000.0, 4_855_000.0), (40_500_000.0, 4_850_000.0)]

steps = st.integers(0, 12)


@st.composite
def patchworks(draw):
    """Draw rectangles and triangles on one coarse grid, together, less some others: with holes, parts and shared walls."""
    given_, taken = ([draw(tiles()) for _ in range(draw(st.integers(*most)))] for most in ((1, 4), (0, 3)))
    ground = shapely.difference(shapely.union_all(given_), shapely.union_all(taken))
    parts = shapely.get_parts(ground)
    areal = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    assume(shapely.area(areal).sum() > 0)
    return shapely.MultiPolygon(list(areal)) if len(areal) > 1 else areal[0]


@st.composite
def tiles(draw):
    x, y, w, h = draw(steps), draw(steps), 1 + draw(steps), 1 + draw(steps)
    corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    return shapely.Polygon(corners[: draw(st.sampled_from([3, 4]))])


@st.composite
def placed(draw):
    """Draw two patchworks of one grid at any angle and scale, anywhere in the plane."""
    angle_rad, scale = draw(st.sampled_from([0.0, 0.3, 1.1, np.pi / 2])), draw(st.sampled_from([1e-2, 1.0, 97.0]))
    turn = scale * np.array([[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]])
    corner = draw(st.sampled_from(CORNERS))
    pair = [shapely.transform(draw(patchworks()), lambda xy: xy @ turn.T + corner) for _ in range(2)]
    assume(all(shape.is_valid for shape in pair))  # large coordinates may close the narrowest gaps
    return pair


def star(rng, vertices, radius_m, centre=(0.0, 0.0)):
    """Return a rough round, seen whole from its centre."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = radius_m * (1 + rng.uniform(-1, 1, vertices) * min(0.3, 30 / vertices))
    return shapely.Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] + centre)


def blocks(rng, count, side_m):
    corners = rng.uniform(-side_m, side_m, (count, 2))
    return shapely.box(*corners.T, *(corners + rng.uniform(5, 30, (count, 2))).T)


def measure(a, b):
    """Return what the kernel says two polygons share, however little."""
    one = np.zeros(1, dtype=np.int64)
    return measure_pairs(prepare([a]).edges, prepare([b]).edges, one, one)


def cut_area(a, b):
    """Return what shapely cuts out near the origin, where its coordinates have digits enough."""
    corner = shapely.get_coordinates(a)[0]
    near = [shapely.transform(shape, lambda xy: xy - corner) for shape in (a, b)]
    return shapely.intersection(*near).area


@given(placed())
def test_an_area_is_what_shapely_cuts_out(pair):
    a, b = pair
    assert measure(a, b).area_m2[0] == pytest.approx(cut_area(a, b), abs=1e-9 * a.area)


@given(placed())
def test_an_area_is_the_same_from_both_sides(pair):
    a, b = pair
    assert measure(a, b).area_m2[0] == pytest.approx(measure(b, a).area_m2[0], abs=1e-9 * min(a.area, b.area))


@given(placed())
def test_a_polygon_shares_all_of_itself_with_itself(pair):
    for shape in pair:
        assert measure(shape, shape).area_m2[0] == pytest.approx(shape.area, rel=1e-9)


@given(placed())
def test_what_is_told_without_cutting_is_so(pair):
    a, b = pair
    (covers,), shared_m2 = measure(a, b).covers, cut_area(a, b)
    if covers == COVERS:
        assert shared_m2 == pytest.approx(a.area, rel=1e-9)
    if covers == MISSES:
        assert shared_m2 == pytest.approx(0, abs=1e-9 * a.area)


@given(placed())
def test_a_pair_is_there_if_its_ground_is_more_than_dust(pair):
    a, b = pair
    one = np.zeros(1, dtype=np.int64)
    (least_m2,) = least_ground_m2(*(np.array([shape.bounds]) for shape in pair), one, one)
    shared_m2 = cut_area(a, b)
    assume(abs(shared_m2 - least_m2) > 1e-9 * a.area)
    assert (len(shared_areas([a], [b]).left) == 1) == (shared_m2 > least_m2)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("angle_rad", [0.0, 0.3, 1.2])
def test_neighbours_that_only_touch_are_no_pair(corner, angle_rad):
    house, beside, corner_to_corner, tee = (
        shapely.box(0, 0, 10, 10),
        shapely.box(10, 0, 20, 10),
        shapely.box(10, 10, 20, 20),
        shapely.box(10, 3.3, 37, 7.1),
    )
    shapes = [
        shapely.affinity.rotate(s, angle_rad, (0, 0), use_radians=True) for s in (house, beside, corner_to_corner, tee)
    ]
    shapes = [shapely.affinity.translate(shape, *corner) for shape in shapes]
    assert shared_areas(shapes[:1], shapes[1:]).left.tolist() == []


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("sliver_m", [0.0005, 0.001, 0.05])
def test_a_sliver_has_its_area(corner, sliver_m):
    a = shapely.transform(shapely.box(0, 0, 100, 20), lambda xy: xy + corner)
    b = shapely.transform(shapely.box(0, 20 - sliver_m, 100, 50), lambda xy: xy + corner)
    assert shared_areas([a], [b]).area_m2[0] == pytest.approx(cut_area(a, b), abs=1e-9 * a.area)


def test_a_building_in_a_courtyard_shares_nothing_and_one_across_its_wall_what_is_under_the_wall():
    court = shapely.Polygon(shapely.box(0, 0, 100, 100).exterior, [shapely.box(20, 20, 80, 80).exterior])
    buildings = [shapely.box(30, 30, 40, 40), shapely.box(75, 40, 85, 50), shapely.box(2, 2, 8, 8)]
    pairs = shared_areas(buildings, [court])
    assert pairs.left.tolist() == [1, 2]
    assert pairs.area_m2 == pytest.approx([50, 36])


def test_polygons_of_fifty_thousand_vertices_are_measured_like_small_ones():
    rng = np.random.default_rng(7)
    large, other = star(rng, 50_000, 3_000), star(rng, 50_000, 2_900, centre=(400, 100))
    buildings = blocks(rng, 120, 3_000)
    pairs, expected = shared_areas(buildings, [large]), shapely.area(shapely.intersection(buildings, large))
    found = np.zeros(len(buildings))
    found[pairs.left] = pairs.area_m2
    assert found == pytest.approx(expected, abs=1e-9 * 25)
    assert 0 < (pairs.covers == COVERS).sum() < len(pairs.left)
    assert measure(large, other).area_m2[0] == pytest.approx(shapely.intersection(large, other).area, rel=1e-12)


def test_many_holes_cost_no_exactness():
    rng = np.random.default_rng(8)
    holes = [star(rng, 30, 20, centre) for centre in np.indices((20, 20)).reshape(2, -1).T * 60 - 570]
    sieve = shapely.Polygon(shapely.box(-700, -700, 700, 700).exterior, [hole.exterior for hole in holes])
    buildings = blocks(rng, 300, 600)
    pairs = shared_areas(buildings, [sieve])
    expected = shapely.area(shapely.intersection(buildings[pairs.left], sieve))
    assert pairs.area_m2 == pytest.approx(expected, abs=1e-9 * 25)


@pytest.fixture(scope="module")
def town():
    rng = np.random.default_rng(9)
    zones = [star(rng, int(rng.integers(4, 900)), rng.uniform(20, 300), rng.uniform(-500, 500, 2)) for _ in range(60)]
    return blocks(rng, 500, 500), np.array(zones, dtype=object)


def test_pairs_come_by_left_and_then_right_each_once(town):
    pairs = shared_areas(*town)
    keys = pairs.left * len(town[1]) + pairs.right
    assert (np.diff(keys) > 0).all()
    i, j = shapely.STRtree(town[1]).query(town[0], predicate="intersects")
    assert set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) <= set(
        zip(i.tolist(), j.tolist(), strict=True)
    )


def test_chunks_threads_and_a_pickle_change_no_bit(town, monkeypatch):
    whole = shared_areas(*town)
    left, right = pickle.loads(pickle.dumps([prepare(side) for side in town]))
    monkeypatch.setattr(blueprint.edge_areas, "_CHUNK", 37)
    again = shared_areas(left, right, threads=3)
    assert all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True))
    some = shared_areas(town[0][100:200], right)
    mine = whole.only((whole.left >= 100) & (whole.left < 200))
    assert np.array_equal(some.area_m2, mine.area_m2)
    assert np.array_equal(some.left + 100, mine.left)


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_one_bad_polygon_is_named_and_harms_no_other(poison):
    sides = (
        prepare([shapely.box(0, 0, 5, 5), poison, shapely.box(2, 2, 3, 3)]),
        prepare([poison, shapely.box(1, 1, 9, 9)]),
    )
    assert [pd.isna(side.unusable).tolist() for side in sides] == [[True, False, True], [False, True]]
    pairs = shared_areas(*sides)
    assert list(zip(pairs.left, pairs.right, pairs.area_m2, strict=True)) == [(0, 1, 16), (2, 1, 1)]


def test_what_is_no_polygon_is_named():
    line, collection = shapely.LineString([(0, 0), (9, 9)]), shapely.GeometryCollection([shapely.box(0, 0, 9, 9)])
    assert prepare([line, collection]).unusable.tolist() == [
        "A LineString is no polygon.",
        "A GeometryCollection is no polygon.",
    ]


def test_no_polygons_share_nothing():
    for sides in (([], []), ([shapely.box(0, 0, 1, 1)], []), ([], [shapely.box(0, 0, 1, 1)])):
        assert shared_areas(*sides).left.tolist() == []


@pytest.mark.skipif(not JTS.exists(), reason="the published cases are not at hand")
def test_the_published_overlays_of_jts_have_the_areas_that_the_kernel_says():
    cases = [(name, measure(a, b).area_m2[0], result.area) for name, a, b, _, result in jts_cases({"intersection"})]
    assert {
        name: (ours, theirs) for name, ours, theirs in cases if ours != pytest.approx(theirs, rel=1e-9, abs=1e-9)
    } == {}
    assert len(cases) > 30
