"""What checks make of a delivery's rows: told, refused, mended on request, kept with the report."""

import json

import pytest
import shapely

from layers.catalogue import read_catalogue
from layers.errors import RefusedFile
from layers.reading import read_delivery
from tests.workflows.conftest import EAST_M, NORTH_M, house
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.placing import place_office
from workflows.row_checks import prepare_checked
from workflows.upload_files import ReportedFile, give_back, write_coded, write_rejected
from workflows.upload_previews import preview_upload
from workflows.upload_reports import find_report
from workflows.uploading import DeliveryOptions, upload_file

CITY = """
[[field]]
name = "建设单位"
layers = ["XZ1301"]
required = true
level = "error"
"""


def outline(*corners):
    return shapely.Polygon([(EAST_M + x, NORTH_M + y) for x, y in corners])


SPIKED = outline((40, 0), (60, 0), (60, 12), (50.02, 12), (50.01, 15), (50, 12), (40, 12))
CROSSED_BY_A_SPIKE = outline((80, 0), (100, 0), (100, 12), (90, 12), (90, 15), (90, 12), (80, 12))
BOW_TIE = outline((120, 0), (140, 12), (140, 0), (120, 12))


def kinds(report):
    return [[each["kind"] for each in row.warnings] for row in report.results]


def test_what_is_doubtful_is_told_with_a_fix_and_the_row_is_taken_as_it_is(register, deliver):
    report = register(deliver([house(0, 0), SPIKED]))
    assert (report.accepted, report.warned) == (2, 1)
    (spike,) = report.results[1].warnings
    assert (spike["kind"], spike["severity"], spike["vertex"]) == ("spike", "warning", 4)
    assert 126 < spike["x"] < 127
    assert spike["fix"]["applied"] is False
    assert shapely.geometry.shape(spike["fix"]["geometry"]).is_valid
    assert report.results[1].area_m2 > 240


def test_a_report_keeps_what_was_told(register, deliver, database, principal):
    report = register(deliver([SPIKED, house(0, 0)]))
    again = find_report(database, report.id, principal=principal)
    assert again.as_json() == json.loads(json.dumps(report.as_json()))
    assert again.warned == 1


def test_outlines_are_mended_on_request_and_the_report_says_which_vertices_are_gone(register, deliver):
    report = register(deliver([SPIKED, CROSSED_BY_A_SPIKE]), fix=True)
    assert [row.outcome for row in report.results] == ["new", "new"]
    assert [row.area_m2 for row in report.results] == pytest.approx([240, 240], abs=0.05)
    (spike,) = report.results[0].warnings
    assert (spike["fix"]["applied"], len(spike["fix"]["vertices"])) == (True, 2)
    assert any("2 rows are mended" in note.en for note in report.notes)


def test_a_spike_without_width_refuses_a_row_and_comes_with_its_fix(register, deliver):
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([CROSSED_BY_A_SPIKE]))
    (row,) = caught.value.report.results
    assert (row.fault["kind"], len(row.warnings[0]["fix"]["vertices"])) == ("self_intersection", 2)


def test_of_a_row_that_is_refused_anyhow_no_spike_is_told(register, deliver):
    flat = outline((0, 0), (20, 0), (10, 0))
    report = register(deliver([house(100, 0), flat]), mode="good")
    assert (report.results[1].fault["kind"], kinds(report)[1]) == ("zero_area", [])


def test_mending_is_another_upload_than_leaving_it(register, deliver):
    path = deliver([SPIKED])
    plain, mended = register(path), register(path, fix=True)
    assert not mended.repeated
    assert mended.results[0].outcome == "revised"
    assert register(path).id == plain.id


def test_an_overlap_is_told_of_both_kinds_with_the_other_row(register, deliver):
    report = register(deliver([house(0, 0), house(19.9, 0), house(10, 6), house(0, 0)]), mode="good")
    assert [row.outcome for row in report.results] == ["new", "new", "refused", "refused"]
    assert [row.fault and row.fault["kind"] for row in report.results][2:] == ["overlaps_row", "duplicate_row"]
    slight = report.results[1].warnings[0]
    assert (slight["kind"], slight["other"]) == ("overlaps_row_slightly", 0)


def test_a_row_that_overlaps_another_is_placed_on_the_ground_in_common(register, deliver):
    report = register(deliver([house(0, 0), house(18, 10)]), mode="good")
    assert report.refused == 0
    report = register(deliver([house(0, 200), house(10, 206)], "b.gpkg"), mode="good")
    fault = report.results[1].fault
    x, y = shapely.get_coordinates(shapely.Point(fault["x"], fault["y"]))[0]
    assert (x, y) == pytest.approx((126.547289, 43.840168), abs=2e-5)


def test_a_stated_area_is_held_against_the_footprint_and_floors_are_not(register, deliver):
    report = register(deliver([house(0, 0)], 基底面积=[300.0], 建筑面积=[1440.0], MJ=[1440.0]))
    assert kinds(report) == [["area_wrong"]]
    assert report.results[0].outcome == "new"


def test_a_field_that_the_city_requires_is_asked_for_before_geometry(deliver):
    catalogue = read_catalogue(CITY, file="city.toml")
    delivery = read_delivery(deliver([BOW_TIE, house(0, 0)], 建设单位=[None, "甲公司"]))
    prepared = prepare_checked(delivery, catalogue=catalogue)
    assert prepared.faults[0]["kind"] == "field_empty"
    assert list(prepared.codes) == [1]


def test_a_delivery_without_a_required_field_is_refused_as_a_whole(deliver):
    catalogue = read_catalogue(CITY, file="city.toml")
    with pytest.raises(RefusedFile) as caught:
        prepare_checked(read_delivery(deliver([house(0, 0)])), catalogue=catalogue)
    assert (caught.value.fault.kind, "建设单位" in caught.value.fault.text.zh) == ("fields_required", True)


def test_what_lies_outside_the_ground_of_the_office_is_refused(deliver):
    prepared = prepare_checked(read_delivery(deliver([house(0, 0)])), extent=shapely.box(110, 30, 111, 31))
    assert prepared.faults[0]["kind"] == "outside_extent"
    assert prepared.codes == {}
    assert prepare_checked(read_delivery(deliver([house(0, 0)])), extent=shapely.box(126, 43, 127, 44)).faults == {}


def test_an_upload_outside_the_ground_of_its_office_is_refused(register, deliver, database):
    place_office(database, "local", "110,30,111,31")
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([house(0, 0)]))
    assert caught.value.report.results[0].fault["kind"] == "outside_extent"
    place_office(database, "local", "126,43,127,44")
    assert register(deliver([house(0, 0)])).accepted == 1


def test_a_preview_is_what_an_upload_says_and_stores_nothing(register, deliver, database, principal):
    path = deliver([house(0, 0), SPIKED, BOW_TIE], 名称=["甲", "乙", None])
    ask = {"principal": principal, "options": DeliveryOptions(mode="good")}
    told = preview_upload(database, path, **ask)
    assert (told["rows"], told["accepted"], told["refused"], told["warned"]) == (3, 2, 1, 1)
    assert told["kinds"] == {"spike": 1, "self_intersection": 1}
    assert told["columns"] == [{"name": "名称", "kind": "text", "filled": 2, "samples": ["甲", "乙"]}]
    assert told["layers"][0]["rows"] == 3
    assert told["bounds"][0] == pytest.approx(126.5471, abs=1e-3)
    assert [row["geometry"]["type"] for row in told["results"]] == ["MultiPolygon", "MultiPolygon", "Polygon"]
    report = register(path, mode="good")
    assert not report.repeated
    assert [row["code"] for row in told["results"]] == [row.code for row in report.results]
    again = preview_upload(database, path, **ask)
    assert [row["outcome"] for row in again["results"]] == ["same", "same", "refused"]
    assert preview_upload(database, path, **ask, most=1)["results"] == again["results"][:1]


def test_a_preview_of_a_file_that_is_refused_says_why_and_what_there_is_to_choose(database, principal, tmp_path):
    import geopandas as gpd  # noqa: PLC0415

    path = tmp_path / "two.gpkg"
    for layer in ("a", "b"):
        gpd.GeoDataFrame({"n": [1]}, geometry=[house(0, 0)], crs=4551).to_file(path, layer=layer)
    told = preview_upload(database, path, principal=principal, options=DeliveryOptions())
    assert [layer["name"] for layer in told["layers"]] == ["a", "b"]
    assert told["refusal"]["text"]["zh"]
    chosen = preview_upload(database, path, principal=principal, options=DeliveryOptions(layer="b"))
    assert (chosen["layer"], chosen["refusal"]) == ("b", None)


@pytest.fixture
def faulty(deliver):
    """Return a delivery of a good row, one that crosses itself, and one that is a spike too many."""
    return deliver([house(0, 0), BOW_TIE, SPIKED], 名称=["甲", "乙", "丙"], row=[7, 8, 9])


def test_refused_rows_are_given_back_as_they_came_with_reasons(register, faulty, tmp_path):
    report = register(faulty, mode="good")
    for name in ("bad.gpkg", "bad.geojson", "bad.zip"):
        write_rejected(ReportedFile(path=faulty, report=report), tmp_path / name)
    frame = read_delivery(tmp_path / "bad.gpkg").frame
    (row,) = frame.to_dict("records")
    assert (row["名称"], row["row"], row["row_delivered"], row["kind"]) == ("乙", 1, 8, "self_intersection")
    assert "自相交" in row["fault"]
    assert "crosses itself" in row["fault_en"]
    assert row["geometry"].normalize() == BOW_TIE.normalize()
    assert len(read_delivery(tmp_path / "bad.zip").frame) == 1


def test_a_delivery_without_refused_rows_has_none_to_give_back(register, deliver, tmp_path):
    path = deliver([house(0, 0)])
    with pytest.raises(RefusedOptionError):
        write_rejected(ReportedFile(path=path, report=register(path)), tmp_path / "bad.gpkg")


def test_a_stored_upload_is_given_back_out_of_the_kept_bytes(register, faulty, database, principal, tmp_path):
    report = register(faulty, mode="good", fix=True)
    faulty.unlink()
    ask = {"principal": principal, "documents": tmp_path / "documents"}
    rejected = give_back(database, report.id, "rejected", tmp_path, **ask)
    coded = give_back(database, report.id, "coded", tmp_path, suffix=".geojson", **ask)
    assert (rejected.name, coded.name) == ("survey_rejected.gpkg", "survey_coded.geojson")
    frame = read_delivery(coded).frame
    assert frame["code"].tolist() == [row.code for row in report.results]
    # as it was mended: the code is that of the outline without the spike
    assert frame.geometry[2].area == pytest.approx(240, abs=0.01)


def test_a_file_with_codes_is_as_the_register_has_it(register, deliver, tmp_path):
    path = deliver([SPIKED])
    write_coded(ReportedFile(path=path, report=register(path)), tmp_path / "plain.gpkg")
    assert len(shapely.get_coordinates(read_delivery(tmp_path / "plain.gpkg").frame.geometry[0])) == 8


def test_a_required_field_counts_for_an_upload_by_the_citys_catalogue(database, principal, deliver, tmp_path):
    with pytest.raises(RefusedFile):
        upload_file(
            database,
            deliver([house(0, 0)]),
            principal=principal,
            documents=tmp_path / "documents",
            options=DeliveryOptions(),
            catalogue=read_catalogue(CITY, file="city.toml"),
        )
