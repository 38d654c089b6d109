"""Tables of coordinates, as offices and other libraries write them."""

import base64
import io
import struct
import zipfile
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from making import parts, shapefile, zipped

from layers.coordinate_tables.binary_workbooks import extent_of
from layers.coordinate_tables.columns import read_mapping
from layers.coordinate_tables.reader import read_rows
from layers.errors import RefusedFile
from layers.formats import Format, identify, sniff
from layers.reading import ReadOptions, list_layers, read_delivery
from layers.writing import write_frame

NORTH, EAST = 3_751_500.0, 438_600.0
ZONE_114 = "EPSG:4547"
# the table of `points` as xlwt 1.3.0 wrote it, deflated
EXCEL_97 = (
    "c-rllPe>I(9LK-2|DX8hX&PuCB4lM=)D98otEhw^u{>xIl;(pTiprx)A!M4zAm~(d5xjJ<x>Qm@9f}TtQHLN1w1l8eL1BTq{pPo`"
    "x@&vzK}yAbAM=};-^_ewcK+<{+gH=YGvjwFX0b}m(6QtuU<G`FLc-4^LFKM1lYZ<_aAW;bN;tHTmWhW2FKxMoa=mAv;g0c?EbxKC"
    "NerTOpg&!;f!fbw=n`@aO=JablBW>mJgO45XV`9Hdz))MV!M|;SJ*aD-5GHL)2Y_l-D($iYSmm;2+6(AZQik`9%XnTck#um!mDdy"
    "UpCX#_jeXl8u^$2ty@dFKb`IBn?Wfp-~_(ARlqm@q&}&N{Tu5SApeiB-;VHK(+pr3?rGlOW5~xRU6yE~t;0UMfCJPH$dew3q0D?c"
    "MN@<G?X(LzDIC`!>M`Fwl%c(QxL%qDX&R;3MTHGqDBF9-JQ+IX1-$+9$@ZX#)5UxUl5`_qxb^k*k?ywCDfSHWt=)S7Y?Wh%i%YTv"
    "H7?{5@3A0DYPrQuwj)g4!s!aOrL=V^u4yY%i9@4Y=Q5YpP(O{VH>qub^ma;*eL4D|a_nPj2c;)lW-pXZzD<pzntJY`_VPE1I#DNX"
    "T$h?k`LR$pi}!5Hf4gxwT2hVORZqDhEb^R#=0nQM$=MOhIZe%#m(wYyE0&0031%6pzF?L~xyLj%!K{X#b7ZTZRS-u~v<Qk8qIm0N"
    "DT)@LWS1#=1Vs-~bf(yfqBCV=6~&047$J(m6h~2v0A=Nh%m|9fl!T&~p?NU_SM+(AVntA_5XB13ixr^kdG1r}2#Ot|*r9o`16Q;{"
    "aUv*Ah~k9i#R*WnD{9tCa8E8PJ+fAmhgh*<#flXxR;+cD;FnpbS4Hsamwb7$)pwmm3QO^4lK)o6FhIX^^vCod`YF!hd`|mkGfd&L"
    "#2VZ9-wUNWsP`;-(aq!N&3XUQUmp>?o;5d2{<$NRYyV5RjB}m){{;$M1{w"
)

# and as pyxlsbwriter 0.1.0 wrote it, its members stored
EXCEL_BINARY = (
    "c-"
    "rMyYitx%6h3!mx?O02<!K?%EDM$dx;xtkZNZjOC?u7KjjaI{(@b}#?aJ=XGBd?(#H4_N8jbiU#mGYpAu;|?(ZrA#|LGs&5A~0UHO2>sKnSQ2G#EVh"
    "&dkp2?6%z{{bRhFJ9F-xd%kn-x#ymH?sjhBg?V6<rSQd#kA}-i0BEhio^)J%LQ!{X1G21ZB74<@dSl7`1YRZgd@gXX-eA3B7D~THeBdh25O|JMj`7"
    "Yu${BUEN6C_Grt7W5q&TenF|wR@!4k+V&l5OA;9d^_ZYB(mc)1d&f(v{()y@mmjO7py&2uswrIwK9Im80>*nOO-0L-"
    "%cs3J_6nO5In9$vP^4jW>z2Nqgls)<8m%3NA*QA~?+Vzvltab}BSElVI9y^u@{NsEwyq@{#bALlSr)v2v*B|fJ?{huysgN0nN(4GRIQw*9f7P>SCI"
    "y?@vP%N~!0BFM?C6hx>E85nV7__HY=t6AW^cjUNEf%^ETN}{cVxbGMH8sd91V)7o_Rh|?yJ3<DK-"
    ";H{_~Uh`_7;Kfc+Ll7e7KL5i>=n%l%ILmvGR51O}8}oa7$PC+yblM0D;b|0Q$|1>+_f37+RO*1kfH;jyuC>h_;(s(}}o$udHe@CD{_F355fGIT=x+"
    "v1ETs;Gyo#!KQ#;)1_ooiYrOEB`_pwf!1}?n;(?pl8!vuKrE&C5hSU#1O{|HwN@0h$bg)Xw2+dLllY}iQ4^AmO|@T4Ns--Bzbw{<!wsV9#0a=R{T<"
    "PkfZ7qQ3HZB*QgRM>A{J2<P3hA^5hWoieSNV=K3Fjw-"
    "w;bm>QF~ADyI=kQu}4SCD3bkGHV1xlrLt@YF)N<KRI}OfF2UGR_0jOjkmIb?czLMGs3x+?ZmZh@21gFXq}5ak8V_wx}4N|=)ASZLTJLfUM2={m&+3"
    "|)ClSngDy|I+$Rmjb^oR`_8Xc|%lS=xjb)Njsdy~HtSIhHMnefLD5oQGJj4tYGVByeNVs~Nl2UJ6#vzhv|2zVylTIQbdmce^4xubJScL<|6G1<XFT"
    "rAb0IjdaqO!kJQuXap0*8sF3-l_=?$Fd)VghM7`B0%^Gt4NV00B8Wq(Ct^lrinlCYp(+55;AzD627!2{8vGRgQM)D(;Hnpq-3HBw!oI6#<5?-"
    "1>4Q##UO(u*Zm~|M57Q2iypz?Mh@Yfws#RRI^9eQPsU6CJn0M(HE2jcskQM%MPj*z(E4Tq}Cll>1m#ZI6Dp-"
    "*|UKqKDAH}b@*(6*GakGaaz)2l%EB|qrQ3?mN&v$*aaHwK@1J4ZjkY<!w@_I5~Lu8twGqyzV_nxDzMJs{S^l?s3O)Hl-"
    "C1Eh=7WiHAp{+&jwfxVQ7MOq}D(X<!#1RBU1JFH2Rv5UX64RN7X|c)-ZBXyc*Wu2v0EyVxAME3J#muzMUG(Fz-Re_mjqT=Hvo^4`Y~EQ~~UC<Ur|X"
    "3A{w$IH|O<3Yws*(1CZN8kVzc9bCWTeCh~+A2_(c!DY_pPIi9eV8!O8R*SA(4^A_NM$^%pDo#s6N<srlXhxZhxX;eXth)!*`2<<C`ZCA#pm(y{Z{P"
    "T8TW=@3fISXx5CY2tTs?TlN62z`+MV@;!)v~;Loixr7%pT7m!ll~A_#Qq)zxR%={jWocA@DL_@nPA{&wMEJ%GQpthc)IER;_$`jP-"
    "Y2?Et{)rv8E9wCNbmKtWd!<8~Wlh7P7G=YjwI*`D}>_&HOqJh>uZod~-@@E0QH6{>jXI3-"
    "rym$CEd%cS(!S>lxfHEe)1!MZ5x~#mkFzTWJzZvYJ&neu8uKc?IzY2oDzBxtGZ?xx(qld7bvpGFLh=c3009OoY%(AmHdnS8Ng%?{YQvciz3NA*1El"
    "d&};Hm(B@$9DeHxIY@PD)Wrb~6``ql0&`2tuiCSfjX*gUDaYMs;FqFCyxWQCqREA019-"
    "5#t{oy&P8^u6W^3?@9~4i}^)_?Wp{$H@$Gx3(L(t@}3XQ`B=c5&y<Uy3UUD`ANb&XAEJ!9lhanu$l^wHKUx<VyURHCoMHO^cm&$nROa-"
    "{pPgZ{l~0-4sZ_?yjWU`zva4~#*G;MTto+H=A}1f4G#@y&=h}<=kfL>-8O+@%r-"
    "+w+nvQkuG?onPi{0!p$@3{BOW8Kw2`2F{%q?Tb4epk%eKB+7{n*TqwKiF2ll2y3En|F>9zBGc$B+M?rB#Mm02(i2ccZv3?lwwWNkP|mH=z5jY6G6~"
    "Om=g1W4W)VHr6dq-pi^Rz@0YR0H>#CCDCq1cXDVm{!x~bD!Q57X@Sk$IMbCRxLMsX&t@H&Jy8U7<G7vK#-Sdc&$T<Zlz5E)u%<x|N<YWg{srC<%Ig"
)


def points(count=2, *, prefix=0, closed=False):
    """Return the corners of squares of 20 m, 50 m apart, as a frame: 楼号, 点号, X (north), Y (east)."""
    rows = []
    for building in range(count):
        x, y = EAST + 50 * building + prefix * 1e6, NORTH
        corners = [(y, x), (y, x + 20), (y + 20, x + 20), (y + 20, x)]
        rows += [
            {"楼号": f"{building + 1}号楼", "点号": f"J{n % 4 + 1}", "X": corners[n % 4][0], "Y": corners[n % 4][1]}
            for n in range(5 if closed else 4)
        ]
    return pd.DataFrame(rows)


def squares(count=2, *, prefix=0):
    west = EAST + 50 * np.arange(count) + prefix * 1e6
    return shapely.box(west, NORTH, west + 20, NORTH + 20)


def workbook(path, **sheets):
    """Write frames as XlsxWriter does, a title above each."""
    with xlsxwriter.Workbook(path) as book:
        for name, frame in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.merge_range(0, 0, 0, max(1, len(frame.columns) - 1), f"{name}界址点坐标表")
            sheet.write_row(1, 0, frame.columns)
            for row, values in enumerate(frame.astype(object).to_numpy().tolist(), start=2):
                sheet.write_row(row, 0, ["" if value is None else value for value in values])
    return path


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text as a table and reads it."""

    def run(content, name="坐标.csv", /, *, crs=ZONE_114, **columns):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_delivery(path, crs=crs, options=ReadOptions(columns=columns))

    return run


@pytest.fixture
def refusal_of(read):
    def run(*args, **options):
        with pytest.raises(RefusedFile) as caught:
            read(*args, **options)
        return caught.value.fault

    return run


def csv_of(frame, **options):
    return frame.to_csv(index=False, **options)


def same(delivery, expected):
    """Return whether a delivery's polygons are those expected, point for point but for where a ring begins."""
    found = delivery.frame.geometry.to_numpy()
    return len(found) == len(expected) and bool(shapely.equals(found, expected).all())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_that_pandas_wrote_is_read_in_every_encoding(tmp_path, encoding, mark):
    path = tmp_path / "点.csv"
    points().to_csv(path, index=False, encoding=encoding, sep=mark)
    delivery = read_delivery(path, crs=ZONE_114)
    assert delivery.format == "CSV"
    assert same(delivery, squares())
    assert delivery.frame["source_id"].tolist() == delivery.frame["楼号"].tolist() == ["1号楼", "2号楼"]


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("X", "Y"),
        ("X坐标(米)", "Y坐标(米)"),
        ("北坐标", "东坐标"),
        ("纵坐标(X)", "横坐标(Y)"),
        ("坐标X", "坐标Y"),
        ("N", "E"),
        ("Northing", "Easting"),
        ("北坐标 X", "东坐标 Y"),
    ],
)
def test_headings_that_offices_use_are_known(read, x, y):
    assert same(read(csv_of(points().rename(columns={"X": x, "Y": y}))), squares())


def test_x_may_be_east_as_in_a_gis(read):
    frame = points().rename(columns={"X": "Y", "Y": "X"})
    assert same(read(csv_of(frame)), squares())


def test_numbers_speak_against_headings_and_it_is_told(read):
    delivery = read(csv_of(points().rename(columns={"X": "东坐标", "Y": "北坐标"})))
    assert same(delivery, squares())
    assert "与列名相反" in delivery.notes[0].zh


def test_a_zone_before_the_easting_is_kept(read):
    assert same(read(csv_of(points(prefix=38)), crs="EPSG:4526"), squares(prefix=38))


def test_without_a_crs_it_is_asked_for(refusal_of):
    assert refusal_of(csv_of(points()), crs=None).kind.startswith("crs_")


def test_a_person_may_say_which_column_is_the_name_be_it_the_one_that_points_go_by_or_another(read, refusal_of):
    frame = points().assign(备注=["办公楼"] * 4 + ["厂房"] * 4, 名称="城南", name="x")
    delivery = read(csv_of(frame), name="备注")
    assert same(delivery, squares())
    assert delivery.frame["name"].tolist() == delivery.frame["备注"].tolist() == ["办公楼", "厂房"]
    assert delivery.frame["name_2"].tolist() == ["x", "x"]
    delivery = read(csv_of(frame), name="楼 号")
    assert same(delivery, squares())
    assert delivery.frame["name"].tolist() == ["1号楼", "2号楼"]
    assert refusal_of(csv_of(frame), name="楼名").kind == "table_heading_unknown"
    # one that differs from point to point is no building's
    assert refusal_of(csv_of(frame), name="点号").kind == "table_heading_unknown"


def test_rows_of_wkt_have_the_name_that_is_told(read):
    rows = pd.DataFrame({"wkt": [shape.wkt for shape in squares()], "用途": ["甲", "乙"]})
    assert read(csv_of(rows), name="用途").frame["name"].tolist() == ["甲", "乙"]


@pytest.mark.parametrize("names", [{}, {"X": "Y", "Y": "X"}])
def test_a_building_that_is_refused_has_its_points_in_the_order_of_boundary_points(read, names, tmp_path):
    frame = points().astype({"X": object}).rename(columns=names)
    frame.loc[2, names.get("X", "X")] = "375I520"
    delivery = read(csv_of(frame))
    assert [fault and fault.kind for fault in delivery.faults] == ["boundary_line", None]
    refused, sound = delivery.frame["界址点"]
    assert refused.splitlines()[1:3] == ["J2,,3751500.0,438620.0", "J3,,375I520,438620.0"]
    assert sound is None
    write_frame(delivery.frame, tmp_path / "back.txt")
    assert refused in (tmp_path / "back.txt").read_bytes().decode("gb18030").replace("\r\n", "\n")


class TestDegrees:
    def test_decimal_degrees_are_read(self, read):
        frame = pd.DataFrame({"编号": [1] * 3, "经度": [113.1, 113.2, 113.2], "纬度": [34.1, 34.1, 34.2]})
        delivery = read(csv_of(frame), crs="EPSG:4490")
        assert delivery.frame.geometry[0].bounds == (113.1, 34.1, 113.2, 34.2)

    @pytest.mark.parametrize(
        "text",
        [
            "113°20'10.5\"",
            "113°20′10.5″",
            "113度20分10.5秒",
            "东经113°20'10.5\"",
            "113°20'10.5''",
            "113°20'10.5\"E",
            "113.33625",
        ],
    )
    def test_degrees_minutes_and_seconds_are_read(self, read, text):
        rows = [("1", text, "34°6'"), ("1", "113°21'", "34°6'"), ("1", "113°21'", "34°7'0\"")]
        frame = pd.DataFrame(rows, columns=["楼号", "经度", "纬度"])
        delivery = read(csv_of(frame), crs="EPSG:4490")
        assert delivery.frame.geometry[0].bounds[0] == pytest.approx(113.33625, abs=1e-12)

    def test_sixty_minutes_are_none(self, read):
        rows = [("1", "113°60'", "34°6'"), ("1", "113°21'", "34°6'"), ("1", "113°21'", "34°7'")]
        assert read(csv_of(pd.DataFrame(rows, columns=["楼号", "经度", "纬度"])), crs="EPSG:4490").faults[0] is not None


class TestWhatBelongsTogether:
    def test_a_building_named_in_its_first_row_alone_goes_on(self, read):
        frame = points()
        frame.loc[frame["楼号"].duplicated(), "楼号"] = None
        delivery = read(csv_of(frame))
        assert same(delivery, squares())
        assert any("按上一行归属" in note.zh for note in delivery.notes)

    def test_rings_of_one_building_are_holes_and_parts(self, read):
        outer = points(1, closed=True).assign(圈号=1)
        inner = outer.assign(X=NORTH + 5 + (outer["X"] - NORTH) / 2, Y=EAST + 5 + (outer["Y"] - EAST) / 2, 圈号=2)
        shape = read(csv_of(pd.concat([outer, inner]))).frame.geometry[0]
        assert shape.area == pytest.approx(400 - 100)

    def test_points_that_come_later_begin_a_ring_of_their_own(self, read):
        frame = points(2, closed=True)
        inner = frame[:5].assign(X=NORTH + 5 + (frame["X"][:5] - NORTH) / 2, Y=EAST + 5 + (frame["Y"][:5] - EAST) / 2)
        shape = read(csv_of(pd.concat([frame, inner]))).frame.geometry
        assert shape.area.tolist() == pytest.approx([300, 400])

    def test_without_a_name_blank_rows_part_buildings(self, read):
        lines = csv_of(points()[["点号", "X", "Y"]]).splitlines()
        assert same(read("\n".join([*lines[:5], ",,", *lines[5:]])), squares())

    def test_without_a_name_rings_that_close_are_buildings(self, read):
        assert same(read(csv_of(points(closed=True)[["点号", "X", "Y"]])), squares())

    def test_places_on_a_map_are_no_polygon(self, refusal_of):
        frame = points(1)[["X", "Y"]].assign(名称=["学校", "医院", "车站", "商场"])
        assert refusal_of(csv_of(frame)).kind == "table_feature_missing"

    def test_a_number_of_every_row_is_a_point_s_and_one_that_repeats_a_building_s(self, read):
        assert same(read(csv_of(points(1)[["X", "Y"]].assign(编号=[1, 2, 3, 4]))), squares(1))
        assert same(read(csv_of(points()[["X", "Y"]].assign(编号=[1] * 4 + [2] * 4))), squares())
        assert same(read(csv_of(points(1)[["点号", "X", "Y"]].assign(圈号=1, 编号=[1, 2, 3, 4]))), squares(1))

    def test_one_point_a_building_is_a_point(self, read):
        delivery = read(csv_of(points()[["楼号", "X", "Y"]][::4]))
        assert delivery.frame.geometry.geom_type.tolist() == ["Point", "Point"]

    def test_columns_of_one_value_are_attributes_and_the_others_are_told(self, read):
        delivery = read(csv_of(points().assign(用途="住宅", 边长=range(8))))
        assert delivery.frame["用途"].tolist() == ["住宅", "住宅"]
        assert "边长" not in delivery.frame
        assert any("点号, 边长" in note.zh for note in delivery.notes)


# L-shaped, 450 m² large: cut anywhere it makes two other outlines
CORNERS = [(0, 0), (0, 30), (10, 30), (10, 15), (20, 15), (20, 0)]
UNREAD = [",,,", "", "楼号,点号,X,Y", "续表,,,", "第 1 页 共 2 页,,,", "制表:张三,,检查:李四,", "小计,,12,"]


def bent(name, *, east=0, labels=range(1, 7)):
    """Return the lines of an L: name, number, north, east."""
    return [f"{name},{label},{NORTH + y},{EAST + east + x}" for label, (y, x) in zip(labels, CORNERS, strict=True)]


def rows_of(*lines, heading="楼号,点号,X,Y"):
    return [[cell or None for cell in line.split(",")] for line in (heading, *lines)]


def outlines(*lines, heading="楼号,点号,X,Y"):
    table = read_rows(rows_of(*lines, heading=heading), {})
    return list(table.geometries), [fault and fault.kind for fault in table.faults]


WHOLE = outlines(*bent("1#"), *bent("2#", east=60))


class TestWhatLiesBetween:
    """The points of a building are its own whatever stands between them."""

    @given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(UNREAD)), max_size=6))
    @settings(max_examples=60)
    def test_lines_that_are_not_read_change_nothing(self, unread):
        lines = [*bent("1#"), *bent("2#", east=60)]
        for position, line in sorted(unread, reverse=True):
            lines.insert(position, line)
        assert outlines(*lines) == WHOLE
        assert WHOLE[1] == [None, None]
        assert [shape.area for shape in WHOLE[0]] == [450, 450]

    @given(st.permutations([0] * 6 + [1] * 6), st.booleans(), st.booleans())
    @settings(max_examples=60)
    def test_rows_of_two_buildings_may_alternate(self, turns, has_rings, is_numbered):
        heading = "楼号,点号,X,Y" if is_numbered else "楼号,备注,X,Y"
        waiting = [bent("1#"), bent("2#", east=60)]
        lines = [waiting[turn].pop(0) for turn in turns]
        if has_rings:
            heading, lines = heading + ",圈号", [line + ",1" for line in lines]
        table = read_rows(rows_of(*lines, heading=heading), {})
        found = dict(zip(table.source_ids, table.geometries, strict=True))
        assert [found["1#"], found["2#"]] == WHOLE[0]

    @given(st.permutations([1] * 5 + [2] * 5))
    @settings(max_examples=30)
    def test_rings_of_one_building_may_alternate(self, turns):
        def square(ring, size, at):
            corners = [(at, at), (at, at + size), (at + size, at + size), (at + size, at), (at, at)]
            return [f"1#,{NORTH + y},{EAST + x},{ring}" for y, x in corners]

        waiting = {1: square(1, 20, 0), 2: square(2, 10, 5)}
        (shape,), faults = outlines(*(waiting[turn].pop(0) for turn in turns), heading="楼号,X,Y,圈号")
        assert faults == [None]
        assert shape.area == 400 - 100

    @pytest.mark.parametrize("name", ["2号楼(续)", "2号楼 （续表）", "2号楼续"])
    def test_a_name_that_is_continued_is_the_same_building(self, name):
        lines = bent("2号楼")
        table = read_rows(rows_of(*lines[:3], "楼号,点号,X,Y", *bent(name)[3:]), {})
        assert [shape.area for shape in table.geometries] == [450]
        assert dict(table.columns)["楼号"].tolist() == ["2号楼"]

    @pytest.mark.parametrize("between", [[], [",,,"], ["楼号,点号,X,Y"], bent("2#", east=60)])
    def test_points_numbered_anew_before_the_ring_is_closed_are_refused_by_their_lines(self, between):
        again = [f"1#,{n},{NORTH + y + 100},{EAST + x}" for n, (y, x) in enumerate(CORNERS, start=1)]
        table = read_rows(rows_of(*bent("1#"), *between, *again), {})
        assert (table.geometries[0], table.faults[0].kind) == (None, "boundary_ring_torn")
        assert f"第 {8 + len(between)} 行" in table.faults[0].text.zh
        assert "第 7 行" in table.faults[0].text.zh

    def test_an_open_ring_beside_a_closed_one_is_half_of_one(self):
        closed = [*bent("1#"), bent("1#")[0]]
        again = [f"1#,{n},{NORTH + y + 100},{EAST + x}" for n, (y, x) in enumerate(CORNERS, start=7)]
        assert outlines(*closed, *again)[1] == ["boundary_ring_open"]
        ((shape,), faults) = outlines(*closed, *again, again[0])
        assert faults == [None]
        assert shape.area == 900

    @pytest.mark.parametrize("labels", ["房房角角房角", "112233"])
    def test_what_stands_in_every_row_is_no_number(self, labels):
        assert outlines(*bent("1#", labels=labels))[1] == [None]

    @pytest.mark.parametrize(
        ("between", "expected"),
        [
            ([], [None]),
            (["点号,X,Y"], [None]),
            (["第 2 页,,"], [None]),
            ([",,"], ["boundary_ring_torn"]),
            (["坐标表,,"], ["boundary_ring_torn"]),
            ([",,", "点号,X,Y"], ["boundary_ring_torn"]),
        ],
    )
    @pytest.mark.parametrize("cut", range(1, 6))
    def test_without_a_name_numbers_that_go_on_are_one_outline_over_a_page_and_doubtful_over_a_blank_row(
        self, between, expected, cut
    ):
        lines = [line.partition(",")[2] for line in bent("1#")]
        shapes, faults = outlines(*lines[:cut], *between, *lines[cut:], heading="点号,X,Y")
        assert faults == expected
        assert [shape and shape.area for shape in shapes] == [None if fault else 450 for fault in faults]

    @pytest.mark.parametrize("between", [",,", "2号楼,,"])
    def test_without_a_name_numbers_that_begin_again_below_a_blank_row_or_a_title_are_another_building(self, between):
        first, second = ([line.partition(",")[2] for line in bent("", east=east)] for east in (0, 60))
        assert outlines(*first, between, *second, heading="点号,X,Y") == WHOLE

    def test_without_a_name_points_one_by_one_between_blank_rows_are_places(self):
        lines = [part for line in bent("1#") for part in (line.partition(",")[2], ",,")]
        shapes, faults = outlines(*lines, heading="点号,X,Y")
        assert [shape.geom_type for shape in shapes] == ["Point"] * 6
        assert not any(faults)

    def test_without_name_and_number_a_page_leaves_doubt(self):
        lines = [line.split(",", 2)[2] for line in bent("1#")]
        assert outlines(*lines[:3], "X,Y", *lines[3:], heading="X,Y")[1] == ["boundary_ring_torn"]


class TestRows:
    """The headings are row 1."""

    def test_who_drew_and_checked_a_table_is_no_point(self, read):
        frame = points()
        frame.loc[frame["楼号"].duplicated(), "楼号"] = None
        rows = csv_of(frame.assign(序号=range(1, 9))[["序号", "楼号", "点号", "X", "Y"]])
        for last in ("制表:张三,,,检查:李四,", ",,制表：张三,,日期:2026-06-15", ",,,审核,2026-06-15"):
            delivery = read(rows + last)
            assert same(delivery, squares())
            assert any("第 10 行" in note.zh for note in delivery.notes)

    @pytest.mark.parametrize("last", [",,37515OO.0,4386I0", ",J5,缺,缺", ",西北角,缺,缺", ",,3751500,缺"])
    def test_a_point_whose_coordinates_are_broken_is_not_taken_for_a_remark(self, read, last):
        assert [fault is None for fault in read(csv_of(points()) + last).faults] == [True, False]

    @pytest.mark.parametrize("prefix", [0, 38])
    def test_the_order_is_told_in_millimetres(self, read, prefix):
        frame = points(prefix=prefix).assign(X=lambda of: of["X"] * 1000, Y=lambda of: of["Y"] * 1000)
        for names in ({}, {"X": "Y", "Y": "X"}):
            delivery = read(csv_of(frame.rename(columns=names)), crs="EPSG:4526/mm" if prefix else f"{ZONE_114}/mm")
            assert same(delivery, squares(prefix=prefix))

    @pytest.mark.parametrize("names", [{}, {"X": "Y", "Y": "X"}, {"X": "北坐标", "Y": "东坐标"}])
    def test_a_row_with_its_coordinates_exchanged_is_its_building_s_fault(self, read, names):
        frame = points(3)
        frame.loc[5, ["X", "Y"]] = frame.loc[5, ["Y", "X"]].tolist()
        delivery = read(csv_of(frame.rename(columns=names)))
        assert [fault and fault.kind for fault in delivery.faults] == [None, "table_exchanged", None]
        assert "第 7 行" in delivery.faults[1].text.zh

    def test_sums_titles_and_headings_that_come_again_are_told_by_row(self, read):
        lines = csv_of(points()).splitlines()
        text = ["项目界址点坐标表,,,", *lines[:5], lines[0], *lines[5:], "合计,,8,", "制表:张三,,,"]
        delivery = read("\n".join(text))
        assert same(delivery, squares())
        said = " ".join(note.zh for note in delivery.notes)
        assert "合计,未读:第 12 行" in said
        assert "第 7, 13 行" in said

    def test_a_bad_number_is_the_building_s_fault_with_its_row(self, read):
        frame = points().astype(object)
        frame.loc[1, "X"] = "37515OO.000"
        frame.loc[2, "Y"] = None
        delivery = read(csv_of(frame))
        assert [fault and fault.kind for fault in delivery.faults] == ["boundary_line", None]
        assert "3, 4" in delivery.faults[0].text.zh
        assert "37515OO.000" in delivery.faults[0].text.en

    def test_a_point_without_coordinates_is_not_passed_over(self, read):
        frame = points().astype(object)
        frame.loc[2, ["X", "Y"]] = None
        assert read(csv_of(frame)).faults[0].kind == "boundary_line"

    def test_a_ring_that_returns_elsewhere_is_a_fault(self, read):
        frame = points(1, closed=True)
        frame.loc[4, "X"] += 0.05
        assert read(csv_of(frame)).faults[0].kind == "boundary_ring_open"

    def test_numbers_in_groups_of_three_are_numbers(self, read):
        frame = points()
        frame["X"] = [f"{value:,.3f}" for value in frame["X"]]
        assert same(read(csv_of(frame)), squares())


class TestMapping:
    def test_a_person_says_which_column_is_what(self, read):
        frame = points().rename(columns={"X": "甲", "Y": "乙", "楼号": "丙"})
        assert same(read(csv_of(frame), north="甲", east="乙", feature="丙"), squares())

    def test_what_a_person_says_stands_against_headings_and_numbers(self):
        frame = points()
        table = read_rows([list(frame.columns), *frame.astype(object).to_numpy().tolist()], {"east": "X", "north": "Y"})
        assert table.geometries[0].bounds[0] == NORTH

    def test_a_table_without_coordinates_is_refused_with_its_headings_and_the_way_out(self, refusal_of):
        fault = refusal_of("楼号,面积\n1,120\n")
        assert fault.kind == "table_columns"
        assert "楼号, 面积" in fault.text.zh
        assert "--column" in fault.remedy.zh

    def test_a_heading_that_is_not_there_is_refused(self, refusal_of):
        assert refusal_of(csv_of(points()), north="丁", east="Y").kind == "table_heading_unknown"

    @pytest.mark.parametrize("text", ["middle=X", "north", "north=", "=X"])
    def test_what_is_no_role_with_a_heading_is_refused(self, text):
        with pytest.raises(RefusedFile) as caught:
            read_mapping([text])
        assert caught.value.fault.kind == "table_role"
        assert text in caught.value.fault.text.zh

    def test_numbers_that_do_not_tell_their_order_are_refused_until_it_is_said(self, read, refusal_of):
        frame = points(1)
        frame["X"], frame["Y"] = frame["X"] - NORTH + 100, frame["Y"] - EAST + 500
        assert refusal_of(csv_of(frame)).kind == "table_order"
        assert read(csv_of(frame), north="X", east="Y").frame.geometry[0].bounds == (500, 100, 520, 120)


class TestWkt:
    def test_a_column_of_wkt_is_a_geometry_a_row(self, read):
        shapes = gpd.GeoSeries(squares()).to_wkt()
        delivery = read(csv_of(pd.DataFrame({"名称": ["a", "b"], "层数": [3, 5], "WKT": shapes})))
        assert same(delivery, squares())
        assert delivery.frame["名称"].tolist() == ["a", "b"]
        assert "WKT" not in delivery.frame

    def test_a_number_of_its_crs_counts(self, read):
        text = f'wkt,楼号\n"SRID=4547;{squares(1)[0].wkt}",1\n'
        assert read(text, crs=None).crs_name == ZONE_114

    def test_broken_wkt_is_the_row_s_fault(self, read):
        delivery = read(f"wkt;楼号\nPOLYGON ((0 0;1\n{squares(1)[0].wkt};2\n")
        assert [fault and fault.kind for fault in delivery.faults] == ["table_wkt", None]
        assert "第 2 行" in delivery.faults[0].text.zh


class TestCass:
    def test_name_code_east_north_height(self, read):
        lines = [
            f"{n},1号楼,{y:.3f},{x:.3f},{101.5}" for n, x, y in points(1)[["点号", "X", "Y"]].itertuples(index=False)
        ]
        delivery = read("\r\n".join(lines).encode("gbk"), "坐标.dat")
        assert delivery.format == "CASS .dat"
        assert same(delivery, squares(1))
        assert delivery.frame["source_id"].tolist() == ["1号楼"]

    def test_without_codes_it_is_one_building(self, read):
        lines = [f"{n},,{y:.3f},{x:.3f},0" for n, x, y in points(1)[["点号", "X", "Y"]].itertuples(index=False)]
        assert same(read("\n".join(lines), "坐标.dat"), squares(1))

    def test_rings_and_northings_first_are_told_from_codes(self, read):
        lines = [
            f"{n},1,{x:.3f},{y:.3f}" for n, x, y in points(1, closed=True)[["点号", "X", "Y"]].itertuples(index=False)
        ]
        assert same(read("\n".join(lines), "坐标.txt"), squares(1))


class TestWorkbooks:
    def test_what_xlsxwriter_wrote_is_read_title_and_all(self, tmp_path):
        delivery = read_delivery(
            workbook(tmp_path / "a.xlsx", 一期=points().assign(层数=[6] * 4 + [11] * 4)), crs=ZONE_114
        )
        assert delivery.format == "Excel"
        assert same(delivery, squares())
        assert delivery.frame["层数"].tolist() == [6, 11]

    def test_several_sheets_are_several_layers(self, tmp_path):
        path = workbook(tmp_path / "a.xlsx", 一期=points(1), 二期=points(2))
        assert [entry.name for entry in list_layers(path)] == ["一期", "二期"]
        assert len(read_delivery(path, crs=ZONE_114, layer="二期").frame) == 2
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path, crs=ZONE_114)
        assert caught.value.fault.kind == "layer_choice"

    def test_of_sheets_the_only_one_with_coordinates_is_read_and_the_others_told(self, tmp_path):
        path = workbook(tmp_path / "a.xlsx", 说明=pd.DataFrame({"项目": ["甲"], "日期": ["2026"]}), 坐标=points())
        delivery = read_delivery(path, crs=ZONE_114)
        assert delivery.layer == "坐标"
        assert "说明" in delivery.notes[0].zh

    def test_a_hidden_sheet_is_told_and_read_when_asked_for(self, tmp_path):
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            for name, frame in (("一期", points(1)), ("底稿", points(2))):
                sheet = book.add_worksheet(name)
                sheet.write_row(0, 0, frame.columns)
                for row, values in enumerate(frame.astype(object).to_numpy().tolist(), start=1):
                    sheet.write_row(row, 0, values)
            sheet.hide()
        delivery = read_delivery(tmp_path / "a.xlsx", crs=ZONE_114)
        assert delivery.layer == "一期"
        assert "底稿" in delivery.notes[0].zh
        assert same(read_delivery(tmp_path / "a.xlsx", crs=ZONE_114, layer="底稿"), squares(2))

    def test_merged_cells_name_the_building_of_each_point(self, tmp_path):
        frame = points()
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            sheet = book.add_worksheet("坐标")
            sheet.merge_range("A1:A2", "楼号")
            sheet.merge_range("B1:C1", "坐标")
            sheet.write_row("B2", ["X(m)", "Y(m)"])
            for start in (0, 4):
                sheet.merge_range(2 + start, 0, 5 + start, 0, frame["楼号"][start])
            for row, values in enumerate(frame[["X", "Y"]].to_numpy().tolist(), start=2):
                sheet.write_row(row, 1, values)
        assert same(read_delivery(tmp_path / "a.xlsx", crs=ZONE_114), squares())

    def test_open_document_is_read(self, tmp_path):
        path = tmp_path / "a.ods"
        path.write_bytes(open_document(points()))
        assert same(read_delivery(path, crs=ZONE_114), squares())

    def test_what_xlwt_wrote_as_excel_97_is_read(self, tmp_path):
        path = tmp_path / "a.xls"
        path.write_bytes(zlib.decompress(base64.b85decode(EXCEL_97)))
        delivery = read_delivery(path, crs=ZONE_114)
        assert delivery.format == "Excel"
        assert same(delivery, squares())

    def test_a_binary_workbook_that_another_library_wrote_is_read(self, tmp_path):
        path = tmp_path / "a.xlsb"
        path.write_bytes(zlib.decompress(base64.b85decode(EXCEL_BINARY)))
        delivery = read_delivery(path, crs=ZONE_114)
        assert (delivery.format, delivery.layer) == ("Excel", "界址点")
        assert same(delivery, squares())
        assert delivery.frame["楼号"].tolist() == ["1号楼", "2号楼"]

    # the row and the column of the last cell, and whether it has a value
    @pytest.mark.parametrize(
        ("row", "column", "kind", "is_read"),
        [(20, 5, 5, True), (1_048_575, 200, 5, False), (8, 16_383, 5, False), (1_048_575, 16_383, 1, True)],
    )
    def test_a_cell_far_away_in_a_binary_workbook_is_refused_before_room_is_made_for_it(
        self, tmp_path, refusal, row, column, kind, is_read
    ):
        def far(name, content):
            if name != "xl/worksheets/sheet1.bin":
                return content
            cell = bytes([kind, 16]) + struct.pack("<IId", column, 0, 1.0)
            line = bytes([0, 25]) + struct.pack("<I", row) + bytes(21) + cell
            # before the record that ends the rows
            return content.replace(b"\x92\x01\x00", line + b"\x92\x01\x00")

        path = tmp_path / "a.xlsb"
        with zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b85decode(EXCEL_BINARY)))) as given:
            members = {name: far(name, given.read(name)) for name in given.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        if is_read:
            assert len(read_delivery(path, crs=ZONE_114).frame) >= 2
        else:
            assert refusal(path, crs=ZONE_114).fault.kind == "sheet_extent"

    @given(st.binary(max_size=200))
    def test_any_bytes_have_an_extent(self, part):
        rows, columns = extent_of(b"\x91\x01\x00" + part)
        assert (rows == 0) == (columns == 0)

    @pytest.mark.parametrize("leads_to", [0, 1])
    def test_sectors_that_lead_back_to_themselves_are_refused_before_they_are_followed(self, tmp_path, leads_to):
        data = bytearray(zlib.decompress(base64.b85decode(EXCEL_97)))
        table = 512 * (1 + int.from_bytes(data[76:80], "little"))
        data[table : table + 8] = leads_to.to_bytes(4, "little") + bytes(4)
        path = tmp_path / "a.xls"
        path.write_bytes(data)
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path, crs=ZONE_114)
        assert "lead back" in caught.value.fault.text.en

    def test_rows_that_stand_for_millions_are_refused(self, tmp_path):
        path = tmp_path / "a.ods"
        path.write_bytes(open_document(points(), repeated=100_000_000))
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path, crs=ZONE_114)
        assert caught.value.fault.kind == "sheet_extent"

    def test_cells_far_away_are_refused(self, tmp_path):
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            book.add_worksheet().write(1_048_575, 16_000, 1)
        with pytest.raises(RefusedFile) as caught:
            read_delivery(tmp_path / "a.xlsx")
        assert caught.value.fault.kind == "sheet_extent"

    def test_documents_of_words_stay_refused(self, tmp_path):
        path = zipped(tmp_path / "a.docx", {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})
        with pytest.raises(RefusedFile) as caught:
            read_delivery(path)
        assert caught.value.fault.kind == "archive_without_layer"


class TestArchives:
    def test_tables_beside_a_shapefile_are_left_aside(self, tmp_path):
        book = workbook(tmp_path / "台账.xlsx", 坐标=points()).read_bytes()
        members = parts(shapefile(tmp_path / "set")) | {"台账.xlsx": book, "坐标.csv": csv_of(points()).encode()}
        delivery = read_delivery(zipped(tmp_path / "a.zip", members))
        assert delivery.format == "Shapefile in zip"
        assert "台账.xlsx" in delivery.notes[0].zh
        assert "坐标.csv" in delivery.notes[0].zh

    def test_alone_in_an_archive_a_table_is_the_layer(self, tmp_path):
        path = zipped(tmp_path / "a.zip", {"坐标.csv": csv_of(points()).encode(), "说明.txt": b"hello"})
        assert same(read_delivery(path, crs=ZONE_114), squares())


@pytest.mark.parametrize("name", ["readme.txt", "a.dat", "a.csv", "a"])
def test_a_text_that_is_no_table_keeps_its_refusal(tmp_path, refusal, name):
    path = tmp_path / name
    path.write_text("hello\nworld\n", encoding="utf-8")
    assert identify(path) is None
    assert refusal(path).fault.kind == "format_text"


def test_a_table_under_another_name_is_none(tmp_path, refusal):
    path = tmp_path / "a.shp"
    path.write_text(csv_of(points()), encoding="utf-8")
    assert refusal(path).fault.kind == "format_text"


def test_a_table_in_a_txt_is_known_by_its_headings(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(csv_of(points(), sep="\t"), encoding="gbk")
    assert sniff(path) is Format.CSV
    assert same(read_delivery(path, crs=ZONE_114), squares())


def open_document(frame, *, repeated=1):
    """Return a spreadsheet as OpenDocument has it, with the blank rows that stand for the rest of the sheet."""
    cells = [frame.columns.tolist(), *frame.astype(object).to_numpy().tolist()]
    rows = "".join(
        f'<table:table-row table:number-rows-repeated="{repeated if n == len(cells) - 1 else 1}">'
        + "".join(_cell(value) for value in row)
        + '<table:table-cell table:number-columns-repeated="16380"/></table:table-row>'
        for n, row in enumerate(cells)
    )
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
    )
    content = (
        f'<office:document-content {names} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="坐标">{rows}<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", content)
    return data.getvalue()


def _cell(value):
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


cells = st.one_of(
    st.none(), st.text(max_size=5), st.floats(), st.integers(), st.sampled_from(["1", "J1", "合计", "3751500.5"])
)
headings = st.sampled_from(["X", "Y", "楼号", "点号", "圈号", "编号", "经度", "纬度", "WKT", "备注", None])


@given(st.lists(headings, min_size=1, max_size=6), st.lists(st.lists(cells, max_size=7), max_size=12))
@settings(max_examples=150)
def test_any_table_is_features_or_a_refusal(names, rows):
    try:
        table = read_rows([names, *rows], {})
    except RefusedFile:
        return
    assert len(table.geometries) == len(table.faults)
    assert all(len(values) == len(table.faults) for _, values in table.columns)
