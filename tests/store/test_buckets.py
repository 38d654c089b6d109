"""Documents in a bucket: put whole, read only as they were, and by the same functions as those in a folder."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geocode import Text
from store.buckets import Bucket, open_bucket
from store.documents import copy_document, document_path, has_document, keep_bytes, open_document, waiting_bytes
from store.errors import BucketError, DamagedDocumentError

obstore = pytest.importorskip("obstore", reason="the extra s3 is not installed")
from obstore.store import LocalStore, MemoryStore, S3Store  # noqa: E402

BYTES = b"footprints" * 700_000  # more than a part of several
HASH = hashlib.sha256(BYTES).hexdigest()
KEY = f"{HASH[:2]}/{HASH}"


@pytest.fixture
def delivered(tmp_path):
    path = tmp_path / "survey 测量.zip"
    path.write_bytes(BYTES)
    return path


@pytest.fixture(params=["memory", "disk"])
def bucket(request, tmp_path):
    """Return a bucket, in memory and on a disk: the same code as for S3 behind either."""
    if request.param == "memory":
        return Bucket("memory:///", MemoryStore(), tmp_path / "recent")
    place = tmp_path / "bucket"
    place.mkdir()
    return open_bucket(place.as_uri(), tmp_path / "recent")


def damage(bucket, content=BYTES[:-1]):
    obstore.put(bucket.store, KEY, content)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_bytes_are_kept_under_their_hash_and_read_as_they_came(bucket, delivered):
    keep_bytes(bucket, delivered, HASH)
    assert bytes(obstore.get(bucket.store, KEY).bytes()) == BYTES
    with open_document(bucket, HASH) as stream:
        assert stream.read() == BYTES
    assert document_path(bucket, HASH).read_bytes() == BYTES
    assert has_document(bucket, HASH)


def test_the_same_bytes_are_put_once_and_what_lacks_its_end_is_put_again(bucket, delivered):
    keep_bytes(bucket, delivered, HASH)
    first = obstore.head(bucket.store, KEY)["last_modified"]
    keep_bytes(bucket, delivered, HASH)
    assert obstore.head(bucket.store, KEY)["last_modified"] == first
    damage(bucket)
    keep_bytes(bucket, delivered, HASH)
    assert has_document(bucket, HASH)


@pytest.mark.parametrize("content", [BYTES[:-1], BYTES[:-1] + b"!", b""], ids=["cut", "changed", "empty"])
def test_bytes_that_are_no_longer_those_are_given_to_nobody(bucket, delivered, tmp_path, content):
    keep_bytes(bucket, delivered, HASH)
    damage(bucket, content)
    found = hashlib.sha256(content).hexdigest()
    for read in (open_document, document_path, lambda *asked: copy_document(*asked, tmp_path / "pool")):
        with pytest.raises(DamagedDocumentError) as error:
            read(bucket, HASH)
        assert error.value.found == found
    assert not has_document(bucket, HASH)
    assert files(bucket.recent) == files(tmp_path / "pool") == []


def test_bytes_that_are_not_there_are_damaged_and_no_fault_of_the_bucket(bucket):
    with pytest.raises(DamagedDocumentError) as error:
        open_document(bucket, HASH)
    assert error.value.found is None
    assert not has_document(bucket, HASH)


def test_a_file_that_was_damaged_on_this_machine_is_not_given_out_either(bucket, delivered):
    keep_bytes(bucket, delivered, HASH)
    document_path(bucket, HASH).write_bytes(b"other")
    with pytest.raises(DamagedDocumentError):
        open_document(bucket, HASH)


def test_what_nobody_read_for_a_week_leaves_this_machine_and_what_waits_stays(bucket, delivered):
    keep_bytes(bucket, delivered, HASH)
    other = delivered.with_name("other")
    other.write_bytes(b"other")
    keep_bytes(bucket, other, hashlib.sha256(b"other").hexdigest())
    keep_bytes(waiting_bytes(bucket), other, hashlib.sha256(b"other").hexdigest())
    old = document_path(bucket, HASH)
    (waiting,) = files(waiting_bytes(bucket))
    for path in (old, waiting):
        os.utime(path, (time.time() - 8 * 86_400,) * 2)
    document_path(bucket, hashlib.sha256(b"other").hexdigest())
    assert not old.exists()
    assert waiting.exists()
    assert document_path(bucket, HASH) == old


@pytest.mark.parametrize("name", ["", "../../etc/passwd", HASH.upper(), "a/" + HASH])
def test_nothing_but_a_hash_is_a_name_in_a_bucket(bucket, delivered, name):
    for attempt in (lambda: keep_bytes(bucket, delivered, name), lambda: document_path(bucket, name)):
        with pytest.raises(ValueError, match="is no SHA-256"):
            attempt()


def test_a_bucket_that_is_away_is_told_with_its_address_and_nothing_is_acknowledged(tmp_path, delivered):
    away = S3Store(
        "documents", endpoint="http://127.0.0.1:1", region="here", access_key_id="who", secret_access_key="secret word",
        client_options={"allow_http": True}, retry_config={"max_retries": 0},
    )  # fmt: skip
    bucket = Bucket("s3://documents", away, tmp_path / "recent")
    for attempt in (lambda: keep_bytes(bucket, delivered, HASH), lambda: open_document(bucket, HASH)):
        with pytest.raises(BucketError, match="The documents in s3://documents cannot be used") as error:
            attempt()
        assert isinstance(error.value.text, Text)
        assert "secret word" not in str(error.value)
    assert files(bucket.recent) == []


@pytest.mark.parametrize("address", ["nonsense", "s4://x/y", "file:///nowhere/at/all"])
def test_an_address_that_is_none_is_told(tmp_path, address):
    with pytest.raises(BucketError, match=f"The documents in {address} cannot be used"):
        open_bucket(address, tmp_path)


def test_without_the_extra_it_is_said_how_to_install_it():
    told = (
        "import sys; sys.modules['obstore'] = None; sys.modules['obstore.store'] = None\n"
        "from store.buckets import open_bucket; from store.errors import BucketError; from pathlib import Path\n"
        "try: open_bucket('s3://documents', Path('x'))\n"
        "except BucketError as error: print(error)"
    )
    root = Path(__file__).resolve().parents[2]
    answer = subprocess.run([sys.executable, "-c", told], cwd=root, capture_output=True, text=True, check=True).stdout
    assert "pip install luotu[s3]" in answer


def test_a_store_on_a_disk_leaves_no_half_file_when_the_source_breaks_off(tmp_path, delivered):
    place = tmp_path / "bucket"
    place.mkdir()
    bucket = Bucket("file", LocalStore(place), tmp_path / "recent")

    def broken():
        yield BYTES[:100_000]
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        obstore.put(bucket.store, KEY, broken(), use_multipart=True, chunk_size=50_000)
    assert not has_document(bucket, HASH)
    keep_bytes(bucket, delivered, HASH)
    assert has_document(bucket, HASH)
