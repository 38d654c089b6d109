"""What one office sees and does of another's buildings and projects over HTTP."""

import json

import pytest
import shapely
from sqlalchemy import text

from api.routes import jobs as jobs_route
from store.database import transaction
from workflows.principals import issue_key

HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
TILE = "/tiles/buildings/16/55833/23905.mvt"


def drawn(shape):
    return shapely.geometry.mapping(shape)


@pytest.fixture
def keyed(client, sample_database):
    """Return what calls as somebody of an office: by role and office, then as the client does."""

    def call(role, office, method, path, **request):
        key = issue_key(sample_database, office=office, name=office, role=role, label=role)
        return client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **request)

    return call


@pytest.fixture
def code(keyed):
    """Have the first office register a house, and return its code."""
    feature = {"type": "Feature", "properties": {"name": "滨溪1号楼"}, "geometry": drawn(HOUSE)}
    file = ("house.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return keyed("surveyor", "first", "POST", "/uploads", files={"file": file}).json()["results"][0]["code"]


def test_findings_are_for_whose_building_it_is_and_for_who_sees_the_district(keyed, code):
    path = f"/buildings/{code}/findings"
    askers = [("surveyor", "first"), ("surveyor", "second"), ("planner", "second"), ("admin", "first")]
    assert [keyed(*asker, "GET", path).status_code for asker in askers] == [200, 404, 200, 403]


def test_a_tile_names_a_building_to_who_may_see_its_name(keyed, code):
    askers = [("surveyor", "first"), ("surveyor", "second"), ("planner", "second"), ("admin", "first")]
    tiles = [keyed(*asker, "GET", TILE).content for asker in askers]
    assert all(code.replace("-", "").encode() in tile for tile in tiles)
    assert ["滨溪1号楼".encode() in tile for tile in tiles] == [True, False, True, False]


@pytest.mark.parametrize("act", ["relocations", "parts"])
def test_nobody_proposes_something_for_another_offices_building(keyed, code, act):
    body = {"geometry": drawn(shapely.affinity.translate(HOUSE, 0.0004, 0))}
    assert keyed("surveyor", "second", "POST", f"/buildings/{code}/{act}", json=body).status_code == 404
    assert keyed("surveyor", "first", "POST", f"/buildings/{code}/{act}", json=body).status_code == 202


def test_another_offices_project_has_no_documents_and_no_id_to_tell(keyed):
    code = "2209-220202-04-01-123456"
    keyed("surveyor", "first", "POST", "/projects", json={"name": "滨溪花园", "code": code})
    path = f"/projects/{code}/documents"
    askers = [("surveyor", "first"), ("surveyor", "second"), ("auditor", "second")]
    assert [keyed(*asker, "GET", path).status_code for asker in askers] == [200, 404, 200]


def test_whoever_resolves_a_code_follows_its_lineage(keyed, code):
    askers = [("surveyor", "second"), ("admin", "second"), ("registrar", "second")]
    told = [keyed(*asker, "GET", f"/buildings/{code}/lineage") for asker in askers]
    assert [answer.json()["present"] for answer in told] == [[code]] * 3


def test_a_surveyor_reads_no_comparison_search_or_conflicts_that_a_planner_of_the_same_office_kept(keyed):
    box = [126.56, 43.84, 126.57, 43.85]
    within = drawn(shapely.box(*box))
    asked = {
        "differences": {"first": "XZ1201", "second": "GH2303", "within": within},
        "sites": {"candidates": "GH2303", "within": within},
        "conflicts": {"bbox": [126.56, 43.84, 126.561, 43.841]},
    }
    for kind, body in asked.items():
        run = keyed("planner", "first", "POST", f"/{kind}", json=body).json()["run"]
        for path in (f"/{kind}/{run}", f"/runs/{run}"):
            askers = [("surveyor", "first"), ("planner", "second"), ("auditor", "second")]
            assert [keyed(*asker, "GET", path).status_code for asker in askers] == [403, 200, 200], path
        assert keyed("surveyor", "first", "POST", f"/runs/{run}/verify").status_code == 403
    workbook = f"/differences/{run}/workbook"
    assert keyed("surveyor", "first", "GET", workbook).status_code == 403


def test_a_route_that_forgets_whose_rows_it_asks_for_is_shown_what_the_caller_may_see(keyed, code, monkeypatch):
    seen = []

    def forgetful(database, **_principal):
        with transaction(database) as connection:
            seen.append(connection.execute(text("select count(*) from upload")).scalar_one())
        return []

    monkeypatch.setattr(jobs_route, "list_jobs", forgetful)
    for asker in [("surveyor", "first"), ("surveyor", "second"), ("planner", "second")]:
        assert keyed(*asker, "GET", "/jobs").status_code == 200
    assert seen == [1, 0, 1]
