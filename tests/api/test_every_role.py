"""Every role, every action, of the own office and of another: what the table of docs/access.md promises, asked of the routes."""

import json
import re
from itertools import count
from pathlib import Path

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from tests.conftest import settings_for
from workflows.principals import issue_key

ROLES = ("public", "surveyor", "planner", "registrar", "auditor", "admin")
# of each role in the order above: - nothing, o the own office's, d the district's, n the district's but not the own office's
# a: about nothing that an office brought
TABLE = {
    "resolve a name": "aaaaaa",
    "see a delivery": "-oddd-",
    "deliver": "-a----",
    "propose a part": "-o----",
    "enter a stage of surveys": "-od---",
    "enter a stage of planning": "--d---",
    "enter a stage of registries": "---d--",
    "see stages": "-oddd-",
    "see units": "-oddd-",
    "see a project": "-oddd-",
    "see findings": "-oddd-",
    "see conflicts": "--aaa-",
    "see a layer": "-aaaa-",
    "see a restricted layer": "--aaa-",
    "see restricted features": "--aaa-",
    "read a document": "-oddd-",
    "see a review": "-oddd-",
    "approve": "--n---",
    "withdraw": "--dd--",
    "take a package": "---a--",
    "read the ledger": "-a--a-",
    "read the audit": "----a-",
    "prove an event": "aaaaaa",
    "administer": "-----a",
    "give out a key": "-----o",
}
HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
numbers = count()


def drawn(shape):
    return shapely.geometry.mapping(shape)


def house_file(shape, name="滨溪1号楼"):
    feature = {"type": "Feature", "properties": {"name": name}, "geometry": drawn(shape)}
    return {"file": ("house.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))}


@pytest.fixture(scope="module")
def register(new_database, district, tmp_path_factory):
    """Have the office `first` register a house with all that belongs to it, and yield what calls, and where things are."""
    database = new_database(district)
    settings = settings_for(database, tmp_path_factory.mktemp("every-role"))
    settings = settings.model_copy(update={"public": True})
    keys = {
        (role, office): issue_key(database, office=office, name=office, role=role, label=role)
        for role in ROLES[1:]
        for office in ("first", "second")
    }
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("192.0.2.7", 50000)) as far:

        def call(role, office, method, path, **request):
            headers = {} if role == "public" else {"Authorization": f"Bearer {keys[role, office]}"}
            return far.request(method, path, headers=headers, **request)

        yield call, _furnish(call), far
    database.dispose()


def _furnish(call):
    """Register what the requests are about, as the surveyors of the first office."""
    mine = ("surveyor", "first")
    upload = call(*mine, "POST", "/uploads", files=house_file(HOUSE)).json()
    code = upload["results"][0]["code"]
    project = "2209-220202-04-01-123456"
    call(*mine, "POST", "/projects", json={"name": "滨溪花园", "code": project})
    attached = call(
        *mine,
        "POST",
        f"/buildings/{code}/documents",
        files={"file": ("a.pdf", b"%PDF-1.7\n" + b"x\n" * 100, "application/pdf")},
        data={"kind": "as_built_drawing", "stage": "completion_survey", "title": "竣工图"},
    )
    part = call(
        *mine, "POST", f"/buildings/{code}/parts", json={"geometry": drawn(HOUSE.buffer(1e-5)), "name": "地下室"}
    )
    return {
        "code": code,
        "upload": upload["id"],
        "project": project,
        "document": attached.json()["id"],
        "review": part.json()["review"],
    }


def requests(at):
    """Return the request of each action: method, path, and what comes with it."""
    entry = {"occurred_on": "2026-01-02"}
    anew = {
        "geometry": drawn(shapely.affinity.translate(HOUSE.buffer(2e-5), 0, 1e-6 * next(numbers))),
        "name": "地下室",
    }
    building = f"/buildings/{at['code']}"
    return {
        "resolve a name": ("GET", "/resolve?q=滨溪1号楼", {}),
        "see a delivery": ("GET", f"/uploads/{at['upload']}", {}),
        "deliver": ("POST", "/uploads", {"files": house_file(shapely.affinity.translate(HOUSE, 0, 0.01), "二")}),
        "propose a part": ("POST", f"{building}/parts", {"json": anew}),
        "enter a stage of surveys": ("POST", f"{building}/stages", {"json": {**entry, "stage": "setting_out"}}),
        "enter a stage of planning": ("POST", f"{building}/stages", {"json": {**entry, "stage": "planning_permit"}}),
        "enter a stage of registries": ("POST", f"{building}/stages", {"json": {**entry, "stage": "presale"}}),
        "see stages": ("GET", f"{building}/stages", {}),
        "see units": ("GET", f"{building}/units", {}),
        "see a project": ("GET", f"/projects/{at['project']}", {}),
        "see findings": ("GET", f"{building}/findings", {}),
        "see conflicts": ("GET", "/cases", {}),
        "see a layer": ("GET", "/tiles/layers/GH2201/10/871/373.mvt", {}),
        "see a restricted layer": ("GET", "/tiles/layers/GL3201/10/871/373.mvt", {}),
        "see restricted features": ("GET", "/ogc/collections/layers.GL3201/items?limit=1", {}),
        "read a document": ("GET", f"/documents/{at['document']}", {}),
        "see a review": ("GET", f"/reviews/{at['review']}", {}),
        "approve": ("POST", f"/reviews/{at['review']}/decision", {"json": {"decision": "relate", "relations": []}}),
        "withdraw": ("POST", f"{building}/closures", {"json": {"reason": "mistaken", "on": "2999-01-01"}}),
        "take a package": ("GET", "/packages?after=999999", {}),
        "read the ledger": ("GET", "/ledger/events", {}),
        "read the audit": ("GET", "/audit", {}),
        "prove an event": ("GET", "/ledger/proofs/0", {}),
        "administer": ("GET", "/users", {}),
        "give out a key": ("POST", "/keys", {"json": {"office": "first", "role": "surveyor", "label": "x"}}),
    }


# cell: whether the own office is answered, and another
CELLS = {"-": (False, False), "o": (True, False), "d": (True, True), "n": (False, True), "a": (True, True)}


@pytest.mark.parametrize("action", TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_a_cell_of_the_table_is_what_the_route_answers(register, role, action):
    call, at, _ = register
    cell = TABLE[action][ROLES.index(role)]
    for office, is_answered in zip(("first", "second"), CELLS[cell], strict=True):
        method, path, more = requests(at)[action]
        said = call(role, office, method, path, **more)
        assert said.status_code < 500, said.text
        assert (said.status_code not in {401, 403, 404}) is is_answered, (office, said.status_code, said.text)
        if cell == "o" and office == "second":
            assert said.status_code == 404, "not even that it is there"


def test_every_action_of_the_table_is_asked_and_documented():
    assert set(requests({"code": "", "upload": "", "project": "", "document": "", "review": ""})) == set(TABLE)
    written = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
    for role in ROLES:
        assert f"| {role} " in written or f"`{role}`" in written


@pytest.mark.parametrize(
    ("role", "office", "is_whole"),
    [
        ("surveyor", "first", True),
        ("surveyor", "second", False),
        ("planner", "second", True),
        ("registrar", "second", True),
        ("auditor", "second", True),
        ("admin", "first", False),
        ("public", "", False),
    ],
)
def test_a_code_is_told_whole_or_redacted(register, role, office, is_whole):
    call, at, _ = register
    for more in ("", "&as_of=2999-01-01"):
        said = call(role, office, "GET", f"/resolve?q={at['code']}{more}")
        assert said.json()["code"] == at["code"]
        assert ("滨溪" in said.text) is is_whole


# what tells nothing that an office brought: the law, the catalogue, the software, the proofs
_OF_NOBODY = {
    *("/session", "/stages", "/facilities/classes", "/cases/choices", "/layers", "/rules", "/rules/{rule}"),
    *("/ledger/head", "/ledger/keys", "/ledger/consistency", "/ledger/proofs/{seq}", "/codes/{code}", "/names/{text}"),
    *("/offices", "/keys", "/users", "/subscriptions", "/healthz", "/readyz", "/metrics", "/connections/qgis"),
    *("/certificates/{event}/verification", "/runs/{identity}/verification"),
}
_PARTS = {
    "name": "code",
    "code": "code",
    "upload_id": "upload",
    "key": "project",
    "document_id": "document",
    "review_id": "review",
}
_PLACE = {
    "z": "10",
    "x": "871",
    "y": "373",
    "level": "10",
    "row": "373",
    "column": "871",
    "matrix_set": "WebMercatorQuad",
}
_FIXED = {
    **_PLACE,
    "layer": "GH2201",
    "collection_id": "layers.GH2201",
    "form": "json",
    "seq": "0",
    "event": "0",
    "rule": "C03",
}


@pytest.mark.parametrize("role", ["admin", "public"])
def test_administrators_and_the_public_read_nothing_that_an_office_brought(register, role):
    call, at, far = register
    told = set()
    for path, methods in far.app.openapi()["paths"].items():
        if "get" not in methods or path in _OF_NOBODY or path.startswith(("/ogc/tileMatrixSets", "/ogc/processes")):
            continue
        named = re.sub(
            r"\{(\w+)\}", lambda part: at.get(_PARTS.get(part[1], ""), _FIXED.get(part[1], at["upload"])), path
        )
        said = call(role, "first", "GET", named, params={"q": at["code"]} if path == "/resolve" else {})
        if said.status_code < 400 and ("滨溪" in said.text or "GH2201" in said.text):
            told.add(path)
    assert told <= {"/ogc/api"}
