"""`luotu resolve`: one building, or a row for each of many names."""

import csv
import io
import json

import pytest
import shapely

HOUSES = [shapely.box(126.70 + i * 1e-3, 43.70, 126.7003 + i * 1e-3, 43.7002) for i in range(2)]


@pytest.fixture
def codes(luotu, tmp_path):
    path = tmp_path / "drawn.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"{i}号楼", "地址": f"解放路{i}号"},
            "geometry": shapely.geometry.mapping(house),
        }
        for i, house in enumerate(HOUSES)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return [row["code"] for row in json.loads(luotu("upload", path, "--format", "json").stdout)["results"]]


def test_one_name_is_told_with_its_history(luotu, codes):
    told = luotu("resolve", "解放路1号", "--format", "table")
    assert told.exit_code == 0, told.stderr
    assert codes[1] in told.stdout
    assert "living" in told.stdout
    assert json.loads(luotu("resolve", codes[0], "--format", "json").stdout)["id"] == codes[0]
    assert json.loads(luotu("resolve", *codes[0].split("-")).stdout)["id"] == codes[0]


def test_coordinates_tell_how_they_were_read_and_how_far_the_building_is(luotu, codes):
    inside = luotu("resolve", "126.7001 43.7001", "--format", "table")
    assert codes[0] in inside.stdout
    assert "coordinates" in inside.stdout
    assert "within the footprint" in inside.stdout
    beside = luotu("resolve", "126.7001 43.70025", "--format", "table")
    assert "m from the footprint" in beside.stdout
    rows = luotu("resolve", "126.7001 43.7001", "解放路1号", "--format", "table").stdout
    assert "within the footprint" in rows
    assert "address" in rows
    assert "found by" not in luotu("resolve", codes[0], "--format", "table").stdout


def test_a_name_that_nobody_bears_is_refused_with_a_suggestion(luotu, codes):
    wrong = codes[0][:-3] + codes[0][-2] + codes[0][-3] + codes[0][-1]
    refused = luotu("resolve", wrong)
    assert refused.exit_code == 3
    assert codes[0] in refused.stderr
    assert luotu("resolve").exit_code == 2
    assert luotu("resolve", codes[0], "--as-of", "2001-01-01").exit_code == 3
    assert luotu("resolve", codes[0], "--known-at", "2999-01-01").exit_code == 0


@pytest.mark.parametrize("form", ["csv", "json", "geojsonl", "table"])
def test_many_names_have_a_row_each(luotu, codes, form):
    told = luotu("resolve", codes[0], "解放路1号", "none of them", "--format", form)
    assert told.exit_code == 1
    assert all(code in told.stdout for code in codes)
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(told.stdout)))
        assert [row["status"] for row in rows] == ["found", "found", "not_found"]
        assert [row["as"] for row in rows] == ["code", "address", ""]
    if form == "json":
        assert [row["code"] for row in json.loads(told.stdout)] == [*codes, None]


def test_names_come_from_a_file_or_from_standard_input(luotu, codes, tmp_path):
    table = tmp_path / "names.csv"
    table.write_text(f"no,名称\n1,{codes[0]}\n2,\n3,解放路1号\n", encoding="gb18030")
    rows = list(csv.DictReader(io.StringIO(luotu("resolve", "--file", table, "--format", "csv").stdout)))
    assert [row["code"] for row in rows] == [codes[0], "", codes[1]]
    bare = tmp_path / "bare.csv"
    bare.write_text(f"{codes[1]}\n{codes[0]}\n", encoding="utf-8")
    rows = json.loads(luotu("resolve", "--file", bare, "--format", "json").stdout)
    assert [row["code"] for row in rows] == codes[::-1]
    lines = luotu("resolve", "--file", "-", "--format", "csv", input="\n".join(codes)).stdout
    assert [row["code"] for row in csv.DictReader(io.StringIO(lines))] == codes
