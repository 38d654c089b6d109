"""OGC API: the items of a collection, a page at a time, and one by its id."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.addresses import same_with
from api.dependencies import AskingOpenly, Configured, Stored
from api.ogc.collections import CollectionId
from api.ogc.geojson import feature, feature_collection, jsonfg_collection, jsonfg_feature
from api.ogc.item_pages import item_page, items_page
from api.ogc.links import Link, address, answers_in, link, tagged, ways_to_read
from api.ogc.openapi import ITEMS_QUERY
from api.ogc.parameters import (
    ITEM_PARAMETERS,
    Format,
    format_of,
    parameters_of,
    period_of,
    question_of,
    spoken_in,
)
from api.told import ogc as documents
from workflows.collections import CollectionQuestion
from workflows.items import ItemsPage, find_items, read_one

__all__ = ["router"]

router = APIRouter(prefix="/ogc/collections/{collection_id}/items", tags=["features"])
_FORMATS: dict[Format, str] = {"json": "geojson", "jsonfg": "jsonfg", "html": "html"}


@router.get(
    "",
    response_class=Response,
    responses=answers_in(geojson=documents.Items, jsonfg=documents.FgItems, html=None),
    openapi_extra={"parameters": ITEMS_QUERY},
)
def read_items(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return a page of a collection's items; any property may be a parameter with the value that it is to have."""
    said = parameters_of(request, None)
    form, language = format_of(request, said, tuple(_FORMATS)), spoken_in(request, said)
    asked = CollectionQuestion(principal, settings, period_of(said))
    found = find_items(database, collection_id, question_of(said), asked=asked)
    links = [*ways_to_read(request, form, _FORMATS), *_ways_on(request, found, form)]
    headers = {"Content-Crs": f"<{found.reference.uri}>"}
    if form == "html":
        return tagged(request, items_page(request, found, links, language), "html", links=links, headers=headers)
    if form == "jsonfg":
        schema = address(request, f"/collections/{found.collection.id}/schema")
        told = jsonfg_collection(
            found.items, found.reference, links, found.matched, kind=found.collection.id, schema=schema
        )
        return tagged(request, told, "jsonfg", links=links, headers=headers)
    told = feature_collection(found.items, links, found.matched)
    return tagged(request, told, "geojson", links=links, headers=headers)


@router.get(
    "/{item_id}",
    response_class=Response,
    responses=answers_in(geojson=documents.Item, jsonfg=documents.FgItem, html=None),
)
def read_item(
    request: Request,
    collection_id: CollectionId,
    item_id: Annotated[str, Path(max_length=120, description="The id of a feature; of a building its code")],
    principal: AskingOpenly,
    database: Stored,
    settings: Configured,
) -> Response:
    """Return one item of a collection."""
    said = parameters_of(request, ITEM_PARAMETERS)
    form, language = format_of(request, said, tuple(_FORMATS)), spoken_in(request, said)
    asked = CollectionQuestion(principal, settings, period_of(said))
    collection, reference, item = read_one(database, collection_id, item_id, crs=said.get("crs"), asked=asked)
    root = f"/collections/{collection.id}"
    links = [*ways_to_read(request, form, _FORMATS), link(address(request, root), "collection", "json")]
    headers = {"Content-Crs": f"<{reference.uri}>"}
    if form == "html":
        return tagged(
            request, item_page(request, collection, item, links, language), "html", links=links, headers=headers
        )
    if form == "jsonfg":
        schema = address(request, f"{root}/schema")
        told = jsonfg_feature(item, reference, kind=collection.id, schema=schema)
    else:
        told = feature(item)
    return tagged(request, {**told, "links": links}, _FORMATS[form], links=links, headers=headers)


def _ways_on(request: Request, found: ItemsPage, form: Format) -> list[Link]:
    """Return the links to the pages around one, and to the collection."""
    links = [link(address(request, f"/collections/{found.collection.id}"), "collection", "json")]
    for cursor, relation in ((found.after, "next"), (found.before, "prev")):
        if cursor is not None:
            links.append(link(same_with(request, cursor=cursor, offset=None), relation, _FORMATS[form]))
    return links
