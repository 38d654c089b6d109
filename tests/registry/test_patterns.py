"""Patterns that no text can make slow."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import AliasError, SchemeFileError
from registry.patterns import LONGEST, PatternForm, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d{6}", "440306"),
        ("[A-Z0-9]{3}-?[^0-9]", "A1B-X"),
        (r"(?P<a>[A-F])(?:1|2|31)\.(\w+)", "B31.X_9"),
        ("号楼[一二三]?", "号楼二"),
        (r"\S.{0,63}", "东区 3 号"),
        (r"[\d\-.]{3,}", "1-.2"),
        ("[A-Z]*", ""),
    ],
)
def test_patterns_that_codes_need_are_taken(pattern, text):
    assert compile_pattern(pattern).fullmatch(text)


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("([0-9]+)+X", 9),
        ("([0-9]|[0-9][0-9])*X", 19),
        ("(?:A?){64}", 7),
        (r"(A)\1", 4),
        ("(?=.*A)B", 2),
        ("(?i)a", 2),
        ("^A$", 1),
        ("A{1000}", 2),
        ("A++", 3),
        ("[[:digit:]]", 1),
        ("[A", 1),
        ("[Z-A]", 2),
        ("(A", 1),
        ("A)", 2),
        (r"\q", 1),
        ("(?P<a>A)(?P<a>B)", 13),
        ("(" * 300, 201),
    ],
)
def test_what_could_be_slow_or_is_no_expression_is_refused_at_its_place(pattern, position):
    with pytest.raises(SchemeFileError, match=f"at character {position}\\.") as caught:
        compile_pattern(pattern)
    assert caught.value.fault.kind == "scheme_pattern"


@pytest.mark.parametrize("pattern", ["A*A*A*B", "[0-9]+" * 3, ".{0,63}.{0,63}.{0,9}", "(A|B)" * 14])
def test_a_pattern_by_which_a_text_can_be_read_in_too_many_ways_is_refused(pattern):
    with pytest.raises(SchemeFileError) as caught:
        compile_pattern(pattern)
    assert caught.value.fault.kind == "scheme_slow"


def test_the_worst_text_for_the_worst_pattern_is_read_at_once():
    form = PatternForm(compile_pattern("A*A*[AB]?X"))
    with pytest.raises(AliasError):
        form.parse("A" * LONGEST)
    with pytest.raises(AliasError, match="has 1000000 characters; at most 64"):
        form.parse("A" * 1_000_000)


@given(st.text("AB09ab()[]{}|?*+\\.^$-:<>P,=!~&d\n一", max_size=40))
def test_any_text_is_a_pattern_that_re_understands_or_is_refused(text):
    with suppress(SchemeFileError):
        assert compile_pattern(text) == re.compile(text, re.ASCII)


def test_digits_are_those_of_ascii():
    assert not compile_pattern(r"\d").fullmatch("१")
