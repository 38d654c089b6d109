"""The order of stages: what may follow what, whatever is entered, and in whatever order it is recorded."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.stages import Entry, check_chain, check_entry, document_kinds, load_stages, next_stages, put_in_order

STAGES = load_stages()
CODES = [stage.code for stage in STAGES]
KNOWN = {stage.code: stage for stage in STAGES}
FIRST = dt.date(2026, 1, 1)
TODAY = dt.date(2027, 1, 1)


def on(day):
    return FIRST + dt.timedelta(days=day)


def life(*stages):
    """Return a life with an entry every ten days."""
    return [Entry(stage=stage, occurred_on=on(10 * i), number=i) for i, stage in enumerate(stages)]


def refusals(entries, stage, day):
    """Return why a stage may not be entered on a day, what it asks for left aside."""
    faults = check_entry(entries, Entry(stage=stage, occurred_on=on(day)), stages=STAGES, today=TODAY)
    return [fault.kind for fault in faults if fault.kind.startswith("stage_")]


PERMITTED = ("design", "planning_permit", "construction_permit")
BUILT = (*PERMITTED, "setting_out", "completion_survey", "acceptance")

randomly = st.lists(st.tuples(st.sampled_from(CODES), st.integers(0, 60), st.booleans()), max_size=14)


@given(randomly)
def test_whatever_is_tried_what_was_accepted_keeps_the_order(tries):
    accepted = []
    for number, (stage, day, at_latest) in enumerate(tries):
        wanted = Entry(stage=stage, occurred_on=on(day), at_latest=at_latest and KNOWN[stage].by_upload)
        if not [f for f in check_entry(accepted, wanted, stages=STAGES, today=TODAY) if f.kind.startswith("stage_")]:
            accepted.append(replace(wanted, number=number))
    assert check_chain(accepted, STAGES) == []
    ordered = [entry.stage for entry in put_in_order(accepted, STAGES)]
    assert "demolition" not in ordered[:-1]
    for place, stage in enumerate(ordered):
        earlier = set(ordered[:place])
        if stage not in {"design", "demolition"} and place:
            assert earlier & set(KNOWN[stage].after)
        if stage == "acceptance":
            assert "completion_survey" in earlier
        if stage == "registration" and "registration" not in earlier:
            assert not place or "acceptance" in earlier


@given(st.lists(st.integers(0, 9), max_size=25))
def test_a_life_that_takes_what_may_come_next_breaks_nothing(choices):
    entries = []
    for number, choice in enumerate(choices):
        may = next_stages(entries, STAGES)
        if not may:
            assert entries[-1].stage == "demolition"
            break
        entries.append(Entry(stage=may[choice % len(may)].code, occurred_on=on(number), number=number))
        assert check_chain(entries, STAGES) == []


@given(randomly)
def test_what_may_come_next_is_what_a_later_day_may_enter(tries):
    entries = [Entry(stage=stage, occurred_on=on(day), number=i) for i, (stage, day, _) in enumerate(tries)]
    kept = [entry for entry in entries if entry not in dict(check_chain(entries, STAGES))]
    while check_chain(kept, STAGES):
        kept.remove(check_chain(kept, STAGES)[0][0])
    may = {stage.code for stage in next_stages(kept, STAGES)}
    assert may == {code for code in CODES if not refusals(kept, code, 100)}


@given(st.permutations(range(6)))
def test_the_order_of_recording_does_not_matter_where_the_days_tell(numbers):
    entries = [replace(entry, number=number) for entry, number in zip(life(*BUILT), numbers, strict=True)]
    assert [entry.stage for entry in put_in_order(entries, STAGES)] == list(BUILT)
    assert check_chain(entries, STAGES) == []


def test_the_life_of_the_book_is_in_order():
    whole = (*BUILT, "presale", "transaction", "registration", "demolition")
    for place, stage in enumerate(whole):
        assert refusals(life(*whole[:place]), stage, 10 * place) == []


@pytest.mark.parametrize(
    ("entered", "stage", "why"),
    [
        ((), "planning_permit", "stage_too_early"),
        (("design",), "construction_permit", "stage_too_early"),
        (PERMITTED, "acceptance", "stage_too_early"),
        (("completion_survey",), "presale", "stage_too_early"),
        ((*PERMITTED, "completion_survey"), "setting_out", "stage_too_late"),
        ((*PERMITTED, "completion_survey"), "planning_permit", "stage_too_late"),
        ((*BUILT, "registration"), "presale", "stage_too_late"),
        ((*BUILT, "demolition"), "registration", "stage_after_end"),
        (("demolition",), "demolition", "stage_after_end"),
    ],
)
def test_a_stage_out_of_its_order_is_refused(entered, stage, why):
    assert refusals(life(*entered), stage, 300) == [why]


def test_an_existing_building_begins_with_its_survey_or_its_registration():
    assert [stage.code for stage in next_stages([], STAGES)] == [
        "design",
        "completion_survey",
        "registration",
        "demolition",
    ]
    assert refusals(life("completion_survey"), "acceptance", 20) == []
    assert refusals(life("registration"), "transaction", 20) == []


def test_stages_may_be_skipped_where_the_list_says_so():
    assert refusals(life(*PERMITTED), "completion_survey", 40) == []
    assert refusals(life("design", "planning_permit"), "setting_out", 40) == []


def test_a_house_is_presold_in_parts_before_and_after_it_is_built():
    assert refusals(life(*PERMITTED, "presale", "presale", "completion_survey", "acceptance"), "presale", 90) == []


def test_a_new_design_opens_the_way_for_an_extension():
    built = life(*BUILT, "registration")
    assert refusals(built, "planning_permit", 90) == ["stage_too_late"]
    extended = life(*BUILT, "registration", "design")
    assert refusals(extended, "planning_permit", 90) == []
    assert refusals(life(*BUILT, "registration", "design", "planning_permit"), "setting_out", 100) == []


def test_an_entry_of_an_earlier_day_finds_its_place():
    known = life("design", "planning_permit", "construction_permit")
    assert refusals(known, "setting_out", 15) == []
    assert refusals(known, "construction_permit", 5) == ["stage_too_early"]


def test_an_entry_that_would_break_a_later_one_is_refused():
    known = life("design", "planning_permit", "construction_permit", "setting_out")
    faults = check_entry(known, Entry(stage="completion_survey", occurred_on=on(25)), stages=STAGES, today=TODAY)
    assert faults[0].kind == "stage_breaks"
    assert "“Setting-out”" in faults[0].text.en
    assert "竣工测量" in faults[0].text.zh


def test_a_design_that_was_uploaded_is_known_to_be_no_later():
    uploaded = Entry(stage="design", occurred_on=on(100), number=0, at_latest=True)
    assert refusals([uploaded], "planning_permit", 20) == []
    assert refusals([replace(uploaded, at_latest=False)], "planning_permit", 20) == ["stage_too_early"]
    earlier = life("registration")
    assert put_in_order([*earlier, replace(uploaded, number=1)], STAGES)[-1].stage == "design"


def test_no_stage_was_entered_tomorrow():
    assert refusals([], "design", 366) == ["stage_in_future"]


def entry(**changes):
    whole = {"height_m": 18.0, "drawn_at": "completion_survey", "documents": ("survey_report",)}
    return Entry(stage="completion_survey", occurred_on=on(1), **{**whole, **changes})


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        ({"height_m": None}, ["height_missing"]),
        ({"drawn_at": "design"}, ["geometry_missing"]),
        ({"drawn_at": None}, ["geometry_missing"]),
        ({"documents": ("contract",)}, ["document_missing"]),
    ],
)
def test_what_is_missing_is_named(changes, kinds):
    assert [fault.kind for fault in check_entry([], entry(**changes), stages=STAGES, today=TODAY)] == kinds


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage.certificate], ids=lambda stage: stage.code)
def test_a_certificates_number_is_of_its_form(stage):
    wanted = Entry(stage=stage.code, occurred_on=FIRST, certificate=stage.certificate.example)

    def faults(changed):
        return {fault.kind for fault in check_entry([], changed, stages=STAGES, today=TODAY)}

    assert not {"certificate_form", "certificate_missing"} & faults(wanted)
    assert "certificate_form" in faults(replace(wanted, certificate="?"))
    missing = "certificate_missing" in faults(replace(wanted, certificate=None))
    assert missing == stage.certificate.required


def test_what_stages_name_is_there():
    for stage in STAGES:
        assert {*stage.after, *stage.closed_by} <= set(CODES)
        assert set(stage.documents) <= document_kinds().keys()
        assert all(stage.name)
        assert stage.basis
