"""Temporary folders: gone when they are done with, and what killed processes left is taken away by others."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from layers import temporary
from layers.temporary import temporary_folder

KEPT_UNTIL_KILLED = """
import sys
from layers.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "delivery").write_bytes(b"delivery")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Have temporary folders made in the test's own, and swept whenever one is made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(temporary, "_sweep", temporary._sweep.__wrapped__)
    return tmp_path


def make_old(folder):
    long_ago = time.time() - 3_600
    os.utime(folder, (long_ago, long_ago))


def test_a_folder_is_gone_afterwards(place):
    with temporary_folder() as folder:
        (folder / "delivery").touch()
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_taken_away_and_what_a_living_one_uses_is_not(place):
    told = {"cwd": Path.cwd(), "env": os.environ | {"TMPDIR": str(place)}, "text": True}
    command = [sys.executable, "-c", KEPT_UNTIL_KILLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **told) as process:
        folder = place / process.stdout.readline().strip()
        make_old(folder)
        with temporary_folder():
            assert (folder / "delivery").exists()
        process.kill()
    with temporary_folder():
        assert not folder.exists()


def test_what_is_not_ours_or_was_made_just_now_stays(place):
    others, new = place / "luotu-tests-1", place / "luotu-work-new"
    link, target = place / "luotu-work-link", place / "target"
    for folder in (others, new, target):
        folder.mkdir()
    link.symlink_to(target)
    make_old(others)
    make_old(target)
    with temporary_folder():
        pass
    assert {path.name for path in place.iterdir()} == {others.name, new.name, link.name, target.name}
