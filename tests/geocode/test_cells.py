"""H3 cells and their numbers: one order, contiguous ranges."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode.cells import (
    CELL_COUNT,
    cell_boundary,
    cell_centre,
    cell_descendants,
    cell_number,
    cell_numbers,
    cell_parent,
    cell_resolution,
    cell_texts,
    cells_of,
    cells_on,
    cells_within,
    is_cell_number,
    number_cell,
)
from geocode.codes import code_texts

places = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
numbers = st.integers(0, CELL_COUNT - 1).filter(is_cell_number)


def cells_at(points):
    lon, lat = np.array(points).T
    return cells_of(lon, lat)


@given(st.lists(places, min_size=1, max_size=30))
def test_cells_and_numbers_are_one_to_one(points):
    cells = cells_at(points)
    assert [number_cell(number) for number in cell_numbers(cells).tolist()] == cells.tolist()
    assert [cell_number(cell) for cell in cells.tolist()] == cell_numbers(cells).tolist()


@given(st.lists(places, min_size=2, max_size=30))
def test_codes_in_text_order_are_cells_in_h3_order(points):
    cells = cells_at(points)
    texts = code_texts(cell_numbers(cells), np.zeros(len(cells), dtype=np.int64))
    by_text = cells[np.argsort(texts, kind="stable")]
    assert (by_text[:-1] <= by_text[1:]).all()
    assert (np.argsort(cell_texts(cells), kind="stable") == np.argsort(cells, kind="stable")).all()


@given(numbers, st.integers(0, 14), st.data())
def test_every_coarser_cell_is_one_contiguous_range_of_numbers(number, resolution, data):
    size = 7 ** (15 - resolution)
    first = number - number % size
    near = st.integers(max(0, first - size), min(CELL_COUNT - 1, first + 2 * size))
    other = data.draw(near.filter(is_cell_number))
    same_parent = cell_parent(number_cell(number), resolution) == cell_parent(number_cell(other), resolution)
    assert same_parent == (first <= other < first + size)


@given(st.lists(places, min_size=1, max_size=30))
def test_texts_are_the_cells_in_hexadecimal(points):
    cells = cells_at(points)
    assert cell_texts(cells).tolist() == [f"{cell:x}" for cell in cells.tolist()]


def test_no_points_have_no_cells():
    nothing = np.empty(0)
    assert cell_texts(cells_of(nothing, nothing)).tolist() == []


@given(numbers)
def test_a_cell_holds_its_own_centre(number):
    centre = cell_centre(number_cell(number))
    assert cells_at([centre]).tolist() == [number_cell(number)]


@given(st.integers(-(10**6), -1) | st.integers(CELL_COUNT, 31**10))
def test_a_number_out_of_range_is_no_cell(number):
    assert not is_cell_number(number)


def test_the_gap_of_every_pentagon_is_no_cell():
    pentagons = [4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117]
    gaps = [base for base in range(122) if not is_cell_number(base * 7**15 + 7**14)]
    assert gaps == pentagons


def test_cells_published_by_h3_have_their_published_corners(shared_data):
    blocks = shared_data("vectors_h3/rand15cells.txt").read_text(encoding="ascii").split("}")[:-1]
    assert len(blocks) > 100
    for block in blocks:
        cell, _, *corners = block.split("\n")[block.startswith("\n") :]
        lat, lon = np.array([corner.split() for corner in corners if corner.strip()], dtype=float).T
        found_lon, found_lat = np.array(cell_boundary(int(cell, 16))).T
        assert np.allclose(found_lat, lat, rtol=0, atol=1e-9)
        assert np.allclose((found_lon - lon + 180) % 360 - 180, 0, rtol=0, atol=1e-9)


def test_the_cells_within_a_polygon_lie_whole_in_it_and_leave_no_cell_out():
    area = shapely.box(126.55, 43.83, 126.57, 43.85)
    cells = cells_within(area, 9)
    assert cells == sorted(cells)
    assert {cell_resolution(cell) for cell in cells} == {9}
    shapes = [shapely.Polygon(cell_boundary(cell)) for cell in cells]
    assert all(area.contains(shape) for shape in shapes)
    inner = shapely.buffer(area, -0.006)
    assert inner.within(shapely.union_all(shapes).buffer(1e-9))


@given(places, st.integers(0, 14))
def test_a_cells_descendants_are_all_between_its_first_and_its_last(point, resolution):
    (cell,) = cells_at([point]).tolist()
    parent = cell_parent(cell, resolution)
    first, last = cell_descendants(parent)
    assert first <= cell <= last
    assert [cell_parent(each, resolution) for each in (first, last)] == [parent, parent]
    assert all(
        cell_parent(each, resolution) != parent
        for each in cells_at([point, (-point[0], -point[1])]).tolist()
        if not first <= each <= last
    )


@given(st.floats(73, 134), st.floats(4, 53), st.floats(0.01, 0.5), st.integers(3, 6))
def test_the_cells_on_a_box_cover_it_and_each_has_ground_there(west, south, size_deg, resolution):
    box = shapely.box(west, south, west + size_deg, south + size_deg)
    cells = cells_on(*box.bounds, resolution)
    shapes = [shapely.Polygon(cell_boundary(cell)) for cell in cells]
    assert {cell_resolution(cell) for cell in cells} == {resolution}
    assert box.within(shapely.union_all(shapes).buffer(1e-9))
    assert all(shape.intersects(box) for shape in shapes)
