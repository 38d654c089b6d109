"""Whatever a file holds, what is kept of it is JSON."""

import datetime as dt
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.json_values import json_value
from layers.strict_json import JsonError, find_repeated_key, parse, repeated_key

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.just(pd.NA)
    | st.just(pd.NaT)
    | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=6,
)


@given(ANYTHING)
def test_anything_becomes_json_that_a_database_takes(value):
    text = json.dumps(json_value(value), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()


@given(ANYTHING)
def test_what_is_json_already_stays_as_it_is(value):
    once = json_value(value)
    assert json_value(once) == once


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.bool_(True), True),
        (np.datetime64("2024-01-31"), "2024-01-31"),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (pd.Timestamp("2024-01-31 08:00"), "2024-01-31T08:00:00"),
        (math.inf, None),
        (b"\xff", "/w=="),
        ({1: (2, 3)}, {"1": [2, 3]}),
    ],
)
def test_values_of_libraries_become_plain_ones(value, expected):
    assert json_value(value) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_is_read_as_python_reads_it(value):
    parsed = parse(f" {json.dumps(value)} rest")
    assert (parsed.value, parsed.rest, parsed.repeats) == (value, " rest", False)


@given(st.text())
def test_any_text_is_json_or_an_error_that_says_so(text):
    try:
        value = parse(text).value
    except JsonError as error:
        value = str(error)
    assert value is not text


def test_a_key_that_stands_twice_is_found_at_any_depth():
    parsed = parse('{"a": [1, {"b": {"c": 1, "d": 2, "c": 3}}]}')
    assert parsed.repeats
    assert find_repeated_key(parsed.value) == "c"
    assert repeated_key(parsed.value) is None
    assert parsed.value["a"][1]["b"] == {"c": 3, "d": 2}
