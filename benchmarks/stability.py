"""How often one building gets another name when it is delivered again: by other roads, rounded, surveyed anew.

``python benchmarks/stability.py [--file FILE] [--rows 200000]``: the footprints of `coding.py`, as a survey delivers
them: in metres of a Gauss–Krüger zone, to the millimetre. Each road delivers the same buildings once more; a flip is a
name that changed. The cell of BeiDou and H3 is that of GEOS's centroid, in doubles, as one writes it first.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h3
import numpy as np
import shapely
from coding import ZONE, made_up, read_polygons, tiled

from geocode import encode_many, to_storage
from geocode.beidou import beidou_codes
from geocode.planes import from_plane, to_plane
from geocode.ubids import ubids
from registry.ground import SAME_IOU

ROWS, SEED = 200_000, 20261122
BAR_ROUNDED = 1.5e-3
# the same datum in other zones: 3° without and with zone number, 6°, UTM, Web Mercator
OTHER_ZONES = ("EPSG:4550", "EPSG:4552", "EPSG:4530", "EPSG:4511", "EPSG:32652", "EPSG:3857")
Delivery = tuple[Any, str]


def main() -> None:
    options = read_options()
    source = tiled(read_polygons(options.file), options.rows) if options.file else made_up(options.rows)
    survey = on_grid(to_plane(shapely.get_parts(source)[: options.rows], ZONE), 0.001)
    first = names(survey, ZONE)
    sound = first["code"] != ""
    survey, first = survey[sound], {scheme: texts[sound] for scheme, texts in first.items()}
    print(f"{len(survey):,} footprints, {ZONE}, to 1 mm; share of names that changed")
    print(f"{'delivered again':<46}" + "".join(f"{scheme:>12}" for scheme in first))
    for road, bar, deliver in roads():
        report(road, bar, survey, first, deliver(survey))
    pairs = two_parts(survey)
    report("two parts, the other first", 0.0, pairs, names(pairs, ZONE), (two_parts(survey, swapped=True), ZONE))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="polygons in degrees; made-up footprints without it")
    parser.add_argument("--rows", type=int, default=ROWS, help="how many footprints")
    return parser.parse_args()


def names(footprints: Any, crs: str) -> dict[str, Any]:
    """Return the names of footprints under each scheme, empty where a footprint is refused."""
    encoded = encode_many(footprints, crs=crs)
    degrees = to_storage(footprints, crs)
    centre = shapely.centroid(degrees)
    lon, lat = shapely.get_x(centre), shapely.get_y(centre)
    return {
        "code": encoded.codes,
        "H3-15": np.array([h3.latlng_to_cell(*point, 15) for point in zip(lat.tolist(), lon.tolist(), strict=True)]),
        "BeiDou-8": beidou_codes(lon, lat, level=8),
        "UBID-11": ubids(degrees),
    }


def roads() -> Iterator[tuple[str, float | None, Callable[[Any], Delivery]]]:
    """Yield what may happen to a delivery: its name, how many codes may change, and how it is done."""
    yield "ring begun elsewhere", 0.0, lambda rows: (rotated(rows), ZONE)
    yield "ring reversed", 0.0, lambda rows: (shapely.reverse(rows), ZONE)
    yield "every vertex twice", 0.0, lambda rows: (doubled(rows), ZONE)
    for zone in OTHER_ZONES:
        yield f"through {zone}, in doubles", 0.0, lambda rows, zone=zone: (moved(rows, zone), zone)
    for metres in (0.0001, 0.001, 0.01):
        bar = BAR_ROUNDED if metres <= 0.001 else None
        road = f"through {OTHER_ZONES[0]}, rounded to {metres * 1000:g} mm"
        yield road, bar, lambda rows, metres=metres: (on_grid(moved(rows, OTHER_ZONES[0]), metres), OTHER_ZONES[0])
    for decimals in (9, 8, 7, 6):
        road = f"degrees of {decimals} decimals"
        yield road, None, lambda rows, digits=decimals: (rounded(from_plane(rows, ZONE), digits), "EPSG:4490")
    for metres in (0.01, 0.03):
        yield f"surveyed again, σ = {metres * 100:g} cm", None, lambda rows, sigma=metres: (shaken(rows, sigma), ZONE)


def report(road: str, bar: float | None, before: Any, first: dict[str, Any], delivery: Delivery) -> None:
    """Print the share of names that changed, and whether the register would know the building by its ground."""
    again = names(*delivery)
    valid = again["code"] != ""
    flipped = {scheme: (texts != first[scheme])[valid] for scheme, texts in again.items()}
    shares = "".join(f"{np.mean(each):>12.2g}" for each in flipped.values())
    where = np.flatnonzero(valid)[flipped["code"]]
    known = np.mean(iou(before[where], moved(delivery[0][where], ZONE, delivery[1])) >= SAME_IOU) if len(where) else 1.0
    judged = "" if bar is None else f"   bar {bar:g}: {'met' if np.mean(flipped['code']) <= bar else 'MISSED'}"
    found = f"   {len(where):,} codes, {known:.2%} found by their ground" if len(where) else ""
    lost = f"   {np.sum(~valid):,} no longer valid" if not valid.all() else ""
    print(f"{road:<46}{shares}{judged}{found}{lost}")


def moved(footprints: Any, zone: str, crs: str = ZONE) -> Any:
    """Return footprints of one CRS in the metres of another, in doubles."""
    return to_plane(to_storage(footprints, crs), zone)


def on_grid(footprints: Any, metres: float) -> Any:
    """Return footprints with every ordinate rounded to a grid."""
    return shapely.transform(footprints, lambda xy: np.rint(xy / metres) * metres)


def rounded(footprints: Any, decimals: int) -> Any:
    """Return footprints with ordinates of so many decimals."""
    return shapely.transform(footprints, lambda xy: np.round(xy, decimals))


def shaken(footprints: Any, sigma_m: float) -> Any:
    """Return footprints whose vertices, the closing one with the first, are off by normal errors; to the millimetre."""
    rng = np.random.default_rng(SEED)
    kind, xy, offsets = shapely.to_ragged_array(footprints)
    starts, ends = offsets[0][:-1], offsets[0][1:]
    xy = xy + rng.normal(0, sigma_m, xy.shape)
    xy[ends - 1] = xy[starts]
    return on_grid(shapely.from_ragged_array(kind, xy, offsets), 0.001)


def rotated(footprints: Any) -> Any:
    """Return footprints whose rings begin at another vertex."""
    rng = np.random.default_rng(SEED)
    kind, xy, offsets = shapely.to_ragged_array(footprints)
    starts = offsets[0][:-1]
    edges = np.diff(offsets[0]) - 1
    ring = np.repeat(np.arange(len(starts)), edges + 1)
    place = np.arange(len(xy)) - starts[ring]
    shift = rng.integers(1, edges)
    return shapely.from_ragged_array(kind, xy[starts[ring] + (place + shift[ring]) % edges[ring]], offsets)


def doubled(footprints: Any) -> Any:
    """Return footprints in which each vertex stands twice."""
    kind, xy, offsets = shapely.to_ragged_array(footprints)
    return shapely.from_ragged_array(kind, np.repeat(xy, 2, axis=0), (offsets[0] * 2, *offsets[1:]))


def two_parts(footprints: Any, *, swapped: bool = False) -> Any:
    """Return buildings of two parts each: a footprint and, to its east, one half as large."""
    west, _, east, _ = shapely.bounds(footprints).T
    here = np.repeat(
        np.column_stack([east - west + 2, np.zeros(len(west))]), shapely.get_num_coordinates(footprints), axis=0
    )
    corner = np.repeat(shapely.bounds(footprints)[:, :2], shapely.get_num_coordinates(footprints), axis=0)
    annexes = shapely.transform(footprints, lambda xy: corner + np.rint((xy - corner) * 500) / 1000 + here)
    parts = [footprints, annexes]
    return shapely.multipolygons(np.column_stack(parts[::-1] if swapped else parts))


def iou(left: Any, right: Any) -> Any:
    """Return the intersection over the union of each pair."""
    return shapely.area(shapely.intersection(left, right)) / shapely.area(shapely.union(left, right))


if __name__ == "__main__":
    main()
