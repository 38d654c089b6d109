"""Rows are written as a drawing that other programs open, and come back as they were."""

import ezdxf
import geopandas as gpd
import pyproj
import pytest
import shapely

from layers.code_columns import with_codes
from layers.errors import CannotWrite
from layers.reading import read_delivery
from layers.writing import write_frame
from tests.layers.drawings import EAST, NORTH, SQUARE, house, new, placed, saved

CRS = "EPSG:4547"


def frame(*geometries, crs=CRS, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def box(dx=0, size=10):
    return shapely.box(EAST + dx, NORTH, EAST + dx + size, NORTH + size)


def test_rows_come_back_with_their_codes_layers_and_colours(tmp_path):
    path = tmp_path / "out.dxf"
    rows = frame(
        box(), box(20), layer=["JMD", "JMD"], colour=[3, 1], code=["5QXLE-D1C96-A0K", "B"], 名称=["办公楼", None]
    )
    write_frame(rows, path)
    back = read_delivery(path, crs=CRS).frame
    assert back.geometry.geom_equals(rows.geometry).all()
    assert back.layer.tolist() == ["JMD", "JMD"]
    assert back.colour.tolist() == [3, 1]
    assert back.code.tolist() == ["5QXLE-D1C96-A0K", "B"]
    assert back["名称"].tolist() == ["办公楼", None]
    assert back.text.tolist() == [None, None]


def test_ids_and_texts_that_were_read_are_those_that_were_written_and_twice_is_the_same(tmp_path):
    rows = frame(box(), box(20), layer=["JMD"] * 2, source_id=["1F", "2A"], text=["办公楼", None])
    once, twice = tmp_path / "once.dxf", tmp_path / "twice.dxf"
    write_frame(rows, once)
    write_frame(read_delivery(once, crs=CRS).frame, twice)
    again = read_delivery(twice, crs=CRS).frame
    assert again.source_id.tolist() == ["1F", "2A"]
    assert again.text.tolist() == ["办公楼", None]
    write_frame(rows, twice)
    assert once.read_bytes() == twice.read_bytes()


def test_courtyards_and_parts_are_kept(tmp_path):
    path = tmp_path / "out.dxf"
    holed = box(0, 30) - shapely.box(EAST + 5, NORTH + 5, EAST + 10, NORTH + 10)
    rows = frame(holed, shapely.union_all([box(50), box(70)]))
    write_frame(rows, path, layer="JMD")
    back = read_delivery(path, crs=CRS).frame
    assert shapely.equals(back.geometry.values, rows.geometry.values).all()


def test_what_was_wrong_with_a_row_stands_beside_it_in_the_drawing(tmp_path):
    path = tmp_path / "rejected.dxf"
    notes = write_frame(frame(box(), None, layer=["JMD", "JMD"], fault=["图形无效:自相交", "空"]), path)
    space = ezdxf.readfile(path).modelspace()
    assert [text.dxf.text for text in space.query("TEXT")] == ["图形无效:自相交"]
    assert any("not in the DXF (1)" in note.en for note in notes)
    assert any(CRS in note.en for note in notes)


def test_what_is_wrong_with_a_row_that_is_no_area_stands_where_it_is(tmp_path):
    path = tmp_path / "rejected.dxf"
    lon, lat = pyproj.Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(EAST, NORTH)
    rows = frame(None, None, fault=["没有闭合", "空"], lon=[lon, None], lat=[lat, None])
    write_frame(rows, path)
    (text,) = ezdxf.readfile(path).modelspace()
    assert text.dxf.text == "没有闭合"
    assert text.dxf.insert.xyz == pytest.approx((EAST, NORTH, 0), abs=1e-6)


def test_a_ring_that_is_open_stands_as_a_text_at_its_gap_in_the_drawing_with_codes(tmp_path):
    document, space = new()
    house(space)
    ring = placed([*SQUARE, (0, 0.3)], 30)
    space.add_lwpolyline(ring, dxfattribs={"layer": "JMD"})
    delivery = read_delivery(saved(document, tmp_path), crs=CRS)
    coded, faults = with_codes(delivery.frame, delivery.faults)
    notes = write_frame(coded, tmp_path / "coded.dxf")
    (text,) = (
        each
        for each in ezdxf.readfile(tmp_path / "coded.dxf").modelspace().query("TEXT")
        if "gap" in each.dxf.text or "apart" in each.dxf.text
    )
    assert text.dxf.insert.xyz == pytest.approx((faults[1].x, faults[1].y, 0))
    assert any("are texts in the DXF, where they are wrong (1)" in note.en for note in notes)
    assert not any("not in the DXF" in note.en for note in notes)


def test_the_drawing_is_without_error_for_the_library_that_audits_it(tmp_path):
    path = tmp_path / "out.dxf"
    write_frame(frame(box(), layer=['a/b"c']), path)
    document = ezdxf.readfile(path)
    assert not document.audit().errors
    assert document.header["$INSUNITS"] == 6
    assert document.modelspace()[0].dxf.layer == "a_b_c"


def test_long_texts_are_cut_at_a_character_with_a_word(tmp_path):
    path = tmp_path / "out.dxf"
    notes = write_frame(frame(box(), 说明=["长" * 500]), path)
    assert any("were cut (rows: 1)" in note.en for note in notes)
    assert set(read_delivery(path, crs=CRS).frame["说明"][0]) == {"长"}


def test_degrees_are_not_written_as_a_drawing(tmp_path):
    with pytest.raises(CannotWrite) as caught:
        write_frame(frame(shapely.box(113, 34, 114, 35), crs="EPSG:4490"), tmp_path / "out.dxf")
    assert caught.value.fault.kind == "drawing_not_plane"
