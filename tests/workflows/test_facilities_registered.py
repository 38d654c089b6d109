"""Facilities in the register: lines, points and areas delivered, coded, delivered again."""

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text

from geocode import parse
from store.database import transaction
from tests.conftest import settings_for
from tests.workflows.conftest import EAST_M, NORTH_M, house
from workflows.errors import ForbiddenError, RefusedDeliveryError, RefusedOptionError
from workflows.facilities import FacilityOptions, code_facilities, upload_facilities
from workflows.lives import ActRequest
from workflows.principals import find_principal, issue_key
from workflows.proposals import carry_out
from workflows.resolving import resolve_building
from workflows.upload_files import ReportedFile, write_coded
from workflows.verifying import verify_database


def line(*points):
    """Return a line through offsets in metres from the spot."""
    return shapely.LineString([(EAST_M + x, NORTH_M + y) for x, y in points])


def point(x, y):
    return shapely.Point(EAST_M + x, NORTH_M + y)


ROAD = line((0, 0), (300, 0), (420, 90))


@pytest.fixture(autouse=True)
def vouched(database, tmp_path):
    """Verify at the end that the ledger says what the rows say."""
    yield
    found = verify_database(database, settings_for(database, tmp_path))
    assert list(found.findings) == []


@pytest.fixture
def lay(database, principal, tmp_path):
    """Return the function that delivers facilities into the test's database."""

    def run(path, **options):
        return upload_facilities(
            database,
            path,
            principal=principal,
            documents=tmp_path / "documents",
            options=FacilityOptions(**options),
        )

    return run


def rows_of(database, question):
    with transaction(database) as connection:
        return connection.execute(text(question)).mappings().all()


def test_a_road_has_the_code_of_its_corridor_with_or_without_a_register(lay, deliver, database):
    path = deliver([ROAD], name="roads.gpkg", 名称=["滨江路"])
    options = {"facility_class": "道路", "width_m": 12.0}
    drawn = code_facilities(path, options=FacilityOptions(**options)).results[0]
    report = lay(path, **options)
    (row,) = report.results
    assert (row.outcome, row.code, row.more["class"]["code"]) == ("new", drawn.code, "road")
    assert row.area_m2 == pytest.approx(450 * 12, rel=0.01)
    (stored,) = rows_of(database, "select *, st_astext(axis) as line from footprint")
    assert (stored["space"], stored["width_m"], stored["plane"]) == ("road", 12.0, "EPSG:4551")
    assert stored["line"].startswith("LINESTRING")
    (building,) = rows_of(database, "select * from building")
    assert (building["kind"], building["facility_class"], building["code"]) == (
        "facility",
        "road",
        parse(row.code).compact,
    )
    (event,) = rows_of(
        database, "select cast(canonical as jsonb) -> 'body' as body from event where kind = 'registered'"
    )
    assert {name: event["body"][name] for name in ("facility_class", "space", "width_m", "row")} == {
        "facility_class": "road",
        "space": "road",
        "width_m": 12.0,
        "row": 0,
    }
    assert resolve_building(database, row.code)["properties"]["code"] == row.code


def test_the_same_file_and_the_same_road_drawn_backwards_change_nothing(lay, deliver, database):
    options = {"facility_class": "road", "width_m": 12.0}
    path = deliver([ROAD], name="roads.gpkg")
    first, again = lay(path, **options), lay(path, **options)
    assert again.repeated
    assert again.as_json() | {"repeated": False} == first.as_json()
    backwards = lay(deliver([ROAD.reverse()], name="again.gpkg"), **options)
    assert (backwards.results[0].outcome, backwards.results[0].code) == ("same", first.results[0].code)
    assert len(rows_of(database, "select from footprint")) == 1


def test_a_road_delivered_revised_is_a_new_version_under_its_code(lay, deliver, database):
    options = {"facility_class": "road", "width_m": 12.0}
    code = lay(deliver([ROAD], name="one.gpkg"), **options).results[0].code
    moved = lay(deliver([line((0, 0.3), (300, 0.3), (420, 90.3))], name="two.gpkg"), **options).results[0]
    assert (moved.outcome, moved.code) == ("revised", code)
    stated = deliver([line((0, 0), (300, 0), (500, 200))], name="three.gpkg", 建筑编码=[code])
    assert lay(stated, **options).results[0].outcome == "revised"
    versions = rows_of(database, "select version, replaced_at is null as now from footprint order by version")
    assert [(row["version"], row["now"]) for row in versions] == [(1, False), (2, False), (3, True)]


def test_a_road_that_was_closed_by_mistake_lives_again_with_its_line_and_width(lay, deliver, database, principal):
    code = lay(deliver([ROAD], name="one.gpkg"), facility_class="road", width_m=12.0).results[0].code
    for request in (ActRequest(act="close", codes=[code], reason="mistaken"), ActRequest(act="revive", codes=[code])):
        carry_out(database, request, principal=principal)
    first, second = rows_of(
        database, "select st_asbinary(axis) as line, width_m, space from footprint order by version"
    )
    assert first == second


def test_facilities_of_classes_lie_over_each_other_and_over_buildings(lay, deliver, register):
    register(deliver([house(100, -6)], "house.gpkg"))
    road = lay(deliver([ROAD], name="roads.gpkg"), facility_class="road", width_m=12.0)
    pipe = lay(deliver([ROAD], name="pipes.gpkg", 管径=[300]), facility_class="water_pipe")
    crossing = lay(deliver([line((100, -80), (100, 80))], name="more.gpkg"), facility_class="road", width_m=12.0)
    assert [report.results[0].outcome for report in (road, pipe, crossing)] == ["new"] * 3
    assert pipe.results[0].more["width_m"] == pytest.approx(0.3)


def test_points_lines_and_areas_of_several_classes_come_in_one_file(lay, deliver):
    shapes = [ROAD, point(10, 50), point(20, 50), shapely.box(EAST_M + 200, NORTH_M + 200, EAST_M + 230, NORTH_M + 220)]
    path = deliver(shapes, name="mixed.gpkg", 设施类别=["道路", "路灯", "公厕", "泵站"], 宽度=[20.0, None, None, None])
    report = lay(path)
    assert [row.more["class"]["code"] for row in report.results] == ["road", "lamp", "public_toilet", "pumping_station"]
    assert [row.more["width_m"] for row in report.results] == [20.0, 1.0, 8.0, None]
    assert [round(row.area_m2) for row in report.results[2:]] == [64, 600]


def test_a_class_that_is_none_of_ours_is_told_where_the_deliverys_own_class_counts(lay, deliver):
    path = deliver(
        [ROAD, line((0, 90), (90, 90))], name="foreign.gpkg", **{"class": ["B7", "bridge"]}, width=[12.0] * 2
    )
    report = lay(path, facility_class="road")
    assert [row.more["class"]["code"] for row in report.results] == ["road", "bridge"]
    assert [row.more["class_delivered"] for row in report.results] == ["B7", None]
    assert [note.zh for note in report.notes if "B7" in note.zh]
    assert lay(path, facility_class="road").as_json()["results"] == report.as_json()["results"]


def test_a_class_that_is_none_of_ours_in_our_own_field_is_refused_whatever_the_deliverys_class(lay, deliver):
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(deliver([ROAD], name="own.gpkg", facility_class=["castle"], width=[12.0]), facility_class="road")
    assert caught.value.report.results[0].fault["kind"] == "facility_class_unknown"


def test_bad_rows_have_their_reasons_and_good_ones_may_go_on(lay, deliver):
    shapes = [ROAD, line((0, 0), (0.2, 0)), point(0, 0), line((0, 9), (0, 9)), ROAD.reverse()]
    path = deliver(shapes, name="bad.gpkg", width=[12.0] * 5)
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(path, facility_class="road")
    assert [row.fault and row.fault["kind"] for row in caught.value.report.results] == [
        None,
        "facility_short",
        "facility_geometry",
        "facility_no_length",
        "facility_duplicate_row",
    ]
    assert lay(path, facility_class="road", mode="good").accepted == 1


def test_a_road_without_width_is_refused_and_so_is_a_code_that_is_no_road_s(lay, deliver, register):
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(deliver([ROAD], name="a.gpkg"), facility_class="road")
    assert caught.value.report.results[0].fault["kind"] == "facility_no_width"
    building = register(deliver([house(0, 0)], "house.gpkg")).results[0].code
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(deliver([ROAD], name="b.gpkg", 建筑编码=[building]), facility_class="road", width_m=12.0)
    assert caught.value.report.results[0].fault["kind"] == "facility_stated_unknown"


def test_a_code_of_a_road_that_lies_elsewhere_is_refused(lay, deliver):
    options = {"facility_class": "road", "width_m": 12.0}
    code = lay(deliver([ROAD], name="one.gpkg"), **options).results[0].code
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(deliver([line((9000, 0), (9300, 0))], name="two.gpkg", 建筑编码=[code]), **options)
    assert caught.value.report.results[0].fault["kind"] == "facility_stated_elsewhere"


def test_names_that_rows_carry_are_kept(lay, deliver, database):
    report = lay(deliver([ROAD], name="a.gpkg", 单体编码=["LJ-0012"]), facility_class="road", width_m=12.0)
    (alias,) = rows_of(database, "select scheme, value, source from alias")
    assert dict(alias) == {"scheme": "city", "value": "LJ-0012", "source": "a.gpkg"}
    assert resolve_building(database, "LJ-0012")["properties"]["code"] == report.results[0].code
    (event,) = rows_of(
        database, "select cast(canonical as jsonb) -> 'body' as body from event where kind = 'alias_added'"
    )
    assert event["body"]["value"] == "LJ-0012"


def test_the_same_road_from_many_offices_at_once_is_one(lay, deliver, database):
    paths = [deliver([ROAD if n % 2 else ROAD.reverse()], name=f"{n}.gpkg", n=[n]) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda path: lay(path, facility_class="road", width_m=12.0), paths))
    assert sorted(report.results[0].outcome for report in reports) == ["new"] + ["same"] * 5
    assert len({report.results[0].code for report in reports}) == 1
    assert len(rows_of(database, "select from building")) == 1


def test_an_invalid_area_has_the_fault_that_a_footprint_has(lay, deliver):
    bow_tie = shapely.Polygon(
        [(EAST_M, NORTH_M), (EAST_M + 20, NORTH_M + 20), (EAST_M + 20, NORTH_M), (EAST_M, NORTH_M + 20)]
    )
    with pytest.raises(RefusedDeliveryError) as caught:
        lay(deliver([bow_tie], name="a.gpkg"), facility_class="road")
    assert caught.value.report.results[0].fault["kind"] == "self_intersection"


def test_roads_of_longitude_and_latitude_have_the_same_code(deliver, tmp_path):
    options = FacilityOptions(facility_class="road", width_m=12.0)
    path = tmp_path / "degrees.gpkg"
    gpd.read_file(deliver([ROAD], name="metres.gpkg")).to_crs(4490).to_file(path)
    codes = {code_facilities(each, options=options).results[0].code for each in (path, tmp_path / "metres.gpkg")}
    assert len(codes) == 1


def test_the_file_comes_back_as_it_was_drawn_with_its_codes(lay, deliver, tmp_path):
    path = deliver([ROAD], name="roads.gpkg")
    options = FacilityOptions(facility_class="road", width_m=12.0)
    report = code_facilities(path, options=options)
    write_coded(ReportedFile(path=path, report=report), tmp_path / "coded.gpkg")
    coded = gpd.read_file(tmp_path / "coded.gpkg")
    assert coded.code[0] == report.results[0].code
    assert coded.geometry[0].equals(ROAD)


def test_an_unknown_class_or_mode_is_refused_before_the_file_is_read(lay, tmp_path):
    for options in ({"facility_class": "castle"}, {"mode": "some"}):
        with pytest.raises(RefusedOptionError):
            lay(tmp_path / "nothing.gpkg", **options)


def test_auditors_lay_no_roads(database, deliver, tmp_path):
    key = issue_key(database, office="audit", name="audit", role="auditor", label="auditor")
    auditor = find_principal(database, key=key, local=False)
    with pytest.raises(ForbiddenError):
        upload_facilities(
            database,
            deliver([ROAD]),
            principal=auditor,
            documents=tmp_path,
            options=FacilityOptions(facility_class="road"),
        )
