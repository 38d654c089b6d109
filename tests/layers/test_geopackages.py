"""GeoPackages: what SQLite counts is what must be read."""

import sqlite3
import struct
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from making import NAMES, ZONE_126, cut, frame_of, geopackage, lonlat_squares, polygon_bytes, squares

import layers.gdal_tables
from layers import gdal_tables
from layers.catalogue import load_catalogue
from layers.editions import prepare_edition
from layers.geopackage import list_tables
from layers.reading import list_layers, read_delivery


@pytest.fixture
def gpkg(tmp_path):
    return geopackage(tmp_path / "现状.gpkg", {"建筑": frame_of()})


def edit(path, *statements):
    """Change a GeoPackage behind GDAL's back, its triggers and counts left out of play."""
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for statement, *values in statements:
            database.execute(statement, values)
        database.commit()


def blob(wkb, srid=4551):
    return b"GP\x00\x01" + struct.pack("<i", srid) + wkb


def insert(path, *wkbs, recount=True):
    rows = [('INSERT INTO "建筑" (geom) VALUES (?)', None if wkb is None else blob(wkb)) for wkb in wkbs]
    edit(path, *rows, *([("DELETE FROM gpkg_ogr_contents",)] if recount else []))


def test_rows_ids_and_attributes_come_as_they_are(gpkg):
    delivery = read_delivery(gpkg)
    assert delivery.frame["名称"].tolist() == NAMES
    assert delivery.frame["层数"].tolist() == [5, 18, 1]
    assert delivery.frame["source_id"].tolist() == ["1", "2", "3"]
    assert delivery.crs_name == ZONE_126
    assert (delivery.layer, delivery.format, delivery.encoding) == ("建筑", "GeoPackage", None)


def test_a_row_count_that_lies_costs_no_row(gpkg):
    insert(gpkg, polygon_bytes([(0, 0), (1, 0), (1, 1), (0, 0)]), recount=False)
    assert len(read_delivery(gpkg).frame) == 4


def test_a_file_of_which_rows_are_not_read_is_refused(gpkg, refusal, monkeypatch):
    def one_more(path, **options):
        return tuple(replace(layer, rows=(layer.rows or 0) + 1) for layer in list_tables(path, **options))

    monkeypatch.setattr(layers.gdal_tables, "list_tables", one_more)
    error = refusal(gpkg)
    assert error.fault.kind == "rows_lost"
    assert "3" in error.fault.text.en
    assert "4" in error.fault.text.en


def test_geometries_that_cannot_be_built_are_faults_of_their_rows(gpkg):
    unclosed = polygon_bytes([(0, 0), (1, 0), (1, 1)])
    insert(gpkg, unclosed, b"\x01\x03garbage", None)
    delivery = read_delivery(gpkg)
    assert len(delivery.frame) == 6
    assert [fault and fault.kind for fault in delivery.faults[3:]] == ["geometry_broken", "geometry_broken", None]
    assert delivery.frame.geometry.isna().tolist() == [False] * 3 + [True] * 3


def test_what_is_invalid_or_not_finite_is_kept_for_others_to_judge(gpkg):
    bow_tie = polygon_bytes([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])
    lost = polygon_bytes([(0, 0), (float("nan"), 1), (1, 0), (0, 0)])
    insert(gpkg, bow_tie, lost)
    delivery = read_delivery(gpkg)
    assert not delivery.frame.geometry.iloc[3].is_valid
    assert np.isnan(shapely.get_coordinates(delivery.frame.geometry.iloc[4])).any()
    assert all(fault is None for fault in delivery.faults)


def test_arcs_become_chords_within_a_millimetre(gpkg):
    centre_x, centre_y, radius = 500_000.0, 4_850_000.0, 50.0
    points = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    circle = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5)
    circle += b"".join(struct.pack("<dd", centre_x + radius * x, centre_y + radius * y) for x, y in points)
    insert(gpkg, circle)
    edit(gpkg, ("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'",))
    delivery = read_delivery(gpkg)
    chords = delivery.frame.geometry.iloc[3]
    away = shapely.distance(shapely.points(centre_x, centre_y), shapely.segmentize(chords.exterior, 0.01))
    assert chords.geom_type == "Polygon"
    assert radius - away < 0.001
    assert any("圆弧" in note.zh for note in delivery.notes)
    assert list(delivery.curved) == [3]
    assert delivery.curved[3].area == pytest.approx(np.pi * radius**2)
    edition = prepare_edition(delivery, layer=load_catalogue().layer("GH2303"))
    assert [(change.row, change.kind) for change in edition.changes] == [(3, "linearised"), (3, "gridded")]


def test_arcs_are_told_by_their_row_in_the_file_whichever_batch_they_come_in(gpkg, monkeypatch):
    monkeypatch.setattr(gdal_tables, "BATCH_ROWS", 2)
    arc = struct.pack("<BII", 1, 8, 3) + struct.pack("<6d", 0, 0, 5, 5, 10, 0)
    insert(gpkg, arc, polygon_bytes([(0, 0), (1, 0), (1, 1), (0, 0)]), arc)
    delivery = read_delivery(gpkg)
    assert list(delivery.curved) == [3, 5]
    assert delivery.frame.geometry.iloc[5].equals(delivery.curved[5].geometry)


def test_measures_and_heights_are_dropped_and_told(gpkg):
    measured = struct.pack("<BIII", 1, 3003, 1, 4) + b"".join(
        struct.pack("<dddd", *point, 7, 8) for point in [(0, 0), (1, 0), (1, 1), (0, 0)]
    )
    insert(gpkg, measured)
    edit(gpkg, ("UPDATE gpkg_geometry_columns SET z = 2, m = 2",))
    delivery = read_delivery(gpkg)
    geometries = delivery.frame.geometry.to_numpy()
    assert not (shapely.has_z(geometries) | shapely.has_m(geometries)).any()
    assert any("(M)" in note.zh for note in delivery.notes)
    assert any("高程" in note.zh for note in delivery.notes)


def test_integers_beside_missing_values_stay_integers(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"层数": [5, None, 3], "在用": [True, None, False]})})
    frame = read_delivery(path).frame
    assert frame["层数"].dtype == "Int64"
    assert frame["层数"].isna().tolist() == [False, True, False]
    assert frame["在用"].dtype == "boolean"


def test_integers_that_a_double_cannot_hold_are_exact_beside_missing_values(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"BSM": [2**60 + 1, None, 3]})})
    assert read_delivery(path).frame["BSM"].tolist() == [2**60 + 1, pd.NA, 3]


def test_the_layer_must_be_chosen_where_several_could_be_meant(tmp_path, refusal):
    frames = {"地块": frame_of(), "建筑": frame_of()}
    path = geopackage(tmp_path / "a.gpkg", frames)
    assert refusal(path).fault.kind == "layer_choice"
    assert read_delivery(path, layer="建筑").layer == "建筑"
    assert [entry.name for entry in list_layers(path)] == ["地块", "建筑"]
    assert [entry.rows for entry in list_layers(path)] == [3, 3]


def test_the_refusal_names_the_layer_where_there_are_several(tmp_path, refusal):
    lines = frame_of(geometry=shapely.boundary(squares()))
    path = geopackage(tmp_path / "a.gpkg", {"建筑": frame_of(), "道路": lines})
    edit(path, ("UPDATE gpkg_geometry_columns SET srs_id = -1",), ("UPDATE gpkg_contents SET srs_id = -1",))
    error = refusal(path, layer="道路")
    assert (error.fault.kind, error.layer) == ("crs_ask_zone", "道路")


def test_one_layer_of_polygons_among_others_is_taken(tmp_path):
    lines = frame_of(geometry=shapely.boundary(squares()))
    path = geopackage(tmp_path / "a.gpkg", {"道路": lines, "建筑": frame_of()})
    delivery = read_delivery(path)
    assert delivery.layer == "建筑"
    assert any("道路" in note.zh for note in delivery.notes)


def test_an_undefined_crs_is_refused_and_can_be_stated(gpkg, refusal):
    edit(gpkg, ("UPDATE gpkg_geometry_columns SET srs_id = -1",), ("UPDATE gpkg_contents SET srs_id = -1",))
    assert refusal(gpkg).fault.kind == "crs_ask_zone"
    assert read_delivery(gpkg, crs="EPSG:4551").crs_name == "EPSG:4551"


def test_a_view_is_refused(gpkg, refusal):
    edit(
        gpkg,
        ('CREATE VIEW "视图" AS SELECT * FROM "建筑"',),
        ("INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('视图', 'features', 4551)",),
        ("INSERT INTO gpkg_geometry_columns VALUES ('视图', 'geom', 'POLYGON', 4551, 0, 0)",),
    )
    error = refusal(gpkg)
    assert (error.fault.kind, error.layer) == ("geopackage_view", "视图")


def test_a_view_that_never_ends_is_not_run(gpkg):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    edit(gpkg, (f"CREATE VIEW endless AS {endless}",))
    assert len(read_delivery(gpkg).frame) == 3


def test_tables_without_geometry_are_no_layers(gpkg, refusal):
    edit(gpkg, ("DELETE FROM gpkg_geometry_columns",))
    assert refusal(gpkg).fault.kind == "geopackage_without_layer"


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_geopackage_cut_short_is_refused(gpkg, refusal, share):
    cut(gpkg, int(gpkg.stat().st_size * share))
    assert refusal(gpkg).fault.kind in {"geopackage_cut", "geopackage_broken"}


def test_a_database_that_is_no_geopackage_inside_is_refused(gpkg, refusal):
    edit(gpkg, ("DROP TABLE gpkg_contents",))
    assert refusal(gpkg).fault.kind == "geopackage_broken"


def test_one_that_is_open_elsewhere_is_refused(gpkg, refusal):
    with closing(sqlite3.connect(gpkg)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE x (y)")
        database.commit()
        assert refusal(gpkg).fault.kind == "geopackage_in_use"


def test_nothing_is_written_beside_the_file(gpkg):
    before = {part.name: part.read_bytes() for part in gpkg.parent.iterdir()}
    read_delivery(gpkg)
    assert {part.name: part.read_bytes() for part in gpkg.parent.iterdir()} == before


def test_json_text_that_says_so_is_read_as_values(gpkg):
    columns = "table_name TEXT, column_name TEXT, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT"
    extensions = "table_name TEXT, column_name TEXT, extension_name TEXT, definition TEXT, scope TEXT"
    edit(
        gpkg,
        ('ALTER TABLE "建筑" ADD COLUMN "附注" TEXT',),
        ("""UPDATE "建筑" SET "附注" = '{"楼栋": [1, 2]}' WHERE fid = 1""",),
        (f"CREATE TABLE gpkg_data_columns ({columns})",),
        ("INSERT INTO gpkg_data_columns VALUES ('建筑', '附注', NULL, NULL, NULL, 'application/json', NULL)",),
        (f"CREATE TABLE IF NOT EXISTS gpkg_extensions ({extensions})",),
        ("INSERT INTO gpkg_extensions VALUES ('gpkg_data_columns', NULL, 'gpkg_schema', 'x', 'read-write')",),
    )
    assert read_delivery(gpkg).frame["附注"].tolist() == [{"楼栋": [1, 2]}, None, None]


def test_degrees_are_read_as_degrees(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of(geometry=lonlat_squares(), crs="EPSG:4490")})
    delivery = read_delivery(path)
    assert delivery.crs_name == "EPSG:4490"
    assert delivery.frame.geometry.iloc[0].bounds[0] == pytest.approx(126.5)
