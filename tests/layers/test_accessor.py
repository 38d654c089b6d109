"""`frame.luotu`, as a user of GeoPandas meets it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

import layers.accessor  # noqa: F401 - registers it
from geocode import CrsError, decode, encode, encode_many
from geocode.names import computed_names

HOUSE = shapely.box(126.55, 43.84, 126.5502, 43.8401)
BOW_TIE = shapely.Polygon([(126.7, 43.7), (126.71, 43.71), (126.71, 43.7), (126.7, 43.71)])


@pytest.fixture
def frame():
    shapes = [HOUSE, BOW_TIE, None, shapely.affinity.translate(HOUSE, 1e-3)]
    return gpd.GeoDataFrame({"name": list("abcd")}, geometry=shapes, crs="EPSG:4490")


def test_a_frame_is_given_the_columns_that_the_command_line_writes(frame):
    coded = frame.luotu.code()
    encoded = encode_many(frame.geometry.to_numpy())
    assert coded.columns.tolist() == ["name", "geometry", "code", "h3", "area_m2", "fault"]
    assert coded["code"].fillna("").tolist() == encoded.codes.tolist()
    assert coded["h3"].fillna("").tolist() == encoded.h3.tolist()
    np.testing.assert_allclose(coded["area_m2"], encoded.area_m2, atol=5e-5)
    assert coded["fault"].isna().tolist() == [True, False, False, True]
    assert coded["fault"][1].startswith("self_intersection: ")
    assert_geodataframe_equal(coded[["name", "geometry"]], frame)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, 3, 7]),
        pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["block", "row"]),
        pd.date_range("2026-01-01", periods=4),
    ],
    ids=["repeated", "multiple", "dates"],
)
def test_rows_keep_their_index_whatever_it_is(frame, index):
    frame.index = index
    coded = frame.luotu.code()
    assert coded.index.equals(index)
    assert coded["code"].iloc[3] == str(encode(frame.geometry.iloc[3]))
    assert frame.geometry.luotu.code().index.equals(index)
    assert coded["code"].luotu.decode().index.equals(index)


def test_columns_of_these_names_are_kept_under_another(frame):
    coded = frame.assign(code=1, code_delivered=2, fault=3).luotu.code()
    kept = coded[["code_delivered", "code_delivered_2", "fault_delivered"]]
    assert sorted(kept.iloc[0]) == [1, 2, 3]
    assert kept["fault_delivered"].tolist() == [3] * 4
    assert coded.columns.is_unique


def test_the_active_geometry_is_coded_and_stays_active(frame):
    renamed = frame.rename_geometry("h3").luotu.code()
    assert renamed.geometry.name == "h3_delivered"
    assert renamed["code"].tolist()[0] == str(encode(HOUSE))
    moved = frame.assign(other=frame.geometry.translate(1e-2)).set_geometry("other", crs=4490).luotu.code()
    assert moved.geometry.name == "other"
    assert moved["code"][0] == str(encode(shapely.affinity.translate(HOUSE, 1e-2)))


def test_a_frame_without_rows_has_the_columns_and_their_types(frame):
    empty = frame.iloc[:0].luotu
    assert empty.code().dtypes.equals(frame.luotu.code().dtypes)
    assert empty.names().dtypes.equals(frame.luotu.names().dtypes)
    codes = pd.Series([], dtype="str")
    assert codes.luotu.decode().columns.equals(pd.Series(["x"]).luotu.decode().columns)


def test_the_frame_itself_is_not_changed(frame):
    before = frame.copy()
    frame.luotu.code()
    frame.luotu.names()
    assert_geodataframe_equal(frame, before)


def test_a_stated_crs_counts_and_a_missing_or_refused_one_is_an_error(frame):
    metres = frame.to_crs(4551).set_crs(None, allow_override=True)
    assert metres.luotu.code(crs=4551)["code"][0] == str(encode(HOUSE))
    with pytest.raises(CrsError, match="No coordinate reference system"):
        metres.luotu.code()
    with pytest.raises(CrsError, match="no coordinate reference system that PROJ knows"):
        metres.luotu.code(crs="EPSG:99999")
    with pytest.raises(CrsError, match="parameters"):
        frame.set_crs(4214, allow_override=True).luotu.code()


def test_a_series_of_footprints_gives_a_frame_of_its_own(frame):
    assert_frame_equal(
        frame.geometry.luotu.code(), pd.DataFrame(frame.luotu.code())[["code", "h3", "area_m2", "fault"]]
    )
    names = ["code", "h3", "beidou", "pluscode", "ubid", "fault"]
    assert_frame_equal(frame.geometry.luotu.names(), pd.DataFrame(frame.luotu.names())[names])


def test_names_are_those_of_the_library(frame):
    named = frame.luotu.names(beidou_level=8)
    expected = computed_names(frame.geometry.to_numpy())
    for column in ("h3", "pluscode", "ubid"):
        assert named[column].fillna("").tolist() == getattr(expected, column).tolist()
    # a coarser cell's code is the beginning of the finer one's
    assert named["beidou"].fillna("").tolist() == [text[:16] for text in expected.beidou]
    assert named[["beidou", "pluscode", "ubid"]].isna().all(axis=1).tolist() == [False, True, True, False]


def test_codes_are_decoded_to_hexagons_and_a_bad_one_costs_its_row_alone(frame):
    told = pd.Series([str(encode(HOUSE)).lower(), "4E7U5-CKJ2W-F0K", None], index=list("abc")).luotu.decode(
        parents=True
    )
    assert told.crs == "EPSG:4490"
    assert told["code"]["a"] == str(encode(HOUSE))
    assert told.geometry["a"].contains(HOUSE.centroid)
    assert told["generation"]["a"] == 0
    assert told["parents"]["a"][-1].startswith("8e")
    assert told["fault"]["b"].startswith("code_check: ")
    assert told.geometry.isna().tolist() == [False, True, True]
    assert (told["lon"]["a"], told["lat"]["a"]) == decode(encode(HOUSE)).centre


def test_what_has_no_footprints_or_no_codes_says_so(frame):
    assert not hasattr(pd.DataFrame({"a": [1]}), "luotu")
    with pytest.raises(AttributeError, match="active geometry"):
        gpd.GeoDataFrame({"a": [1]}).luotu.code()
    with pytest.raises(TypeError, match="no footprints"):
        frame["name"].luotu.code()
    with pytest.raises(TypeError, match="nothing to decode"):
        frame.geometry.luotu.decode()


@pytest.mark.parametrize("level", range(1, 10))
def test_a_coarser_beidou_code_begins_the_finer_one_on_an_edge_too(level):
    # the centroid is 116.4 39.9, which is on an edge of every level from 4 on; the double 39.9 is south of it
    square = gpd.GeoSeries([shapely.box(116.3999, 39.8999, 116.4001, 39.9001)], crs=4490)
    (finest,) = square.luotu.names()["beidou"]
    (coarser,) = square.luotu.names(beidou_level=level)["beidou"]
    assert finest.startswith(coarser)
    assert finest.endswith("000000")
