"""The column that a person says names the rows, whatever the file is."""

import geopandas as gpd
import pytest
import shapely

from layers.confined.reading import read_confined
from layers.entries import ReadOptions
from layers.errors import RefusedFile
from layers.reading import open_delivery, read_delivery
from layers.writing import write_frame

LABELS = ["一号楼", "二号楼"]


@pytest.fixture(params=["houses.gpkg", "houses.geojson", "houses.geojsonl", "houses.fgb", "houses.zip"])
def houses(request, tmp_path):
    path = tmp_path / request.param
    shapes = [shapely.box(126.5 + k / 1000, 43.8, 126.5003 + k / 1000, 43.8002) for k in range(2)]
    frame = gpd.GeoDataFrame({"label": LABELS, "name": ["a", "b"]}, geometry=shapes, crs=4326)
    write_frame(frame, path)
    return path


def test_the_column_that_is_said_to_hold_names_does(houses):
    options = ReadOptions(columns={"name": "label"})
    for delivery in (read_delivery(houses, options=options), read_confined(houses, options=options)):
        assert sorted(delivery.frame["name"]) == sorted(LABELS)
    with open_delivery(houses, options=options) as opened:
        assert {name for batch in opened.batches for name in batch.frame["name"]} == set(LABELS)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(houses):
    with pytest.raises(RefusedFile) as caught:
        read_confined(houses, options=ReadOptions(columns={"name": "title"}))
    assert "label" in caught.value.fault.text.en + caught.value.fault.remedy.en
