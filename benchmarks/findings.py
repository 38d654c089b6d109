"""How long do the findings of one drawn footprint take, over all layers, with a million buildings in the database?

``python benchmarks/findings.py [--buildings 1000000] [--requests 200] [--folder FOLDER]``: a private cluster in FOLDER
(temporary without it; kept and used again with it) is filled by COPY with a made-up city: blocks of 100 m with a site, a
parcel of the detailed plan, streets around and nine buildings each; those buildings on the register too; control lines,
plans and surveys over them; terrain and a height limit as rasters. Every layer of the catalogue has an edition.

Told are the whole answer (HTTP POST of a footprint to its JSON, on the loopback address), and, in one process, what of it
are statements, evaluation and JSON. Footprints differ in every request. The machine's cores serve, ask and hold the
database: the figures are of the whole.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np
import psycopg
import rasterio
import shapely
from resolve import served
from sqlalchemy import event

from geocode import encode_many, parse
from geocode.planes import from_plane
from layers.catalogue import load_catalogue
from registry.fingerprints import fingerprints
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.database import connect, migrate
from store.walls import as_system
from workflows import checking, layer_states, previewing
from workflows.principals import find_principal
from workflows.rastering import RasterOptions, load_raster
from workflows.settings import Settings

BAR_MS = 50
CRS, WEST, NORTH = "EPSG:4551", 530_000.0, 4_870_000.0
BLOCK_M, STREET_M, PER_BLOCK = 100.0, 12.0, 9
ZONES = 400
SITES = {
    "GL3105": {"YDMJ": 7744.0, "YDXZ": "城镇住宅用地"},
    "GH2303": {"yddm": "0701", "rjl": 2.0, "jzmd": 30.0, "ldl": 35.0, "jzxg": 54.0, "jztr": 5.0, "pjcw": 60},
    "GL3201": {"ZDDM": "220204006001GB00015"},
    "GH2103": {"YDYHFLDM": "0701"},
    "GH2101": {"GHFQDM": "111"},
    "XZ1201": {"DLBM": "0701"},
    "GH2301": {"DYBH": "A"},
}
STREETS = {"GH2209": {"HXKD": 12}, "XZ1103": {"DLDJ": "次干路"}, "GH2306": {"HXKD": 12}}
BUILDINGS = {"XZ1301": 1, "GL3106": 3, "GL3202": 3}


def main() -> None:
    options = read_options()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory(prefix="luotu-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        address = start_cluster(folder / "pg")
        if options.folder is None:
            stack.callback(remove_cluster, folder / "pg")
        create_database(address.database("bench"))
        home = folder / "home"
        home.mkdir(exist_ok=True)
        fill(address.database("bench"), home, options.buildings)
        url = address.database("bench", role=SERVICE)
        drawn = [shapely.to_geojson(each) for each in drawn_footprints(options.requests + 20, options.buildings)]
        print(f"{options.buildings:,} buildings, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
        whole = measure_whole(url, home, drawn)
        measure_parts(Settings(DATABASE_URL=url, home=home, _env_file=None), drawn)
        print(f"bar: median ≤ {BAR_MS} ms for the whole answer: {'met' if whole <= BAR_MS else 'MISSED'}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=18_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the cluster is kept between runs")
    return parser.parse_args()


# --- the city


def blocks(buildings: int) -> np.ndarray:
    """Return the south-western corners of the blocks."""
    side = int(np.ceil(np.sqrt(buildings / PER_BLOCK)))
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    return np.column_stack([WEST + x.ravel() * BLOCK_M, NORTH - (y.ravel() + 1) * BLOCK_M])


def sites_of(corners: np.ndarray) -> Any:
    south_west, north_east = corners + STREET_M / 2, corners + BLOCK_M - STREET_M / 2
    return shapely.box(*south_west.T, *north_east.T)


def buildings_of(corners: np.ndarray, count: int) -> Any:
    """Return nine buildings in every block, 16 × 12 m, an L the third."""
    shapes = []
    for k in range(PER_BLOCK):
        x, y = (corners + np.array([14 + (k % 3) * 26, 16 + (k // 3) * 25])).T
        if k % 3 < 2:
            shapes.append(shapely.box(x, y, x + 16, y + 12))
        else:
            ring = np.array([[0, 0], [16, 0], [16, 6], [8, 6], [8, 12], [0, 12]])
            shapes.append(shapely.polygons(np.stack([x[:, None] + ring[:, 0], y[:, None] + ring[:, 1]], axis=2)))
    return np.stack(shapes, axis=1).ravel()[:count]


def streets_of(corners: np.ndarray) -> Any:
    x, y = corners.T
    along = shapely.box(x - STREET_M / 2, y, x + STREET_M / 2, y + BLOCK_M)
    across = shapely.box(x, y - STREET_M / 2, x + BLOCK_M, y + STREET_M / 2)
    return np.concatenate([along, across])


def zones_of(corners: np.ndarray, seed: int) -> Any:
    """Return some round zones of 60 to 400 vertices, somewhere in the city."""
    rng = np.random.default_rng(seed)
    chosen = corners[rng.integers(0, len(corners), ZONES)]
    points = shapely.points(chosen + rng.uniform(0, BLOCK_M, chosen.shape))
    return np.concatenate(
        [
            shapely.buffer(points[k::4], rng.uniform(20, 150, len(points[k::4])), quad_segs=quarter)
            for k, quarter in enumerate((15, 30, 60, 100))
        ]
    )


def drawn_footprints(count: int, buildings: int) -> Any:
    """Return footprints as somebody draws them: in the gaps between buildings, a little turned; every fifth overlaps one."""
    rng = np.random.default_rng(20261122)
    corners = blocks(buildings)
    x = np.where(np.arange(count) % 5, 31.0 + 26 * rng.integers(0, 2, count), 14.0)
    chosen = corners[rng.integers(0, len(corners), count)] + np.column_stack([x, rng.uniform(16, 74, count)])
    shapes = shapely.box(chosen[:, 0], chosen[:, 1], chosen[:, 0] + 8, chosen[:, 1] + 12)
    turned = [
        shapely.affinity.rotate(shape, angle) for shape, angle in zip(shapes, rng.uniform(0, 4, count), strict=True)
    ]
    return from_plane(np.array(turned, dtype=object), CRS)


def city(buildings: int) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the layers of the city: code, polygons in the plane, and what every feature says."""
    corners = blocks(buildings)
    sites, streets, houses = sites_of(corners), streets_of(corners), buildings_of(corners, buildings)
    for number, layer in enumerate(load_catalogue().layers):
        code = layer.code
        if code in SITES:
            yield code, sites, SITES[code]
        elif code in STREETS:
            yield code, streets, STREETS[code]
        elif code in BUILDINGS:
            yield code, houses[:: BUILDINGS[code]], {"建筑高度": 18.0, "JZGD": 18.0, "far_area_m2": 900.0}
        elif "Polygon" in layer.geometry:
            yield code, zones_of(corners, number), {}
        else:
            yield code, streets[:ZONES] if "Line" in layer.geometry else sites[:0], {}


# --- into the database


def fill(url: str, home: Path, buildings: int) -> None:
    database = connect(url)
    migrate(database, service=SERVICE)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        if server.execute("select exists (select from feature)").fetchone()[0]:
            return
        start = time.monotonic()
        principal = find_principal(database, key=None, local=True)
        with server.transaction():
            server.execute("set local session_replication_role = replica")
            for index in ("feature_ground", "feature_edition"):
                server.execute(f"drop index {index}")
            for code, shapes, says in city(buildings):
                copy_layer(server, principal.office_id, code, shapes, says)
            server.execute("create index feature_ground on feature using gist (geom)")
            server.execute("create index feature_edition on feature (edition_id)")
            copy_register(server, principal.office_id, buildings_of(blocks(buildings), buildings))
        server.execute("vacuum analyze")
    side = int(len(blocks(buildings)) ** 0.5 * BLOCK_M / 20) + 5
    for code, height_m in (("XZ1105", 190.0), ("GH2213", 300.0)):
        path = home / f"{code}.tif"
        write_raster(path, side, height_m)
        options = RasterOptions(as_layer=code, vertical="EPSG:5737", value_accuracy=0.1)
        load_raster(database, path, principal=principal, documents=home / "documents", options=options)
    database.dispose()
    print(f"filled in {time.monotonic() - start:.0f} s")


def copy_layer(server: psycopg.Connection[Any], office: int, code: str, shapes: Any, says: dict[str, Any]) -> None:
    extent = shapely.multipolygons([shapely.box(120, 40, 130, 48)])
    (edition,) = server.execute(
        """insert into edition (office_id, layer, title, source, source_layer, source_sha256, accuracy_m, valid_from,
        completeness, features) values (%s, %s, %s, 'bench', %s, repeat('0', 64), 0.05, '2024-01-01', %s, %s) returning id""",
        (office, code, f"{code} 2024", code, hexed(np.array([extent], dtype=object))[0], len(shapes)),
    ).fetchone()
    attributes = json.dumps(says, ensure_ascii=False)
    columns = "edition_id, office_id, row_number, source_id, name, attributes, geom"
    with server.cursor().copy(f"copy feature ({columns}) from stdin") as copy:
        for row, geometry in enumerate(hexed_in_parts(shapes)):
            copy.write_row((edition, office, row, str(row), f"{code}-{row}", attributes, geometry))


def copy_register(server: psycopg.Connection[Any], office: int, shapes: Any) -> None:
    ground = from_plane(shapes, CRS)
    encoded = encode_many(ground)
    codes = [parse(str(code)).compact for code in encoded.codes]
    chosen = list({code: row for row, code in enumerate(codes)}.values())
    prints = fingerprints(ground)
    with server.cursor().copy("copy building (id, office_id, code) from stdin") as copy:
        for row in chosen:
            copy.write_row((f"00000000-0000-4000-8000-{row:012x}", office, codes[row]))
    columns = "building_id, office_id, version, stage, fingerprint, h3, area_m2, plane, plane_area_m2, perimeter_m, attributes, geom, addresses, valid_from"
    with server.cursor().copy(f"copy footprint ({columns}) from stdin") as copy:
        texts = hexed(shapely.multipolygons(ground[:, None]))
        for row in chosen:
            area = float(encoded.area_m2[row])
            copy.write_row(
                (f"00000000-0000-4000-8000-{row:012x}", office, 1, "design", prints[row], str(encoded.h3[row]), area, CRS,
                 area, 56.0, "{}", texts[row], [], "2024-01-01")
            )  # fmt: skip


def hexed_in_parts(shapes: Any) -> Iterable[str]:
    for first in range(0, len(shapes), 100_000):
        yield from hexed(from_plane(shapes[first : first + 100_000], CRS))


def hexed(shapes: Any) -> Any:
    return shapely.to_wkb(shapely.set_srid(shapes, 4490), hex=True, include_srid=True)


def write_raster(path: Path, side: int, height_m: float) -> None:
    place = rasterio.Affine(20.0, 0, WEST - 40, 0, -20.0, NORTH + 40)
    shape = {"count": 1, "height": side, "width": side, "dtype": "float32", "crs": CRS, "transform": place}
    with rasterio.open(path, "w", driver="GTiff", tiled=True, compress="deflate", **shape) as raster:
        raster.write(np.full((side, side), height_m, dtype=np.float32), 1)


# --- the asking


def measure_whole(url: str, home: Path, drawn: list[str]) -> float:
    """Print how long answers over HTTP take, and return the median in milliseconds."""
    headers = {"content-type": "application/json"}
    with served(url, home) as (port, _), httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        figures = []
        for body in drawn:
            start = time.perf_counter()
            answer = client.post("/codes", content=body_of(body), headers=headers)
            figures.append((time.perf_counter() - start) * 1000)
            answer.raise_for_status()
        said = answer.json()
        tell("POST /codes, the whole answer", figures[20:])
        print(f"{'':34}{len(said['findings'])} findings, {len(answer.content) / 1000:.1f} kB; {outcomes(said)}")
        tell("GET /session", [timed(lambda: client.get("/session")) for _ in range(100)])
    return statistics.median(figures[20:])


def outcomes(said: dict[str, Any]) -> str:
    found = [finding["outcome"] for finding in said["findings"]]
    return ", ".join(f"{found.count(each)} {each}" for each in dict.fromkeys(sorted(found)))


def body_of(drawn: str) -> str:
    said = {"height_m": 24, "far_area_m2": 500, "floor_area_m2": 520, "parking_places": 80, "use": "0701"}
    return json.dumps({"type": "Feature", "geometry": json.loads(drawn), "properties": said})


def measure_parts(settings: Settings, drawn: list[str]) -> None:
    """Print what of the answer is what, in this process."""
    database = as_system(connect(settings.database_url))
    principal = find_principal(database, key=None, local=True)
    spent: dict[str, float] = {}
    watch_statements(database, spent)
    for module, name, part in (
        (checking, "load_layer_states", "loading, with statements"),
        (layer_states.LoadedLayers, "states", "layers into the plane"),
        (checking, "find_findings", "evaluation"),
        (checking, "findings_json", "findings as JSON"),
        (previewing, "_known", "the register, with statements"),
    ):
        watch(module, name, part, spent)
    rows = []
    for body in drawn:
        spent.clear()
        start = time.perf_counter()
        terms = checking.Terms(principal, settings)
        previewing.preview_footprint(database, json.loads(body_of(body)), crs="EPSG:4490", terms=terms)
        rows.append({**spent, "in all": time.perf_counter() - start})
    database.dispose()
    for part in ("statements", "loading, with statements", "the register, with statements", "layers into the plane",
                 "evaluation", "findings as JSON", "in all"):  # fmt: skip
        tell(f"  {part}", [row.get(part, 0.0) * 1000 for row in rows[20:]])


def watch_statements(database: Any, spent: dict[str, float]) -> None:
    @event.listens_for(database, "before_cursor_execute")
    def begin(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    @event.listens_for(database, "after_cursor_execute")
    def end(connection: Any, *_: Any) -> None:
        spent["statements"] = spent.get("statements", 0.0) + time.perf_counter() - connection.info["began"]


def watch(owner: Any, name: str, part: str, spent: dict[str, float]) -> None:
    work = getattr(owner, name)

    def timed_work(*given: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*given, **options)
        finally:
            spent[part] = spent.get(part, 0.0) + time.perf_counter() - start

    setattr(owner, name, timed_work)


def timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def tell(title: str, figures: list[float]) -> None:
    ordered = sorted(figures)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{title:<34} n={len(ordered)}  median {statistics.median(ordered):7.2f} ms  p95 {p95:7.2f}")


if __name__ == "__main__":
    main()
