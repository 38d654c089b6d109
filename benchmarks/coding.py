"""How many footprints a second get their code on one core, beside what others do with the same footprints.

``python benchmarks/coding.py [--file FILE] [--rows 1000000]``: FILE is GeoJSON (.gz or not) or anything GDAL reads in
degrees; its polygons are moved to Jilin City and laid out in tiles until there are enough. Without it, footprints are
made up: rectangles, L, U and courtyards. Figures are CPU-seconds, the median of three runs, on one pinned core.

Ours is all that a code is: validity, exact centroid, cell, area, text and check character, and the H3 text. Beside it:
`buildingid` (a UBID from bounds and centroid that shapely finds for all at once), H3 cells by a loop over its Python
function, shapely's validity and centroid alone, and a code the way one writes it first, from the three of them.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # numpy reads it when it is imported

import argparse
import gzip
import math
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import buildingid.code
import h3 as h3_text
import h3.api.basic_int as h3
import numpy as np
import pyogrio
import pyproj
import shapely

from geocode import encode_many
from geocode.alphabet import ALPHABET
from geocode.planes import to_plane

BAR_ROWS_PER_S, BAR_METRES_ROWS_PER_S, BAR_TIMES_UBID = 500_000, 250_000, 55
UBID_ROWS = 20_000
RUNS = 3
CENTRE = (126.0, 43.8)
ZONE = "EPSG:4551"
TILE_LIMIT_DEG = 0.2
Ring = list[tuple[float, float]]
# a shell and perhaps a hole, one long, the first vertex not repeated
SHAPES: dict[str, tuple[Ring, Ring | None]] = {
    "rectangle": ([(0, 0), (1, 0), (1, 0.6), (0, 0.6)], None),
    "L": ([(0, 0), (1, 0), (1, 0.4), (0.4, 0.4), (0.4, 1), (0, 1)], None),
    "U": ([(0, 0), (1, 0), (1, 0.9), (0.7, 0.9), (0.7, 0.3), (0.3, 0.3), (0.3, 0.9), (0, 0.9)], None),
    "courtyard": ([(0, 0), (1, 0), (1, 1), (0, 1)], [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)]),
}
SHARES = {"rectangle": 0.6, "L": 0.25, "U": 0.1, "courtyard": 0.05}


def main() -> None:
    options = read_options()
    core = pin_to_one_core()
    footprints = tiled(read_polygons(options.file), options.rows) if options.file else made_up(options.rows)
    vertices = int(shapely.get_num_coordinates(footprints).sum())
    print(f"{len(footprints):,} footprints, {vertices / len(footprints):.1f} vertices each, core {core}; {versions()}")
    print(f"memory with the footprints loaded: {peak_memory_mb():,.0f} MB")
    ours_s, found = measure(encode_many, footprints)
    ours = report("lon/lat → code", len(footprints), ours_s, bar=BAR_ROWS_PER_S)
    print(f"  refused: {sum(fault is not None for fault in found.faults):,}; peak memory {peak_memory_mb():,.0f} MB")
    ubid_s, _ = measure(ubids, footprints[:UBID_ROWS])
    ubid = report("  buildingid", len(footprints[:UBID_ROWS]), ubid_s)
    print(f"  ours is {ours / ubid:.1f} times as fast   bar {BAR_TIMES_UBID}: {verdict(ours / ubid, BAR_TIMES_UBID)}")
    cells_s, cells = measure(lambda rows: h3_cells(rows.lon_deg, rows.lat_deg), found)
    report("  h3 in a loop, cells alone", len(footprints), cells_s)
    print(f"  same cell as ours: {np.mean(cells == found.h3):.4%}")
    report("  shapely, valid and centroid", len(footprints), measure(valid_centroids, footprints)[0])
    plain_s, codes = measure(plain_codes, footprints)
    plain = report("  a code, written plainly", len(footprints), plain_s)
    same = np.mean(found.codes == np.array(codes))
    print(
        f"  same code as ours: {same:.4%} (rounded centroids, areas in the plane); ours is {ours / plain:.1f} times as fast"
    )
    del found, cells, codes
    metres = to_plane(footprints, ZONE)
    del footprints
    metres_s, _ = measure(lambda rows: encode_many(rows, crs=ZONE), metres)
    report(f"{ZONE} metres → code", len(metres), metres_s, bar=BAR_METRES_ROWS_PER_S)
    print(f"peak memory {peak_memory_mb():,.0f} MB")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="polygons in degrees; made-up footprints without it")
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many footprints to code")
    return parser.parse_args()


def pin_to_one_core() -> str:
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return str(core)


def read_polygons(path: Path) -> Any:
    """Return the polygons of a file."""
    if path.name.endswith((".geojson.gz", ".geojson", ".json")):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        geometries = shapely.get_parts(shapely.from_geojson(content))
    else:
        geometries = shapely.from_wkb(pyogrio.raw.read(path)[2])
    kind = shapely.get_type_id(geometries)
    return geometries[(kind == 3) | (kind == 6)]


def tiled(footprints: Any, rows: int) -> Any:
    """Return footprints moved by whole tiles around the centre, as many as asked for."""
    west, south, east, north = shapely.total_bounds(footprints)
    step_x, step_y = min(east - west, TILE_LIMIT_DEG), min(north - south, TILE_LIMIT_DEG)
    per_row = max(1, int(2.8 / step_x))
    copies = []
    for i in range(-(-rows // len(footprints))):
        dx = CENTRE[0] - 1.4 - west + i % per_row * step_x
        dy = CENTRE[1] - south + i // per_row * step_y
        copies.append(shapely.transform(footprints, lambda xy, by=(dx, dy): xy + by))
    return np.concatenate(copies)[:rows]


def made_up(rows: int) -> Any:
    """Return seeded footprints of the usual shapes, turned, 8 to 80 m long, in random order."""
    rng = np.random.default_rng(20241122)
    chosen = rng.choice(list(SHARES), size=rows, p=list(SHARES.values()))
    footprints = np.empty(rows, dtype=object)
    for shape, (shell, hole) in SHAPES.items():
        mine = np.flatnonzero(chosen == shape)
        place = Placement(rng, len(mine))
        holes = None if hole is None else shapely.linearrings(place.of(hole))[:, None]
        footprints[mine] = shapely.polygons(shapely.linearrings(place.of(shell)), holes)
    return footprints


class Placement:
    """Where n footprints stand, how long they are and which way they are turned."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.centre = np.column_stack([rng.uniform(124.6, 127.4, count), rng.uniform(43, 44.5, count)])
        self.length_m = np.clip(rng.lognormal(3.0, 0.5, count), 8, 80)
        self.turn = rng.uniform(0, 2 * np.pi, count)

    def of(self, ring: Ring) -> Any:
        """Return a ring's vertices in degrees, shape (n, m, 2)."""
        x, y = (np.array(ring).T)[:, None, :] * self.length_m[None, :, None]
        cos, sin = np.cos(self.turn)[:, None], np.sin(self.turn)[:, None]
        east_deg, north_deg = (x * cos - y * sin) / 80_300, (x * sin + y * cos) / 111_100
        return np.stack([self.centre[:, :1] + east_deg, self.centre[:, 1:] + north_deg], axis=2)


def ubids(footprints: Any) -> list[str]:
    """Return UBIDs of eleven digits by `buildingid`."""
    centres = shapely.centroid(footprints)
    west, south, east, north = shapely.bounds(footprints).T.tolist()
    rows = zip(south, west, north, east, shapely.get_y(centres).tolist(), shapely.get_x(centres).tolist(), strict=True)
    return [buildingid.code.encode(*row, codeLength=11) for row in rows]


def h3_cells(lon_deg: Any, lat_deg: Any) -> Any:
    """Return H3 cells as texts, point by point."""
    points = zip(lat_deg.tolist(), lon_deg.tolist(), strict=True)
    return np.array([h3_text.latlng_to_cell(lat, lon, 15) for lat, lon in points])


def valid_centroids(footprints: Any) -> Any:
    """Return shapely's centroids of the valid."""
    return shapely.centroid(footprints[shapely.is_valid(footprints)])


def plain_codes(footprints: Any) -> list[str]:
    """Return codes the way one writes it first: shapely's centroid, then a loop over h3 and characters."""
    valid = shapely.is_valid(footprints)
    x, y = shapely.get_x(centres := shapely.centroid(footprints)), shapely.get_y(centres)
    metres2 = shapely.area(footprints) * 111_319.49**2 * np.cos(np.radians(y))
    rows = zip(valid.tolist(), x.tolist(), y.tolist(), metres2.tolist(), strict=True)
    return ["" if not sound else plain_text(*row) for sound, *row in rows]


def plain_text(lon: float, lat: float, area_m2: float) -> str:
    cell = h3.latlng_to_cell(lat, lon, 15)
    number = (cell >> 45) & 0x7F
    for digit in digits_of(cell):
        number = number * 7 + digit
    values: list[int] = []
    for _ in range(10):
        number, value = divmod(number, 31)
        values.insert(0, value)
    values += [0 if area_m2 < 1 else min(30, 1 + int(5 * math.log10(area_m2))), 0]
    values.append(-sum(value * 3**i for i, value in enumerate(values)) % 31)
    text = "".join(ALPHABET[value] for value in values)
    return f"{text[:5]}-{text[5:10]}-{text[10:]}"


def digits_of(cell: int) -> Iterator[int]:
    return ((cell >> shift) & 7 for shift in range(42, -1, -3))


def measure(function: Callable[[Any], Any], footprints: Any) -> tuple[float, Any]:
    """Return the median CPU-seconds of three runs, and what the last one returned."""
    seconds, result = [], None
    for _ in range(RUNS):
        # two results at once would measure how fast the system hands out memory
        del result
        start = time.process_time()
        result = function(footprints)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), result


def report(task: str, rows: int, cpu_s: float, *, bar: int | None = None) -> float:
    """Print and return rows per CPU-second."""
    rate = rows / cpu_s
    judged = f"   bar {bar:,}: {verdict(rate, bar)}" if bar else ""
    print(f"{task:<30} {rate:>10,.0f} rows per CPU-second   ({cpu_s:.2f} s for {rows:,}){judged}")
    return rate


def verdict(value: float, bar: float) -> str:
    return "met" if value >= bar else "MISSED"


def peak_memory_mb() -> float:
    """Return the largest resident size of the process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def versions() -> str:
    names = {"Python": platform.python_version(), "numpy": np.__version__, "shapely": shapely.__version__}
    names |= {
        "GEOS": shapely.geos_version_string,
        "h3": version("h3"),
        "numba": version("numba"),
        "PROJ": pyproj.proj_version_str,
    }
    return ", ".join(f"{name} {number}" for name, number in names.items())


if __name__ == "__main__":
    main()
