"""Lists of boundary points into the register, and back with their codes."""

import pytest

from geocode import parse
from layers.errors import RefusedFile
from layers.reading import read_delivery
from tests.workflows.conftest import EAST_M, NORTH_M
from workflows.delivery_options import DeliveryOptions
from workflows.upload_files import give_back
from workflows.upload_previews import preview_upload

CORNERS = [(0, 0), (20, 0), (20, 12), (0, 12), (0, 0)]
HEAD = "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=42\n[地块坐标]\n"
COLUMNS = ("north=甲", "east=乙", "feature=丙")


def parcel(number, *, x=0.0, corners=CORNERS):
    points = (f"J{n},1,{NORTH_M + dy:.3f},{EAST_M + x + dx:.3f}" for n, (dx, dy) in enumerate(corners, start=1))
    return "\n".join([f"{len(corners)},0.0240,{number},地块{number},面,,,,@", *points, ""])


@pytest.fixture
def points(tmp_path):
    """Return a table of one building, under headings that nobody knows."""
    rows = [f"一号楼,{NORTH_M + dy},{EAST_M + dx}" for dx, dy in CORNERS]
    path = tmp_path / "点.csv"
    path.write_text("\n".join(["丙,甲,乙", *rows]), encoding="gbk")
    return path


def test_parcels_come_back_as_a_text_with_codes_and_reasons(register, database, principal, tmp_path):
    path = tmp_path / "界址点.txt"
    narrow = [(min(dx, 15), dy) for dx, dy in CORNERS]
    path.write_text(HEAD + parcel("A") + parcel("B", x=50, corners=narrow), encoding="gbk")
    report = register(path, mode="good")
    assert [row.outcome for row in report.results] == ["new", "refused"]
    ask = {"principal": principal, "documents": tmp_path / "documents"}
    coded = give_back(database, report.id, "coded", tmp_path, **ask)
    assert coded.name == "界址点_coded.txt"
    lines = coded.read_bytes().decode("gb18030").splitlines()
    first, second = (line.partition("@")[2] for line in lines if "@" in line)
    assert str(parse(first)) == report.results[0].code
    assert second.startswith("拒绝:")
    assert "第 12 行写明面积" in report.results[1].fault["text"]["zh"]


def test_a_table_is_taken_as_a_person_says_and_given_back_so(register, points, database, principal, tmp_path):
    with pytest.raises(RefusedFile):
        register(points, crs="EPSG:4551")
    report = register(points, crs="EPSG:4551", columns=COLUMNS)
    assert report.accepted == 1
    assert register(points, crs="EPSG:4551", columns=COLUMNS).repeated
    ask = {"principal": principal, "documents": tmp_path / "documents"}
    coded = give_back(database, report.id, "coded", tmp_path, **ask)
    assert read_delivery(coded).frame["code"].tolist() == [report.results[0].code]


def test_a_preview_tells_the_headings_of_a_table_that_is_not_understood(points, database, principal):
    told = preview_upload(database, points, principal=principal, options=DeliveryOptions(crs="EPSG:4551"))
    assert told["refusal"]["kind"] == "table_columns"
    assert "丙, 甲, 乙" in told["refusal"]["text"]["zh"]
    options = DeliveryOptions(crs="EPSG:4551", columns=COLUMNS)
    assert preview_upload(database, points, principal=principal, options=options)["refused"] == 0
