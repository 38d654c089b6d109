"""Cutting with short cuts: what is told without GEOS, or cut from a piece of a large polygon, is what GEOS cuts."""

import numpy as np
import pandas as pd
import pytest
import shapely

from blueprint.cutting import cut, cut_away, cut_pairs, take_polygons
from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import index
from blueprint.narrowing import narrow
from tests.blueprint.test_edge_areas import blocks, star
from tests.blueprint.test_overlay import POISON


@pytest.fixture(scope="module")
def lake():
    """Return a lake of 5,000 vertices, and buildings around, in and across its shore, each with it."""
    rng = np.random.default_rng(11)
    buildings = blocks(rng, 300, 400)
    return buildings, np.full(len(buildings), star(rng, 5_000, 350), dtype=object)


def test_both_sides_are_what_geos_cuts(lake):
    result = cut(*lake)
    assert set(result.engine_mode) == {"float"}
    for ours, theirs in ((result.inside, shapely.intersection(*lake)), (result.outside, shapely.difference(*lake))):
        assert shapely.area(ours) == pytest.approx(shapely.area(theirs), abs=1e-9)
        assert shapely.is_valid(ours).all()
        assert shapely.area(shapely.symmetric_difference(ours, theirs)).max() < 1e-6


def test_what_lies_in_or_off_a_polygon_is_left_as_it_is(lake):
    buildings, lakes = lake
    result = cut(*lake)
    within, off = shapely.contains_properly(lakes, buildings), shapely.disjoint(lakes, buildings)
    assert all(a is b for a, b in zip(result.inside[within], buildings[within], strict=True))
    assert shapely.is_empty(result.outside[within]).all()
    assert shapely.equals(result.outside[off], buildings[off]).all()
    assert shapely.is_empty(result.inside[off]).all()
    assert within.any()
    assert off.any()


def test_a_side_that_is_not_wanted_is_not_cut(lake):
    both, inner, outer = cut(*lake), cut(*lake, outside=False), cut(*lake, inside=False)
    assert pd.isna(inner.outside).all()
    assert pd.isna(outer.inside).all()
    assert shapely.equals_exact(inner.inside, both.inside).all()
    assert shapely.equals_exact(outer.outside, both.outside).all()


def test_a_large_polygon_is_narrowed_to_what_is_near_and_small_ones_are_left(lake):
    buildings, lakes = lake
    near = narrow(*lake)
    assert shapely.get_num_coordinates(near).mean() < 200
    assert shapely.area(shapely.intersection(buildings, near)) == pytest.approx(
        shapely.area(shapely.intersection(*lake)), abs=1e-9
    )
    assert narrow(lakes, buildings) is buildings


def test_pairs_of_layers_that_are_kept_are_cut_like_single_ones(lake):
    buildings, lakes = take_polygons(lake[0]), take_polygons(lake[1][:1])
    pairs = shared_areas(index(buildings.edges, buildings.unusable), index(lakes.edges, lakes.unusable))
    kept, single = cut_pairs(buildings, lakes, pairs), cut(lake[0][pairs.left], lake[1][pairs.left])
    assert shapely.equals(kept.inside, single.inside).all()
    assert shapely.equals(kept.outside, single.outside).all()


def test_what_lies_outside_of_several_is_what_their_union_leaves():
    rng = np.random.default_rng(12)
    parcels, green = blocks(rng, 80, 100), blocks(rng, 60, 100)
    result = cut_away(take_polygons(parcels), take_polygons(green))
    expected = shapely.difference(parcels, shapely.union_all(green))
    assert shapely.area(result.outside) == pytest.approx(shapely.area(expected), abs=1e-9)
    assert pd.isna(result.error).all()


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_an_unusable_polygon_takes_nothing_away_and_has_nothing_taken(poison):
    sound, bad = shapely.box(0, 0, 5, 5), take_polygons(np.array([poison, shapely.box(4, 0, 9, 9)], dtype=object))
    result = cut_away(take_polygons(np.array([sound, poison], dtype=object)), bad)
    assert result.outside[0].area == 20
    assert result.error[0] is None
    assert result.error[1].endswith(".")


def test_a_collection_is_cut_along_the_ground_of_its_polygons_once():
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 6, 6), shapely.box(4, 0, 9, 6), shapely.Point(20, 20)])
    result = cut(np.array([shapely.box(3, 3, 12, 12)], dtype=object), np.array([mixed], dtype=object))
    assert (result.error[0], result.inside[0].area) == (None, 18)
