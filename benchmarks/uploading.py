"""How fast a delivery comes into the register, and what memory it takes: read, checked, coded, matched, stored, told.

``python benchmarks/uploading.py [--rows 20000] [FILE]``: into a private cluster of its own, on disk, with fsync. FILE (anything
`read_delivery` reads, in degrees) is a city that is laid side by side until there are enough rows; without one a made-up town is.
Four deliveries, each a GeoPackage and each in a process of its own: every other building of the city, all new in an empty
register; those between them, as many and as new, their neighbours wall to wall; a second survey of the first, 0.4 m aside and
5 cm rough at each vertex; and the second survey once more, which is the same upload.

The machine may be a share of one: what a fixed piece of work takes before and after each delivery is told beside it, alone and
with another one at the same time, which two cores do as fast and two halves of one core do not.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geocode.planes import from_plane
from layers.confined.reading import list_confined
from layers.reading import read_delivery
from store.cluster import remove_cluster
from workflows.databases import opened_database, start_database
from workflows.delivery_options import DeliveryOptions
from workflows.principals import find_principal
from workflows.rights import seen_by
from workflows.settings import Settings
from workflows.this_process import settle_interpreter
from workflows.uploading import upload_file

SEED, ROWS, BAR_ROWS_S = 20261122, 20_000, 5_000
SHIFT_DEG, ROUGH_DEG = (5e-6, 1e-6), 5e-7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--deliver", nargs=2, type=Path, metavar=("HOME", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", type=Path)
    options = parser.parse_args()
    if options.deliver:
        print(json.dumps(deliver(*options.deliver)))
        return
    with TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        try:
            measure(home, city(options.file, 2 * options.rows))
        finally:
            remove_cluster(Settings(home=home, _env_file=None).cluster)


def measure(home: Path, shapes: Any) -> None:
    start_database(Settings(home=home, _env_file=None))
    first, between = write(home / "first.gpkg", shapes[::2]), write(home / "between.gpkg", shapes[1::2])
    second = write(home / "second.gpkg", survey_again(shapes[::2]))
    deliveries = {"all new": first, "all new, in a standing city": between, "a second survey": second}
    print(
        f"{'':<28}{'rows':>10}{'s':>8}{'rows/s':>9}{'CPU s':>8}{'server s':>9}{'peak MB':>9}{'fixed work, ms':>22}  outcomes"
    )
    before = fixed_work()
    for name, path in (*deliveries.items(), ("the same upload again", second)):
        command = [sys.executable, __file__, "--deliver", str(home), str(path)]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        rate = told["rows"] / told["took_s"]
        verdict = "" if rate >= BAR_ROWS_S else "   MISSED"
        figures = f"{told['rows']:>10,}{told['took_s']:>8.1f}{rate:>9,.0f}{told['cpu_s']:>8.1f}"
        after = fixed_work()
        paces = " → ".join(f"{alone:.0f}/{beside:.0f}" for alone, beside in (before, after))
        figures += f"{told['server_s']:>9.1f}{told['peak_mb']:>9,.0f}{paces:>22}"
        print(f"{name:<28}{figures}  {told['outcomes']}{verdict}", flush=True)
        before = after


def fixed_work() -> tuple[float, float]:
    """Return how many milliseconds a fixed piece of work takes alone, and beside another one: medians of some."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as both:
        alone = both.submit(fixed_work_ms).result()
        beside = [*both.map(fixed_work_ms, range(2))]
    return alone, max(beside)


def fixed_work_ms(_: int = 0) -> float:
    def once() -> float:
        started, kept = time.perf_counter(), dict[int, str]()
        for number in range(400_000):
            kept[number % 1024] = str(number)
        return (time.perf_counter() - started) * 1000

    return statistics.median(once() for _ in range(9))


def deliver(home: Path, path: Path) -> dict[str, Any]:
    """Upload a file as a worker does, and tell how it went: the process's own memory and CPU time, without the database's."""
    settings = Settings(home=home, _env_file=None)
    settle_interpreter()
    # a worker has started its readers long before
    list_confined(path)
    with opened_database(settings) as database:
        principal = find_principal(database, key=None, local=True)
        started, cpu_began_s, server_began_s = time.perf_counter(), time.process_time(), server_cpu_s(settings.cluster)
        report = upload_file(
            seen_by(database, lambda: principal),
            path,
            principal=principal,
            documents=settings.documents,
            options=DeliveryOptions(mode="good"),
        )
        took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_began_s
        server_s = server_cpu_s(settings.cluster) - server_began_s
    outcomes: dict[str, int] = {}
    for row in report.results:
        outcomes[row.outcome] = outcomes.get(row.outcome, 0) + 1
    return {
        "rows": report.rows,
        "took_s": took_s,
        "cpu_s": cpu_s,
        "server_s": server_s,
        "peak_mb": peak_mb(),
        "outcomes": outcomes,
    }


def peak_mb() -> float:
    """Return the most memory that this process had; `getrusage` would tell that of the one that started it where it had more."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def server_cpu_s(cluster: Path) -> float:
    """Return the CPU time of the database server and its processes so far."""
    (postmaster, *_) = (cluster / "data" / "postmaster.pid").read_text().split()
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = status.read_text().partition(" (")
        except OSError:
            continue
        values = rest.rpartition(") ")[2].split()
        if pid == postmaster:
            ticks += sum(int(value) for value in values[11:15])
        elif values[1] == postmaster:
            ticks += sum(int(value) for value in values[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def city(source: Path | None, rows: int) -> Any:
    """Return as many footprints as wanted in degrees: a city laid side by side."""
    one = made_up_town(min(rows, 20_000)) if source is None else np.asarray(read_delivery(source).frame.geometry.values)
    one = one[np.isin(shapely.get_type_id(one), (3, 6))]
    west, _, east, _ = shapely.total_bounds(one)
    tiles = -(-rows // len(one))
    laid = [
        shapely.transform(one, lambda xy, far=tile * (east - west + 0.01): xy + np.array([far, 0.0]))
        for tile in range(tiles)
    ]
    return np.concatenate(laid)[:rows]


def made_up_town(rows: int) -> Any:
    """Return houses along streets, some of them angled, in degrees."""
    draw, place = np.random.default_rng(SEED), np.arange(rows)
    x, y = 500_000 + 25.0 * (place % 140), 3_500_000 + 30.0 * (place // 140)
    width, depth = draw.uniform(8, 18, rows), draw.uniform(8, 18, rows)
    corners = [(0, 0), (1, 0), (1, 0.6), (0.5, 0.6), (0.5, 1), (0, 1), (0, 0)]
    rings = np.stack([np.column_stack([x + a * width, y + b * depth]) for a, b in corners], axis=1)
    return from_plane(shapely.polygons(rings), "EPSG:4549")


def survey_again(shapes: Any) -> Any:
    """Return the same buildings as another survey sees them: all aside, and each vertex a little off."""
    # rough by place and not by chance: a ring ends where it began
    drawn = shapely.transform(shapes, lambda xy: xy + SHIFT_DEG + ROUGH_DEG * np.sin(1e7 * xy[:, ::-1]))
    return np.where(shapely.is_valid(drawn), drawn, shapes)


def write(path: Path, shapes: Any) -> Path:
    columns = {"building": "yes", "name": [f"{row} 号楼" for row in range(len(shapes))], "levels": 3, "height": 9.5}
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326").to_file(path, driver="GPKG")
    return path


if __name__ == "__main__":
    main()
