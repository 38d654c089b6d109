"""How many tiles and pages of items a second one worker serves, beside tipg on the same tables in the same run.

``python benchmarks/tiles.py [--buildings 20000] [--seconds 4] [--rounds 3] [--connections 8] [--folder FOLDER] [--tipg VENV]``:
a private cluster in FOLDER (temporary without it; kept and used again with it) is filled as by `resolve.py`, with buildings as
close to each other as in a city: about 130 on a tile of zoom 16; each has entered up to four stages. tipg is installed by uv
into VENV (temporary without it), never into the project's environment; where it cannot be, ours is measured alone. tipg reads a
view over the same tables that tells the same columns, and is asked for those alone; neither compresses. First, tiles of both
are decoded: they tell the same buildings, but for those of ours in the margin, beyond the tile, which tipg leaves out. Each
service has one uvicorn worker; another process asks by connections that stay open. The services are asked in turns, round by
round, on a machine that may have other work: the ratios tell more than the figures. CPU is that of the worker and that of all
of PostgreSQL's processes.

tile z14 … z16    tiles with buildings, at random; `cut`: each cut by the database, nothing kept
tile z8 … z12     cells with how many buildings stand in them
… kept            asked for before; `304`: the caller has it already; beside a FastAPI route that returns five bytes
items             pages of 100 of the buildings in a box of about 500 m, and the first page of all
"""

import argparse
import math
import multiprocessing
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import urlopen

import numpy as np
import psycopg
import shapely
import uvicorn
from coding import made_up
from resolve import Runs, cpu_s, filled, served

from api.app import create_app
from registry.stages import stage_codes
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from workflows.kept_tiles import MOST_BYTES
from workflows.settings import Settings
from workflows.tile_answers import TileAnswers

CENTRE = np.array([126.0, 43.75])
# made up, a million stand on 2.8° by 1.5°: a fifth of that each way is a city
CITY_OF_A_MILLION = 0.2
MOST_TILES, KEPT_TILES, WARM_REQUESTS = 20_000, 200, 16
# fields of a vector tile, of its layers, and of values
LAYER, FEATURE, VALUE, TEXT = 3, 2, 4, 1
CODE = re.compile(rb"[0-9A-HJ-NP-RTUWXY]{13}")
VIEW = """
    create schema if not exists bench;
    create or replace view bench.shown as
    select f.id, b.code, coalesce(e.stage, f.stage) as stage, round(f.area_m2 * 100) / 100 as area_m2, f.name, f.geom
    from footprint f join building b on b.id = f.building_id
    left join lateral stage_entered_last(b.id, array[{stages}], 'infinity', 'infinity') e on true
    where f.replaced_at is null
"""
# as many stages as the number of a building leaves of five
STAGES = """
    set local session_replication_role = replica;
    insert into stage_entry (building_id, office_id, stage, occurred_on, actor)
    select b.id, b.office_id, entered.stage, date '2024-01-01' + 90 * cast(entered.place as integer), 'bench'
    from (select *, row_number() over (order by id) as number from building) as b
    cross join unnest(array[{stages}]) with ordinality as entered (stage, place)
    where entered.place <= b.number % 5
"""
INSIDE = """
    select count(*) from bench.shown
    where code = any(%(codes)s) and ST_Intersects(geom, ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4490))
"""
PLACES = (
    "select ST_X(c), ST_Y(c) from (select ST_PointOnSurface(geom) as c from footprint where replaced_at is null) as p"
)


class Service(NamedTuple):
    """A service that is asked: its name, port and process, and its paths for a tile and for a page of items."""

    name: str
    port: int
    pid: int
    tile: Callable[[int, int, int], str]
    items: Callable[[str], str]


class Sum(NamedTuple):
    """What several rounds came to, by service."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    database_ms: float
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
        owner = address.database("tiles")
        create_database(owner)
        codes = filled(owner, options.buildings, draw=city)
        places = prepared(owner)
        venv = options.tipg or Path(stack.enter_context(TemporaryDirectory(prefix="tipg-")))
        service = address.database("tiles", role=SERVICE)
        services = [stack.enter_context(ours(service, folder, keeps=keeps)) for keeps in (False, True)]
        tipg = None
        if have_tipg(venv):
            tipg = stack.enter_context(served_tipg(venv, folder / "pg"))
            compare_tiles(owner, services[0], tipg, places)
        services.append(Service("bare", *stack.enter_context(served(None, folder)), bare_path, bare_path))
        load = os.getloadavg()[0]
        print(
            f"{len(codes):,} buildings; {len(os.sched_getaffinity(0))} cores, load {load:.1f}; {options.connections} clients"
        )
        measure_all(options, Asking(options, folder / "pg"), services, tipg, places)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each service is asked in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8, help="how many clients ask at once")
    parser.add_argument("--folder", type=Path, help="where the cluster is kept between runs")
    parser.add_argument("--tipg", type=Path, help="where tipg's virtual environment is kept between runs")
    return parser.parse_args()


# --- the register


def city(rows: int) -> Any:
    """Return made-up footprints, as many to a square kilometre as in a city."""
    footprints = made_up(rows)
    share = CITY_OF_A_MILLION * math.sqrt(rows / 1_000_000)
    moves = (CENTRE - shapely.get_coordinates(shapely.centroid(footprints))) * (1 - share)
    counts = shapely.get_num_coordinates(footprints)
    return shapely.set_coordinates(footprints, shapely.get_coordinates(footprints) + np.repeat(moves, counts, axis=0))


def prepared(url: str) -> list[tuple[float, float]]:
    """Make tipg's view, and return where buildings stand, in random order."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        # at its costs, the planner would compile what takes milliseconds
        server.execute(f"alter database {server.info.dbname} set jit = off")
        stages = [f"'{code}'" for code in stage_codes()]
        server.execute(VIEW.format(stages=", ".join(stages)))
        if not server.execute("select exists (select from stage_entry)").fetchone()[0]:
            with server.transaction():
                server.execute(STAGES.format(stages=", ".join(stages[1:5])))
            server.execute("vacuum analyze")
        places = server.execute(PLACES).fetchall()
    random.Random(20261122).shuffle(places)
    return places


# --- the services


@contextmanager
def ours(url: str, home: Path, *, keeps: bool) -> Iterator[Service]:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(url, str(home), port, MOST_BYTES if keeps else 0)
    )
    process.start()
    try:
        wait_for(port)
        base = "/ogc/collections/buildings"
        yield Service(
            "ours, kept" if keeps else "ours",
            port,
            int(process.pid or 0),
            lambda z, x, y: f"{base}/tiles/WebMercatorQuad/{z}/{y}/{x}",
            lambda query: f"{base}/items?limit=100{query}",
        )
    finally:
        process.terminate()
        process.join()


def serve(url: str, home: str, port: int, most_bytes: int) -> None:
    settings = Settings(DATABASE_URL=url, home=home, at_once=256, requests_per_s=0, _env_file=None)
    app = create_app(settings)
    app.state.tiles = TileAnswers(app.state.database, settings, most_bytes=most_bytes)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def have_tipg(venv: Path) -> bool:
    """Install tipg beside the project, and tell whether it is there."""
    if (venv / "bin" / "uvicorn").exists():
        return True
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        print("tipg is not measured: uv, which would install it, is not there")
        return False
    print(f"installing tipg into {venv}")
    for command in (
        [uv, "venv", "-q", "--clear", venv],
        [uv, "pip", "install", "-q", "--python", venv / "bin/python", "tipg", "uvicorn"],
    ):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"tipg is not measured: it cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
            return False
    return True


@contextmanager
def served_tipg(venv: Path, cluster: Path) -> Iterator[Service]:
    port = free_port()
    asked = {
        "DATABASE_URL": f"postgresql://luotu@{quote(str(cluster), safe='')}/tiles",
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_DB_TABLES": '["bench.shown"]',
        "TIPG_DB_DATETIME_EXTENT": "false",
        "TIPG_TILE_BUFFER": "64",
        "TIPG_CATALOG_TTL": "86400",
    }
    command = [venv / "bin/uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error", "--no-access-log"]
    process = subprocess.Popen([str(part) for part in command], env={**os.environ, **asked}, cwd=venv)
    try:
        wait_for(port)
        base = "/collections/bench.shown"
        yield Service(
            "tipg",
            port,
            process.pid,
            lambda z, x, y: f"{base}/tiles/WebMercatorQuad/{z}/{x}/{y}?properties=code,stage,area_m2,name",
            lambda query: f"{base}/items?limit=100&f=geojson{query}",
        )
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    sys.exit(f"nothing serves port {port}")


def bare_path(*_place: object) -> str:
    return "/async/4E7U5CKJ2WF0J"


# --- the same tiles


def compare_tiles(url: str, mine: Service, theirs: Service, places: Sequence[Any]) -> None:
    """End where tiles of the two do not tell the same buildings."""
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        for z in (14, 15, 16):
            x, y = tiles_with(places, z)[0][1:]
            ours, tipgs = (codes_on(body_of(each.port, each.tile(z, x, y))) for each in (mine, theirs))
            inside = server.execute(INSIDE, {"codes": list(ours - tipgs), "z": z, "x": x, "y": y}).fetchone()
            if tipgs - ours or inside[0]:
                sys.exit(f"tile {z}/{x}/{y}: ours has {len(ours):,} buildings, tipg's {len(tipgs):,}")
            print(f"tile {z}/{x}/{y}: the same {len(tipgs):,} buildings, and {len(ours - tipgs):,} in the margin alone")


def body_of(port: int, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return bytes(answer.read())


def codes_on(tile: bytes) -> set[str]:
    """Return the codes of the buildings on a tile of one layer, of which each feature has one."""
    (layer,) = (value for number, value in fields_of(tile) if number == LAYER)
    fields = list(fields_of(layer))
    texts = [text for number, value in fields if number == VALUE for kind, text in fields_of(value) if kind == TEXT]
    codes = {text.decode() for text in texts if CODE.fullmatch(text)}
    if len(codes) != sum(number == FEATURE for number, _ in fields):
        sys.exit("a tile has features without a code")
    return codes


def fields_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a protocol buffer that have a length: number and bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        yield number, data[at : at + size]
        at += size


# --- the asking


def measure_all(
    options: argparse.Namespace,
    asking: "Asking",
    services: Sequence[Service],
    tipg: Service | None,
    places: Sequence[Any],
) -> None:
    cutting, keeping, bare = services
    beside = [cutting] if tipg is None else [cutting, tipg]
    print(f"{'':<26}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms: worker':>16}{'database':>10}{'of other':>9}")
    for z in (14, 15, 16):
        tiles = tiles_with(places, z)
        asking.compare(f"tile z{z}, cut", beside, lambda each, tiles=tiles: [each.tile(*tile) for tile in tiles])
        few = [keeping.tile(*tile) for tile in tiles[:KEPT_TILES]]
        run = Runs(options, keeping.port, keeping.pid)
        run.once(few)
        tags, both = run.tags(few), {keeping.name: few, bare.name: [bare_path()] * len(few)}
        asking.compare(f"tile z{z}, kept", [keeping, bare], lambda each, both=both: both[each.name])
        asking.compare(f"tile z{z}, kept, 304", [keeping, bare], lambda each, both=both: both[each.name], headers=tags)
    for z in (8, 10, 12):
        tiles = tiles_with(places, z)
        asking.compare(f"tile z{z}, cut", [cutting], lambda each, tiles=tiles: [each.tile(*tile) for tile in tiles])
    boxes = [
        f"&bbox={lon - 0.003:.6f},{lat - 0.00225:.6f},{lon + 0.003:.6f},{lat + 0.00225:.6f}"
        for lon, lat in places[:5_000]
    ]
    asking.compare("items, 100 of a box", beside, lambda each: [each.items(box) for box in boxes])
    asking.compare("items, the first 100", beside, lambda each: [each.items("")])


def tiles_with(places: Sequence[tuple[float, float]], z: int) -> list[tuple[int, int, int]]:
    """Return tiles on which buildings stand, each once."""
    rows = [(0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) for _, lat in places]
    found = {
        (z, int((lon / 360 + 0.5) * 2**z), int(row * 2**z)): None for (lon, _), row in zip(places, rows, strict=True)
    }
    return list(found)[:MOST_TILES]


class Asking:
    """Asks services in turns, and prints what came of it."""

    def __init__(self, options: argparse.Namespace, cluster: Path) -> None:
        self.options = options
        self.postmaster = int((cluster / "data" / "postmaster.pid").read_text().splitlines()[0])

    def compare(
        self,
        title: str,
        services: Sequence[Service],
        paths_of: Callable[[Service], Sequence[str]],
        *,
        headers: Sequence[str] = (),
    ) -> None:
        rounds: dict[str, list[Sum]] = {each.name: [] for each in services}
        for turn in range(self.options.rounds):
            # in every round another one begins
            for each in [*services[turn % len(services) :], *services[: turn % len(services)]]:
                rounds[each.name].append(self.ask(each, paths_of(each), headers))
        told = {name: merged(found) for name, found in rounds.items()}
        first, *beside = told
        for name, found in told.items():
            ratio = f"{found.per_s / told[beside[0]].per_s:>9.2f}" if beside and name == first else ""
            others = {status: count for status, count in found.statuses.items() if status not in {200, 304}}
            print(
                f"{title + (f', {name}' if name != first else ''):<26}{found.per_s:>12,.1f}{found.p50_ms:>9.1f}{found.p99_ms:>9.1f}"
                f"{found.cpu_ms:>16.2f}{found.database_ms:>10.2f}{ratio}{f'   {others}' if others else ''}",
                flush=True,
            )

    def ask(self, service: Service, paths: Sequence[str], headers: Sequence[str]) -> Sum:
        run = Runs(self.options, service.port, service.pid)
        run.ask(paths[-WARM_REQUESTS:], 0.3, headers[-WARM_REQUESTS:])
        before = self.database_s()
        found = run.ask(paths, self.options.seconds, headers)
        count = max(1, sum(found.statuses.values()))
        database_ms = (self.database_s() - before) / count * 1000
        return Sum(found.per_s, found.p50_ms, found.p99_ms, found.cpu_ms, database_ms, found.statuses)

    def database_s(self) -> float:
        """Return the CPU-seconds of all of PostgreSQL's processes so far, those that have ended as well."""
        ended = Path(f"/proc/{self.postmaster}/stat").read_text().rsplit(")", 1)[1].split()
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        alive = sum(cpu_s(int(child)) for child in children)
        return alive + sum(int(each) for each in ended[11:15]) / os.sysconf("SC_CLK_TCK")


def merged(rounds: Sequence[Sum]) -> Sum:
    """Return the median of the rounds; the statuses of all."""
    statuses: dict[int, int] = {}
    for each in rounds:
        for status, count in each.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    numbers = np.median([each[:-1] for each in rounds], axis=0)
    return Sum(*(float(number) for number in numbers), statuses)


if __name__ == "__main__":
    main()
