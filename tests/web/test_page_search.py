"""The one search box: what names, coordinates and mistyped codes lead to."""

import json
import re
from collections.abc import Callable

import httpx2
import pytest
import shapely
from playwright.sync_api import Page, expect
from pyproj import Transformer
from sites import Site, find_site

OpenPage = Callable[..., Page]
TO_PLANE = Transformer.from_crs("EPSG:4490", "EPSG:4551", always_xy=True)


@pytest.fixture(scope="module")
def site(served_url: str) -> Site:
    return find_site(served_url)


@pytest.fixture(scope="module")
def twins(served_url: str, site: Site) -> list[str]:
    """Return the codes of two buildings that bear one name."""
    shapes = [shapely.box(0, 0, 1e-4, 1e-4), shapely.box(1.5e-4, 0, 2.5e-4, 1e-4)]
    features = [
        {
            "type": "Feature",
            "properties": {"name": "双子楼"},
            "geometry": shapely.geometry.mapping(shapely.affinity.translate(shape, site.lon, site.lat)),
        }
        for shape in shapes
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    answer = httpx2.post(f"{served_url}/uploads", files={"file": ("twins.geojson", content)}, timeout=60)
    assert answer.status_code == 201, answer.text
    return [row["code"] for row in answer.json()["results"]]


def look_for(page: Page, text: str) -> None:
    page.get_by_test_id("search").fill(text)
    page.get_by_test_id("search").press("Enter")


def test_where_several_bear_a_name_a_person_chooses(open_page: OpenPage, twins: list[str]) -> None:
    page = open_page()
    look_for(page, "双子楼")
    found = page.get_by_test_id("candidates")
    expect(found.get_by_role("button")).to_have_count(2)
    assert sorted(found.get_by_role("button").all_inner_texts()) == sorted(twins)
    for code in twins:
        # the list stays, so that the other one can be looked at as well
        found.get_by_role("button", name=code).click()
        expect(page.get_by_test_id("card-code")).to_have_text(code)


@pytest.mark.parametrize("form", ["degrees", "metres"])
def test_coordinates_lead_to_the_building_that_stands_there(
    open_page: OpenPage, site: Site, twins: list[str], form: str
) -> None:
    page = open_page()
    lon, lat = site.lon + 5e-5, site.lat + 5e-5
    east, north = TO_PLANE.transform(lon, lat)
    look_for(page, f"{lat:.7f}, {lon:.7f}" if form == "degrees" else f"{north:.3f} 42{east:.3f}")
    expect(page.get_by_test_id("card-code")).to_have_text(twins[0])
    expect(page.get_by_test_id("matched")).to_contain_text("坐标")


def test_coordinates_where_nothing_stands_are_shown_all_the_same(open_page: OpenPage, site: Site) -> None:
    page = open_page()
    look_for(page, f"{site.lon + 0.02:.6f} {site.lat + 0.02:.6f}")
    expect(page.get_by_test_id("problem")).to_contain_text("30 米内没有")
    # the flight ends at the zoom of a single building
    expect(page).to_have_url(re.compile(r"map=18/"))
    _, lat, lon = page.url.split("map=")[1].split("/")
    assert (float(lat), float(lon)) == pytest.approx((site.lat + 0.02, site.lon + 0.02), abs=1e-3)  # beside the panel


def test_a_mistyped_code_comes_with_the_one_that_is_meant(open_page: OpenPage, twins: list[str]) -> None:
    page = open_page()
    wrong = twins[0][:-1] + ("0" if twins[0][-1] != "0" else "1")
    look_for(page, wrong)
    page.get_by_test_id("suggestions").get_by_role("button", name=twins[0]).click()
    expect(page.get_by_test_id("card-code")).to_have_text(twins[0])
