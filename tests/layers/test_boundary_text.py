"""Boundary-point texts, as survey offices write them and as people cut them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from making import here, parts, shapefile, zipped

from geocode import crs_gate
from layers.boundary_text.reader import read_boundary_text
from layers.errors import RefusedFile
from layers.formats import Format, sniff
from layers.reading import read_delivery

HEAD = {
    "格式版本号": "1.01",
    "数据产生单位": "郑州市测绘院",
    "数据产生日期": "2026-6-15",
    "坐标系": "2000国家大地坐标系",
    "几度分带": "3",
    "投影类型": "高斯克吕格",
    "计量单位": "米",
    "带号": "38",
    "精度": "0.001",
    "转换参数": ",,,,,,",
}
NORTH, EAST = 3_751_500.0, 38_438_600.0


def ring(number=1, *, x=EAST, y=NORTH, width=30.0, height=20.0, first=1, closed=True):
    """Return the lines of a rectangle, 600 m² large by default."""
    corners = [(y, x), (y, x + width), (y + height, x + width), (y + height, x)]
    labels = [*range(first, first + 4), *([first] if closed else [])]
    return [
        f"J{label},{number},{north:.3f},{east:.3f}"
        for label, (north, east) in zip(labels, [*corners, corners[0]], strict=False)
    ]


def parcel(
    *points, count=None, area="0.0600", number="DK-01", name="一号地块", shape="面", tail="I49G001002,住宅,0701,@"
):
    count = len(points) if count is None else count
    return [f"{count},{area},{number},{name},{shape},{tail}", *points]


def document(*parcels, encoding="gb18030", end="\r\n", **head):
    lines = [f"{key}={value}" for key, value in (HEAD | head).items() if value is not None]
    text = end.join(["[属性描述]", *lines, "[地块坐标]", *(line for one in parcels for line in one), ""])
    return text.encode(encoding)


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text and reads it as a delivery."""

    def run(data, name="界址点.txt", **options):
        path = tmp_path / name
        path.write_bytes(data)
        return read_delivery(path, **options)

    return run


@pytest.fixture
def refusal_of(read):
    """Return a function that reads a text which must be refused."""

    def run(data, **options):
        with pytest.raises(RefusedFile) as caught:
            read(data, **options)
        return caught.value

    return run


def only_fault(data):
    table = read_boundary_text(data)
    assert table.geometries[0] is None
    return table.faults[0]


def test_a_text_as_the_form_has_it_is_read_to_the_last_field(read):
    delivery = read(document(parcel(*ring())))
    assert delivery.format == "TXT(界址点)"
    assert delivery.encoding.name == "GB18030"
    assert delivery.crs_name == "EPSG:4526"
    assert "38" in delivery.crs_why.zh
    (row,) = delivery.frame.itertuples(index=False)
    assert row.source_id == row.地块编号 == "DK-01"
    assert (row.界址点数, row.地块面积, row.地块名称) == ("5", "0.0600", "一号地块")
    assert (row.记录图形属性, row.图幅号, row.地块用途, row.地类编号) == ("面", "I49G001002", "住宅", "0701")
    assert row.geometry.equals(shapely.box(EAST, NORTH, EAST + 30, NORTH + 20))
    assert not delivery.notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same(read, encoding, end):
    delivery = read(document(parcel(*ring()), encoding=encoding, end=end))
    assert delivery.frame["地块名称"].tolist() == ["一号地块"]
    assert delivery.frame.geometry.area.tolist() == [600]


def test_full_width_signs_are_read_as_the_plain_ones(read):
    plain = document(parcel(*ring()), encoding="utf-8").decode()
    wide = plain.translate({ord(","): "，", ord("="): "＝", ord("["): "【", ord("]"): "】", ord("@"): "＠"})
    delivery = read(wide.encode())
    assert delivery.crs_name == "EPSG:4526"
    assert delivery.frame["地块名称"].tolist() == ["一号地块"]
    assert delivery.frame.geometry.area.tolist() == [600]


def test_a_full_width_comma_in_a_name_parts_no_fields(read):
    delivery = read(document(parcel(*ring(), name="城南，一期")))
    assert delivery.frame["地块名称"].tolist() == ["城南，一期"]


def test_digits_in_full_width_are_numbers():
    lines = [line.translate({48 + digit: 0xFF10 + digit for digit in range(10)}).replace(".", "．") for line in ring()]
    assert read_boundary_text(document(parcel(*lines))).geometries[0].area == 600


@pytest.mark.parametrize("wanted", ["1,1,", "J1,1,", "JZD-1,1,", "1,"])
def test_points_are_numbered_as_anybody_likes(wanted):
    points = [wanted + line.split(",", 2)[2] for line in ring()]
    assert read_boundary_text(document(parcel(*points))).geometries[0].area == 600


def test_further_fields_are_kept_and_what_stands_behind_the_mark_too(read):
    tail = "I49G001002,住宅,0701,备用,101.5,,,@,张三,2026"
    (row,) = read(document(parcel(*ring(), tail=tail))).frame.to_dict("records")
    assert row["附加1"] == "备用"
    assert row["附加2"] == "101.5"
    assert row["附注"] == "张三,2026"


def test_a_line_of_field_names_tells_the_fields(read):
    legend = "界址点数,地块面积(公顷),地块编号,地块名称,记录图形属性(点/线/面),图幅号,地块用途,地类编号,所在村,@"
    (row,) = read(document([legend], parcel(*ring(), tail="图1,住宅,0701,李村,@"))).frame.to_dict("records")
    assert row["所在村"] == "李村"


def test_sections_may_be_missing(read):
    text = "\n".join(parcel(*ring())).encode()
    delivery = read(text, crs="EPSG:4526")
    assert delivery.frame.geometry.area.tolist() == [600]


class TestRings:
    def test_a_ring_within_another_is_its_hole_and_one_beside_it_a_further_part(self):
        hole = ring(2, x=EAST + 5, y=NORTH + 5, width=10, height=10, first=5)
        beside = ring(3, x=EAST + 100, first=9)
        island = ring(4, x=EAST + 7, y=NORTH + 7, width=2, height=2, first=13)
        points = [*ring(), *hole, *beside, *island]
        shape = read_boundary_text(document(parcel(*points, area="0.1104"))).geometries[0]
        assert shape.geom_type == "MultiPolygon"
        assert shape.is_valid
        assert [len(part.interiors) for part in shape.geoms] == [1, 0, 0]
        assert shape.area == pytest.approx(600 - 100 + 600 + 4)

    def test_rings_of_the_same_number_end_where_they_close(self):
        shape = read_boundary_text(document(parcel(*ring(), *ring(x=EAST + 100, first=5), area=""))).geometries[0]
        assert shape.geom_type == "MultiPolygon"

    def test_a_part_that_fills_a_notch_is_no_hole(self):
        notch = [(0, 0), (30, 0), (30, 30), (15, 10), (0, 30), (0, 0)]
        wedge = [(0, 30), (15, 10), (30, 30), (0, 30)]
        points = [
            f"J{n},{number},{NORTH + y:.3f},{EAST + x:.3f}"
            for number, outline in enumerate((notch, wedge), start=1)
            for n, (x, y) in enumerate(outline)
        ]
        shape = read_boundary_text(document(parcel(*points, area=""))).geometries[0]
        assert shape.area == pytest.approx(900)

    def test_a_self_intersection_is_left_to_the_check_of_the_row(self):
        lines = ring()
        lines[1], lines[2] = lines[2], lines[1]
        assert not read_boundary_text(document(parcel(*lines, area=""))).geometries[0].is_valid

    def test_more_rings_than_any_parcel_has_are_refused(self):
        points = [line for number in range(1001) for line in ring(number, x=EAST + number)]
        assert only_fault(document(parcel(*points, area=""))).kind == "boundary_rings"


class TestFaults:
    """Lines 1 to 12 are the head, 13 the parcel, 14 its first point."""

    def test_a_letter_in_a_number_is_told_by_its_line(self):
        points = ring()
        points[1] = points[1].replace("3751500", "37515OO")
        points[3] = points[3].replace("38438600", "3843860O")
        fault = only_fault(document(parcel(*points)))
        assert fault.kind == "boundary_line"
        assert "15, 17" in fault.text.zh
        assert "37515OO" in fault.text.en

    def test_a_line_that_was_cut_is_told(self):
        assert "18" in only_fault(document(parcel(*ring()[:4], "J1,1,37515"))).text.zh

    @pytest.mark.parametrize("says", [{}, {"area": ""}, {"count": "", "area": ""}])
    @pytest.mark.parametrize("kept", [(0, 1, 2), (0, 1, 3)])
    @pytest.mark.parametrize("position", range(5))
    def test_a_line_without_one_of_its_coordinates_is_no_point_near_the_ring_s_number(self, position, kept, says):
        points = ring()
        fields = points[position].split(",")
        points[position] = ",".join(fields[at] for at in kept)
        fault = only_fault(document(parcel(*points, **says)))
        assert fault.kind == "boundary_line"
        assert f"第 {14 + position} 行" in fault.text.zh
        assert points[position] in fault.text.en

    def test_such_a_line_is_found_whatever_else_is_wrong_and_in_whichever_parcel(self):
        other = ["J1,1,37515OO,1", *ring(x=EAST + 50)[1:4], "J1 2 38438650"]
        table = read_boundary_text(document(parcel(*ring()), parcel(*other)))
        assert [fault and fault.kind for fault in table.faults] == [None, "boundary_line"]
        assert "20, 24" in table.faults[1].text.zh

    def test_three_fields_are_a_point_where_no_line_has_a_ring_or_what_stands_there_is_none(self):
        points = [f"J{n},{y},{x}" for n, (y, x) in enumerate([(100, 200), (100.5, 230), (120, 230.5)], start=1)]
        assert read_boundary_text(document(parcel(*points, area=""))).geometries[0].area > 0
        mixed = [line.replace(",1,", ",", 1) if n % 2 else line for n, line in enumerate(ring())]
        assert read_boundary_text(document(parcel(*mixed))).geometries[0].area == 600

    def test_a_ring_that_returns_to_another_place_is_told_with_the_gap(self):
        points = ring()
        points[4] = points[4].replace("3751500.000", "3751500.040")
        fault = only_fault(document(parcel(*points)))
        assert fault.kind == "boundary_ring_open"
        assert "第 18 行" in fault.text.zh
        assert "第 14 行" in fault.text.zh
        assert "0.040" in fault.text.en

    def test_an_open_ring_that_nothing_vouches_for_is_told(self):
        assert only_fault(document(parcel(*ring(closed=False), count="", area=""))).kind == "boundary_ring_open"

    @pytest.mark.parametrize("says", [{"count": ""}, {"area": ""}])
    def test_an_open_ring_is_closed_where_area_or_count_vouch_for_it(self, says):
        table = read_boundary_text(document(parcel(*ring(closed=False), **says)))
        assert table.geometries[0].area == 600
        assert [note.kind for note in table.notes] == ["rings_closed"]

    def test_points_that_are_missing_are_told(self):
        points = ring()
        fault = only_fault(document(parcel(*points[:2], *points[3:], count=5)))
        assert fault.kind == "boundary_count"
        assert "第 13 行" in fault.text.zh

    @pytest.mark.parametrize("count", [4, 5, 0, ""])
    def test_the_point_that_closes_the_ring_may_be_counted_or_not(self, count):
        assert read_boundary_text(document(parcel(*ring(), count=count))).faults[0] is None

    @pytest.mark.parametrize("area", ["0.06", "0.0600", "600", "600.0", "0.9", "0.90000", "0", ""])
    def test_an_area_in_hectares_square_metres_or_mu_agrees(self, area):
        table = read_boundary_text(document(parcel(*ring(), area=area)))
        assert table.faults[0] is None
        assert not table.notes

    def test_an_area_that_is_hardly_off_is_a_remark(self):
        table = read_boundary_text(document(parcel(*ring(), area="604.00")))
        assert table.faults[0] is None
        assert "13" in table.notes[0].zh

    def test_an_area_that_is_off_is_a_fault_with_both_areas(self):
        fault = only_fault(document(parcel(*ring(), area="0.0800")))
        assert fault.kind == "boundary_area"
        assert "800.00" in fault.text.zh
        assert "600.00" in fault.text.zh

    def test_a_parcel_without_points_and_points_without_a_parcel_are_rows(self):
        table = read_boundary_text(document(ring(), parcel(), parcel(*ring())))
        assert [fault and fault.kind for fault in table.faults] == ["boundary_stray", "boundary_empty", None]

    def test_two_points_are_no_ring(self):
        assert only_fault(document(parcel(*ring()[:2], area="", count=2))).kind == "boundary_ring_short"

    def test_one_bad_parcel_harms_no_other(self):
        bad = parcel("J1,1,x,y", number="DK-02")
        table = read_boundary_text(document(parcel(*ring()), bad, parcel(*ring(x=EAST + 50), number="DK-03")))
        assert [fault is None for fault in table.faults] == [True, False, True]
        assert list(table.source_ids) == ["DK-01", "DK-02", "DK-03"]


class TestOtherShapes:
    def test_points_and_lines_are_what_they_are(self):
        points = parcel(*ring()[:1], shape="点", area="", count=1)
        line = parcel(*ring()[:3], shape="线", area="", count=3)
        table = read_boundary_text(document(points, line))
        assert [shape.geom_type for shape in table.geometries] == ["Point", "LineString"]

    def test_a_line_of_one_point_is_none(self):
        assert only_fault(document(parcel(*ring()[:1], shape="线", area="", count=1))).kind == "geometry_short_line"


class TestCrs:
    @pytest.mark.parametrize(
        ("head", "x", "expected"),
        [
            ({}, 38_438_600.0, "EPSG:4526"),
            ({}, 438_600.0, "EPSG:4547"),
            ({"几度分带": "3度带"}, 438_600.0, "EPSG:4547"),
            ({"带号": None}, 38_438_600.0, "EPSG:4526"),
            ({"几度分带": "6", "带号": "19"}, 19_620_000.0, "EPSG:4497"),
            ({"几度分带": "6", "带号": "19"}, 620_000.0, "EPSG:4508"),
            ({"几度分带": None, "带号": "42"}, 42_438_600.0, "EPSG:4530"),
            ({"坐标系": "CGCS2000"}, 38_438_600.0, "EPSG:4526"),
        ],
    )
    def test_strip_zone_and_prefix_tell_it(self, read, head, x, expected):
        delivery = read(document(parcel(*ring(x=x)), **head))
        assert delivery.crs_name == expected
        assert crs_gate(delivery.crs)

    def test_eastings_that_come_first_are_told_by_their_magnitude(self, read):
        swapped = [",".join([*line.split(",")[:2], *reversed(line.split(",")[2:])]) for line in ring()]
        delivery = read(document(parcel(*swapped)))
        assert delivery.frame.geometry.total_bounds.tolist() == [EAST, NORTH, EAST + 30, NORTH + 20]
        assert "东坐标在前" in delivery.notes[0].zh

    def test_degrees_are_read_as_such(self, read):
        points = [
            f"{n},1,{y},{x}" for n, (x, y) in enumerate([(113.1, 34.1), (113.2, 34.1), (113.2, 34.2), (113.1, 34.1)])
        ]
        delivery = read(document(parcel(*points), 计量单位="度", 投影类型=""))
        assert delivery.crs_name == "EPSG:4490"
        assert delivery.faults[0] is None

    @pytest.mark.parametrize("datum", ["1980西安坐标系", "54北京坐标系", "武汉独立坐标系", "WGS84"])
    def test_another_datum_is_refused_by_its_name_and_line(self, refusal_of, datum):
        error = refusal_of(document(parcel(*ring()), 坐标系=datum))
        assert error.fault.kind == "boundary_datum"
        assert datum in error.fault.text.zh
        assert error.line == 5

    def test_a_person_may_know_better_than_the_head(self, read):
        assert read(document(parcel(*ring()), 坐标系="80"), crs="EPSG:4526").crs_name == "EPSG:4526"

    @pytest.mark.parametrize(
        ("head", "x", "kind"),
        [
            ({"带号": "39"}, EAST, "boundary_zone"),
            ({"几度分带": "6"}, EAST, "boundary_zone"),
            ({"带号": "114"}, 438_600.0, "boundary_zone"),
            ({"带号": None}, 438_600.0, "boundary_zone_missing"),
            ({"投影类型": "UTM"}, EAST, "boundary_projection"),
            ({"计量单位": "毫米"}, EAST, "boundary_unit"),
            ({"坐标系": None}, 438_600.0, "crs_"),
        ],
    )
    def test_a_head_that_contradicts_itself_or_says_too_little_is_refused(self, refusal_of, head, x, kind):
        assert refusal_of(document(parcel(*ring(x=x)), **head)).fault.kind.startswith(kind)


class TestParameters:
    SECRET = "-12.345,67.89,1.2,0.1,0.2,0.3,0.00001"

    def test_a_text_with_parameters_of_a_transformation_is_refused_and_they_are_never_told(self, refusal_of):
        error = refusal_of(document(parcel(*ring()), 转换参数=self.SECRET))
        assert error.fault.kind == "boundary_parameters"
        assert error.line == 11
        assert "12.345" not in f"{error}{error.fault!r}"

    @pytest.mark.parametrize(
        "blank", ["", ",,,,,,", "0,0,0,0,0,0,0", "0.000,0", "X平移,Y平移,Z平移,X旋转,Y旋转,Z旋转,尺度参数"]
    )
    def test_a_form_not_filled_in_states_none(self, read, blank):
        delivery = read(document(parcel(*ring()), 转换参数=blank))
        assert delivery.frame.attrs["head"]["转换参数"] == ""


class TestEveryLine:
    def test_lines_of_no_known_place_are_told(self):
        data = document(parcel(*ring())).decode("gb18030").replace("[地块坐标]", "说明文字\r\n[地块坐标]").encode()
        notes = read_boundary_text(data).notes
        assert "第 12 行" in notes[0].zh

    def test_what_follows_the_coordinates_is_told(self):
        notes = read_boundary_text(document(parcel(*(f"{line},101.5" for line in ring())))).notes
        assert notes == (("boundary_extras", 5),)


def test_the_bytes_tell_it_under_any_name(tmp_path):
    for name in ("a.txt", "a.dat", "a"):
        path = tmp_path / name
        path.write_bytes(document(parcel(*ring())))
        assert sniff(path) is Format.BOUNDARY_TEXT


def test_beside_a_shapefile_in_an_archive_it_is_left_aside(tmp_path):
    path = zipped(tmp_path / "a.zip", parts(shapefile(tmp_path / "set")) | {"界址点.txt": document(parcel(*ring()))})
    delivery = read_delivery(path)
    assert delivery.format == "Shapefile in zip"
    assert "界址点.txt" in delivery.notes[0].zh


def test_alone_in_an_archive_it_is_the_layer(tmp_path):
    path = zipped(tmp_path / "a.zip", {"界址点.txt": document(parcel(*ring())), "说明.txt": "无".encode()})
    delivery = read_delivery(path)
    assert delivery.format == "TXT(界址点) in zip"
    assert here(path) == delivery.file
    assert np.isfinite(delivery.frame.geometry.area).all()


lines = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from([*document(parcel(*ring())).decode("gb18030").split("\r\n"), "J1,1,nan,1e999", "@", ",,,,,,@"]),
    ),
    max_size=25,
)


@given(lines)
@settings(max_examples=150)
def test_any_text_is_parcels_or_a_refusal(lines):
    try:
        table = read_boundary_text("\n".join(lines).encode("utf-8", "replace"))
    except RefusedFile:
        return
    for geometry, fault in zip(table.geometries, table.faults, strict=True):
        assert (geometry is None) != (fault is None)
