"""What is no column is told as such, before anything is computed."""

import geopandas
import numpy as np
import pytest
import shapely

from geocode import encode_many, find_faults
from geocode.beidou import beidou_codes, beidou_codes_3d, beidou_codes_at
from geocode.names import computed_names
from geocode.plus_codes import plus_codes
from geocode.ubids import ubids

HOUSE = shapely.box(126.55, 43.84, 126.5502, 43.8401)
CODE = "4E7U5-CMEPQ-C0B"
SERIES = geopandas.GeoSeries([HOUSE], crs="EPSG:4490")


@pytest.mark.parametrize("column", [[HOUSE], (HOUSE,), np.array([HOUSE]), SERIES, SERIES.array])
def test_any_sequence_of_geometries_is_a_column(column):
    assert encode_many(column).codes.tolist() == [CODE]
    assert find_faults(column).tolist() == [None]
    assert computed_names(column).ubid.tolist() == ubids(column).tolist() == ["8QM8RHR2+22H-2-3-2-3"]


@pytest.mark.parametrize("encode_column", [encode_many, find_faults, computed_names, ubids])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (HOUSE, r"Polygon of shape \(\)"),
        (None, r"NoneType of shape \(\)"),
        ((each for each in [HOUSE]), r"generator of shape \(\)"),
        ([[HOUSE, HOUSE]], r"list of shape \(1, 2\)"),
        (geopandas.GeoDataFrame(geometry=SERIES), r"GeoDataFrame of shape \(1, 1\)"),
    ],
)
def test_what_is_no_column_of_geometries_is_named_with_its_shape(encode_column, given, told):
    with pytest.raises(ValueError, match=f"list or array of geometries is needed.*{told}"):
        encode_column(given)


@pytest.mark.parametrize("codes_of", [beidou_codes, beidou_codes_at, plus_codes])
@pytest.mark.parametrize(("lon", "lat"), [(1, 2), ([[1]], [[2]]), ([1, 2, 3], [1]), ([1], [1, 2, 3])])
def test_ordinates_that_are_no_columns_of_one_length_are_refused(codes_of, lon, lat):
    with pytest.raises(ValueError, match="of one length are needed"):
        codes_of(lon, lat)


def test_no_rows_have_no_names():
    assert beidou_codes([], []).tolist() == beidou_codes_at([], []).tolist() == plus_codes([], []).tolist() == []
    assert beidou_codes_3d([], [], 0).tolist() == ubids([]).tolist() == encode_many([]).codes.tolist() == []


@pytest.mark.parametrize("units", [[1.0], np.array([2**64 - 1], dtype=np.uint64), [2**70], ["1"]])
def test_units_that_signed_integers_of_64_bits_may_not_hold_are_refused(units):
    with pytest.raises(TypeError, match="int64"):
        beidou_codes_at(units, [1])
