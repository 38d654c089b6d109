"""Does a service that is asked all kinds of things at once go on without an error, and does its memory stay flat?

``python benchmarks/mixed_load.py [--warm 0] [--seconds 60] [--workers 2] [--clients 12] [--pause 0.05] [--folder FOLDER]``:
`luotu serve` with its worker for jobs and a private cluster of its own in FOLDER (temporary without it), over the sample district.
Clients with keys of four offices ask one thing after another, at random, a pause between two; the register grows all the while:

resolve   a code of the register (or an unknown one) or coordinates      check    a drawn footprint: its code and all findings
tile      buildings or a layer at zooms 14 to 16                         upload   twenty new houses; every fifth delivery by a job

Told are requests, errors (there may be none), and how long answers took; and each minute the memory of each process of the
service, in MB: RSS, and PSS, which shares what processes have in common. Flat is what in the last third of the time is no more
than a twentieth above the middle third. The same load runs for ``--warm`` seconds before the time counts, until what a process
keeps by design (answers to codes, compiled statements, areas of the heap) has filled: each server takes its own while for that.
Errors count from the first request on.
"""

import argparse
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import morecantile
import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
DISTRICT = PROJECT / "data" / "samples" / "district.gpkg"
SEED, OFFICES, HOUSES, OF_A_JOB = 20261122, 4, 20, 5
SHARES = {"resolve": 0.60, "tile": 0.25, "check": 0.10, "upload": 0.05}
WEST, SOUTH, EAST, NORTH = 126.500, 43.800, 126.594, 43.876
EACH_DEG, SIDE_DEG = (0.0004, 0.0003), (0.0002, 0.00015)
COLUMNS = int((EAST - WEST) / EACH_DEG[0])
GRID = morecantile.tms.get("WebMercatorQuad")
TILED = ("buildings", "layers.XZ1301", "layers.GH2303", "layers.GH2103")
SAMPLE_S, TELL_S, LONG_S, FLAT = 5.0, 60.0, 600.0, 1.05
Memory = dict[str, tuple[float, float]]


class Answered(NamedTuple):
    """One request: its kind, how long its answer took, and what was wrong with it."""

    kind: str
    taken_s: float
    error: str


def main() -> None:
    options = read_options()
    with TemporaryDirectory(prefix="luotu-mixed-", ignore_cleanup_errors=True) as made:
        home = options.folder or Path(made)
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        luotu = Luotu(home)
        try:
            luotu("db", "start")
            luotu("layers", "load", str(DISTRICT))
            keys = [luotu.key(f"office{number}") for number in range(OFFICES)]
            with luotu.serving(options.workers) as (port, supervisor):
                errors, is_flat = measure(port, supervisor, keys, options)
        finally:
            luotu("db", "stop")
    # in a minute, what is kept is still filling: only of a long run the growth is a fault
    if errors or not (is_flat or options.seconds < LONG_S):
        sys.exit(f"{errors} errors, memory {'flat' if is_flat else 'not flat'}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warm", type=float, default=0, help="seconds of the same load before the memory counts")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument(
        "--pause", type=float, default=0.05, help="seconds between an answer and the client's next request"
    )
    parser.add_argument("--folder", type=Path, help="where the cluster is kept between runs")
    return parser.parse_args()


def measure(port: int, supervisor: int, keys: Sequence[str], options: argparse.Namespace) -> tuple[int, bool]:
    """Load the service, print what came of it, and return how many errors there were and whether memory is flat."""
    load = Load(options.clients, options.pause)
    print(
        f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; {options.clients} clients of {OFFICES} offices"
    )
    clients = [Client(port, keys[number % OFFICES], load, SEED + number) for number in range(options.clients)]
    before = service_memory(supervisor)
    tell_memory("start", before)
    load.begin(clients)
    began = time.monotonic()
    watch_memory(supervisor, options.warm, "warm")
    samples = watch_memory(supervisor, options.seconds, "")
    load.end()
    tell_answers(load.answers, time.monotonic() - began)
    return sum(bool(each.error) for each in load.answers), tell_flatness(samples)


def watch_memory(supervisor: int, lasting_s: float, title: str) -> list[Memory]:
    """Return the memory of the service's processes as it is every few seconds of a time, and print it each minute."""
    samples, began, told_s = list[Memory](), time.monotonic(), 0.0
    while (passed_s := time.monotonic() - began) < lasting_s:
        time.sleep(min(SAMPLE_S, lasting_s - passed_s))
        samples.append(service_memory(supervisor))
        passed_s = time.monotonic() - began
        if passed_s - told_s >= TELL_S or passed_s >= lasting_s:
            told_s = passed_s
            tell_memory(f"{title} {passed_s:.0f} s".strip(), samples[-1])
    return samples


# --- the service


class Luotu:
    """The program, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "LUOTU_HOME": str(home),
            "LUOTU_LANGUAGE": "en",
            "LUOTU_LOCAL_PRINCIPAL": "true",
        }

    def __call__(self, *words: str) -> str:
        """Run a command and return what it prints."""
        command = [sys.executable, "-m", "cli.main", *words]
        done = subprocess.run(command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"luotu {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def key(self, office: str) -> str:
        """Return a new surveyor's key of an office, which is added if need be."""
        with suppress(SystemExit):
            self("office", "add", office, office, "--division", "220204")
        return re.search(r"luotu_\S+", self("key", "issue", office, "--label", "load", "--replace"))[0]

    @contextmanager
    def serving(self, workers: int) -> Iterator[tuple[int, int]]:
        """Serve, and yield the port and the first process."""
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port), "--workers", str(workers)]
        with (self.home / "serve.log").open("ab") as log:
            server = subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log)
        try:
            wait_for(port)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as line:
            line.request("GET", "/readyz")
            if line.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit(f"nothing serves port {port}")


# --- the memory


def service_memory(supervisor: int) -> Memory:
    """Return RSS and PSS in MB of the processes of the service by name; those that they have files read by together."""
    found: Memory = {"supervisor": memory_mb(supervisor)}
    readers = (0.0, 0.0)
    # the servers are started first and the worker last; beside them Python keeps count of what processes share
    posts = [each for each in children(supervisor) if "resource_tracker" not in command_of(each)]
    for number, post in enumerate(posts, start=1):
        found["worker" if number == len(posts) else f"server {number}"] = memory_mb(post)
        readers = tuple(map(sum, zip(readers, *map(memory_mb, descendants(post)), strict=True)))
    found["readers"] = readers
    return found


def memory_mb(process: int) -> tuple[float, float]:
    """Return RSS and PSS of a process in MB; nothing where it has ended meanwhile."""
    with suppress(OSError):
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        told = {name: int(kb) / 1000 * 1.024 for name, kb in re.findall(r"^(Rss|Pss): +(\d+) kB", text, re.MULTILINE)}
        return told.get("Rss", 0.0), told.get("Pss", 0.0)
    return 0.0, 0.0


def command_of(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def children(process: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{process}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def descendants(process: int) -> list[int]:
    return [each for child in children(process) for each in (child, *descendants(child))]


def tell_memory(title: str, memory: Memory) -> None:
    told = "   ".join(f"{name} {rss:.0f}/{pss:.0f}" for name, (rss, pss) in memory.items())
    print(f"{title:<12}{told}   all {sum(pss for _, pss in memory.values()):.0f} MB (RSS/PSS)", flush=True)


def tell_flatness(samples: Sequence[Memory]) -> bool:
    """Print the growth of each process from the middle to the last third of the time, and return whether all are flat."""
    third = max(1, len(samples) // 3)
    growths = {}
    for name in samples[-1]:
        middle, last = (
            statistics.median(sample.get(name, (0.0, 0.0))[1] for sample in part)
            for part in (samples[third : 2 * third] or samples, samples[-third:])
        )
        growths[name] = (middle, last)
    is_flat = all(last <= FLAT * middle or last - middle < 1 for middle, last in growths.values())
    told = ", ".join(f"{name} {middle:.1f} → {last:.1f}" for name, (middle, last) in growths.items())
    print(f"PSS, middle → last third, MB: {told}: {'flat' if is_flat else 'NOT FLAT'}")
    return is_flat


# --- the load


class Load:
    """What the clients have in common: codes that are known, where the next houses stand, what was answered."""

    def __init__(self, clients: int, pause_s: float) -> None:
        self.pause_s = pause_s
        self.codes = list[str]()
        self.houses = count()
        self.deliveries = count()
        self.answers = list[Answered]()
        self.is_over = threading.Event()
        self._threads = list[threading.Thread]()
        self._clients = clients

    def begin(self, clients: Sequence["Client"]) -> None:
        """Have some houses delivered, then let all clients ask."""
        clients[0].upload()
        self._threads = [threading.Thread(target=client.run) for client in clients]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Have the clients stop when they have their answers."""
        self.is_over.set()
        for thread in self._threads:
            thread.join()


class Client:
    """One program that asks: one connection, one thing after another."""

    def __init__(self, port: int, key: str, load: Load, seed: int) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.head = {"Authorization": f"Bearer {key}"}
        self.load, self.random = load, random.Random(seed)

    def run(self) -> None:
        """Ask until it is over."""
        kinds, weights = list(SHARES), list(SHARES.values())
        while not self.load.is_over.is_set():
            kind = self.random.choices(kinds, weights)[0]
            start, error = time.monotonic(), ""
            try:
                getattr(self, kind)()
            except (OSError, http.client.HTTPException, UnexpectedError) as problem:
                error = f"{type(problem).__name__}: {problem}"
                self.line.close()
            self.load.answers.append(Answered(kind, time.monotonic() - start, error))
            self.load.is_over.wait(self.load.pause_s)
        self.line.close()

    def resolve(self) -> None:
        """Ask for a code, mostly a known one, or for coordinates."""
        if self.random.random() < 0.3:
            place = f"{self.random.uniform(WEST, EAST):.6f}+{self.random.uniform(SOUTH, NORTH):.6f}"
            self.ask("GET", f"/resolve?q={place}")
        elif self.random.random() < 0.1:
            self.ask("GET", "/resolve?q=4E7U5CKJ2WF0J")
        else:
            self.ask("GET", f"/resolve?q={self.random.choice(self.load.codes)}")

    def tile(self) -> None:
        """Ask for a tile of buildings or of a layer."""
        lon, lat = self.random.uniform(WEST, EAST), self.random.uniform(SOUTH, NORTH)
        tile = GRID.tile(lon, lat, self.random.randint(14, 16))
        path = f"/ogc/collections/{self.random.choice(TILED)}/tiles/WebMercatorQuad/{tile.z}/{tile.y}/{tile.x}"
        self.ask("GET", path, expected=(200, 204))

    def check(self) -> None:
        """Have a drawn footprint looked at: its code, and what the rules find."""
        lon, lat = self.random.uniform(WEST, EAST), self.random.uniform(SOUTH, NORTH)
        drawn = {
            "type": "Feature",
            "geometry": box(lon, lat, 0.0003, 0.0002),
            "properties": {"height_m": 24, "use": "0701"},
        }
        told = json.loads(self.ask("POST", "/codes", json.dumps(drawn).encode(), {"Content-Type": "application/json"}))
        if not told["findings"]:
            raise UnexpectedError("no findings")

    def upload(self) -> None:
        """Deliver new houses, and wait until all are registered."""
        numbers = [next(self.load.houses) for _ in range(HOUSES)]
        features = [{"type": "Feature", "properties": {"name": f"{n}号楼"}, "geometry": house(n)} for n in numbers]
        content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
        body = (
            b'--cut\r\nContent-Disposition: form-data; name="file"; filename="h.geojson"\r\n\r\n'
            + content
            + b"\r\n--cut--\r\n"
        )
        head = {"Content-Type": "multipart/form-data; boundary=cut"}
        if next(self.load.deliveries) % OF_A_JOB:
            told = json.loads(self.ask("POST", "/uploads", body, head, expected=(201,)))
        else:
            told = self.wait_for_job(
                json.loads(self.ask("POST", "/uploads", body, {**head, "Prefer": "respond-async"}, (202,)))
            )
        codes = [row["code"] for row in told["results"]]
        if len(codes) != HOUSES or not all(codes):
            raise UnexpectedError(f"of {HOUSES} houses {len(codes)} have codes: {told}"[:300])
        self.load.codes.extend(codes)

    def wait_for_job(self, job: dict[str, Any]) -> dict[str, Any]:
        """Ask for a job until it has ended, and return its delivery as it is stored."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            job = json.loads(self.ask("GET", f"/jobs/{job['id']}"))
            if job["state"] in {"done", "failed", "cancelled"}:
                break
            time.sleep(0.2)
        if job["state"] != "done":
            raise UnexpectedError(str(job)[:300])
        return json.loads(self.ask("GET", job["result"]["href"]))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        head: dict[str, str] | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> bytes:
        """Return the body of an answer.

        Raises
        ------
        UnexpectedError
            It has another status.
        """
        self.line.request(method, path, body, {**self.head, **(head or {})})
        answer = self.line.getresponse()
        told = answer.read()
        if answer.status not in expected:
            raise UnexpectedError(f"{method} {path}: {answer.status} {told[:300].decode(errors='replace')}")
        return told


class UnexpectedError(ValueError):
    """An answer that should have been another one."""


def house(number: int) -> dict[str, Any]:
    """Return the footprint of a house: rows from west to east, beginning in the south."""
    row, column = divmod(number, COLUMNS)
    return box(WEST + column * EACH_DEG[0], SOUTH + row * EACH_DEG[1], *SIDE_DEG)


def box(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    east, north = west + width, south + height
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def tell_answers(answers: Sequence[Answered], lasted_s: float) -> None:
    print(f"{'':<10}{'share':>7}{'requests':>10}{'a second':>10}{'errors':>8}{'p50 ms':>9}{'p99 ms':>9}{'worst':>9}")
    for kind in SHARES:
        of_kind = [each for each in answers if each.kind == kind]
        taken = np.array([each.taken_s for each in of_kind] or [0.0]) * 1000
        errors = [each.error for each in of_kind if each.error]
        p50, p99 = np.percentile(taken, (50, 99))
        print(
            f"{kind:<10}{len(of_kind) / max(1, len(answers)):>7.0%}{len(of_kind):>10,}{len(of_kind) / lasted_s:>10.1f}{len(errors):>8}"
            f"{p50:>9.1f}{p99:>9.1f}{taken.max():>9.0f}"
        )
        for error in dict.fromkeys(errors[:5]):
            print(f"          {error}")


if __name__ == "__main__":
    main()
