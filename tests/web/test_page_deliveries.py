"""A survey file on the page: looked at before anything is stored, read as a person says, registered, given back."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from gestures import CODE, keep_picture, wait_until_ready
from playwright.sync_api import Page, expect
from sites import Site, find_site

from store.database import Database
from tests.conftest import PROJECT, SAMPLES, serving, settings_for
from workflows.jobs import work

OpenPage = Callable[..., Page]
Ring = list[list[float]]
PICTURE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
# in the plane of EPSG:4551, where the sample district lies; northing and easting
POINTS_M = [(4855480.0, 546500.0), (4855480.0, 546520.0), (4855495.0, 546520.0), (4855495.0, 546500.0)]
# more than the page waits for
MANY = 2_001


@pytest.fixture(scope="module")
def site(served_url: str) -> Site:
    return find_site(served_url)


@pytest.fixture(scope="module")
def installation(
    new_database: Callable[..., Database], district: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Return the settings of an installation of the tests' own, whose jobs wait until somebody works."""
    database = new_database(district)
    yield settings_for(database, tmp_path_factory.mktemp("with_jobs"))
    database.dispose()


def test_a_file_is_looked_at_row_by_row_then_its_good_rows_are_registered_and_the_others_given_back(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(viewport={"width": 1280, "height": 960})
    drop(page, "survey_faulty.zip", (SAMPLES / "survey_faulty.zip").read_bytes())
    expect(page.get_by_test_id("preview")).to_contain_text("尚未保存")
    expect(page.get_by_test_id("format")).to_have_text("Shapefile in zip")
    expect(page.get_by_test_id("crs")).to_contain_text("EPSG:4551")
    rows = page.get_by_test_id("upload-rows").locator("li")
    expect(rows).to_have_count(12)
    expect(rows.first).to_have_attribute("data-outcome", "refused")
    expect(rows.first).to_contain_text("自相交")
    expect(page).to_have_url(re.compile("#map=1[5-8]"))
    keep_picture(page, "upload")

    address = page.url
    rows.first.get_by_role("button").click()
    expect(rows.first.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(page).not_to_have_url(address)
    page.locator("[data-filter='refused']").click()
    expect(rows).to_have_count(5)

    page.get_by_test_id("register-file").click()
    expect(page.get_by_test_id("upload-stored")).to_contain_text("已登记 7 行")
    expect(rows.last.locator(".code-text")).to_have_text(CODE)
    with page.expect_download() as rejected:
        page.get_by_test_id("rejected").click()
    rejected.value.save_as(tmp_path / "rejected.zip")
    with ZipFile(tmp_path / "rejected.zip") as given_back:
        assert {Path(name).suffix for name in given_back.namelist()} >= {".shp", ".dbf", ".prj"}


def test_rows_are_numbered_as_the_interface_counts_them(open_page: OpenPage) -> None:
    page = open_page(locale="en-GB")
    drop(page, "survey_faulty.zip", (SAMPLES / "survey_faulty.zip").read_bytes())
    rows = page.get_by_test_id("upload-rows").locator("li")
    expect(rows).to_have_count(12)
    numbers = {row.get_attribute("data-row"): row.locator(".row-head").inner_text() for row in rows.all()}
    assert sorted(map(int, filter(None, numbers))) == [*range(12)]
    assert all(re.match(rf"row {number}\b", text) for number, text in numbers.items())
    expect(page.get_by_test_id("rows-listed")).to_have_text("Rows are counted from 0.")


def test_refused_rows_behind_those_that_are_listed_are_counted_listed_and_drawn(
    open_page: OpenPage, site: Site
) -> None:
    (west, south), (east, north) = site.ring()[0], site.ring()[2]
    square = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    bow_tie = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    page = open_page()
    page.route("**/uploads/preview?*", lambda route: route.continue_(url=route.request.url.replace("5000", "1")))
    drop(page, "late.geojson", geojson({"方楼": square, "空": [], "蝶楼": bow_tie}))
    rows = page.get_by_test_id("upload-rows").locator("li")
    expect(rows).to_have_count(2)
    expect(page.locator("[data-filter='refused'] strong")).to_have_text("2")
    expect(rows.first).to_have_attribute("data-row", "1")
    expect(page.get_by_test_id("rows-listed")).to_contain_text("共 3 行，列出 2 行")


def test_a_click_on_an_outline_chooses_its_row(open_page: OpenPage, site: Site) -> None:
    (west, south), (east, north) = site.ring()[0], site.ring()[2]
    square = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    page = open_page()
    drop(page, "square.geojson", geojson({"方楼": square}))
    row = page.get_by_test_id("upload-rows").get_by_role("button")
    # a click would end the flight to the file
    expect(page).to_have_url(re.compile("#map=18/"))
    # the middle of what the panel leaves of the map, as soon as the outline is drawn there
    for _ in range(20):
        page.mouse.click(718, 320)
        page.wait_for_timeout(500)
        if row.get_attribute("aria-pressed") == "true":
            return
    pytest.fail("no click in the middle of the outline chose its row")


def test_columns_and_crs_that_a_table_does_not_tell_are_asked_for_and_seen_on_the_map(open_page: OpenPage) -> None:
    lines = [f"A1,{north:.2f},{east:.2f}" for north, east in POINTS_M]
    page = open_page(**PHONE, locale="en-GB")
    drop(page, "points.csv", "\n".join(["楼,甲,乙", *lines]).encode())
    columns = page.get_by_test_id("columns")
    for label, heading in {"North": "甲", "East": "乙", "Building or parcel": "楼"}.items():
        columns.get_by_label(label).fill(heading)
    page.get_by_test_id("look-again").click()
    page.get_by_role("radio", name=re.compile("EPSG:4551 ")).check()
    expect(page).to_have_url(re.compile(r"#map=15/43\.8\d*/126\."))
    keep_picture(page, "crs-candidates")
    page.get_by_test_id("look-again").click()
    expect(page.get_by_test_id("crs")).to_contain_text("EPSG:4551")
    expect(page.get_by_test_id("upload-rows").locator("li")).to_have_count(1)
    assert page.locator("html").evaluate("html => html.scrollWidth") <= PHONE["viewport"]["width"]  # type: ignore[index]
    keep_picture(page, "phone-preview")


def test_several_files_dropped_at_once_are_not_half_read(open_page: OpenPage) -> None:
    page = open_page()
    files = page.evaluate_handle(
        """() => {
            const dropped = new DataTransfer();
            for (const name of ["a.shp", "a.dbf"]) dropped.items.add(new File(["x"], name));
            return dropped;
        }"""
    )
    page.dispatch_event("body", "drop", {"dataTransfer": files})
    expect(page.get_by_test_id("problem")).to_contain_text("打包成一个 zip")


def test_a_large_file_goes_on_beside_the_page_survives_its_reload_and_can_be_cancelled(
    open_page: OpenPage, installation: Any
) -> None:
    with serving(installation) as url:
        page = open_page(**PICTURE)
        page.goto(url)
        wait_until_ready(page)
        for name in ("first.geojson", "second.geojson"):
            drop(page, name, many_squares())
            page.get_by_test_id("register-file").click()
            expect(page.get_by_test_id("job")).to_have_attribute("data-state", "waiting")

        page.reload()
        wait_until_ready(page)
        jobs = page.get_by_test_id("jobs").locator("li")
        expect(jobs).to_have_count(2)
        show(jobs.filter(has_text="first"))
        page.get_by_test_id("cancel-job").click()
        expect(page.locator(".result")).to_contain_text("什么也没有保存")
        page.get_by_test_id("upload-close").click()
        show(jobs.filter(has_text="second"))
        expect(page.get_by_test_id("job")).to_be_visible()
        keep_picture(page, "job")
        # an open Playwright keeps an event loop running in this thread
        worker = threading.Thread(target=work, args=(installation,), kwargs={"once": True})
        worker.start()
        expect(page.get_by_test_id("upload-stored")).to_contain_text("已登记 2,001 行")
        expect(page.get_by_test_id("coded")).to_have_attribute(
            "href", re.compile(r"^/uploads/[0-9a-f-]+/coded\?language=(zh|en)$")
        )
        worker.join()
        # its lines end before the server does
        page.goto("about:blank")


def test_the_formats_that_the_page_names_are_those_of_the_document() -> None:
    table = (PROJECT / "docs" / "formats.md").read_text().partition("|---")[2]
    documented = set(re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)) - {"GeoTIFF"}
    source = (PROJECT / "web" / "src" / "formats.ts").read_text()
    groups = re.findall(r"names: \[(.*?)\]", source, re.DOTALL)
    assert {name for group in groups for name in re.findall(r'"([^"]+)"', group)} == documented


def show(job: Any) -> None:
    job.get_by_role("button").click()


def drop(page: Page, name: str, content: bytes) -> None:
    page.get_by_test_id("upload").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def geojson(rings: dict[str, Ring]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in rings.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def many_squares() -> bytes:
    """Return buildings on free ground beside the sample district, more than the page waits for."""

    def ring(number: int) -> Ring:
        x, y = 126.7 + number % 50 * 4e-4, 43.8 + number // 50 * 3e-4
        return [[x, y], [x + 2e-4, y], [x + 2e-4, y + 1.5e-4], [x, y + 1.5e-4], [x, y]]

    return geojson({f"楼{number}": ring(number) for number in range(MANY)})
