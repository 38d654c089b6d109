"""Projects, building tables and names in the register, as planners, surveyors and registrars live them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from store.database import transaction
from store.errors import NotHereError
from tests.conftest import settings_for
from tests.workflows.conftest import house
from workflows.aliasing import NewAlias, add_alias, add_aliases_of_table, end_alias, list_aliases
from workflows.errors import (
    ForbiddenError,
    HiddenError,
    RefusedActError,
    RefusedOptionError,
    RefusedRowsError,
    ReusedKeyError,
)
from workflows.principals import find_principal, issue_key
from workflows.projects import find_projects, join_project, leave_project, open_project, read_project
from workflows.units import TableOptions, read_units, replace_units
from workflows.verifying import verify_database

PROJECT = "2209-220211-04-01-123456"
# its check digit is that of the variant without the step from 0 to 10
HOUSE_CODE = "3701050120020100001001751" + "9"
UNIT = "220211001002GB00003F0001{:04d}"
TABLE = """户号,层,建筑面积,用途,不动产单元号
101,1,110.5,商业,{0}
201,2,88.2,住宅,{1}
202,2,90.1,住宅,{2}
"""
TODAY, YESTERDAY = date.today(), date.today() - timedelta(days=1)


@pytest.fixture(autouse=True)
def vouched(database, tmp_path):
    """Verify at the end that the ledger says what the rows say."""
    yield
    found = verify_database(database, settings_for(database, tmp_path))
    assert list(found.findings) == []


@pytest.fixture
def building(register, deliver):
    """Return the code of a registered building."""
    return register(deliver([house(0, 0)])).results[0].code


@pytest.fixture
def table(tmp_path):
    """Return the maker of building tables as files."""

    def write(content=TABLE, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(content.format(*(UNIT.format(n) for n in (1, 2, 3, 4, 5))), encoding=encoding)
        return path

    return write


@pytest.fixture
def keep(database, principal, building, tmp_path):
    """Return the function that puts a building table in place."""

    def run(path, **options):
        return replace_units(
            database,
            building,
            path,
            principal=principal,
            documents=tmp_path / "documents",
            options=TableOptions(**options),
        )

    return run


@pytest.fixture
def person(database):
    """Return the maker of principals: of an office, in a role."""

    def make(role, office="other"):
        key = issue_key(database, office=office, name=office, role=role, label=f"{role} of {office}")
        return find_principal(database, key=key, local=False)

    return make


def events(database, kind=None):
    """Return the events of a kind, or all, as kind, subject and body, in order."""
    with transaction(database) as connection:
        rows = connection.execute(
            text("select kind, subject, cast(canonical as jsonb) -> 'body' as body from event order by seq")
        ).all()
    return [row for row in rows if kind in {None, row.kind}]


class TestProjects:
    def test_a_project_is_opened_once_under_its_code(self, database, principal):
        first = open_project(database, name="江畔花园", code=PROJECT.replace("-", ""), principal=principal)
        again = open_project(database, name=" 江畔花园 ", code=PROJECT, principal=principal)
        assert (first["code"], first["opened"], again["opened"]) == (PROJECT, True, False)
        assert again["id"] == first["id"]
        (event,) = events(database, "project_opened")
        assert event.subject == f"project/{first['id']}"
        assert event.body == {"project": first["id"], "code": PROJECT, "name": "江畔花园"}

    def test_a_code_is_one_project_s(self, database, principal):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        with pytest.raises(RefusedActError) as caught:
            open_project(database, name="另一项目", code=PROJECT, principal=principal)
        assert caught.value.kind == "project_taken"

    def test_a_project_needs_a_name_and_no_code(self, database, principal):
        assert open_project(database, name="无代码项目", principal=principal)["code"] is None
        with pytest.raises(RefusedOptionError):
            open_project(database, name="  ", principal=principal)

    def test_buildings_join_and_leave_and_the_days_are_kept(self, database, principal, register, deliver):
        one, two = (row.code for row in register(deliver([house(0, 0), house(40, 0)])).results)
        project = open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        joined = join_project(database, PROJECT, [one, two.lower()], principal=principal, valid_from=YESTERDAY)
        assert joined["joined"] == sorted([one, two])
        again = join_project(database, project["id"], [one], principal=principal)
        assert (again["joined"], again["already"]) == ([], [one])
        leave_project(database, PROJECT, [one], principal=principal, valid_to=TODAY)
        now = read_project(database, PROJECT, principal=principal)
        days = {row["code"]: (row["valid_from"], row["valid_to"]) for row in now["buildings"]}
        assert days == {
            one: (YESTERDAY.isoformat(), TODAY.isoformat()),
            two: (YESTERDAY.isoformat(), None),
        }
        assert now["totals"]["buildings"] == 1
        assert now["totals"]["plane_area_m2"] == pytest.approx(240.0)
        assert now["totals"]["by_stage"] == {"design": 1}
        then = read_project(database, PROJECT, principal=principal, day=YESTERDAY)
        assert {row["code"] for row in then["buildings"]} == {one, two}
        assert [event.kind for event in events(database) if event.kind.startswith("project")] == [
            "project_opened",
            "project_joined",
            "project_joined",
            "project_left",
        ]
        (left,) = events(database, "project_left")
        assert left.body == {
            "project": project["id"],
            "building": one.replace("-", ""),
            "valid_from": YESTERDAY.isoformat(),
            "valid_to": TODAY.isoformat(),
        }

    def test_a_building_that_left_may_join_again(self, database, principal, building):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        join_project(database, PROJECT, [building], principal=principal)
        leave_project(database, PROJECT, [building], principal=principal)
        assert join_project(database, PROJECT, [building], principal=principal)["joined"] == [building]

    def test_one_unknown_building_and_none_joins(self, database, principal, building):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        with pytest.raises(NotHereError):
            join_project(database, PROJECT, [building, "4E7U5-CKJ2W-F0J"], principal=principal)
        assert read_project(database, PROJECT, principal=principal)["buildings"] == []

    def test_who_is_not_in_a_project_cannot_leave_it_nor_before_it_joined(self, database, principal, building):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        with pytest.raises(RefusedActError, match="not in the project"):
            leave_project(database, PROJECT, [building], principal=principal)
        join_project(database, PROJECT, [building], principal=principal)
        with pytest.raises(RefusedActError) as caught:
            leave_project(database, PROJECT, [building], principal=principal, valid_to=YESTERDAY)
        assert caught.value.kind == "day_before"

    def test_projects_are_found_by_part_of_code_or_name(self, database, principal):
        project = open_project(database, name="江畔花园 100%", code=PROJECT, principal=principal)
        for words in ("江畔", "220211-04", "100%", " 花园 "):
            assert [row["id"] for row in find_projects(database, words, principal=principal)["projects"]] == [
                project["id"]
            ]
        assert find_projects(database, "%x", principal=principal)["projects"] == []

    def test_another_office_s_surveyor_sees_nothing_and_its_planner_all(self, database, principal, person, building):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        surveyor, planner = person("surveyor"), person("planner")
        with pytest.raises(HiddenError):
            read_project(database, PROJECT, principal=surveyor)
        with pytest.raises(HiddenError):
            join_project(database, PROJECT, [building], principal=surveyor)
        assert find_projects(database, "江畔", principal=surveyor)["projects"] == []
        assert find_projects(database, "江畔", principal=planner)["projects"]
        assert join_project(database, PROJECT, [building], principal=planner)["joined"] == [building]

    @pytest.mark.parametrize("role", ["admin", "auditor"])
    def test_administrators_see_no_data_and_auditors_change_none(self, database, principal, person, role):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        who = person(role)
        with pytest.raises(ForbiddenError):
            open_project(database, name="别的", principal=who)
        if role == "auditor":
            assert read_project(database, PROJECT, principal=who)["name"] == "江畔花园"
        else:
            with pytest.raises(ForbiddenError):
                read_project(database, PROJECT, principal=who)

    def test_the_same_request_is_answered_once(self, database, principal):
        first = open_project(database, name="江畔花园", principal=principal, key="k1")
        assert open_project(database, name="江畔花园", principal=principal, key="k1") == first
        with pytest.raises(ReusedKeyError):
            open_project(database, name="别的项目", principal=principal, key="k1")
        assert len(events(database, "project_opened")) == 1


class TestUnits:
    def test_a_building_table_is_read_with_its_totals(self, database, principal, building, keep, table):
        said = keep(table())
        assert said["added"] == ["101", "201", "202"]
        read = read_units(database, building, principal=principal)
        assert [unit["number"] for unit in read["units"]] == ["101", "201", "202"]
        assert [unit["code"] for unit in read["units"]] == [UNIT.format(n) for n in (1, 2, 3)]
        assert read["totals"]["units"] == 3
        assert read["totals"]["area_m2"] == pytest.approx(288.8)
        assert [(row["use"]["code"], row["units"]) for row in read["totals"]["by_use"]] == [
            ("residential", 2),
            ("commercial", 1),
        ]
        assert [row["storey"] for row in read["totals"]["by_storey"]] == ["1", "2"]
        assert read["remarks"] == []

    def test_the_same_table_again_changes_nothing(self, database, keep, table):
        keep(table())
        before = len(events(database))
        said = keep(table())
        assert (said["added"], said["closed"], said["recoded"], said["kept"]) == ([], [], [], 3)
        assert len(events(database)) == before

    def test_a_new_table_closes_what_it_lacks_and_adds_anew_what_differs(
        self, database, principal, building, keep, table
    ):
        keep(table(), valid_from=YESTERDAY)
        said = keep(
            table("户号,层,建筑面积,用途,不动产单元号\n101,1,110.5,商业,{0}\n201,2,88.9,住宅,{1}\n301,3,70,住宅,{3}\n")
        )
        assert (said["added"], said["closed"], said["kept"]) == (["201", "301"], ["201", "202"], 1)
        now, then = (read_units(database, building, principal=principal, day=day) for day in (None, YESTERDAY))
        assert {unit["number"]: unit["area_m2"] for unit in now["units"]} == {"101": 110.5, "201": 88.9, "301": 70.0}
        assert {unit["number"]: unit["area_m2"] for unit in then["units"]} == {"101": 110.5, "201": 88.2, "202": 90.1}
        assert {unit["number"]: unit["code"] for unit in then["units"]}["202"] == UNIT.format(3)

    def test_events_say_what_the_rows_say(self, database, building, keep, table):
        sha256 = keep(table())["sha256"]
        added, named = events(database, "unit_added"), events(database, "alias_added")
        assert added[0].subject == f"building/{building.replace('-', '')}"
        body = added[0].body
        assert {name: body[name] for name in ("number", "storey", "area_m2", "use", "sha256")} == {
            "number": "101",
            "storey": "1",
            "area_m2": 110.5,
            "use": "commercial",
            "sha256": sha256,
        }
        assert len(body["attributes"]) == 64
        assert [(event.body["unit"], event.body["value"]) for event in named] == [
            (number, UNIT.format(n)) for n, number in enumerate(["101", "201", "202"], start=1)
        ]

    def test_another_code_ends_the_old_one_and_leaves_the_unit(self, database, principal, building, keep, table):
        keep(table())
        said = keep(table(TABLE.replace("{2}", "{3}")))
        assert (said["recoded"], said["added"], said["closed"]) == (["202"], [], [])
        names = [
            row for row in list_aliases(database, building, principal=principal)["aliases"] if row["unit"] == "202"
        ]
        assert [(row["value"], row["valid_to"] is None) for row in names] == [
            (UNIT.format(3), False),
            (UNIT.format(4), True),
        ]
        (ended,) = events(database, "alias_ended")
        assert (ended.body["value"], ended.body["valid_to"]) == (UNIT.format(3), TODAY.isoformat())

    def test_a_unit_added_anew_keeps_its_other_names(self, database, principal, building, keep, table):
        keep(table())
        new = NewAlias(building=building, scheme="fwdm", value=HOUSE_CODE, unit="201", source="房产局")
        add_alias(database, new, principal=principal)
        keep(table(TABLE.replace("88.2", "88.9")))
        held = [
            (row["unit"], row["value"], row["source"])
            for row in list_aliases(database, building, principal=principal)["aliases"]
            if row["scheme"] == "fwdm" and row["valid_to"] is None
        ]
        assert held == [("201", HOUSE_CODE, "房产局")]

    def test_one_bad_row_and_nothing_is_stored(self, database, principal, building, keep, table):
        with pytest.raises(RefusedRowsError) as caught:
            keep(table(TABLE.replace("90.1", "-90.1").replace("{1}", "{1}7")))
        assert [(row["row"], row["kind"]) for row in caught.value.rows] == [(3, "alias_length"), (4, "unit_area_size")]
        assert read_units(database, building, principal=principal)["units"] == []
        assert not events(database, "unit_added")

    def test_more_area_than_fits_is_told_and_not_refused(self, keep, table):
        said = keep(table(TABLE.replace("110.5", "11050")))
        assert [remark["kind"] for remark in said["remarks"]] == ["units_exceed_building", "storey_exceeds_footprint"]

    def test_a_code_that_another_building_has_is_told(
        self, database, principal, register, deliver, keep, table, tmp_path
    ):
        other = register(deliver([house(100, 0)], "other.gpkg")).results[0].code
        replace_units(database, other, table(), principal=principal, documents=tmp_path / "documents")
        assert {row["building"] for row in keep(table())["code_elsewhere"]} == {other}

    def test_tables_in_gbk_are_read(self, keep, table):
        assert keep(table(encoding="gb18030"))["added"] == ["101", "201", "202"]

    def test_a_table_of_an_earlier_day_than_its_units_is_refused(self, keep, table):
        keep(table())
        with pytest.raises(RefusedActError) as caught:
            keep(table(TABLE.replace("88.2", "88.9")), valid_from=YESTERDAY)
        assert caught.value.kind == "day_before"

    def test_the_delivered_bytes_are_kept(self, keep, table, tmp_path):
        path = table()
        sha256 = keep(path)["sha256"]
        (kept,) = (tmp_path / "documents").rglob(f"*{sha256}*")
        assert kept.read_bytes() == path.read_bytes()

    def test_registrars_keep_units_and_planners_do_not(self, database, building, person, table, tmp_path):
        for role, error in (("planner", ForbiddenError), ("surveyor", HiddenError), ("registrar", None)):
            call = {"principal": person(role), "documents": tmp_path / "documents"}
            if error is None:
                assert replace_units(database, building, table(), **call)["added"]
            else:
                with pytest.raises(error):
                    replace_units(database, building, table(), **call)


def at_once(*acts):
    """Run acts at the same time, and return their answers or errors."""
    with ThreadPoolExecutor(len(acts)) as pool:
        waiting = [pool.submit(act) for act in acts]
        return [each.exception() or each.result() for each in waiting]


class TestAtTheSameTime:
    def test_two_tables_follow_one_another_and_one_is_held(self, database, principal, building, keep, table):
        tables = [table(TABLE.replace("88.2", f"8{n}.5"), f"{n}.csv") for n in range(6)]
        answers = at_once(*(partial(keep, path) for path in tables))
        assert not [each for each in answers if isinstance(each, Exception)]
        units = read_units(database, building, principal=principal)["units"]
        assert sorted(unit["number"] for unit in units) == ["101", "201", "202"]
        codes = [
            row["value"]
            for row in list_aliases(database, building, principal=principal)["aliases"]
            if row["valid_to"] is None
        ]
        assert sorted(codes) == [UNIT.format(n) for n in (1, 2, 3)]

    def test_a_building_joins_once_and_a_name_is_added_once(self, database, principal, building):
        open_project(database, name="江畔花园", code=PROJECT, principal=principal)
        join = partial(join_project, database, PROJECT, [building], principal=principal)
        assert sum(bool(each["joined"]) for each in at_once(*[join] * 6)) == 1
        new = NewAlias(building=building, scheme="zrzh", value="3")
        add = partial(add_alias, database, new, principal=principal)
        assert sum(each["added"] for each in at_once(*[add] * 6)) == 1
        assert len(events(database, "project_joined")) == len(events(database, "alias_added")) == 1

    def test_a_name_ends_once(self, database, principal, building):
        new = NewAlias(building=building, scheme="zrzh", value="3")
        alias = add_alias(database, new, principal=principal)["id"]
        end = partial(end_alias, database, building, alias, principal=principal)
        assert sum(isinstance(each, RefusedActError) for each in at_once(*[end] * 4)) == 3


class TestAliases:
    def test_a_name_is_added_as_its_scheme_reads_it_and_found(self, database, principal, building):
        new = NewAlias(building=building, scheme="bdcdyh", value="220211001002 gb00003 f00010000")
        said = add_alias(database, new, principal=principal)
        assert (said["value"], said["added"], said["also_on"]) == (UNIT.format(0), True, [])
        assert said["label"]["zh"] == "不动产单元号"
        again = add_alias(database, new, principal=principal)
        assert (again["id"], again["added"]) == (said["id"], False)
        assert len(events(database, "alias_added")) == 1

    def test_the_variant_of_a_check_digit_is_kept_with_the_name(self, database, principal, building):
        new = NewAlias(building=building, scheme="fwdm", value=HOUSE_CODE)
        said = add_alias(database, new, principal=principal)
        assert said["check_variant"] == "without_ten"
        assert events(database, "alias_added")[0].body["check_variant"] == "without_ten"

    def test_it_is_kept_from_uploads_too(self, database, principal, register, deliver):
        code = register(deliver([house(0, 0)], 房屋代码=[HOUSE_CODE])).results[0].code
        (row,) = list_aliases(database, code, principal=principal)["aliases"]
        assert (row["check_variant"], row["source"]) == ("without_ten", "survey.gpkg")

    def test_a_name_ends_once_and_its_history_stays(self, database, principal, building):
        new = NewAlias(building=building, scheme="zrzh", value="3", valid_from=YESTERDAY)
        alias = add_alias(database, new, principal=principal)["id"]
        ended = end_alias(database, building, alias, principal=principal, valid_to=TODAY)
        assert (ended["valid_from"], ended["valid_to"]) == (YESTERDAY.isoformat(), TODAY.isoformat())
        with pytest.raises(RefusedActError) as caught:
            end_alias(database, building, alias, principal=principal)
        assert caught.value.kind == "alias_not_held"
        again = add_alias(database, new, principal=principal)
        rows = list_aliases(database, building, principal=principal)["aliases"]
        assert [row["id"] for row in rows] == [alias, again["id"]]

    def test_a_name_does_not_end_before_it_began(self, database, principal, building):
        new = NewAlias(building=building, scheme="zrzh", value="3")
        alias = add_alias(database, new, principal=principal)["id"]
        with pytest.raises(RefusedActError) as caught:
            end_alias(database, building, alias, principal=principal, valid_to=YESTERDAY)
        assert caught.value.kind == "day_before"

    def test_a_name_may_be_of_several_buildings(self, database, principal, register, deliver):
        one, two = (row.code for row in register(deliver([house(0, 0), house(40, 0)])).results)
        for code in (one, two):
            said = add_alias(database, NewAlias(building=code, scheme="zrzh", value="A1"), principal=principal)
        assert said["also_on"] == [one]

    @pytest.mark.parametrize(
        ("scheme", "value", "unit", "error"),
        [
            ("nothing", "3", None, RefusedOptionError),
            ("uscc", "91110000600037341L", None, RefusedActError),
            ("zrzh", "3", "999", RefusedActError),
            ("xmdm", PROJECT, "101", RefusedActError),
        ],
    )
    def test_what_cannot_be_a_name_is_refused(
        self, database, principal, building, keep, table, scheme, value, unit, error
    ):
        keep(table())
        with pytest.raises(error):
            add_alias(database, NewAlias(building=building, scheme=scheme, value=value, unit=unit), principal=principal)

    def test_names_come_in_bulk_by_the_columns_of_a_table(self, database, principal, building, keep, table):
        keep(table())
        rows = f"建筑编码,户号,自然幢号,房屋代码\n{building},,3,\n{building},201,,{HOUSE_CODE}\n"
        said = add_aliases_of_table(database, table(rows, "names.csv"), principal=principal)
        assert [(row["scheme"], row["unit"], row["added"]) for row in said["aliases"]] == [
            ("zrzh", None, True),
            ("fwdm", "201", True),
        ]
        again = add_aliases_of_table(database, table(rows, "names.csv"), principal=principal)
        assert not any(row["added"] for row in again["aliases"])

    def test_a_bulk_with_a_bad_row_stores_nothing_and_names_each(self, database, principal, building, table):
        rows = (
            f"建筑编码,自然幢号,不动产单元号\n{building},3,\n4E7U5-CKJ2W-F0J,4,\n,5,\n{building},,2202\n{building},,\n"
        )
        with pytest.raises(RefusedRowsError) as caught:
            add_aliases_of_table(database, table(rows, "names.csv"), principal=principal)
        assert [(row["row"], row["kind"]) for row in caught.value.rows] == [
            (3, "nothing_bears"),
            (4, "name_missing"),
            (5, "alias_length"),
            (6, "names_missing"),
        ]
        assert list_aliases(database, building, principal=principal)["aliases"] == []

    def test_names_of_another_office_s_building_are_not_a_surveyor_s_business(self, database, building, person):
        new = NewAlias(building=building, scheme="zrzh", value="3")
        with pytest.raises(HiddenError):
            add_alias(database, new, principal=person("surveyor"))
        assert add_alias(database, new, principal=person("registrar"))["added"]
