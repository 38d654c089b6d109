"""JSON-FG: GeoJSON whose features may also have a ``place``, in a CRS of the file's choice and with arcs.

The place counts. Its coordinates are in the order of axes that the CRS's register has; those of ``geometry`` are
longitude and latitude of WGS 84.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from layers.axis_order import in_xy, is_north_first
from layers.crs import FoundCrs, crs_of_name, crs_of_ogc, crs_of_projjson
from layers.curved_json import tabulate_with_curves
from layers.curves import deviation_in
from layers.entries import LayerEntry, ReadOptions
from layers.errors import refused
from layers.geojson import columns_of, features_of, find_layers, read_document
from layers.remarks import Counted, Note
from layers.tables import OpenTable, Table

__all__ = ["find_layers", "open_rows", "read_jsonfg"]

# what JSON-FG says of a feature beside its properties
_OWN = ("featureType", "time")
_MAX_SHOWN = 5


class _PlaceCrs(NamedTuple):
    """A CRS, and whether northing or latitude comes first in it."""

    crs: FoundCrs
    north_first: bool


_WGS84 = _PlaceCrs(crs_of_ogc(why="crs_jsonfg_default"), north_first=False)


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a file, which is read whole: it is one value. Raises as `read_jsonfg`."""
    table = read_jsonfg(entry.source.path.read_bytes())
    yield OpenTable(iter([table]), len(table.geometries))


def read_jsonfg(data: bytes) -> Table:
    """Return the rows of a JSON-FG text.

    Raises
    ------
    RefusedFile
        It is no JSON-FG, or its geometries are in several CRSs, or in one that cannot be read.
    """
    document = read_document(data)
    delivered = features_of(document.value)
    in_place = _choose_member(delivered)
    found, north_first = _crs_of(delivered, document.value.get("coordRefSys")) if in_place else _WGS84
    features = [_with_geometry(feature, in_place=in_place) for feature in delivered]
    table = tabulate_with_curves(features, deviation=deviation_in(found.crs), repeats=document.repeats)
    table = in_xy(table, found, north_first=north_first)
    own = columns_of([_own_members(feature) for feature in delivered])
    notes = (*table.notes, *document.notes, *_told(delivered, features, in_place=in_place))
    return replace(table, columns=[*table.columns, *own], encoding=document.encoding, notes=notes)


def _choose_member(features: Sequence[Any]) -> bool:
    """Return whether ``place`` counts: where a feature has one, unless others have a geometry alone.

    Raises
    ------
    RefusedFile
        Some features have only a place, and others only a geometry.
    """
    has = [(_member(feature, "place") is not None, _member(feature, "geometry") is not None) for feature in features]
    if any(geometry and not place for place, geometry in has):
        if any(place and not geometry for place, geometry in has):
            raise refused("jsonfg_mixed")
        return False
    return any(place for place, _ in has)


def _member(feature: Any, name: str) -> Any:
    return feature.get(name) if isinstance(feature, dict) else None


def _crs_of(features: Sequence[Any], of_collection: Any) -> _PlaceCrs:
    members = {
        repr(member): member
        for feature in features
        if _member(feature, "place") is not None
        for member in [_member(feature, "coordRefSys") or of_collection]
    }
    found = {(place := _crs_of_member(member)).crs.name: place for member in members.values()}
    if len(found) > 1:
        raise refused("crs_mixed", names=", ".join(list(found)[:_MAX_SHOWN]))
    return next(iter(found.values()))


def _crs_of_member(member: Any) -> _PlaceCrs:
    """Return what a member ``coordRefSys`` means: an address, a code, a reference, PROJJSON, or several of them."""
    if member is None:
        return _WGS84
    if isinstance(member, list) and member:
        # horizontal, then vertical
        return _crs_of_member(member[0])
    if isinstance(member, dict) and member.get("type") != "Reference":
        found = crs_of_projjson(member.get("value", member), why="crs_jsonfg")
        return _PlaceCrs(found, is_north_first(found.crs))
    name = str(member.get("href") if isinstance(member, dict) else member).strip("[]")
    found = crs_of_name(name, why="crs_jsonfg")
    return _PlaceCrs(found, "CRS84" not in name and is_north_first(found.crs))


def _with_geometry(feature: Any, *, in_place: bool) -> Any:
    """Return a feature with the geometry that counts; of a prism its base."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return feature
    return {**feature, "geometry": _base(feature.get("place") if in_place else feature.get("geometry"))}


def _base(geometry: Any) -> Any:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "Prism":
        return geometry.get("base")
    if kind == "MultiPrism" and isinstance(geometry.get("prisms"), list):
        bases = [_base(prism) for prism in geometry["prisms"]]
        if all(isinstance(base, dict) and base.get("type") == "Polygon" for base in bases):
            return {"type": "MultiPolygon", "coordinates": [base.get("coordinates") for base in bases]}
    return geometry


def _own_members(feature: Any) -> dict[str, Any]:
    if not isinstance(feature, dict):
        return {}
    return {name: feature[name] for name in _OWN if feature.get(name) is not None}


def _told(delivered: Sequence[Any], features: Sequence[Any], *, in_place: bool) -> list[Note]:
    notes: list[Note] = []
    left_aside = 0 if in_place else sum(_member(feature, "place") is not None for feature in delivered)
    if left_aside:
        notes.append(Counted("places_left_aside", left_aside))
    member = "place" if in_place else "geometry"
    prisms = sum(
        _member(before, member) is not _member(after, "geometry")
        for before, after in zip(delivered, features, strict=True)
    )
    if prisms:
        notes.append(Counted("prisms_flattened", prisms))
    return notes
