"""An extract as PDF/A: made of its result alone, so that the same run is the same paper again."""

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from registry.certificates.fonts import LATIN, MONO, find_chinese
from registry.certificates.rendering import draw_qr, set_paper
from registry.ledger.events import canonical_json
from workflows.extract_pages import extract_page
from workflows.extract_runs import Extract
from workflows.extract_views import extract_address
from workflows.settings import Settings

__all__ = ["render_extract"]


def render_extract(extract: Extract, *, settings: Settings, form: str = "pdf") -> bytes:
    """Return an extract as PDF, its result embedded as ``extract.json`` in the canonical form that its hash is of.

    Parameters
    ----------
    form
        ``pdf``, or ``png`` for a look at the first page.

    Raises
    ------
    FontError
        No Chinese font is installed.
    """
    chinese = find_chinese(settings.fonts)
    address = extract_address(extract, settings.public_url) if settings.public_url else ""
    page = {**extract_page(extract, address), "fonts": [LATIN, chinese], "mono": [MONO, chinese]}
    inputs = {
        "page": json.dumps(page, ensure_ascii=False),
        "result": canonical_json(extract.result).decode(),
        "qr": draw_qr(page["qr_text"]),
    }
    known_at = datetime.fromisoformat(extract.result["known_at"]).astimezone(UTC)
    return set_paper(_template(), inputs, at=known_at, fonts=settings.fonts, form=form)


@cache
def _template() -> bytes:
    return files("workflows").joinpath("extract.typ").read_bytes()
