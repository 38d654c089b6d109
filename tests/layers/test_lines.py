"""Lines of text out of a stream."""

import io

from hypothesis import given
from hypothesis import strategies as st

from layers.lines import LONGEST_LINE, iter_lines


def lines_of(data: bytes) -> list[str]:
    return [line for lines in iter_lines(io.BufferedReader(io.BytesIO(data), 16)) for line in lines]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufeff"), max_size=30)))
def test_every_line_that_is_not_empty_comes_once_and_in_order(texts):
    assert lines_of("\n".join(texts).encode()) == [text for text in texts if text]
    assert lines_of("\r\n".join([*texts, ""]).encode()) == [text for text in texts if text]


def test_the_mark_before_the_first_line_and_blanks_at_the_ends_are_dropped():
    assert lines_of("\ufeff  a b \t\n\n \n c".encode()) == ["a b", "c"]


def test_bytes_that_are_no_utf_8_cost_their_line_alone():
    assert lines_of(b"a\n\xff\xfe\nb") == ["a", "\ufffd\ufffd", "b"]


def test_a_line_without_end_is_cut():
    first, second = lines_of("名".encode() * 10**6 + b"\nshort")
    assert first == "名" * LONGEST_LINE
    assert second == "short"
