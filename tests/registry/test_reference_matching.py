"""The register as a reference: what lies aside is told by how far and how evenly; what is something else is not."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from registry.reference_matching import match_reference
from registry.relating import SurveyError

PLANE = "EPSG:4551"


def town(rows=160, *, seed=1, x=540_000.0):
    """Return houses of many sizes, strewn over about a kilometre."""
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(13), np.arange(13)), axis=-1).reshape(-1, 2)[:rows] * 80.0
    low = corners + rng.uniform(0, 40, corners.shape) + (x, 4_850_000.0)
    high = low + rng.uniform(8, 40, corners.shape)
    return frame(shapely.box(*low.T, *high.T))


def frame(shapes):
    return gpd.GeoDataFrame(geometry=shapes, crs=PLANE)


def moved(houses, by, *, noise_m=0.1, seed=2):
    """Return houses moved by a vector, or by what a function of their places gives, each with an error of its own."""
    places = shapely.get_coordinates(houses.geometry.centroid)
    vectors = np.broadcast_to(by(places) if callable(by) else by, places.shape)
    vectors = vectors + np.random.default_rng(seed).normal(0, noise_m, places.shape)
    west, south, east, north = shapely.bounds(houses.geometry.values).T
    return frame(shapely.box(*(np.column_stack([west, south, east, north]) + np.tile(vectors, 2)).T))


def uneven(length_m, *, varies=2e-3):
    """Return a shift that changes by metres over a kilometre, as that of no datum does."""

    def at(places):
        off = places - places.mean(axis=0)
        turn = np.array([[0.8, 0.5], [-0.4, 0.7]]) * varies
        return np.array([0.9, -0.43]) * length_m + off @ turn

    return at


def test_what_lies_in_place_is_confirmed():
    match = match_reference(moved(town(), (0.4, -0.3)), town())
    assert (match.kind, match.fault, match.rows) == ("in_place", None, 160)
    assert match.support > 150
    assert match.length_m == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("by", [(70, 85), (-30, 12), (0, -145), (-120, -60)])
def test_some_tens_of_metres_everywhere_alike_are_an_older_datum(by):
    match = match_reference(moved(town(), by), town())
    assert match.kind == "older_datum"
    assert (match.dx_m, match.dy_m) == pytest.approx(by, abs=0.2)
    assert "1980" in match.fault.text.en or "80" in match.fault.text.en


@pytest.mark.parametrize("length_m", [60, 150, 310, 480, 700])
def test_a_shift_that_changes_by_metres_over_a_quarter_is_gcj02(length_m):
    match = match_reference(moved(town(), uneven(length_m)), town())
    assert match.kind == "gcj02"
    assert "GCJ-02" in match.fault.text.zh
    assert match.length_m == pytest.approx(length_m, rel=0.05)
    assert match.varies == pytest.approx(2e-3, rel=0.5)


def test_a_few_houses_of_gcj02_are_told_by_how_far_they_lie():
    few = town().iloc[40:60].reset_index(drop=True)
    assert match_reference(moved(few, uneven(500)), town()).kind == "gcj02"


def test_a_shift_of_neither_kind_is_told_as_such():
    assert match_reference(moved(town(), (150, 180)), town()).kind == "shifted"


@pytest.mark.parametrize("seed", range(2, 12))
def test_another_town_is_no_reference(seed):
    assert match_reference(town(seed=seed), town()).kind == "unknown"


def test_equal_houses_in_rows_show_nothing():
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), axis=-1).reshape(-1, 2) * 30.0 + (540_000, 4_850_000)
    rows = frame(shapely.box(*grid.T, *(grid + np.array([12, 9])).T))
    assert match_reference(moved(rows, (30, 0)), rows).kind == "unknown"


def test_a_twin_of_the_quarter_on_free_ground_beside_it_is_no_shift():
    quarter = town(30)
    assert match_reference(moved(quarter, (0, 320), noise_m=0), quarter).kind == "unknown"


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_too_few_show_nothing(rows):
    assert match_reference(town().iloc[:rows], town()).kind == "unknown"
    assert match_reference(town(), town().iloc[:rows]).kind == "unknown"


def test_frames_in_degrees_are_refused():
    with pytest.raises(SurveyError):
        match_reference(town().to_crs(4490), town())
