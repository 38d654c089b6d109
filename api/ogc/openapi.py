"""The OpenAPI document that clients read: a path for each collection, with what it can be asked for as parameters.

GDAL sends a filter to the server only for properties that are parameters of the items' path, and only where `filter-lang`
has the value ``cql-text``; otherwise it fetches everything.
"""

from collections.abc import Sequence
from typing import Any

from api.ogc.parameters import FILTER_LANGUAGES, ITEMS_PARAMETERS, LARGEST_LIMIT, USUAL_LIMIT
from api.ogc.schemas import PROPERTY_TYPES
from geocode import __version__
from workflows.collections import Collection
from workflows.upload_files import Language

__all__ = ["ITEMS_QUERY", "describe_features", "items_parameters"]

_STRING = {"type": "string"}
_NAMES = {"type": "array", "minItems": 1, "items": _STRING}
_NUMBERS = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description, **more}


_SHARED = {
    "f": _query("f", {"type": "string", "enum": ["json", "jsonfg", "html"]}, "Format of the answer"),
    "language": _query("language", {"type": "string", "enum": ["zh", "en"]}, "Language of titles and pages"),
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": USUAL_LIMIT},
        "The most items of a page; more than the maximum is the maximum",
    ),
    "offset": _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "How many items are left out"),
    "cursor": _query("cursor", _STRING, "Where a page begins, as the links next and prev tell it"),
    "bbox": _query(
        "bbox",
        _NUMBERS,
        "Two corners in the order of the axes of bbox-crs; in degrees, one that ends west of where it begins crosses 180°",
        style="form",
        explode=False,
    ),
    "bbox-crs": _query("bbox-crs", {"type": "string", "format": "uri"}, "System of bbox; CRS84 where it is not told"),
    "crs": _query("crs", {"type": "string", "format": "uri"}, "System of the answer; CRS84 where it is not told"),
    "datetime": _query("datetime", _STRING, "A day, an instant, or an interval (a/b, a/.., ../b)"),
    "filter": _query("filter", _STRING, "What holds for the items, in CQL2; at most 4 kB and 20 deep"),
    "filter-lang": _query(
        "filter-lang",
        {"type": "string", "enum": list(FILTER_LANGUAGES), "default": FILTER_LANGUAGES[0]},
        "Language of filter; cql-text is what older clients call cql2-text",
    ),
    "filter-crs": _query(
        "filter-crs",
        {"type": "string", "format": "uri"},
        "System of the geometries in filter; CRS84 where it is not told",
    ),
    "sortby": _query(
        "sortby",
        _NAMES,
        "Properties to sort by; - in front is downwards, + or nothing upwards",
        style="form",
        explode=False,
    ),
    "properties": _query(
        "properties", _NAMES, "The properties that are told; all of them else", style="form", explode=False
    ),
}
ITEMS_QUERY = [_SHARED[name] for name in (*ITEMS_PARAMETERS, "f", "language")]
_OF_ONE = ("crs", "datetime", "f", "language")


def items_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Return the parameters of a collection's items: those of every collection, then its properties."""
    properties = [
        _query(each.name, dict(PROPERTY_TYPES[each.type]), "Items whose property has this value")
        for each in collection.queryables.values()
        if each.type != "geometry" and each.name not in _SHARED
    ]
    return [
        *({"$ref": f"#/components/parameters/{name}"} for name in (*ITEMS_PARAMETERS, "f", "language")),
        *properties,
    ]


def describe_features(
    collections: Sequence[Collection], *, server: str, title: str, language: Language
) -> dict[str, Any]:
    """Return the document for some collections; `server` is the address that the paths rest on."""
    paths: dict[str, Any] = {
        "/": _get("getLandingPage", "Landing page"),
        "/conformance": _get("getConformance", "Conformance"),
        "/collections": _get("getCollections", "Collections"),
    }
    for collection in collections:
        paths |= _paths(collection, getattr(collection.title, language))
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "security": [{"key": []}, {}],
        "tags": [{"name": "features"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "parameters": dict(_SHARED),
            "schemas": {"Problem": _PROBLEM},
            "responses": {"Problem": {"description": "A problem", "content": {"application/problem+json": _REFERRED}}},
        },
    }


_REFERRED = {"schema": {"$ref": "#/components/schemas/Problem"}}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _STRING,
        "title": _STRING,
        "status": {"type": "integer"},
        "detail": _STRING,
        "remedy": _STRING,
        "zh": {"type": "object", "properties": {"detail": _STRING, "remedy": _STRING}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": _STRING, "parameter": _STRING, "detail": _STRING},
            },
        },
    },
}
_FEATURES = ("application/geo+json", "application/vnd.ogc.fg+json", "text/html")


def _paths(collection: Collection, title: str) -> dict[str, Any]:
    root, name = f"/collections/{collection.id}", collection.id
    of_one = [{"$ref": f"#/components/parameters/{each}"} for each in _OF_ONE]
    identity = {"name": "featureId", "in": "path", "required": True, "schema": _STRING, "description": "Id of the item"}
    return {
        root: _get(f"describe.{name}", title),
        f"{root}/items": _get(f"getItems.{name}", title, items_parameters(collection), _FEATURES),
        f"{root}/items/{{featureId}}": _get(f"getItem.{name}", title, [identity, *of_one], _FEATURES),
        f"{root}/queryables": _get(f"getQueryables.{name}", title, media=("application/schema+json",)),
        f"{root}/sortables": _get(f"getSortables.{name}", title, media=("application/schema+json",)),
        f"{root}/schema": _get(f"getSchema.{name}", title, media=("application/schema+json",)),
    }


def _get(
    operation: str,
    summary: str,
    parameters: Sequence[dict[str, Any]] = (),
    media: Sequence[str] = ("application/json", "text/html"),
) -> dict[str, Any]:
    refused = {str(status): {"$ref": "#/components/responses/Problem"} for status in (400, 401, 404)}
    content = {each: {"schema": _STRING if each == "text/html" else {"type": "object"}} for each in media}
    answered = {"200": {"description": summary, "content": content}, "304": {"description": "Not modified"}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["features"],
            "parameters": list(parameters),
            "responses": {**answered, **refused},
        }
    }
