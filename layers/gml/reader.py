"""GML simple features, 2 to 3.2 and WFS's answers, read without GDAL, whose reader follows links and schemas.

Each kind of feature is a layer. Attributes are texts, since only the schema, which is not read, would say more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from typing import Any, NamedTuple

from geocode.faults import Fault, Text, read_sentences
from layers.axis_order import in_xy, is_north_first
from layers.crs import FoundCrs, crs_of_name
from layers.curved_json import tabulate_with_curves
from layers.curves import deviation_in
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.gml.geometries import GEOMETRIES, UnreadGeometryError, geometry_of
from layers.remarks import Counted, remark
from layers.tables import OpenTable, Table
from layers.xml_documents import Element, Step, document_encoding, local_name, text_of, walk_elements

__all__ = ["find_layers", "open_rows"]

_SENTENCES = read_sentences("layers", "faults.toml")
_WRAPPERS = {"featureMember", "featureMembers", "member", "members"}
_COLLECTIONS = {"FeatureCollection", "Tuple", "SimpleFeatureCollection"}
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_LINK = "{http://www.w3.org/1999/xlink}href"
_ID = "{http://www.opengis.net/gml}id", "{http://www.opengis.net/gml/3.2}id", "fid"
_MAX_SHOWN = 5
_KINDS = {
    **dict.fromkeys(("Polygon", "Surface", "CompositeSurface", "MultiPolygon", "MultiSurface"), "MultiPolygon"),
    **dict.fromkeys(("LineString", "Curve", "CompositeCurve", "MultiLineString", "MultiCurve"), "MultiLineString"),
    **dict.fromkeys(("Point", "MultiPoint"), "MultiPoint"),
}


class _Taken(NamedTuple):
    """One feature as a GeoJSON feature, why it has no geometry, its CRS's name, and whether it has more geometries."""

    feature: dict[str, Any]
    fault: Fault | None
    srs_name: str | None
    has_more: bool


class _Head(NamedTuple):
    """What a collection says of its features, and what its outermost element is called."""

    root: str
    srs_name: str | None
    dimension: int | None
    returned: str
    matched: str


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the kinds of features of a file, with how many there are.

    Raises
    ------
    RefusedFile
        It is no well-formed XML, or has no features.
    """
    kinds: dict[str, list[str | None]] = {}
    head, features = _open(source)
    for feature in features:
        geometries = [local_name(shape) for shape in _geometries(feature)]
        kinds.setdefault(local_name(feature), []).append(geometries[0] if geometries else None)
    if not kinds:
        raise refused("gml_without_features", root=head.root[:40])
    read = sum(map(len, kinds.values()))
    if head.returned.isdecimal() and int(head.returned) != read:
        raise refused("rows_lost", read=read, expected=int(head.returned))
    return [FoundLayer(name, _one_kind(rows), len(rows)) for name, rows in kinds.items()]


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open one kind of features, which is read whole: only behind its last are its columns known.

    Raises
    ------
    RefusedFile
        As `find_layers`, or its features are in several CRSs, or in one that cannot be read.
    """
    head, features = _open(entry.source)
    taken = [
        _take_apart(feature, head.dimension) for feature in features if local_name(feature) == entry.name_in_source
    ]
    found, in_register_order = _crs_of(taken, head)
    table = _tabulated(taken, found)
    if found is not None:
        table = in_xy(table, found, north_first=in_register_order and is_north_first(found.crs))
    known = replace(table, encoding=document_encoding(entry.source.path), notes=(*table.notes, *_told(head, taken)))
    yield OpenTable(iter([known]), len(taken))


def _open(source: Source) -> tuple[_Head, Iterator[Element]]:
    """Return what a collection says in front of its first feature, and its features; each is let go of behind it."""
    steps = walk_elements(source.path, document_encoding(source.path), _is_feature)
    root = next(steps).element
    head = _Head(local_name(root), None, None, root.get("numberReturned", ""), root.get("numberMatched", ""))
    features = _features(steps)
    first = list(islice(features, 1))
    envelope = next((shape for shape in root.findall("{*}boundedBy/*") if shape.get("srsName")), None)
    if envelope is not None:
        dimension = envelope.get("srsDimension", "")
        head = head._replace(
            srs_name=envelope.get("srsName"), dimension=int(dimension) if dimension in {"2", "3"} else None
        )
    return head, chain(first, features)


def _features(steps: Iterator[Step]) -> Iterator[Element]:
    for event, element, parents in steps:
        if event == "end" and parents:
            if _is_feature(element, parents):
                yield element
            if local_name(parents[-1]) in _WRAPPERS or local_name(element) in _WRAPPERS:
                parents[-1].remove(element)


def _is_feature(element: Element, parents: Sequence[Element]) -> bool:
    return bool(parents) and local_name(parents[-1]) in _WRAPPERS and local_name(element) not in _COLLECTIONS


def _take_apart(element: Element, dimension: int | None) -> _Taken:
    identity = next((element.get(name) for name in _ID if element.get(name)), None)
    shapes = list(_geometries(element))
    feature = {"type": "Feature", "id": identity, "properties": _properties(element), "geometry": None}
    fault = None
    if shapes:
        try:
            feature["geometry"] = geometry_of(shapes[0], dimension)
        except UnreadGeometryError as error:
            fault = _SENTENCES.fault("geometry_unread", found=str(error))
        except (ValueError, TypeError, IndexError) as error:
            fault = _SENTENCES.fault("geometry_broken", reason=str(error)[:120])
    elif (link := _geometry_link(element)) is not None:
        fault = _SENTENCES.fault("geometry_unread", found=f"xlink:href “{link[:80]}”")
    srs_name = next((name for shape in shapes[:1] for part in shape.iter() if (name := part.get("srsName"))), None)
    return _Taken(feature, fault, srs_name, len(shapes) > 1)


def _geometries(feature: Element) -> Iterator[Element]:
    """Yield the geometries of a feature: what lies in its properties and is called as GML calls them."""
    for prop in feature:
        if local_name(prop) != "boundedBy":
            yield from (shape for shape in prop if local_name(shape) in GEOMETRIES)


def _geometry_link(feature: Element) -> str | None:
    """Return the link of a geometry that stands elsewhere, as the property's name tells."""
    for prop in feature:
        if prop.get(_LINK) and local_name(prop).lower().startswith(("geom", "the_geom", "shape", "extent", "surface")):
            return prop.get(_LINK)
    return None


def _properties(feature: Element) -> dict[str, Any]:
    found: dict[str, list[str | None]] = {}
    for prop in feature:
        if local_name(prop) == "boundedBy" or any(local_name(shape) in GEOMETRIES for shape in prop):
            continue
        for name, value in _values(prop, local_name(prop)):
            found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _values(element: Element, name: str) -> Iterator[tuple[str, str | None]]:
    """Yield the texts within a property; those of nested elements by names with dots."""
    if len(element):
        for child in element:
            yield from _values(child, f"{name}.{local_name(child)}")
    elif element.get(_NIL) in {"true", "1"}:
        yield name, None
    else:
        yield name, text_of(element) or element.get(_LINK)


def _crs_of(taken: Sequence[_Taken], head: _Head) -> tuple[FoundCrs | None, bool]:
    """Return the CRS of features, and whether it is named in a way that means the order of axes in its register."""
    names = {one.srs_name or head.srs_name for one in taken if one.feature["geometry"] is not None}
    stated = sorted(name for name in names if name is not None)
    found = {_meaning(name): name for name in stated}
    if len(found) > 1:
        raise refused("crs_mixed", names=", ".join(stated[:_MAX_SHOWN]))
    if not found:
        return None, False
    ((_, in_register_order), name), *_ = found.items()
    return crs_of_name(_full_name(name), why="crs_gml"), in_register_order


def _meaning(name: str) -> tuple[str, bool]:
    """Return the CRS that a name means and whether, with its kind of name, the order of axes in the register counts."""
    return crs_of_name(_full_name(name), why="crs_gml").name, ".xml#" not in name and name.startswith(("urn:", "http"))


def _full_name(name: str) -> str:
    """Return GML 2's address of a CRS, a place in a file that is never fetched, as an authority's name."""
    return f"EPSG:{name.rpartition('#')[2]}" if "epsg.xml#" in name else name


def _tabulated(taken: Sequence[_Taken], found: FoundCrs | None) -> Table:
    deviation = deviation_in(None if found is None else found.crs)
    table = tabulate_with_curves([one.feature for one in taken], deviation=deviation)
    for row, one in enumerate(taken):
        table.faults[row] = one.fault or table.faults[row]
    return table


def _one_kind(rows: Sequence[str | None]) -> str | None:
    kinds = {_KINDS.get(kind, kind) for kind in rows if kind is not None}
    return kinds.pop() if len(kinds) == 1 else "GeometryCollection" if kinds else None


def _told(head: _Head, taken: Sequence[_Taken]) -> list[Text | Counted]:
    notes: list[Text | Counted] = []
    if more := sum(one.has_more for one in taken):
        notes.append(Counted("geometries_left_aside", more))
    if head.matched.isdecimal() and head.returned.isdecimal() and int(head.matched) > int(head.returned):
        notes.append(remark("service_has_more", matched=int(head.matched), returned=int(head.returned)))
    return notes
