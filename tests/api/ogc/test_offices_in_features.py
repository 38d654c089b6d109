"""What each role and office sees of the collections: no byte that is another office's."""

import pytest

HIDDEN = ["conflicts", "cases"]


def ids(ogc, role):
    return {each["id"] for each in ogc("/collections", role=role).json()["collections"]}


def test_a_surveyor_sees_no_conflicts_and_cases_and_hears_of_none(ogc):
    assert not set(HIDDEN) & ids(ogc, "surveyor")
    assert "conflicts" not in ogc("/api", role="surveyor").text
    for name in HIDDEN:
        for path in ("", "/items", "/items/1", "/schema", "/queryables"):
            assert ogc(f"/collections/{name}{path}", role="surveyor").status_code == 404


def test_names_and_heights_are_those_of_the_own_office(ogc):
    for role, own in (("surveyor", 60), ("other", 15), ("planner", 75), ("admin", 0)):
        found = ogc("/collections/buildings/items?limit=1000", role=role).json()["features"]
        assert len(found) == 75
        assert sum(each["properties"]["name"] is not None for each in found) == own


@pytest.mark.parametrize("asked", [{"name": "70号楼"}, {"filter": "name = '70号楼'"}, {"filter": "name LIKE '7%'"}])
def test_no_filter_finds_a_building_by_a_name_that_is_not_shown(ogc, asked):
    found = [
        ogc("/collections/buildings/items", role=role, params={**asked, "bbox": "120,40,130,50"}).json()["features"]
        for role in ("surveyor", "other", "admin")
    ]
    assert [
        [each["properties"]["name"] for each in page if each["properties"]["name"] == "70号楼"] for page in found
    ] == [
        [],
        ["70号楼"],
        [],
    ]
    assert all(each["properties"]["name"] for page in found for each in page)


def test_an_order_by_name_tells_nothing_of_names_that_are_not_shown(ogc):
    page = ogc("/collections/buildings/items?sortby=name&limit=1000", role="other").json()["features"]
    names = [each["properties"]["name"] for each in page]
    assert names[:15] == sorted(names[:15])
    assert names[15:] == [None] * 60


def test_footprints_of_stages_are_those_of_the_own_office(ogc):
    counts = {
        role: ogc("/collections/footprints.design/items", role=role).json()["numberMatched"]
        for role in ("surveyor", "other", "planner")
    }
    assert counts == {"surveyor": 60, "other": 15, "planner": 75}
    assert ogc("/collections/footprints.design/items", role="admin").status_code == 404


def test_one_item_is_told_as_its_page_tells_it(ogc, installation):
    code = installation.codes[3]
    for role, name in (("surveyor", "3号楼"), ("other", None), ("planner", "3号楼")):
        found = ogc(f"/collections/buildings/items/{code}", role=role).json()
        assert found["properties"]["name"] == name
    assert ogc(f"/collections/footprints.design/items/{code}", role="other").status_code == 404


def test_layers_beyond_a_role_are_not_there(ogc):
    shown = ids(ogc, "surveyor")
    hidden = ids(ogc, "planner") - shown - set(HIDDEN)
    assert hidden
    for name in hidden:
        assert ogc(f"/collections/{name}/items", role="surveyor").status_code == 404
        assert ogc(f"/collections/{name}/items", role="planner").status_code == 200


def test_the_ground_of_a_conflict_is_shown_to_who_sees_both_layers(ogc, installation):
    page = ogc("/collections/conflicts/items?limit=1000", role="planner").json()
    assert page["numberMatched"] > 100
    assert all(each["geometry"] for each in page["features"] if each["properties"]["outcome"] == "conflict")


def test_nobody_without_a_key_is_answered(installation):
    from starlette.testclient import TestClient  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415

    settings = installation.settings.model_copy(update={"local_principal": False})
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as stranger:
        for path in ("/ogc", "/ogc/api", "/ogc/collections", "/ogc/collections/buildings/items"):
            assert stranger.get(path).status_code == 401
