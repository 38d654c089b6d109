"""KML that is written is read back as it was, here and by GDAL."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NAMES, frame_of, lonlat_squares

from geocode.crs import to_storage
from layers.reading import read_delivery
from layers.writing import write_frame

READ_BY_GDAL = """
import json, sys, pyogrio
frame = pyogrio.read_dataframe(sys.argv[1])
print(json.dumps([frame.drop(columns="geometry").to_dict("list"), frame.geometry.to_wkt().tolist()], default=str))
"""


def read_by_gdal(path):
    done = subprocess.run([sys.executable, "-c", READ_BY_GDAL, str(path)], check=True, capture_output=True, timeout=60)
    return json.loads(done.stdout)


def test_attributes_and_shapes_come_back(tmp_path):
    frame = frame_of({"名称": NAMES, "高": [1.5, None, 3.25], "有": [True, False, None], "层数": [5, 18, 1]})
    notes = write_frame(frame, tmp_path / "楼.kml")
    read = read_delivery(tmp_path / "楼.kml")
    assert read.layer == "楼"
    assert read.frame["名称"].tolist() == NAMES
    assert [None if value is pd.NA else value for value in read.frame["高"]] == [1.5, None, 3.25]
    assert [None if value is pd.NA else value for value in read.frame["有"]] == [True, False, None]
    assert [int(value) for value in read.frame["层数"]] == [5, 18, 1]
    expected = to_storage(frame.geometry.to_numpy(), frame.crs)
    assert shapely.equals_exact(read.frame.geometry.to_numpy(), expected).all()
    assert any("KML 只能是经纬度" in note.zh for note in notes)


def test_gdal_reads_every_value_by_its_chinese_name(tmp_path):
    write_frame(
        frame_of({"名称": NAMES, "高": [1.5, 2.5, 3.5]}, crs=4490, geometry=lonlat_squares()), tmp_path / "a.kml"
    )
    attributes, shapes = read_by_gdal(tmp_path / "a.kml")
    assert attributes["名称"] == NAMES
    assert attributes["高"] == [1.5, 2.5, 3.5]
    assert shapely.equals_exact(shapely.from_wkt(shapes), lonlat_squares(), tolerance=1e-6).all()


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(126.5, 43.8),
        shapely.LineString([[126.5, 43.8], [126.6, 43.9]]),
        shapely.box(126.5, 43.8, 126.6, 43.9).difference(shapely.box(126.51, 43.81, 126.52, 43.82)),
        shapely.MultiPolygon([shapely.box(126.5, 43.8, 126.6, 43.9), shapely.box(126.7, 43.8, 126.8, 43.9)]),
        shapely.GeometryCollection([shapely.Point(126.5, 43.8), shapely.box(126.5, 43.8, 126.6, 43.9)]),
        None,
    ],
    ids=lambda shape: shape.geom_type if shape else "none",
)
def test_every_kind_of_geometry_comes_back(tmp_path, shape):
    geometry = np.array([shape, shapely.Point(126, 43)], dtype=object)
    write_frame(frame_of({"n": ["a", "b"]}, geometry=geometry, crs=4490), tmp_path / "a.kml")
    (read, _) = read_delivery(tmp_path / "a.kml").frame.geometry
    assert read is None if shape is None else shapely.equals_exact(read, shape)


def test_what_is_not_finite_is_written_as_a_row_without_geometry_and_told(tmp_path):
    geometry = np.array([shapely.Point(np.inf, 43.8), shapely.Point(126, 43)], dtype=object)
    notes = write_frame(frame_of({"n": ["a", "b"]}, geometry=geometry, crs=4490), tmp_path / "a.kml")
    assert read_delivery(tmp_path / "a.kml").frame.geometry.notna().tolist() == [False, True]
    assert any("非有限" in note.zh for note in notes)


def test_ids_names_and_descriptions_have_their_places(tmp_path):
    attributes = {"source_id": ["甲", "乙", None], "name": ["一", "二", None], "description": ["x", None, "z"]}
    write_frame(frame_of(attributes), tmp_path / "a.kml")
    text = (tmp_path / "a.kml").read_text(encoding="utf-8")
    assert '<Placemark id="甲"><name>一</name><description>x</description>' in text
    frame = read_delivery(tmp_path / "a.kml").frame
    assert frame["source_id"].tolist() == ["甲", "乙", None]
    assert frame["name"].tolist()[:2] == ["一", "二"]


@settings(max_examples=25)
@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_can_be_written(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("k") / "a.kml"
    write_frame(frame_of({"文": texts}, geometry=lonlat_squares(len(texts)), crs=4490), path)
    frame = read_delivery(path).frame
    for text, read in zip(texts, frame["文"] if "文" in frame else [None] * len(texts), strict=True):
        if text.isprintable() and text == text.strip() and text:
            assert read == text
