"""Data of other people, read as it is; skipped where it is not at hand."""

import gzip
import json

import numpy as np
import pytest
import shapely

from layers.catalogue import load_catalogue
from layers.editions import prepare_edition
from layers.errors import RefusedFile
from layers.reading import list_layers, read_delivery
from layers.writing import SUFFIXES, write_frame


@pytest.mark.parametrize(
    ("name", "rows", "kind", "crs"),
    [
        ("osm_cn_nanjing/buildings_20210612.geojson.gz", 1277, "GeoJSON in gzip", "EPSG:4326"),
        ("osm_liechtenstein/buildings_20240303.geojson.gz", 17717, "GeoJSON in gzip", "EPSG:4326"),
        ("plan_chicago_zoning/chicago-zoning-2024-10-21-simple.geojson.gz", 14592, "GeoJSON in gzip", "EPSG:4326"),
        ("boulder_mtbf33/boulder_buildings.zip", 13491, "Shapefile in zip", "EPSG:4326"),
        ("eubucco_vichy/v0_1-FRA_1_2_3_11_1-Vichy.gpkg.zip", 11141, "GeoPackage in zip", "EPSG:3035"),
        ("cn_admin_adcode/all_districts_cgcs2000.geojson.gz", 2898, "GeoJSON in gzip", "EPSG:4490"),
        ("cn_admin_adcode/jilin_city_districts.geojson", 9, "GeoJSON", "EPSG:4490"),
    ],
)
def test_every_row_is_there(shared_data, name, rows, kind, crs):
    delivery = read_delivery(shared_data(name))
    assert (len(delivery.frame), delivery.format, delivery.crs_name) == (rows, kind, crs)
    assert all(fault is None for fault in delivery.faults)
    assert not delivery.frame.geometry.isna().any()


def test_nanjing_is_what_the_json_says(shared_data):
    path = shared_data("osm_cn_nanjing/buildings_20210612.geojson.gz")
    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    delivery = read_delivery(path)
    assert delivery.frame["source_id"].tolist() == [feature["id"] for feature in features]
    assert delivery.frame["name"].notna().sum() == sum("name" in feature["properties"] for feature in features)
    expected = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    assert (shapely.to_wkb(delivery.frame.geometry) == shapely.to_wkb(expected)).all()
    assert delivery.notes == ()


@pytest.mark.parametrize(
    "suffix", [suffix for suffix in SUFFIXES if suffix not in {".csv", ".txt", ".dxf", ".gdb.zip"}]
)
def test_nanjing_goes_through_every_format(shared_data, tmp_path, suffix):
    frame = read_delivery(shared_data("osm_cn_nanjing/buildings_20210612.geojson.gz")).frame
    write_frame(frame, tmp_path / f"coded{suffix}")
    again = read_delivery(tmp_path / f"coded{suffix}").frame
    assert again["source_id"].tolist() == frame["source_id"].tolist()
    assert shapely.equals(again.geometry.to_numpy(), frame.geometry.to_numpy()).all()
    assert [value or None for value in again["name"].where(again["name"].notna(), None)] == [
        value or None for value in frame["name"].where(frame["name"].notna(), None)
    ]


def test_junk_and_a_read_me_in_a_zip_are_told_or_left_out(shared_data):
    notes = " ".join(note.zh for note in read_delivery(shared_data("boulder_mtbf33/boulder_buildings.zip")).notes)
    assert "README.md" in notes
    assert "MACOSX" not in notes


def test_the_layers_of_a_zipped_geopackage_are_listed(shared_data):
    (entry,) = list_layers(shared_data("eubucco_vichy/v0_1-FRA_1_2_3_11_1-Vichy.gpkg.zip"))
    assert (entry.name, entry.rows) == ("v0_1-FRA_1_2_3_11_1-Vichy", 11141)


def test_malformed_geojson_is_refused_or_read_never_anything_else(shared_data):
    outcomes = [outcome(path) for path in sorted(shared_data("nasty_geojson").glob("*/*.geojson"))]
    assert outcomes.count("refused") >= 9
    assert outcomes.count("faults") >= 18
    assert outcomes.count("rows") >= 20


def outcome(path):
    try:
        delivery = read_delivery(path)
    except RefusedFile as error:
        return "refused" if error.file == path.name else str(error)
    return "faults" if any(fault is not None for fault in delivery.faults) else "rows"


def test_good_geojson_has_no_faults(shared_data):
    for path in sorted(shared_data("nasty_geojson/good").glob("*.geojson")):
        delivery = read_delivery(path, crs="EPSG:4326")
        assert all(fault is None for fault in delivery.faults), path.name


@pytest.mark.parametrize("name", ["raster_alexandria/dsm.tif", "nasty_jts/general/TestRelateAA.xml", "README.md"])
def test_other_files_are_refused_by_what_they_are(shared_data, name):
    with pytest.raises(RefusedFile) as caught:
        read_delivery(shared_data(name))
    assert caught.value.fault.kind in {"format_foreign", "format_text"}


def test_zoning_has_its_invalid_polygons_still(shared_data):
    frame = read_delivery(shared_data("plan_chicago_zoning/chicago-zoning-2024-10-21-simple.geojson.gz")).frame
    assert np.count_nonzero(~shapely.is_valid(frame.geometry.to_numpy())) == 258


def test_invalid_zones_of_chicago_are_mended_and_nothing_valid_is_touched(shared_data):
    delivery = read_delivery(shared_data("plan_chicago_zoning/chicago-zoning-2024-10-21-simple.geojson.gz"))
    edition = prepare_edition(delivery, layer=load_catalogue().layer("GH2503"))
    mended = {change.row for change in edition.changes if change.kind == "mended"}
    assert len(mended) > 200
    assert {fault.kind for fault in edition.faults if fault} <= {"zero_area", "empty_geometry", "self_intersection"}
    touched = {change.row for change in edition.changes}
    before = delivery.frame.geometry.drop(list(touched))
    after = edition.frame.geometry.loc[before.index.intersection(edition.frame.index)]
    assert shapely.is_valid(edition.frame.geometry.to_numpy()).all()
    assert np.array_equal(shapely.to_wkb(after), shapely.to_wkb(before.loc[after.index]))
