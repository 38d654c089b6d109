"""How long do others wait while one key hammers the service?

Serves a register of its own by `luotu serve`, has four quiet clients with keys of their own ask a mix of questions at a steady
pace, first alone, then while one more key asks as fast as it can on many connections; prints the quiet clients' p50 and p99 of
both times side by side, and whether the second stays within twice the first. The same again without the limit of turns shows
what that limit is for. With ``--workers`` several processes answer.

    python benchmarks/neighbours.py [--seconds 15] [--workers 1] [--hammers 64]
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

import numpy as np

from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.database import connect, migrate
from workflows.principals import issue_key

PROJECT = Path(__file__).resolve().parents[1]
QUIET, PACE_S = 4, 0.1
HOUSES = 400
PATHS = ("/session", "/resolve?q=126.7005+43.7005", "/buildings/{code}", "/resolve?q={code}", "/projects")
HAMMERED = ("/buildings/{code}", "/resolve?q=126.7005+43.7005", "/session")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--hammers", type=int, default=64)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="luotu-neighbours-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        try:
            cluster = start_cluster(Path(folder) / "pg")
            create_database(cluster.database("neighbours"))
            owned = connect(cluster.database("neighbours"))
            migrate(owned, service=SERVICE)
            keys = [
                issue_key(owned, office=f"o{n}", name=f"Office {n}", role="surveyor", label="x")
                for n in range(QUIET + 1)
            ]
            owned.dispose()
            url = cluster.database("neighbours", role=SERVICE)
            print(f"{'':<30}{'quiet p50':>12}{'p99 ms':>9}{'beside p50':>12}{'p99 ms':>9}{'ratio':>8}   the hammer")
            # turns as set by default, then as good as none
            for title, at_once in (("turns: 2 at once", 2), ("no turns", 256)):
                measure(title, at_once, url=url, home=Path(folder), keys=keys, options=options)
        finally:
            remove_cluster(Path(folder) / "pg")


def measure(
    title: str, at_once: int, *, url: str, home: Path, keys: Sequence[str], options: argparse.Namespace
) -> None:
    with served(url, home, at_once=at_once, workers=options.workers) as port:
        code = register(port, keys[0])
        ask_quietly(port, keys[1:], code, 3)  # what is slow once
        quiet = ask_quietly(port, keys[1:], code, options.seconds)
        # in a process of its own: what it takes of the processor's time is not the quiet ones'
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        hammering = context.Process(target=hammer, args=(theirs, port, keys[0], code, options.hammers))
        hammering.start()
        ours.recv()
        beside = ask_quietly(port, keys[1:], code, options.seconds)
        ours.send("enough")
        hammered, lasted_s = ours.recv()
        hammering.join()
    (q50, q99), (b50, b99) = (np.percentile(each, (50, 99)) * 1000 for each in (quiet, beside))
    told = ", ".join(f"{count / lasted_s:,.0f}/s {status}" for status, count in sorted(hammered.items()))
    verdict = "within twice" if b99 <= 2 * q99 else "MISSED"
    print(
        f"{title:<30}{q50:>12.1f}{q99:>9.1f}{b50:>12.1f}{b99:>9.1f}{b99 / q99:>8.2f}   {told}   {verdict}", flush=True
    )


def register(port: int, key: str) -> str:
    """Register a grid of houses, and return the code of one; again, it is told which."""
    west = 126.70 + 0.0004 * (np.arange(HOUSES) % 20)
    south = 43.70 + 0.0004 * (np.arange(HOUSES) // 20)
    rings = [
        [[x, y], [x + 2e-4, y], [x + 2e-4, y + 1.5e-4], [x, y + 1.5e-4], [x, y]]
        for x, y in zip(west.tolist(), south.tolist(), strict=True)
    ]
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}} for ring in rings
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="houses.geojson"\r\n\r\n'
    request = Request(f"http://127.0.0.1:{port}/uploads", data=head + content + b"\r\n--cut--\r\n")
    request.add_header("Content-Type", "multipart/form-data; boundary=cut")
    request.add_header("Authorization", f"Bearer {key}")
    with urlopen(request, timeout=120) as answer:
        return str(json.load(answer)["results"][0]["code"])


@contextmanager
def served(url: str, home: Path, *, at_once: int, workers: int) -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    own = {"DATABASE_URL": url, "LUOTU_HOME": str(home), "LUOTU_CONFINE": "limits", "LUOTU_REQUESTS_PER_S": "0"}
    own |= {"LUOTU_AT_ONCE": str(at_once), "LUOTU_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "cli.main", "serve", "--no-worker", "--port", str(port), "--workers", str(workers)]
    with (home / "log").open("ab") as log:
        server = subprocess.Popen(command, cwd=PROJECT, env=os.environ | own, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


class Line:
    """A connection that stays open."""

    def __init__(self, port: int, key: str) -> None:
        self.head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n"
        self.line = socket.create_connection(("127.0.0.1", port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, path: str) -> int:
        """Ask, take the whole answer, and return its status."""
        self.line.sendall(f"GET {path} {self.head}".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.line.recv(1 << 16) or sys.exit("closed")
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self.line.recv(1 << 16)
        return int(head[9:12])


def ask_quietly(port: int, keys: Sequence[str], code: str, seconds: float) -> list[float]:
    """Have each key ask at a steady pace, and return how long each answer took, in seconds."""
    taken = list[float]()

    def ask(key: str, first: int) -> None:
        line, until, turn = Line(port, key), time.monotonic() + seconds, first
        while time.monotonic() < until:
            start = time.monotonic()
            line.ask(PATHS[turn % len(PATHS)].format(code=code))
            taken.append(time.monotonic() - start)
            turn += 1
            time.sleep(max(0.0, PACE_S - (time.monotonic() - start)))

    threads = [threading.Thread(target=ask, args=(key, n)) for n, key in enumerate(keys)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def hammer(told: Any, port: int, key: str, code: str, connections: int) -> None:
    """Ask as fast as answers come on many connections until told that it is enough; send the statuses, and how long it lasted."""
    os.nice(5)
    is_over, counted, start = threading.Event(), Counter[int](), time.monotonic()

    def ask(turn: int) -> None:
        line = Line(port, key)
        while not is_over.is_set():
            status = line.ask(HAMMERED[turn % len(HAMMERED)].format(code=code))
            with counting:
                counted[status] += 1
            turn += 1

    counting = threading.Lock()
    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(connections)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    told.send("begun")
    told.recv()
    is_over.set()
    for thread in threads:
        thread.join()
    told.send((counted, time.monotonic() - start))


if __name__ == "__main__":
    main()
