"""Processes that are kept running, by simple ones."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from cli.supervising import Post, follow_parent, supervise

def stay(told, folder, name):
    follow_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (Path(folder) / f"{name}-{os.getpid()}").touch()
    told.send(True)
    time.sleep(600)

def fail(told, folder, name):
    sys.exit(3)

if __name__ == "__main__":
    run = fail if "fail" in sys.argv else stay
    posts = [Post(f"p{n}", run, (sys.argv[1], f"p{n}"), replaces=n == 1) for n in (1, 2)]
    sys.exit(supervise(posts, stop_s=0, ended=lambda pid: (Path(sys.argv[1]) / f"ended-{pid}").touch()))
"""


class Supervised:
    """A program that supervises two processes, which tell their ids in a folder."""

    def __init__(self, folder, *arguments):
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        self.told = folder / "told"
        self.told.mkdir()
        command = [sys.executable, str(folder / "program.py"), str(self.told), *arguments]
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def all(self, name):
        return sorted(int(path.name.rpartition("-")[2]) for path in self.told.glob(f"{name}-*"))

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def supervised(tmp_path):
    made = []

    def start(*arguments):
        made.append(Supervised(tmp_path, *arguments))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.wait()


def is_gone(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc")
def test_what_dies_is_started_anew_what_is_renewed_replaced_and_all_stop_together(supervised):
    story = supervised()
    story.wait_for(lambda: story.all("p1") and story.all("p2"))
    ((first,), (second,)) = story.all("p1"), story.all("p2")
    os.kill(second, signal.SIGKILL)
    story.wait_for(lambda: len(story.all("p2")) == 2)
    assert story.all("ended") == [second]
    story.process.send_signal(signal.SIGHUP)
    story.wait_for(lambda: len(story.all("p1")) == 2 and first in story.all("ended"))
    assert len(story.all("p2")) == 2
    story.process.send_signal(signal.SIGTERM)
    assert story.process.wait(60) == 0
    everyone = sorted(story.all("p1") + story.all("p2"))
    assert story.all("ended") == everyone
    assert all(map(is_gone, everyone))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc")
def test_nobody_stays_when_the_one_who_started_them_is_killed(supervised):
    story = supervised()
    story.wait_for(lambda: story.all("p1") and story.all("p2"))
    story.process.kill()
    story.wait_for(lambda: all(is_gone(pid) for pid in story.all("p1") + story.all("p2")))


def test_what_cannot_start_at_all_ends_with_its_code(supervised):
    assert supervised("fail").process.wait(60) == 3
