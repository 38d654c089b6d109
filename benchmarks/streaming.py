"""How fast `luotu code` takes files of any length through, where the time goes, and how much memory it wants.

``python benchmarks/streaming.py [--file FILE] [--rows 100000 1000000] [--formats gpkg fgb parquet] [--folder FOLDER]``:
the polygons of FILE (or made-up ones) with a name, a number of storeys and a height are laid out in tiles until there are
enough, written in each format into a temporary folder, and coded into the same format by a process of its own, as a person
would. Rows a second are by the clock; CPU-seconds are the process's own, start and all; where they go is measured in a
second run. Peak memory is what the system says of that process; it may grow with the rows by no more than a fifth.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from coding import CENTRE, TILE_LIMIT_DEG, made_up, read_polygons, versions

from layers.code_columns import with_codes
from layers.reading import open_delivery
from layers.writing import write_batches

MADE_UP_ROWS = 100_000
MEMORY_LIMIT = 1.2
CRS = pyproj.CRS(4490)
PROJECT = Path(__file__).resolve().parents[1]


class Run(NamedTuple):
    """What one process took: by the clock, of the processor, and of memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    options = read_options()
    if options.stages:
        print(json.dumps(stages(*options.stages)))
        return
    footprints = read_polygons(options.file) if options.file else made_up(MADE_UP_ROWS)
    print(f"{len(os.sched_getaffinity(0))} cores; {versions()}; pyarrow {pa.__version__}")
    print(f"{'':<22}{'rows/s':>10}{'rows/CPU-s':>12}{'read':>8}{'code':>8}{'write':>8}{'of CPU-s':>10}{'peak MB':>9}")
    for suffix in options.formats:
        peaks = [measure(footprints, rows, suffix, options.folder) for rows in options.rows]
        if len(peaks) > 1:
            ratio = peaks[-1] / peaks[0]
            verdict = "met" if ratio <= MEMORY_LIMIT else "MISSED"
            growth = options.rows[-1] / options.rows[0]
            print(f"  {growth:g} times the rows: {ratio:.2f} times the memory   bar {MEMORY_LIMIT}: {verdict}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="polygons in degrees; made-up footprints without it")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="how many rows, one run each")
    parser.add_argument("--formats", nargs="+", default=["gpkg", "fgb", "parquet"], help="suffixes of formats")
    parser.add_argument(
        "--folder", type=Path, help="where to put the files, which are removed; the system's by default"
    )
    parser.add_argument("--stages", type=Path, nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(footprints: Any, rows: int, suffix: str, folder: Path | None) -> float:
    """Code so many rows from a format into itself, print what it took, and return the peak memory."""
    with TemporaryDirectory(prefix="luotu-streaming-", dir=folder) as name:
        source, target = Path(name) / f"in.{suffix}", Path(name) / f"out.{suffix}"
        write_batches(tiles(footprints, rows), source, crs=CRS, find_kinds=lambda: kinds(footprints))
        run = watch("-m", "cli.main", "code", str(source), "-o", str(target))
        target.unlink()
        command = [sys.executable, __file__, "--stages", str(source), str(target)]
        parts = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=PROJECT).stdout)
    total = sum(parts.values())
    shares = "".join(f"{parts[stage] / total:>8.0%}" for stage in ("read", "code", "write"))
    speeds = f"{rows / run.wall_s:>10,.0f}{rows / run.cpu_s:>12,.0f}"
    print(f"{suffix:<8}{rows:>12,}  {speeds}{shares}{total:>10.1f}{run.peak_mb:>9,.0f}", flush=True)
    return run.peak_mb


def watch(*arguments: str) -> Run:
    """Run Python and return what the process took."""
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL, cwd=PROJECT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"luotu code ended with {process.returncode}")
    peak = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return Run(time.monotonic() - start, usage.ru_utime + usage.ru_stime, peak)


def stages(source: Path, target: Path) -> dict[str, float]:
    """Return the CPU-seconds that reading, coding and writing take."""
    taken = dict.fromkeys(("read", "code", "write"), 0.0)
    start = time.process_time()

    def coded() -> Iterator[gpd.GeoDataFrame]:
        while True:
            before = time.process_time()
            batch = next(delivery.batches, None)
            taken["read"] += (read := time.process_time()) - before
            if batch is None:
                return
            frame, _ = with_codes(batch.frame, batch.faults)
            taken["code"] += time.process_time() - read
            yield frame

    with open_delivery(source) as delivery:
        write_batches(coded(), target, crs=delivery.crs, find_kinds=delivery.find_kinds)
    taken["write"] = time.process_time() - start - taken["read"] - taken["code"]
    return taken


def tiles(footprints: Any, rows: int) -> Iterator[gpd.GeoDataFrame]:
    """Yield frames of footprints with attributes, moved by whole tiles around the centre, until there are enough."""
    west, south, east, north = shapely.total_bounds(footprints)
    step_x, step_y = min(east - west, TILE_LIMIT_DEG), min(north - south, TILE_LIMIT_DEG)
    per_row = max(1, int(2.8 / step_x))
    for tile, first in enumerate(range(0, rows, len(footprints))):
        dx = CENTRE[0] - 1.4 - west + tile % per_row * step_x
        dy = CENTRE[1] - south + tile // per_row * step_y
        moved = shapely.transform(footprints[: rows - first], lambda xy, by=(dx, dy): xy + by)
        numbers = np.arange(first, first + len(moved))
        columns = {
            "名称": [f"松花江{number}号楼" for number in numbers],
            "层数": numbers % 33,
            "高度": (numbers % 997) / 10,
        }
        arrow = {key: pd.arrays.ArrowExtensionArray(pa.array(values)) for key, values in columns.items()}
        yield gpd.GeoDataFrame(arrow, geometry=moved, crs=CRS)


def kinds(footprints: Any) -> frozenset[str]:
    return frozenset(np.unique([shape.geom_type for shape in footprints]).tolist())


if __name__ == "__main__":
    main()
