"""Bad input: one clear sentence, a place, a remedy; nothing is stored; exit code 3."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from store import schema
from store.database import transaction

LON, LAT = 126.55, 43.84
SQUARE = [[LON, LAT], [LON + 2e-4, LAT], [LON + 2e-4, LAT + 2e-4], [LON, LAT + 2e-4], [LON, LAT]]


@pytest.fixture
def luotu(command_line, database):
    """Return the function that runs the command line over an empty register."""
    return command_line(database)


def geojson(*rings: list, **members) -> str:
    features = [
        {"type": "Feature", "properties": {"name": f"n{i}"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for i, ring in enumerate(rings)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def no_crs(folder: Path) -> Path:
    path = folder / "plain.shp"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(544000, 4856000, 544020, 4856010)]).to_file(path)
    return path


def old_datum(folder: Path) -> Path:
    path = folder / "old.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Polygon(SQUARE)], crs=4214).to_file(path)
    return path


def bow_tie(folder: Path) -> Path:
    path = folder / "bow.geojson"
    path.write_text(geojson([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]))
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.gpkg"
    path.write_bytes(b"")
    return path


def text_called_shp(folder: Path) -> Path:
    path = folder / "letter.shp"
    path.write_text("Dear surveyor, please find attached …", encoding="utf-8")
    return path


def not_a_number(folder: Path) -> Path:
    path = folder / "nan.gpkg"
    square = np.array(SQUARE)
    square[2, 0] = np.nan
    broken = shapely.transform(shapely.Polygon(SQUARE), lambda _: square)
    gpd.GeoDataFrame({"n": [1]}, geometry=[broken], crs=4490).to_file(path)
    return path


def no_area(folder: Path) -> Path:
    path = folder / "flat.geojson"
    path.write_text(geojson([SQUARE[0], SQUARE[1], [LON + 5e-4, LAT], SQUARE[0]]))
    return path


def metres_without_crs(folder: Path) -> Path:
    path = folder / "metres.geojson"
    path.write_text(geojson([[42544000, 4856000], [42544020, 4856000], [42544020, 4856010], [42544000, 4856000]]))
    return path


CASES = [
    (no_crs, ["plain.shp", "coordinate reference system", "--crs EPSG:", "extent"]),
    (old_datum, ["EPSG:4214", "parameters"]),
    (bow_tie, ["bow.geojson", "row 0", "crosses itself", "bow-tie"]),
    (empty, ["empty.gpkg", "empty"]),
    (text_called_shp, ["letter.shp"]),
    (not_a_number, ["nan.gpkg", "Vertex 2", "not a finite number"]),
    (no_area, ["flat.geojson", "row 0", "no area"]),
    (metres_without_crs, ["metres.geojson", "EPSG:4530"]),
]


@pytest.mark.parametrize("command", ["upload", "code", "check"])
@pytest.mark.parametrize(("make", "words"), CASES, ids=[case[0].__name__ for case in CASES])
def test_bad_input_is_refused_with_place_sentence_and_remedy(luotu, database, tmp_path, command, make, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_args, **_kwargs: None)
        path = make(tmp_path)
    result = luotu(command, path)
    said = result.stderr
    assert result.exit_code == 3, said
    for word in words:
        assert word in said
    assert "Remedy" in said
    assert "Traceback" not in said
    with transaction(database) as connection:
        for table in (schema.upload, schema.building, schema.document):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert not (tmp_path / "home" / "documents").exists()


def test_a_3d_polygon_is_accepted_and_its_dropped_heights_are_said(luotu, tmp_path):
    path = tmp_path / "solid.geojson"
    path.write_text(geojson([[*point, 203.5] for point in SQUARE]))
    result = luotu("upload", path)
    assert result.exit_code == 0, result.stderr
    assert "dropped" in result.stderr
    assert "new" in result.stdout


def test_a_refusal_is_said_in_chinese_to_those_who_read_it(luotu, tmp_path, monkeypatch):
    monkeypatch.setenv("LUOTU_LANGUAGE", "zh")
    result = luotu("upload", bow_tie(tmp_path))
    assert "自相交" in result.stderr
    assert "处理" in result.stderr


def test_a_file_that_is_not_there_is_said(luotu):
    result = luotu("code", "nowhere.gpkg")
    assert result.exit_code == 3
    assert "nowhere.gpkg" in result.stderr


def test_an_unknown_option_is_a_usage_error(luotu):
    assert luotu("code", "x", "--colour").exit_code == 2
