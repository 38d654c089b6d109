"""Filters: CQL2 on attributes, where a missing attribute is neither true nor false."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint import FilterError, compile_filter
from blueprint.filters import MAX_BYTES, MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "attributes", "expected"),
    [
        ("YDYHFLDM LIKE '07%'", {"YDYHFLDM": "0701"}, True),
        ("YDYHFLDM LIKE '07%'", {"YDYHFLDM": "1001"}, False),
        ("YDYHFLDM LIKE '07%'", {"YDYHFLDM": None}, None),
        ("YDYHFLDM LIKE '07%'", {}, None),
        ("YDYHFLDM LIKE '_7[%'", {"YDYHFLDM": "07[1"}, True),
        ("YDYHFLDM NOT LIKE '07%'", {"YDYHFLDM": "0701"}, False),
        ("YDYHFLDM NOT LIKE '07%'", {}, None),
        ("YDYHFLDM >= '07' AND YDYHFLDM < '17'", {"YDYHFLDM": "1699"}, True),
        ("YDYHFLDM >= '07' AND YDYHFLDM < '17'", {"YDYHFLDM": "17"}, False),
        ("GXZT NOT IN ('已销案', '销案')", {"GXZT": "未销案"}, True),
        ("GXZT NOT IN ('已销案', '销案')", {"GXZT": None}, None),
        ("GXZT IS NULL OR GXZT NOT IN ('已销案')", {"GXZT": None}, True),
        ("GXZT IS NULL OR GXZT NOT IN ('已销案')", {"GXZT": "已销案"}, False),
        ("a IS NOT NULL", {"a": float("nan")}, False),
        ("a = 1", {"a": 1}, True),
        ("a = 1", {"a": 1.5}, False),
        ("a = 1", {"a": "1"}, None),
        ("a = 1", {"a": True}, None),
        ("a BETWEEN 1 AND 3", {"a": 3}, True),
        ("a BETWEEN 1 AND 3", {"a": 4}, False),
        ("a BETWEEN 1 AND 3", {"a": None}, None),
        ("built = true", {"built": True}, True),
        ("built", {"built": False}, False),
        ("NOT built", {"built": False}, True),
        ("NOT built", {"built": None}, None),
        ("a = 1 AND b = 2", {"a": 0}, False),
        ("a = 1 AND b = 2", {"a": 1}, None),
        ("a = 1 OR b = 2", {"a": 1}, True),
        ("a = 1 OR b = 2", {"a": 0}, None),
        ('"建筑高度" > 24', {"建筑高度": 33.6}, True),
        ("a <> 'x''y'", {"a": "x'y"}, False),
    ],
)
def test_a_filter_says_yes_no_or_that_it_cannot_know(text, attributes, expected):
    assert compile_filter(text).matches(attributes) is expected


def test_a_filter_knows_what_it_reads():
    assert compile_filter("a = 1 OR NOT (b LIKE 'x%' AND c IS NULL)").properties == {"a", "b", "c"}


def test_filters_with_the_same_text_are_the_same():
    assert compile_filter("a = 1") == compile_filter("a = 1")
    assert compile_filter("a = 1") != compile_filter("a = 2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a = ",
        "pg_sleep(10) = 1",
        "S_INTERSECTS(geom, POINT(0 0))",
        "a > DATE('2020-01-01')",
        "a + 1 = 2",
        "a LIKE b",
        "casei(a) = casei('x')",
    ],
)
def test_what_a_filter_may_not_use_is_refused(text):
    with pytest.raises(FilterError):
        compile_filter(text)


def test_a_property_outside_the_white_list_is_refused():
    assert compile_filter("a = 1", properties=["a"])
    with pytest.raises(FilterError, match=r"\['b'\]"):
        compile_filter("a = 1 AND b = 2", properties=["a"])


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "a = 1" + ")" * 100_000,
        "(" * (MAX_DEPTH + 1) + "a = 1" + ")" * (MAX_DEPTH + 1),
        "NOT " * (MAX_DEPTH + 1) + "a = 1",
        "a = " + "-" * 4_000 + "1",
        "a = '" + "x" * MAX_BYTES + "'",
        "a = '" + "农" * (MAX_BYTES // 3) + "'",
    ],
    ids=["brackets", "too deep", "too many NOT", "too many signs", "too long", "too many bytes"],
)
def test_a_filter_beyond_the_limits_is_refused(text):
    with pytest.raises(FilterError, match="than"):
        compile_filter(text)


def test_brackets_inside_a_text_are_no_depth():
    assert compile_filter(f"a = '{'(' * 50}'").matches({"a": "(" * 50}) is True


def test_a_pattern_of_many_wildcards_is_quick():
    started = time.perf_counter()
    assert compile_filter(f"a LIKE '{'%a' * 60}%b'").matches({"a": "a" * 5000}) is False
    assert time.perf_counter() - started < 5


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_filter_error(text):
    with suppress(FilterError):
        assert compile_filter(text).matches({}) in {True, False, None}


@given(st.text(alphabet="ab%_[]*?", max_size=12), st.text(alphabet="ab[]*?\n", max_size=12))
def test_like_knows_two_wildcards_and_no_others(pattern, value):
    def fits(p, v):
        if not p:
            return not v
        if p[0] == "%":
            return any(fits(p[1:], v[i:]) for i in range(len(v) + 1))
        return bool(v) and p[0] in {v[0], "_"} and fits(p[1:], v[1:])

    assert compile_filter(f"a LIKE '{pattern}'").matches({"a": value}) is fits(pattern, value)
