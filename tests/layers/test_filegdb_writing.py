"""A FileGDB that is written holds the codes, to a tenth of a millimetre, and GDAL reads it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import shapely
from making import NAMES, frame_of

from layers.code_columns import with_codes
from layers.errors import CannotWrite
from layers.reading import read_delivery
from layers.writing import write_frame


def through(tmp_path, frame):
    notes = write_frame(frame, tmp_path / "成果.gdb.zip")
    return read_delivery(tmp_path / "成果.gdb.zip"), " ".join(note.zh for note in notes)


def test_attributes_shapes_and_layer_come_back(tmp_path):
    frame = frame_of({"名称": NAMES, "层数": [5, None, 1], "高": [1.5, 2.25, None]})
    delivery, notes = through(tmp_path, frame)
    assert (delivery.layer, delivery.format, delivery.crs_name) == ("成果", "FileGDB in zip", "EPSG:4551")
    assert delivery.frame["名称"].tolist() == NAMES
    assert [None if pd.isna(value) else value for value in delivery.frame["层数"]] == [5, None, 1]
    expected = shapely.normalize(frame.geometry.to_numpy())
    read = shapely.normalize(shapely.get_parts(delivery.frame.geometry.to_numpy()))
    assert shapely.equals_exact(read, expected, tolerance=0.0001).all()
    assert "0.1 毫米" in notes


def test_codes_come_back_and_follow_again_from_what_was_written(tmp_path):
    coded, _ = with_codes(frame_of())
    delivery, _ = through(tmp_path, coded)
    again, _ = with_codes(delivery.frame.drop(columns=["code", "h3", "area_m2", "fault"]))
    assert delivery.frame["code"].tolist() == coded["code"].tolist() == again["code"].tolist()


def test_whole_numbers_that_are_too_long_for_it_keep_their_digits_as_text(tmp_path):
    delivery, notes = through(tmp_path, frame_of({"证号": [2202020010010001234, 2, 3], "层数": [1, 2, 3]}))
    assert delivery.frame["证号"].tolist() == ["2202020010010001234", "2", "3"]
    assert delivery.frame["层数"].tolist() == [1, 2, 3]
    assert "证号" in notes


def test_names_that_it_does_not_bear_are_changed_and_told(tmp_path):
    delivery, notes = through(tmp_path, frame_of({"OBJECTID": [7, 8, 9], "order": [1, 2, 3]}))
    assert len(delivery.frame.columns) == 4
    assert "OBJECTID" in notes
    assert "order" in notes


def test_rows_without_geometry_stay_rows(tmp_path):
    frame = frame_of({"n": ["a", "b", "c"]})
    frame.loc[1, "geometry"] = None
    assert through(tmp_path, frame)[0].frame.geometry.isna().tolist() == [False, True, False]


def test_several_kinds_of_geometry_are_refused(tmp_path):
    geometry = np.array([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], dtype=object)
    with pytest.raises(CannotWrite) as caught:
        write_frame(frame_of({"n": [1, 2]}, geometry=geometry), tmp_path / "a.gdb.zip")
    assert caught.value.fault.kind == "mixed_geometries"
    assert "FileGDB" in caught.value.fault.text.zh


def test_gdal_reads_it_from_the_zip(tmp_path):
    write_frame(frame_of({"名称": NAMES}), tmp_path / "成果.gdb.zip")
    code = "import sys, pyogrio; print(pyogrio.read_dataframe(sys.argv[1])['名称'].tolist())"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "成果.gdb.zip")],
        check=True,
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert done.stdout.strip() == str(NAMES)
