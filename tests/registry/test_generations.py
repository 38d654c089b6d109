"""Generations: which of the buildings on the same ground."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocode import BuildingCode, parse
from geocode.alphabet import ALPHABET
from registry.generations import issue_codes

FIRST = parse("4E7U5-CKJ2W-F0J")
SECOND = BuildingCode(FIRST.number, FIRST.size_class + 1)

drawn_codes = st.lists(st.sampled_from([FIRST, SECOND]), max_size=40)
taken_generations = st.dictionaries(st.sampled_from([FIRST.ground, SECOND.ground]), st.integers(0, 30))


def generations(codes):
    return [None if code is None else code.generation for code in codes]


def test_the_first_building_on_its_ground_keeps_the_code_as_drawn():
    assert issue_codes([FIRST], {}) == [FIRST]


def test_the_next_building_is_the_next_generation():
    assert generations(issue_codes([FIRST], {FIRST.ground: 4})) == [5]


def test_generations_are_issued_in_order_on_each_ground():
    assert generations(issue_codes([FIRST, SECOND, FIRST, FIRST, SECOND], {SECOND.ground: 1})) == [0, 2, 1, 2, 3]


def test_another_size_class_is_another_ground():
    assert generations(issue_codes([SECOND], {FIRST.ground: 30})) == [0]


@pytest.mark.parametrize("count", [31, 32, 40])
def test_all_31_generations_are_issued_and_no_more(count):
    issued = issue_codes([FIRST] * count, {})
    assert generations(issued) == [*range(31), *[None] * (count - 31)]
    assert [str(code)[-2] for code in issued[:31]] == list(ALPHABET)


@given(drawn_codes, taken_generations)
def test_a_code_is_issued_once(drawn, taken):
    issued = [code for code in issue_codes(drawn, taken) if code is not None]
    assert len(set(issued)) == len(issued)
    assert all(code.generation > taken.get(code.ground, -1) for code in issued)


@given(drawn_codes, taken_generations)
def test_a_code_says_where_it_was_drawn(drawn, taken):
    for code, issued in zip(drawn, issue_codes(drawn, taken), strict=True):
        assert issued is None or issued.ground == code.ground


@given(drawn_codes, taken_generations, st.integers(0, 40))
def test_two_deliveries_are_issued_what_one_would_be(drawn, taken, cut):
    head = issue_codes(drawn[:cut], taken)
    latest = dict(taken)
    for code in head:
        if code is not None:
            latest[code.ground] = code.generation
    assert head + issue_codes(drawn[cut:], latest) == issue_codes(drawn, taken)


def test_what_is_taken_is_left_as_it_was():
    taken = {FIRST.ground: 2}
    issue_codes([FIRST], taken)
    assert taken == {FIRST.ground: 2}
