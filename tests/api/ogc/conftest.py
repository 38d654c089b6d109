"""A served installation with everything that OGC API tells: layers, conflicts, a case, buildings of two offices."""

import json
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from tests.conftest import serving, settings_for
from workflows.principals import issue_key

FIRST = (126.5601, 43.8402)
HERE = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}


class Installation(NamedTuple):
    """Settings of an installation, a key of each role, and the codes that the first office registered, in order."""

    settings: Any
    keys: dict[str, str]
    codes: list[str]


def house(number):
    """Return the footprint of a house: 20 m by 12 m, 25 houses a row."""
    west, south = FIRST[0] + number % 25 * 0.0004, FIRST[1] + number // 25 * 0.0004
    return shapely.box(west, south, west + 0.00025, south + 0.0001)


def delivery(numbers):
    features = [
        {"type": "Feature", "properties": {"name": f"{n}号楼"}, "geometry": shapely.geometry.mapping(house(n))}
        for n in numbers
    ]
    return {"file": ("houses.geojson", json.dumps({"type": "FeatureCollection", "features": features}))}


@pytest.fixture(scope="session")
def installation(new_database, conflicting_district, tmp_path_factory):
    """Return an installation over the sample district, to be read alone."""
    database = new_database(conflicting_district)
    settings = settings_for(database, tmp_path_factory.mktemp("ogc"))
    roles = ["surveyor", "planner", "registrar", "auditor", "admin"]
    keys = {role: issue_key(database, office="first", name="first", role=role, label=role) for role in roles}
    keys["other"] = issue_key(database, office="second", name="second", role="surveyor", label="other")
    with TestClient(create_app(settings), **HERE) as client:
        for role, numbers in (("surveyor", range(60)), ("other", range(60, 75))):
            answer = client.post("/uploads", files=delivery(numbers), headers=bearing(keys[role]))
            assert answer.status_code == 201, answer.text
            if role == "surveyor":
                codes = [row["code"] for row in answer.json()["results"]]
        ground = client.get("/conflicts/standing/rows?limit=1").json()["features"][0]["id"]
        said = {"subject": "conflict", "ground": ground, "reason": "两规划不一致"}
        assert client.post("/cases", json=said, headers=bearing(keys["planner"])).status_code == 201
    yield Installation(settings, keys, codes)
    database.dispose()


def bearing(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="session")
def ogc(installation):
    """Return what asks a path under /ogc: for a role, or for the local office."""
    with TestClient(create_app(installation.settings), **HERE) as client:

        def ask(path, *, role=None, headers=None, **request):
            shown = bearing(installation.keys[role]) if role else {}
            return client.get(f"/ogc{path}", headers={**shown, **(headers or {})}, **request)

        yield ask


@pytest.fixture(scope="session")
def requests_served():
    """Return the requests that came over HTTP, in order: path under /ogc and query."""
    return []


@pytest.fixture(scope="session")
def served(installation, requests_served):
    """Serve the installation over HTTP and return the address of its OGC API."""

    def noting(app):
        async def note(scope, receive, send):
            if scope["type"] == "http":
                query = parse_qs(scope["query_string"].decode(), strict_parsing=bool(scope["query_string"]))
                requests_served.append((scope["path"].removeprefix("/ogc"), query))
            await app(scope, receive, send)

        return note

    with serving(installation.settings, seen_by=noting) as address:
        yield f"{address}/ogc"


@pytest.fixture(scope="session")
def today():
    return date.today()
