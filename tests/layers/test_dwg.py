"""DWG, where what reads it is installed: carried over entity by entity, and the result to be looked at."""

import math
import sys

import pytest

from layers.reading import list_layers, read_delivery
from tests.layers.drawings import EAST, NORTH, SQUARE, placed

CRS = "EPSG:4547"


@pytest.fixture
def drawing(tmp_path):
    """Return a DWG as ezdwg writes it: a building, a round one, one of lines, one in a block, a text and a point."""
    ezdwg = pytest.importorskip("ezdwg")
    document = ezdwg.new()
    document.layers["JMD建筑"] = {"color_index": 3}
    space, layer = document.modelspace(), {"layer": "JMD建筑"}
    space.add_lwpolyline(placed(SQUARE), closed=True, **layer)
    space.add_circle((EAST + 50, NORTH, 0), 5, **layer)
    corners = placed([(x, y, 0) for x, y in SQUARE], 100)
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        space.add_line(start, end, **layer)
    document.blocks.new("WING").add_lwpolyline([(0, 0), (4, 0), (4, 2), (0, 2)], closed=True)
    space.add_blockref("WING", (EAST + 150, NORTH, 0), scale=(2, 2, 2), rotation=90.0, **layer)
    space.add_text("办公楼", (EAST + 2, NORTH + 2, 0))
    space.add_point((EAST, NORTH, 0), **layer)
    path = tmp_path / "drawing.dwg"
    document.save(str(path))
    return path


def test_areas_layers_blocks_and_names_are_those_of_the_drawing(drawing):
    delivery = read_delivery(drawing, crs=CRS)
    assert delivery.format == "DWG"
    assert [(entry.name, entry.rows) for entry in list_layers(drawing)] == [("JMD建筑", 4)]
    exact = [100, math.pi * 25, 100, 32]
    assert sorted(delivery.frame.geometry.area) == pytest.approx(sorted(exact), abs=0.05)
    assert set(delivery.frame.block) == {None, "WING"}
    assert set(delivery.frame.text) == {None, "办公楼"}


def test_the_person_is_asked_to_look_at_the_result_and_told_what_is_missing(drawing):
    notes = " ".join(note.en for note in read_delivery(drawing, crs=CRS).notes)
    assert "Reading DWG is experimental: 4 areas with" in notes
    assert "could not be converted: POINT 1" in notes


def test_without_what_reads_it_the_refusal_says_how_to_get_it(tmp_path, refusal, monkeypatch):
    monkeypatch.setitem(sys.modules, "ezdwg", None)
    path = tmp_path / "a.dwg"
    path.write_bytes(b"AC1032\x00\x00\x00")
    refused = refusal(path)
    assert refused.fault.kind == "dwg_not_installed"
    assert "luotu[dwg]" in refused.fault.remedy.en


def test_a_broken_drawing_is_refused(tmp_path, refusal):
    pytest.importorskip("ezdwg")
    path = tmp_path / "a.dwg"
    path.write_bytes(b"AC1032\x00\x00\x00" + b"\x00" * 200)
    assert refusal(path).fault.kind == "dwg_unreadable"
