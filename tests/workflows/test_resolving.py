"""Names of any kind lead to buildings, as they are and as they were."""

from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geocode import Text, encode_many, parse
from geocode.names import computed_names
from geocode.planes import from_plane
from registry.fingerprints import fingerprints
from store.buildings import add_aliases, add_buildings, add_footprints, close_footprints
from store.database import transaction
from store.documents import add_document
from store.errors import NotHereError
from store.offices import have_office
from store.uploads import add_upload
from workflows.principals import Principal
from workflows.redacting import redacted, redacted_brief
from workflows.resolving import building_code, resolve_building, resolve_names

PLANE = "EPSG:4551"
EAST_M, NORTH_M = 544_000.0, 4_856_000.0
UNIT_CODE = "220202001001GB00001F00010001"
HOME_CODE = "220202001001GB00001F00010002"
PROJECT = "2209-220202-04-01-123456"
SHARED_PERMIT = "220202202104010101"
TITLE, WRONG_TITLE = "吉(2022)吉林市不动产权第0001234号", "吉(2022)吉林市不动产权第0009999号"
BEGUN = date(2020, 1, 1)


class Town(NamedTuple):
    """A register with some history, and what is where in it."""

    database: Any
    codes: dict[str, str]
    shapes: dict[str, Any]
    times: dict[str, datetime]


class Scribe:
    """Writes rows of the register directly."""

    def __init__(self, connection):
        self.connection = connection
        self.office = have_office(connection, code="survey", name_zh="测绘院", name_en="survey office").id
        document = add_document(connection, office_id=self.office, sha256="0" * 64, name="a.zip", size_bytes=1)
        self.upload = add_upload(
            connection,
            {"office_id": self.office, "document_id": document, "options": {}, "actor": "test", "report": {}},
        )

    def run(self, statement, **values):
        return self.connection.execute(text(statement), values)

    def build(self, shape, *, name=None, attributes=None, valid_from=BEGUN, generation=0):
        ground = np.array([shapely.MultiPolygon([shape])], dtype=object)
        code = parse(str(encode_many(ground).codes[0])).with_generation(generation)
        (identity,) = add_buildings(self.connection, [{"code": code.compact, "office_id": self.office}]).values()
        self.draw(identity, shape, version=1, name=name, attributes=attributes or {}, valid_from=valid_from)
        return code.compact, identity

    def draw(self, identity, shape, *, version, name=None, attributes=None, valid_from=BEGUN):
        ground = np.array([shapely.MultiPolygon([shape])], dtype=object)
        measures = {"area_m2": 1.0, "plane": PLANE, "plane_area_m2": 1.0, "perimeter_m": 4.0, "stage": "design"}
        names = computed_names(ground)
        add_footprints(
            self.connection,
            [{"building_id": identity, "office_id": self.office, "upload_id": self.upload, "version": version, **measures,
              "name": name, "attributes": attributes or {}, "h3": str(names.h3[0]), "fingerprint": fingerprints(ground)[0],
              "valid_from": valid_from, "geom": ground[0]}],
        )  # fmt: skip

    def close(self, identity, reason, day):
        close_footprints(self.connection, [identity])
        self.run(
            "insert into closure (building_id, office_id, reason, closed_on) values (:building, :office, :reason, :day)",
            building=identity, office=self.office, reason=reason, day=day,
        )  # fmt: skip

    def follow(self, predecessor, successor, relation):
        self.run(
            "insert into lineage (predecessor_id, successor_id, office_id, relation) values (:old, :new, :office, :relation)",
            old=predecessor, new=successor, office=self.office, relation=relation,
        )  # fmt: skip

    def alias(self, identity, scheme, value, **more):
        row = {"building_id": identity, "office_id": self.office, "scheme": scheme, "value": value, "source": "a.zip"}
        add_aliases(self.connection, [{**row, "valid_from": BEGUN, **more}])


def house(x, y, width=20.0, depth=12.0):
    box = shapely.box(EAST_M + x, NORTH_M + y, EAST_M + x + width, NORTH_M + y + depth)
    return from_plane(np.array([box], dtype=object), PLANE)[0]


def now_in(database):
    with transaction(database) as connection:
        return connection.execute(text("select clock_timestamp()")).scalar_one()


@pytest.fixture(scope="module")
def town(new_database):
    """A town: a school, a revised house, an old house split in two and one half rebuilt, two houses of one name."""
    database = new_database()
    codes, shapes, times = {}, {}, {}
    with transaction(database) as connection:
        scribe = Scribe(connection)
        shapes |= {"school": house(0, 0), "shop": house(100, 0), "old": house(200, 0, 40), "home": house(300, 0)}
        shapes |= {
            "left": house(200, 0, 19),
            "right": house(221, 0, 19),
            "new": house(221, 1, 18),
            "twin": house(400, 0),
        }
        address = {"地址": "吉林市船营区解放路12号"}
        codes["school"], school = scribe.build(shapes["school"], name="第三中学教学楼", attributes=address)
        codes["shop"], shop = scribe.build(shapes["shop"], name="商店", attributes={"坐落": "解放路14号"})
        codes["old"], old = scribe.build(shapes["old"], name="老楼")
        codes["home"], home = scribe.build(shapes["home"], name="3号楼")
        codes["twin"], _ = scribe.build(shapes["twin"], name="3号楼")
        scribe.alias(school, "bdcdyh", UNIT_CODE)
        scribe.alias(school, "zrzh", "老校舍", valid_to=date(2023, 5, 1))
        unit = scribe.run(
            "insert into unit (building_id, office_id, number, storey, area_m2, use) "
            "values (:building, :office, '101', '1', 80, 'housing') returning cast(id as text)",
            building=home, office=scribe.office,
        ).scalar_one()  # fmt: skip
        scribe.alias(home, "bdcdyh", HOME_CODE, unit_id=unit)
        project = scribe.run(
            "insert into project (office_id, code, name) values (:office, :code, '江畔花园') returning cast(id as text)",
            office=scribe.office, code=PROJECT,
        ).scalar_one()  # fmt: skip
        for building in (shop, home):
            scribe.run(
                "insert into project_building (project_id, building_id, office_id, valid_from) "
                "values (:project, :building, :office, :day)",
                project=project, building=building, office=scribe.office, day=BEGUN,
            )  # fmt: skip
        scribe.run(
            "insert into stage_entry (building_id, office_id, stage, occurred_on, certificate, actor) "
            "values (:building, :office, 'planning_permit', '2021-03-01', '建字第1号', 'desk')",
            building=school, office=scribe.office,
        )  # fmt: skip
        for building, stage, number, day, withdrawn in (
            (shop, "construction_permit", SHARED_PERMIT, "2021-04-01", None),
            (home, "construction_permit", SHARED_PERMIT, "2021-04-01", None),
            (school, "registration", TITLE, "2022-05-01", None),
            (shop, "registration", WRONG_TITLE, "2022-05-01", "2022-06-01"),
        ):
            scribe.run(
                "insert into stage_entry (building_id, office_id, stage, occurred_on, certificate, actor, withdrawn_at) "
                "values (:building, :office, :stage, :day, :number, 'desk', :withdrawn)",
                building=building, office=scribe.office, stage=stage, number=number, day=day, withdrawn=withdrawn,
            )  # fmt: skip
    times["before"] = now_in(database)
    with transaction(database) as connection:
        scribe.connection = connection
        close_footprints(connection, [shop])
        shapes["shop_later"] = house(102, 0, 22)
        scribe.draw(shop, shapes["shop_later"], version=2, name="大商店", valid_from=date(2024, 6, 1))
        scribe.close(old, "split", date(2024, 6, 1))
        codes["left"], left = scribe.build(shapes["left"], valid_from=date(2024, 6, 1))
        codes["right"], right = scribe.build(shapes["right"], valid_from=date(2024, 6, 1))
        scribe.follow(old, left, "split")
        scribe.follow(old, right, "split")
    times["split"] = now_in(database)
    with transaction(database) as connection:
        scribe.connection = connection
        scribe.close(right, "rebuilt", date(2025, 2, 1))
        codes["new"], new = scribe.build(shapes["new"], valid_from=date(2025, 2, 1), generation=1)
        scribe.follow(right, new, "rebuilt")
    yield Town(database, {name: str(parse(code)) for name, code in codes.items()}, shapes, times)
    database.dispose()


@pytest.fixture(scope="module")
def ask(town):
    """Return the function that resolves one name into its row."""
    return lambda name, **moment: resolve_names(town.database, [name], **moment)[0]


def middle(shape):
    return shape.centroid.x, shape.centroid.y


def test_a_code_is_found_however_it_is_typed(town, ask):
    code = town.codes["school"]
    for typed in (code, code.lower().replace("-", " "), f"220202{code}"):
        row = ask(typed)
        assert (row["status"], row["code"], row["matched"]["as"]) == ("found", code, "code")
    assert row["building"]["name"] == "第三中学教学楼"
    assert row["building"]["life"]["state"] == "living"


def test_a_mistyped_code_is_told_with_the_one_that_is_meant(town, ask):
    code = town.codes["school"]
    row = ask(code[:-3] + code[-2] + code[-3] + code[-1])
    assert (row["status"], row["code"], row["suggestion"]) == ("invalid", None, code)
    assert row["fault"]["kind"].startswith("code_")


def test_a_retired_code_leads_through_two_generations_to_the_living(town, ask):
    row = ask(town.codes["old"])
    assert (row["status"], row["building"]["life"]["state"]) == ("found", "closed")
    assert row["building"]["life"]["reason"]["code"] == "split"
    assert row["building"]["life"]["closed_on"] == "2024-06-01"
    assert sorted(row["successors"]) == sorted([town.codes["left"], town.codes["new"]])


def test_the_whole_lineage_is_told_in_both_directions(town):
    said = resolve_building(town.database, town.codes["old"])["properties"]
    steps = [(each["predecessor"], each["relation"], each["successor"]) for each in said["lineage"]["successors"]]
    old, left, right, new = (town.codes[name] for name in ("old", "left", "right", "new"))
    assert sorted(steps[:2]) == sorted([(old, "split", left), (old, "split", right)])
    assert steps[2:] == [(right, "rebuilt", new)]
    assert said["lineage"]["predecessors"] == []
    newest = resolve_building(town.database, new)["properties"]
    assert [each["code"] for each in newest["lineage"]["predecessors"]] == [right, old]
    assert newest["lineage"]["living"] == [new]
    assert said["life"]["state"] == "closed"
    assert resolve_building(town.database, old)["geometry"] is not None


def test_an_alias_is_found_as_its_scheme_reads_it(town, ask):
    row = ask("220202 001001 gb00001 f00010001")
    assert (row["code"], row["matched"]["as"], row["matched"]["scheme"]) == (town.codes["school"], "alias", "bdcdyh")
    assert row["matched"]["text"] == UNIT_CODE


def test_a_units_code_leads_to_the_building_and_the_unit(town, ask):
    row = ask(HOME_CODE)
    assert (row["code"], row["matched"]["unit"]) == (town.codes["home"], "101")


def test_an_ended_alias_is_told_as_such(town, ask):
    row = ask("老校舍")
    assert (row["code"], row["matched"]["as"]) == (town.codes["school"], "ended_alias")
    assert row["matched"]["ended_on"] == "2023-05-01"
    assert ask("老校舍", as_of=date(2022, 1, 1))["matched"]["as"] == "alias"


def test_a_project_leads_to_its_buildings(town, ask):
    for name in (PROJECT, PROJECT.replace("-", ""), "江畔花园"):
        row = ask(name)
        assert row["status"] == "several"
        assert {each["code"] for each in row["candidates"]} == {town.codes["shop"], town.codes["home"]}
        assert row["candidates"][0]["matched"]["as"] == "project"


@pytest.mark.parametrize("typed", [TITLE, "吉(2022)吉林市不动产权第 0001234 号", "吉〔2022〕吉林市不动产权第0001234号"])
def test_the_number_of_a_title_certificate_leads_to_its_building(town, ask, typed):
    row = ask(typed)
    assert (row["status"], row["code"]) == ("found", town.codes["school"])
    assert (row["matched"]["as"], row["matched"]["scheme"]) == ("certificate", "registration")
    assert (row["matched"]["label"]["zh"], row["matched"]["text"]) == ("不动产权证书号", TITLE)


def test_all_buildings_under_one_permit_are_told(town, ask):
    row = ask(SHARED_PERMIT)
    assert row["status"] == "several"
    assert {each["code"] for each in row["candidates"]} == {town.codes["shop"], town.codes["home"]}
    assert ask("建字第1号")["code"] == town.codes["school"]


def test_the_number_of_a_certificate_holds_from_its_day_until_its_entry_is_withdrawn(town, ask):
    assert ask(TITLE, as_of=date(2022, 4, 30))["status"] == "not_found"
    assert ask(TITLE, as_of=date(2022, 5, 1))["code"] == town.codes["school"]
    assert ask(TITLE, known_at=town.times["before"])["code"] == town.codes["school"]
    assert ask(WRONG_TITLE)["status"] == "not_found"


def test_numbers_that_are_withheld_lead_nowhere(town, ask):
    stranger, planner = (Principal(10_000, Text("外", "other"), "x", role) for role in ("surveyor", "planner"))
    assert ask(TITLE, principal=stranger)["status"] == "not_found"
    assert ask(town.codes["school"], principal=stranger)["status"] == "found"
    assert ask(TITLE, principal=planner)["status"] == "found"


@pytest.mark.parametrize(
    "asked", ["解放路12号", "船营区解放路十二號", "吉林省吉林市船营区解放路12号", "第三中学教学楼"]
)
def test_an_address_or_a_name_is_found(town, ask, asked):
    row = ask(asked)
    assert (row["status"], row["code"]) == ("found", town.codes["school"])
    assert row["matched"]["as"] == ("name" if "中学" in asked else "address")


def test_a_place_within_a_building_is_told(town, ask):
    row = ask("解放路12号2单元501室")
    assert (row["code"], row["matched"]["unit"]) == (town.codes["school"], "2单元501室")


def test_several_buildings_of_one_name_are_listed(town, ask):
    row = ask("3号楼")
    assert (row["status"], row["code"]) == ("several", None)
    assert {each["code"] for each in row["candidates"]} == {town.codes["home"], town.codes["twin"]}
    with pytest.raises(NotHereError) as refusal:
        resolve_building(town.database, "3号楼")
    assert set(refusal.value.suggestions) == {town.codes["home"], town.codes["twin"]}


def test_coordinates_in_any_form_lead_to_the_building_that_stands_there(town, ask):
    lon, lat = middle(town.shapes["school"])
    for written in (f"{lon} {lat}", f"{lat:.7f},{lon:.7f}", f"{lat:.7f}N {lon:.7f}E", f"{EAST_M + 10} {NORTH_M + 6}",
                    f"{NORTH_M + 6}, 42{EAST_M + 10:.2f}"):  # fmt: skip
        row = ask(written)
        assert (row["status"], row["code"], row["matched"]["as"]) == ("found", town.codes["school"], "coordinates")
        assert row["matched"]["distance_m"] == 0


def test_the_nearest_building_is_told_with_its_distance_and_none_beyond_some_metres(town, ask):
    row = ask(f"42{EAST_M - 8} {NORTH_M + 6}")
    assert row["code"] == town.codes["school"]
    assert row["matched"]["distance_m"] == pytest.approx(8, abs=0.05)
    far = ask(f"42{EAST_M - 80} {NORTH_M + 6}")
    assert (far["status"], far["fault"]["kind"]) == ("not_found", "nothing_stands")


def test_computed_names_lead_to_the_building_whose_they_are(town, ask):
    names = computed_names(np.array([town.shapes["school"]], dtype=object))
    for scheme, (name,) in names._asdict().items():
        row = ask(str(name))
        assert (row["code"], row["matched"]["scheme"]) == (town.codes["school"], scheme)
    coarse = ask(str(names.pluscode[0])[:11])
    assert coarse["status"] in {"found", "several"}
    assert ask("8f317018955cd00"[:1] + "1317fffffffffff"[:14])["status"] in {"not_found", "invalid"}


def test_a_ground_that_is_too_large_is_no_name_of_a_building(ask):
    assert ask("8QM8RH00+")["fault"]["kind"] == "too_wide"


def test_as_of_a_day_the_building_is_as_it_was_then(town):
    then = resolve_building(town.database, town.codes["shop"], as_of=date(2024, 1, 1))
    now = resolve_building(town.database, town.codes["shop"])
    assert (then["properties"]["version"], now["properties"]["version"]) == (1, 2)
    assert shapely.geometry.shape(then["geometry"]).equals_exact(shapely.MultiPolygon([town.shapes["shop"]]), 0)
    old = resolve_building(town.database, town.codes["old"], as_of=date(2024, 5, 31))["properties"]
    assert old["life"]["state"] == "living"
    assert old["lineage"]["successors"] == []


def test_as_known_at_a_time_what_was_recorded_later_is_not_there(town):
    before, split = town.times["before"], town.times["split"]
    assert resolve_building(town.database, town.codes["shop"], known_at=before)["properties"]["version"] == 1
    assert (
        resolve_building(town.database, town.codes["old"], known_at=before)["properties"]["life"]["state"] == "living"
    )
    lineage = resolve_building(town.database, town.codes["old"], known_at=split)["properties"]["lineage"]
    assert sorted(lineage["living"]) == sorted([town.codes["left"], town.codes["right"]])
    both = resolve_building(town.database, town.codes["old"], known_at=split, as_of=date(2024, 1, 1))
    assert both["properties"]["life"]["state"] == "living"


def test_a_code_that_was_not_registered_yet_says_since_when_it_is(town, ask):
    row = ask(town.codes["new"], as_of=date(2024, 1, 1))
    assert (row["status"], row["fault"]["kind"]) == ("not_found", "not_yet")
    assert "2025-02-01" in row["fault"]["text"]["zh"]
    assert ask(town.codes["new"], known_at=town.times["split"])["fault"]["kind"] == "not_yet"


def test_places_and_addresses_are_those_of_the_day(town, ask):
    lon, lat = middle(town.shapes["old"])
    assert ask(f"{lon} {lat}", as_of=date(2024, 1, 1))["code"] == town.codes["old"]
    beside = ask(f"{lon} {lat}")
    assert {each["code"] for each in beside["candidates"]} == {town.codes["left"], town.codes["new"]}
    assert ask("商店", as_of=date(2024, 1, 1))["code"] == town.codes["shop"]
    assert ask("大商店")["code"] == town.codes["shop"]
    assert ask("商店")["status"] == "not_found"
    assert ask("老楼")["building"]["life"]["state"] == "closed"


def test_stages_projects_and_units_are_told(town):
    said = resolve_building(town.database, town.codes["school"])["properties"]
    assert [(each["stage"]["code"], each["occurred_on"]) for each in said["stages"]] == [
        ("planning_permit", "2021-03-01"),
        ("registration", "2022-05-01"),
    ]
    home = resolve_building(town.database, town.codes["home"])["properties"]
    assert (home["units"], home["projects"][0]["code"], home["kind"]) == (1, PROJECT, "building")
    assert next(alias["unit"] for alias in home["aliases"] if alias["value"] == HOME_CODE) == "101"


def test_many_names_have_a_row_each_in_their_order(town):
    names = [
        town.codes["school"],
        "",
        None,
        12,
        "nothing of the kind",
        UNIT_CODE,
        "x" * 300,
        town.codes["old"],
        "\0",
        "\ud800",
    ]
    rows = resolve_names(town.database, names)
    assert [row["asked"] for row in rows] == names
    assert [row["status"] for row in rows] == [
        "found", "invalid", "invalid", "invalid", "not_found", "found", "invalid", "found", "invalid", "not_found",
    ]  # fmt: skip


def test_names_in_bulk_are_answered_as_one_by_one(town, ask):
    lon, lat = middle(town.shapes["school"])
    names = [
        *town.codes.values(),
        UNIT_CODE,
        HOME_CODE,
        PROJECT,
        "3号楼",
        "解放路12号",
        "老校舍",
        f"{lon} {lat}",
        "none",
    ]
    assert resolve_names(town.database, names * 3) == [ask(name) for name in names] * 3


@given(names=st.lists(st.one_of(st.text(max_size=40), st.none(), st.integers(), st.from_regex(r"[0-9.,NSEW°' -]{0,30}", fullmatch=True)), max_size=8))  # fmt: skip
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_every_name_has_a_row(town, names):
    rows = resolve_names(town.database, names)
    assert [row["asked"] for row in rows] == names
    for row in rows:
        assert row["status"] in {"found", "several", "not_found", "invalid"}
        assert (row["code"] is not None) == (row["status"] == "found")
        assert row["fault"] is not None or row["status"] == "found"


def test_only_codes_and_aliases_name_a_building_to_be_changed(town):
    with transaction(town.database) as connection:
        assert str(building_code(connection, UNIT_CODE)) == town.codes["school"]
        for name in ("解放路12号", "3号楼", "老校舍"):
            with pytest.raises(NotHereError):
                building_code(connection, name)


def strings_in(value):
    if isinstance(value, dict):
        return {each for part in value.values() for each in strings_in(part)}
    if isinstance(value, list):
        return {each for part in value for each in strings_in(part)}
    return {value} if isinstance(value, str) else set()


def test_the_public_is_told_no_names_addresses_attributes_or_actors(town, ask):
    whole = resolve_building(town.database, town.codes["school"])
    told = strings_in(redacted(whole))
    assert {"第三中学教学楼", "吉林市船营区解放路12号", "建字第1号", "测绘院", "a.zip"} <= strings_in(whole)
    assert not {"第三中学教学楼", "吉林市船营区解放路12号", "建字第1号", "测绘院", "a.zip"} & told
    assert redacted(whole)["properties"].keys() >= whole["properties"].keys()
    assert redacted(redacted(whole)) == redacted(whole)
    home = redacted(resolve_building(town.database, town.codes["home"]))
    assert not {HOME_CODE, "江畔花园"} & strings_in(home)
    assert redacted_brief(ask(town.codes["school"])["building"])["name"] is None


def test_everybody_is_told_what_the_role_may_see(town):
    def names(role, office_id):
        asking = Principal(office_id, Text("", ""), "desk", role)
        rows = resolve_names(town.database, [town.codes["school"], "3号楼"], principal=asking)
        feature = resolve_building(town.database, town.codes["school"], principal=asking)
        return {
            rows[0]["building"]["name"],
            feature["properties"]["name"],
            *(each["name"] for each in rows[1]["candidates"]),
        }

    with transaction(town.database) as connection:
        own = have_office(connection, code="survey", name_zh="", name_en="").id
    assert names("surveyor", own) == names("planner", own + 1) == {"第三中学教学楼", "3号楼"}
    assert names("surveyor", own + 1) == names("admin", own) == {None}
