"""An edition: the rows of a delivery as features of a layer, every row a feature or a fault."""

import datetime as dt
import json

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import collection, feature, frame_of, geojson, geopackage, lonlat_squares, shapefile, squares

from geocode import CrsError
from layers.catalogue import load_catalogue
from layers.editions import prepare_edition
from layers.reading import read_delivery

FARMLAND = load_catalogue().layer("GH2201")
YELLOW_LINE = load_catalogue().layer("GH2207")
HAZARD = load_catalogue().layer("XZ1206")


def edition(tmp_path, *rows, layer=FARMLAND, mend_invalid=False, **options):
    features = [row if "type" in row else feature(properties=row) for row in rows]
    return prepare_edition(
        read_delivery(geojson(tmp_path / "a.geojson", collection(*features)), **options),
        layer=layer,
        mend_invalid=mend_invalid,
    )


def kinds(prepared):
    return [fault and fault.kind for fault in prepared.faults]


def test_a_delivery_becomes_features_in_the_storage_crs(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"MC": ["甲", None, ""], "DLBM": ["0101", "0103", None]})})
    prepared = prepare_edition(read_delivery(path), layer=FARMLAND)
    frame = prepared.frame
    assert list(frame.columns) == ["source_id", "name", "class_code", "valid_from", "valid_to", "attrs", "geometry"]
    assert frame.crs.to_epsg() == 4490
    assert frame["name"].tolist() == ["甲", None, None]
    assert frame["class_code"].tolist() == ["0101", "0103", None]
    assert frame["source_id"].tolist() == ["1", "2", "3"]
    assert frame["attrs"].iloc[0] == {"MC": "甲", "DLBM": "0101"}
    west, south, east, north = frame.total_bounds
    assert 125.9 < west < east < 126.1
    assert 43.7 < south < north < 43.9
    assert all(fault is None for fault in prepared.faults)


@pytest.mark.parametrize("column", ["name", "NAME", "MC", "mc", "名称", "XMMC"])
def test_the_name_is_found_under_any_of_its_names(tmp_path, column):
    assert edition(tmp_path, {column: "临江门"}).frame["name"].tolist() == ["临江门"]


@pytest.mark.parametrize(
    ("layer", "column"), [("XZ1201", "DLBM"), ("GH2103", "ydyhfldm"), ("GH2303", "YDDM"), ("GH2101", "GHFQDM")]
)
def test_the_class_is_found_in_the_layer_s_own_field(tmp_path, layer, column):
    prepared = edition(tmp_path, {column: "0701", "DLMC": "x"}, layer=load_catalogue().layer(layer))
    assert prepared.frame["class_code"].tolist() == ["0701"]


def test_a_class_that_went_through_a_number_is_text_again(tmp_path):
    assert edition(tmp_path, {"DLBM": 101.0}, {"DLBM": None}).frame["class_code"].tolist() == ["101", None]


@pytest.mark.parametrize(
    "text",
    ["2024-01-31", "2024/1/31", "20240131", "2024年1月31日", "2024.01.31", "2024-01-31T00:00:00+08:00", 20240131],
)
def test_a_day_is_read_in_any_of_its_forms(tmp_path, text):
    assert edition(tmp_path, {"valid_from": text}).frame["valid_from"].tolist() == [dt.date(2024, 1, 31)]


@pytest.mark.parametrize("when", [dt.date(2024, 1, 31), dt.datetime.fromisoformat("2024-01-31T08:00"), None])
def test_days_out_of_a_table_stay_days(tmp_path, when):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"BHKSSJ": [when], "n": [1]})})
    prepared = prepare_edition(read_delivery(path), layer=FARMLAND)
    assert prepared.frame["valid_from"].tolist() == [when and dt.date(2024, 1, 31)]
    json.dumps(prepared.frame["attrs"].tolist())


def test_what_is_no_day_or_ends_before_it_begins_is_a_fault(tmp_path):
    rows = [
        {"valid_from": "soon"},
        {"valid_from": "2024-13-01"},
        {"valid_from": "2024-01-02", "valid_to": "2024-01-02"},
        {},
    ]
    prepared = edition(tmp_path, *rows)
    assert kinds(prepared) == ["date_unreadable", "date_unreadable", "dates_reversed", None]
    assert "soon" in prepared.faults[0].text.zh
    assert prepared.frame.index.tolist() == [3]


def test_every_row_is_a_feature_or_a_fault(tmp_path):
    bow_tie = {"type": "Polygon", "coordinates": [[[126, 43], [126.1, 43.1], [126.1, 43], [126, 43.1], [126, 43]]]}
    far = {"type": "Polygon", "coordinates": [[[190, 43], [190.1, 43], [190, 43.1], [190, 43]]]}
    prepared = edition(
        tmp_path,
        feature(),
        feature(geometry=bow_tie),
        feature(geometry=far),
        {**feature(), "geometry": None},
        feature(geometry={"type": "Point", "coordinates": [126, 43]}),
        feature(geometry={"type": "Polygon", "coordinates": []}),
        feature(geometry={"type": "Polygonn"}),
        {"type": "Feat"},
        feature(),
    )
    assert kinds(prepared) == [
        None,
        "self_intersection",
        "place_unknown",
        "no_geometry",
        "geometry_kind",
        "empty_geometry",
        "geometry_type",
        "not_a_feature",
        None,
    ]
    assert prepared.frame.index.tolist() == [0, 8]


def test_the_place_of_a_fault_is_in_the_coordinates_delivered(tmp_path):
    (fault,) = edition(
        tmp_path, feature(geometry={"type": "LineString", "coordinates": [[126, 43], [200, 43]]}), layer=YELLOW_LINE
    ).faults
    assert (fault.kind, fault.x, fault.y, fault.vertex) == ("place_unknown", 200, 43, 1)


def test_lines_and_points_are_taken_where_the_catalogue_says_so(tmp_path):
    line = feature(geometry={"type": "LineString", "coordinates": [[126, 43], [126.1, 43]]})
    point = feature(geometry={"type": "Point", "coordinates": [126, 43]})
    collected = feature(geometry={"type": "GeometryCollection", "geometries": [point["geometry"]]})
    assert kinds(edition(tmp_path, line, point, feature(), collected, layer=YELLOW_LINE)) == [
        None,
        "geometry_kind",
        None,
        "geometry_kind",
    ]
    assert kinds(edition(tmp_path, line, point, feature(), layer=HAZARD)) == ["geometry_kind", None, None]


def test_broken_lines_and_empty_points_are_faults(tmp_path):
    text = json.dumps(
        collection(
            feature(geometry={"type": "LineString", "coordinates": [[126, 43], [126, 43]]}),
            feature(geometry={"type": "LineString", "coordinates": []}),
            feature(geometry={"type": "LineString", "coordinates": [[126, 43], [126, 77.25]]}),
        )
    ).replace("77.25", "NaN")
    prepared = prepare_edition(read_delivery(geojson(tmp_path / "a.geojson", text)), layer=YELLOW_LINE)
    assert kinds(prepared) == ["geometry_invalid"] * 3
    assert prepared.faults[2].vertex == 1


def test_a_raster_layer_takes_no_vectors(tmp_path):
    assert kinds(edition(tmp_path, feature(), layer=load_catalogue().layer("XZ1106"))) == ["geometry_kind"]


def test_a_crs_that_the_gate_refuses_refuses_the_edition(tmp_path):
    with pytest.raises(CrsError):
        prepare_edition(read_delivery(shapefile(tmp_path / "set", prj="EPSG:2362")), layer=FARMLAND)


def test_attributes_are_fit_for_json_and_for_a_database(tmp_path):
    wild = {"nul": "a\x00b", "half": "\ud800", "big": 10**30, "nan": float("nan"), "deep": [{"x": [None, True]}]}
    text = json.dumps(collection(feature(properties=wild), feature()))
    prepared = prepare_edition(read_delivery(geojson(tmp_path / "a.geojson", text)), layer=FARMLAND)
    expected = {"nul": "a\ufffdb", "half": "\ufffd", "big": 10**30, "nan": None, "deep": [{"x": [None, True]}]}
    assert prepared.frame["attrs"].tolist() == [expected, {}]
    json.dumps(prepared.frame["attrs"].tolist(), allow_nan=False).encode()


def test_a_part_of_a_delivery_keeps_its_rows(tmp_path):
    from dataclasses import replace  # noqa: PLC0415

    delivery = read_delivery(
        geojson(tmp_path / "a.geojson", collection(*(feature(properties={"n": n}) for n in range(4))))
    )
    half = replace(delivery, frame=delivery.frame.iloc[2:], faults=delivery.faults[2:])
    prepared = prepare_edition(half, layer=FARMLAND)
    assert prepared.frame.index.tolist() == [2, 3]
    assert len(prepared.faults) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["good", "null", "bow-tie", "point", "date"]), min_size=1, max_size=12))
def test_features_and_faults_add_up_to_the_rows(tmp_path, rows):
    bow_tie = {"type": "Polygon", "coordinates": [[[126, 43], [126.1, 43.1], [126.1, 43], [126, 43.1], [126, 43]]]}
    made = {
        "good": feature(),
        "null": {**feature(), "geometry": None},
        "bow-tie": feature(geometry=bow_tie),
        "point": feature(geometry={"type": "Point", "coordinates": [126, 43]}),
        "date": feature(properties={"valid_to": "x"}),
    }
    prepared = edition(tmp_path, *(made[row] for row in rows))
    assert prepared.frame.index.tolist() == [row for row, kind in enumerate(rows) if kind == "good"]
    assert [fault is None for fault in prepared.faults] == [kind == "good" for kind in rows]


def test_what_was_given_is_not_changed(tmp_path):
    delivery = read_delivery(geopackage(tmp_path / "a.gpkg", {"a": frame_of()}))
    before = delivery.frame.copy()
    prepare_edition(delivery, layer=FARMLAND)
    assert delivery.frame.equals(before)
    assert np.array_equal(shapely.to_wkb(delivery.frame.geometry), shapely.to_wkb(squares()))
    assert lonlat_squares()[0].is_valid
