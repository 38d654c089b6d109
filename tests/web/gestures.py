"""What a hand and an eye do on the page."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect
from sites import Site

CODE = re.compile(r"^[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{3}$")
# a software renderer on a loaded machine needs seconds for a frame
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


def wait_until_ready(page: Page) -> None:
    """Wait until the map is drawn for the first time."""
    # the page's security policy forbids to wait for a JavaScript expression
    page.locator("html[data-ready='true']").wait_for(state="attached")


def draw(page: Page, site: Site) -> None:
    """Draw the L by mouse: one click a corner, and one more on the first to close the ring."""
    page.get_by_test_id("draw").click()
    corners = corners_of(page, site)
    for x, y in [*corners, corners[0]]:
        page.mouse.click(x, y)


def corners_of(page: Page, site: Site) -> list[tuple[float, float]]:
    """Return where the corners of the L are in a window that still shows the site in its middle."""
    size = page.viewport_size
    assert size is not None
    return site.pixels(size["width"], size["height"])


def read_code(page: Page) -> str:
    """Return the provisional code, once it is there."""
    code = page.get_by_test_id("code")
    expect(code).to_have_text(CODE)
    return code.inner_text()


def read_area_m2(page: Page) -> float:
    text = page.get_by_test_id("area").inner_text()
    return float(text.split(" m²")[0].replace(",", ""))


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture of the window in the folder that LUOTU_SCREENSHOTS names, if it names one."""
    folder = os.environ.get("LUOTU_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder, f"{name}.png"))
