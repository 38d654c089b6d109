"""The integer kernel against an oracle that shares nothing with it: other formulas, in fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocode import centroids as kernel
from geocode.centroids import centroids
from geocode.rings import Rings

# 180° in units of 1e-8
FAR = 18 * 10**9


def oracle(footprint):
    """Return twice the area and the centroid, by ∮x²/2 dy and −∮y²/2 dx, in fractions; rounding is Python's own."""
    area = moment_x = moment_y = Fraction(0)
    for ring, is_hole in footprint:
        a = mx = my = Fraction(0)
        for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
            a += Fraction((y1 - y0) * (x0 + x1), 2)
            mx += Fraction((y1 - y0) * (x0 * x0 + x0 * x1 + x1 * x1), 6)
            my -= Fraction((x1 - x0) * (y0 * y0 + y0 * y1 + y1 * y1), 6)
        sign = (a > 0) - (a < 0)
        sign = -sign if is_hole else sign
        area, moment_x, moment_y = area + sign * a, moment_x + sign * mx, moment_y + sign * my
    if area <= 0:
        return 2 * area, None, None
    centre = round(moment_x / area), round(moment_y / area)
    ordinates = zip(*(vertex for ring, _ in footprint for vertex in ring), strict=True)
    is_within = all(min(each) <= middle <= max(each) for middle, each in zip(centre, ordinates, strict=True))
    return (2 * area, *centre) if is_within else (0, None, None)


def measured(footprints):
    closed = [(ring + ring[:1], is_hole, row) for row, rings in enumerate(footprints) for ring, is_hole in rings]
    x, y = np.array([vertex for ring, _, _ in closed for vertex in ring], dtype=np.int64).T
    lengths = [len(ring) for ring, _, _ in closed]
    rings = Rings(
        x=x.astype(float),
        y=y.astype(float),
        starts=np.cumsum([0, *lengths]),
        is_hole=np.array([is_hole for _, is_hole, _ in closed]),
        first=np.cumsum([0, *(len(rings) for rings in footprints)]),
    )
    return centroids(np.ascontiguousarray(x), np.ascontiguousarray(y), rings, np.ones(len(footprints), dtype=bool))


def check(footprints):
    found = measured(footprints)
    for row, footprint in enumerate(footprints):
        area, x, y = oracle(footprint)
        assert found.double_area[row] == float(area)
        if area > 0:
            assert (found.x[row], found.y[row]) == (x, y)


def rings_of_size(size):
    @st.composite
    def ring(draw):
        x, y = draw(st.integers(-FAR, FAR)), draw(st.integers(-FAR // 2, FAR // 2))
        offset = st.integers(0, size)
        vertices = draw(st.lists(st.tuples(offset, offset), min_size=3, max_size=8))
        return [(x + dx, y + dy) for dx, dy in vertices]

    return ring()


sizes = st.integers(1, 35).map(lambda bits: 2**bits)


@given(st.lists(sizes.flatmap(rings_of_size), min_size=1, max_size=5))
def test_single_rings_of_any_shape_and_size_are_exact(rings):
    check([[(ring, False)] for ring in rings])


@given(st.data())
def test_holes_and_parts_of_any_size_are_exact(data):
    size = data.draw(sizes)
    corner = data.draw(st.integers(-FAR // 2, FAR // 2))
    vertices = st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), min_size=3, max_size=7)
    footprints = data.draw(
        st.lists(st.lists(st.tuples(vertices, st.booleans()), min_size=1, max_size=4), min_size=1, max_size=3)
    )
    check([[([(corner + x, corner + y) for x, y in ring], hole) for ring, hole in rings] for rings in footprints])


@given(st.integers(3, 60), st.integers(-2000, 2000), st.data())
def test_both_sides_of_the_width_limit_are_exact(count, beyond, data):
    limit = int((2**61 / (count + 1)) ** (1 / 3))
    size = limit + beyond
    corner = data.draw(st.integers(-FAR, FAR))
    fill = data.draw(st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), min_size=count, max_size=count))
    # the largest sums that the box allows: the far corner visited from the near one
    ring = [(corner, 0), (corner + size, 0), (corner + size, size), *[(corner + x, y) for x, y in fill[3:]]]
    check([[(ring, False)], [([(0, 0), (2, 0), (2, 3)], False)]])


@given(st.lists(st.sampled_from([2, 10, 1000, 10**5]).flatmap(rings_of_size), min_size=1, max_size=6))
def test_the_unbounded_path_and_the_64_bit_path_agree(rings):
    footprints = [[(ring, False)] for ring in rings]
    narrow = measured(footprints)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "INT64_LIMIT", 0.0)
        wide = measured(footprints)
    good = narrow.double_area > 0
    assert (narrow.double_area == wide.double_area).all()
    assert (narrow.x[good] == wide.x[good]).all()
    assert (narrow.y[good] == wide.y[good]).all()


def test_a_terminal_of_three_kilometres_with_20000_vertices_is_exact():
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * math.pi, 20_000, endpoint=False)
    radii = rng.integers(1_400_000, 1_500_000, 20_000)
    x = (12_650_000_000 + np.rint(radii * np.cos(turns))).astype(int)
    y = (4_380_000_000 + np.rint(radii * np.sin(turns))).astype(int)
    check([[(list(zip(x.tolist(), y.tolist(), strict=True)), False)]])


def box(x, y, width, height):
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


@pytest.mark.parametrize("limit", [float(2**63), 0.0], ids=["64 bits", "unbounded"])
@pytest.mark.parametrize(
    ("start", "width", "middle"),
    [
        (0, 1, 0),
        (1, 1, 2),
        (2, 1, 2),
        (0, 3, 2),
        (4, 3, 6),
        (-1, 1, 0),
        (-2, 1, -2),
        (-3, 1, -2),
        (-6, 5, -4),
        (7, 2, 8),
    ],
)
def test_a_tie_goes_to_the_even_unit(monkeypatch, limit, start, width, middle):
    monkeypatch.setattr(kernel, "INT64_LIMIT", limit)
    found = measured([[(box(start, 10, width, 4), False)], [(box(10, start, 4, width), False)]])
    assert found.x.tolist() == [middle, 12]
    assert found.y.tolist() == [12, middle]


@pytest.mark.parametrize("limit", [float(2**63), 0.0], ids=["64 bits", "unbounded"])
def test_a_tie_beside_a_courtyard_and_a_triangle_goes_to_the_even_unit(monkeypatch, limit):
    monkeypatch.setattr(kernel, "INT64_LIMIT", limit)
    # x = 2.5 by symmetry, with a hole; the triangle (0 0, 3 0, 0 3) has its centroid at 1, 1, moved by halves: 2.5
    courtyard = [(box(0, 0, 5, 8), False), (box(2, 2, 1, 1), True)]
    pair = [(box(0, 0, 2, 2), False), (box(3, 0, 2, 2), False)]
    found = measured([courtyard, pair])
    assert found.x.tolist() == [2, 2]


@pytest.mark.parametrize("limit", [float(2**63), 0.0], ids=["64 bits", "unbounded"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_ring_that_snapping_folded_into_no_area_counts_for_nothing(monkeypatch, limit, backwards):
    monkeypatch.setattr(kernel, "INT64_LIMIT", limit)
    # such as (1.6 1.6, 2.51 2.51, 3.4 2.1, 2.49 3.4), which is simple as drawn
    folded = [(2, 2), (3, 3), (3, 2), (2, 3)]
    rings = [(box(0, 0, 5, 5), False), (folded[::-1] if backwards else folded, True)]
    # without the hole x = 2.5, a tie: the least thing would turn it
    found = measured([rings])
    assert (found.x[0], found.y[0], found.double_area[0]) == (2, 2, 50)


def test_rings_without_area_have_none():
    found = measured([[([(0, 0), (5, 5), (9, 9)], False)], [(box(0, 0, 2, 2), False), (box(0, 0, 2, 2), True)]])
    assert found.double_area.tolist() == [0, 0]
