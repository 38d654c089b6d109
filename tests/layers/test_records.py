"""Records of a GeoPackage are read in a confined process as they are here."""

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from making import frame_of, geojson, squares

from layers.confined.confinement import Confinement, confine_reading, reading_confinement
from layers.confined.reading import read_records_confined
from layers.errors import RefusedFile
from layers.records import WKB
from layers.writing import write_frame
from tests.layers.seeds import geojson_text


@pytest.fixture(params=["confined", "off"])
def confinement(request):
    before = reading_confinement()
    if request.param == "off":
        confine_reading(Confinement(mode="off"))
    yield
    confine_reading(before)


def test_rows_come_by_table_with_and_without_geometry(confinement, tmp_path):
    path, shapes = tmp_path / "a.gpkg", np.array([squares(1)[0], None], dtype=object)
    write_frame(frame_of({"seq": [1, 2], "private": ['{"楼": 1}', None]}, geometry=shapes), path)
    table = pd.DataFrame({"seq": [3, 4], "salt": ["x", "y"]})
    pyogrio.write_dataframe(table, path, layer="unit", driver="GPKG", append=True)
    found = read_records_confined(path, tables=("a", "unit", "missing"))
    assert list(found) == ["a", "unit"]
    assert [(row["seq"], row["private"]) for row in found["a"]] == [(1, '{"楼": 1}'), (2, None)]
    assert [shapely.from_wkb(row[WKB]) for row in found["a"]] == [*shapes]
    assert found["unit"] == [{"seq": 3, "salt": "x", WKB: None}, {"seq": 4, "salt": "y", WKB: None}]


def test_what_is_no_geopackage_is_refused(confinement, tmp_path):
    path = geojson(tmp_path / "content.gpkg", geojson_text())
    with pytest.raises(RefusedFile) as caught:
        read_records_confined(path, tables=("a",))
    assert (caught.value.fault.kind, caught.value.file) == ("unreadable", "content.gpkg")
