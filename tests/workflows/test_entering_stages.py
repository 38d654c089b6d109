"""Entering stages, in order, with what they ask for; withdrawing entries; the chain that comes of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from hashlib import sha256
from math import asinh, pi, radians, tan

import pytest
import shapely
from sqlalchemy import func, insert, select

from geocode import parse
from registry.procedures import read_procedure
from store.buildings import close_footprints
from store.database import transaction
from store.documents import add_document
from store.lives import add_closures
from store.offices import have_office
from store.resolving import changed_states
from store.schema import attachment, building, event, footprint, stage_entry
from store.tiles import building_tile
from tests.conftest import settings_for
from tests.workflows.conftest import house, on_ground
from workflows.attaching import AttachOptions, attach_file, received
from workflows.chains import list_deadlines, list_stages, read_chain
from workflows.delivery_options import DeliveryOptions
from workflows.errors import ForbiddenError, HiddenError, RefusedEntryError, ReusedKeyError, StillRunningError
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.procedures import configured_procedure
from workflows.projects import join_project, open_project, read_project
from workflows.resolving import resolve_building, resolve_names
from workflows.settings import Settings
from workflows.stages import Asked, EntryRequest, enter_stage, withdraw_entry
from workflows.uploading import upload_file
from workflows.verifying import verify_database

NUMBERS = {
    "planning_permit": "建字第220202202600012号",
    "construction_permit": "220202202603150101",
    "presale": "(2026)吉房预售证第0012号",
    "registration": "吉(2026)吉林市不动产权第0012345号",
}
KINDS = {
    "planning_permit": "planning_permit",
    "construction_permit": "construction_permit",
    "setting_out": "survey_report",
    "completion_survey": "survey_report",
    "acceptance": "acceptance_certificate",
    "presale": "presale_permit",
    "transaction": "contract",
    "registration": "registration_certificate",
}
PROCEDURE = configured_procedure(Settings(_env_file=None))


def ground(*shapes):
    return [shapely.MultiPolygon([shape]) for shape in on_ground(*shapes)]


def as_role(principal, role, *, actor=None, office=None):
    return Principal(office or principal.office_id, principal.office, actor or role, role)


class Chain:
    """A building whose stages are entered one after the other."""

    def __init__(self, database, principal, code):
        self.database, self.principal, self.code = database, principal, code

    def asked(self, principal=None, key=None):
        return Asked(name=self.code, principal=principal or self.principal, key=key)

    def attach(self, kind):
        with transaction(self.database) as connection:
            office = self.principal.office_id
            document = add_document(
                connection, office_id=office, sha256=sha256(kind.encode()).hexdigest(), name=kind, size_bytes=1
            )
            code = self.code.replace("-", "")
            owner = connection.execute(select(building.c.id).where(building.c.code == code)).scalar_one()
            values = {"document_id": document, "office_id": office, "building_id": owner, "kind": kind, "title": kind}
            values |= {"media_type": "application/pdf", "actor": "test"}
            known = select(attachment.c.id).where(attachment.c.building_id == owner, attachment.c.kind == kind)
            found = connection.execute(known).scalar_one_or_none()
            return (
                found or connection.execute(insert(attachment).values(**values).returning(attachment.c.id)).scalar_one()
            )

    def enter(self, stage, on, *, principal=None, key=None, documents=None, **said):
        if documents is None:
            documents = [self.attach(KINDS[stage])] if stage in KINDS else []
        said = {"certificate": NUMBERS.get(stage), **said}
        request = EntryRequest(stage=stage, occurred_on=on, documents=documents, **said)
        return enter_stage(self.database, self.asked(principal, key), request)

    def read(self, day=None):
        return read_chain(self.database, self.asked(), day=day or date.today())

    def stage(self, code):
        return next(stage for stage in self.read()["stages"] if stage["code"] == code)


@pytest.fixture
def chain(database, principal, register, deliver):
    """Return the chain of a house that was uploaded at design."""
    code = register(deliver([house(0, 0)])).results[0].code
    return Chain(database, principal, code)


def kinds(refused):
    return [fault.kind for fault in refused.value.faults]


def test_a_house_that_is_uploaded_at_design_has_entered_design(chain):
    read = chain.read()
    (entered,) = chain.stage("design")["entries"]
    assert entered["at_latest"]
    assert entered["geometry"]["version"] == 1
    assert read["next"] == ["design", "planning_permit", "demolition"]
    with transaction(chain.database) as connection:
        (told,) = connection.execute(select(event.c.canonical)).scalars()
    body = json.loads(told)["body"]
    assert (body["version"], body["entered"][0]["stage_entry"]) == (1, entered["id"])
    assert body["entered"][0]["footprint"] == 1


def test_where_a_building_stands_is_its_latest_entry_wherever_it_is_told(chain):
    day = date.today() - timedelta(days=100)
    project = open_project(chain.database, name="A", principal=chain.principal)["id"]
    join_project(chain.database, project, [chain.code], principal=chain.principal)

    def told():
        (row,) = resolve_names(chain.database, [chain.code])
        with transaction(chain.database) as connection:
            _, states = changed_states(connection, [(parse(chain.code).compact, None)])
            north = (1 - asinh(tan(radians(states[0].lat))) / pi) / 2
            x, y = int((states[0].lon / 360 + 0.5) * 2**16), int(north * 2**16)
            assert states[0].stage.encode() in building_tile(connection, z=16, x=x, y=y)
        listed = read_project(chain.database, project, principal=chain.principal)
        seen = {
            resolve_building(chain.database, chain.code)["properties"]["stage"]["code"],
            row["building"]["stage"]["code"],
            states[0].stage,
            listed["buildings"][0]["stage"]["code"],
            *listed["totals"]["by_stage"],
        }
        assert len(seen) == 1
        return seen.pop()

    assert told() == "design"
    # the design, known to be no later than today, was there before
    chain.enter("planning_permit", day)
    assert told() == "planning_permit"
    entry = chain.enter("construction_permit", day)["entry"]
    assert told() == "construction_permit"
    chain.enter("setting_out", day, geometry=ground(house(0.02, 0))[0])
    assert told() == "setting_out"
    assert resolve_building(chain.database, chain.code)["properties"]["drawn_at"]["code"] == "setting_out"
    chain.enter("presale", day + timedelta(days=1))
    chain.enter("setting_out", day + timedelta(days=1), version=2)
    # on one day in the order of the list
    assert told() == "presale"
    before = resolve_building(chain.database, chain.code, as_of=day)
    assert before["properties"]["stage"]["code"] == "setting_out"
    with pytest.raises(RefusedEntryError):
        withdraw_entry(chain.database, chain.asked(), entry, reason="presold by it")


def test_a_city_says_what_stages_are_called_and_which_an_upload_enters(database, principal, deliver, tmp_path):
    city = """
        [[stage]]
        code = "registration"
        name = { zh = "确权", en = "Titling" }
        by_upload = true
        documents = []
        certificate = { name = { zh = "号", en = "number" }, pattern = ".+", example = "1", required = false }
    """
    procedure = read_procedure(city, file="city.toml")
    report = upload_file(
        database,
        deliver([house(0, 0)]),
        principal=principal,
        documents=tmp_path / "documents",
        options=DeliveryOptions(stage="registration"),
        procedure=procedure,
    )
    code = report.results[0].code
    assert (
        len(read_chain(database, Asked(name=code, principal=principal), day=date.today())["stages"][8]["entries"]) == 1
    )
    said = resolve_building(database, code, stages=procedure.stages)["properties"]
    assert said["stage"] == said["stages"][0]["stage"] == {"code": "registration", "zh": "确权", "en": "Titling"}
    (row,) = resolve_names(database, [code], stages=procedure.stages)
    assert row["building"]["stage"] == said["stage"]


def test_a_stage_that_is_in_no_list_is_called_by_its_code(chain):
    with transaction(chain.database) as connection:
        owner = connection.execute(select(building.c.id)).scalar_one()
        row = {"building_id": owner, "office_id": chain.principal.office_id, "stage": "older", "actor": "test"}
        connection.execute(insert(stage_entry).values(**row, occurred_on=date.today()))
    said = resolve_building(chain.database, chain.code)["properties"]
    assert said["stage"] == {"code": "older", "zh": "older", "en": "older"}


def test_a_life_goes_from_design_to_registration_and_ends_in_demolition(chain):
    today = date.today()
    day = today - timedelta(days=100)
    chain.enter("planning_permit", day)
    chain.enter("construction_permit", day + timedelta(days=10))
    chain.enter("setting_out", day + timedelta(days=20), geometry=ground(house(0.02, 0))[0])
    as_built = ground(house(0.02, 0, 20.0, 12.3))[0]
    chain.enter("completion_survey", day + timedelta(days=60), geometry=as_built, height_m=18.2, floor_area_m2=1480.0)
    chain.enter("acceptance", day + timedelta(days=70))
    chain.enter("presale", day + timedelta(days=71))
    chain.enter("transaction", day + timedelta(days=72))
    last = chain.enter("registration", day + timedelta(days=80))
    assert last["next"] == ["design", "completion_survey", "acceptance", "transaction", "registration", "demolition"]
    read = chain.read()
    assert [stage["code"] for stage in read["stages"] if stage["entries"]] == [
        stage.code for stage in PROCEDURE.stages
    ][:-1]
    assert [difference["to"]["stage"] for difference in read["differences"]] == [
        "setting_out",
        "completion_survey",
        "completion_survey",
    ]
    as_built = read["differences"][-1]
    assert (as_built["from"]["stage"], as_built["plane"]) == ("planning_permit", "EPSG:4551")
    assert as_built["measures"]["gained_m2"] == pytest.approx(20 * 0.3 + 0.02 * 12, abs=0.02)
    outcomes = {finding["id"]: finding["outcome"] for finding in as_built["findings"]}
    assert outcomes["D03"] == "fail"
    assert outcomes["D05"] == "pass"
    assert outcomes["D04"] == "not_evaluated"
    assert all(finding["severity"] == "advise" for finding in as_built["findings"])
    assert chain.enter("demolition", today)["next"] == []


def test_what_a_stage_asks_for_is_told_all_at_once(chain):
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter("acceptance", date.today() + timedelta(days=1), documents=[])
    assert kinds(refused) == ["stage_in_future", "stage_too_early", "document_missing"]
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter(
            "planning_permit", date.today(), certificate="?", documents=["6f1c0c1e-5a5d-4e43-9d35-0d1c3fb6a111"]
        )
    assert kinds(refused) == ["document_missing", "certificate_form", "document_elsewhere"]


def test_nothing_of_a_refused_entry_is_kept(chain):
    with pytest.raises(RefusedEntryError):
        chain.enter("setting_out", date.today(), geometry=ground(house(0.02, 0))[0])
    with transaction(chain.database) as connection:
        assert connection.execute(select(func.count()).select_from(footprint)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(stage_entry)).scalar_one() == 1


def test_a_permit_of_a_day_before_the_upload_is_taken_for_the_design_was_there(chain):
    assert chain.enter("planning_permit", date(2020, 1, 2))["version"] == 1


def test_a_geometry_of_another_place_is_not_the_buildings(chain):
    chain.enter("planning_permit", date(2026, 1, 2))
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter("setting_out", date(2026, 2, 2), geometry=ground(house(15, 0))[0])
    assert kinds(refused) == ["geometry_elsewhere"]


def test_a_geometry_that_reaches_into_a_neighbour_is_refused_with_his_code(chain, register, deliver):
    other = register(deliver([house(21, 0)], "other.gpkg")).results[0].code
    chain.enter("planning_permit", date(2026, 1, 2))
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter("setting_out", date(2026, 2, 2), geometry=ground(house(3, 0, 20))[0])
    assert kinds(refused) == ["geometry_taken"]
    assert other in refused.value.text.en


def test_an_earlier_stage_gets_no_geometry_once_a_later_one_has_its_own(chain):
    chain.enter("planning_permit", date(2026, 1, 2))
    chain.enter("construction_permit", date(2026, 1, 3))
    chain.enter("completion_survey", date(2026, 5, 2), geometry=ground(house(0.1, 0))[0], height_m=9)
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter("setting_out", date(2026, 2, 2), geometry=ground(house(0.05, 0))[0])
    assert kinds(refused) == ["geometry_late"]
    assert (
        chain.enter("setting_out", date(2026, 2, 2), version=1, documents=[chain.attach("survey_report")])["version"]
        == 1
    )


def test_a_geometry_uploaded_at_a_stage_is_the_stages(chain, register, deliver):
    chain.enter("planning_permit", date(2026, 1, 2))
    register(deliver([house(0.02, 0)], "lines.gpkg"), stage="setting_out")
    assert chain.enter("setting_out", date(2026, 2, 2))["version"] == 2
    assert chain.stage("setting_out")["entries"][0]["geometry"]["drawn_at"] == "setting_out"


def test_the_same_key_enters_a_stage_once(chain):
    first = chain.enter("planning_permit", date(2026, 1, 2), key="a")
    assert chain.enter("planning_permit", date(2026, 1, 2), key="a") == first
    assert len(chain.stage("planning_permit")["entries"]) == 1
    with pytest.raises(ReusedKeyError, match="“a”"):
        chain.enter("planning_permit", date(2026, 1, 3), key="a")


def test_a_key_whose_request_is_being_answered_is_told_so(database, principal):
    with transaction(database) as one, transaction(database) as other:

        def work():
            with pytest.raises(StillRunningError):
                once(other, principal, "k", {}, dict)
            return {"n": 1}

        assert once(one, principal, "k", {}, work) == {"n": 1}


def test_another_office_has_keys_of_its_own(database, principal):
    with transaction(database) as connection:
        other = have_office(connection, code="other", name_zh="另一单位", name_en="Other office")
        once(connection, principal, "k", {}, lambda: {"n": 1})
        assert once(connection, as_role(principal, "planner", office=other.id), "k", {"x": 1}, lambda: {"n": 2}) == {
            "n": 2
        }


def test_who_may_enter_which_stage_is_the_role_tables(chain, database):
    day = date(2026, 1, 2)
    with pytest.raises(ForbiddenError):
        chain.enter("planning_permit", day, principal=as_role(chain.principal, "surveyor"))
    with pytest.raises(ForbiddenError):
        chain.enter("registration", day, principal=as_role(chain.principal, "planner"))
    with transaction(database) as connection:
        other = have_office(connection, code="other", name_zh="另一单位", name_en="Other office").id
    with pytest.raises(HiddenError):
        chain.enter("setting_out", day, principal=as_role(chain.principal, "surveyor", office=other))
    assert chain.enter("planning_permit", day, principal=as_role(chain.principal, "planner", office=other))["entry"]


def test_the_office_that_surveyed_a_building_enters_the_survey(chain, database, deliver, tmp_path):
    with transaction(database) as connection:
        other = have_office(connection, code="survey", name_zh="另一测绘院", name_en="Another survey office").id
    surveyor = as_role(chain.principal, "surveyor", office=other)
    settings = settings_for(database, tmp_path)
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7\n%%EOF\n")

    def attach():
        options = AttachOptions(kind="survey_report", stage="completion_survey")
        with report.open("rb") as stream, received(stream, "report.pdf", limit_mb=1) as delivered:
            return attach_file(
                database, chain.code, delivered, principal=surveyor, documents=settings.documents, options=options
            )["id"]

    with pytest.raises(HiddenError):
        attach()
    path = deliver([house(0, 0, 20.02)], "built.gpkg")
    uploaded = upload_file(
        database,
        path,
        principal=surveyor,
        documents=settings.documents,
        options=DeliveryOptions(stage="completion_survey"),
    )
    assert [(row.outcome, row.code) for row in uploaded.results] == [("revised", chain.code)]
    today, survey = date.today(), {"principal": surveyor, "documents": [attach()], "height_m": 9.0}
    with pytest.raises(ForbiddenError):
        chain.enter("construction_permit", today, principal=surveyor)
    chain.enter("planning_permit", today, version=1)
    chain.enter("construction_permit", today)
    chain.enter("completion_survey", today, **survey)
    (entry,) = chain.stage("completion_survey")["entries"]
    assert entry["geometry"]["version"] == 2


def test_two_pairs_of_eyes_withdraw_an_entry(chain):
    entry = chain.enter("planning_permit", date(2026, 1, 2))["entry"]
    planner = as_role(chain.principal, "planner")
    registrar = as_role(chain.principal, "registrar")

    def withdraw(principal):
        return withdraw_entry(chain.database, chain.asked(principal), entry, reason="another building's")["withdrawn"]

    with pytest.raises(ForbiddenError):
        withdraw(as_role(chain.principal, "surveyor"))
    assert not withdraw(planner)
    with pytest.raises(RefusedEntryError) as refused:
        withdraw(planner)
    assert kinds(refused) == ["same_eyes"]
    assert withdraw(registrar)
    (told,) = chain.stage("planning_permit")["entries"]
    assert told["withdrawn_at"]
    assert [wish["actor"] for wish in told["withdrawal"]] == ["planner", "registrar"]
    with pytest.raises(RefusedEntryError) as refused:
        withdraw(registrar)
    assert kinds(refused) == ["entry_unknown"]
    assert chain.enter("planning_permit", date(2026, 1, 3))["entry"] != entry


def test_two_planners_do_not_withdraw_what_a_registrar_has_not_confirmed(chain):
    entry = chain.enter("planning_permit", date(2026, 1, 2))["entry"]
    for actor in ("a", "b"):
        planner = as_role(chain.principal, "planner", actor=actor)
        assert not withdraw_entry(chain.database, chain.asked(planner), entry, reason="?")["withdrawn"]


def test_an_entry_on_which_a_later_one_rests_is_not_withdrawn(chain):
    entry = chain.enter("planning_permit", date(2026, 1, 2))["entry"]
    chain.enter("construction_permit", date(2026, 1, 5))
    with pytest.raises(RefusedEntryError, match="Construction permit") as refused:
        withdraw_entry(chain.database, chain.asked(), entry, reason="?")
    assert kinds(refused) == ["entry_holds"]


def test_reminders_and_yellow_flags_are_listed_until_the_stage_is_entered(chain):
    chain.enter("planning_permit", date(2026, 1, 2))
    chain.enter("construction_permit", date(2026, 2, 2))

    def told(day, **options):
        listed = list_deadlines(chain.database, chain.principal, procedure=PROCEDURE, day=day, **options)
        return [(each["deadline"], each["state"], each["due_on"]) for each in listed["deadlines"]]

    # 2 May 2026 is a Saturday
    assert told(date(2026, 3, 1)) == []
    assert told(date(2026, 3, 1), everything=True) == [("T02", "due", "2026-05-04")]
    assert told(date(2026, 4, 20)) == [("T02", "reminder", "2026-05-04")]
    assert told(date(2026, 5, 5)) == [("T02", "yellow", "2026-05-04")]
    assert chain.read(date(2026, 5, 5))["deadlines"][0]["overdue_days"] == 1
    chain.enter("setting_out", date(2026, 4, 2), geometry=ground(house(0.02, 0))[0])
    assert told(date(2026, 5, 5)) == []


def test_the_catalogue_tells_every_stage_with_what_it_asks_for():
    listed = list_stages(PROCEDURE)
    assert [stage["code"] for stage in listed["stages"]] == [stage.code for stage in PROCEDURE.stages]
    assert {deadline["confidence"] for deadline in listed["deadlines"]} <= {"confirmed", "likely", "unconfirmed"}
    assert all(tolerance["severity"] == "advise" for tolerance in listed["tolerances"])


def test_of_many_who_enter_the_last_stage_at_once_one_does(chain):
    def demolish(_):
        try:
            return chain.enter("demolition", date.today())["entry"]
        except RefusedEntryError as error:
            return error.kind

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(map(str, pool.map(demolish, range(8))))
    assert outcomes[1:] == ["stage_after_end"] * 7
    assert len(chain.stage("demolition")["entries"]) == 1


def test_what_is_uploaded_after_the_end_makes_no_entry(chain, register, deliver):
    chain.enter("demolition", date(2026, 1, 2))
    report = register(deliver([house(0.1, 0)], "again.gpkg"))
    assert report.results[0].outcome == "revised"
    assert len(chain.stage("design")["entries"]) == 1


def test_a_life_that_ended_takes_what_happened_before(chain):
    with transaction(chain.database) as connection:
        (owner,) = connection.execute(select(building.c.id)).scalars()
        close_footprints(connection, [owner])
        closure = {"building_id": owner, "office_id": chain.principal.office_id, "reason": "demolished"}
        add_closures(connection, [{**closure, "closed_on": date.today()}])
    assert chain.enter("planning_permit", date(2026, 1, 2))["entry"]
    assert chain.read()["deadlines"] == chain.read()["next"] == []
    chain.enter("construction_permit", date(2026, 1, 3))
    with pytest.raises(RefusedEntryError) as refused:
        chain.enter("setting_out", date(2026, 1, 4), geometry=ground(house(0.02, 0))[0])
    assert kinds(refused) == ["building_closed"]
    listed = list_deadlines(chain.database, chain.principal, procedure=PROCEDURE, day=date(2027, 1, 1))
    assert listed["deadlines"] == []


def test_the_ledger_vouches_for_entries_their_geometries_and_withdrawals(chain, tmp_path):
    entry = chain.enter("planning_permit", date(2026, 1, 2))["entry"]
    chain.enter("setting_out", date(2026, 1, 4), geometry=ground(house(0.02, 0))[0], height_m=9.5)
    wrong = chain.enter("setting_out", date(2026, 1, 5), version=1)["entry"]
    for role in ("planner", "registrar"):
        withdraw_entry(chain.database, chain.asked(as_role(chain.principal, role)), wrong, reason="twice")
    withdraw_entry(chain.database, chain.asked(as_role(chain.principal, "planner")), entry + 1, reason="?")
    told = verify_database(chain.database, settings_for(chain.database, tmp_path))
    assert (told.rows["stage_entry"], told.rows["stage_withdrawal"], told.rows["footprint"]) == (4, 3, 2)
    # the tests' documents were never delivered
    assert [found for found in told.findings if found.table not in {"attachment", "document"}] == []
