"""Cells by linear algebra are those of H3, to the bit, or none."""

from itertools import combinations

import h3.api.basic_int as h3
import numpy as np
import pytest
from h3 import H3LatLngDomainError
from hypothesis import example, given
from hypothesis import strategies as st

from geocode import cells
from geocode.cell_filter import learn
from geocode.cells import cells_of

CORNERS = np.array([h3.cell_to_latlng(cell)[::-1] for cell in h3.get_pentagons(0)])
CITIES = [(116.4, 39.9), (121.6, 38.9), (126.55, 43.84), (113.3, 23.1), (104.1, 30.7), (87.6, 43.8), (91.1, 29.65)]
SPREADS = [0, 1e-15, 1e-11, 1e-8, 1e-6, 1e-3, 0.1]
longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


def vectors_of(points):
    lon, lat = np.radians(points).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def scattered(rng, vectors):
    """Return longitudes and latitudes of fifty points around each vector and for each spread."""
    near = [np.repeat(vectors, 50, axis=0) + rng.normal(0, spread, (50 * len(vectors), 3)) for spread in SPREADS]
    x, y, z = np.concatenate(near).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def on_the_sphere(rng, count):
    return rng.uniform(-180, 180, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def edges_and_faces():
    """Return the middles of the icosahedron's edges and of its faces."""
    corners = vectors_of(CORNERS)
    near = corners @ corners.T > 0.4
    edges = [corners[[i, j]].mean(axis=0) for i, j in combinations(range(12), 2) if near[i, j]]
    triples = [t for t in combinations(range(12), 3) if near[np.ix_(t, t)].all()]
    return np.array(edges), corners[triples].mean(axis=1)


def agree(lon, lat):
    expected = [h3.latlng_to_cell(*point, 15) for point in zip(lat.tolist(), lon.tolist(), strict=True)]
    return cells_of(lon, lat).tolist() == expected


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=30))
@example([(0.0, 90.0), (0.0, -90.0), (180.0, 90.0), (180.0, 0.0), (-180.0, 0.0), (0.0, 0.0), (-0.0, -0.0)])
def test_cells_anywhere_are_those_of_h3(points):
    assert agree(*np.array(points).T)


def test_cells_all_over_the_sphere_are_those_of_h3():
    assert agree(*on_the_sphere(np.random.default_rng(1), 50_000))


@pytest.mark.parametrize(
    "vectors",
    [vectors_of(CORNERS), *edges_and_faces(), vectors_of(CITIES), vectors_of([(0, 90), (0, -90), (180, 0), (180, 35)])],
    ids=["pentagons", "face edges", "face centres", "cities", "poles and antimeridian"],
)
def test_cells_in_special_places_are_those_of_h3(vectors):
    assert agree(*scattered(np.random.default_rng(2), vectors))


@pytest.mark.parametrize("resolution", range(16))
def test_cells_along_the_edges_of_cells_are_those_of_h3(resolution):
    rng = np.random.default_rng(resolution)
    lon, lat = on_the_sphere(rng, 100)
    around = [h3.latlng_to_cell(*point, resolution) for point in zip(lat.tolist(), lon.tolist(), strict=True)]
    ends = vectors_of([corner[::-1] for cell in around for corner in h3.cell_to_boundary(cell)[:2]]).reshape(-1, 2, 3)
    along = rng.uniform(0, 1, (len(ends), 1))
    edge = ends[:, 0] * along + ends[:, 1] * (1 - along)
    edge /= np.linalg.norm(edge, axis=1)[:, None]
    x, y, z = np.concatenate([edge + rng.normal(0, 10.0**power, edge.shape) for power in range(-16, -8)]).T
    assert agree(np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y))))


def test_fewer_than_one_point_in_a_hundred_is_left_to_h3():
    rng = np.random.default_rng(3)
    for lon, lat in (on_the_sphere(rng, 50_000), (rng.uniform(73, 136, 50_000), rng.uniform(3, 54, 50_000))):
        assert (cells._filter().cells_of(lon, lat) == 0).mean() < 0.01


def test_nothing_is_said_where_answers_fit_no_turn():
    rng = np.random.default_rng(4)
    confused = learn(CORNERS, lambda lon, lat: rng.permutation(cells._cells_by_h3(lon, lat)))
    assert not confused.cells_of(*on_the_sphere(rng, 1_000)).any()


def test_nothing_is_said_where_answers_contradict_each_other():
    rng = np.random.default_rng(5)

    def two_base_cells(lon, lat):
        return cells._cells_by_h3(lon, lat) ^ (rng.integers(0, 2, len(lon)).astype(np.uint64) << np.uint64(45))

    contradictory = learn(CORNERS, two_base_cells)
    assert (contradictory.cells_of(*on_the_sphere(rng, 1_000)) == 0).mean() > 0.9


@pytest.mark.parametrize("point", [(np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0), (0.0, -np.inf)])
def test_what_is_no_number_has_no_cell(point):
    with pytest.raises(H3LatLngDomainError):
        cells_of(*np.array([point]).T)


def test_degrees_beyond_the_circle_are_left_to_h3():
    assert agree(*np.array([(200.0, 10.0), (-540.0, 5.0), (10.0, 95.0), (1e300, -1e300)]).T)
