"""Pages for people: plain HTML that loads nothing but its style."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

from workflows.upload_files import Language

__all__ = ["STYLE", "Crumb", "anchor", "list_page", "page", "table_page"]

STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem;color:#1b1f23}
nav,footer{font-size:.875rem;color:#57606a}a{color:#0b5cad}table{border-collapse:collapse;font-size:.875rem;width:max-content}
.wide{overflow-x:auto}td{max-width:24rem}th,td{border-bottom:1px solid #d0d7de;padding:.25rem .5rem;text-align:left;vertical-align:top}
dt{font-weight:600}dd{margin:0 0 .5rem}"""


class Crumb(NamedTuple):
    """One step of the way to a page."""

    href: str
    title: str


def page(title: str, body: str, *, language: Language, style: str, crumbs: Sequence[Crumb] = ()) -> str:
    """Return a page; `body` is HTML, everything else text."""
    way = " / ".join(anchor(crumb.href, crumb.title) for crumb in crumbs)
    tongue = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{tongue}">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{escape(style)}"></head>\n'
        f"<body><nav>{way}</nav><main><h1>{escape(title)}</h1>\n{body}\n</main></body>\n</html>\n"
    )


def list_page(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return a list of links (address, title, description)."""
    told = "".join(f"<dt>{anchor(href, title)}</dt><dd>{escape(text)}</dd>" for href, title, text in rows)
    return f"<dl>{told}</dl>"


def table_page(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; a cell is text, or a `Crumb` that leads somewhere."""
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def anchor(href: str, title: str) -> str:
    """Return a link; both are text."""
    return f'<a href="{escape(href)}">{escape(title)}</a>'


def _cell(cell: Any) -> str:
    if isinstance(cell, Crumb):
        return anchor(cell.href, cell.title)
    return "" if cell is None else escape(str(cell))
