"""Footprints as somebody draws them: read, checked, coded and measured, as the register stores them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, BuildingCode, FootprintError, Text, encode_many, parse, to_storage
from geocode.crs import CrsInput
from geocode.planes import to_plane
from layers.confined.reading import read_confined
from layers.geojson_geometries import BuiltGeometries, build_geometries
from registry.fingerprints import fingerprints
from workflows.deliveries import as_multipolygons, planes_of, too_large, too_wide
from workflows.errors import RefusedDrawingError

__all__ = ["Drawing", "as_column", "draw_footprints", "measure_versions", "read_drawing", "read_footprints"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A footprint that may be registered.

    Attributes
    ----------
    footprint
        A MultiPolygon in EPSG:4490.
    code
        As drawn, of generation 0.
    measures
        The columns of a geometry version that follow from the footprint.
    """

    footprint: Any
    code: BuildingCode
    measures: Mapping[str, Any]


def read_drawing(drawn: Mapping[str, Any]) -> tuple[Any, list[Text]]:
    """Return the geometry of a GeoJSON feature or geometry, read as from a file, with remarks.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON geometry.
    FootprintError
        It is one, and cannot be read.
    """
    bare = drawn.get("geometry") if drawn.get("type") == "Feature" else drawn
    if not isinstance(bare, dict) or "type" not in bare:
        raise RefusedDrawingError
    built = build_geometries([bare])
    if built.faults[0] is not None:
        raise FootprintError(built.faults[0])
    return built.geometries[0], _notes(built)


def read_footprints(path: Path, *, crs: str | None = None) -> list[Any]:
    """Return the footprints of a file in EPSG:4490, in its order.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    FootprintError
        One of its features cannot be read.
    """
    delivery = read_confined(path, crs=crs)
    for fault in delivery.faults:
        if fault is not None:
            raise FootprintError(fault)
    return list(to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs))


def draw_footprints(geometries: Sequence[Any], *, crs: CrsInput = STORAGE_CRS) -> list[Drawing]:
    """Return footprints as the register stores them.

    Raises
    ------
    FootprintError, CrsError
        One is no footprint, with the fault that it would have in a file, or their CRS is refused.
    """
    delivered = as_column(geometries)
    encoded = encode_many(delivered, crs=crs)
    for geometry, fault in zip(delivered, encoded.faults, strict=True):
        found = fault or too_large(geometry)
        if found is not None:
            raise FootprintError(found)
    shapes = as_multipolygons(to_storage(delivered, crs))
    measures = measure_versions(shapes, encoded.h3, encoded.area_m2)
    for row in measures:
        wide = too_wide(row["geom"], row["plane"])
        if wide is not None:
            raise FootprintError(wide)
    return [Drawing(row["geom"], parse(str(code)), row) for row, code in zip(measures, encoded.codes, strict=True)]


def as_column(geometries: Iterable[Any]) -> NDArray[Any]:
    """Return geometries as an array of objects, however many there are."""
    return np.array([*geometries, None], dtype=object)[:-1]


def measure_versions(
    shapes: NDArray[Any],
    h3: NDArray[Any],
    areas_m2: NDArray[Any],
    *,
    known: tuple[str, NDArray[Any]] | None = None,
) -> list[dict[str, Any]]:
    """Return the columns of geometry versions that follow from footprints in EPSG:4490, each in its own plane.

    Parameters
    ----------
    known
        A plane, and the same footprints in it, where somebody has them.
    """
    planes = planes_of(gpd.GeoDataFrame(geometry=shapes, crs=STORAGE_CRS))
    flat = np.empty(len(shapes), dtype=object)
    for plane, places in planes.groupby(planes).indices.items():
        flat[places] = known[1][places] if known is not None and known[0] == plane else to_plane(shapes[places], plane)
    areas, lengths, planes = shapely.area(flat).tolist(), shapely.length(flat).tolist(), planes.tolist()
    prints = fingerprints(shapes)
    return [
        {
            "fingerprint": prints[i],
            "h3": str(h3[i]),
            "area_m2": float(areas_m2[i]),
            "plane": planes[i],
            "plane_area_m2": areas[i],
            "perimeter_m": lengths[i],
            "geom": shapes[i],
        }
        for i in range(len(shapes))
    ]


def _notes(built: BuiltGeometries) -> list[Text]:
    notes = []
    if built.with_z:
        notes.append(Text("高程(Z)未使用。", "Heights (Z) are not used."))
    if built.closed:
        notes.append(Text("环首尾不相接,已闭合。", "A ring whose last point was not its first was closed."))
    return notes
