"""KML read without GDAL, whose reader loses attributes with Chinese names: each folder a layer, each placemark a row.

Styles, views and regions are how a map looks, and are left aside. No link is followed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

from geocode.faults import Fault, Text, read_sentences
from layers.crs import crs_of_ogc
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.geojson import columns_of, tabulate_features
from layers.names import make_distinct
from layers.remarks import remark
from layers.tables import OpenTable, Table
from layers.xml_documents import Element, decimal_lists, document_encoding, local_name, text_of, walk_elements

__all__ = ["find_layers", "open_rows"]

_SENTENCES = read_sentences("layers", "faults.toml")
_FOLDERS = {"Document", "Folder"}
_KINDS = {"Polygon": "Polygon", "LineString": "LineString", "LinearRing": "LineString", "Point": "Point"}
_UNREAD = {"Model", "Track", "MultiTrack"}
_GEOMETRIES = {*_KINDS, *_UNREAD, "MultiGeometry"}
_LEFT_ASIDE = {"GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Tour"}
# a placemark's own elements that say something of the building
_TEXTS = {"name", "description", "address", "phoneNumber", "Snippet", "snippet"}
_TIMES = {"TimeStamp", "TimeSpan"}
_FLAT: tuple[list[float], ...] = ([], [0.0])
_TYPES: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "uint", "short", "ushort", "int64"), int),
    **dict.fromkeys(("float", "double"), float),
    "bool": {"1": True, "true": True, "0": False, "false": False}.__getitem__,
}
_T = TypeVar("_T")
# the types of the fields of each schema, by its id
_Schemas = dict[str, dict[str, str]]


class _Placemark(NamedTuple):
    """One placemark: its extended data and geometry as a GeoJSON feature, its own texts, why there is no geometry."""

    feature: dict[str, Any]
    texts: dict[str, Any]
    fault: Fault | None


@dataclass(slots=True)
class _Folder(Generic[_T]):
    """A folder or document: what it lies in, its name, and what was taken of the placemarks in it."""

    parents: "tuple[_Folder[_T], ...]"
    name: str | None = None
    rows: list[_T] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its name behind those of the folders that it lies in; the outermost, which bears the file's, is left out."""
        inner = [*self.parents[2:], self] if len(self.parents) > 1 else [self]
        return "/".join(folder.name for folder in inner if folder.name)


class _Contents(Generic[_T]):
    """What stands in a file, put together step by step: its folders, and what is made of each placemark in them."""

    def __init__(self, take: Callable[[Element, _Schemas], _T]) -> None:
        self._take = take
        self._schemas: _Schemas = {}
        self._open: list[_Folder[_T]] = [_Folder(())]
        self.folders = [*self._open]
        self.placemarks = 0
        self.left_aside: Counter[str] = Counter()
        self.links: list[str] = []

    def begin(self, element: Element) -> None:
        """Take note of the beginning of an element."""
        if local_name(element) in _FOLDERS:
            self._open.append(_Folder(tuple(self._open)))
            self.folders.append(self._open[-1])

    def end(self, element: Element, parents: Sequence[Element]) -> None:
        """Take what an element holds, and let go of it."""
        name = local_name(element)
        if name == "Placemark":
            # placemarks within a placemark would be lost
            self.placemarks += sum(1 for _ in element.iter(element.tag))
            self._open[-1].rows.append(self._take(element, self._schemas))
        elif name == "SimpleField":
            kinds = self._schemas.setdefault(parents[-1].get("id", ""), {})
            kinds[element.get("name", "")] = element.get("type", "")
        else:
            self._note(element, name, [local_name(parent) for parent in parents[-2:]])
        if parents:
            parents[-1].remove(element)

    def named(self, stem: str) -> list[tuple[str, list[_T]]]:
        """Return the rows of each folder that has any, by names that are distinct; `stem` where it has none."""
        filled = [folder for folder in self.folders if folder.rows]
        names = make_distinct([folder.path or stem for folder in filled]).names
        return [(name, folder.rows) for name, folder in zip(names, filled, strict=True)]

    def _note(self, element: Element, name: str, parents: list[str]) -> None:
        if name in _FOLDERS:
            self._open.pop()
        elif name == "name" and parents and parents[-1] in _FOLDERS:
            self._open[-1].name = text_of(element)
        elif name == "href" and "NetworkLink" in parents:
            self.links.append(text_of(element) or "")
        elif name in _LEFT_ASIDE:
            self.left_aside[name] += 1


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the folders of a file that hold placemarks, with how many.

    Raises
    ------
    RefusedFile
        It is no well-formed XML, or only links to its data.
    """
    contents = _read(source, lambda element, _: _kinds(element))
    layers = [FoundLayer(name, _one_kind(rows), len(rows)) for name, rows in contents.named(source.stem)]
    elsewhere = [link for link in contents.links if ":" in link]
    if elsewhere and not layers:
        raise refused("kml_links", count=len(elsewhere), link=elsewhere[0][:80])
    return layers


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open one folder, which is read whole: only behind its last placemark are its columns known.

    Raises
    ------
    RefusedFile
        As `find_layers`.
    """
    contents = _read(entry.source, _take_apart)
    placemarks = dict(contents.named(entry.source.stem))[entry.name_in_source]
    table = _tabulated(placemarks)
    known = replace(
        table,
        crs=crs_of_ogc(why="crs_kml"),
        encoding=document_encoding(entry.source.path),
        notes=(*table.notes, *_told(contents)),
    )
    yield OpenTable(iter([known]), len(placemarks))


def _read(source: Source, take: Callable[[Element, _Schemas], _T]) -> _Contents[_T]:
    contents = _Contents(take)
    for event, element, parents in walk_elements(source.path, document_encoding(source.path), _is_placemark):
        if event == "start":
            contents.begin(element)
        else:
            contents.end(element, parents)
    read = sum(len(folder.rows) for folder in contents.folders)
    if read != contents.placemarks:
        raise refused("rows_lost", read=read, expected=contents.placemarks)
    return contents


def _is_placemark(element: Element, _parents: Sequence[Element]) -> bool:
    return local_name(element) == "Placemark"


def _told(contents: _Contents[_Placemark]) -> list[Text]:
    notes = [remark("links_not_followed", count=len(contents.links))] if contents.links else []
    if contents.left_aside:
        names = ", ".join(f"{name} × {count}" for name, count in contents.left_aside.items())
        notes.append(remark("elements_left_aside", names=names))
    return notes


def _tabulated(placemarks: Sequence[_Placemark]) -> Table:
    """Return placemarks as rows: their own texts first, then their extended data."""
    table = tabulate_features([placemark.feature for placemark in placemarks])
    for row, placemark in enumerate(placemarks):
        table.faults[row] = placemark.fault or table.faults[row]
    texts = columns_of([placemark.texts for placemark in placemarks])
    return replace(table, columns=[*texts, *table.columns])


def _take_apart(element: Element, schemas: _Schemas) -> _Placemark:
    feature: dict[str, Any] = {"type": "Feature", "id": element.get("id"), "properties": {}, "geometry": None}
    texts: dict[str, Any] = {}
    fault = None
    for child in element:
        name = local_name(child)
        if name in _TEXTS:
            texts[name] = text_of(child)
        elif name in _TIMES:
            texts |= {local_name(time): text_of(time) for time in child}
        elif name == "ExtendedData":
            pairs = list(_extended(child, schemas))
            feature["properties"] = dict(pairs)
            fault = _repeated([key for key, _ in pairs])
    shapes = [child for child in element if local_name(child) in _GEOMETRIES]
    if shapes:
        feature["geometry"] = _geometry(shapes[0]) if len(shapes) == 1 else _collected(list(_parts(element)))
    unread = sorted(_kinds(element) & _UNREAD)
    if unread:
        fault = _SENTENCES.fault("geometry_unread", found=", ".join(unread))
    if fault is not None:
        feature["geometry"] = None
    return _Placemark(feature, texts, fault)


def _repeated(keys: list[str]) -> Fault | None:
    twice = next((key for key, count in Counter(keys).items() if count > 1), None)
    return None if twice is None else _SENTENCES.fault("repeated_key", key=twice[:40])


def _extended(element: Element, schemas: _Schemas) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each item of extended data, in the type that its schema declares."""
    for item in element:
        if local_name(item) == "Data":
            yield item.get("name", ""), text_of(next(iter(item.findall("{*}value")), None))
        elif local_name(item) == "SchemaData":
            kinds = schemas.get(item.get("schemaUrl", "").rpartition("#")[2], {})
            left = dict.fromkeys(kinds)
            for value in item.findall("{*}SimpleData"):
                name = value.get("name", "")
                left.pop(name, None)
                yield name, _typed(text_of(value), kinds.get(name, ""))
            # a field of the schema without a value is null, and not absent
            yield from left.items()
        else:
            yield local_name(item), text_of(item)


def _typed(text: str | None, kind: str) -> Any:
    """Return a value in the type of its field; as text where it is none."""
    if text is not None and kind in _TYPES:
        with suppress(ValueError, KeyError):
            return _TYPES[kind](text)
    return text


def _kinds(element: Element) -> frozenset[str]:
    """Return the names of the geometries in a placemark, those in a MultiGeometry included."""
    found: set[str] = set()
    for child in element:
        name = local_name(child)
        if name == "MultiGeometry":
            found |= _kinds(child)
        elif name in _GEOMETRIES:
            found.add(name)
    return frozenset(found)


def _one_kind(rows: Sequence[frozenset[str]]) -> str | None:
    kinds = {_KINDS.get(kind, kind) for row in rows for kind in row}
    return kinds.pop() if len(kinds) == 1 else "GeometryCollection" if kinds else None


def _geometry(element: Element) -> dict[str, Any]:
    """Return a geometry as GeoJSON."""
    name = local_name(element)
    if name == "Polygon":
        outer, inner = (element.findall(f"{{*}}{side}BoundaryIs/{{*}}LinearRing") for side in ("outer", "inner"))
        # without one outer ring nothing says what the others are
        rings = [_coordinates(ring) for ring in (*outer, *inner)] if len(outer) == 1 else [[]]
        return {"type": "Polygon", "coordinates": rings}
    if name == "Point":
        positions = _coordinates(element)
        return {"type": "Point", "coordinates": positions[0] if len(positions) == 1 else positions}
    if name == "MultiGeometry":
        return _collected(list(_parts(element)))
    return {"type": "LineString", "coordinates": _coordinates(element)}


def _collected(parts: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {part["type"] for part in parts}
    if len(kinds) == 1:
        return {"type": f"Multi{kinds.pop()}", "coordinates": [part["coordinates"] for part in parts]}
    return {"type": "GeometryCollection", "geometries": parts}


def _parts(element: Element) -> Iterator[dict[str, Any]]:
    for part in element:
        if local_name(part) == "MultiGeometry":
            yield from _parts(part)
        elif local_name(part) in _KINDS:
            yield _geometry(part)


def _coordinates(element: Element) -> list[list[Any]]:
    """Return the positions of an element; a height of 0 is none, as Google Earth writes it for all that is flat."""
    positions = decimal_lists(text_of(next(iter(element.findall("{*}coordinates")), None)))
    return positions if any(position[2:] not in _FLAT for position in positions) else [p[:2] for p in positions]
