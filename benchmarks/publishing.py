"""How long it takes to publish a few changed polygons of a layer, beside computing all conflicts again.

``python benchmarks/publishing.py [--polygons 20000] [--changed 20] [--times 15] [--profile]``: in a private cluster of its
own, on disk, with fsync. Two plans without gaps, each of as many polygons as told (crooked quadrilaterals of 40 m; the second
one lies 13 m beside the first), and the seed's rules, of which C06 is about the two. A change moves the corners of polygons
here and there by up to a metre.

published   `workflows.publishing.publish`: a GeoPackage of the changed polygons read, its features stored as an edition,
            the conflicts of all rules brought up to date, the delta told with its geometries, all in one transaction that is
            safe on disk
draft       the same, undone: what would happen
updated     of that, what the conflicts take (`workflows.conflicting.update_standing`)
in full     `workflows.conflicting.conflicts_again`: all conflicts of the same day computed from all features; their hash has to
            be that of the run that was brought up to date

Medians and worst of the times, and the CPU-time of this process and of the database's together, which is what it takes where
nothing else runs. The load of both plans, and the first run, are told once.
"""

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text

from blueprint.rule_sets import load_rule_set
from layers.catalogue import load_catalogue
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.conflicts import standing_run
from store.database import Database, connect, migrate, transaction
from store.walls import as_system
from workflows import publishing
from workflows.conflicting import conflicts_again
from workflows.conflicts import Reader
from workflows.principals import find_principal
from workflows.publishing import PublishOptions, publish

BAR_S = 0.2
SEED, SIDE_M, CROOKED_M, BESIDE_M = 20261122, 40.0, 8.0, 13.0
EAST_M, NORTH_M = 540_000.0, 4_850_000.0
PLANS = {"GH2201": 0.0, "GH2202": BESIDE_M}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--polygons", type=int, default=20_000)
    parser.add_argument("--changed", type=int, default=20)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, installed(Path(folder)) as database:
        principal = find_principal(database, key=None, local=True)
        by = Reader(principal, load_rule_set(), load_catalogue(), Path(folder, "documents"))
        plans = {code: crooked_plan(options.polygons, beside_m) for code, beside_m in PLANS.items()}
        for code, plan in plans.items():
            path, asked = delivery(Path(folder), plan, range(len(plan))), PublishOptions(as_layer=code, whole=True)
            took, report = timed(partial(publish, database, path, options=asked, by=by))
            told = report["conflicts"]["counts"]["all"]
            print(f"{code}: {len(plan):,} polygons published, {told:,} conflicts of all rules: {took:.1f} s")
        measure(database, Path(folder), by, plans["GH2202"], options)


def measure(database: Database, folder: Path, by: Reader, plan: NDArray[Any], options: argparse.Namespace) -> None:
    """Print how long publishing takes, whole and in its part, and the full computation."""
    rng = np.random.default_rng(SEED)
    updates: list[float] = []
    taken: dict[str, list[float]] = {"draft": [], "published": []}
    spent: dict[str, list[float]] = {"draft": [], "published": []}
    publishing.update_standing = watched(publishing.update_standing, updates)
    profile, postmaster = cProfile.Profile(), postmaster_of(database)
    for _ in range(options.times):
        rows = rng.choice(len(plan), options.changed, replace=False)
        plan[rows] = moved(plan[rows], rng)
        path = delivery(folder, plan, rows)
        for name, times in taken.items():
            asked = PublishOptions(as_layer="GH2202", draft=name == "draft")
            before_s = cpu_s(postmaster)
            if options.profile and name == "published":
                profile.enable()
            took_s, report = timed(partial(publish, database, path, options=asked, by=by))
            profile.disable()
            times.append(took_s)
            spent[name].append(cpu_s(postmaster) - before_s)
        assert report["features"]["changed"] == options.changed
    counts = report["conflicts"]["counts"]
    told = ", ".join(f"{counts[name]} {name}" for name in ("changed", "new", "gone"))
    print(f"{options.changed} of {len(plan):,} polygons changed; of the conflicts {told}")
    print(f"{'':<12}{'median':>9}{'worst':>9}{'CPU':>9}   ms")
    for name, times in (*taken.items(), ("updated", updates)):
        cpu = f"{median(spent[name]) * 1e3:>9.0f}" if name in spent else " " * 9
        bar = f"   bar {BAR_S * 1e3:.0f}{'' if median(times) <= BAR_S else ', MISSED'}" if name == "published" else ""
        print(f"{name:<12}{median(times) * 1e3:>9.0f}{max(times) * 1e3:>9.0f}{cpu}{bar}")
    full_s = in_full(database, by)
    print(f"{'in full':<12}{full_s * 1e3:>9.0f}{'':>18}   {full_s / median(updates):.0f} times as long as updated")
    if options.profile:
        pstats.Stats(profile).sort_stats("cumtime").print_stats(60)


def watched(work: Callable[..., Any], updates: list[float]) -> Callable[..., Any]:
    """Return a function that does the same and notes how long it took."""

    def wrapped(*given: Any, **named: Any) -> Any:
        took_s, answer = timed(partial(work, *given, **named))
        updates.append(took_s)
        return answer

    return wrapped


def postmaster_of(database: Database) -> str:
    """Return the process whose children are the database's."""
    with transaction(database) as connection:
        backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
    return process_fields(Path("/proc", str(backend), "stat"))[1]


def cpu_s(postmaster: str) -> float:
    """Return the CPU-time that this process and those of the database have taken, in seconds."""
    total = time.process_time()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = process_fields(stat)
            if fields[1] == postmaster:
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def process_fields(stat: Path) -> list[str]:
    """Return what Linux tells of a process after its name: the second is its parent, twelfth and thirteenth its time."""
    return stat.read_text(encoding="utf-8").rpartition(")")[2].split()


def in_full(database: Database, by: Reader) -> float:
    """Return how long the full computation takes; its result must be the standing run's."""
    with transaction(database) as connection:
        run = standing_run(connection)
        took, result = timed(partial(conflicts_again, connection, run.inputs, by.rules, documents=by.documents))
    assert result == run.result
    return took


def crooked_plan(polygons: int, beside_m: float) -> NDArray[Any]:
    """Return polygons without gaps, in metres of EPSG:4551."""
    side = int(np.ceil(polygons**0.5))
    rng = np.random.default_rng(SEED + int(beside_m))
    grid = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1) * SIDE_M
    corners = grid + rng.uniform(-CROOKED_M, CROOKED_M, grid.shape) + (EAST_M + beside_m, NORTH_M + beside_m)
    rings = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2)
    return np.asarray(shapely.polygons(rings.reshape(-1, 4, 2)[:polygons]))


def moved(polygons: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return polygons with their corners moved by up to a metre."""
    return np.asarray(
        [shapely.Polygon(shapely.get_coordinates(each)[:4] + rng.uniform(-1, 1, (4, 2))) for each in polygons]
    )


def delivery(folder: Path, plan: NDArray[Any], rows: Any) -> Path:
    """Write some polygons as a delivery and return where."""
    path = folder / "delivery.gpkg"
    path.unlink(missing_ok=True)
    keys = [f"{row:08d}" for row in rows]
    gpd.GeoDataFrame({"BSM": keys}, geometry=plan[list(rows)], crs=4551).to_file(path)
    return path


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long some work took in seconds, and what it gave."""
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


@contextmanager
def installed(folder: Path) -> Iterator[Database]:
    """Yield the database of a private cluster, which is removed at the end."""
    try:
        address = start_cluster(folder / "pg")
        create_database(address.database("bench"))
        owned = connect(address.database("bench"))
        migrate(owned, service=SERVICE)
        owned.dispose()
        database = connect(address.database("bench", role=SERVICE))
        yield as_system(database)
        database.dispose()
    finally:
        remove_cluster(folder / "pg")


if __name__ == "__main__":
    main()
