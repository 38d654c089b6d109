"""Signed heads: a note that stands on its own, and that nobody changes unseen."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import HeadError
from registry.ledger.heads import read_head, read_key, sign_head, verifying_key

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
KEY = verifying_key(PRIVATE)
OTHER = verifying_key(Ed25519PrivateKey.from_private_bytes(b"2" * 32))
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
HEAD = sign_head(12_345, bytes(range(32)), signed_at=NOON, private=PRIVATE)


def test_a_head_is_a_note_in_plain_text():
    text, signature = HEAD.note.split("\n\n")
    assert text.splitlines() == [
        "luotu",
        "12345",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "time 2026-11-22T12:00:00.123456Z",
    ]
    assert signature.startswith("— luotu ")
    assert signature.endswith("\n")


def test_a_note_is_read_with_the_key_that_signed_it_among_others():
    assert read_head(HEAD.note, [OTHER, KEY]) == HEAD


@pytest.mark.parametrize("keys", [[], [OTHER]])
def test_a_head_that_no_known_key_signed_is_refused(keys):
    with pytest.raises(HeadError, match="None of the known keys"):
        read_head(HEAD.note, keys)


@pytest.mark.parametrize("change", [str.strip, lambda note: note.replace("\n", "\r\n"), lambda note: f"\n{note}\n\n"])
def test_a_note_that_was_printed_and_typed_again_is_read(change):
    head = read_head(change(HEAD.note), [KEY])
    assert (head.size, head.root, head.signed_at) == (12_345, bytes(range(32)), NOON)


@given(st.integers(0, len(HEAD.note.rstrip()) - 1), st.characters(codec="utf-8"))
def test_a_note_with_any_letter_changed_is_refused(place, letter):
    changed = HEAD.note[:place] + letter + HEAD.note[place + 1 :]
    if changed.replace("\r", "") == HEAD.note:
        return
    with pytest.raises(HeadError):
        read_head(changed, [KEY])


@given(st.text(max_size=200))
def test_any_text_is_a_head_or_refused(text):
    with pytest.raises(HeadError):
        read_head(text, [KEY])


def test_a_key_is_a_line_that_tells_a_mistyped_one():
    line = str(KEY)
    assert read_key(f" {line}\n") == KEY
    assert KEY.id in line
    assert KEY.id != OTHER.id
    for wrong in (line[:-1], line.replace("luotu", "luoto"), line + "A", "", "luotu", "luotu+00000000+!!"):
        with pytest.raises(HeadError):
            read_key(wrong)
