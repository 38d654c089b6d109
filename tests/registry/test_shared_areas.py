"""The ground that pairs of footprints share, against an overlay."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from registry.relating import shared_areas as module
from registry.relating.shared_areas import shared_areas

ORIGIN = (540_000.0, 4_850_000.0)
seeds = st.integers(0, 2**32)


def star(rng, corners, *, hole=False):
    """Return a polygon whose corners lie around a middle, each at a distance of its own."""
    turns = (np.arange(corners) + rng.uniform(0.2, 0.8, corners)) * 2 * np.pi / corners
    shape = shapely.Polygon(np.column_stack([np.cos(turns), np.sin(turns)]) * rng.uniform(5, 20, (corners, 1)))
    return shape.difference(shapely.Point(0, 0).buffer(3)) if hole else shape


def shapes(rng, count):
    """Return stars with and without holes, some of them several in one, where a city has its coordinates."""
    drawn = [
        translate(star(rng, int(rng.integers(5, 12)), hole=bool(i % 2)), *rng.uniform(-15, 15, 2)) for i in range(count)
    ]
    drawn[0] = shapely.union_all([drawn[0], translate(drawn[0], 60, 0)])
    moved = [translate(shape, *ORIGIN) for shape in drawn]
    return np.array([shape for shape in moved if shape.is_valid and shape.area > 0], dtype=object)


@pytest.mark.parametrize("many", [4_096, 16])
@given(seed=seeds)
@settings(max_examples=25)
def test_what_two_footprints_share_is_what_an_overlay_finds(many, seed):
    rng = np.random.default_rng(seed)
    left, right = shapes(rng, 6), shapes(rng, 5)
    i, j = (each.ravel() for each in np.indices((len(left), len(right))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MANY_EDGE_PAIRS", many)
        patch.setattr(module, "_MOST_EDGE_PAIRS", many)
        shared = shared_areas(left, right, i, j)
    assert shared == pytest.approx(shapely.area(shapely.intersection(left[i], right[j])), abs=1e-6, rel=1e-9)


@given(widths=st.lists(st.floats(3, 40), min_size=2, max_size=6), turn_deg=st.floats(0, 360))
@settings(max_examples=25)
def test_houses_wall_to_wall_share_nothing(street, widths, turn_deg):
    houses = np.array([translate(house, *ORIGIN) for house in street(widths, turn_deg=turn_deg)], dtype=object)
    i = np.arange(len(houses) - 1)
    slivers_m2 = 12 * 0.0005 * 2  # their corners are in whole millimetres, each its own way
    assert (shared_areas(houses, houses, i, i + 1) <= slivers_m2).all()
    assert shared_areas(houses, houses, i, i) == pytest.approx(shapely.area(houses)[i])


def test_what_only_touches_shares_exactly_nothing():
    one = rotate(shapely.box(0, 0, 10, 10), 0)
    beside = np.array([shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20), shapely.box(30, 0, 40, 10)])
    assert shared_areas(np.array([one]), beside, np.zeros(3, dtype=int), np.arange(3)).tolist() == [0, 0, 0]
    nothing = np.empty(0, dtype=np.intp)
    assert len(shared_areas(beside, beside, nothing, nothing)) == 0


def test_a_house_in_a_courtyard_shares_nothing_with_the_block():
    block = np.array([shapely.box(0, 0, 50, 50).difference(shapely.box(10, 10, 40, 40))])
    house = np.array([shapely.box(15, 15, 30, 30)])
    assert shared_areas(block, house, np.array([0]), np.array([0])).tolist() == [0]
