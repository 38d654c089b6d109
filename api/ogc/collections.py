"""OGC API: the collections, each with its extent, its coordinate systems, and the schemas of its features."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.dependencies import AskingOpenly, Configured, Stored
from api.ogc.links import Link, address, answers_in, link, tagged, ways_to_read
from api.ogc.pages import links_page
from api.ogc.parameters import JSON_ALONE, Format, format_of, parameters_of, spoken_in
from api.ogc.schemas import features_schema, queryables_schema, sortables_schema
from api.pages import Crumb, list_page, page, table_page
from api.told import ogc as documents
from workflows.collections import Collection, Extent, describe_collection, describe_collections, find_collection
from workflows.coordinate_references import CRS84
from workflows.upload_files import Language

__all__ = ["CollectionId", "collection_json", "router"]

router = APIRouter(prefix="/ogc/collections", tags=["features"])
CollectionId = Annotated[str, Path(max_length=120, description="Such as buildings, layers.GH2201")]
_RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
_BOTH: dict[Format, str] = {"json": "json", "html": "html"}


@router.get("", response_class=Response, responses=answers_in(json=documents.CollectionList, html=None))
def read_collections(request: Request, principal: AskingOpenly, database: Stored, settings: Configured) -> Response:
    """Return the collections that one may see."""
    said = parameters_of(request)
    form, language = format_of(request, said), spoken_in(request, said)
    found = describe_collections(database, principal=principal, settings=settings)
    links = ways_to_read(request, form, _BOTH)
    if form == "html":
        rows = [
            (
                address(request, f"/collections/{each.id}"),
                getattr(each.title, language),
                getattr(each.description, language),
            )
            for each, _ in found
        ]
        crumbs = [Crumb(address(request, "/"), "OGC API")]
        title, style = "集合" if language == "zh" else "Collections", address(request, "/style.css")
        body = page(title, list_page(rows) + links_page(links, language), language=language, style=style, crumbs=crumbs)
        return tagged(request, body, "html", links=links)
    told = [collection_json(request, each, extent, language) for each, extent in found]
    return tagged(request, {"links": links, "collections": told}, "json", links=links)


@router.get(
    "/{collection_id}", response_class=Response, responses=answers_in(json=documents.CollectionOfFeatures, html=None)
)
def read_collection(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return what a collection is, where it lies, and the ways to its items."""
    said = parameters_of(request)
    form, language = format_of(request, said), spoken_in(request, said)
    collection, extent = describe_collection(database, collection_id, principal=principal, settings=settings)
    told = collection_json(request, collection, extent, language)
    links = ways_to_read(request, form, _BOTH)
    if form == "html":
        return tagged(request, _collection_page(request, told, language), "html", links=links)
    return tagged(request, told, "json", links=links)


@router.get("/{collection_id}/schema", response_class=Response, responses=answers_in(schema=documents.Schema))
def read_schema(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return the schema of a collection's features."""
    return _document(
        request, "schema", features_schema, collection_id, database=database, principal=principal, settings=settings
    )


@router.get("/{collection_id}/queryables", response_class=Response, responses=answers_in(schema=documents.Schema))
def read_queryables(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return what a filter may ask of a collection."""
    return _document(
        request,
        "queryables",
        queryables_schema,
        collection_id,
        database=database,
        principal=principal,
        settings=settings,
    )


@router.get("/{collection_id}/sortables", response_class=Response, responses=answers_in(schema=documents.Schema))
def read_sortables(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return what the items of a collection can be sorted by."""
    return _document(
        request, "sortables", sortables_schema, collection_id, database=database, principal=principal, settings=settings
    )


def _document(
    request: Request, name: str, schema: Callable[..., dict[str, Any]], collection_id: str, **asked: Any
) -> Response:
    """Return one of a collection's schemas; `asked` says who asks where."""
    said = parameters_of(request)
    format_of(request, said, JSON_ALONE)
    collection = find_collection(identity=collection_id, **asked)
    language, here = spoken_in(request, said), address(request, f"/collections/{collection.id}/{name}")
    return tagged(request, schema(collection, address=here, language=language), "schema")


def collection_json(request: Request, collection: Collection, extent: Extent, language: Language) -> dict[str, Any]:
    """Return a collection as the standard has it."""
    spatial = {} if extent is None else {"extent": {"spatial": {"bbox": [list(extent)], "crs": CRS84}}}
    return {
        "id": collection.id,
        "title": getattr(collection.title, language),
        "description": getattr(collection.description, language),
        "itemType": "feature",
        **spatial,
        "crs": [each.uri for each in collection.references],
        "storageCrs": collection.storage.uri,
        "links": _links(request, collection.id),
    }


def _links(request: Request, identity: str) -> list[Link]:
    root = f"/collections/{identity}"
    items = f"{root}/items"
    return [
        link(address(request, root), "self", "json", "JSON"),
        link(address(request, root, f="html"), "alternate", "html", "HTML"),
        link(address(request, items, f="json"), "items", "geojson", "GeoJSON"),
        link(address(request, items, f="jsonfg"), "items", "jsonfg", "JSON-FG"),
        link(address(request, items, f="html"), "items", "html", "HTML"),
        link(address(request, f"{root}/schema"), f"{_RELATIONS}/schema", "schema", "Schema"),
        link(address(request, f"{root}/schema"), "describedby", "schema", "Schema"),
        link(address(request, f"{root}/queryables"), f"{_RELATIONS}/queryables", "schema", "Queryables"),
        link(address(request, f"{root}/sortables"), f"{_RELATIONS}/sortables", "schema", "Sortables"),
        link(address(request, f"{root}/tiles"), f"{_RELATIONS}/tilesets-vector", "json", "Tiles"),
        link(address(request, "/collections"), "parent", "json"),
    ]


def _collection_page(request: Request, told: dict[str, Any], language: Language) -> str:
    box = told.get("extent", {}).get("spatial", {}).get("bbox", [[]])[0]
    rows = [
        ("id", told["id"]),
        ("bbox", ", ".join(f"{each:.6f}" for each in box)),
        ("storageCrs", told["storageCrs"]),
        *(("crs", uri) for uri in told["crs"]),
        *(
            (each["rel"].rsplit("/", 1)[-1], Crumb(each["href"], each.get("title", each["href"])))
            for each in told["links"]
        ),
    ]
    crumbs = [Crumb(address(request, "/"), "OGC API"), Crumb(address(request, "/collections"), "collections")]
    body = table_page(("", ""), rows)
    return page(told["title"], body, language=language, style=address(request, "/style.css"), crumbs=crumbs)
