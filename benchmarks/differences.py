"""How long the difference of two land-use layers takes, beside shapely alone and geopandas.overlay, in one run.

Both layers cover the same square with so many parcels, each by another layout; a tenth of the second one is left out.
Ours gives every piece with both features, classes, areas on both bases, width, certainty and slivers; the others give
geometry and plane area. `--plain` has straight borders, so that parcels have about six vertices.

    python benchmarks/differences.py --parcels 20000
"""

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from overlay_layers import CRS, SEED, coverage

from blueprint.crosswalk import load_crosswalk
from blueprint.differences import find_differences
from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import prepare
from blueprint.layer_state import Edition, LayerState

CODES = np.array(["0101", "0301", "0701", "0901", "1001"])
BAR_S = 8.0


class Layers(NamedTuple):
    """Two layers, and the square that the first one covers."""

    first: Any
    second: Any
    extent: Any


def make_layers(count: int, vertices: int) -> Layers:
    rng = np.random.default_rng(SEED)
    side_m = 56 * np.sqrt(count)
    first, second = (valid(coverage(count, side_m, rng, vertices=vertices)) for _ in range(2))
    extent = shapely.union_all(first)
    return Layers(first, second[rng.random(len(second)) > 0.1], extent)


def valid(polygons: Any) -> Any:
    return polygons[shapely.is_valid(polygons)]


def ours(layers: Layers) -> Callable[[], tuple[int, float]]:
    states = [state(code, polygons) for code, polygons in (("GH2103", layers.first), ("GH2303", layers.second))]

    def work() -> tuple[int, float]:
        found = find_differences(*states, layers.extent, as_of=None, crosswalk=load_crosswalk())
        return len(found.pieces), found.pieces["area_m2"].sum()

    return work


def ours_areas(layers: Layers) -> Callable[[], tuple[int, float]]:
    def work() -> tuple[int, float]:
        pairs = shared_areas(prepare(layers.first), prepare(layers.second))
        return len(pairs.left), pairs.area_m2.sum()

    return work


def shapely_alone(layers: Layers) -> Callable[[], tuple[int, float]]:
    """The best plain arrangement: pairs by a tree, then intersections, then what the other layer leaves of each."""

    def work() -> tuple[int, float]:
        first, second = layers.first, layers.second
        i, j = shapely.STRtree(second).query(first, predicate="intersects")
        shared = shapely.intersection(first[i], second[j])
        pieces = [shared]
        for one, other, a, b in ((first, second, i, j), (second, first, j, i)):
            order = np.argsort(a, kind="stable")
            rows, start = np.unique(a[order], return_index=True)
            around = np.full(len(one), shapely.Polygon(), dtype=object)
            around[rows] = [shapely.union_all(run) for run in np.split(other[b[order]], start[1:])]
            pieces.append(shapely.difference(one, around))
        parts = shapely.get_parts(np.concatenate(pieces))
        area_m2 = shapely.area(parts)
        return int((area_m2 > 0).sum()), area_m2.sum()

    return work


def geopandas_union(layers: Layers) -> Callable[[], tuple[int, float]]:
    left, right = (
        gpd.GeoDataFrame({name: np.arange(len(g))}, geometry=g, crs=CRS)
        for name, g in (("i", layers.first), ("j", layers.second))
    )

    def work() -> tuple[int, float]:
        rows = gpd.overlay(left, right, how="union").explode()
        return len(rows), rows.area.sum()

    return work


CONTENDERS = {
    "ours, everything": ours,
    "ours, areas alone": ours_areas,
    "shapely": shapely_alone,
    "geopandas.overlay": geopandas_union,
}


def state(code: str, polygons: Any) -> LayerState:
    codes = np.random.default_rng(len(polygons)).choice(CODES, len(polygons))
    frame = gpd.GeoDataFrame({"class_code": codes}, geometry=polygons, crs=CRS, index=np.arange(1, len(polygons) + 1))
    return LayerState(code, Edition(1, code), 1.0, frame)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parcels", type=int, default=20_000)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    options = parser.parse_args()
    ours(make_layers(50, 0))()  # compile
    layers = make_layers(options.parcels, 0 if options.plain else 12)
    vertices = shapely.get_num_coordinates(layers.first).mean()
    print(
        f"{len(layers.first):,} × {len(layers.second):,} parcels of {vertices:.0f} vertices, {layers.extent.area:,.0f} m²"
    )
    print(f"{'':<20}{'wall s':>9}{'CPU s':>9}{'pieces':>11}{'area, m²':>20}")
    for name in options.only:
        work = CONTENDERS[name](layers)
        wall, cpu = time.perf_counter(), cpu_s()
        pieces, area_m2 = work()
        taken = time.perf_counter() - wall, cpu_s() - cpu
        print(f"{name:<20}{taken[0]:>9.2f}{taken[1]:>9.2f}{pieces:>11,}{area_m2:>20,.3f}", flush=True)
        if name == "ours, everything":
            print(f"{'':<20}{'bar':>9} {BAR_S * options.parcels / 20_000:.1f} s")


if __name__ == "__main__":
    main()
