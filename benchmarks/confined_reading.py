"""What confinement costs: files read in a confined process and in this one, by turns, the least of each: on the clock, and
of the processor in all processes that take part.

``python benchmarks/confined_reading.py [--rows 100000] [--turns 7]``: a made-up town as GeoPackage, shapefile in zip and
GeoJSON, and a GeoJSON of ten buildings.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

import layers.confined.reading
from layers.confined.reading import read_confined
from layers.reading import read_delivery
from layers.writing import write_frame

ROWS, TURNS, FEW = 100_000, 7, 10
PER_STREET, SPACING_M = 400, 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        town = buildings(options.rows)
        files = [(Path(folder) / f"town{suffix}", town) for suffix in (".gpkg", ".zip", ".geojson")]
        files.append((Path(folder) / "few.geojson", town.head(FEW)))
        for path, frame in files:
            write_frame(frame, path)
        started = time.perf_counter()
        read_confined(files[-1][0])
        print(f"start of the service and first file: {time.perf_counter() - started:.2f} s")
        # the readers are loaded while nobody asks
        time.sleep(3)
        print(f"{'':<16}{'rows':>9}" + f"{'here ms':>10}{'confined ms':>13}{'ratio':>8}" * 2 + "   (clock, processor)")
        for path, frame in files:
            least = by_turns(path, options.turns)
            shown = "".join(f"{here * 1e3:>10.0f}{far * 1e3:>13.0f}{far / here:>8.2f}" for here, far in least)
            print(f"{path.name:<16}{len(frame):>9,}{shown}")
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


def buildings(count: int) -> gpd.GeoDataFrame:
    places = np.arange(count)
    x, y = 500_000 + SPACING_M * (places % PER_STREET), 4_850_000 + SPACING_M * (places // PER_STREET)
    columns = {"名称": [f"{i}号楼" for i in places], "层数": places % 30, "高度": 2.9 * (places % 30), "用途": "住宅"}
    return gpd.GeoDataFrame(columns, geometry=shapely.box(x, y, x + 20, y + 12), crs="EPSG:4551")


def by_turns(path: Path, turns: int) -> list[tuple[float, float]]:
    """Return the least seconds that reading a file takes here and confined, on the clock and of the processor."""
    took = [(clock(read_delivery, path), clock(read_confined, path)) for _ in range(turns)]
    return [(min(here[i] for here, _ in took), min(far[i] for _, far in took)) for i in range(2)]


def clock(read: Callable[[Path], Any], path: Path) -> tuple[float, float]:
    started, spent = time.perf_counter(), processor_s()
    read(path)
    return time.perf_counter() - started, processor_s() - spent


def processor_s() -> float:
    """Return the seconds that this process, the one that readers are forked from and those that have ended have taken."""
    service = layers.confined.reading._reading._service  # noqa: SLF001 - what it takes is told nowhere else
    if service is None:
        return time.process_time()
    stat = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    # of the process itself and of its children, in the user's name and the system's, in ticks
    return time.process_time() + sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
