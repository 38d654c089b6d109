"""The page: the files that its build made, served from the root."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

__all__ = ["mount_page"]

_BUILT = Path(__file__).resolve().parents[1] / "web" / "dist"


def mount_page(app: FastAPI, folder: Path | None = None) -> None:
    """Serve the built page, or say how to build it."""
    page = folder or _BUILT
    if (page / "index.html").exists():
        app.mount("/", StaticFiles(directory=page, html=True), name="page")
        return

    @app.get("/", include_in_schema=False)
    def explain() -> PlainTextResponse:
        """Say how to build the page."""
        return PlainTextResponse("The page is not built: run `make web`, then start the server again.\n", 503)
