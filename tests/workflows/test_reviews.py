"""What the match could not decide, and what somebody proposed: a person decides."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from geocode import parse
from store.database import transaction
from store.errors import GroundTakenError
from store.lives import read_lives
from tests.conftest import settings_for
from tests.workflows.conftest import house, on_ground
from workflows.errors import ChangedMeanwhileError, ForbiddenError, NotAllowedError, RefusedActError
from workflows.lives import ActRequest
from workflows.principals import find_principal, issue_key
from workflows.proposals import carry_out
from workflows.reviews import Assignment, decide_review, find_reviews, read_review
from workflows.upload_reports import find_report
from workflows.uploading import DeliveryOptions, upload_file
from workflows.verifying import verify_database

WHOLE, LEFT, RIGHT = house(0, 0, 20), house(0, 0, 10), house(10, 0, 10)
DOUBTFUL = house(0, 0, 46)  # the building within it, more than twice as wide


@pytest.fixture
def person(database):
    """Return what makes principals of an office, in a role."""

    def make(role, office="survey", label="key"):
        key = issue_key(database, office=office, name=office, role=role, label=label)
        return find_principal(database, key=key, local=False)

    return make


@pytest.fixture
def deliver_as(database, deliver, tmp_path):
    """Return what uploads footprints for somebody."""

    def run(principal, *shapes, name="survey.gpkg", **columns):
        return upload_file(
            database,
            deliver(list(shapes), name, **columns),
            principal=principal,
            documents=tmp_path / "documents",
            options=DeliveryOptions(),
        )

    return run


def lives(database, *codes):
    with transaction(database) as connection:
        return read_lives(connection, [parse(code).compact for code in codes])


def standing(database):
    with transaction(database) as connection:
        return connection.execute(text("select count(*) from footprint where replaced_at is null")).scalar_one()


@pytest.fixture
def held(database, person, deliver_as):
    """Register a house, deliver one that might be it, and return the review's id, the code, and a planner of another office."""
    surveyor = person("surveyor")
    code = deliver_as(surveyor, WHOLE, name="one.gpkg").results[0].code
    report = deliver_as(surveyor, DOUBTFUL, name="two.gpkg", 建筑名称=["二期"])
    return report.results[0].review, code, person("planner", office="bureau")


def test_what_is_not_clear_is_held_with_its_measures_and_not_lost(database, person, deliver_as):
    surveyor = person("surveyor")
    code = deliver_as(surveyor, WHOLE, name="one.gpkg").results[0].code
    report = deliver_as(surveyor, DOUBTFUL, house(100, 0), name="two.gpkg")
    assert [row.outcome for row in report.results] == ["held", "new"]
    assert (report.rows, report.accepted, report.held, report.refused) == (2, 1, 1, 0)
    row = report.results[0]
    assert row.fault["buildings"] == [code]
    assert row.fault["measures"][0]["iou"] == pytest.approx(20 / 46, abs=1e-3)
    assert find_report(database, report.id, principal=surveyor).as_json() == report.as_json()
    assert standing(database) == 2
    told = read_review(database, row.review, principal=surveyor)
    assert told["measures"] == row.fault["measures"]
    assert (told["rows"][0]["row"], told["rows"][0]["geometry"]["type"]) == (0, "MultiPolygon")
    assert (told["buildings"][0]["code"], told["buildings"][0]["changed"]) == (code, False)


def test_an_accepted_revision_is_carried_out(database, held):
    review, code, planner = held
    answer = decide_review(database, review, principal=planner, decision="accept", reason="extended")
    assert answer["relations"] == [{"relation": "revised", "rows": [0], "known": [code], "codes": [code]}]
    (life,) = lives(database, code)
    assert (life["version"], life["name"]) == (2, "二期")
    assert life["plane_area_m2"] == pytest.approx(46 * 12, rel=1e-3)
    assert read_review(database, review, principal=planner)["decision"]["reason"] == "extended"
    assert find_reviews(database, principal=planner) == []


def test_a_row_that_a_person_accepts_enters_its_stage(database, held, tmp_path):
    review, _, planner = held
    decide_review(database, review, principal=planner, decision="accept")
    with transaction(database) as connection:
        rows = connection.execute(
            text(
                "select f.version, o.code from stage_entry s join footprint f on f.id = s.footprint_id "
                "join office o on o.id = s.office_id order by s.id"
            )
        ).all()
    # the office that surveyed vouches for both
    assert [tuple(row) for row in rows] == [(1, "survey"), (2, "survey")]
    assert not verify_database(database, settings_for(database, tmp_path)).findings


def test_a_rejected_row_changes_nothing(database, held):
    review, code, planner = held
    assert decide_review(database, review, principal=planner, decision="reject")["decision"] == "rejected"
    assert lives(database, code)[0]["version"] == 1


def test_a_person_may_say_that_it_was_rebuilt(database, held):
    review, code, planner = held
    said = [Assignment(relation="rebuilt", rows=[0], codes=[code.lower()])]
    (told,) = decide_review(database, review, principal=planner, decision="relate", relations=said)["relations"]
    old, new = lives(database, code, *told["codes"])
    assert (old["closed_as"], new["closed_as"]) == ("rebuilt", None)


def test_a_review_is_decided_once(database, held):
    review, _, planner = held

    def decide(decision):
        try:
            return decide_review(database, review, principal=planner, decision=decision)["decision"]
        except RefusedActError as error:
            return error.kind

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, ["accept", "reject"]))
    assert "already_decided" in answers
    assert len(set(answers)) == 2


def test_nobody_decides_what_the_own_office_delivered(database, held, person):
    review, code, _ = held
    for principal in (person("surveyor"), person("planner"), person("registrar")):
        with pytest.raises(NotAllowedError):
            decide_review(database, review, principal=principal, decision="accept")
    assert lives(database, code)[0]["version"] == 1


def test_another_survey_office_does_not_see_a_review(database, held, person):
    stranger = person("surveyor", office="rival")
    with pytest.raises(NotAllowedError):
        read_review(database, held[0], principal=stranger)
    assert find_reviews(database, principal=stranger) == []


def test_whoever_accepts_is_told_that_the_building_has_changed_since(database, held, deliver_as, person):
    review, code, planner = held
    deliver_as(person("surveyor"), house(0.02, 0, 20), name="three.gpkg")
    with pytest.raises(ChangedMeanwhileError, match=code):
        decide_review(database, review, principal=planner, decision="accept")
    said = [Assignment(relation="revised", rows=[0], codes=[code])]
    decide_review(database, review, principal=planner, decision="relate", relations=said)
    assert lives(database, code)[0]["version"] == 3


def test_whoever_accepts_is_told_that_another_building_stands_there_now(database, held, deliver_as, person):
    review, _, planner = held
    other = deliver_as(person("surveyor"), house(25, 0, 15), name="three.gpkg").results[0].code
    with pytest.raises(GroundTakenError, match=other):
        decide_review(database, review, principal=planner, decision="accept")


@pytest.mark.parametrize(
    ("relation", "rows", "codes", "kind"),
    [
        ("revised", [5], 1, "unknown_row"),
        ("revised", [0], 0, "wrong_relation"),
        ("split", [0], 1, "wrong_relation"),
        ("painted", [0], 1, "wrong_relation"),
    ],
)
def test_a_relation_is_of_the_rows_of_the_review_and_so_many_buildings(database, held, relation, rows, codes, kind):
    review, code, planner = held
    said = [Assignment(relation=relation, rows=rows, codes=[code] * codes)]
    with pytest.raises(RefusedActError) as caught:
        decide_review(database, review, principal=planner, decision="relate", relations=said)
    assert caught.value.kind == kind


def test_rows_divided_another_way_are_related_one_by_one(database, person, deliver_as):
    surveyor, planner = person("surveyor"), person("planner", office="bureau")
    first, second = (row.code for row in deliver_as(surveyor, house(0, 0, 20), house(20, 0, 20), name="1.gpkg").results)
    thirds = [house(0, 0, 13), house(13, 0, 13), house(26, 0, 14)]
    report = deliver_as(surveyor, *thirds, name="2.gpkg", 项目代码=["2405-220204-04-01-123456"] * 3)
    (review,) = {row.review for row in report.results}
    with pytest.raises(RefusedActError) as caught:
        decide_review(database, review, principal=planner, decision="accept")
    assert caught.value.kind == "not_clear"
    said = [
        Assignment(relation="split", rows=[0, 1], codes=[first]),
        Assignment(relation="revised", rows=[2], codes=[second]),
    ]
    answer = decide_review(database, review, principal=planner, decision="relate", relations=said)
    assert answer["left"] == []
    assert [len(each["codes"]) for each in answer["relations"]] == [2, 1]
    assert standing(database) == 3
    with transaction(database) as connection:
        assert connection.execute(text("select count(*) from alias")).scalar_one() == 3


def test_a_split_and_a_merger_that_are_clear_are_carried_out_with_their_lineage(database, person, deliver_as):
    surveyor = person("surveyor")
    code = deliver_as(surveyor, WHOLE, name="1.gpkg").results[0].code
    split = deliver_as(surveyor, LEFT, RIGHT, name="2.gpkg")
    assert [row.outcome for row in split.results] == ["split", "split"]
    assert lives(database, code)[0]["closed_as"] == "split"
    merged = deliver_as(surveyor, WHOLE, name="3.gpkg")
    assert merged.results[0].outcome == "merged"
    assert {life["closed_as"] for life in lives(database, *(row.code for row in split.results))} == {"merged"}
    assert parse(merged.results[0].code).generation == parse(code).generation + 1
    assert find_report(database, merged.id, principal=surveyor).as_json() == merged.as_json()


def test_a_wall_may_move_between_two_neighbours_of_one_delivery(database, person, deliver_as):
    surveyor = person("surveyor")
    before = deliver_as(surveyor, house(0, 0, 20), house(20, 0, 20), name="1.gpkg")
    after = deliver_as(surveyor, house(0, 0, 25), house(25, 0, 15), name="2.gpkg")
    assert [(row.outcome, row.code) for row in after.results] == [("revised", row.code) for row in before.results]


def test_a_whole_survey_that_lies_aside_is_told_and_known_again(database, person, deliver_as):
    surveyor = person("surveyor")
    street = [(40 * i, 0, 12 + i % 5, 9 + i % 3) for i in range(12)]
    before = deliver_as(surveyor, *(house(*each) for each in street), name="1.gpkg")
    after = deliver_as(surveyor, *(house(x + 3, y, *size) for x, y, *size in street), name="2.gpkg")
    assert [row.code for row in after.results] == [row.code for row in before.results]
    assert {row.outcome for row in after.results} == {"revised"}
    assert after.shift["dx_m"] == pytest.approx(3, abs=0.05)
    assert any("3.00 m east" in note.en for note in after.notes)


def test_what_a_complete_delivery_does_not_have_is_told_and_stays(database, person, deliver, tmp_path):
    surveyor = person("surveyor")

    def run(name, shapes, **options):
        documents = tmp_path / "documents"
        said = DeliveryOptions(**options)
        return upload_file(database, deliver(shapes, name), principal=surveyor, documents=documents, options=said)

    before = run("1.gpkg", [house(40 * i, 0) for i in range(4)])
    after = run("2.gpkg", [house(0, 0), house(120, 0)], complete=True)
    assert set(after.gone) == {row.code for row in before.results[1:3]}
    assert any(after.gone[0] in note.en for note in after.notes)
    assert standing(database) == 4
    assert find_report(database, after.id, principal=surveyor).as_json() == after.as_json()


def test_a_stated_code_that_is_retired_is_refused_with_its_successors(database, person, deliver_as):
    surveyor = person("surveyor")
    code = deliver_as(surveyor, WHOLE, name="1.gpkg").results[0].code
    parts = [row.code for row in deliver_as(surveyor, LEFT, RIGHT, name="2.gpkg").results]
    with pytest.raises(ValueError, match="refused") as caught:
        deliver_as(surveyor, LEFT, name="3.gpkg", code=[code])
    fault = caught.value.report.results[0].fault
    assert fault["kind"] == "stated_closed"
    assert all(part in fault["text"]["en"] for part in parts)


def test_the_ledger_vouches_for_all_that_lives_and_reviews_change(database, person, deliver_as, held, tmp_path):
    review, code, planner = held
    decide_review(database, review, principal=planner, decision="accept", reason="扩建")
    local = find_principal(database, key=None, local=True)

    def act(what, *codes, footprints=(), **options):
        request = ActRequest(act=what, codes=codes, footprints=on_ground(*footprints), **options)
        return carry_out(database, request, principal=local)["successors"]

    kept, off = act("split", code, footprints=[house(0, 0, 20), house(20, 0, 26)], survivor=0)
    (whole,) = act("merge", kept, off, footprints=[DOUBTFUL], survivor=1)
    (again,) = act("rebuild", whole, footprints=[DOUBTFUL], name="新楼")
    act("close", again, reason="mistaken")
    act("revive", whole)
    act("relocate", whole, footprints=[house(200, 0, 46)])
    act("add_part", whole, footprints=[house(195, -5, 60, 30)])
    surveyor = person("surveyor")
    deliver_as(surveyor, house(200, 0, 23), house(223, 0, 23), name="3.gpkg", 项目代码=["2405-220204-04-01-123456"] * 2)
    verified = verify_database(database, settings_for(database, tmp_path))
    assert [(each.fault.kind, each.fault.text.en) for each in verified.findings] == []
    assert min(verified.rows[table] for table in ("closure", "lineage", "review_decision", "alias")) > 0


def test_one_proposes_and_another_confirms(database, person, deliver_as):
    code = deliver_as(person("surveyor"), WHOLE).results[0].code
    planner, registrar = person("planner", office="bureau"), person("registrar", office="registry")
    request = ActRequest(act="split", codes=[code], footprints=on_ground(LEFT, RIGHT))
    asked = carry_out(database, request, principal=planner, key="once")
    assert asked == carry_out(database, request, principal=planner, key="once")
    assert lives(database, code)[0]["closed_as"] is None
    (waiting,) = find_reviews(database, principal=registrar)
    assert (waiting["id"], waiting["relation"], waiting["is_proposal"]) == (asked["review"], "split", True)
    with pytest.raises(ForbiddenError):
        decide_review(database, asked["review"], principal=planner, decision="accept")
    done = decide_review(database, asked["review"], principal=registrar, decision="accept")
    assert done["successors"] == asked["successors"]
    assert lives(database, code)[0]["closed_as"] == "split"


def test_what_the_past_forbids_is_refused_when_it_is_proposed(database, principal, person, deliver_as):
    surveyor = person("surveyor")
    code, other = (row.code for row in deliver_as(surveyor, WHOLE, house(60, 0, 20)).results)
    ago = {days: date.today() - timedelta(days=days) for days in (5, 10)}
    place = on_ground(house(120, 0, 20))
    move = ActRequest(act="relocate", codes=[other], footprints=place, on=ago[10])
    carry_out(database, move, principal=principal)
    carry_out(database, ActRequest(act="close", codes=[other], reason="demolished"), principal=principal)
    with pytest.raises(RefusedActError) as caught:
        carry_out(database, replace(move, codes=[code], on=ago[5]), principal=surveyor)
    assert caught.value.kind == "ground_then"
    assert find_reviews(database, principal=surveyor) == []
    assert carry_out(database, replace(move, codes=[code], on=date.today()), principal=surveyor)["review"]
    assert lives(database, code)[0]["version"] == 1


def test_a_registrar_does_not_confirm_what_they_asked_for(database, person, deliver_as):
    code = deliver_as(person("surveyor"), WHOLE).results[0].code
    first, second = (person("registrar", office="registry", label=label) for label in "ab")
    asked = carry_out(database, ActRequest(act="close", codes=[code], reason="demolished"), principal=first)
    with pytest.raises(RefusedActError) as caught:
        decide_review(database, asked["review"], principal=first, decision="accept")
    assert caught.value.kind == "four_eyes"
    decide_review(database, asked["review"], principal=second, decision="accept")
    assert lives(database, code)[0]["closed_as"] == "demolished"


def test_a_surveyor_closes_nothing(database, person, deliver_as):
    surveyor = person("surveyor")
    code = deliver_as(surveyor, WHOLE).results[0].code
    with pytest.raises(ForbiddenError):
        carry_out(database, ActRequest(act="close", codes=[code], reason="demolished"), principal=surveyor)
