"""Ten thousand damaged files of every format: none stops the service, hangs, is half taken, or is refused without a sentence."""

import struct
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient
from streets import delivery, houses

from api.app import create_app
from layers.confined.confinement import Confinement, Limits, confine_reading, reading_confinement
from layers.confined.reading import read_confined
from layers.deliveries import Delivery
from layers.errors import RefusedFile
from store.database import transaction
from tests.layers.seeds import SEEDS, make_seeds

FEW, MANY = 100, 10_000
UPLOADS_FEW, UPLOADS_MANY = 20, 400
AT_ONCE = 2
# whoever hits these has found a fault of the program, not of the file
_OUR_FAULT = {"reader_failed", "nothing said", "nothing read"}
_COUNTS = (0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x1FFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def mutate(data, others, random):
    """Return bytes with up to four faults: bits, cuts, repeats, pieces of other files, lengths and counts beyond measure."""
    data = bytearray(data)
    for _ in range(random.integers(1, 5)):
        _FAULTS[random.integers(len(_FAULTS))](data, others, random)
    return bytes(data) or b"\x00"


def _flip(data, _others, random):
    # half of the time a text stays ASCII, and is read further than its encoding
    bits = 7 + int(random.integers(2))
    for at in random.integers(len(data), size=random.integers(1, 9)):
        data[at] ^= 1 << int(random.integers(bits))


def _cut(data, _others, random):
    del data[max(1, int(random.integers(len(data)))) :]


def _drop(data, _others, random):
    at = int(random.integers(len(data)))
    del data[max(1, at) : at + int(random.integers(1, 400))]


def _repeat(data, _others, random):
    at, size = int(random.integers(len(data))), int(random.integers(1, 2000))
    data[at:at] = data[at : at + size] * int(random.integers(1, 30))


def _splice(data, others, random):
    other = others[int(random.integers(len(others)))]
    start, at = int(random.integers(len(other))), int(random.integers(len(data)))
    piece = other[start : start + int(random.integers(1, 1000))]
    data[at : at + len(piece)] = piece


def _count(data, _others, random):
    """Write a count or length that is none where one may stand, in either order of bytes."""
    value = _COUNTS[int(random.integers(len(_COUNTS)))]
    packed = struct.pack("<>"[int(random.integers(2))] + "I", value)
    at = int(random.integers(len(data))) & (~3 if random.integers(2) else ~0)
    data[at : at + 4] = packed


def _number(data, _others, random):
    """Make a number in a text another one, or nested beyond measure."""
    digits = [at for at in range(len(data)) if 0x30 <= data[at] <= 0x39]
    if digits:
        at = digits[int(random.integers(len(digits)))]
        data[at : at + 1] = (b"-1", b"1e999", b"NaN", b"9" * 5000, b"[" * 3000, b"0.0", b"")[int(random.integers(7))]


def _swap(data, _others, random):
    size = int(random.integers(1, 64))
    first, second = (int(at) for at in random.integers(max(1, len(data) - size), size=2))
    data[first : first + size], data[second : second + size] = data[second : second + size], data[first : first + size]


_FAULTS = (_flip, _flip, _cut, _drop, _repeat, _splice, _count, _count, _number, _swap)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Return the bytes of a sound file of each format."""
    return {suffix: path.read_bytes() for suffix, path in make_seeds(tmp_path_factory.mktemp("seeds")).items()}


@pytest.fixture
def short_of_everything():
    """Have files read within limits that a small file has no business to meet."""
    before = reading_confinement()
    confine_reading(Confinement(mode=before.mode, limits=Limits(memory_mb=1024, cpu_s=20, wall_s=120)))
    yield
    confine_reading(before)


def outcome_of(path):
    """Return what became of a file: rows, or the kind of a refusal that says something in both languages."""
    try:
        found = read_confined(path, crs="EPSG:4551")
    except RefusedFile as error:
        has_sentence = error.file == path.name and all((*error.fault.text, *error.fault.remedy))
        return error.fault.kind if has_sentence else "nothing said"
    return "read" if isinstance(found, Delivery) and len(found.frame) == len(found.faults) else "nothing read"


@pytest.mark.usefixtures("short_of_everything")
def test_every_damaged_file_is_read_or_refused_with_a_sentence(tmp_path, seeds, full_size, record_property):
    others, suffixes = list(seeds.values()), list(SEEDS)

    def try_one(number):
        suffix = suffixes[number % len(suffixes)]
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(mutate(seeds[suffix], others, np.random.default_rng(number)))
        kind = outcome_of(path)
        if kind not in _OUR_FAULT and not kind.startswith("reader_"):
            path.unlink()
        return suffix, kind, number

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(try_one, range(MANY if full_size else FEW)))
    record_property("outcomes", str(Counter((suffix, kind) for suffix, kind, _ in told)))
    assert [each for each in told if each[1] in _OUR_FAULT] == []


def test_a_service_that_is_sent_damaged_files_goes_on_and_keeps_none_by_half(
    settings, sample_database, seeds, full_size, record_property
):
    others, suffixes, statuses = list(seeds.values()), list(SEEDS), Counter()
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    with TestClient(create_app(settings), **here) as client:
        for number in range(UPLOADS_MANY if full_size else UPLOADS_FEW):
            suffix = suffixes[number % len(suffixes)]
            content = mutate(seeds[suffix], others, np.random.default_rng([7, number]))
            form = {"crs": "EPSG:4551", "mode": ("all", "good")[number % 2]}
            answer = client.post("/uploads", files={"file": (f"a{suffix}", content)}, data=form)
            statuses[answer.status_code] += 1
            assert answer.status_code < 500, answer.text
            assert answer.is_success or answer.json()["detail"]
        with transaction(sample_database) as connection:
            uploads, unwhole = connection.execute(text(_UPLOADS)).one()
        assert uploads <= statuses[200] + statuses[201]
        assert unwhole == 0
        # and an honest file is taken as before
        answer = client.post("/uploads", files={"file": ("b.geojson", delivery(houses(3)))})
        assert answer.is_success, answer.text
    record_property("statuses", str(statuses))


_UPLOADS = """
    select count(*), count(*) filter (where (select count(*) from upload_row r where r.upload_id = u.id)
                                            <> (u.report ->> 'rows')::integer)
    from upload u
"""
