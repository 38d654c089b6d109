"""What is kept outside the database: the key that signs, made once and for its owner alone, and every head."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from registry.errors import HeadError
from registry.ledger.heads import sign_head, verifying_key
from store.seals import keep_head, kept_notes, newest_kept, public_keys, signing_key

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def head(folder, size):
    return sign_head(size, bytes(32), signed_at=NOON, private=signing_key(folder))


def test_a_key_is_made_at_its_first_use_for_its_owner_alone(tmp_path):
    folder = tmp_path / "keys"
    key = signing_key(folder)
    assert (folder / "ledger.pem").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert public_keys(folder) == [verifying_key(key)]
    assert signing_key(folder).private_bytes_raw() == key.private_bytes_raw()


def test_many_who_need_the_first_key_get_one(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(signing_key, [tmp_path / "keys"] * 8))
    assert len({key.private_bytes_raw() for key in made}) == 1
    assert len(public_keys(tmp_path / "keys")) == 1


def test_a_new_key_is_added_to_those_that_signed_before(tmp_path):
    first = verifying_key(signing_key(tmp_path))
    (tmp_path / "ledger.pem").rename(tmp_path / "old.pem")
    second = verifying_key(signing_key(tmp_path))
    assert public_keys(tmp_path) == [first, second]


def test_what_is_no_key_is_refused(tmp_path):
    (tmp_path / "ledger.keys").write_text("luotu\n")
    with pytest.raises(HeadError):
        public_keys(tmp_path)


def test_heads_are_kept_in_order_and_once(tmp_path):
    assert newest_kept(tmp_path) is None
    assert list(kept_notes(tmp_path)) == []
    for size in (3, 8, 5, 8, 40):
        keep_head(tmp_path, head(tmp_path, size))
    assert [size for size, _ in kept_notes(tmp_path)] == [3, 8, 40]
    assert newest_kept(tmp_path) == (40, head(tmp_path, 40).note)


def test_a_line_that_a_crash_cut_is_written_over(tmp_path):
    keep_head(tmp_path, head(tmp_path, 3))
    with (tmp_path / "heads.jsonl").open("ab") as kept:
        kept.write(b'{"size": 7, "no')
    assert newest_kept(tmp_path)[0] == 3
    keep_head(tmp_path, head(tmp_path, 9))
    assert [size for size, _ in kept_notes(tmp_path)] == [3, 9]


def test_a_line_that_is_no_head_is_named(tmp_path):
    for size in range(1, 40):
        keep_head(tmp_path, head(tmp_path, size))
    path = tmp_path / "heads.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"size": 7,', b'{"seize": 7,'))
    with pytest.raises(HeadError, match="Line 7"):
        list(kept_notes(tmp_path))
    assert newest_kept(tmp_path)[0] == 39
