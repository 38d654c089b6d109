"""How long does it take to find what is wrong between the polygons of a layer?

``python benchmarks/coverages.py [--polygons 20000]``: Voronoi cells that fill a square, on a grid of 1 mm; as they are, and
with one in forty moved by 5 cm, so that it overlaps its neighbours and leaves gaps behind.

GEOS alone tells whether a coverage is valid, or which edges are not: no kind, no area, no width, no pair. geopandas.overlay
tells the overlaps alone. CPU seconds of one process; the machine's other work does not count.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.affinity import translate

from layers.coverages import GAP_WIDTH_M, find_coverage_faults, propose_cleaning

SIDE_M, EVERY, MOVED_M = 8000.0, 40, (0.05, 0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polygons", type=int, default=20_000)
    count = parser.parse_args().polygons
    sound = cells(count)
    moved = np.array(
        [translate(cell, *MOVED_M) if i % EVERY == 0 else cell for i, cell in enumerate(sound)], dtype=object
    )
    for title, polygons in (("nothing wrong", sound), (f"one in {EVERY} moved", moved)):
        print(f"{len(polygons):,} polygons, {title}")
        for name, work in contenders(polygons).items():
            began = time.process_time()
            told = work()
            print(f"  {time.process_time() - began:8.2f} s  {name:42} {told}")


def cells(count: int) -> Any:
    square = shapely.box(0, 0, SIDE_M, SIDE_M)
    points = shapely.MultiPoint(np.random.default_rng(1).uniform(0, SIDE_M, (count, 2)))
    parts = shapely.intersection(np.array(shapely.voronoi_polygons(points, extend_to=square).geoms), square)
    # without the grid, which every operation would keep to
    return shapely.from_wkb(shapely.to_wkb(shapely.set_precision(parts, 0.001)))


def contenders(polygons: Any) -> dict[str, Callable[[], Any]]:
    frame = gpd.GeoDataFrame({"id": range(len(polygons))}, geometry=polygons, crs=4551)

    def overlaps() -> str:
        both = gpd.overlay(frame, frame, how="intersection", keep_geom_type=True)
        return f"{(both['id_1'] < both['id_2']).sum()} overlaps"

    def edges() -> str:
        found = shapely.coverage_invalid_edges(polygons, gap_width=GAP_WIDTH_M)
        return f"{(~shapely.is_empty(found)).sum()} polygons with edges"

    return {
        "shapely.coverage_is_valid": lambda: shapely.coverage_is_valid(polygons, gap_width=GAP_WIDTH_M),
        "shapely.coverage_invalid_edges": edges,
        "geopandas.overlay with itself": overlaps,
        "find_coverage_faults": lambda: dict(Counter(find_coverage_faults(frame)["kind"])),
        "propose_cleaning": lambda: f"{propose_cleaning(frame)['changed'].sum()} changed",
    }


if __name__ == "__main__":
    main()
