"""A building's stages on its card: what was entered by which document, and its geometries laid over each other."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import shapely
from gestures import keep_picture
from playwright.sync_api import Page, expect
from sites import Site, find_site

OpenPage = Callable[..., Page]
PICTURE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def site(served_url: str) -> Site:
    return find_site(served_url)


@pytest.fixture(scope="module")
def built(served_url: str, site: Site) -> str:
    """Return the code of a building that was permitted, and built 0.3 m farther to the east."""
    designed = shapely.Polygon(site.ring())
    as_built = shapely.affinity.translate(designed, 3.7e-6)
    with httpx2.Client(base_url=served_url, timeout=60) as client:

        def post(path: str, **request: Any) -> Any:
            answer = client.post(path, **request)
            assert answer.status_code == 201, answer.text
            return answer.json()

        feature = {"type": "Feature", "properties": {"name": "验收楼"}, "geometry": shapely.geometry.mapping(designed)}
        collection = {"type": "FeatureCollection", "features": [feature]}
        code: str = post("/uploads", files={"file": ("a.geojson", json.dumps(collection).encode())})["results"][0][
            "code"
        ]

        def enter(stage: str, kind: str, **told: Any) -> None:
            file = {"file": (f"{kind}.txt", kind.encode())}
            document = post(f"/buildings/{code}/documents", files=file, data={"kind": kind})["id"]
            post(f"/buildings/{code}/stages", json={"stage": stage, "documents": [document], **told})

        permit, start = "建字第220202202600012号", "220202202601010101"
        enter("planning_permit", "planning_permit", occurred_on="2026-01-05", certificate=permit)
        enter("construction_permit", "construction_permit", occurred_on="2026-02-05", certificate=start)
        drawn = shapely.geometry.mapping(as_built)
        enter("completion_survey", "survey_report", occurred_on="2026-03-05", height_m=24.5, geometry=drawn)
    return code


def test_a_card_tells_the_stages_in_order_and_what_they_rest_on(open_page: OpenPage, built: str) -> None:
    page = open_page(f"#code={built}", **PICTURE)
    chain = page.get_by_test_id("chain")
    stages = chain.locator("[data-stage]")
    expect(stages).to_have_count(4)
    # the design is known to be no later than its upload, and was before what rests on it
    told = [stages.nth(place).get_attribute("data-stage") for place in range(4)]
    assert told == ["design", "planning_permit", "construction_permit", "completion_survey"]
    expect(stages.nth(1)).to_contain_text("建字第220202202600012号")
    expect(stages.nth(3)).to_contain_text("24.50 m")
    expect(chain).to_contain_text("竣工验收")


def test_two_geometries_are_laid_over_each_other_and_let_go(open_page: OpenPage, built: str) -> None:
    page = open_page(f"#code={built}", **PICTURE)
    row = page.get_by_test_id("differences").get_by_role("button").first
    before = page.locator("#map canvas").screenshot()
    row.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(row).to_contain_text("D02")
    page.wait_for_timeout(1500)
    keep_picture(page, "compared")
    assert page.locator("#map canvas").screenshot() != before
    row.click()
    expect(row).to_have_attribute("aria-pressed", "false")


def test_the_extract_of_a_building_is_one_click_away(open_page: OpenPage, built: str, served_url: str) -> None:
    page = open_page(f"#code={built}")
    address = page.get_by_test_id("card-extract").get_attribute("href")
    answer = httpx2.get(f"{served_url}{address}", timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
