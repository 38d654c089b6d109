"""Deadlines: due when, reminded from when, late since when."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deadlines import Calendar, Deadline, Term, find_due, load_deadlines
from registry.stages import Entry, load_stages

STAGES, DEADLINES = load_stages(), load_deadlines()
D = dt.date
days = st.dates(D(2020, 1, 1), D(2030, 12, 31))
terms = st.one_of(
    st.builds(lambda n: Term(days=n), st.integers(1, 400)),
    st.builds(lambda n: Term(working_days=n), st.integers(1, 200)),
    st.builds(lambda n: Term(months=n), st.integers(1, 36)),
)
CALENDAR = Calendar(
    holidays=frozenset(D(2026, 10, day) for day in range(1, 8)), workdays=frozenset({D(2026, 9, 27), D(2026, 10, 10)})
)


def due(entries, day, worked=None):
    found = find_due(entries, DEADLINES, STAGES, day=day, worked=worked)
    return [(each.deadline.id, each.state, each.due_on) for each in found]


@pytest.mark.parametrize(
    ("term", "start", "end"),
    [
        (Term(days=15), D(2026, 3, 2), D(2026, 3, 17)),
        (Term(days=5), D(2026, 3, 2), D(2026, 3, 9)),  # a Saturday goes on to Monday
        (Term(working_days=5), D(2026, 3, 2), D(2026, 3, 9)),
        (Term(working_days=1), D(2026, 3, 6), D(2026, 3, 9)),
        (Term(months=3), D(2026, 2, 2), D(2026, 5, 4)),
        (Term(months=1), D(2026, 1, 31), D(2026, 3, 2)),  # 28 February 2026 is a Saturday
        (Term(months=12), D(2024, 2, 29), D(2025, 2, 28)),
        (Term(months=6), D(2026, 8, 31), D(2027, 3, 1)),
    ],
)
def test_a_term_ends_as_the_civil_code_counts(term, start, end):
    assert term.ends(start, Calendar()) == end


@pytest.mark.parametrize(
    ("term", "start", "end"),
    [
        (Term(days=3), D(2026, 9, 28), D(2026, 10, 8)),  # into the holiday of the week
        (Term(working_days=3), D(2026, 9, 29), D(2026, 10, 9)),
        (Term(working_days=4), D(2026, 9, 29), D(2026, 10, 10)),  # a Saturday that is worked
        (Term(days=1), D(2026, 9, 26), D(2026, 9, 27)),
    ],
)
def test_a_citys_days_of_rest_and_of_work_are_its_own(term, start, end):
    assert term.ends(start, CALENDAR) == end


@given(terms, days, st.integers(0, 30))
def test_a_later_start_ends_no_earlier_and_always_on_a_day_of_work(term, day, later):
    end = term.ends(day, CALENDAR)
    assert CALENDAR.is_worked(end)
    assert end > day
    assert end <= term.ends(day + dt.timedelta(days=later), CALENDAR)
    assert (end - day).days >= term.shortest_days


@given(terms, days, st.integers(0, 90), st.integers(-60, 500))
def test_what_is_in_sight_is_among_what_the_register_is_asked_for(term, start, remind_days, later):
    deadline = Deadline(id="x", name=("x", "x"), start="design", until=(), within=term, remind_days=remind_days)
    day = start + dt.timedelta(days=max(0, later))
    entry = Entry(stage="design", occurred_on=start)
    (found,) = find_due([entry], [deadline], STAGES, day=day, worked=CALENDAR)
    if found.state != "due":
        assert start <= deadline.latest_start(day)
    late = day > found.due_on
    assert (found.state == "yellow") == late == (found.overdue_days > 0)


PERMITTED = [
    Entry(stage="design", occurred_on=D(2026, 1, 1), number=0),
    Entry(stage="planning_permit", occurred_on=D(2026, 1, 5), number=1),
    Entry(stage="construction_permit", occurred_on=D(2026, 2, 2), number=2),
]


def test_a_permit_is_due_then_reminded_of_then_late():
    assert due(PERMITTED, D(2026, 2, 2)) == [("T02", "due", D(2026, 5, 4))]
    assert due(PERMITTED, D(2026, 4, 18)) == [("T02", "due", D(2026, 5, 4))]
    assert due(PERMITTED, D(2026, 4, 19)) == [("T02", "reminder", D(2026, 5, 4))]
    assert due(PERMITTED, D(2026, 5, 4)) == [("T02", "reminder", D(2026, 5, 4))]
    assert due(PERMITTED, D(2026, 5, 5)) == [("T02", "yellow", D(2026, 5, 4))]


def test_nothing_is_due_on_a_day_before_the_stage():
    assert due(PERMITTED, D(2026, 1, 4)) == []


def test_the_stage_that_was_waited_for_ends_it_and_a_renewed_permit_begins_it_anew():
    begun = [*PERMITTED, Entry(stage="setting_out", occurred_on=D(2026, 3, 1), number=3)]
    assert due(begun, D(2026, 12, 1)) == []
    renewed = [*begun, Entry(stage="construction_permit", occurred_on=D(2026, 4, 1), number=4)]
    assert due(renewed, D(2026, 12, 1)) == [("T02", "yellow", D(2026, 7, 1))]


def test_an_acceptance_waits_for_the_number_of_its_filing():
    built = [
        Entry(stage="completion_survey", occurred_on=D(2026, 1, 5), number=0),
        Entry(stage="acceptance", occurred_on=D(2026, 1, 12), number=1),
    ]
    assert [each[0] for each in due(built, D(2026, 1, 20))] == ["T03", "T06", "T04"]
    papers = {"certificate": "吉验备2026-0123", "documents": ("as_built_drawing",)}
    filed = [*built, Entry(stage="acceptance", occurred_on=D(2026, 1, 20), number=2, **papers)]
    assert [each[0] for each in due(filed, D(2026, 1, 21))] == ["T06"]
    at_once = [built[0], Entry(stage="acceptance", occurred_on=D(2026, 1, 12), number=1, **papers)]
    assert [each[0] for each in due(at_once, D(2026, 1, 21))] == ["T06"]


def test_of_a_demolished_building_only_its_deregistration_is_due():
    gone = [*PERMITTED, Entry(stage="demolition", occurred_on=D(2026, 3, 2), number=3)]
    assert [each[0] for each in due(gone, D(2026, 3, 2))] == ["T07"]


def test_every_deadline_says_why_and_how_sure_it_is():
    assert len({deadline.id for deadline in DEADLINES}) == len(DEADLINES)
    for deadline in DEADLINES:
        assert deadline.basis
        assert all((*deadline.name, *deadline.note))
        assert deadline.confidence != "confirmed" or all(basis.article for basis in deadline.basis)
