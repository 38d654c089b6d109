"""`luotu serve` with two processes: one service, whoever of them answers, dies or is replaced."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from store.database import transaction

PROJECT = Path(__file__).resolve().parents[2]
READY_S = 90
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by /proc")


class Served:
    """A running `luotu serve`."""

    def __init__(self, database, home):
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            self.port = probe.getsockname()[1]
        url = database.url.render_as_string(hide_password=False)
        own = {
            "DATABASE_URL": url,
            "LUOTU_HOME": str(home),
            "LUOTU_LANGUAGE": "en",
            "LUOTU_CONFINE": "off",
            "LUOTU_METRICS": "true",
            "LUOTU_STOP_S": "20",
        }
        command = [sys.executable, "-m", "cli.main", "serve", "--no-worker", "--workers", "2", "--port", str(self.port)]
        self.log = home / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | own, stdout=log, stderr=log)
        self.wait_for(lambda: self.get("/readyz").status_code == 200 and len(self.workers()) == 2)

    def wait_for(self, condition):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with suppress(httpx2.TransportError):
                if condition():
                    return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    def request(self, method, path, **more):
        return httpx2.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=30, **more)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def workers(self):
        """Return the ids of the processes that answer, as far as they have begun to."""
        told = self.log.read_text().splitlines()
        begun = {int(found[1]) for line in told if (found := re.search(r"Started server process \[(\d+)\]", line))}
        return sorted(pid for pid in begun if is_alive(pid))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            finally:
                self.process.kill()


class Alone:
    """One of the processes, while the others stand still."""

    def __init__(self, served, pid):
        self.others = [each for each in served.workers() if each != pid]

    def __enter__(self):
        for pid in self.others:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.others:
            os.kill(pid, signal.SIGCONT)


def is_alive(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.fixture
def served(database, tmp_path):
    service = Served(database, tmp_path)
    try:
        yield service
    finally:
        service.end()


def register_house(served):
    ring = [[126.7, 43.7], [126.7002, 43.7], [126.7002, 43.7002], [126.7, 43.7002], [126.7, 43.7]]
    house = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    content = json.dumps({"type": "FeatureCollection", "features": [house]})
    answer = served.request("POST", "/uploads", files={"file": ("house.geojson", content)})
    return answer.json()["results"][0]["code"]


def test_two_processes_are_one_service_until_it_is_told_to_stop(served, as_owner, database, full_size):
    what_one_process_writes_the_other_answers_and_any_tells_the_figures_of_all(served)
    if full_size:
        # four processes more, of five seconds of the processor each
        a_process_that_dies_is_started_anew_and_all_are_replaced_without_losing_a_request(served)
    told_to_stop_it_ends_streams_and_answers_what_it_has_begun(served, as_owner(database))


def what_one_process_writes_the_other_answers_and_any_tells_the_figures_of_all(served):
    code = register_house(served)
    first, second = served.workers()
    before = []
    for pid in (first, second):
        with Alone(served, pid):
            # the second time it is told from what the process has kept
            before += [served.get(f"/resolve?q={code}").json() for _ in range(2)]
    with Alone(served, first):
        closed = served.request(
            "POST", f"/buildings/{code}/closures", json={"reason": "demolished", "on": "2026-11-01"}
        )
        assert closed.status_code in {200, 201}
        told_by_first = served.get(f"/resolve?q={code}").json()
    with Alone(served, second):
        told_by_second = served.get(f"/resolve?q={code}").json()
        figures = served.get("/metrics").text
    assert before[0]["status"] == "found"
    assert before == before[:1] * 4
    assert told_by_second == told_by_first != before[0]
    counted = re.search(r'luotu_requests_total\{method="GET",route="/resolve",status="200"\} (\d+)', figures)
    assert int(counted[1]) == 6


def a_process_that_dies_is_started_anew_and_all_are_replaced_without_losing_a_request(served):
    first, second = served.workers()
    os.kill(first, signal.SIGKILL)
    served.wait_for(lambda: first not in served.workers() and len(served.workers()) == 2)
    assert second in served.workers()
    before, statuses, is_over = served.workers(), [], threading.Event()

    def ask():
        while not is_over.is_set():
            statuses.append(served.get("/session").status_code)
            time.sleep(0.05)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    served.process.send_signal(signal.SIGHUP)
    try:
        served.wait_for(lambda: len(served.workers()) == 2 and not set(before) & set(served.workers()))
    finally:
        is_over.set()
        for thread in asking:
            thread.join()
    assert set(statuses) == {200}
    assert len(statuses) > 10
    (died,) = [json.loads(line) for line in served.log.read_text().splitlines() if "a process has died" in line]
    assert (died["level"], died["exit_code"]) == ("error", -signal.SIGKILL)


def told_to_stop_it_ends_streams_and_answers_what_it_has_begun(served, owner):
    ring = [[126.7, 43.7], [126.7002, 43.7], [126.7002, 43.7002], [126.7, 43.7002], [126.7, 43.7]]
    house = json.dumps({"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    asked = {"files": {"file": ("house.geojson", house)}, "headers": {"Prefer": "respond-async"}}
    job = served.request("POST", "/uploads", **asked).json()
    answers, is_told = {}, threading.Event()

    def follow():
        with httpx2.stream("GET", f"http://127.0.0.1:{served.port}{job['events']}", timeout=30) as stream:
            told = stream.iter_bytes()
            answers["stream"] = next(told)
            is_told.set()
            answers["stream"] += b"".join(told)

    def wait():
        answers["slow"] = served.get("/session")

    following, waiting = threading.Thread(target=follow), threading.Thread(target=wait)
    following.start()
    assert is_told.wait(30)
    # nobody works on the job, and whoever asks who they are waits for a table
    with transaction(owner) as connection:
        connection.execute(text("lock table office in access exclusive mode"))
        waiting.start()
        time.sleep(1)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert "slow" not in answers
    for thread in (following, waiting):
        thread.join(30)
    assert served.process.wait(30) == 0
    assert answers["slow"].status_code == 200
    assert answers["stream"].startswith(b"id: 1\nevent: waiting")
    assert served.workers() == []
    with pytest.raises(httpx2.ConnectError):
        served.get("/healthz")
