"""A certificate's page as PDF/A: typst sets it, the same record gives the same bytes on the same installation."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
import typst

from registry.certificates.fonts import LATIN, MONO, find_chinese, installed_fonts
from registry.certificates.pages import certificate_page, qr_text
from registry.ledger.events import canonical_json

__all__ = ["STANDARDS", "draw_qr", "render_certificate", "set_paper"]

STANDARDS = ("a-3a",)
"""PDF/A-3, as the record is embedded; level A: tagged, with an alternative text to every figure."""


def render_certificate(record: Mapping[str, Any], *, fonts: Path | None = None, form: str = "pdf") -> bytes:
    """Return the certificate that a record makes.

    Parameters
    ----------
    fonts
        Folder of fonts beside those of the system.
    form
        ``pdf``, or ``png`` for a look at the first page.

    Raises
    ------
    FontError
        No Chinese font is installed.
    """
    chinese = find_chinese(fonts)
    page = {**certificate_page(record), "fonts": [LATIN, chinese], "mono": [MONO, chinese]}
    inputs = {
        "page": json.dumps(page, ensure_ascii=False),
        "record": canonical_json(dict(record)).decode(),
        "qr": draw_qr(qr_text(record)),
    }
    issued = datetime.fromisoformat(record["content"]["issued_at"])
    return set_paper(_template(), inputs, at=issued, fonts=fonts, form=form)


def set_paper(
    template: bytes, inputs: Mapping[str, str], *, at: datetime, fonts: Path | None = None, form: str = "pdf"
) -> bytes:
    """Return the PDF/A that typst sets of a template and its inputs; `at` is the time that it says it was made at."""
    made = typst.compile(
        template,
        font_paths=installed_fonts(fonts),
        ignore_system_fonts=True,
        sys_inputs=dict(inputs),
        format=form,  # type: ignore[call-overload]
        ppi=160,
        pdf_standards=list(STANDARDS),
        timestamp=int(at.timestamp()),
    )
    return made if isinstance(made, bytes) else made[0]


def draw_qr(text: str) -> str:
    """Return a QR code as SVG."""
    drawn = BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="svg", border=0, xmldecl=False, svgns=True, dark="#1d1f23", nl=False
    )
    return drawn.getvalue().decode()


@cache
def _template() -> bytes:
    return files("registry").joinpath("certificates", "certificate.typ").read_bytes()
