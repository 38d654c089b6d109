"""The foot of the OGC routes' pages: what they answer in other formats."""

from collections.abc import Iterable, Mapping

from api.ogc.links import Link
from api.pages import anchor
from workflows.upload_files import Language

__all__ = ["links_page"]

_WORDS: Mapping[str, tuple[str, str]] = {"formats": ("其他格式", "Other formats")}


def links_page(links: Iterable[Link], language: Language) -> str:
    """Return links as a line of a page's foot."""
    told = " · ".join(anchor(each["href"], each.get("title") or each["rel"]) for each in links)
    return f"<footer>{_WORDS['formats'][language == 'en']}: {told}</footer>"
