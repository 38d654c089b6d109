"""Checks of footprints: spikes, short edges, overlaps, the office's ground; and outlines that are safe to mend."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.footprint_checks import check_extent, check_outlines, check_overlaps
from layers.outline_mending import propose_fix, without_vertices

E, N = 544_000.0, 4_856_000.0
HOUSE = [(0, 0), (20, 0), (20, 12), (0, 12)]


def outline(*corners, holes=()):
    return shapely.Polygon([(E + x, N + y) for x, y in corners], [[(E + x, N + y) for x, y in hole] for hole in holes])


def rows(*geometries):
    found = np.empty(len(geometries), dtype=object)
    found[:] = geometries
    return found


def told(*geometries):
    return [(each.row, each.fault.kind) for each in check_outlines(rows(*geometries))]


NEEDLE = outline((0, 0), (20, 0), (20, 12), (10.02, 12), (10.01, 15), (10, 12), (0, 12))
OUT_AND_BACK = outline((0, 0), (20, 0), (20, 12), (10, 12), (10, 15), (10, 12), (0, 12))
FLAT_TOPPED = outline((0, 0), (20, 0), (20, 12), (10.01, 12), (10.01, 15), (10, 15), (10, 12), (0, 12))
CORNER_TWICE = outline((0, 0), (20, 0), (20.01, 0.01), (20.01, 12), (0, 12))
STEP = outline((0, 0), (10, 0), (10, 0.08), (20, 0.08), (20, 12), (0, 12))
WEDGE = outline((0, 0), (20, 0), (20, 1.5))
COLUMN = shapely.Point(E, N).buffer(0.3, quad_segs=8)


def test_a_house_has_nothing_to_look_at_and_neither_has_a_row_without_a_polygon():
    assert told(outline(*HOUSE), None, shapely.Point(E, N), shapely.Polygon()) == []
    assert check_outlines(rows()) == []


@pytest.mark.parametrize("spiked", [NEEDLE, OUT_AND_BACK, WEDGE], ids=["needle", "out and back", "wedge"])
def test_a_corner_sharper_than_ten_degrees_is_a_spike_with_its_vertex(spiked):
    (found,) = check_outlines(rows(outline(*HOUSE), spiked))
    assert (found.row, found.fault.kind, found.severity) == (1, "spike", "warning")
    place = shapely.get_coordinates(spiked)[found.fault.vertex]
    assert (found.fault.x, found.fault.y) == tuple(place)


def test_the_closing_corner_counts_as_any_other():
    turned = outline((0, 0), (12, 0.5), (12, -0.5))
    assert check_outlines(rows(turned))[0].fault.vertex in {0, 3}


@given(st.integers(0, 3), st.floats(0, 360))
def test_a_vertex_that_is_a_kilometre_off_is_told(vertex, turn_deg):
    corners = np.array(HOUSE, dtype=float)
    corners[vertex] += 1_000 * np.array([np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))])
    assert told(outline(*corners)) == [(0, "spike")]


def test_a_notch_is_a_spike_into_the_building():
    assert told(outline((0, 0), (20, 0), (20, 12), (10.1, 12), (10.05, 6), (10, 12), (0, 12))) == [(0, "spike")]


def test_a_spike_of_a_hole_has_its_vertex_counted_over_all_rings():
    holed = outline(*HOUSE, holes=[[(5, 5), (10, 5), (10, 8), (7.51, 8), (7.505, 10), (7.5, 8), (5, 8)]])
    (spike,) = check_outlines(rows(holed))
    assert spike.fault.kind == "spike"
    assert shapely.get_coordinates(holed)[spike.fault.vertex].tolist() == [E + 7.505, N + 10]


@pytest.mark.parametrize("edgy", [CORNER_TWICE, STEP, FLAT_TOPPED], ids=["corner twice", "step", "flat top"])
def test_an_edge_shorter_than_a_decimetre_is_told(edgy):
    assert told(edgy) == [(0, "short_edge")]


def test_short_edges_in_a_row_are_a_curve():
    assert told(COLUMN) == []


def test_an_edge_of_a_decimetre_is_not_short():
    assert told(outline((0, 0), (10, 0), (10, 0.1), (20, 0.1), (20, 12), (0, 12))) == []


def test_vertices_that_repeat_are_no_edge_and_no_corner():
    assert told(outline((0, 0), (0, 0), (20, 0), (20, 12), (20, 12), (0, 12))) == []


@pytest.mark.parametrize("mendable", [NEEDLE, OUT_AND_BACK, FLAT_TOPPED], ids=["needle", "out and back", "flat top"])
def test_what_no_wall_could_be_is_left_out(mendable):
    fix = propose_fix(mendable)
    mended = without_vertices(mendable, fix.vertices)
    assert shapely.equals(mended, outline(*HOUSE))
    assert fix.moved_m == pytest.approx(3, abs=0.02)
    assert fix.area_m2 == pytest.approx(abs(mendable.area - 240), abs=1e-6)


def test_a_corner_that_was_taken_twice_is_taken_once():
    fix = propose_fix(CORNER_TWICE)
    assert len(fix.vertices) == 1
    assert fix.moved_m < 0.02
    assert len(shapely.get_coordinates(without_vertices(CORNER_TWICE, fix.vertices))) == 5


@pytest.mark.parametrize("real", [STEP, WEDGE, COLUMN], ids=["step", "wedge", "column"])
def test_what_a_building_could_have_is_not_mended(real):
    assert propose_fix(real) is None


def test_a_part_of_several_is_mended_alone():
    several = shapely.MultiPolygon([outline((100, 0), (120, 0), (120, 12), (100, 12)), NEEDLE])
    fix = propose_fix(several)
    mended = without_vertices(several, fix.vertices)
    assert mended.geom_type == "MultiPolygon"
    assert shapely.equals(mended.geoms[1], outline(*HOUSE))


@given(
    st.lists(st.tuples(st.integers(-400, 400), st.integers(-400, 400)), min_size=3, max_size=9, unique=True),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_a_fix_leaves_a_valid_outline_that_moved_no_further_than_it_says(corners, step):
    drawn = outline(*((x * step, y * step) for x, y in corners))
    fix = propose_fix(drawn)
    if fix is None:
        return
    mended = without_vertices(drawn, fix.vertices)
    assert mended.is_valid
    assert len(shapely.get_coordinates(mended)) == len(shapely.get_coordinates(drawn)) - len(fix.vertices)
    left_out = shapely.points(shapely.get_coordinates(drawn)[list(fix.vertices)])
    assert shapely.distance(left_out, mended.boundary).max() == pytest.approx(fix.moved_m, abs=1e-9)


@given(st.floats(0, 90), st.floats(1, 200), st.floats(1, 200))
def test_a_rectangle_however_it_lies_has_nothing_to_look_at(angle, width, depth):
    box = shapely.affinity.rotate(shapely.box(E, N, E + width, N + depth), angle)
    assert told(box) == []


def test_an_overlap_that_the_register_tolerates_is_told_of_the_later_row_with_its_place():
    pair = rows(shapely.box(0, 0, 20, 12), None, shapely.box(19.9, 0, 40, 12), shapely.box(39.98, 0, 50, 12))
    first, second = check_overlaps(pair, most_share=0.05)
    assert (first.row, first.other, first.severity) == (2, 0, "warning")
    assert (second.row, second.other, second.severity) == (3, 2, "info")
    assert 19.9 < first.fault.x < 20
    assert "1.20 m²" in first.fault.text.en


def test_walls_in_common_rounding_and_what_is_refused_anyhow_are_no_overlap_to_look_at():
    neighbours = rows(shapely.box(0, 0, 20, 12), shapely.box(19.999, 0, 40, 12), shapely.box(10, 0, 30, 12))
    assert check_overlaps(neighbours, most_share=0.05) == []


def test_thousands_that_lie_over_each_other_are_not_laid_over_each_other_one_by_one(monkeypatch):
    corners = np.random.default_rng(1).uniform(0, 200, (1_000, 2))
    wide = shapely.box(*corners.T, *(corners.T + 1_000))
    beside = shapely.box(*corners[0] - 500, *corners[0] + 5)
    laid = []
    intersection = shapely.intersection
    monkeypatch.setattr(shapely, "intersection", lambda a, b: laid.append(len(a)) or intersection(a, b))
    assert {found.other for found in check_overlaps(rows(*wide, beside), most_share=0.05)} >= {0}
    assert sum(laid) <= len(wide)


def test_the_ground_of_an_office_refuses_what_is_beyond_and_asks_about_what_crosses_it():
    extent = shapely.box(117, 36, 118, 37)
    inside, across, beyond = (shapely.box(x, 36.1, x + 1e-4, 36.1001) for x in (117.1, 116.99995, 120))
    crossing, outside = check_extent(rows(inside, across, beyond, None), extent)
    assert (crossing.row, crossing.fault.kind, crossing.severity) == (1, "crosses_extent", "warning")
    assert (outside.row, outside.fault.kind, outside.severity) == (2, "outside_extent", "error")
    assert "180.1 km" in outside.fault.text.en


def test_real_buildings_have_few_doubtful_outlines(shared_data):
    from geocode import to_storage  # noqa: PLC0415
    from geocode.planes import to_plane  # noqa: PLC0415
    from layers.reading import read_delivery  # noqa: PLC0415

    frame = read_delivery(shared_data("osm_liechtenstein/buildings_20240303.geojson.gz")).frame
    flat = to_plane(to_storage(np.asarray(frame.geometry.values), frame.crs), "EPSG:32632")
    found = check_outlines(flat)
    assert 0 < len(found) < 0.01 * len(frame)
    assert {each.fault.kind for each in found} == {"spike", "short_edge"}
