"""Items of a collection as pages for people: properties by their titles, numbers as one reads them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from api.ogc.links import Link, address
from api.ogc.pages import links_page
from api.ogc.schemas import property_title
from api.pages import Crumb, page, table_page
from geocode import Text
from workflows.collections import Collection
from workflows.items import Item, ItemsPage
from workflows.upload_files import Language

__all__ = ["item_page", "items_page"]


def items_page(request: Request, found: ItemsPage, links: Iterable[Link], language: Language) -> str:
    """Return a page of items as a table: the id first, as a link, and under what name it is a property."""
    root = f"/collections/{found.collection.id}"
    heads = list(found.items[0].properties) if found.items else []
    identity = _identity(heads, found.items)
    others = [head for head in heads if head != identity]
    rows = [
        (
            Crumb(address(request, f"{root}/items/{item.id}"), str(item.id)),
            *(_readable(head, item.properties.get(head)) for head in others),
        )
        for item in found.items
    ]
    titles = [property_title(head, language) for head in (identity, *others)]
    ways = [each for each in links if each["rel"] in {"next", "prev", "alternate"}]
    body = f"<p>{_counted(found, language)}</p>{table_page(titles, rows)}{links_page(ways, language)}"
    title, style = getattr(found.collection.title, language), address(request, "/style.css")
    return page(title, body, language=language, style=style, crumbs=_crumbs(request, root))


def item_page(request: Request, collection: Collection, item: Item, links: Iterable[Link], language: Language) -> str:
    """Return one item as a table of its properties."""
    root = f"/collections/{collection.id}"
    rows = [(property_title(name, language), _readable(name, value)) for name, value in item.properties.items()]
    ways = [each for each in links if each["rel"] == "alternate"]
    body = table_page(("", ""), rows) + links_page(ways, language)
    crumbs = [*_crumbs(request, root), Crumb(address(request, f"{root}/items"), "items")]
    title = f"{getattr(collection.title, language)} {item.id}"
    return page(title, body, language=language, style=address(request, "/style.css"), crumbs=crumbs)


def _counted(found: ItemsPage, language: Language) -> str:
    """Return how many items a page tells, and of how many."""
    shown, matched = len(found.items), f"{found.matched:,}"
    text = Text(f"要素:本页 {shown} 个,共 {matched} 个", f"Features: {shown} on this page, {matched} in all")
    return str(getattr(text, language))


def _identity(heads: Sequence[str], items: Sequence[Item]) -> str:
    """Return the property that is the items' id, as a building's code is; ``id`` where none is."""
    return next((head for head in heads if all(item.properties.get(head) == item.id for item in items)), "id")


def _readable(name: str, value: Any) -> Any:
    """Return a value as one reads it: measures in metres to two places, other numbers and times without noise."""
    if isinstance(value, float):
        return f"{value:,.2f}" if name.endswith(("_m", "_m2")) else f"{value:.10g}"
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else value


def _crumbs(request: Request, root: str) -> list[Crumb]:
    return [
        Crumb(address(request, "/"), "OGC API"),
        Crumb(address(request, "/collections"), "collections"),
        Crumb(address(request, root), root.rsplit("/", 1)[-1]),
    ]
