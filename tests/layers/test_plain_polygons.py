"""What is read of plain polygons without building them is what building them would tell."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import frame_of, squares

from layers.entries import ReadOptions
from layers.gdal_tables import open_rows, open_unbuilt
from layers.positions import Positions
from layers.reading import choose_in
from layers.wkb import find_plain_polygons, geometries_of_wkb
from layers.writing import write_frame

SQUARE = shapely.box(0, 0, 3, 2)
HOLED = SQUARE.difference(shapely.box(1, 1, 1.5, 1.5))
MADE = [
    shapely.to_wkb(each)
    for each in (SQUARE, shapely.MultiPolygon([SQUARE]), shapely.Polygon([(0, 0), (1, 0), (1, 1)]), SQUARE.buffer(0.1))
]
OTHERS = [
    shapely.to_wkb(HOLED),
    shapely.to_wkb(shapely.MultiPolygon([SQUARE, shapely.box(7, 7, 8, 8)])),
    shapely.to_wkb(shapely.force_3d(SQUARE, 5)),
    shapely.to_wkb(SQUARE, byte_order=0),
    shapely.to_wkb(shapely.Point(1, 2)),
    shapely.to_wkb(shapely.Polygon()),
    shapely.to_wkb(SQUARE)[:-3],
    shapely.to_wkb(SQUARE) + b"\0",
    shapely.to_wkb(SQUARE)[:-16] + b"\x01" * 16,
    MADE[0][:9] + b"\xff" * 4 + MADE[0][13:],
    b"",
    b"\x01",
    None,
]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
@given(rows=st.lists(st.sampled_from(MADE + OTHERS), max_size=30), cut=st.integers(0, 30))
def test_those_that_are_plain_are_told_with_their_positions(kind, rows, cut):
    wkb = pa.array(rows, kind).slice(min(cut, len(rows)))
    found, built = find_plain_polygons(wkb), geometries_of_wkb(wkb)
    if found is None:
        return
    assert found.rows.tolist() == [each in MADE for each in wkb.to_pylist()]
    assert (found.xy == shapely.get_coordinates(built[found.rows])).all()
    seen = Positions()
    seen.add(np.where(found.rows, None, built), found)
    assert seen.sample.tolist() == Positions.of(built).sample.tolist()


@given(noise=st.binary(max_size=300), at=st.integers(0, 92), rows=st.integers(1, 4))
def test_whatever_is_told_of_noise_can_be_built(noise, at, rows):
    spoilt = bytearray(MADE[1])
    spoilt[at : at + len(noise)] = noise
    wkb = pa.array([bytes(spoilt)] * rows, pa.binary())
    found = find_plain_polygons(wkb)
    if found is not None and found.rows.any():
        built = geometries_of_wkb(wkb)
        assert not shapely.is_missing(built).any()
        assert (shapely.get_coordinates(built) == found.xy).all()


def test_a_number_that_is_none_is_left_to_the_library():
    infinite = shapely.to_wkb(shapely.Polygon([(0, 0), (1, 0), (1, np.inf)]))
    assert find_plain_polygons(pa.array([MADE[0], infinite])) is None


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb"])
def test_a_layer_left_unbuilt_has_the_geometries_of_the_layer(tmp_path, suffix):
    shapes = np.array([*squares(3), None, HOLED, shapely.Polygon()], dtype=object)
    write_frame(frame_of({"n": range(6)}, geometry=shapes), tmp_path / f"a{suffix}")
    with choose_in(tmp_path / f"a{suffix}", None, None) as chosen:
        with open_rows(chosen.entry, ReadOptions()) as opened:
            (whole,) = opened.tables
        with open_unbuilt(chosen.entry) as opened:
            (table,) = opened.tables
    assert table.unbuilt.rows.tolist() == [True] * 3 + [False] * 3
    assert table.faults.tolist() == whole.faults.tolist()
    assert (table.geometries[~table.unbuilt.rows] == whole.geometries[~table.unbuilt.rows]).all()
    assert (table.unbuilt.xy == shapely.get_coordinates(whole.geometries[:3])).all()
