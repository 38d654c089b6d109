"""Drawings are read area by area: whatever bounds one, in whatever block, with nothing else lost without a word."""

import gzip
import math
import subprocess
import sys
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import shapely
from ezdxf.math import ConstructionEllipse
from ezdxf.xclip import XClip
from hypothesis import given
from hypothesis import strategies as st

from layers.dxf.areas import find_areas
from layers.dxf.curves import Piece
from layers.dxf.drawing import Drawing, Shape
from layers.dxf.layers import likely_layers, names_buildings
from layers.dxf.rings import find_rings
from layers.errors import RefusedFile
from layers.reading import ReadOptions, list_layers, read_delivery
from tests.layers.drawings import EAST, NORTH, SQUARE, house, lines, new, placed, saved

CRS = "EPSG:4547"


def read(path, **options):
    return read_delivery(path, crs=CRS, **options)


def told(delivery, start):
    return any(start in note.en and note.zh for note in delivery.notes)


def areas(delivery):
    return delivery.frame.geometry.area.tolist()


def test_a_closed_polyline_is_a_building_with_its_handle_layer_and_colour(tmp_path):
    document, space = new()
    document.layers.add("JMD", color=3)
    handle = house(space).dxf.handle
    delivery = read(saved(document, tmp_path))
    row = delivery.frame.iloc[0]
    assert (row.source_id, row.layer, row.entity, row.colour, row.block) == (handle, "JMD", "LWPOLYLINE", 3, None)
    assert areas(delivery) == [100.0]
    assert delivery.format == "DXF"
    assert delivery.crs_name == CRS


@pytest.mark.parametrize("bulge", [1.0, -1.0, 0.5, math.tan(math.pi / 8)])
def test_the_area_under_a_bulge_is_that_of_the_arc_to_a_millimetre_of_sagitta(tmp_path, bulge):
    document, space = new()
    points = placed([(0, 0, bulge), (10, 0, 0), (10, 10, 0), (0, 10, 0)])
    space.add_lwpolyline(points, format="xyb", close=True, dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    angle = 4 * math.atan(abs(bulge))
    radius = 10 / 2 / math.sin(angle / 2)
    exact = 100 + math.copysign(radius**2 / 2 * (angle - math.sin(angle)), bulge)
    curve = delivery.curved[0]
    assert curve.area == pytest.approx(exact, abs=1e-6)
    assert curve.deviation <= 0.001
    assert areas(delivery)[0] == pytest.approx(exact, abs=0.001 * radius * angle)


def test_circles_and_ellipses_and_closed_splines_have_their_areas(tmp_path):
    document, space = new()
    attributes = {"layer": "JMD"}
    space.add_circle((EAST, NORTH), 50, dxfattribs=attributes)
    space.add_ellipse((EAST + 200, NORTH), major_axis=(30, 40), ratio=0.5, dxfattribs=attributes)
    spline = space.add_open_spline(placed([(0, 0), (40, 0), (40, 30), (0, 30), (0, 0)], 400), dxfattribs=attributes)
    dense = shapely.Polygon([point.xyz for point in spline.construction_tool().approximate(50_000)]).area
    circle, ellipse, drawn = areas(read(saved(document, tmp_path)))
    assert circle == pytest.approx(math.pi * 2500, abs=0.3)
    assert ellipse == pytest.approx(math.pi * 50 * 25, abs=0.3)
    assert drawn == pytest.approx(dense, abs=0.1)


def test_the_radius_decides_how_many_chords_an_ellipse_has(tmp_path):
    document, space = new()
    space.add_ellipse((EAST, NORTH), major_axis=(300, 0), ratio=0.4)
    (ring,) = read(saved(document, tmp_path)).frame.geometry
    true = ConstructionEllipse((EAST, NORTH), (300, 0), ratio=0.4)
    between = [(a + b) / 2 for a, b in zip(ring.exterior.coords.xy[0], ring.exterior.coords.xy[0][1:], strict=False)]
    assert len(between) > 500
    for x, y in list(zip(*ring.exterior.segmentize(0.5).coords.xy, strict=True))[::50]:
        angle = math.atan2((y - NORTH) / true.ratio, x - EAST)
        assert math.hypot(x - EAST - 300 * math.cos(angle), y - NORTH - 120 * math.sin(angle)) < 0.002


@pytest.mark.parametrize("gap", [0.0, 0.0005, 0.009])
def test_a_nearly_closed_polyline_is_closed_and_it_is_told_by_how_much(tmp_path, gap):
    document, space = new()
    space.add_lwpolyline(placed([*SQUARE, (0, gap)]), dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    assert areas(delivery) == [pytest.approx(100)]
    if gap:
        assert told(delivery, f"did not meet were closed (1), by {gap:.4f} m at most")
    else:
        assert told(delivery, "no ring had to be closed")


@pytest.fixture
def unfinished(tmp_path):
    """Return a function that reads a drawing of a house, what a function draws beside it, and another house."""

    def run(draw, **options):
        document, space = new()
        house(space, dx=100)
        drawn = draw(space)
        house(space, dx=200)
        return read(saved(document, tmp_path), options=ReadOptions(**options)), drawn

    return run


def line(*points, layer="JMD"):
    """Return a function that draws an open polyline."""
    return lambda space: space.add_lwpolyline(placed(points), dxfattribs={"layer": layer})


def test_a_ring_that_stays_open_is_a_row_that_is_refused_with_its_gap_place_handle_and_layer(unfinished):
    delivery, drawn = unfinished(line(*SQUARE, (0, 0.2)))
    row, fault = delivery.frame.iloc[1], delivery.faults[1]
    assert (row.source_id, row.layer, row.entity, row.geometry) == (drawn.dxf.handle, "JMD", "LWPOLYLINE", None)
    assert (fault.kind, fault.x, fault.y) == ("ring_nearly_closed", EAST, NORTH + 0.1)
    assert "its ends are 0.200 m apart" in fault.text.en
    assert "首尾相距 0.200 米,超过闭合容差 0.01 米" in fault.text.zh
    assert "--closing 0.200" in fault.remedy.zh
    assert [each and each.kind for each in delivery.faults] == [None, "ring_nearly_closed", None]
    assert told(delivery, "are rows that are refused (1; the nearest by 0.200 m)")


@pytest.mark.parametrize("gap", [0.2, 0.0123, 0.99949])
def test_allowing_for_the_gap_that_is_told_reads_the_ring(unfinished, gap):
    strict, _ = unfinished(line(*SQUARE, (0, gap)))
    allowed = float(strict.faults[1].remedy.en.partition("--closing ")[2].partition(",")[0])
    assert allowed - gap < 0.001
    lax, _ = unfinished(line(*SQUARE, (0, gap)), closing_m=allowed)
    assert areas(lax) == [100, pytest.approx(100), 100]
    assert not any(lax.faults)


@pytest.mark.parametrize(
    "points",
    [
        SQUARE,
        [(0, 0), (20, 0), (20, 10), (0, 10)],
        # the long side
        [(0, 0), (0, 8), (60, 9), (61, 0)],
        [(0, 0), (10, 0), (10, 10), (4, 10), (4, 6), (0, 6), (0, 3)],
        # on its way back it goes too far
        [*SQUARE, (0, -0.3)],
    ],
)
def test_a_polyline_that_lacks_a_side_or_goes_too_far_is_refused(unfinished, points):
    delivery, _ = unfinished(line(*points))
    assert delivery.faults[1].kind in {"ring_open", "ring_nearly_closed"}
    assert len(delivery.frame) == 3


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (10, 0)],
        [(0, 0), (10, 0), (10, 10)],
        [(0, 0), (1, 8), (2, 0)],
        [(0, 0), (10, 0), (20, 1), (30, 0), (40, 2)],
        [(0, 0), (3, 0), (3, 3), (6, 3), (6, 6)],
        [(0, 0), (4, 0), (4, 1), (8, 1), (8, 3), (12, 3)],
        # a wall that goes round its corners
        [(0, 0.2), (0, 0), (30, 0), (30, 0.2)],
        # a balcony, and steps, on the house that follows
        [(100, 2), (97, 2), (97, 5), (100, 5)],
        [(102, 0.05), (102, -2), (105, -2), (105, 0)],
    ],
)
def test_what_does_not_turn_back_or_is_drawn_against_a_house_is_a_line_and_no_building(unfinished, points):
    delivery, _ = unfinished(line(*points))
    assert areas(delivery) == [100, 100]
    assert not any(delivery.faults)
    assert told(delivery, "bound no area and were not read: LWPOLYLINE 1")
    assert told(delivery, "begin and end on the outline of an area") == (points[0][0] > 99)


@given(
    st.integers(4, 9),
    st.floats(0.5, 2),
    st.floats(0, 2 * math.pi),
    st.floats(0.011, 0.999),
    st.sampled_from([1.0, 3.0, 12.0]),
)
def test_whatever_part_of_the_last_side_of_a_house_is_missing_the_house_is_a_row(corners, squeeze, turn, share, size):
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    xy = np.column_stack([np.cos(angles) * size * squeeze, np.sin(angles) * size])
    xy = xy @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    last = xy[-1] + (1 - share) * (xy[0] - xy[-1])
    points = np.column_stack([[*xy, last], np.zeros(corners + 1)])
    shape = Shape("1F", "LWPOLYLINE", "JMD", (((Piece(points),), False),), None, 7, 0, {})
    (layer,) = find_areas(Drawing(shapes=[shape]), closing_m=0.01).values()
    (area,) = layer.areas
    gap_m = float(np.hypot(*(xy[0] - last)))
    assert (area.fault is None) == (gap_m <= 0.01)


def test_what_stands_in_a_ring_that_stays_open_is_told_with_it(unfinished):
    def named(space):
        line(*SQUARE, (0, 0.2))(space)
        space.add_text("砼6", dxfattribs={"insert": (EAST + 2, NORTH + 2), "layer": "ZJ"})

    delivery, _ = unfinished(named)
    assert delivery.frame.text.tolist() == [None, "砼6", None]
    assert delivery.frame.geometry[1] is None


def test_a_house_that_is_hardly_open_is_refused_though_the_gap_touches_its_neighbour(unfinished):
    delivery, _ = unfinished(line((100, 0), (90, 0), (90, 10), (100, 10), (100, 0.2)))
    assert [each and each.kind for each in delivery.faults] == [None, "ring_nearly_closed", None]


def test_loose_lines_with_one_gap_are_one_row_and_two_sides_of_a_wall_are_lines(unfinished):
    def walls(space):
        corners = placed([*SQUARE, (0, 0.04)])
        for start, end in pairwise(corners):
            space.add_line(start, end, dxfattribs={"layer": "JMD"})
        wall = placed([(20, 0), (26, 0), (26, 0.24), (20, 0.24)])
        for start, end in pairwise(wall):
            space.add_line(start, end, dxfattribs={"layer": "JMD"})

    delivery, _ = unfinished(walls)
    assert [each and each.kind for each in delivery.faults] == [None, "ring_nearly_closed", None]
    assert delivery.frame.source_id[1].count("+") == 3
    assert told(delivery, "bound no area and were not read: LINE 3")


def test_an_open_outline_of_what_is_drawn_there_already_is_no_row_of_its_own(unfinished):
    def filled(space):
        line(*SQUARE, (0, 0.02))(space)
        hatch = space.add_hatch(dxfattribs={"layer": "JMD"})
        hatch.paths.add_polyline_path(placed(SQUARE), is_closed=True)

    delivery, _ = unfinished(filled)
    assert areas(delivery) == [100, 100, 100]
    assert not any(delivery.faults)


def test_open_rings_of_other_layers_are_nobodys_rows(unfinished):
    delivery, _ = unfinished(line(*SQUARE, (0, 0.2), layer="DGX"))
    assert len(delivery.frame) == 2
    assert told(delivery, "Layers without areas were not read: DGX")


def test_a_layer_of_buildings_on_which_no_ring_is_closed_is_not_passed_over_for_another(tmp_path, refusal):
    document, space = new()
    house(space, layer="用地红线")
    line(*SQUARE, (0, 0.2))(space)
    line((50, 0), (60, 0), (60, 10), (50, 10))(space)
    path = saved(document, tmp_path)
    assert [(entry.name, entry.rows) for entry in list_layers(path)] == [("用地红线", 1), ("JMD", 2)]
    refused = refusal(path, crs=CRS)
    assert refused.fault.kind == "dxf_all_open"
    assert "no ring is closed (2; the nearest is open by 0.200 m)" in refused.fault.text.en
    lax = read(path, options=ReadOptions(closing_m=0.2))
    assert [fault and fault.kind for fault in lax.faults] == [None, "ring_open"]


def test_a_drawing_of_open_rings_alone_says_so_and_is_read_when_more_is_allowed(tmp_path, refusal):
    document, space = new()
    line(*SQUARE, (0, 0.2), layer="0")(space)
    path = saved(document, tmp_path)
    assert refusal(path, crs=CRS).fault.kind == "dxf_all_open"
    assert areas(read(path, options=ReadOptions(closing_m=0.2))) == [pytest.approx(100)]


def test_loose_lines_and_arcs_that_go_round_are_one_area(tmp_path):
    document, space = new()
    x, y = EAST, NORTH
    space.add_line((x, y), (x + 10, y), dxfattribs={"layer": "JMD"})
    space.add_arc((x + 10, y + 5), 5, -90, 90, dxfattribs={"layer": "JMD"})
    space.add_line((x, y + 10), (x + 10, y + 10), dxfattribs={"layer": "JMD"})
    space.add_line((x, y + 10), (x, y), dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    assert delivery.curved[0].area == pytest.approx(100 + math.pi * 12.5, abs=1e-6)
    assert delivery.frame.entity.tolist() == ["ARC+LINE"]
    assert delivery.frame.source_id[0].count("+") == 3


@pytest.mark.parametrize("gap", [0.0, 0.004])
def test_loose_lines_that_go_round_have_each_corner_once(tmp_path, gap):
    document, space = new()
    lines(space, placed(SQUARE), gap=gap)
    lines(space, placed(SQUARE, 30)[::-1], gap=gap)
    frame = read(saved(document, tmp_path)).frame
    assert [shapely.get_num_coordinates(each) for each in frame.geometry] == [5, 5]
    assert areas(read(tmp_path / "drawing.dxf")) == [pytest.approx(100, abs=10 * gap)] * 2


@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_order_and_the_direction_of_loose_lines_do_not_matter(order, turned):
    corners = [(math.cos(i), math.sin(i), 0.0) for i in range(6)]
    edges = [np.array([corners[i], corners[(i + 1) % 6]]) for i in order]
    curves = [((Piece(edge[::-1] if back else edge),), False) for edge, back in zip(edges, turned, strict=True)]
    found = find_rings(curves, 0.001)
    assert [ring.members for ring in found.rings] == [(0, 1, 2, 3, 4, 5)]
    assert not found.open


def test_lines_of_two_layers_are_no_ring(tmp_path, refusal):
    document, space = new()
    lines(space, placed(SQUARE)[:3])
    space.delete_entity(space[-1])
    space.add_line(placed(SQUARE)[2][:2], placed(SQUARE)[0][:2], dxfattribs={"layer": "DLSS"})
    refused = refusal(saved(document, tmp_path), crs=CRS)
    assert refused.fault.kind == "dxf_without_areas"
    assert "LINE 3" in refused.fault.text.zh


def test_walls_that_branch_are_nobodys_guess_and_are_told(tmp_path):
    document, space = new()
    house(space, dx=100)
    lines(space, placed(SQUARE))
    space.add_line(placed(SQUARE)[0], placed(SQUARE)[2], dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    assert len(delivery.frame) == 1
    assert told(delivery, "three or more meet in a point")
    assert told(delivery, "On “JMD” these bound no area and were not read: LINE 5")


def test_blocks_bring_their_areas_turned_scaled_and_on_the_layer_of_the_reference(tmp_path):
    document, space = new()
    inner = document.blocks.new("WING")
    inner.add_lwpolyline([(0, 0), (2, 0), (2, 2), (0, 2)], close=True)
    outer = document.blocks.new("HOUSE", base_point=(1, 1))
    outer.add_circle((0, 0), 1, dxfattribs={"layer": "0"})
    outer.add_lwpolyline(SQUARE, close=True, dxfattribs={"layer": "OTHER"})
    outer.add_blockref("WING", (20, 0), dxfattribs={"xscale": 3})
    reference = space.add_blockref(
        "HOUSE", (EAST, NORTH), dxfattribs={"layer": "JMD", "rotation": 30, "xscale": 2, "yscale": 2}
    )
    delivery = read(saved(document, tmp_path))
    assert delivery.layer == "JMD"
    assert delivery.frame.block.tolist() == ["HOUSE", "WING"]
    assert delivery.frame.source_id.str.startswith(reference.dxf.handle + "/").all()
    assert delivery.curved[0].area == pytest.approx(math.pi * 4, abs=1e-6)
    assert areas(delivery)[1] == pytest.approx(4 * 3 * 4)
    assert told(delivery, "going by its name; not read: OTHER")


def test_a_circle_in_a_squeezed_block_is_an_ellipse_to_a_millimetre(tmp_path):
    document, space = new()
    block = document.blocks.new("TOWER")
    block.add_circle((0, 0), 1)
    block.add_lwpolyline([(0, 0, 1), (2, 0, 0)], format="xyb", close=True)
    space.add_blockref("TOWER", (EAST, NORTH), dxfattribs={"layer": "JMD", "xscale": 40, "yscale": -20})
    assert areas(read(saved(document, tmp_path))) == [
        pytest.approx(math.pi * 800, abs=0.2),
        pytest.approx(math.pi * 400, abs=0.2),
    ]


def test_a_mirrored_drawing_lies_where_it_is_drawn(tmp_path):
    document, space = new()
    points = [(-x, y) for x, y in placed(SQUARE)]
    space.add_lwpolyline(points, close=True, dxfattribs={"layer": "JMD", "extrusion": (0, 0, -1)})
    space.add_circle((-EAST - 50, NORTH), 5, dxfattribs={"layer": "JMD", "extrusion": (0, 0, -1)})
    bounds = read(saved(document, tmp_path)).frame.total_bounds
    assert bounds == pytest.approx([EAST, NORTH - 5, EAST + 55, NORTH + 10])


def test_each_copy_of_an_array_is_a_building_of_its_own(tmp_path):
    document, space = new()
    document.blocks.new("ROW").add_lwpolyline(SQUARE, close=True)
    space.add_blockref(
        "ROW",
        (EAST, NORTH),
        dxfattribs={"layer": "JMD", "row_count": 3, "column_count": 4, "row_spacing": 20, "column_spacing": 30},
    )
    frame = read(saved(document, tmp_path)).frame
    assert len(frame) == frame.source_id.nunique() == 12
    assert frame.total_bounds == pytest.approx([EAST, NORTH, EAST + 100, NORTH + 50])


@pytest.mark.parametrize(("style", "expected"), [(0, 100 - 36 + 4), (1, 100 - 36), (2, 100)])
def test_a_hatch_has_its_holes_as_its_style_wants(tmp_path, style, expected):
    document, space = new()
    hatch = space.add_hatch(dxfattribs={"layer": "JMD", "hatch_style": style})
    for low, high in ((0, 10), (2, 8), (4, 6)):
        hatch.paths.add_polyline_path(placed([(low, low), (high, low), (high, high), (low, high)]), is_closed=True)
    assert areas(read(saved(document, tmp_path))) == [pytest.approx(expected)]


def test_a_hatch_of_edges_is_one_area_and_one_that_fills_an_outline_is_not_read_twice(tmp_path):
    document, space = new()
    hatch = space.add_hatch(dxfattribs={"layer": "JMD"})
    edges = hatch.paths.add_edge_path()
    x, y = EAST, NORTH
    edges.add_line((x, y), (x + 10, y))
    edges.add_arc((x + 10, y + 5), 5, -90, 90)
    edges.add_line((x + 10, y + 10), (x, y + 10))
    edges.add_line((x, y + 10), (x, y))
    house(space, dx=50)
    filling = space.add_hatch(dxfattribs={"layer": "JMD"})
    filling.paths.add_polyline_path(placed(SQUARE, 50), is_closed=True)
    delivery = read(saved(document, tmp_path))
    assert delivery.frame.entity.tolist() == ["HATCH", "LWPOLYLINE"]
    assert delivery.curved[0].area == pytest.approx(100 + math.pi * 12.5, abs=1e-6)
    assert told(delivery, "were not read twice (1)")


def test_one_layer_of_buildings_is_chosen_by_its_name_and_others_are_told(tmp_path, refusal):
    document, space = new()
    house(space)
    house(space, layer="用地红线")
    house(space, layer="DLSS")
    space.add_line((EAST, NORTH), (EAST, NORTH + 5), dxfattribs={"layer": "道路"})
    path = saved(document, tmp_path)
    assert [(entry.name, entry.rows) for entry in list_layers(path)] == [("JMD", 1), ("用地红线", 1), ("DLSS", 1)]
    delivery = read(path)
    assert delivery.layer == "JMD"
    assert told(delivery, "not read: 用地红线, DLSS")
    assert told(delivery, "Layers without areas were not read: 道路")
    assert read(path, layer="用地红线").frame.layer.tolist() == ["用地红线"]
    house(space, layer="建筑-JMD")
    assert refusal(saved(document, tmp_path), crs=CRS).fault.kind == "layer_choice"


def test_texts_within_are_names_and_the_smallest_area_around_has_them(tmp_path):
    document, space = new()
    house(space)
    space.add_lwpolyline(placed([(-50, -50), (60, -50), (60, 60), (-50, 60)]), close=True, dxfattribs={"layer": "JMD"})
    space.add_text("砼6", dxfattribs={"insert": (EAST + 2, NORTH + 2), "layer": "ZJ"})
    space.add_mtext("{\\fSimSun|b0;办公楼}\\P东区", dxfattribs={"insert": (EAST + 2, NORTH + 8), "layer": "ZJ"})
    delivery = read(saved(document, tmp_path))
    assert delivery.frame.text.tolist() == ["办公楼 东区; 砼6", None]
    assert told(delivery, "Areas that lie within another")


def test_one_text_of_a_layer_of_names_is_the_name_and_what_else_stands_there_is_none(tmp_path):
    document, space = new()

    def write(text, dx, layer="楼名"):
        space.add_text(text, dxfattribs={"insert": (EAST + dx, NORTH + 2), "layer": layer})

    for dx in (0, 20, 40, 60):
        house(space, dx=dx)
    space.add_lwpolyline(placed([(59, -1), (71, -1), (71, 11), (59, 11)]), close=True, dxfattribs={"layer": "JMD"})
    write("砼6", 2, "ZJ")
    write("办公楼", 3)
    write("东楼", 22)
    write("西楼", 24)
    write("砼3", 42, "JMD")
    # within two areas, of which either may be meant
    write("大堂", 62)
    delivery = read(saved(document, tmp_path))
    assert delivery.frame.name.tolist() == ["办公楼", None, None, None, None]
    assert delivery.frame.text.tolist() == ["砼6; 办公楼", "东楼; 西楼", "砼3", "大堂", None]


@pytest.mark.parametrize("layer", ["楼名", "建筑名称", "0-楼号", "房屋名称注记", "BLDG_NAME", "building name"])
def test_layers_of_names_are_known_by_their_names(layer):
    assert names_buildings(layer)


@pytest.mark.parametrize("layer", ["JMD", "ZJ", "建筑", "房屋注记", "路名", "楼层", "建筑面积", "TEXT", "地名", "点号"])
def test_layers_of_other_texts_are_not(layer):
    assert not names_buildings(layer)


def test_a_person_may_say_that_the_texts_are_names(tmp_path, refusal):
    document, space = new()
    house(space)
    space.add_text("办公楼", dxfattribs={"insert": (EAST + 2, NORTH + 2)})
    path = saved(document, tmp_path)
    frame = read(path, options=ReadOptions(columns={"name": "TEXT"})).frame
    assert list(frame.columns[:2]) == ["source_id", "name"]
    assert frame.name.tolist() == frame.text.tolist() == ["办公楼"]
    refused = refusal(path, crs=CRS, options=ReadOptions(columns={"name": "楼名"}))
    assert refused.fault.kind == "table_heading_unknown"
    assert "layer, entity, block, colour, text" in refused.fault.text.en


def test_codes_of_cass_and_attributes_of_blocks_are_columns(tmp_path):
    document, space = new()
    document.appids.add("SOUTH")
    house(space).set_xdata("SOUTH", [(1000, "141101"), (1000, "砖"), (1040, 3.0)])
    document.blocks.new("TOWER").add_circle((0, 0), 4)
    space.add_blockref("TOWER", (EAST + 50, NORTH), dxfattribs={"layer": "JMD"}).add_attrib("楼号", "12")
    frame = read(saved(document, tmp_path)).frame
    assert frame.SOUTH.tolist() == ["141101", None]
    assert frame.SOUTH_more.tolist() == ["砖; 3.0", None]
    assert frame["楼号"].tolist() == [None, "12"]


@pytest.mark.parametrize("form", ["asc", "bin"])
@pytest.mark.parametrize("version", ["R12", "R2000", "R2004", "R2007", "R2018"])
def test_chinese_names_are_read_in_every_version_in_text_and_binary(tmp_path, version, form):
    document, space = new(version)
    document.encoding = "gbk"
    house(space, layer="建筑物") if version != "R12" else space.add_polyline2d(
        placed(SQUARE), close=True, dxfattribs={"layer": "建筑物"}
    )
    space.add_text("办公楼", dxfattribs={"insert": (EAST + 2, NORTH + 2)})
    delivery = read(saved(document, tmp_path, fmt=form))
    assert (delivery.layer, delivery.frame.text.tolist()) == ("建筑物", ["办公楼"])
    assert areas(delivery) == [100.0]
    assert delivery.encoding.name == ("UTF-8" if version in {"R2007", "R2018"} else "GB18030")


@pytest.mark.parametrize(
    ("version", "page", "codec", "name"),
    [
        ("AC1018", "ANSI_1252", "gbk", "建筑物"),
        ("AC1032", "ANSI_936", "utf-8", "建筑物"),
        ("AC1032", "ANSI_936", "gbk", "建筑物"),
        ("AC1018", "ANSI_1252", "cp1252", "Gebäude über"),
        ("AC1018", "ANSI_950", "big5", "建築"),
        ("AC1018", "ANSI_936", "ascii", "\\U+5EFA\\U+7B51"),
        ("AC1018", "ANSI_936", "ascii", "\\M+5BDA8\\M+5D6FE"),
    ],
)
def test_the_bytes_decide_the_encoding_where_the_head_is_wrong(tmp_path, version, page, codec, name):
    document, space = new("R2018")
    house(space, layer="LAYERNAME")
    text = saved(document, tmp_path).read_text("utf-8")
    text = text.replace("AC1032", version).replace("ANSI_1252", page).replace("LAYERNAME", name)
    path = tmp_path / "other.dxf"
    path.write_bytes(text.encode(codec))
    assert list_layers(path)[0].name == ("建筑" if name.startswith("\\") else name)


def test_a_drawing_in_millimetres_is_told_and_read_in_metres(tmp_path):
    document, space = new(unit=4)
    points = [(x * 1000, y * 1000) for x, y in placed(SQUARE)]
    space.add_lwpolyline([*points, (points[0][0], points[0][1] + 5)], dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    assert areas(delivery) == [pytest.approx(100, abs=0.03)]
    assert told(delivery, "make sense in mm alone")
    assert told(delivery, "by 0.0050 m at most")


def test_metres_in_a_template_of_millimetres_stay_metres(tmp_path):
    document, space = new(unit=4)
    house(space)
    delivery = read(saved(document, tmp_path))
    assert areas(delivery) == [100.0]
    assert told(delivery, "The head states “mm” as the unit, but")


def test_a_unit_that_nothing_bears_out_is_asked_for(tmp_path, refusal):
    document, space = new(unit=4)
    space.add_lwpolyline([(x * 1000, y * 1000) for x, y in SQUARE], close=True)
    path = saved(document, tmp_path)
    assert refusal(path, crs=CRS).fault.kind == "dxf_unit"
    assert areas(read(path, options=ReadOptions(drawing_unit="mm"))) == [pytest.approx(100)]
    assert refusal(path, crs=CRS, options=ReadOptions(drawing_unit="ell")).fault.kind == "dxf_unit_unknown"


def test_degrees_are_no_drawing(tmp_path, refusal):
    document, space = new()
    space.add_lwpolyline([(113.6, 34.7), (113.7, 34.7), (113.7, 34.8)], close=True)
    assert refusal(saved(document, tmp_path), crs=CRS).fault.kind == "dxf_degrees"


def test_sheets_references_and_what_is_hidden_are_left_aside_with_a_word(tmp_path):
    document, space = new()
    house(space)
    house(document.paperspace())
    house(space, dx=50, invisible=1)
    document.add_xref_def("/etc/passwd", "NEIGHBOUR")
    space.add_blockref("NEIGHBOUR", (EAST, NORTH))
    clipped = document.blocks.new("CLIPPED")
    clipped.add_lwpolyline(SQUARE, close=True)
    XClip(space.add_blockref("CLIPPED", (EAST, NORTH))).set_block_clipping_path([(0, 0), (5, 5)])
    space.add_3dface(placed([(0, 0, 0), (1, 0, 0), (1, 1, 0)]), dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    assert len(delivery.frame) == 1
    for sentence in (
        "Entities on sheets (paper space) were not read (1)",
        "Invisible entities were not read (1)",
        "not opened: NEIGHBOUR",
        "Clipped references to blocks were not read (1)",
        "On “JMD” these bound no area and were not read: 3DFACE 1",
    ):
        assert told(delivery, sentence)


def test_every_entity_is_accounted_for(tmp_path):
    document, space = new()
    for number in range(5):
        house(space, dx=20 * number)
    lines(space, placed(SQUARE, 200))
    for kind in range(3):
        space.add_point((EAST + kind, NORTH), dxfattribs={"layer": "JMD"})
    space.add_lwpolyline(placed([(0, 0)]), close=True, dxfattribs={"layer": "JMD"})
    space.add_lwpolyline(placed([(0, 0), (1, 0)]), close=True, dxfattribs={"layer": "JMD"})
    delivery = read(saved(document, tmp_path))
    faults = [fault.kind for fault in delivery.faults if fault]
    assert len(delivery.frame) - len(faults) == 6
    assert faults == ["geometry_short_ring"] * 2
    assert told(delivery, "these bound no area and were not read: POINT 3.")


def test_a_file_cut_in_half_is_refused(tmp_path, refusal):
    document, space = new()
    for number in range(50):
        house(space, dx=20 * number)
    path = saved(document, tmp_path)
    content = path.read_bytes()
    for share in (0.3, 0.5, 0.9, 0.999):
        path.write_bytes(content[: int(len(content) * share)])
        assert refusal(path, crs=CRS).fault.kind in {"dxf_cut", "dxf_broken", "format_text"}
    document.saveas(path, fmt="bin")
    path.write_bytes(path.read_bytes()[:-300])
    assert refusal(path, crs=CRS).fault.kind == "dxf_cut"


def test_a_line_that_is_no_tag_is_named(tmp_path, refusal):
    document, space = new()
    house(space)
    path = saved(document, tmp_path)
    rows = path.read_text("utf-8").split("\n")
    rows[40] = "oops"
    path.write_text("\n".join(rows), "utf-8")
    refused = refusal(path, crs=CRS)
    assert (refused.fault.kind, refused.line) == ("dxf_broken", 41)


def test_a_block_within_itself_and_an_array_of_billions_are_refused(tmp_path, refusal, monkeypatch):
    document, space = new()
    house(space)
    block = document.blocks.new("LOOP")
    block.add_blockref("LOOP", (1, 1))
    space.add_blockref("LOOP", (EAST, NORTH))
    assert refusal(saved(document, tmp_path), crs=CRS).fault.kind == "dxf_block_depth"
    monkeypatch.setattr("layers.dxf.drawing.MAX_SHAPES", 5_000)
    document, space = new()
    document.blocks.new("ONE").add_circle((0, 0), 1)
    array = {"row_count": 32_000, "column_count": 32_000, "row_spacing": 1, "column_spacing": 1}
    space.add_blockref("ONE", (EAST, NORTH), dxfattribs=array)
    assert refusal(saved(document, tmp_path), crs=CRS).fault.kind == "dxf_too_many"
    for depth in range(12):
        block = document.blocks.new(f"B{depth}")
        for _ in range(10):
            block.add_blockref(f"B{depth + 1}" if depth < 11 else "ONE", (1, 1))
    space.delete_all_entities()
    space.add_blockref("B0", (EAST, NORTH))
    assert refusal(saved(document, tmp_path), crs=CRS).fault.kind == "dxf_too_many"


def test_a_hatch_of_a_billion_lines_costs_nothing(tmp_path):
    document, space = new()
    hatch = space.add_hatch(dxfattribs={"layer": "JMD"})
    hatch.set_pattern_fill("ANSI31", scale=1e-9)
    hatch.paths.add_polyline_path(placed(SQUARE), is_closed=True)
    assert areas(read(saved(document, tmp_path))) == [100.0]


def test_a_drawing_without_crs_is_asked_for_it_as_any_file_is(tmp_path, refusal):
    document, space = new()
    house(space)
    assert refusal(saved(document, tmp_path)).fault.kind.startswith("crs_ask")


# what each of the drawings of others has: areas by layer, or why it is refused
OTHERS = {
    "blocks1": {"0": 4},
    "closedlwpolylinebug": {"0": 1},
    "entities": {"boxes": 29, "entities": 17},
    "hatch_issues": {"0": 12},
    "houses_of_parliament_georeferenced": {"0": 1},
    "layers": {"dashedred": 1, "solidblue1mm": 1, "0": 1},
    "recover02": {"Lines": 2, "Vport": 1},
    "testModelPaperSpace": {"0": 1},
    "xclip": {"0": 2},
    "Graz_10km_3m": "dxf_without_areas",
    "splines": "dxf_without_areas",
    "issue28": "dxf_encoding",
    "Ceco.NET-Architecture-Tm-53": {"wall high": 11, "texture": 30},
}
# an architect's lines, of which six go round but for 22 mm
OPEN = {"wall high": ["ring_nearly_closed"]}


@pytest.mark.parametrize("name", OTHERS)
def test_drawings_of_other_programs_are_read_or_refused_with_a_sentence(tmp_path, shared_data, name):
    path = tmp_path / f"{name}.dxf"
    path.write_bytes(gzip.decompress(shared_data(f"dxf/{name}.dxf.gz").read_bytes()))
    options, expected = ReadOptions(drawing_unit="m"), OTHERS[name]
    if isinstance(expected, str):
        with pytest.raises(RefusedFile) as caught:
            read(path, options=options)
        assert caught.value.fault.kind == expected
        return
    for layer, count in expected.items():
        delivery = read(path, layer=layer, options=options)
        assert len(delivery.frame) == count
        assert (delivery.frame.geometry.dropna().area > 0).all()
        assert [fault.kind for fault in delivery.faults if fault] == OPEN.get(layer, [])


def test_the_areas_of_other_programs_drawings_are_those_that_are_drawn(tmp_path, shared_data):
    def areas_of(name, layer):
        path = tmp_path / f"{name}.dxf"
        path.write_bytes(gzip.decompress(shared_data(f"dxf/{name}.dxf.gz").read_bytes()))
        return areas(read(path, layer=layer, options=ReadOptions(drawing_unit="m")))

    assert areas_of("blocks1", "0") == pytest.approx([3600, math.pi * 400, 7200, math.pi * 800], rel=1e-4)
    assert areas_of("closedlwpolylinebug", "0") == [300.0]
    assert areas_of("layers", "dashedred") == [6400.0]


def test_what_gdal_writes_is_read(tmp_path):
    path = tmp_path / "gdal.dxf"
    code = (
        "import sys, numpy as np, shapely, pyogrio.raw as raw\n"
        "rings = [shapely.box(438000 + 20 * i, 3850000, 438010 + 20 * i, 3850008) for i in range(7)]\n"
        "raw.write(sys.argv[1], shapely.to_wkb(np.array(rings)), [np.array(['JMD'] * 7, object)], ['Layer'],"
        " driver='DXF', geometry_type='Polygon', crs='EPSG:4547')\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this GDAL writes no DXF")
    delivery = read(path)
    assert areas(delivery) == [80.0] * 7
    assert delivery.frame.entity.unique().tolist() == ["HATCH"]


def test_the_line_ends_of_windows_need_no_recovery(tmp_path, monkeypatch):
    monkeypatch.setattr("layers.dxf.reader.recover", None)
    document, space = new("R2000")
    house(space, layer="建筑物")
    path = saved(document, tmp_path, encoding="gbk")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(path).layer == "建筑物"


def test_a_zipped_drawing_is_read_and_one_without_areas_does_not_stand_in_the_way(tmp_path):
    document, space = new()
    house(space)
    drawing = saved(document, tmp_path)
    path = tmp_path / "delivery.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(drawing, "图/一层.dxf")
    assert read(path).format == "DXF in zip"
    space.delete_all_entities()
    space.add_line((EAST, NORTH), (EAST, NORTH + 1))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(saved(document, tmp_path), "roads.dxf")
        archive.writestr("houses.geojson", shapely.to_geojson(shapely.box(113, 34, 114, 35)))
    assert read_delivery(path).layer == "houses"


def test_a_layer_that_is_off_is_read_with_a_word(tmp_path):
    document, space = new()
    document.layers.add("JMD").off()
    house(space)
    assert told(read(saved(document, tmp_path)), "off or frozen")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["JMD", "0", "DLSS"], {"JMD"}),
        (["0-JMD", "jmd"], {"0-JMD", "jmd"}),
        (["建筑物", "建筑红线", "建筑标注"], {"建筑物"}),
        (["JMD", "建筑"], {"JMD"}),
        (["用地红线", "TK"], {"用地红线"}),
        (["A-BUILDING", "SITE"], {"A-BUILDING"}),
        (["房屋注记", "JMDZJ", "DIM"], set()),
    ],
)
def test_layers_of_buildings_are_known_by_their_names(names, expected):
    assert likely_layers(names) == expected


def geodata(space, reference):
    location = space.new_geodata()
    location.setup_local_grid(design_point=(0, 0), reference_point=reference)
    location.coordinate_system_definition = (
        '<?xml version="1.0" encoding="UTF-16" standalone="no" ?><Dictionary version="1.0" '
        'xmlns="http://www.osgeo.org/mapguide/coordinatesystem"><Alias id="4547" type="CoordinateSystem">'
        "<ObjectId>X</ObjectId><Namespace>EPSG Code</Namespace></Alias>"
        '<Axis uom="METER"><CoordinateSystemAxis><AxisOrder>1</AxisOrder><AxisName>Easting</AxisName>'
        "<AxisAbbreviation>E</AxisAbbreviation><AxisDirection>east</AxisDirection></CoordinateSystemAxis>"
        "<CoordinateSystemAxis><AxisOrder>2</AxisOrder><AxisName>Northing</AxisName>"
        "<AxisAbbreviation>N</AxisAbbreviation><AxisDirection>north</AxisDirection></CoordinateSystemAxis></Axis>"
        "</Dictionary>"
    )


def test_a_geographic_location_states_the_crs_unless_it_moves_the_drawing(tmp_path, refusal):
    document, space = new()
    house(space)
    geodata(space, (0, 0))
    assert read_delivery(saved(document, tmp_path)).crs_name == CRS
    document, space = new()
    house(space)
    geodata(space, (7, 0))
    path = saved(document, tmp_path)
    assert refusal(path).fault.kind.startswith("crs_ask")
    assert told(read(path), "in EPSG:4547, shifted or turned")
