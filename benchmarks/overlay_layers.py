"""Buildings, and the layers that they are overlaid with in `overlay.py`: seeded, in metres, on a grid of 0.1 mm.

The coordinates have the number of their zone of 3° in front, as they are delivered, so they are large.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

SEED, CRS = 20261122, "EPSG:4528"
CORNER = np.array([40_480_000.0, 4_840_000.0])
SPACING_M = 31.6  # between buildings: a thousand square metres each


class Data(NamedTuple):
    """The buildings, and the layers by name."""

    buildings: Any
    layers: dict[str, Any]


def made_up_buildings(count: int, rng: Any) -> Any:
    """Return rectangles, L, round ones, and courtyards, 8 to 40 m long, turned, around the origin."""
    size = rng.uniform(8, 40, count)
    ell = shapely.from_wkt("POLYGON((-.5 -.5,.5 -.5,.5 -.1,-.1 -.1,-.1 .5,-.5 .5,-.5 -.5))")
    court = shapely.from_wkt("POLYGON((-.5 -.5,.5 -.5,.5 .5,-.5 .5,-.5 -.5),(-.2 -.2,-.2 .2,.2 .2,.2 -.2,-.2 -.2))")
    round_ = shapely.buffer(shapely.points(0, 0), 0.5, quad_segs=6)
    kinds = np.array([shapely.box(-0.5, -0.3, 0.5, 0.3), ell, round_, court], dtype=object)
    drawn = kinds[rng.choice(4, size=count, p=[0.5, 0.3, 0.12, 0.08])]
    angle, owner = rng.uniform(0, np.pi, count), shapely.get_coordinates(drawn, return_index=True)[1]
    xy = shapely.get_coordinates(drawn) * size[owner, None]
    cos, sin = np.cos(angle)[owner], np.sin(angle)[owner]
    turned = np.column_stack([xy[:, 0] * cos - xy[:, 1] * sin, xy[:, 0] * sin + xy[:, 1] * cos])
    return shapely.set_coordinates(drawn, turned)


def read_buildings(path: Path, count: int) -> Any:
    """Return the valid footprints of a file in metres, over and over, each around the origin."""
    if path.name.endswith((".geojson.gz", ".geojson", ".json")):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        series = gpd.GeoSeries(shapely.get_parts(shapely.from_geojson(content)), crs="EPSG:4326")
    else:
        meta, _, wkb, _ = pyogrio.raw.read(path)
        series = gpd.GeoSeries(shapely.from_wkb(wkb), crs=meta["crs"])
    series = series[series.geom_type.isin(["Polygon", "MultiPolygon"])]
    footprints = series.to_crs(series.estimate_utm_crs()).to_numpy()
    footprints = np.resize(footprints[shapely.is_valid(footprints)], count)
    return moved(footprints, -shapely.get_coordinates(shapely.centroid(footprints)))


def moved(geometries: Any, by: Any) -> Any:
    """Return copies of geometries, each moved by its row."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    return shapely.set_coordinates(geometries.copy(), xy + by[owner])


def make_data(count: int, file: Path | None) -> Data:
    """Return as many buildings, of a file or made up, and twelve layers on their ground."""
    rng = np.random.default_rng(SEED)
    per_row = int(np.ceil(np.sqrt(count)))
    side_m = per_row * SPACING_M
    footprints = read_buildings(file, count) if file else made_up_buildings(count, rng)
    grid = np.column_stack(np.divmod(np.arange(count), per_row))
    places = (grid + 0.5 + rng.uniform(-0.3, 0.3, (count, 2))) * SPACING_M
    buildings = moved(footprints, np.round(places + CORNER, 4))
    return Data(buildings, {name: valid(layer) for name, layer in make_layers(count / 1e6, side_m, rng)})


def valid(layer: Any) -> Any:
    return layer[shapely.is_valid(layer)]


def make_layers(share: float, side_m: float, rng: Any) -> Iterator[tuple[str, Any]]:
    """Yield the layers of a square; `share` is that of a city of a million buildings."""

    def some(n: int) -> int:
        return max(20, int(n * share))

    yield "parcels", coverage(some(50_000), side_m, rng)
    yield "land use", coverage(some(20_000), side_m, rng, vertices=40)
    yield "zoning", coverage(some(5_000), side_m, rng, vertices=100)
    yield "districts", coverage(some(2_000), side_m, rng, vertices=370)
    yield "old parcels", coverage(some(50_000), side_m, rng)
    yield "heritage", blobs(some(2_000), side_m, rng, vertices=110, radius_m=200)
    yield "risk", blobs(some(5_000), side_m, rng, vertices=70, radius_m=300)
    yield "green", blobs(some(10_000), side_m, rng, vertices=36, radius_m=100)
    yield "rivers", rivers(8, side_m, rng)
    yield "roads", roads(some(4_000), side_m, rng)
    large = blobs(6, side_m, rng, vertices=50_000, radius_m=side_m / 4)
    yield "red lines", np.concatenate([large, blobs(some(2_000), side_m, rng, vertices=40, radius_m=100)])
    large = with_holes(blobs(3, side_m, rng, vertices=50_000, radius_m=side_m / 3), 150, rng)
    yield "development", np.concatenate([large, blobs(some(2_000), side_m, rng, vertices=40, radius_m=100)])


def coverage(count: int, side_m: float, rng: Any, *, vertices: int = 0) -> Any:
    """Return polygons that cover a square without a gap; with more vertices, their borders wind."""
    points = shapely.multipoints(rng.uniform(0, side_m, (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=shapely.box(0, 0, side_m, side_m)))
    cells = shapely.intersection(cells, shapely.box(0, 0, side_m, side_m))
    if vertices:
        across_m = side_m / np.sqrt(count)
        cells = shapely.segmentize(cells, 4 * across_m / vertices)
        cells = shapely.transform(cells, lambda xy: wound(xy, across_m))
    return shapely.transform(cells, lambda xy: np.round(xy + CORNER, 4))


def wound(xy: Any, across_m: float) -> Any:
    """Return points moved along smooth waves: what covers a square still does."""
    for wave_m in (across_m, across_m / 3.3, across_m / 10.7):
        turn = 2 * np.pi / wave_m
        xy = xy + 0.4 / turn * np.sin(xy[:, ::-1] * turn)
    return xy


def blobs(count: int, side_m: float, rng: Any, *, vertices: int, radius_m: float) -> Any:
    """Return winding rounds, each seen whole from its centre."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = np.ones((count, vertices))
    for wave in (2, 3, 5, 11, 37, 151, 997):
        if wave < vertices / 3:
            radius += 0.45 / wave**0.8 * np.sin(wave * angle + rng.uniform(0, 2 * np.pi, (count, 1)))
    radius = np.maximum(radius, 0.05) * radius_m * rng.uniform(0.5, 1, (count, 1))
    centre = rng.uniform(0, side_m, (count, 2)) + CORNER
    x, y = centre[:, :1] + radius * np.cos(angle), centre[:, 1:] + radius * np.sin(angle)
    return shapely.polygons(np.round(np.stack([x, y], axis=2), 4))


def with_holes(large: Any, count: int, rng: Any) -> Any:
    """Return large rounds with holes on a grid inside them."""
    holed = []
    for whole in large:
        centre = shapely.get_coordinates(shapely.maximum_inscribed_circle(whole, tolerance=1))
        middle, radius_m = centre[0], np.hypot(*(centre[1] - centre[0]))
        per_row = int(np.ceil(np.sqrt(count)))
        step_m = 1.3 * radius_m / per_row
        places = (np.column_stack(np.divmod(np.arange(count), per_row)) - (per_row - 1) / 2) * step_m + middle
        holes = moved(blobs(count, 0, rng, vertices=30, radius_m=step_m / 5), places - CORNER)
        holed.append(shapely.Polygon(whole.exterior, [hole.exterior for hole in holes if whole.contains(hole)]))
    return np.array(holed, dtype=object)


def rivers(count: int, side_m: float, rng: Any) -> Any:
    """Return winding corridors across the square, half of them in one piece."""
    along = np.linspace(0, side_m, int(side_m / 5))
    made = []
    for k in range(count):
        across = rng.uniform(0, side_m) + sum(
            w / 12 * np.sin(2 * np.pi * along / w + rng.uniform(0, 6)) for w in (side_m / 2, side_m / 7, 900, 150)
        )
        line = shapely.linestrings(np.column_stack([along, across] if k % 2 else [across, along]))
        corridor = shapely.buffer(line, rng.uniform(20, 80), quad_segs=4, cap_style="flat")
        if k % 4 < 2:
            made.append(corridor)
            continue
        low = np.arange(0, side_m, 500)
        high = low + 500
        far = np.full(len(low), 2 * side_m)
        strips = shapely.box(low, -far, high, far) if k % 2 else shapely.box(-far, low, far, high)
        made.extend(shapely.get_parts(shapely.intersection(corridor, strips)))
    areal = np.array([shape for shape in made if shape.geom_type == "Polygon" and shape.area > 1], dtype=object)
    return shapely.transform(areal, lambda xy: np.round(xy + CORNER, 4))


def roads(count: int, side_m: float, rng: Any) -> Any:
    start = rng.uniform(0, side_m, (count, 2)) + CORNER
    angle, length_m = rng.uniform(0, np.pi, count), rng.uniform(100, 800, count)
    end = start + np.column_stack([np.cos(angle), np.sin(angle)]) * length_m[:, None]
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    return shapely.buffer(lines, rng.uniform(5, 20, count), cap_style="flat")
