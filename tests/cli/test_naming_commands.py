"""`luotu decode` and `luotu alias`, as a person and as a pipe use them."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
import shapely

from geocode import decode, encode, encode_many
from geocode.beidou import beidou_codes
from geocode.decoding import cell_parents
from geocode.names import computed_names
from layers.reading import read_delivery

HOUSE = shapely.box(126.55, 43.84, 126.5502, 43.8401)
CODE = str(encode(HOUSE))
WRONG = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
UNIT = "320505400202GB00001F00010069"
NAMES = {scheme: str(column[0]) for scheme, column in computed_names([HOUSE], encode_many([HOUSE]))._asdict().items()}


@pytest.fixture
def luotu(command_line):
    """Return the function that runs the command line, where there is no database."""
    return command_line("postgresql+psycopg://nobody@127.0.0.1:1/nothing")


def properties(result) -> list[dict]:
    return [json.loads(line)["properties"] for line in result.stdout.splitlines()]


@pytest.fixture
def footprints(tmp_path):
    """Return a file of a footprint, a point and a footprint in another place."""
    shapes = [HOUSE, shapely.Point(126.55, 43.84), shapely.affinity.translate(HOUSE, 1e-3)]
    features = [
        {"type": "Feature", "properties": {"名称": f"{row}号楼"}, "geometry": shapely.geometry.mapping(shape)}
        for row, shape in enumerate(shapes)
    ]
    path = tmp_path / "footprints.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_a_code_tells_where_how_large_and_which(luotu):
    result = luotu("decode", CODE, "--format", "table")
    assert result.exit_code == 0
    told = decode(CODE)
    for word in (CODE, told.h3, f"{told.centre[0]:.7f}", "158–251 m²", NAMES["beidou"][:12]):
        assert word in result.stdout


def test_a_code_typed_in_groups_is_one_code_and_several_are_several(luotu):
    (one,) = properties(luotu("decode", *CODE.lower().split("-")))
    assert one["code"] == CODE
    assert [each["code"] for each in properties(luotu("decode", CODE, f"220200-{CODE}"))] == [CODE, CODE]


def test_parents_are_told_on_ask(luotu):
    (told,) = properties(luotu("decode", CODE, "--parents"))
    assert told["parents"] == cell_parents(told["h3"])
    assert told["parents"][9] in luotu("decode", CODE, "--parents", "--format", "table").stdout
    assert "parents" not in properties(luotu("decode", CODE))[0]


def test_the_cell_is_the_geometry_and_the_level_of_the_beidou_code_can_be_chosen(luotu):
    result = luotu("decode", CODE, "--format", "geojson", "--level", "10")
    (feature,) = json.loads(result.stdout)["features"]
    assert shapely.geometry.shape(feature["geometry"]).equals_exact(decode(CODE).hexagon, 0)
    lon, lat = np.array(decode(CODE).centre).reshape(2, 1)
    assert feature["properties"]["beidou"] == str(beidou_codes(lon, lat)[0])
    assert luotu("decode", CODE, "--level", "11").exit_code == 2


def test_a_text_that_is_no_code_gets_the_reason_and_what_may_have_been_meant(luotu):
    some = luotu("decode", CODE, WRONG)
    assert some.exit_code == 1
    assert f"? {CODE}" in some.stderr
    assert "Remedy" in some.stderr
    refused = properties(some)[1]
    assert refused["fault"].startswith("code_check: ")
    assert CODE in refused["suggestions"]
    assert refused["code"] is None
    assert luotu("decode", WRONG, "hello").exit_code == 3


def test_of_many_refusals_the_first_are_printed_and_the_rest_counted(luotu):
    result = luotu("decode", CODE, *["hello"] * 30)
    assert result.exit_code == 1
    assert result.stderr.count("Refused") == 20
    assert "10 more are refused; by kind: code_length 30" in result.stderr


def test_codes_come_out_of_a_stream_one_a_line_whatever_ends_the_lines(luotu):
    lines = f"\ufeff{CODE}\r\n\n  {CODE.lower()}\r\nx\n{CODE}".encode()
    result = luotu("decode", "-", input=lines)
    assert result.exit_code == 1
    assert [told["code"] for told in properties(result)] == [CODE, CODE, None, CODE]
    assert luotu("decode", "-", input=b"").exit_code == 0
    assert luotu("decode", "-", input=b"\xff\xfe\x00" * 10_000).exit_code == 3


def test_a_stream_is_answered_line_by_line():
    command = [sys.executable, "-m", "cli.main", "decode", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        for _ in range(2):
            running.stdin.write(f"{CODE}\n".encode())
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["properties"]["code"] == CODE
        running.stdin.close()
        assert running.wait() == 0


@pytest.mark.parametrize("texts", [[CODE, WRONG], [CODE], [WRONG, "x"]])
def test_every_form_holds_the_same(luotu, texts):
    expected = [told["code"] for told in properties(luotu("decode", *texts))]
    assert [record["code"] for record in json.loads(luotu("decode", *texts, "--format", "json").stdout)] == expected
    features = json.loads(luotu("decode", *texts, "--format", "geojson").stdout)["features"]
    assert [feature["properties"]["code"] for feature in features] == expected
    table = csv.DictReader(io.StringIO(luotu("decode", *texts, "--format", "csv").stdout))
    assert [row["code"] or None for row in table] == expected


def test_a_building_code_gives_the_names_of_its_cell(luotu):
    told = properties(luotu("alias", CODE))
    assert [each["scheme"] for each in told] == ["code", "h3", "beidou", "pluscode"]
    assert told[1]["value"] == NAMES["h3"]
    assert all((each["lon"], each["lat"]) == pytest.approx(decode(CODE).centre, abs=2e-5) for each in told)


def test_an_assigned_name_is_told_by_its_parts_in_the_persons_language(luotu, monkeypatch):
    assert "state-owned" in luotu("alias", UNIT, "--format", "table").stdout
    monkeypatch.setenv("LUOTU_LANGUAGE", "zh")
    table = luotu("alias", UNIT, "--format", "table").stdout
    assert "不动产单元号" in table
    assert "国家土地所有权" in table


def test_a_text_that_is_no_name_gets_the_nearest_schemes_reason(luotu):
    result = luotu("alias", UNIT[:-1], NAMES["ubid"])
    assert result.exit_code == 1
    assert "Real-estate unit code: " in result.stderr
    assert "27 characters, not 28" in result.stderr
    refused, ubid = properties(result)
    assert refused["fault"].startswith("unknown_name: Real-estate unit code: ")
    assert (ubid["scheme"], ubid["value"]) == ("ubid", NAMES["ubid"])
    assert luotu("alias", "hello").exit_code == 3


def test_names_are_narrowed_to_a_scheme_and_come_out_of_a_stream(luotu):
    result = luotu("alias", "-", "--scheme", "beidou", "--level", "5", input=f"{CODE}\n{UNIT}\n".encode())
    assert result.exit_code == 1
    told, refused = properties(result)
    assert (told["scheme"], len(told["value"])) == ("beidou", 11)
    assert refused["scheme"] is None
    assert luotu("alias", CODE, "--scheme", "nonsense").exit_code == 2


def test_a_files_footprints_are_given_their_computed_names(luotu, footprints):
    result = luotu("alias", footprints, "--format", "json")
    assert result.exit_code == 1
    first, second, third = json.loads(result.stdout)
    assert {scheme: first[scheme] for scheme in NAMES} == NAMES
    assert (first["code"], first["fault"]) == (CODE, None)
    assert second["fault"]["kind"] == "wrong_type"
    assert third["code"] != CODE
    streamed = luotu("alias", "--file", "-", "--format", "json", input=footprints.read_bytes())
    assert json.loads(streamed.stdout) == [first, second, third]
    assert NAMES["ubid"] in luotu("alias", footprints, "--format", "table").stdout


@pytest.mark.parametrize("suffix", [".gpkg", ".geojsonl", ".parquet", ".csv", ".zip"])
def test_a_file_is_written_again_with_its_names_in_any_format(luotu, footprints, tmp_path, suffix):
    source, target = tmp_path / "one.geojson", tmp_path / f"named{suffix}"
    collection = json.loads(footprints.read_text(encoding="utf-8"))
    source.write_text(json.dumps({**collection, "features": collection["features"][:1]}), encoding="utf-8")
    result = luotu("alias", source, "-o", target, "--scheme", "pluscode", "--scheme", "beidou", "--level", "8")
    assert result.exit_code == 0, result.stderr
    if suffix == ".csv":
        (row,) = csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig")))
    else:
        (row,) = read_delivery(target).frame.to_dict("records")
    assert (row["名称"], row["code"]) == ("0号楼", CODE)
    assert (row["pluscode"], row["beidou"]) == (NAMES["pluscode"], NAMES["beidou"][:16])
    assert "ubid" not in row


@pytest.mark.parametrize(
    "arguments",
    [[], ["x", "--crs", "EPSG:4490"], ["x", "-o", "y.gpkg"], ["x", "--file", "y.gpkg"], ["x", "--level", "0"]],
)
def test_names_and_the_options_of_a_file_do_not_go_together(luotu, arguments):
    assert luotu("alias", *arguments).exit_code == 2


def test_a_scheme_that_no_footprint_has_is_a_usage_error(luotu, footprints):
    assert luotu("alias", footprints, "--scheme", "bdcdyh").exit_code == 2


@pytest.mark.parametrize("arguments", [("--file", "nowhere.gpkg"), ("nowhere.GPKG",), ("no/where.shp", "-o", "a.csv")])
def test_a_file_that_is_not_there_is_said(luotu, arguments):
    result = luotu("alias", *arguments)
    assert result.exit_code == 3
    assert "There is no file" in result.stderr


def test_a_city_has_its_own_names_identified(luotu, monkeypatch, tmp_path):
    scheme = {"code": "jl_dtbm", "zh": "单体编码", "en": "City code", "pattern": "JL[0-9]{8}"}
    lines = [f'{key} = "{value}"' for key, value in scheme.items()]
    lines += ['fields = ["dtbm"]', 'examples = ["JL00000001"]']
    (tmp_path / "city.toml").write_text("\n".join(["[[scheme]]", *lines]), encoding="utf-8")
    monkeypatch.setenv("LUOTU_CITY_CODES", str(tmp_path / "city.toml"))
    (told,) = properties(luotu("alias", "jl 00000042"))
    assert (told["scheme"], told["value"], told["label"]["zh"]) == ("jl_dtbm", "JL00000042", "单体编码")
