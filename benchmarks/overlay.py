"""What ground buildings share with twelve layers: ours beside PostGIS, geopandas, shapely, DuckDB and SedonaDB.

``python benchmarks/overlay.py [--file FILE] [--buildings 200000 --parcels 50000] [--only NAME …] [--limit SECONDS]``:
FILE is GeoJSON (.gz or not) or anything GDAL reads; its footprints stand on the places of a jittered grid, as many as
asked for. Without it, footprints are made up, as are, seeded, the layers: parcels, land use, zoning, districts, rivers,
roads, and red lines of 50,000 vertices, some with 150 holes. All is in metres, in a zone of 3° with its number in front.

Figures are CPU-seconds of everything that works for a contender, servers and threads included. Each runs in a process
of its own, after the data are loaded and what is made once for each edition is made (told apart), and is stopped
LIMIT seconds into a layer. "worst" is the largest difference of a pair's area from ours, as a part of the building;
"other pairs" are those on one side alone. DuckDB and SedonaDB take part where they are installed.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # numpy reads it when it is imported

import argparse
import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import psycopg
import shapely
from overlay_layers import CRS, SEED, Data, blobs, coverage, make_data, valid

from blueprint.cutting import Polygons, cut_away, cut_pairs, take_polygons
from blueprint.edge_areas import least_ground_m2, shared_areas
from blueprint.edge_trees import Prepared, index, prepare
from store.cluster import cluster_status, create_database, remove_cluster, start_cluster

BARS = (
    ("ours, areas", "shapely, best", 8.0),
    ("ours, cut", "shapely, best", 1.0),
)
FEW_VERTICES = 96
Result = tuple[Any, Any, Any]
Work = Callable[[str], Result]
STOPPED = -1


# The contenders: each gets ready, once for each edition, and returns what is measured for one layer


def edge_kernel(data: Data, _: Any) -> Work:
    buildings = prepare(data.buildings)
    layers = {name: prepare(layer) for name, layer in data.layers.items()}
    return lambda name: shared_areas(buildings, layers[name])[:3]


def best_shapely(data: Data, _: Any) -> Work:
    """Arrange shapely as well as is known: tree on the buildings, layers prepared, large polygons in pieces."""
    tree, area_m2 = shapely.STRtree(data.buildings), shapely.area(data.buildings)
    pieces = {name: in_pieces(layer) for name, layer in data.layers.items()}

    def work(name: str) -> Result:
        layer = data.layers[name]
        j, i = tree.query(layer, predicate="intersects")
        shapely.prepare(layer)
        shared_m2 = np.where(shapely.contains_properly(layer[j], data.buildings[i]), area_m2[i], np.nan)
        is_large = shapely.get_num_coordinates(layer)[j] > FEW_VERTICES
        small = np.flatnonzero(np.isnan(shared_m2) & ~is_large)
        shared_m2[small] = shapely.area(shapely.intersection(data.buildings[i[small]], layer[j[small]]))
        large, (shapes, owner) = np.flatnonzero(np.isnan(shared_m2)), pieces[name]
        pair, piece = shapely.STRtree(shapes).query(data.buildings[i[large]])
        pair, piece = pair[owner[piece] == j[large[pair]]], piece[owner[piece] == j[large[pair]]]
        cuts = shapely.intersection(data.buildings[i[large[pair]]], shapes[piece])
        shared_m2[large] = np.bincount(pair, weights=shapely.area(cuts), minlength=len(large))
        return i, j, shared_m2

    return work


def in_pieces(layer: Any) -> tuple[Any, Any]:
    """Return the large polygons of a layer, halved until they are small, and whose each piece is."""
    owner = np.flatnonzero(shapely.get_num_coordinates(layer) > FEW_VERTICES)
    todo, done, owners = layer[owner], [], []
    while len(todo):
        west, south, east, north = shapely.bounds(todo).T
        wide = east - west > north - south
        x, y = np.where(wide, (west + east) / 2, east), np.where(wide, north, (south + north) / 2)
        first = shapely.box(west, south, x, y)
        second = shapely.box(np.where(wide, x, west), np.where(wide, south, y), east, north)
        halves = np.concatenate([shapely.intersection(todo, first), shapely.intersection(todo, second)])
        halves, source = shapely.get_parts(halves, return_index=True)
        areal = shapely.get_type_id(halves) == shapely.GeometryType.POLYGON
        halves, owner = halves[areal], np.tile(owner, 2)[source[areal]]
        large = shapely.get_num_coordinates(halves) > FEW_VERTICES
        done.append(halves[~large])
        owners.append(owner[~large])
        todo, owner = halves[large], owner[large]
    return (np.concatenate(done), np.concatenate(owners)) if done else (todo, owner)


def our_cut(data: Data, _: Any) -> Work:
    """Find the pairs by the edge kernel, and cut them."""
    buildings, tree = kept(data.buildings)
    layers = {name: kept(layer) for name, layer in data.layers.items()}

    def work(name: str) -> Result:
        layer, layer_tree = layers[name]
        pairs = shared_areas(tree, layer_tree)
        cuts = cut_pairs(buildings, layer, pairs, outside=False)
        return pairs.left, pairs.right, shapely.area(cuts.inside)

    return work


def kept(geometries: Any) -> tuple[Polygons, Prepared]:
    polygons = take_polygons(geometries)
    return polygons, index(polygons.edges, polygons.unusable)


def geopandas_overlay(data: Data, _: Any) -> Work:
    def framed(geometries: Any, column: str) -> Any:
        return gpd.GeoDataFrame({column: np.arange(len(geometries))}, geometry=geometries, crs=CRS)

    buildings = framed(data.buildings, "i")

    def work(name: str) -> Result:
        rows = gpd.overlay(buildings, framed(data.layers[name], "j"), how="intersection")
        return rows["i"].to_numpy(), rows["j"].to_numpy(), rows.area.to_numpy()

    return work


PLAIN = """
select b.id as i, l.id as j, st_area(st_intersection(b.geom, l.geom)) as area_m2
from building b join {layer} l on st_intersects(b.geom, l.geom)
"""
FORCED = """
select b.id as i, l.id as j, case when b.within then st_area(b.geom) else st_area(st_intersection(b.geom, l.geom)) end as area_m2
from {layer} l cross join lateral (
    select b.id, b.geom, st_covers(l.geom, b.geom) as within from building b where st_intersects(l.geom, b.geom) offset 0
) b
"""
COPIED = np.dtype(
    [("fields", ">i2"), ("li", ">i4"), ("i", ">i4"), ("lj", ">i4"), ("j", ">i4"), ("la", ">i4"), ("a", ">f8")]
)


def postgis(query: str) -> Callable[[Data, Any], Work]:
    def ready(data: Data, server: Any) -> Work:
        load_postgis(data, server.url)

        def work(name: str) -> Result:
            with psycopg.connect(server.url, autocommit=True) as connection:
                statement = query.format(layer=table_of(name))
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"copy ({statement}) to stdout (format binary)") as rows,
                ):
                    content = b"".join(rows)
            # a header of 19 bytes, a trailer of two
            table = np.frombuffer(content[19:-2], dtype=COPIED)
            return table["i"].astype(int), table["j"].astype(int), table["a"].astype(float)

        return work

    return ready


def table_of(layer: str) -> str:
    return "layer_" + layer.replace(" ", "_")


def load_postgis(data: Data, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for name, geometries in (("building", data.buildings), *((table_of(k), v) for k, v in data.layers.items())):
            if connection.execute("select to_regclass(%s)", [name]).fetchone()[0]:
                continue
            connection.execute(f"create table {name} (id int primary key, geom geometry)")
            with connection.cursor().copy(f"copy {name} from stdin (format binary)") as rows:
                rows.set_types(["int4", "bytea"])
                for row in enumerate(shapely.to_wkb(geometries)):
                    rows.write_row(row)
            connection.execute(f"create index on {name} using gist (geom)")
            connection.execute(f"vacuum analyze {name}")


def duckdb_join(data: Data, _: Any) -> Work:
    import duckdb  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from duckdb_extensions import import_extension  # noqa: PLC0415

    import_extension("spatial")
    connection = duckdb.connect()
    connection.execute("load spatial")
    connection.execute("set threads = 1")
    for name, geometries in (("building", data.buildings), *((table_of(k), v) for k, v in data.layers.items())):
        wkb = pd.DataFrame({"id": np.arange(len(geometries)), "wkb": shapely.to_wkb(geometries)})
        connection.register("given", wkb)
        connection.execute(f"create table {name} as select id, st_geomfromwkb(wkb::blob) as geom from given")

    def work(name: str) -> Result:
        found = connection.execute(PLAIN.format(layer=table_of(name))).fetchnumpy()
        return found["i"], found["j"], found["area_m2"]

    return work


def sedonadb_join(data: Data, _: Any) -> Work:
    import sedonadb  # noqa: PLC0415

    def framed(geometries: Any) -> Any:
        frame = gpd.GeoDataFrame({"id": np.arange(len(geometries))}, geometry=geometries, crs=CRS)
        return frame.rename_geometry("geom")

    frames = {name: framed(geometries) for name, geometries in (("building", data.buildings), *data.layers.items())}

    def work(name: str) -> Result:
        # its threads do not outlive a fork, so each layer opens a session of its own
        session = sedonadb.connect()
        for view, frame in (("building", frames["building"]), (table_of(name), frames[name])):
            session.create_data_frame(frame).to_view(view)
        found = session.sql(PLAIN.format(layer=table_of(name))).to_pandas()
        return found["i"].to_numpy(), found["j"].to_numpy(), found["area_m2"].to_numpy()

    return work


CONTENDERS: dict[str, Callable[[Data, Any], Work]] = {
    "ours, areas": edge_kernel,
    "ours, cut": our_cut,
    "shapely, best": best_shapely,
    "PostGIS, forced": postgis(FORCED),
    "PostGIS, plain": postgis(PLAIN),
    "geopandas": geopandas_overlay,
    "DuckDB": duckdb_join,
    "SedonaDB": sedonadb_join,
}


# Layer on layer: two layers of parcels, and parcels without green


class TwoLayers(NamedTuple):
    """Parcels, and what they are overlaid with."""

    parcels: Any
    others: Any


def our_areas_of_layers(layers: TwoLayers) -> Callable[[], Result]:
    parcels, others = prepare(layers.parcels), prepare(layers.others)
    return lambda: shared_areas(parcels, others)[:3]


def our_cut_of_layers(layers: TwoLayers) -> Callable[[], Result]:
    (parcels, tree), (others, other_tree) = kept(layers.parcels), kept(layers.others)

    def work() -> Result:
        pairs = shared_areas(tree, other_tree)
        return pairs.left, pairs.right, shapely.area(cut_pairs(parcels, others, pairs, outside=False).inside)

    return work


def shapely_cut_of_layers(layers: TwoLayers) -> Callable[[], Result]:
    tree = shapely.STRtree(layers.parcels)

    def work() -> Result:
        j, i = tree.query(layers.others, predicate="intersects")
        return i, j, shapely.area(shapely.intersection(layers.parcels[i], layers.others[j]))

    return work


def our_difference(layers: TwoLayers) -> Callable[[], Result]:
    parcels, others = take_polygons(layers.parcels), take_polygons(layers.others)
    return lambda: alone(shapely.area(cut_away(parcels, others).outside))


def shapely_difference(layers: TwoLayers) -> Callable[[], Result]:
    tree = shapely.STRtree(layers.parcels)

    def work() -> Result:
        j, i = tree.query(layers.others, predicate="intersects")
        order = np.argsort(i, kind="stable")
        hit, first, count = np.unique(i[order], return_index=True, return_counts=True)
        taken = layers.others[j[order]]
        around, rest = taken[first], layers.parcels.copy()
        for row in np.flatnonzero(count > 1).tolist():
            around[row] = shapely.union_all(taken[first[row] : first[row] + count[row]])
        rest[hit] = shapely.difference(rest[hit], around)
        return alone(shapely.area(rest))

    return work


def geopandas_layers(how: str) -> Callable[[TwoLayers], Callable[[], Result]]:
    def ready(layers: TwoLayers) -> Callable[[], Result]:
        left, right = (
            gpd.GeoDataFrame({c: np.arange(len(g))}, geometry=g, crs=CRS) for c, g in zip("ij", layers, strict=True)
        )

        def work() -> Result:
            rows = gpd.overlay(left, right, how=how)
            zero = np.zeros(len(rows), dtype=int)
            return rows["i"].to_numpy(), rows["j"].to_numpy() if "j" in rows else zero, rows.area.to_numpy()

        return work

    return ready


def alone(area_m2: Any) -> Result:
    rows = np.flatnonzero(area_m2 > 0)
    return rows, np.zeros(len(rows), dtype=int), area_m2[rows]


LAYER_CONTENDERS: dict[str, dict[str, Callable[[TwoLayers], Callable[[], Result]]]] = {
    "parcels × old parcels": {
        "ours, areas": our_areas_of_layers,
        "ours, cut": our_cut_of_layers,
        "shapely, best": shapely_cut_of_layers,
        "geopandas": geopandas_layers("intersection"),
    },
    "parcels − green": {
        "ours, cut": our_difference,
        "shapely, best": shapely_difference,
        "geopandas": geopandas_layers("difference"),
    },
}


def compare_layers(options: argparse.Namespace) -> None:
    """Print the lines of both questions about layers."""
    rng, side_m = np.random.default_rng(SEED + 1), 143 * np.sqrt(options.parcels)
    parcels, old = (valid(coverage(options.parcels, side_m, rng)) for _ in range(2))
    green = valid(blobs(options.parcels // 5, side_m, rng, vertices=36, radius_m=100))
    for (question, contenders), others in zip(LAYER_CONTENDERS.items(), (old, green), strict=True):
        print(f"{question}, {len(parcels):,} and {len(others):,}")
        taken_s: dict[str, float] = {}
        for name in [each for each in contenders if each in options.only]:
            start_s = own_cpu_s()
            work = contenders[name](TwoLayers(parcels, others))
            once_s = own_cpu_s() - start_s
            run = run_alone(work, options.limit, None)
            taken_s[name] = run.cpu_s if run.result else np.nan
            told = f"{len(run.result[0]):>12,}{run.result[2].sum():>20,.3f}" if run.result else f"    {run.refusal}"
            print(f"  {name:<16}{once_s:>8.2f}{run.cpu_s:>9.2f}{told}", flush=True)
        judge(taken_s, options.parcels / 50_000)


# Measuring


class Run(NamedTuple):
    """What one contender did with one layer: CPU-seconds, the result, or None where it was stopped or refused."""

    cpu_s: float
    result: Result | None
    refusal: str = ""


class Server(NamedTuple):
    """The scratch PostGIS."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Return what the server and its finished processes have used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def own_cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def run_alone(work: Callable[[], Any], limit_s: float, server: Server | None) -> Run:
    """Run a piece of work in a forked process and return what it took and found."""
    before_s = server.cpu_s() if server else 0.0
    with tempfile.NamedTemporaryFile(suffix=".npz") as answer:
        child = os.fork()
        if not child:
            work_and_leave(work, answer.name)
        cpu_s, code = wait(child, limit_s)
        served_s = served(server, before_s) if server else 0.0
        if code == STOPPED:
            return Run(cpu_s + served_s, None, f"stopped after {limit_s:.0f} s")
        found = np.load(answer.name)
        if "refusal" in found:
            return Run(cpu_s + served_s, None, str(found["refusal"]))
        return Run(float(found["cpu_s"]) + served_s, (found["i"], found["j"], found["area_m2"]))


def work_and_leave(work: Callable[[], Any], answer: str) -> None:
    start_s = own_cpu_s()
    try:
        i, j, area_m2 = work()
        np.savez(answer, i=i, j=j, area_m2=area_m2, cpu_s=own_cpu_s() - start_s)
    except Exception as error:  # noqa: BLE001 - what a contender cannot do is told, and the others go on
        np.savez(answer, refusal=" ".join(str(error).split())[:90])
    os._exit(0)


def wait(child: int, limit_s: float) -> tuple[float, int]:
    """Return the CPU-seconds of a process and how it ended; it is stopped at the limit."""
    deadline = time.monotonic() + limit_s
    while True:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            return used.ru_utime + used.ru_stime, STOPPED if os.WIFSIGNALED(status) else 0
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def served(server: Server, before_s: float) -> float:
    """Return what the server used, once the backends of the contender are gone."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        others = "from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        connection.execute(f"select pg_terminate_backend(pid) {others}")
        while connection.execute(f"select count(*) {others}").fetchone()[0]:
            time.sleep(0.05)
    time.sleep(0.05)
    return server.cpu_s() - before_s


@contextmanager
def scratch_server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="luotu-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        try:
            address = start_cluster(Path(folder) / "pg")
            create_database(address.database("overlay"))
            pid = cluster_status(Path(folder) / "pg").pid
            yield Server(address.database("overlay").replace("+psycopg", ""), pid or 0)
        finally:
            remove_cluster(Path(folder) / "pg")


def main() -> None:
    options = read_options()
    data = make_data(options.buildings, options.file)
    describe(data)
    totals: dict[str, float] = {}
    with ExitStack() as stack:
        server = stack.enter_context(scratch_server()) if any("PostGIS" in name for name in options.only) else None
        print(f"{'':<18}{'once':>8}{'CPU-s':>9}{'pairs':>12}{'area, m²':>20}{'other pairs':>13}{'worst':>10}")
        ours: dict[str, Result] = {}
        for name in options.only:
            runs, once_s = run_contender(name, data, server, options.limit)
            ours = ours or {layer: run.result for layer, run in runs.items() if run.result}
            totals[name] = report(name, data, runs, once_s, ours)
    judge(totals, options.buildings / 200_000)
    compare_layers(options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="footprints; made-up ones without it")
    parser.add_argument("--buildings", type=int, default=5_000, help="how many (5,000: about a minute)")
    parser.add_argument("--parcels", type=int, default=2_000, help="of each of two layers that are overlaid")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for a contender's layer")
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS), metavar="NAME")
    return parser.parse_args()


def describe(data: Data) -> None:
    print(f"{len(data.buildings):,} buildings, {shapely.get_num_coordinates(data.buildings).mean():.1f} vertices each")
    for name, layer in data.layers.items():
        vertices = shapely.get_num_coordinates(layer)
        print(f"  {name:<14}{len(layer):>8,} polygons{vertices.sum():>11,} vertices, at most {vertices.max():,}")


def run_contender(name: str, data: Data, server: Server | None, limit_s: float) -> tuple[dict[str, Run], float]:
    start_s = own_cpu_s()
    try:
        work = CONTENDERS[name](data, server)
    except ImportError as error:
        return {layer: Run(0.0, None, f"not installed ({error})") for layer in data.layers}, 0.0
    once_s = own_cpu_s() - start_s
    runs = {layer: run_alone(partial(work, layer), limit_s, server) for layer in data.layers}
    return runs, once_s


def report(name: str, data: Data, runs: dict[str, Run], once_s: float, ours: dict[str, Result]) -> float:
    """Print the line of a contender, and one for each layer that it did not do; return its CPU-seconds."""
    cpu_s, pairs, area_m2, others, worst = sum(run.cpu_s for run in runs.values()), 0, 0.0, 0, 0.0
    for layer, run in runs.items():
        if run.result is None or layer not in ours:
            continue
        mine, our = (grounds(data, layer, result) for result in (run.result, ours[layer]))
        pairs, area_m2 = pairs + len(mine[0]), area_m2 + mine[1].sum()
        _, at, of = np.intersect1d(mine[0], our[0], assume_unique=True, return_indices=True)
        others += len(mine[0]) + len(our[0]) - 2 * len(at)
        building_m2 = shapely.area(data.buildings[mine[0][at] // len(data.layers[layer])])
        worst = max(worst, float((np.abs(mine[1][at] - our[1][of]) / building_m2).max(initial=0.0)))
    print(f"{name:<18}{once_s:>8.2f}{cpu_s:>9.2f}{pairs:>12,}{area_m2:>20,.3f}{others:>13,}{worst:>10.1e}", flush=True)
    refusals = Counter(run.refusal for run in runs.values() if run.result is None)
    for refusal in refusals:
        layers = ", ".join(layer for layer, run in runs.items() if run.refusal == refusal)
        print(f"    {layers if refusals[refusal] < len(runs) else 'all layers'}: {refusal}")
    return cpu_s if not refusals else np.nan


def grounds(data: Data, layer: str, result: Result) -> tuple[Any, Any]:
    """Return the pairs of a result that share ground, as ascending numbers, and their areas."""
    i, j, area_m2 = result
    pairs, row = np.unique(i * len(data.layers[layer]) + j, return_inverse=True)
    area_m2 = np.bincount(row, weights=area_m2, minlength=len(pairs))
    left, right = shapely.bounds(data.buildings), shapely.bounds(data.layers[layer])
    i, j = np.divmod(pairs, len(data.layers[layer]))
    shares = area_m2 > least_ground_m2(left, right, i, j)
    return pairs[shares], area_m2[shares]


def judge(totals: dict[str, float], size: float) -> None:
    """Print how ours compares; the bars are for the full size, 1."""
    for ours, peer, bar in BARS:
        if np.isfinite(totals.get(ours, np.nan) + totals.get(peer, np.nan)):
            ratio = totals[peer] / totals[ours]
            verdict = "a smaller run" if size < 1 else "ok" if ratio >= bar else "MISSED"
            print(f"{ours} is {ratio:.2f} times as fast as {peer}   bar {bar}: {verdict}")


if __name__ == "__main__":
    main()
