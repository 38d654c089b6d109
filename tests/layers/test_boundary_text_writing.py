"""Boundary-point texts that are written: millimetres, closed rings, codes, and the head that was delivered."""

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geocode import parse, to_storage
from layers.code_columns import with_codes
from layers.errors import CannotWrite
from layers.reading import read_delivery
from layers.writing import write_batches, write_frame

ZONE_38 = "EPSG:4526"
NORTH, EAST = 3_751_500.0, 38_438_600.0
HEAD = """[属性描述]
格式版本号=1.01
数据产生单位=郑州市测绘院
数据产生日期=2026-6-15
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=38
精度=0.001
转换参数=0,0,0,0,0,0,0
项目名称=城南
[地块坐标]
"""
PARCEL = """5,0.0600,DK-01,城南，一期,面,I49G001002,住宅,0701,甲,@张三
J1,1,3751500.000,38438600.000
J2,1,3751500.000,38438630.000
J3,1,3751520.000,38438630.000
J4,1,3751520.000,38438600.000
J1,1,3751500.000,38438600.000
"""


def frame_of(*shapes, crs=ZONE_38, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def written(path, frame):
    """Return the lines of a frame that was written, and the remarks."""
    notes = write_frame(frame, path)
    return path.read_bytes().decode("gb18030").split("\r\n"), notes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.txt"


def test_a_text_that_is_coded_is_the_text_with_codes(tmp_path, path):
    (tmp_path / "in.txt").write_text(HEAD + PARCEL, encoding="gb18030")
    frame, _ = with_codes(read_delivery(tmp_path / "in.txt").frame)
    lines, notes = written(path, frame)
    code = frame["code"].iloc[0]
    assert str(parse(code)) == code
    before = (HEAD + PARCEL).replace("0,0,0,0,0,0,0", ",,,,,,").replace("@张三", f"@张三,{code}")
    assert lines == [*before.splitlines(), ""]
    assert [note.zh for note in notes if "h3, area_m2" in note.zh]


def test_the_head_has_the_keys_that_were_delivered_and_those_that_tell_the_crs(tmp_path, path):
    delivered = "[属性描述]\n测绘单位=某院\n坐标系=CGCS2000\n分带=3\n坐标单位=米\n平面精度=0.05\n[地块坐标]\n"
    (tmp_path / "in.txt").write_text(delivered + PARCEL, encoding="gb18030")
    lines, _ = written(path, read_delivery(tmp_path / "in.txt").frame)
    head = lines[1 : lines.index("[地块坐标]")]
    assert head[:4] == ["测绘单位=某院", "坐标系=2000国家大地坐标系", "分带=3", "坐标单位=米"]
    assert head[4:] == ["平面精度=0.05", "带号=38"]


def test_other_formats_get_the_head_of_the_form(path):
    lines, _ = written(path, frame_of(shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)))
    assert [line.partition("=")[0] for line in lines[1 : lines.index("[地块坐标]")]] == [
        *("格式版本号", "数据产生单位", "数据产生日期", "坐标系", "几度分带"),
        *("投影类型", "计量单位", "带号", "精度", "转换参数"),
    ]


# what is wrong with a parcel, and its points, of which every line is given back
WRONG = {
    "boundary_line": PARCEL.replace("3751500.000,38438630.000", "37515OO.000,38438630.000"),
    "boundary_count": PARCEL.replace("5,0.0600,", "9,0.0600,"),
    "boundary_ring_open": PARCEL.replace("5,0.0600,", ",,").rpartition("J1,1")[0],
    "boundary_area": PARCEL.replace("0.0600", "0.0900"),
    "boundary_stray": PARCEL.partition("\n")[2],
    "boundary_ring_short": "2,,DK-02,,面,,,,@\nＪ1，1，3751500.000，38438600.000\nJ2,1,3751500.000,38438630.000\n",
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_parcel_that_is_refused_comes_back_with_its_points_and_is_refused_again(tmp_path, path, kind):
    (tmp_path / "in.txt").write_text(HEAD + WRONG[kind] + PARCEL.replace("DK-01", "DK-09"), encoding="gb18030")
    delivery = read_delivery(tmp_path / "in.txt")
    assert [fault and fault.kind for fault in delivery.faults] == [kind, None]
    points = [line for line in WRONG[kind].splitlines() if "@" not in line]
    assert delivery.frame["界址点"].iloc[0] == "\n".join(points)
    assert pd.isna(delivery.frame["界址点"].iloc[1])
    texts = [each and each.text.zh for each in delivery.faults]
    lines, _ = written(path, delivery.frame.assign(fault=texts))
    start = next(number for number, line in enumerate(lines) if "拒绝:" in line) + 1
    assert lines[start : start + len(points)] == points
    again = read_delivery(path)
    # points that belonged to no parcel have one now
    assert [fault and fault.kind for fault in again.faults] == [None if kind == "boundary_stray" else kind, None]
    assert again.frame.geometry.iloc[1].equals(delivery.frame.geometry.iloc[1])


def test_the_points_of_a_refused_parcel_come_in_the_order_and_the_zone_of_the_file(tmp_path, path):
    head = HEAD.replace("带号=38", "带号=").replace("计量单位=米", "计量单位=度")
    shape = shapely.box(113.3, 33.8, 113.3003, 33.8002)
    corners = [(x, y) for x, y in shape.exterior.coords]
    rows = [f"J{number},1,{x:.9f},{y:.9f}" for number, (x, y) in enumerate(corners)]
    (tmp_path / "in.txt").write_text(
        "\n".join([head + "9,,A,,面,,,,@", *rows, "5,,B,,面,,,,@", *rows]), encoding="utf-8"
    )
    delivery = read_delivery(tmp_path / "in.txt")
    assert delivery.frame["界址点"].iloc[0].splitlines()[0] == "J0,1,33.8,113.3003"
    lines, _ = written(path, delivery.frame)
    refused, sound = (lines.index(next(line for line in lines if f",{name}," in line)) for name in "AB")
    place = [line.split(",")[2:] for line in lines]
    assert place[refused + 1 : refused + 6] == place[sound + 1 : sound + 6]


def test_a_column_of_that_name_out_of_another_format_begins_no_parcel(path):
    lines, _ = written(path, frame_of(None, shapely.box(EAST, NORTH, EAST + 1, NORTH + 1), 界址点=["[x]\n1,@\nJ1", 3]))
    assert lines[lines.index("[地块坐标]") + 2] == "J1"
    assert len(read_delivery(path).frame) == 2


def test_coding_it_again_writes_the_same_bytes(tmp_path, path):
    (tmp_path / "in.txt").write_text(HEAD + PARCEL, encoding="utf-8")
    first, _ = with_codes(read_delivery(tmp_path / "in.txt").frame)
    write_frame(first, path)
    second, _ = with_codes(read_delivery(path).frame)
    write_frame(second, tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == path.read_bytes()


def test_it_opens_in_what_the_offices_have(path):
    write_frame(frame_of(shapely.box(EAST, NORTH, EAST + 1, NORTH + 1), 地块名称=["𠮷林路"]), path)
    data = path.read_bytes()
    assert data.startswith("[属性描述]\r\n".encode("gbk"))
    assert "𠮷林路" in data.decode("gb18030")


def test_why_a_row_is_refused_stands_behind_the_mark_and_is_no_attribute_when_read_again(path):
    shape = shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)
    lines, _ = written(path, frame_of(shape, shape, code=[None, "x"], fault=["第 3 行,不对", None]))
    assert [line.partition("@")[2] for line in lines if "@" in line] == ["拒绝:第 3 行，不对", "x"]
    again = read_delivery(path).frame
    assert again["附注"].fillna("").tolist() == ["", "x"]


def test_rows_without_a_geometry_are_parcels_without_points_and_told(path):
    lines, notes = written(path, frame_of(None, shapely.Polygon(), shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)))
    assert [line.split(",")[0] for line in lines if line.endswith("@")] == ["0", "0", "5"]
    assert any("2 个要素没有可写的图形" in note.zh for note in notes)


def test_what_parts_fields_is_changed_in_texts_and_told(path):
    lines, notes = written(path, frame_of(shapely.box(EAST, NORTH, EAST + 1, NORTH + 1), 地块名称=["a,b@c\nd"]))
    assert "a，b＠c d" in lines[-7]
    assert any("全角" in note.zh for note in notes)


def test_points_and_lines_are_called_so(path):
    shapes = shapely.Point(EAST, NORTH), shapely.LineString([(EAST, NORTH), (EAST + 1, NORTH)])
    write_frame(frame_of(*shapes), path)
    assert read_delivery(path).frame.geometry.geom_type.tolist() == ["Point", "LineString"]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:32649", "EPSG:3857"])
def test_rows_in_another_crs_come_into_the_zone_of_the_first(path, crs):
    shape = shapely.box(113.3, 33.8, 113.3003, 33.8002)
    _, notes = written(path, frame_of(shape, crs="EPSG:4326").to_crs(crs))
    delivery = read_delivery(path)
    assert delivery.crs_name == ZONE_38
    assert any("4526" in note.zh for note in notes)
    again = to_storage(delivery.frame.geometry.to_numpy(), ZONE_38)[0]
    assert shapely.hausdorff_distance(again, shape) < 2e-8


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4497", "EPSG:4508"])
def test_a_zone_of_cgcs2000_stays_what_it_is(path, crs):
    prefix = {"EPSG:4547": 0, "EPSG:4497": 19e6, "EPSG:4508": 0}[crs]
    write_frame(frame_of(shapely.box(prefix + 5e5, NORTH, prefix + 5e5 + 1, NORTH + 1), crs=crs), path)
    assert read_delivery(path).crs_name == crs


def test_a_place_outside_all_zones_is_refused(path):
    with pytest.raises(CannotWrite) as caught:
        write_frame(frame_of(shapely.box(2.3, 48.8, 2.4, 48.9), crs="EPSG:4326"), path)
    assert caught.value.fault.kind == "boundary_zone_unknown"
    assert not path.exists()


def test_batches_share_one_head(path):
    shape = shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)
    write_batches([frame_of(shape), frame_of(shape)], path, crs=pyproj.CRS(ZONE_38))
    assert path.read_bytes().decode("gb18030").count("[地块坐标]") == 1
    assert len(read_delivery(path).frame) == 2


millimetres = st.integers(-300_000, 300_000).map(lambda number: number / 1000)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co"]), max_size=12)


@st.composite
def footprints(draw):
    """Return a polygon, or two, at millimetres, with a courtyard or without."""
    width, height = (draw(st.integers(2_000, 80_000)) / 1000 for _ in range(2))
    x, y = EAST + draw(millimetres), NORTH + draw(millimetres)
    outer = shapely.box(x, y, x + width, y + height)
    hole = [(x + 0.5, y + 0.5), (x + 1, y + 0.5), (x + 1, y + 1)]
    first = shapely.Polygon(outer.exterior, [hole]) if draw(st.booleans()) else outer
    if not draw(st.booleans()):
        return first
    return shapely.MultiPolygon([first, shapely.box(x + width + 1, y, x + width + 3, y + height)])


@given(st.lists(st.tuples(footprints(), texts, texts), min_size=1, max_size=4))
@settings(max_examples=60)
def test_what_is_written_is_read_again_to_the_millimetre(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("law") / "a.txt"
    shapes, names, numbers = zip(*rows, strict=True)
    write_frame(frame_of(*shapes, 地块名称=names, 地块编号=numbers), path)
    again = read_delivery(path)
    assert not any(again.faults)
    for before, after in zip(shapes, again.frame.geometry, strict=True):
        assert (
            shapely.equals(shapely.set_precision(before, 0), after) or shapely.hausdorff_distance(before, after) < 6e-4
        )
        assert after.geom_type == before.geom_type
        assert shapely.get_num_interior_rings(shapely.get_parts(after)).sum() == sum(
            len(part.interiors) for part in shapely.get_parts(before)
        )
    plain = [name.replace(",", "，").replace("@", "＠") or None for name in names]
    assert [None if pd.isna(name) else name for name in again.frame["地块名称"]] == plain
