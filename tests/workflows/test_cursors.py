"""Cursors: given back as they were given out, and anything else is none."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.cursors import Cursor, read_cursor, write_cursor

KEYS = st.none() | st.integers(0, 2**63 - 1) | st.uuids().map(str)
COUNTS = st.integers(0, 2**63 - 1)


@given(st.builds(Cursor, KEYS, KEYS, COUNTS, st.none() | COUNTS))
def test_a_cursor_comes_back_as_it_was_given_out(cursor):
    text = write_cursor(cursor)
    assert read_cursor(text) == cursor
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=600))
def test_any_text_is_a_cursor_or_none(text):
    assert read_cursor(text) is None or write_cursor(read_cursor(text))


@pytest.mark.parametrize(
    "told", [(1.5, None, 0, None), (True, None, 0, None), (None, None, -1, None), (None, None, 0, -1)]
)
def test_what_no_page_begins_at_is_none(told):
    assert read_cursor(write_cursor(Cursor(*told))) is None


def test_a_cursor_is_short_enough_for_any_link():
    assert len(write_cursor(Cursor(after=str(uuid4()), offset=2**63 - 1, matched=2**63 - 1))) < 200
