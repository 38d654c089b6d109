"""How many requests a second one worker resolves with a million buildings in the register, beside a bare FastAPI route.

``python benchmarks/resolve.py [--buildings 1000000] [--seconds 8] [--connections 16] [--folder FOLDER] [--url URL]``: a
private cluster in FOLDER (temporary without it; kept and used again with it) is filled by COPY, as its owner and with the
triggers off, with made-up footprints, their codes, names, addresses and two aliases each. One uvicorn worker serves; another
process asks, by a few connections that stay open, for codes drawn at random. A service and the database share the machine's
cores with the asking: the figures are of the whole, by the clock, and the ratios to the bare route tell more.

Told are requests a second, p50 and p99, the worker's CPU-milliseconds a request, for:

bare        FastAPI with one route that returns five bytes, ``async def`` and ``def``
database    ``GET /resolve?q=CODE``, the light answer, each code asked for the first time or after a change
cached      the same for codes that were asked before, answered from the worker's memory, and by 304 where the caller has it
whole       ``GET /buildings/CODE``, with geometry, lineage, stages, aliases and events
address     ``GET /resolve?q=`` of an address; coordinates likewise
bulk        ``POST /resolve`` of 10,000 names of all kinds, rows a second
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg
import shapely
import uvicorn
from coding import made_up
from fastapi import FastAPI, Response
from sqlalchemy import text

from api.app import create_app
from geocode import encode_many, parse
from registry.addresses import stored_keys
from registry.fingerprints import fingerprints
from registry.ledger.events import NewEvent
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.database import connect, migrate, transaction
from store.ledger import append_events
from workflows.settings import Settings

BAR_DATABASE, BAR_CACHED = 1_300, 3_000
WITH_EVENTS = 50_000
ASKED_CODES, WARM_CODES = 200_000, 2_000
BULK_NAMES = 10_000
PLANE = "EPSG:4551"
STREETS = ["解放", "松江", "北京", "天津", "重庆", "吉林", "江南", "滨江", "青岛", "中兴"]
INDEXES_TO_BUILD_LAST = """
    select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename in ('building', 'footprint', 'alias')
    and indexdef not like 'CREATE UNIQUE INDEX %_pkey%' and indexname not like '%_key'
"""


class Load(NamedTuple):
    """What a run of requests came to."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    statuses: dict[int, int]


def main() -> None:
    options = read_options()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory(prefix="luotu-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        address = start_cluster(folder / "pg")
        if options.folder is None:
            stack.callback(remove_cluster, folder / "pg")
        owner = address.database("bench")
        create_database(owner)
        codes = filled(owner, options.buildings)
        print(
            f"{len(codes):,} buildings; {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; {versions()}"
        )
        measure_all(options, folder, address.database("bench", role=SERVICE), codes)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each kind of request is asked")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the cluster is kept between runs")
    return parser.parse_args()


def versions() -> str:
    names = ["fastapi", "uvicorn", "psycopg", "sqlalchemy"]
    for name in ("uvloop", "httptools"):
        with suppress(PackageNotFoundError):
            version(name)
            names.append(name)
    return ", ".join(f"{name} {version(name)}" for name in names)


# --- the register


def filled(url: str, buildings: int, *, draw: Callable[[int], Any] = made_up) -> list[str]:
    """Return the compact codes in a database, which is filled first if it is empty, with the footprints that `draw` returns."""
    database = connect(url)
    migrate(database, service=SERVICE)
    database.dispose()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        if not server.execute("select exists (select from building)").fetchone()[0]:
            start = time.monotonic()
            with server.transaction():
                fill(server, draw(buildings))
            add_events(url)
            server.execute("vacuum analyze")
            print(f"filled in {time.monotonic() - start:.0f} s")
        return [code for (code,) in server.execute("select code from building order by code")]


def fill(server: psycopg.Connection[Any], footprints: Any) -> None:
    encoded = encode_many(footprints)
    codes = [parse(str(code)).compact if code else "" for code in encoded.codes]
    # a few fall into one cell with the same size: the second would be a generation of its own
    chosen = list({code: row for row, code in enumerate(codes) if code}.values())
    prints = fingerprints(footprints)
    texts = shapely.to_wkb(
        shapely.set_srid(shapely.multipolygons(footprints[:, None]), 4490), hex=True, include_srid=True
    )
    server.execute("set session_replication_role = replica")
    indexes = server.execute(INDEXES_TO_BUILD_LAST).fetchall()
    for name, _ in indexes:
        server.execute(f'drop index "{name}"')
    server.execute("insert into office (code, name_zh, name_en) values ('bench', '测绘院', 'survey office')")
    (office,) = server.execute("select id from office where code = 'bench'").fetchone()
    with server.cursor().copy("copy building (id, office_id, code) from stdin") as copy:
        for row in chosen:
            copy.write_row((identity(row), office, codes[row]))
    columns = "building_id, office_id, version, stage, name, fingerprint, h3, area_m2, plane, plane_area_m2, perimeter_m, attributes, geom, addresses, valid_from"
    with server.cursor().copy(f"copy footprint ({columns}) from stdin") as copy:
        for row in chosen:
            street, number = STREETS[row % 10], row // 10
            said = {"地址": f"吉林市船营区{street}路{number}号", "层数": row % 33}
            area = float(encoded.area_m2[row])
            copy.write_row(
                (identity(row), office, 1, "design", f"{street}花园{number}号楼", prints[row], str(encoded.h3[row]), area, PLANE,
                 area, 80.0, json.dumps(said, ensure_ascii=False), texts[row], stored_keys(f"{street}花园{number}号楼", said), "2024-01-01")
            )  # fmt: skip
    with server.cursor().copy(
        "copy alias (building_id, office_id, scheme, value, source, valid_from) from stdin"
    ) as copy:
        for row in chosen:
            copy.write_row(
                (identity(row), office, "bdcdyh", f"2202020010{row:09d}F00010001"[:28], "a.zip", "2024-01-01")
            )
            copy.write_row((identity(row), office, "city", f"JL-{row:09d}", "a.zip", "2024-01-01"))
    for _, definition in indexes:
        server.execute(definition)
    server.execute("set session_replication_role = default")


def add_events(url: str) -> None:
    """Give some of the buildings their events: the ledger has an end, and some answers a history."""
    database = connect(url)
    with transaction(database) as connection:
        rows = connection.execute(
            text("select cast(id as text) as id, code, office_id from building limit :most"), {"most": WITH_EVENTS}
        )
        common = {"actor": "bench", "occurred_at": datetime.now(UTC), "body": {"version": 1, "stage": "design"}}
        events = [
            NewEvent(
                kind="registered", subject=f"building/{row.code}", building_id=row.id, office_id=row.office_id, **common
            )
            for row in rows
        ]
        append_events(connection, events)
    database.dispose()


def identity(row: int) -> str:
    return f"00000000-0000-4000-8000-{row:012x}"


# --- the service


def bare_app() -> FastAPI:
    app = FastAPI()

    @app.get("/async/{code}")
    async def read_async(code: str) -> Response:
        return Response(code[:5], media_type="application/json")

    @app.get("/def/{code}")
    def read(code: str) -> Response:
        return Response(code[:5], media_type="application/json")

    return app


def serve(url: str | None, home: str, port: int) -> None:
    app = (
        bare_app()
        if url is None
        else create_app(Settings(DATABASE_URL=url, home=home, requests_per_s=0, at_once=256, _env_file=None))
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


@contextmanager
def served(url: str | None, home: Path) -> Iterator[tuple[int, int]]:
    """Serve in a process of its own, and yield its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(url, str(home), port))
    process.start()
    try:
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port, int(process.pid or 0)
    finally:
        process.terminate()
        process.join()


# --- the asking


def measure_all(options: argparse.Namespace, folder: Path, url: str, codes: list[str]) -> None:
    rng = random.Random(20261122)
    asked = [f"/resolve?q={code}" for code in rng.sample(codes, min(ASKED_CODES, len(codes)))]
    warm = asked[:WARM_CODES]
    print(f"{'':<34}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'of bare':>9}")
    with served(None, folder) as (port, pid):
        run = Runs(options, port, pid)
        bare = run("bare, async def", ["/async/4E7U5CKJ2WF0J"])
        run("bare, def", ["/def/4E7U5CKJ2WF0J"], bare)
    with served(url, folder) as (port, pid):
        run = Runs(options, port, pid)
        first = run("a code, from the database", asked, bare, bar=BAR_DATABASE)
        run.once(warm)
        run("a code, cached", warm, bare, bar=BAR_CACHED)
        tags = run.tags(warm)
        run("a code, cached, 304", warm, bare, bar=BAR_CACHED, headers=tags)
        run("a building whole", [f"/buildings/{path[-13:]}" for path in asked], bare)
        numbers = [rng.randrange(options.buildings // 10) for _ in range(20_000)]
        run("an address", [f"/resolve?q={quote(f'{STREETS[n % 10]}路{n}号')}" for n in numbers], bare)
        places = [(rng.uniform(124.6, 127.4), rng.uniform(43, 44.5)) for _ in range(20_000)]
        run("coordinates", [f"/resolve?q={lon:.6f}%20{lat:.6f}" for lon, lat in places], bare)
        bulk(port, codes, numbers, places)
    _ = first


class Runs:
    """Asks one service, and prints what came of it."""

    def __init__(self, options: argparse.Namespace, port: int, pid: int) -> None:
        self.seconds, self.connections, self.port, self.pid = options.seconds, options.connections, port, pid

    def __call__(
        self,
        title: str,
        paths: Sequence[str],
        bare: Load | None = None,
        *,
        bar: float | None = None,
        headers: Sequence[str] = (),
    ) -> Load:
        self.ask(paths[: 4 * self.connections], 0.5, headers)
        found = self.ask(paths, self.seconds, headers)
        ratio = f"{found.per_s / bare.per_s:>9.2f}" if bare else f"{'':>9}"
        verdict = "" if bar is None else f"   bar {bar:,.0f}: {'met' if found.per_s >= bar else 'MISSED'}"
        others = {status: count for status, count in found.statuses.items() if status not in {200, 304}}
        print(
            f"{title:<34}{found.per_s:>12,.0f}{found.p50_ms:>9.2f}{found.p99_ms:>9.2f}{found.cpu_ms:>9.2f}{ratio}{verdict}"
            + (f"   {others}" if others else "")
        )
        return found

    def ask(self, paths: Sequence[str], seconds: float, headers: Sequence[str] = ()) -> Load:
        before, start = cpu_s(self.pid), time.monotonic()
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        asking = context.Process(target=ask, args=(theirs, self.port, paths, headers, seconds, self.connections))
        asking.start()
        latencies, statuses = ours.recv()
        asking.join()
        used, taken = cpu_s(self.pid) - before, time.monotonic() - start
        latencies.sort()
        count = max(1, len(latencies))
        p50, p99 = (latencies[min(count - 1, int(count * q))] * 1000 for q in (0.5, 0.99)) if latencies else (0.0, 0.0)
        return Load(count / taken, p50, p99, used / count * 1000, statuses)

    def once(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.answer(path)

    def tags(self, paths: Sequence[str]) -> list[str]:
        return [f"If-None-Match: {self.answer(path)}\r\n" for path in paths]

    def answer(self, path: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            whole = b"".join(iter(lambda: line.recv(65536), b""))
        tag = re.search(rb"(?i)\r\netag: ([^\r]+)", whole)
        return tag[1].decode() if tag else '""'


def ask(answer: Any, port: int, paths: Sequence[str], headers: Sequence[str], seconds: float, connections: int) -> None:
    """Ask by connections that stay open, one request at a time on each; send back the latencies and statuses."""
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers[i] if headers else ''}\r\n".encode()
        for i, path in enumerate(paths)
    ]
    poll = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    turn = 0
    for _ in range(connections):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(line, selectors.EVENT_READ, bytearray())
    end = time.monotonic() + seconds
    for key in list(poll.get_map().values()):
        sent[key.fileobj] = time.monotonic()  # type: ignore[index]
        key.fileobj.sendall(requests[turn % len(requests)])  # type: ignore[union-attr]
        turn += 1
    while sent:
        for key, _ in poll.select(timeout=5):
            line, waiting = key.fileobj, key.data
            waiting += line.recv(1 << 16)  # type: ignore[union-attr]
            if not is_whole(waiting):
                continue
            now = time.monotonic()
            latencies.append(now - sent.pop(line))  # type: ignore[arg-type]
            status = int(waiting[9:12])
            statuses[status] = statuses.get(status, 0) + 1
            waiting.clear()
            if now < end:
                sent[line] = now  # type: ignore[index]
                line.sendall(requests[turn % len(requests)])  # type: ignore[union-attr]
                turn += 1
    answer.send((latencies, statuses))


def is_whole(answer: bytearray) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    if bytes(answer[9:12]) in {b"204", b"304"}:
        return True
    length = re.search(rb"(?i)content-length: (\d+)", answer[:head])
    return length is not None and len(answer) >= head + 4 + int(length[1])


def cpu_s(pid: int) -> float:
    """Return the CPU-seconds of a process so far; 0 where the system does not tell."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def bulk(port: int, codes: list[str], numbers: Sequence[int], places: Sequence[tuple[float, float]]) -> None:
    kinds = {
        "codes": codes[:BULK_NAMES],
        "aliases": [f"JL-{n:09d}" for n in range(BULK_NAMES)],
        "addresses": [f"{STREETS[n % 10]}路{n}号" for n in numbers[:BULK_NAMES]],
        "coordinates": [f"{lon:.6f} {lat:.6f}" for lon, lat in places[:BULK_NAMES]],
    }
    kinds["of all kinds"] = [each[i] for i in range(BULK_NAMES // 4) for each in kinds.values()]
    for kind, names in kinds.items():
        body = json.dumps({"names": names}, ensure_ascii=False).encode()
        taken = statistics.median(post(port, body) for _ in range(3))
        print(f"bulk, {len(names):,} {kind:<20}{len(names) / taken:>12,.0f} rows/s   {taken:.2f} s")


def post(port: int, body: bytes) -> float:
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as line:
        head = f"POST /resolve HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)
        whole = b"".join(iter(lambda: line.recv(1 << 16), b""))
    if not whole.startswith(b"HTTP/1.1 200"):
        sys.exit(whole[:400].decode())
    return time.monotonic() - start


if __name__ == "__main__":
    main()
