"""Corners as numbers: told at the pointer, typed one after the other, changed in a table, made right."""

import re
from collections.abc import Callable

import pytest
from gestures import CODE, draw, keep_picture, read_area_m2, read_code
from playwright.sync_api import Page, expect
from pyproj import Transformer
from sites import L_AREA_M2, Site, find_site

OpenPage = Callable[..., Page]
PICTURE = {"viewport": {"width": 1280, "height": 860}}
# the sample district lies in zone 42 of 3°
TO_PLANE = Transformer.from_crs("EPSG:4490", "EPSG:4551", always_xy=True)


@pytest.fixture(scope="module")
def site(served_url: str) -> Site:
    return find_site(served_url)


def typed_ring(site: Site) -> str:
    """Return the L as boundary-point lines: X is north, Y is east with its zone."""
    lines = []
    for number, (lon, lat) in enumerate(site.ring(), start=1):
        east, north = TO_PLANE.transform(lon, lat)
        lines.append(f"J{number},1,{north:.4f},42{east:.4f}")
    return "\n".join(lines)


def begin_to_type(page: Page) -> None:
    page.get_by_test_id("draw").click()
    page.get_by_test_id("entry").locator("summary").click()


def test_boundary_points_that_are_pasted_are_a_footprint_with_its_code(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address, **PICTURE)
    begin_to_type(page)
    # the first point once more at the end closes the ring
    page.get_by_label("坐标，每行一个角点").fill(typed_ring(site))
    page.get_by_test_id("corners-add").click()
    read_code(page)
    assert read_area_m2(page) == pytest.approx(L_AREA_M2, rel=2e-3)
    page.get_by_test_id("corners").locator("summary").click()
    page.get_by_test_id("corners").get_by_label("坐标系").select_option("gk3_zone")
    first_x, first_y = (page.get_by_test_id(f"corner-0-{axis}") for axis in (0, 1))
    expect(first_x).to_have_value(re.compile(r"^\d{7}\.\d{3}$"))
    expect(first_y).to_have_value(re.compile(r"^42\d{6}\.\d{3}$"))
    keep_picture(page, "corners")


def test_a_footprint_is_typed_by_keyboard_alone_from_coordinates_bearings_and_offsets(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page(site.address, **PICTURE, locale="en-GB")
    page.get_by_test_id("draw").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("entry").locator("summary").focus()
    page.keyboard.press("Enter")
    lines = page.get_by_label("Coordinates, one corner a line")
    lines.focus()
    page.keyboard.type(f"{site.lon:.8f}, {site.lat:.8f}")
    page.keyboard.press("Enter")
    length = page.get_by_test_id("entry-distance")
    length.focus()
    page.keyboard.type("20")
    page.keyboard.press("Tab")
    page.keyboard.type("90-00-00")
    page.keyboard.press("Enter")
    for along, right in (("0", "12.5"), ("0", "20")):
        page.get_by_test_id("entry-alongSide").focus()
        page.keyboard.type(along)
        page.keyboard.press("Tab")
        page.keyboard.type(right)
        page.keyboard.press("Enter")
    expect(page.get_by_test_id("entry-corners").locator("li")).to_have_count(4)
    keep_picture(page, "typed")
    page.get_by_test_id("entry-close").focus()
    page.keyboard.press("Enter")
    read_code(page)
    area = page.get_by_test_id("plane-area").inner_text()
    assert float(area.split(" m²")[0]) == pytest.approx(250.0, abs=0.05)


def test_what_is_no_coordinate_is_told_with_its_line_and_nothing_is_taken(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address)
    begin_to_type(page)
    page.get_by_label("坐标，每行一个角点").fill(f"{site.lon} {site.lat}\nJ2 x y")
    page.get_by_test_id("corners-add").click()
    expect(page.get_by_test_id("entry-fault")).to_contain_text("第 2 行")
    expect(page.get_by_test_id("entry-corners")).to_have_count(0)
    expect(page.get_by_test_id("entry-close")).to_be_disabled()


def test_a_corner_is_put_exactly_and_a_crooked_shape_made_right(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address, **PICTURE)
    draw(page, site)
    read_code(page)
    area = read_area_m2(page)
    page.get_by_test_id("corners").locator("summary").click()
    cell = page.get_by_test_id("corner-0-0")
    lon = float(cell.input_value())
    cell.fill(f"{lon - 1e-5:.8f}")
    cell.press("Enter")
    expect(page.get_by_test_id("area")).not_to_contain_text(f"{area:.2f}")
    crooked = read_area_m2(page)
    assert crooked > area
    page.get_by_test_id("square").click()
    expect(page.get_by_test_id("squared")).to_contain_text(re.compile(r"\d+\.\d+ m"))
    expect(page.get_by_test_id("code")).to_have_text(CODE)
    page.get_by_role("button", name="还原").click()
    expect(page.get_by_test_id("squared")).to_have_count(0)
    expect(cell).to_have_value(f"{lon - 1e-5:.8f}")


def test_the_pointer_is_told_in_the_crs_that_is_chosen_and_it_is_remembered(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address)
    page.get_by_test_id("readout-crs").select_option("gk3_zone")
    told = page.get_by_test_id("readout")
    expect(told).to_have_text(re.compile(r"^X \d{7}\.\d{3}  Y 42\d{6}\.\d{3}$"))
    size = page.viewport_size
    page.mouse.move(size["width"] / 2, size["height"] / 2)
    east, north = TO_PLANE.transform(site.lon, site.lat)
    x, y = (float(each) for each in re.findall(r"\d+\.\d+", told.inner_text()))
    # a pixel is a third of a metre
    assert abs(x - north) < 1
    assert abs(y - 42e6 - east) < 1
    page.reload()
    page.locator("html[data-ready='true']").wait_for(state="attached")
    expect(told).to_contain_text("X ")
