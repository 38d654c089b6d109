"""Tiles that are kept: for how long, and how many."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from geocode.cells import cells_of
from store.tiles import DEGREES, WEB_MERCATOR, GroundChange
from workflows.kept_tiles import FIRST_BUILDING_ZOOM, KeptTiles, Tile, TilePlace
from workflows.tile_grids import find_matrix_set
from workflows.tile_overviews import cells_shown

HEAD = (7, b"hash")
# at 126.7° E, 43.7° N: the addresses that the tests of the API know
PLACES = [TilePlace(WEB_MERCATOR, 16, 55833, 23905), TilePlace(DEGREES, 16, 55833, 8428)]
HERE = (126.7000, 43.7000, 126.7004, 43.7002)
GRIDS = {WEB_MERCATOR: "WebMercatorQuad", DEGREES: "CGCS2000Quad"}


def change(*boxes):
    return GroundChange(*HEAD, np.array(boxes, dtype=float).reshape(-1, 4))


def kept(*places, most_bytes=1_000_000):
    tiles = KeptTiles(most_bytes=most_bytes)
    for place in places:
        tiles.keep(place, Tile.of(b"tile"), place)
    return tiles


@pytest.mark.parametrize("place", PLACES)
def test_a_tile_goes_when_something_changes_on_its_ground_and_stays_when_it_does_elsewhere(place):
    tiles = kept(place)
    tiles.advance(change((126.8, 43.7, 126.81, 43.71)))
    assert (tiles.find(place), tiles.head) == (Tile.of(b"tile"), HEAD)
    tiles.advance(change((126.8, 43.7, 126.81, 43.71), HERE))
    assert tiles.find(place) is None


@pytest.mark.parametrize("place", PLACES)
def test_a_tile_goes_when_something_changes_in_its_margin(place):
    (west, south, east, north) = find_matrix_set(GRIDS[place.grid]).matrices.bounds(place.x, place.y, place.z)
    margin_deg = (east - west) / 64
    for box, goes in (
        ((east, south, east + 1e-5, north), True),
        ((east + 3 * margin_deg, south, east + 1, north), False),
    ):
        tiles = kept(place)
        tiles.advance(change(box))
        assert (tiles.find(place) is None) is goes


@pytest.mark.parametrize("place", PLACES)
def test_a_change_of_a_whole_province_reaches_every_tile_in_it(place):
    tiles = kept(place)
    tiles.advance(change((121.6, 40.8, 131.4, 46.4)))
    assert tiles.find(place) is None


def test_all_tiles_of_the_register_go_when_nobody_knows_what_has_changed_and_those_of_editions_stay():
    tiles = kept(*PLACES)
    tiles.keep("edition", Tile.of(b"layer"), None)
    tiles.advance(GroundChange(*HEAD, None))
    assert [tiles.find(place) for place in PLACES] == [None, None]
    assert tiles.find("edition") == Tile.of(b"layer")


def test_the_tiles_asked_for_last_are_kept_up_to_a_number_of_bytes():
    places = [TilePlace(WEB_MERCATOR, 16, x, 23905) for x in range(10)]
    tiles = kept(*places[:3], most_bytes=3 * (4 + 600))
    assert tiles.find(places[0]) is not None
    tiles.keep(places[3], Tile.of(b"tile"), places[3])
    assert [tiles.find(place) is not None for place in places[:4]] == [True, False, True, True]
    assert len(KeptTiles(most_bytes=0)) == len(kept(*places, most_bytes=0)) == 0


@given(
    zoom=st.integers(8, 20),
    lon_deg=st.floats(73, 135),
    lat_deg=st.floats(4, 54),
    grid=st.sampled_from([WEB_MERCATOR, DEGREES]),
)
def test_a_tile_on_which_something_stands_never_outlives_a_change_of_it(zoom, lon_deg, lat_deg, grid):
    tile = find_matrix_set(GRIDS[grid]).matrices.tile(lon_deg, lat_deg, zoom)
    place = TilePlace(grid, zoom, tile.x, tile.y)
    tiles = kept(place)
    tiles.advance(change((lon_deg, lat_deg, lon_deg, lat_deg)))
    assert tiles.find(place) is None


@given(
    zoom=st.integers(5, FIRST_BUILDING_ZOOM - 1),
    lon_deg=st.floats(73, 135),
    lat_deg=st.floats(4, 54),
    grid=st.sampled_from([WEB_MERCATOR, DEGREES]),
    aside=st.tuples(st.integers(-1, 1), st.integers(-1, 1)),
)
def test_a_tile_that_counts_a_building_never_outlives_a_change_of_it_wherever_it_stands(
    zoom, lon_deg, lat_deg, grid, aside
):
    tile = find_matrix_set(GRIDS[grid]).matrices.tile(lon_deg, lat_deg, zoom)
    place = TilePlace(grid, zoom, tile.x + aside[0], tile.y + aside[1])
    cell = f"{cells_of(np.array([lon_deg]), np.array([lat_deg]))[0]:x}"
    # a place near the edge of a cell may be of the next one: cells divide into cells that reach beyond them
    assume(any(each.low <= cell <= each.high for each in cells_shown(place)))
    tiles = kept(place)
    tiles.advance(change((lon_deg, lat_deg, lon_deg, lat_deg)))
    assert tiles.find(place) is None


@pytest.mark.parametrize("place", PLACES)
def test_a_place_lies_where_its_grid_has_the_tile(place):
    matrices = find_matrix_set(GRIDS[place.grid]).matrices
    assert place.bounds_deg() == pytest.approx(tuple(matrices.bounds(place.x, place.y, place.z)), abs=1e-9)
