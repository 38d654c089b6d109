"""Features as GeoJSON (RFC 7946, in the system asked for) and as JSON-FG (OGC 21-045r1)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from api.ogc.links import Link
from workflows.coordinate_references import CRS84, Reference
from workflows.items import Item

__all__ = ["JSON_FG", "feature", "feature_collection", "jsonfg_collection", "jsonfg_feature"]

JSON_FG = [f"http://www.opengis.net/spec/json-fg-1/1.0/conf/{name}" for name in ("core", "types-schemas")]


def feature(item: Item) -> dict[str, Any]:
    """Return an item as a GeoJSON feature."""
    return {"type": "Feature", "id": item.id, "geometry": _geometry(item), "properties": item.properties}


def feature_collection(items: Sequence[Item], links: Sequence[Link], matched: int) -> dict[str, Any]:
    """Return items as a GeoJSON feature collection."""
    return {
        "type": "FeatureCollection",
        "numberMatched": matched,
        "numberReturned": len(items),
        "links": links,
        "features": [feature(item) for item in items],
    }


def jsonfg_feature(item: Item, reference: Reference, *, kind: str, schema: str) -> dict[str, Any]:
    """Return an item as a JSON-FG document.

    Parameters
    ----------
    kind, schema
        The name of the feature type, and the address of its schema.
    """
    return {**_heading("Feature", reference, kind, schema), **_jsonfg(item, reference)}


def jsonfg_collection(
    items: Sequence[Item], reference: Reference, links: Sequence[Link], matched: int, *, kind: str, schema: str
) -> dict[str, Any]:
    """Return items as a JSON-FG feature collection; `kind` and `schema` as for `jsonfg_feature`."""
    return {
        **_heading("FeatureCollection", reference, kind, schema),
        "numberMatched": matched,
        "numberReturned": len(items),
        "links": links,
        "features": [_jsonfg(item, reference) for item in items],
    }


def _heading(what: str, reference: Reference, kind: str, schema: str) -> dict[str, Any]:
    return {
        "type": what,
        "conformsTo": JSON_FG,
        "featureType": kind,
        "featureSchema": schema,
        "coordRefSys": reference.uri,
    }


def _jsonfg(item: Item, reference: Reference) -> dict[str, Any]:
    """Return an item as a JSON-FG feature: what is not longitude and latitude stands in its ``place``."""
    shape, is_geojson = _geometry(item), reference.uri == CRS84
    return {
        "type": "Feature",
        "id": item.id,
        "time": _time(item),
        "place": None if is_geojson else shape,
        "geometry": shape if is_geojson else None,
        "properties": item.properties,
    }


def _geometry(item: Item) -> Any:
    # the database has written it as JSON already
    return None if item.geometry is None else orjson.Fragment(item.geometry)


def _time(item: Item) -> dict[str, Any] | None:
    since, until = item.time or (None, None)
    if since is None and until is None:
        return None
    if isinstance(since, datetime):
        return {"timestamp": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return {"interval": [".." if each is None else each.isoformat() for each in (since, until)]}
