"""A delivery into the register, as a surveying unit lives it."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from geocode import encode, parse
from store import schema
from store.database import transaction
from store.documents import document_path
from store.errors import NotHereError
from tests.workflows.conftest import house
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.principals import find_principal, issue_key
from workflows.resolving import resolve_building
from workflows.upload_reports import find_report
from workflows.uploading import DeliveryOptions, upload_file


def count(database, table):
    with transaction(database) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_good_row_gets_the_code_of_its_geometry(register, deliver):
    shapes = [house(0, 0), house(40, 0), house(0, 40, 30, 30)]
    report = register(deliver(shapes))
    assert [row.outcome for row in report.results] == ["new"] * 3
    assert [row.code for row in report.results] == [str(encode(shape, crs=4551)) for shape in shapes]
    assert report.stored
    assert report.accepted == report.rows == 3


def test_the_same_bytes_give_the_same_answer_and_store_nothing_new(register, deliver, database):
    path = deliver([house(0, 0), house(40, 0)])
    first, second = register(path), register(path)
    assert second.repeated
    assert not first.repeated
    assert second.id == first.id
    assert second.as_json() | {"repeated": False} == first.as_json()
    assert count(database, schema.upload) == 1
    assert count(database, schema.footprint) == 2


def test_the_same_geometry_in_another_file_is_the_same_building(register, deliver, database):
    first = register(deliver([house(0, 0)], "one.gpkg"))
    second = register(deliver([house(0, 0)], "two.gpkg", note=["again"]))
    assert second.results[0].outcome == "same"
    assert second.results[0].code == first.results[0].code
    assert count(database, schema.footprint) == 1


def test_a_second_survey_two_centimetres_off_is_a_version_of_the_same_building(register, deliver, database):
    first = register(deliver([house(0, 0)], "one.gpkg"))
    second = register(deliver([house(0.02, -0.02)], "two.gpkg"))
    assert second.results[0].outcome == "revised"
    assert second.results[0].code == first.results[0].code
    said = resolve_building(database, first.results[0].code)["properties"]
    assert said["version"] == 2
    assert [event["kind"] for event in said["events"]] == ["registered", "revised"]


def test_the_same_geometry_at_another_stage_is_kept_as_a_version(register, deliver, database):
    path = deliver([house(0, 0)])
    register(path)
    report = register(path, stage="completion_survey")
    assert report.results[0].outcome == "revised"
    assert resolve_building(database, report.results[0].code)["properties"]["drawn_at"]["code"] == "completion_survey"


def test_a_stated_code_makes_a_rebuilt_outline_the_same_building(register, deliver):
    code = register(deliver([house(0, 0)], "one.gpkg")).results[0].code
    report = register(deliver([house(0, 0, 30, 12)], "two.gpkg", 建筑编码=[code.lower().replace("-", "")]))
    assert report.results[0].outcome == "revised"
    assert report.results[0].code == code


def test_a_stated_code_that_nobody_bears_is_refused(register, deliver):
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([house(0, 0)], code=[str(encode(house(500, 0), crs=4551))]))
    assert caught.value.report.results[0].fault["kind"] == "stated_unknown"


def test_a_stated_code_of_a_building_that_stands_elsewhere_is_refused(register, deliver):
    code = register(deliver([house(3000, 0)], "one.gpkg")).results[0].code
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([house(0, 0)], "two.gpkg", 建筑编码=[code]))
    assert caught.value.report.results[0].fault["kind"] == "stated_elsewhere"


def test_codes_of_others_in_a_field_called_code_are_no_statement(register, deliver):
    report = register(deliver([house(0, 0), house(40, 0)], code=["1500", "A-1501"]))
    assert [row.outcome for row in report.results] == ["new", "new"]


def test_each_footprint_is_measured_in_the_plane_of_its_own_zone(register, tmp_path, database):
    path = tmp_path / "wide.gpkg"
    west, east = shapely.box(117.0, 36.6, 117.0002, 36.6001), shapely.box(126.55, 43.84, 126.5502, 43.8401)
    gpd.GeoDataFrame({"n": [1, 2]}, geometry=[west, east], crs=4490).to_file(path)
    codes = [row.code for row in register(path).results]
    planes = [resolve_building(database, code)["properties"]["plane"]["crs"] for code in codes]
    assert planes == ["EPSG:4548", "EPSG:4551"]


def test_a_footprint_wider_than_any_building_is_refused(register, deliver):
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([house(0, 0, 12_000, 50)]))
    assert caught.value.report.results[0].fault["kind"] == "too_wide_for_upload"


def test_one_bad_row_refuses_the_whole_delivery_and_nothing_is_stored(register, deliver, database, tmp_path):
    bow_tie = shapely.Polygon([(544000, 4856100), (544020, 4856120), (544020, 4856100), (544000, 4856120)])
    path = deliver([house(0, 0), bow_tie])
    with pytest.raises(RefusedDeliveryError) as caught:
        register(path)
    fault = caught.value.report.results[1].fault
    assert fault["kind"] == "self_intersection"
    assert fault["x"] == pytest.approx(126.549, abs=1e-2)
    assert not (tmp_path / "documents").exists()
    for table in (schema.upload, schema.building, schema.footprint, schema.document):
        assert count(database, table) == 0


def test_good_rows_alone_can_be_registered_and_every_row_is_accounted_for(register, deliver, database):
    flat = shapely.Polygon([(544000, 4856100), (544010, 4856100), (544020, 4856100)])
    report = register(deliver([house(0, 0), flat, house(40, 0)]), mode="good")
    assert [row.outcome for row in report.results] == ["new", "refused", "new"]
    assert (report.rows, report.accepted, report.refused) == (3, 2, 1)
    assert count(database, schema.upload_row) == 3


def test_a_delivery_without_a_good_row_is_refused_in_either_mode(register, deliver):
    flat = shapely.Polygon([(544000, 4856100), (544010, 4856100), (544020, 4856100)])
    with pytest.raises(RefusedDeliveryError):
        register(deliver([flat]), mode="good")


def test_an_overlap_with_another_building_is_refused_with_its_code_and_place(register, deliver):
    standing = register(deliver([house(0, 0)], "one.gpkg")).results[0].code
    with pytest.raises(RefusedDeliveryError) as caught:
        register(deliver([house(15, 0)], "two.gpkg"))
    fault = caught.value.report.results[0].fault
    assert fault["kind"] == "overlaps_building"
    assert standing in fault["text"]["en"]
    assert "60.00 m²" in fault["text"]["en"]
    assert 126 < fault["x"] < 127


def test_party_walls_are_no_overlap(register, deliver):
    report = register(deliver([house(20 * i, 0) for i in range(8)]))
    assert report.refused == 0


def test_two_buildings_of_one_cell_and_size_are_told_apart_by_generation(register, deliver):
    courtyard = house(0, 0, 40, 40).difference(house(10, 10, 20, 20))
    wings = shapely.MultiPolygon([house(-20, 0, 15, 40), house(45, 0, 15, 40)])
    first = parse(register(deliver([courtyard], "one.gpkg")).results[0].code)
    second = parse(register(deliver([wings], "two.gpkg")).results[0].code)
    assert first.ground == second.ground
    assert (first.generation, second.generation) == (0, 1)


def test_aliases_in_the_fields_are_kept_and_resolve(register, deliver, database):
    unit = "220204002004GB00011F00010001"
    report = register(deliver([house(0, 0)], 不动产单元=[unit], 建筑名称=["一号楼"]))
    feature = resolve_building(database, unit.lower())
    assert feature["id"] == report.results[0].code
    assert feature["properties"]["name"] == "一号楼"
    assigned = [alias for alias in feature["properties"]["aliases"] if not alias["computed"]]
    assert [(alias["scheme"], alias["value"]) for alias in assigned] == [("bdcdyh", unit)]


@pytest.mark.parametrize("typed", ["2405-220204-04-01-123456", "240522020404 01123456"])
def test_an_alias_resolves_as_its_scheme_reads_it(register, deliver, database, typed):
    report = register(deliver([house(0, 0)], 项目代码=["2405-220204-04-01-123456"]))
    assert resolve_building(database, typed)["id"] == report.results[0].code


def test_an_alias_of_another_form_is_not_taken_and_said(register, deliver):
    report = register(deliver([house(0, 0)], 不动产单元=["220204"]))
    assert any("220204" in note.en for note in report.notes)


def test_the_delivered_bytes_are_kept_by_their_hash(register, deliver, tmp_path):
    path = deliver([house(0, 0)])
    report = register(path)
    kept = document_path(tmp_path / "documents", report.sha256)
    assert kept.read_bytes() == path.read_bytes()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == report.sha256


def test_another_office_does_not_see_an_upload(register, deliver, database):
    report = register(deliver([house(0, 0)]))
    key = issue_key(database, office="other", name="Other office", role="surveyor", label="test")
    with pytest.raises(NotHereError):
        find_report(database, report.id, principal=find_principal(database, key=key, local=False))


def test_an_unknown_mode_or_stage_is_refused_before_the_file_is_read(register):
    with pytest.raises(RefusedOptionError):
        register(Path("nowhere.gpkg"), mode="most")
    with pytest.raises(LookupError, match="completion_survey"):
        register(Path("nowhere.gpkg"), stage="completion")


def test_many_clients_with_the_same_footprints_make_each_building_once(database, principal, tmp_path):
    rng = random.Random(1)
    shapes = [house(30 * (i % 8), 25 * (i // 8)) for i in range(40)]
    files = []
    for client in range(12):
        order = rng.sample(range(40), 40)
        shift = rng.uniform(-0.01, 0.01)
        moved = [shapely.affinity.translate(shapes[i], shift, -shift) for i in order]
        path = tmp_path / f"client{client}.gpkg"
        gpd.GeoDataFrame({"n": order}, geometry=moved, crs=4551).to_file(path)
        files.append(path)

    def run(path):
        options = DeliveryOptions()
        return upload_file(database, path, principal=principal, documents=tmp_path / "documents", options=options)

    with ThreadPoolExecutor(12) as pool:
        reports = list(pool.map(run, files))
    assert count(database, schema.building) == 40
    codes = {frozenset(row.code for row in report.results) for report in reports}
    assert len(codes) == 1
    assert sum(row.outcome == "new" for report in reports for row in report.results) == 40


def test_real_buildings_are_registered_and_found_again(register, deliver, database, shared_data):
    path = shared_data("osm_cn_nanjing/buildings_20210612.geojson.gz")
    report = register(path, mode="good")
    assert report.rows == 1277
    assert report.accepted + report.refused == 1277
    assert report.accepted > 1150
    assert all(row.fault["text"]["en"] for row in report.results if row.outcome == "refused")
    coded = [row for row in report.results if row.code]
    assert len({row.code for row in coded}) == len(coded)
    for row in np.random.default_rng(1).choice(len(coded), 5, replace=False):
        assert resolve_building(database, coded[row].code)["id"] == coded[row].code


def test_a_row_is_held_that_was_measured_against_a_building_it_is_not(register, deliver):
    code = register(deliver([house(0, 0, 10)], "first.gpkg")).results[0].code
    report = register(deliver([house(-3, 0, 6), house(9, 0, 10)], "second.gpkg"), mode="good")
    held = next(row for row in report.results if row.outcome == "held" and not row.fault["buildings"])
    assert {measure["code"] for measure in held.fault["measures"]} == {code}
