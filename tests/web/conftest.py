"""The page in the system's own Chromium, headless, on a machine that it may not leave."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from gestures import TIMEOUT_MS, wait_until_ready
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

HOST = "127.0.0.1"
ARGUMENTS = [
    # nothing but this machine has an address
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}",
    "--force-color-profile=srgb",
]

# small, because a software renderer pays for every pixel
WINDOW = {"width": 1040, "height": 640}

OpenPage = Callable[..., Page]


# not for the session: an open Playwright keeps an event loop running, in which no other test could start its own
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    # Chromium's sandbox does not start for root
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, served_url: str) -> Iterator[OpenPage]:
    """Open the page at an address after its "#", in a window of its own; keywords are Playwright's for a new context."""
    with _watch() as watch:
        contexts = []

        def open_page(place: str = "", **options: Any) -> Page:
            context = browser.new_context(**{"viewport": WINDOW, "locale": "zh-CN", **options})
            contexts.append(context)
            context.set_default_timeout(TIMEOUT_MS)
            page = context.new_page()
            watch(page)
            page.goto(f"{served_url}/{place}")
            wait_until_ready(page)
            return page

        yield open_page
        for context in contexts:
            context.close()


@contextmanager
def _watch() -> Iterator[Callable[[Page], None]]:
    """Fail at the end if a page asked for anything off this machine, threw an error, or broke its security policy."""
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def watch(page: Page) -> None:
        page.on("request", lambda request: faults.extend(_outside(request.url)))
        page.on("websocket", lambda socket: faults.extend(_outside(socket.url)))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", hear)

    yield watch
    assert faults == []


def _outside(url: str) -> list[str]:
    parts = urlsplit(url)
    return [] if parts.scheme in {"data", "blob"} or parts.hostname == HOST else [url]
