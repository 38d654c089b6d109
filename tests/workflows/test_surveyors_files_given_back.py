"""What surveyors draw and type comes back to them: refused rows with their points, places and handles, never fewer rows."""

import ezdxf
import pytest
import shapely

from layers.reading import read_delivery
from tests.layers.drawings import new, saved
from tests.workflows.conftest import EAST_M, NORTH_M, house
from workflows.errors import RefusedDeliveryError
from workflows.upload_files import ReportedFile, write_coded, write_rejected

CRS = "EPSG:4551"
HEAD = "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n带号=42\n[地块坐标]\n"


def parcel(name, shape, *, area_ha):
    """Return the lines of a parcel that is typed: its name, an area, and its points, northing first."""
    corners = [f"J{number},1,{y:.3f},{x:.3f}" for number, (x, y) in enumerate(shape.exterior.coords[:-1], start=1)]
    return "\n".join([f"4,{area_ha},{name},{name}地块,面,,,,@", *corners, ""])


@pytest.fixture
def drawing(tmp_path):
    """Return a drawing of a house, of one that is open by half a metre, and of one that is named."""
    document, space = new()
    for dx, gap in ((0, 0), (40, 0.5), (80, 0)):
        corners = shapely.get_coordinates(house(dx, 0))[:-1].tolist()
        space.add_lwpolyline(
            [*corners, (corners[0][0] + gap, corners[0][1])] if gap else corners,
            close=not gap,
            dxfattribs={"layer": "JMD"},
        )
    space.add_text("办公楼", dxfattribs={"layer": "楼名", "insert": (EAST_M + 85, NORTH_M + 5)})
    return saved(document, tmp_path, "plan.dxf")


def test_a_house_that_is_drawn_open_refuses_a_delivery_that_is_taken_as_a_whole(register, drawing):
    with pytest.raises(RefusedDeliveryError) as caught:
        register(drawing, crs=CRS)
    report = caught.value.report
    assert [row.outcome for row in report.results].count("refused") == 1
    assert [row.fault and row.fault["kind"] for row in report.results] == [None, "ring_nearly_closed", None]


def test_with_good_rows_alone_the_others_are_coded_and_the_gap_is_marked_in_the_drawing_given_back(
    register, drawing, tmp_path
):
    report = register(drawing, crs=CRS, mode="good")
    assert [row.outcome for row in report.results] == ["new", "refused", "new"]
    assert [row.name for row in report.results] == [None, None, "办公楼"]
    back = tmp_path / "back.dxf"
    write_rejected(ReportedFile(path=drawing, report=report, crs=CRS), back)
    (text,) = ezdxf.readfile(back).modelspace()
    assert "首尾相距 0.500 米" in text.dxf.text
    assert text.dxf.insert.distance((*house(40, 0).exterior.coords[0], 0)) < 0.3


def test_the_gap_is_marked_in_the_drawing_with_codes_too(register, drawing, tmp_path):
    report, coded = register(drawing, crs=CRS, mode="good"), tmp_path / "coded.dxf"
    notes = write_coded(ReportedFile(path=drawing, report=report, crs=CRS), coded, language="zh")
    texts = {text.dxf.text: text for text in ezdxf.readfile(coded).modelspace().query("TEXT")}
    assert texts.keys() >= {row.code for row in report.results if row.code}
    (marked,) = (text for said, text in texts.items() if "首尾相距 0.500 米" in said)
    assert marked.dxf.insert.distance((*house(40, 0).exterior.coords[0], 0)) < 0.3
    assert not any("没有写出" in note.zh for note in notes)


def test_a_parcel_that_is_refused_comes_back_as_it_was_typed(register, tmp_path):
    path, back = tmp_path / "parcels.txt", tmp_path / "back.txt"
    wrong = parcel("A", house(0, 0), area_ha=0.5)
    path.write_text(HEAD + wrong + parcel("B", house(40, 0), area_ha=0.024), encoding="gb18030")
    report = register(path, mode="good")
    assert [(row.outcome, row.name) for row in report.results] == [("refused", "A地块"), ("new", "B地块")]
    write_rejected(ReportedFile(path=path, report=report), back)
    written = back.read_text(encoding="gb18030")
    assert written.startswith(HEAD)
    _, said, *points = written[len(HEAD) - 1 :].splitlines()
    assert said.startswith("4,0.5,A,A地块,面,,,,@拒绝:")
    assert points == wrong.splitlines()[1:]
    assert [fault.kind for fault in read_delivery(back).faults] == ["boundary_area"]
