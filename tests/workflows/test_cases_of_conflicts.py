"""Cases: opened for a conflict, spoken to, carried with it into the next edition."""

import pytest

from store.errors import NotHereError
from tests.workflows.conftest import field
from tests.workflows.test_publishing import standing
from workflows.cases import add_to_case, find_cases, read_case, start_case
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.principals import Principal
from workflows.rights import Right, load_rights


@pytest.fixture
def case(plans, database, principal):
    """Return a case of the first conflict."""
    return start_case(database, "conflict", first(database), {"reason": "两次勘界不一致"}, principal=principal)


def first(database):
    return next(iter(standing(database)))


def test_a_case_is_open_and_says_why(case):
    assert case["status"]["code"] == "open"
    assert (case["reason"], case["coordination"]) == ("两次勘界不一致", None)
    assert case["ground"]["rule"] == "C06"


def test_a_conflict_has_one_case(case, database, principal):
    again = start_case(database, "conflict", first(database), {}, principal=principal)
    assert again["id"] == case["id"]


def test_what_was_said_stays_and_the_last_counts(case, database, principal):
    add_to_case(database, case["id"], {"coordination": "pending", "opinion": "同意"}, principal=principal)
    said = {"coordination": "keep_first", "effective_from": "2027-01-01", "status": "agreed"}
    now = add_to_case(database, case["id"], said, principal=principal)
    assert (now["coordination"]["code"], now["status"]["code"]) == ("keep_first", "agreed")
    assert now["effective_from"] == "2027-01-01"
    assert [each["value"] for each in now["opinions"]] == ["同意"]
    assert len(now["entries"]) == 6


def test_a_case_follows_its_conflict_into_the_next_edition(case, put, database, principal):
    report = put("GH2202", {"B1": field(40)}, name="change.gpkg")
    assert report["conflicts"]["cases"] == {"moved": 1, "lost": 0}
    now = read_case(database, case["id"], principal=principal)
    assert now["ground"]["id"] == first_changed(report)
    assert now["ground"]["iou"] == pytest.approx(50 / 60, abs=1e-3)
    assert now["reason"] == "两次勘界不一致"


def first_changed(report):
    return report["conflicts"]["changed"][0]["id"]


def test_a_case_whose_conflict_is_gone_says_so(case, put, database, principal):
    report = put("GH2202", {"B9": field(3000)}, name="change.gpkg", ended=["B1"])
    assert report["conflicts"]["cases"] == {"moved": 0, "lost": 1}
    assert read_case(database, case["id"], principal=principal)["ground"] is None


def test_cases_are_listed_by_state(case, database, principal):
    assert [each["id"] for each in find_cases(database, principal=principal, status="open")] == [case["id"]]
    add_to_case(database, case["id"], {"status": "closed"}, principal=principal)
    assert find_cases(database, principal=principal, status="open") == []
    assert find_cases(database, principal=principal, subject="difference") == []


@pytest.mark.parametrize(
    "said",
    [{"coordination": "flip a coin"}, {"status": "done"}, {"effective_from": "soon"}, {"reason": " "}, {"mood": "x"}],
    ids=lambda said: next(iter(said)),
)
def test_what_a_field_does_not_take_is_refused(case, database, principal, said):
    with pytest.raises(RefusedOptionError):
        add_to_case(database, case["id"], said, principal=principal)


def test_an_entry_that_says_nothing_is_refused(case, database, principal):
    with pytest.raises(RefusedOptionError, match="Nothing is said"):
        add_to_case(database, case["id"], {}, principal=principal)


def test_who_reads_no_cases_is_not_told_which_there_are(case, database, principal):
    surveyor = Principal(principal.office_id, principal.office, "a", "surveyor")
    for identity in (case["id"], "not-a-case"):
        with pytest.raises(ForbiddenError):
            read_case(database, identity, principal=surveyor)


def test_a_case_of_nothing_is_refused(plans, database, principal):
    with pytest.raises(NotHereError):
        start_case(database, "conflict", 999_999, {}, principal=principal)
    with pytest.raises(NotHereError):
        read_case(database, "not-a-case", principal=principal)


def test_an_auditor_reads_and_does_not_coordinate(case, database, principal):
    auditor = Principal(principal.office_id, principal.office, "a", "auditor")
    assert read_case(database, case["id"], principal=auditor)["id"] == case["id"]
    with pytest.raises(ForbiddenError):
        add_to_case(database, case["id"], {"status": "closed"}, principal=auditor)


def test_where_a_case_lies_is_told_to_who_may_see_both_layers(case, database, principal, monkeypatch):
    auditor = Principal(principal.office_id, principal.office, "a", "auditor")
    told = read_case(database, case["id"], principal=auditor)["ground"]
    assert (told["secret"], told["geometry"]["type"]) == (False, "Polygon")
    monkeypatch.setitem(load_rights()["read_layers"], "auditor", Right(reach="district", kinds=("public",)))
    (listed,) = find_cases(database, principal=auditor)
    for hidden in (listed, read_case(database, case["id"], principal=auditor)):
        assert (hidden["ground"]["secret"], hidden["ground"]["geometry"]) == (True, None)
        assert hidden["ground"]["area_m2"] == told["area_m2"]


def test_cases_come_in_pages(case, database, principal):
    conflicts = list(standing(database))[1:3]
    others = [start_case(database, "conflict", each, {}, principal=principal)["id"] for each in conflicts]
    whole = [each["id"] for each in find_cases(database, principal=principal)]
    assert whole == [*reversed(others), case["id"]]
    assert [each["id"] for each in find_cases(database, principal=principal, most=1)] == whole[:1]
    assert [each["id"] for each in find_cases(database, principal=principal, after=whole[0])] == whole[1:]
