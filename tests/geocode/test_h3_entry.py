"""Cells by the C function are those of the Python package, to the bit."""

import h3.api.basic_int as h3
import numpy as np
import pytest

from geocode import cells
from geocode.cells import cells_of
from geocode.h3_entry import find_entry

PENTAGONS = np.array([h3.cell_to_latlng(cell) for cell in h3.get_pentagons(15)])
RNG = np.random.default_rng(15)


def points():
    anywhere = np.column_stack([np.degrees(np.arcsin(RNG.uniform(-1, 1, 20_000))), RNG.uniform(-180, 180, 20_000)])
    near_pentagons = np.repeat(PENTAGONS, 200, axis=0) + RNG.normal(0, 1e-5, (2_400, 2))
    special = [(90, 0), (-90, 0), (0, 0), (0, 180), (0, -180), (-0.0, -0.0), (90, 180), (43.84, 126.55)]
    return np.concatenate([anywhere, near_pentagons, special]).T


def test_this_release_of_h3_has_the_entry():
    assert find_entry() is not None


@pytest.mark.parametrize("entry", [find_entry(), None], ids=["by the C function", "by the Python function"])
def test_cells_are_those_of_h3(monkeypatch, entry):
    monkeypatch.setattr(cells, "_ENTRY", entry)
    lat, lon = points()
    expected = [h3.latlng_to_cell(*point, 15) for point in zip(lat.tolist(), lon.tolist(), strict=True)]
    assert cells_of(lon, lat).tolist() == expected


def test_another_signature_is_no_entry(monkeypatch):
    monkeypatch.setattr("geocode.h3_entry._SIGNATURE", b"H3Index (float, float, int)")
    assert find_entry() is None
