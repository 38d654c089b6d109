"""`luotu upload` on a survey with slips in it: looked at, mended, given back; and a plan mapped once."""

import json

import geopandas as gpd
import pytest
import shapely

from layers.reading import read_delivery

E, N = 544_000.0, 4_866_000.0


def outline(*corners):
    return shapely.Polygon([(E + x, N + y) for x, y in corners])


def house(x, y):
    return shapely.box(E + x, N + y, E + x + 20, N + y + 12)


@pytest.fixture
def survey(tmp_path):
    """Return a survey with a spike, a corner taken twice, a duplicate, an overlap, and a bow-tie."""
    shapes = {
        "good": house(0, 0),
        "spike": outline((40, 0), (60, 0), (60, 12), (50.02, 12), (50.01, 15), (50, 12), (40, 12)),
        "edge": outline((80, 0), (100, 0), (100.01, 0.012), (100.01, 12), (80, 12)),
        "twice": house(0, 0),
        "overlap": house(10, 6),
        "bow-tie": outline((180, 0), (200, 12), (200, 0), (180, 12)),
    }
    path = tmp_path / "survey.gpkg"
    gpd.GeoDataFrame({"name": [*shapes]}, geometry=[*shapes.values()], crs=4551).to_file(path)
    return path


@pytest.mark.parametrize("option", ["--output", "--rejected"])
@pytest.mark.parametrize("target", ["out.xlsx", "nowhere/out.gpkg"])
def test_a_target_that_cannot_be_is_told_before_anything_is_registered(luotu, survey, option, target):
    refused = luotu("upload", survey, "--good-rows", option, target)
    assert refused.exit_code == 3
    again = luotu("upload", survey, "--good-rows", "--format", "json")
    assert json.loads(again.stdout)["repeated"] is False


def test_a_preview_tells_what_the_file_is_and_what_is_wrong_and_stores_nothing(luotu, survey):
    looked = luotu("upload", survey, "--preview", "--good-rows")
    assert looked.exit_code == 1, looked.stderr
    assert "good · spike · edge" in looked.stdout
    rows = [line.split() for line in looked.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert [row[:3] for row in rows] == [
        ["3", "twice", "refused"],
        ["4", "overlap", "refused"],
        ["5", "bow-tie", "refused"],
        ["1", "spike", "look"],
        ["2", "edge", "look"],
    ]
    assert "Can be mended (--fix): Leave 2 vertices out" in looked.stdout
    assert "It is the same building as row 0" in looked.stdout
    assert "row (from 0)" in looked.stdout
    assert "6 rows: 3 would be accepted, 0 held for review, 3 refused; 2 to look at." in looked.stderr
    told = json.loads(luotu("upload", survey, "--preview", "--format", "json").stdout)
    assert [row["outcome"] for row in told["results"]] == ["new"] * 3 + ["refused"] * 3


def test_a_preview_of_what_is_no_delivery_says_so(luotu, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    looked = luotu("upload", "a.pdf", "--preview")
    assert (looked.exit_code, "PDF" in looked.stderr) == (3, True)


def test_refused_rows_are_given_back_and_the_others_mended(luotu, survey, tmp_path):
    whole = luotu("upload", survey, "--rejected", "bad.geojson")
    assert whole.exit_code == 3
    assert [*read_delivery(tmp_path / "bad.geojson").frame["name"]] == ["twice", "overlap", "bow-tie"]
    taken = luotu("upload", survey, "--good-rows", "--fix", "--rejected", "bad.zip", "-o", "coded.gpkg")
    assert taken.exit_code == 1, taken.stderr
    assert "Mended: Leave 2 vertices out: the outline moves by 3.000 m at most" in taken.stderr
    assert "3 refused; 2 to look at" in taken.stderr
    frame = read_delivery(tmp_path / "bad.zip").frame
    assert [*frame["kind"]] == ["duplicate_row", "overlaps_row", "self_intersection"]
    assert read_delivery(tmp_path / "coded.gpkg").frame.geometry[1].area == pytest.approx(240, abs=0.01)


def test_what_was_written_and_what_was_not_is_told(luotu, survey, tmp_path):
    refused = luotu("upload", survey, "-o", "coded.gpkg", "--rejected", "bad.gpkg").stderr
    assert "The delivery is refused: coded.gpkg is not written." in refused
    assert "written: bad.gpkg, 3 rows" in refused
    taken = luotu("upload", survey, "--good-rows", "-o", "coded.gpkg").stderr
    assert "written: coded.gpkg, 6 rows" in taken
    gpd.GeoDataFrame({"n": [1]}, geometry=[house(500, 0)], crs=4551).to_file(tmp_path / "fine.gpkg")
    fine = luotu("upload", "fine.gpkg", "--rejected", "none.gpkg")
    assert (fine.exit_code, (tmp_path / "none.gpkg").exists()) == (0, False)
    assert "No row is refused: none.gpkg is not written." in fine.stderr


def test_code_and_upload_give_the_same_columns_with_the_same_values(luotu, survey, tmp_path, monkeypatch):
    for language, said in (("en", "crosses itself"), ("zh", "自相交")):
        monkeypatch.setenv("LUOTU_LANGUAGE", language)
        luotu("code", survey, "-o", "alone.gpkg")
        luotu("upload", survey, "--good-rows", "-o", "registered.gpkg")
        alone, registered = (read_delivery(tmp_path / f"{name}.gpkg").frame for name in ("alone", "registered"))
        columns = ["code", "h3", "area_m2", "fault"]
        assert [name for name in alone.columns if name in columns] == columns
        assert [name for name in registered.columns if name in {*columns, "outcome"}] == [*columns, "outcome"]
        assert alone[columns].iloc[:3].equals(registered[columns].iloc[:3])
        assert alone["fault"][5] == registered["fault"][5]
        assert said in registered["fault"][5]


def test_many_refused_rows_are_counted_by_kind(luotu, tmp_path):
    bow = [outline((30 * n, 0), (30 * n + 20, 12), (30 * n + 20, 0), (30 * n, 12)) for n in range(25)]
    many = gpd.GeoDataFrame({"n": range(66)}, geometry=[*bow, *(house(30 * n, 50) for n in range(41))], crs=4551)
    many.to_file(tmp_path / "many.gpkg")
    for looked in (luotu("upload", "many.gpkg"), luotu("upload", "many.gpkg", "--preview")):
        assert (looked.stdout + looked.stderr).count("crosses itself") == 20
        assert "Not shown here: 5. All of them by kind: self_intersection 25." in looked.stderr
        assert "Rows are counted from 0." in looked.stderr
    taken = luotu("upload", "many.gpkg", "--good-rows")
    assert "… and 1 more: all of them with -o, or with --format json." in taken.stdout


def test_an_extent_and_a_datum_are_said_for_one_delivery(luotu, tmp_path):
    gpd.GeoDataFrame({"n": [1]}, geometry=[house(700, 0)], crs=4551).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    assert luotu("upload", "bare.shp", "--preview").exit_code == 3
    said = ("--extent", "126,43.4,127,44.4", "--datum", "CGCS2000")
    for more in (["--preview"], []):
        told = luotu("upload", "bare.shp", *said, *more)
        assert told.exit_code == 0, told.stderr
        assert "EPSG:4551 (The file states no CRS; it follows" in told.stderr
    assert luotu("upload", "bare.shp", "--extent", "somewhere").exit_code == 2


def test_an_office_is_told_with_its_extent(luotu):
    assert "local Local survey office" in luotu("db", "extent").stdout
    assert "has no extent" in luotu("db", "extent").stdout
    kept = luotu("db", "extent", "local", "126,43.4,127.123456,44.4")
    assert "works in (west, south, east, north): 126, 43.4, 127.123456, 44.4" in kept.stdout
    assert luotu("db", "extent").stdout == kept.stdout
    assert "has no extent" in luotu("db", "extent", "local", "").stdout
    strange = luotu("db", "extent", "nobody")
    assert (strange.exit_code, "local" in strange.stderr) == (2, True)


def test_a_place_for_refused_rows_that_cannot_be_written_is_told_before_anything_is_stored(luotu, survey):
    assert luotu("upload", survey, "--good-rows", "--rejected", "bad.docx").exit_code == 3
    assert "uploaded before" not in luotu("upload", survey, "--good-rows").stderr


@pytest.fixture
def plan(tmp_path):
    """Return a plan under its own names and codes."""
    path = tmp_path / "plan.gpkg"
    table = {"用地代码": ["701", "R2"], "编号": ["A", "B"]}
    gpd.GeoDataFrame(table, geometry=[house(0, 0), house(40, 0)], crs=4551).to_file(path)
    return path


def test_a_plan_is_mapped_once_and_loaded_by_the_name_of_its_mapping(luotu, plan, tmp_path):
    proposed = luotu("layers", "map", "propose", plan, "--as", "GH2103")
    assert proposed.exit_code == 0, proposed.stderr
    assert "It is another name of YDYHFLDM." in proposed.stdout
    assert "?" in proposed.stdout
    assert "–" not in proposed.stdout
    kept = luotu("layers", "map", "propose", plan, "--as", "GH2103", "--code", "R2=0702", "--save", "city")
    assert "kept: city, version 1" in kept.stderr
    assert "city" in luotu("layers", "map", "list").stdout
    shown = json.loads(luotu("layers", "map", "show", "city", "--format", "json").stdout)
    assert shown["codes"] == {"701": "0701", "R2": "0702"}
    (tmp_path / "m.json").write_text(json.dumps(shown), encoding="utf-8")
    assert "kept: city, version 1" in luotu("layers", "map", "save", "city", "m.json").stderr
    area = tmp_path / "area.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[house(0, 0).buffer(100)], crs=4551).to_file(area)
    options = (
        "--document",
        "国函〔2024〕1号",
        "--complete-in",
        area,
        "--valid-from",
        "2025-01-01",
        "--accuracy",
        "0.5",
    )
    loaded = luotu("layers", "load", plan, "--mapping", "city", *options)
    assert loaded.exit_code == 0, loaded.stderr
    assert "2 features, loaded" in loaded.stderr
    layers = json.loads(luotu("layers", "list", "--format", "json").stdout)
    (layer,) = [each for each in layers if each["code"] == "GH2103"]
    assert "国函〔2024〕1号" in [edition["source"] for edition in layer["editions"]]


def test_what_is_no_mapping_is_told(luotu, plan, tmp_path):
    (tmp_path / "m.json").write_text("[]", encoding="utf-8")
    assert luotu("layers", "map", "save", "x", "m.json").exit_code == 2
    luotu("layers", "map", "propose", plan, "--as", "GH2103", "--save", "city")
    unknown = luotu("layers", "map", "show", "citi")
    assert unknown.exit_code == 3
    assert "luotu layers map list" in unknown.stderr
    assert "? city" in unknown.stderr
    wrong = luotu("layers", "map", "propose", plan, "--as", "GH2103", "--code", "R2=9999", "--save", "x")
    assert (wrong.exit_code, "9999" in wrong.stderr) == (3, True)
