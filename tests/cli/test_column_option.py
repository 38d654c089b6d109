"""`luotu code` on tables of coordinates, whose columns a person tells, and on boundary-point texts."""

import pytest
from typer.testing import CliRunner

from cli.main import app
from layers.reading import read_delivery

TABLE = "丙,甲,乙\n一号楼,3751500,438600\n一号楼,3751500,438620\n一号楼,3751520,438620\n"


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def luotu(*arguments):
    return CliRunner().invoke(app, ["code", *map(str, arguments)])


def test_columns_that_are_told_are_read(points, tmp_path):
    told = [word for text in ("north=甲", "east=乙", "feature=丙") for word in ("--column", text)]
    result = luotu(points, "--crs", "EPSG:4547", *told, "-o", tmp_path / "out.txt")
    assert result.exit_code == 0, result.stderr
    frame = read_delivery(tmp_path / "out.txt").frame
    assert frame["地块编号"].tolist() == ["一号楼"]
    assert frame["code"].notna().all()


def test_without_them_the_headings_and_the_way_out_are_told(points):
    result = luotu(points, "--crs", "EPSG:4547")
    assert result.exit_code == 3
    assert "丙, 甲, 乙" in result.stderr
    assert "--column north=" in result.stderr


@pytest.mark.parametrize("told", ["north", "north=", "middle=甲"])
def test_what_is_no_role_with_a_heading_is_told(points, told):
    result = luotu(points, "--crs", "EPSG:4547", "--column", told)
    assert result.exit_code == 3
    assert told in result.stderr
