"""Schemas (JSON Schema 2020-12) of a collection's features, of what may be asked of them, and of what sorts them."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from workflows.collections import Collection
from workflows.upload_files import Language

__all__ = ["PROPERTY_TYPES", "features_schema", "property_title", "queryables_schema", "sortables_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = tomllib.loads(files("api.ogc").joinpath("property_titles.toml").read_text(encoding="utf-8"))
_WITHOUT_ORDER = frozenset({"geometry", "array"})
PROPERTY_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "array": {"type": "array", "items": {"type": "string"}},
}


def features_schema(collection: Collection, *, address: str, language: Language) -> dict[str, Any]:
    """Return the schema of the features that a collection tells."""
    told = {**_geometry(collection, language), **_properties(collection, language)}
    return _schema(collection, told, address, language)


def queryables_schema(collection: Collection, *, address: str, language: Language) -> dict[str, Any]:
    """Return what a filter may ask of a collection."""
    return {**features_schema(collection, address=address, language=language), "additionalProperties": False}


def sortables_schema(collection: Collection, *, address: str, language: Language) -> dict[str, Any]:
    """Return what the items of a collection can be sorted by."""
    kinds = {name: each.type for name, each in collection.queryables.items()}
    told = _properties(collection, language)
    ordered = {name: schema for name, schema in told.items() if kinds[name] not in _WITHOUT_ORDER}
    return {**_schema(collection, ordered, address, language), "additionalProperties": False}


def _geometry(collection: Collection, language: Language) -> dict[str, Any]:
    # a geometry has no type: OGC's schemas name its kind alone
    known = {
        "title": property_title("geometry", language),
        "x-ogc-role": "primary-geometry",
        "format": collection.geometry,
    }
    return {"geometry": known}


def _properties(collection: Collection, language: Language) -> dict[str, Any]:
    return {
        each.name: {"title": property_title(each.name, language), **PROPERTY_TYPES[each.type]}
        for each in collection.queryables.values()
        if each.type != "geometry"
    }


def property_title(name: str, language: Language) -> str:
    """Return what people call a property, with its unit; its name where it was delivered with one."""
    return str(_TITLES.get(name, {}).get(language, name))


def _schema(collection: Collection, properties: Mapping[str, Any], address: str, language: Language) -> dict[str, Any]:
    title, description = getattr(collection.title, language), getattr(collection.description, language)
    named = {"type": "object", "title": title, "description": description}
    return {"$schema": _DRAFT, "$id": address, **named, "properties": dict(properties)}
