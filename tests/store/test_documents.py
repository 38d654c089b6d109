"""Documents: the bytes as delivered, once, whole, and where no name can lead."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from store.documents import add_document, document_path, keep_bytes

BYTES = b"footprints" * 10_000
HASH = sha256(BYTES).hexdigest()


@pytest.fixture
def delivered(tmp_path):
    source = tmp_path / "survey 测量.zip"
    source.write_bytes(BYTES)
    return source


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "documents"


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_bytes_are_kept_as_delivered_and_named_by_their_hash(delivered, folder):
    keep_bytes(folder, delivered, HASH)
    kept = document_path(folder, HASH)
    assert kept == folder / HASH[:2] / HASH
    assert kept.read_bytes() == BYTES
    assert delivered.exists()


def test_the_same_bytes_are_kept_once(delivered, folder):
    keep_bytes(folder, delivered, HASH)
    before = document_path(folder, HASH).stat()
    keep_bytes(folder, delivered, HASH)
    after = document_path(folder, HASH).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(files(folder)) == 1


def test_many_may_keep_the_same_bytes_at_once(delivered, folder):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep_bytes(folder, delivered, HASH), range(16)))
    assert files(folder) == [document_path(folder, HASH)]
    assert document_path(folder, HASH).read_bytes() == BYTES


@pytest.mark.parametrize("step", [(shutil, "copyfileobj"), (os, "fsync")], ids=["copy", "fsync"])
def test_a_copy_that_fails_leaves_nothing_behind(delivered, folder, monkeypatch, step):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*step, fail)
    with pytest.raises(OSError, match="No space left"):
        keep_bytes(folder, delivered, HASH)
    assert files(folder) == []


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "/etc/passwd", HASH.upper(), HASH[:-1], HASH + "\n", "a/" + HASH]
)
def test_nothing_but_a_hash_is_a_name(folder, delivered, name):
    with pytest.raises(ValueError, match="is no SHA-256"):
        document_path(folder, name)
    with pytest.raises(ValueError, match="is no SHA-256"):
        keep_bytes(folder, delivered, name)
    assert not folder.exists()


def test_an_office_has_a_document_once(connection, desk, other_desk):
    def add(office_id, *, name="a.zip"):
        return add_document(connection, office_id=office_id, sha256=HASH, name=name, size_bytes=len(BYTES))

    mine = add(desk.office_id)
    assert add(desk.office_id, name="the same under another name.zip") == mine
    assert add(other_desk.office_id) != mine
