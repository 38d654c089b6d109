"""How long does one drawn footprint take, from request to answer, against the sample blueprint?

Starts a PostGIS cluster and a server of its own, loads the sample district, and sends footprints of the district's own
buildings, one after the other, over HTTP on the loopback address. Prints the median and the tail, beside the answer of
a route that does nothing but read the session.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import httpx2
import shapely

from store.cluster import remove_cluster
from workflows.databases import opened_database, start_database
from workflows.layering import LoadOptions, load_layers
from workflows.principals import find_principal
from workflows.rights import seen_by
from workflows.settings import Settings

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
BAR_MS = 50


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=300)
    requests = arguments.parse_args().requests
    with TemporaryDirectory(prefix="luotu-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder), _env_file=None)  # type: ignore[call-arg]
        try:
            start_database(settings)
            with opened_database(settings) as database:
                principal = find_principal(database, key=None, local=True)
                load_layers(
                    seen_by(database, lambda: principal),
                    SAMPLES / "district.gpkg",
                    principal=principal,
                    documents=settings.documents,
                    options=LoadOptions(),
                )
            _measure(settings, requests)
        finally:
            remove_cluster(settings.cluster)


def _measure(settings: Settings, requests: int) -> None:
    drawn = gpd.read_file(SAMPLES / "district.gpkg", layer="XZ1301_FWJZ").to_crs(4490).geometry
    bodies = [shapely.to_geojson(geometry) for geometry in drawn.sample(requests, random_state=1, replace=True)]
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
    environment = {**os.environ, "LUOTU_HOME": str(settings.home)}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait_for(client)
            headers = {"content-type": "application/json"}
            _time(
                "POST /codes, warm-up", lambda body: client.post("/codes", content=body, headers=headers), bodies[:20]
            )
            figures = _time("POST /codes", lambda body: client.post("/codes", content=body, headers=headers), bodies)
            _time("GET /session", lambda _: client.get("/session"), bodies)
    finally:
        server.terminate()
        server.wait()
    print(f"bar: median ≤ {BAR_MS} ms; {'met' if statistics.median(figures) <= BAR_MS else 'NOT met'}")


def _time(title: str, call: object, bodies: list[str]) -> list[float]:
    """Return how long each call takes in milliseconds, and print the distribution."""
    figures = []
    for body in bodies:
        begun = time.perf_counter()
        answer = call(body)  # type: ignore[operator]
        figures.append((time.perf_counter() - begun) * 1000)
        answer.raise_for_status()
    ordered = sorted(figures)
    p95, p99 = ordered[int(len(ordered) * 0.95)], ordered[int(len(ordered) * 0.99)]
    print(f"{title:24} n={len(ordered)}  median {statistics.median(ordered):6.1f} ms  p95 {p95:6.1f}  p99 {p99:6.1f}")
    return figures


def _wait_for(client: httpx2.Client) -> None:
    for _ in range(300):
        try:
            client.get("/session")
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


if __name__ == "__main__":
    main()
