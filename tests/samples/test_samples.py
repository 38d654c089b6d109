"""The sample district: it is what its generator writes, and its planted results are what an overlay measures."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from geopandas.testing import assert_geodataframe_equal

from tests.conftest import SAMPLES
from tests.samples.overlay import (
    FOOTPRINT_RULES,
    LAYER_RULES,
    TODAY,
    concerned,
    in_force,
    meet_in_time,
    outside,
    overlaps,
    parts,
)

FILES = ("district.gpkg", "expected.json", "height_surface.tif", "layers.json", "survey.zip", "survey_faulty.zip")
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
UNIT_CODE = re.compile(r"^\d{6}\d{3}\d{3}[GJZ][ABCDEFGHSWXY]\d{5}[FLQW]\d{8}$")
UTF8_NAMES = 0x800  # the flag of a zip member whose name is UTF-8


def cases(kind):
    return [pytest.param(case, id=case["id"]) for case in EXPECTED[kind]]


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, SAMPLES / "generate.py", folder], check=True)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_the_generator_writes_what_is_committed(name, generated):
    written, committed = generated / name, SAMPLES / name
    if written.read_bytes() != committed.read_bytes():  # SQLite and zlib of other versions may pack it otherwise
        assert_same_content(written, committed)


def assert_same_content(written, committed):
    if committed.suffix == ".gpkg":
        assert pyogrio.list_layers(written).tolist() == pyogrio.list_layers(committed).tolist()
        for layer, _ in pyogrio.list_layers(committed):
            assert_geodataframe_equal(gpd.read_file(written, layer=layer), gpd.read_file(committed, layer=layer))
    elif committed.suffix == ".tif":
        with rasterio.open(written) as new, rasterio.open(committed) as old:
            assert new.transform == old.transform
            assert np.array_equal(new.read(1), old.read(1))
    else:
        pytest.fail(f"{committed.name} is out of date: run data/samples/generate.py")


def test_the_sample_stays_under_five_megabytes():
    assert sum((SAMPLES / name).stat().st_size for name in FILES) < 5_000_000


def test_every_edition_has_its_layer_and_its_features(layers):
    editions = json.loads((SAMPLES / "layers.json").read_text(encoding="utf-8"))["layers"]
    assert {edition["layer"]: edition["features"] for edition in editions} == {c: len(f) for c, f in layers.items()}
    assert {edition["table"] for edition in editions} == {
        name for name, _ in pyogrio.list_layers(SAMPLES / "district.gpkg")
    }


def test_every_geometry_is_valid_and_lies_on_the_millimetre_grid(layers):
    for code, features in layers.items():
        assert features.crs.to_epsg() == 4551, code
        assert features.geometry.is_valid.all(), code
        xy = shapely.get_coordinates(features.geometry.values)
        assert np.array_equal(xy, np.round(xy, 3)), code


def test_names_are_given_once_in_a_layer(layers, survey):
    assert all(features.index.is_unique for features in layers.values())
    assert survey.index.is_unique


def test_there_are_two_thousand_existing_buildings_and_none_overlaps_another(layers):
    buildings = layers["XZ1301"]
    assert len(buildings) == 2_000
    assert list(overlaps(buildings, buildings)) == []


def test_some_existing_buildings_share_walls_have_courtyards_or_several_parts(layers):
    shapes = layers["XZ1301"].geometry.values
    a, b = shapely.STRtree(shapes).query(shapes, predicate="touches")
    walls = shapely.length(shapely.intersection(shapes[a], shapes[b]))
    assert (walls > 5.0).sum() > 100
    assert (shapely.get_num_geometries(shapes) > 1).any()
    assert (shapely.area(shapely.convex_hull(shapes)) > 1.05 * shapely.area(shapes)).sum() > 100
    assert sum(shapely.get_num_interior_rings(shapely.get_parts(shapes))) > 30


def test_registered_areas_are_those_of_the_plane(layers):
    for code, column in (("XZ1301", "基底面积"), ("XZ1201", "TBMJ"), ("GH2303", "ydmj"), ("GL3105", "YDMJ")):
        assert np.allclose(layers[code][column], layers[code].area, atol=0.006), code


@pytest.mark.parametrize("case", cases("footprint_cases"))
def test_a_planted_footprint_measures_what_is_expected(case, survey, layers):
    others = concerned(case["rule"], case["layer"], in_force(layers[case["layer"]], case["as_of"]))
    building = survey.loc[[case["building"]]]
    hits = list((outside if case["predicate"] == "outside" else overlaps)(building, others))
    assert {hit.right for hit in hits} - {None} <= set(case["features"])
    assert_measured(case, [part for hit in hits for part in parts(hit.shape)])
    assert case["outcome"] == {"certain": "fail", "within_accuracy": "fail_within_accuracy"}.get(
        certainty(case), "pass"
    )


@pytest.mark.parametrize("case", cases("layer_cases"))
def test_a_planted_pair_of_features_measures_what_is_expected(case, layers):
    left, right = layers[case["left"]["layer"]], layers[case["right"]["layer"]]
    hits = [
        hit
        for hit in overlaps(left.loc[[case["left"]["name"]]], right.loc[case["right"]["names"]])
        if meet_in_time(left.loc[hit.left], right.loc[hit.right])
    ]
    assert_measured(case, [part for hit in hits for part in parts(hit.shape)])
    assert bool(hits) == case["conflict"]


def assert_measured(case, measured):
    expected = sorted(((part["area_m2"], part["width_m"]) for part in case["parts"]), reverse=True)
    assert np.allclose(sorted(measured, reverse=True), expected, rtol=0, atol=1e-6)
    assert case["area_m2"] == pytest.approx(sum(area for area, _ in measured), abs=1e-6)
    assert certainty(case) == case["certainty"]


def certainty(case):
    """The class of a case's widest part, from the accuracies in layers.json."""
    if not case["parts"]:
        return None
    accuracy = {
        row["layer"]: row["accuracy_m"] for row in json.loads((SAMPLES / "layers.json").read_text("utf-8"))["layers"]
    }
    pair = (
        (0.05, accuracy[case["layer"]])
        if "layer" in case
        else (accuracy[case[side]["layer"]] for side in ("left", "right"))
    )
    sigma = sum(each**2 for each in pair) ** 0.5
    return "noise" if case["width_m"] <= 0.002 else "within_accuracy" if case["width_m"] <= 2 * sigma else "certain"


@pytest.mark.parametrize("day", [TODAY, "2024-06-01"])
def test_no_surveyed_building_meets_anything_that_is_not_planted(day, survey, layers):
    found = set()
    for rule, (predicate, code) in FOOTPRINT_RULES.items():
        others = concerned(rule, code, in_force(layers[code], day))
        hits = outside(survey, others) if predicate == "outside" else overlaps(survey, others)
        found |= {(hit.left, rule) for hit in hits}
    planted = {
        (case["building"], case["rule"])
        for case in EXPECTED["footprint_cases"]
        if case["parts"] and case["as_of"] == TODAY
    }
    then = {(case["building"], case["rule"]) for case in EXPECTED["footprint_cases"] if case["as_of"] == day}
    assert found == planted | {pair for pair in then if day != TODAY}


def test_the_clean_buildings_are_those_without_a_planted_case(survey, expected):
    broken = {case["building"] for case in expected["footprint_cases"] if case["parts"] and case["as_of"] == TODAY}
    assert set(expected["clean"]) == set(survey.index) - broken
    assert len(expected["clean"]) > len(survey) / 2


def test_no_two_layers_conflict_but_where_it_is_planted(layers):
    found = set()
    for rule, (a, b) in LAYER_RULES.items():
        left = concerned(rule, a, layers[a])
        right = left if a == b else concerned(rule, b, layers[b])
        hits = (hit for hit in overlaps(left, right) if meet_in_time(left.loc[hit.left], right.loc[hit.right]))
        found |= {(rule, frozenset([hit.left, hit.right])) for hit in hits}
    planted = {
        (case["rule"], frozenset([case["left"]["name"], *case["right"]["names"]]))
        for case in EXPECTED["layer_cases"]
        if case["conflict"]
    }
    assert found == planted


def test_planned_construction_stays_inside_the_development_boundary(layers):
    urban = concerned("C05", "GH2103", layers["GH2103"])
    assert list(outside(urban, layers["GH2203"])) == []


def test_surveyed_buildings_do_not_overlap_each_other(survey):
    assert list(overlaps(survey, survey)) == []
    assert survey.geometry.is_valid.all()


def test_the_orange_line_has_no_data_under_the_west_bank_sites_alone(survey, expected):
    document = json.loads((SAMPLES / "layers.json").read_text(encoding="utf-8"))
    known = {row["layer"]: shapely.from_wkt(document["areas"][row["completeness"]]) for row in document["layers"]}
    for code, area in known.items():
        missing = set(survey.index[~survey.within(area)])
        assert missing == (set(expected["no_data"][0]["buildings"]) if code == "GH2208" else set()), code


def test_the_land_survey_is_a_coverage_but_for_one_t_vertex(layers, expected):
    land, t = layers["XZ1201"], expected["t_vertex"]
    broken = shapely.coverage_invalid_edges(land.geometry.values)
    assert set(land.index[~shapely.is_empty(broken)]) == {t["with"], t["without"]}
    vertex = [t["x"], t["y"]]
    assert vertex in shapely.get_coordinates(land.loc[t["with"]].geometry).tolist()
    assert vertex not in shapely.get_coordinates(land.loc[t["without"]].geometry).tolist()
    assert shapely.LineString(t["edge"]).distance(shapely.Point(vertex)) == 0


def test_land_survey_and_plan_fill_the_district_without_gap_or_overlap(layers):
    district = layers["XZ1101"].geometry.iloc[0]
    assert shapely.coverage_is_valid(layers["GH2103"].geometry.values)
    for code in ("XZ1201", "GH2103"):
        assert layers[code].area.sum() == pytest.approx(district.area, abs=1e-3)
        assert shapely.union_all(layers[code].geometry.values).equals(district)


def test_the_district_has_the_size_of_a_town_at_its_place(layers):
    west, south, east, north = layers["XZ1101"].to_crs(4490).total_bounds
    assert (west + east) / 2 == pytest.approx(126.55, abs=0.02)
    assert (south + north) / 2 == pytest.approx(43.84, abs=0.02)
    width, height = np.diff(layers["XZ1101"].total_bounds.reshape(2, 2), axis=0)[0]
    assert 7_000 < width < 8_500
    assert 8_000 < height < 9_500


def test_the_height_surface_is_the_plane_it_says(layers, expected):
    plane = expected["height_surface"]
    with rasterio.open(SAMPLES / plane["file"]) as raster:
        assert raster.crs.to_epsg() == 4551
        assert raster.res == (plane["cell_m"], plane["cell_m"])
        x = raster.bounds.left + plane["cell_m"] * (np.arange(raster.width) + 0.5)
        y = raster.bounds.top - plane["cell_m"] * (np.arange(raster.height) + 0.5)
        exact = plane["a"] * x[None, :] + plane["b"] * y[:, None] + plane["c"]
        assert np.array_equal(raster.read(1), exact)
    vector = layers["GH2213"].iloc[0]
    assert [vector["PMXS_A"], vector["PMXS_B"], vector["PMXS_C"]] == [plane["a"], plane["b"], plane["c"]]


@pytest.mark.parametrize("name", ["survey.zip", "survey_faulty.zip"])
def test_a_delivery_has_gbk_names_without_a_flag_and_no_cpg(name):
    with zipfile.ZipFile(SAMPLES / name) as archive:
        members = archive.infolist()
        assert archive.testzip() is None
    names = [member.filename.encode("cp437").decode("gbk") for member in members]
    assert names == [f"放线测量成果/建筑物基底.{suffix}" for suffix in ("shp", "shx", "dbf", "prj")]
    assert not any(member.flag_bits & UTF8_NAMES for member in members)


@pytest.mark.parametrize("name", ["survey.zip", "survey_faulty.zip"])
def test_a_delivery_has_gbk_attributes_and_does_not_say_so(name):
    with zipfile.ZipFile(SAMPLES / name) as archive:
        table = next(archive.read(member) for member in archive.infolist() if member.filename.endswith(".dbf"))
    assert table[29] == 0
    fields = [table[i : i + 11].split(b"\0")[0] for i in range(32, struct.unpack_from("<H", table, 8)[0] - 1, 32)]
    assert [field.decode("gbk") for field in fields] == [
        "建筑名称",
        "项目代码",
        "不动产单元",
        "高度",
        "层数",
        "结构",
        "用途",
    ]
    with pytest.raises(UnicodeDecodeError):
        table[struct.unpack_from("<H", table, 8)[0] :].decode("utf-8")
    assert "住宅" in table[struct.unpack_from("<H", table, 8)[0] :].decode("gbk")


def test_a_delivery_names_its_crs_as_arcgis_does():
    with zipfile.ZipFile(SAMPLES / "survey.zip") as archive:
        text = next(archive.read(member) for member in archive.infolist() if member.filename.endswith(".prj")).decode(
            "ascii"
        )
    assert "CGCS2000_3_Degree_GK_CM_126E" in text
    assert "AUTHORITY" not in text
    assert pyproj.CRS.from_wkt(text).to_epsg(min_confidence=20) == 4551


def test_a_delivery_states_project_and_real_estate_unit_of_every_building(survey, layers):
    assert survey["不动产单元"].is_unique
    assert survey["不动产单元"].map(lambda code: bool(UNIT_CODE.match(code))).all()
    assert survey["项目代码"].str.fullmatch(r"\d{4}-220204-47-01-\d{6}").all()
    assert set(survey["项目代码"]) <= set(layers["GL3105"]["XMDM"])
    assert layers["GL3105"]["XMDM"].is_unique


def test_every_surveyed_building_stands_on_the_site_of_its_project(survey, layers):
    sites = in_force(layers["GL3105"], TODAY).reset_index().set_index("XMDM").geometry
    shares = (
        survey.intersection(gpd.GeoSeries(sites.loc[survey["项目代码"]].values, index=survey.index)).area / survey.area
    )
    assert (shares > 0.97).all()


def test_the_faulty_delivery_has_the_faults_it_says(faulty, expected):
    rows = expected["faulty"]["rows"]
    shapes = {row["fault"] or row["note"]: faulty.geometry.iloc[row["row"]] for row in rows}
    assert len(faulty) == len(rows) == 12
    assert "Self-intersection" in shapely.is_valid_reason(shapes["self_intersection"])
    assert shapes["zero_area"].area == 0
    assert shapes["no_geometry"] is None
    assert shapes["outside_crs"].bounds[0] > 4_000_000
    assert shapely.get_coordinates(shapes["z_dropped"], include_z=True)[:, 2].tolist() == [193.52] * 5


def test_the_faulty_delivery_has_one_row_twice(faulty, expected):
    twin = next(row for row in expected["faulty"]["rows"] if row["note"] == "duplicate")
    assert faulty.iloc[twin["row"]].equals(faulty.iloc[twin["same_as_row"]])


def test_the_good_rows_of_the_faulty_delivery_stand_on_its_site(faulty, layers, expected):
    accepted = [row for row in expected["faulty"]["rows"] if row["fault"] is None]
    site = layers["GL3105"].loc[expected["faulty"]["site"]].geometry
    assert sum(row["note"] is None for row in accepted) == 6
    good = faulty.iloc[[row["row"] for row in accepted]]
    assert good.geometry.is_valid.all()
    assert good.within(site).all()
    assert np.allclose(good.area, [row["area_m2"] for row in accepted], atol=1e-6)
    assert list(overlaps(good.set_index("建筑名称"), layers["XZ1301"])) == []
