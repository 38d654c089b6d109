"""CityJSON 1.0 to 2.0, and sequences of it: each building a row, its footprint out of its surfaces.

A footprint is the surface that the file itself draws flat (LoD 0), else the ground surfaces, else what all surfaces
cover, seen from above; the remark says of how many buildings which.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from layers.axis_order import in_xy
from layers.crs import FoundCrs, crs_of_name
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.geojson import columns_of, decode_json, parse_json
from layers.remarks import Counted, Note, remark
from layers.strict_json import find_repeated_key
from layers.tables import OpenTable, Table

__all__ = ["find_layers", "open_rows", "read_cityjson"]

_SENTENCES = read_sentences("layers", "faults.toml")
_BUILDING = "Building"
# of these a building is made; they are no rows of their own
_PARTS = ("Building", "+Building")
_MAX_DEPTH = 8
_BLANK = "\x00\x1a \t\r\n\x1e"
# how deep the surfaces lie in the boundaries of each type: in shells, in solids of shells
_LEVELS = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}


class _Surface(NamedTuple):
    """One surface: its rings as numbers of vertices, what it is, and its geometry's level of detail."""

    rings: Sequence[Sequence[int]]
    kind: str | None
    lod: float


class _Building(NamedTuple):
    """One building: id, attributes, footprint or why there is none, and the remark on what that is made of."""

    identity: str
    attributes: dict[str, Any]
    footprint: Any
    fault: Fault | None
    source: str


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the one layer of a file: its buildings."""
    return [FoundLayer(source.stem, "MultiPolygon")]


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a file, which is read whole: the vertices stand behind the buildings. Raises as `read_cityjson`."""
    table = read_cityjson(entry.source.path.read_bytes())
    yield OpenTable(iter([table]), len(table.geometries))


def read_cityjson(data: bytes) -> Table:
    """Return the buildings of a CityJSON text, or of a sequence of a CityJSON and its features.

    Raises
    ------
    RefusedFile
        It is no JSON, lacks its vertices or objects, or names a CRS that cannot be read.
    """
    text, encoding = decode_json(data)
    documents = list(_documents(text))
    transform, found = documents[0].get("transform"), _crs_of(documents[0])
    objects = [_member(document, "CityObjects", dict) for document in documents]
    buildings: list[_Building] = []
    for document, members in zip(documents, objects, strict=True):
        xy = _vertices(document, transform)
        buildings += [
            _building(identity, members, xy)
            for identity, member in members.items()
            if isinstance(member, dict) and member.get("type") == _BUILDING
        ]
    table = Table(
        geometries=np.array([*(one.footprint for one in buildings), None], dtype=object)[:-1],
        faults=np.array([*(one.fault for one in buildings), None], dtype=object)[:-1],
        columns=columns_of([one.attributes for one in buildings]),
        source_ids=[one.identity for one in buildings],
        encoding=encoding,
        notes=tuple(_told(buildings, objects)),
    )
    return table if found is None else in_xy(table, found, north_first=False)


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield the one document of a text, or those of a sequence: behind the first, one a line."""
    first = parse_json(text.lstrip(_BLANK))
    rest = [stripped for line in first.rest.splitlines() if (stripped := line.strip(_BLANK))]
    for parsed in chain([first], map(parse_json, rest)):
        if not isinstance(parsed.value, dict):
            raise refused("cityjson_invalid", member="CityObjects")
        if parsed is not first and parsed.rest.strip():
            raise refused("json_trailing", start=parsed.rest.strip()[:40])
        if parsed.repeats and (key := find_repeated_key(parsed.value)) is not None:
            raise refused("json_repeated_key", key=key)
        yield parsed.value


def _member(document: Mapping[str, Any], name: str, kind: type) -> Any:
    value = document.get(name, kind())
    if not isinstance(value, kind):
        raise refused("cityjson_invalid", member=name)
    return value


def _crs_of(document: Mapping[str, Any]) -> FoundCrs | None:
    name = _member(document, "metadata", dict).get("referenceSystem")
    return None if name is None else crs_of_name(str(name), why="crs_cityjson")


def _vertices(document: Mapping[str, Any], transform: Any) -> NDArray[np.float64]:
    """Return easting and northing of the vertices, shape (n, 2)."""
    try:
        xyz = np.asarray(_member(document, "vertices", list), dtype=np.float64).reshape(-1, 3)
        if transform is not None:
            xyz = xyz * np.asarray(transform["scale"], dtype=np.float64) + np.asarray(transform["translate"])
    except (ValueError, TypeError, KeyError) as error:
        raise refused("cityjson_invalid", member="vertices" if transform is None else "vertices/transform") from error
    return np.asarray(xyz[:, :2], dtype=np.float64)


def _building(identity: str, objects: Mapping[str, Any], xy: NDArray[np.float64]) -> _Building:
    building = objects[identity]
    given = building.get("attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    footprint, fault, source = None, None, ""
    try:
        surfaces, source = _chosen([surface for part in _parts(identity, objects) for surface in _surfaces(part)])
        footprint = _outline(surfaces, xy)
    except (TypeError, ValueError, LookupError, OverflowError, AttributeError, shapely.errors.GEOSException) as error:
        fault = _SENTENCES.fault("geometry_broken", reason=f"{type(error).__name__}: {error}"[:120])
    return _Building(identity, attributes, footprint, fault, source)


def _parts(identity: str, objects: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield a building and the parts that it is made of."""
    part = objects.get(identity)
    if not isinstance(part, dict) or depth > _MAX_DEPTH or not str(part.get("type")).startswith(_PARTS):
        return
    yield part
    for child in part.get("children") or ():
        yield from _parts(child, objects, depth + 1)


def _surfaces(part: Mapping[str, Any]) -> Iterator[_Surface]:
    for geometry in part.get("geometry") or ():
        levels = _LEVELS.get(geometry["type"])
        if levels is None:
            continue
        semantics = geometry.get("semantics") or {}
        kinds = [surface.get("type") for surface in semantics.get("surfaces") or ()]
        lod = float(geometry.get("lod") or 0)
        for rings, kind in _flattened(geometry["boundaries"], semantics.get("values"), levels):
            yield _Surface(rings, None if kind is None else kinds[kind], lod)


def _flattened(boundaries: Sequence[Any], values: Any, levels: int) -> Iterator[tuple[Any, int | None]]:
    """Yield each surface with the number of its meaning, out of shells and solids."""
    meanings = values if isinstance(values, list) else [None] * len(boundaries)
    for inner, meaning in zip(boundaries, meanings, strict=True):
        if levels:
            yield from _flattened(inner, meaning, levels - 1)
        else:
            yield inner, meaning


def _chosen(surfaces: list[_Surface]) -> tuple[list[_Surface], str]:
    """Return the surfaces that make a footprint, and the remark on them."""
    flat = [surface for surface in surfaces if surface.lod < 1]
    if any(surface.kind == "GroundSurface" for surface in flat):
        flat = [surface for surface in flat if surface.kind == "GroundSurface"]
    if flat:
        return flat, "footprints_flat"
    ground = [surface for surface in surfaces if surface.kind == "GroundSurface"]
    source, wanted = ("footprints_ground", ground) if ground else ("footprints_projected", surfaces)
    best = max((surface.lod for surface in wanted), default=0)
    return [surface for surface in wanted if surface.lod == best], source


def _outline(surfaces: Sequence[_Surface], xy: NDArray[np.float64]) -> Any:
    """Return what surfaces cover; one alone stays as it is drawn."""
    polygons = np.array([_polygon(surface, xy) for surface in surfaces], dtype=object)
    covering = polygons[shapely.area(polygons) > 0] if len(polygons) else polygons
    if len(covering) < 2:  # noqa: PLR2004 - nothing to unite
        return covering[0] if len(covering) else None
    united = shapely.union_all(shapely.make_valid(covering))
    parts = [part for part in shapely.get_parts(united) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _polygon(surface: _Surface, xy: NDArray[np.float64]) -> Any:
    numbers = [np.asarray(ring, dtype=np.int64) for ring in surface.rings]
    if any((ring < 0).any() for ring in numbers):
        raise IndexError("vertices count from 0")
    rings = [xy[ring] for ring in numbers]
    if not all(np.isfinite(ring).all() for ring in rings):
        raise ValueError("vertices that are no finite numbers")
    return shapely.Polygon(rings[0], rings[1:])


def _told(buildings: Sequence[_Building], objects: Sequence[Mapping[str, Any]]) -> Iterator[Note]:
    for source, count in Counter(one.source for one in buildings if one.footprint is not None).items():
        yield Counted(source, count)
    others = Counter(
        str(member.get("type")) if isinstance(member, dict) else "?"
        for members in objects
        for member in members.values()
        if not isinstance(member, dict) or not str(member.get("type")).startswith(_PARTS)
    )
    if others:
        yield remark("elements_left_aside", names=", ".join(f"{kind} × {count}" for kind, count in others.items()))
