"""IFC: each building of a model a row, its footprint what its elements cover, seen from above.

Needs the extra ``bim`` (ifcopenshell). A model without a map conversion and a projected CRS has no place on a map, and is
refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.axis_order import in_xy
from layers.crs import FoundCrs, crs_of_name
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.geojson import columns_of
from layers.remarks import Counted, Note, remark
from layers.tables import OpenTable, Table

__all__ = ["find_layers", "open_rows"]

MAX_IFC_BYTES = 512 << 20
# between a plan in a zone and the ground there is no more
_SCALES = (0.99, 1.01)
# triangles of neighbouring elements meet to a tenth of a millimetre, and not to the last digit
_GRID_M = 1e-4
_ELEMENTS = ("IfcBuiltElement", "IfcBuildingElement")
_ATTRIBUTES = ("Name", "LongName", "Description", "ObjectType")


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the one layer of a model: its buildings."""
    return [FoundLayer(source.stem, "MultiPolygon")]


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a model, which is read whole.

    Raises
    ------
    RefusedFile
        It is broken or too large, has no place on a map, or the extra that reads IFC is not installed.
    """
    model = _open_model(entry.source)
    to_map, notes = _to_map(model)
    table = _read_buildings(model, to_map, notes)
    found = _crs_of(model)
    yield OpenTable(iter([in_xy(table, found, north_first=False)]), len(table.geometries))


def _open_model(source: Source) -> Any:
    try:
        ifcopenshell = _extra("ifcopenshell")
    except ImportError as error:
        raise refused("ifc_extra") from error
    if source.path.stat().st_size > MAX_IFC_BYTES:
        raise refused("ifc_size", limit_mb=MAX_IFC_BYTES >> 20)
    try:
        return ifcopenshell.open(source.path)
    except (RuntimeError, OSError, ifcopenshell.Error) as error:
        raise refused("unreadable", reason=str(error)[:120].rstrip(".")) from error


def _extra(module: str) -> Any:
    """Return a module of ifcopenshell, 200 MB that need not be there."""
    return import_module(module)


def _crs_of(model: Any) -> FoundCrs:
    crs = _projected_crs(model)
    name = str(crs.get("Name") or "") if crs else ""
    if not name:
        raise refused("ifc_without_place")
    return crs_of_name(name, why="crs_ifc")


def _projected_crs(model: Any) -> Mapping[str, Any] | None:
    """Return what a model says of its projected CRS; that of IFC2X3 stands in a set of properties."""
    get_psets = _extra("ifcopenshell.util.element").get_psets
    if model.schema == "IFC2X3":
        sets = [get_psets(project).get("ePSet_ProjectedCRS") for project in model.by_type("IfcProject")]
        return next((one for one in sets if one), None)
    return next((crs.get_info(recursive=False) for crs in model.by_type("IfcProjectedCRS")), None)


def _to_map(model: Any) -> tuple[NDArray[np.float64], list[Note]]:
    """Return the matrix, shape (3, 2), from x, y, 1 of the model in metres to easting and northing in metres."""
    geolocation, unit = _extra("ifcopenshell.util.geolocation"), _extra("ifcopenshell.util.unit")
    try:
        is_placed = geolocation.get_helmert_transformation_parameters(model) is not None
        unit_m = unit.calculate_unit_scale(model)
        sides = ((1, 0), (0, 1), (0, 0)) if is_placed else ()
        corners = [geolocation.auto_xyz2enh(model, x / unit_m, y / unit_m, 0.0)[:2] for x, y in sides]
        placed = np.asarray(corners, dtype=np.float64)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # in the place of numbers there may stand anything that a model has
        raise refused("unreadable", reason="IfcMapConversion") from error
    if not is_placed:
        raise refused("ifc_without_place")
    ex, ey, origin = placed
    axes = np.array([ex - origin, ey - origin])
    scale = float(np.hypot(*axes[0]))
    notes: list[Note] = []
    if not _SCALES[0] < scale < _SCALES[1]:
        # the scale from the model's millimetres to the map's metres was left out, as many programs do
        if not np.isclose(scale * unit_m, 1, rtol=0.01):
            raise refused("ifc_scale", found=f"{scale:.6g}")
        axes *= unit_m
        notes.append(remark("ifc_scale_left_out"))
    return np.vstack([axes, origin]), notes


def _read_buildings(model: Any, to_map: NDArray[np.float64], notes: list[Note]) -> Table:
    buildings = {building.GlobalId: building for building in model.by_type("IfcBuilding")}
    triangles: dict[str, list[NDArray[np.float64]]] = {identity: [] for identity in buildings}
    homeless = 0
    for element, corners in _shapes(model):
        identity = _building_of(element, buildings)
        if identity is None:
            homeless += 1
        else:
            flat = np.column_stack([corners[:, :2], np.ones(len(corners))]) @ to_map
            triangles[identity].append(flat.reshape(-1, 3, 2))
    if homeless:
        notes.append(remark("ifc_elements_left_aside", count=homeless))
    footprints = [_outline(parts) for parts in triangles.values()]
    notes.append(Counted("footprints_projected", sum(one is not None for one in footprints)))
    return Table(
        geometries=np.array([*footprints, None], dtype=object)[:-1],
        faults=np.full(len(footprints), None, dtype=object),
        columns=columns_of([_attributes(building) for building in buildings.values()]),
        source_ids=list(buildings),
        notes=tuple(notes),
    )


def _shapes(model: Any) -> Iterator[tuple[Any, NDArray[np.float64]]]:
    """Yield each element that a building is built of, and the corners of its triangles in metres, shape (3 n, 3)."""
    geom = _extra("ifcopenshell.geom")
    settings = geom.settings()
    settings.set("use-world-coords", True)
    elements = [element for element in _elements(model) if element.Representation]
    if not elements:
        return
    iterator = geom.iterator(settings, model, 1, include=elements)
    if not iterator.initialize():
        return
    while True:
        shape = iterator.get()
        vertices = np.asarray(shape.geometry.verts, dtype=np.float64).reshape(-1, 3)
        yield model.by_guid(shape.guid), vertices[np.asarray(shape.geometry.faces, dtype=np.int64)]
        if not iterator.next():
            return


def _elements(model: Any) -> list[Any]:
    for name in _ELEMENTS:
        try:
            return list(model.by_type(name))
        except RuntimeError:
            # what an element is called depends on the edition of IFC
            continue
    return []


def _building_of(element: Any, buildings: Mapping[str, Any]) -> str | None:
    if len(buildings) == 1:
        return next(iter(buildings))
    building = _extra("ifcopenshell.util.element").get_container(element, ifc_class="IfcBuilding")
    return None if building is None else str(building.GlobalId)


def _outline(parts: list[NDArray[np.float64]]) -> Any:
    """Return what triangles cover, of a grid of a tenth of a millimetre."""
    if not parts:
        return None
    polygons = shapely.polygons(np.concatenate(parts))
    polygons = polygons[shapely.area(polygons) > _GRID_M**2]
    covered = shapely.simplify(shapely.union_all(polygons, grid_size=_GRID_M), _GRID_M)
    faces = [part for part in shapely.get_parts(covered) if part.geom_type == "Polygon"]
    return None if not faces else faces[0] if len(faces) == 1 else shapely.MultiPolygon(faces)


def _attributes(building: Any) -> dict[str, Any]:
    own = {name: value for name in _ATTRIBUTES if (value := getattr(building, name, None)) is not None}
    sets = {
        f"{group}.{name}": value
        for group, values in _extra("ifcopenshell.util.element").get_psets(building).items()
        for name, value in values.items()
        if name != "id"
    }
    return {name: _plain(value) for name, value in {**own, **sets}.items()}


def _plain(value: Any) -> Any:
    """Return a value of Python's own types; an entity that stands where a value should as the text that it is in the file."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
