"""DWG, experimental: read by ezdwg where that is installed, and understood as a drawing in DXF is.

Its own conversion to DXF leaves out what it takes for stray, so entities are carried over here, one by one; what cannot be
is told by type.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import shapely
from ezdxf.document import Drawing as Document
from ezdxf.filemanagement import new

from layers.dxf.account import counted
from layers.dxf.understanding import Loaded, layers_of, rows_of
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.remarks import remark
from layers.tables import OpenTable

__all__ = ["find_layers", "open_rows"]

_IN_BLOCK, _ON_SHEET = 0, 1
# parts of other entities, and the frames of blocks
_PARTS = ("VERTEX", "SEQEND", "ATTRIB", "ATTDEF", "BLOCK", "ENDBLK", "VIEWPORT", "LAYOUT")
_MODEL_SPACE = "*MODEL_SPACE"
_STYLE = {"color_index": "color", "extrusion": "extrusion"}


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the layers of a drawing that have areas; the drawing itself, as one of lines, where none has.

    Raises
    ------
    RefusedFile
        It cannot be read, or what reads it is not installed.
    """
    return layers_of(source, _load)


@contextmanager
def open_rows(entry: LayerEntry, options: ReadOptions) -> Iterator[OpenTable]:
    """Open a layer of a drawing: a row for each of its areas, with a remark that asks for the result to be looked at.

    Raises
    ------
    RefusedFile
        It has no areas, or its unit is in doubt.
    """
    table = rows_of(entry, options, _load)
    areas = len(table.geometries) - int(shapely.is_missing(table.geometries).sum())
    vertices = int(shapely.get_num_coordinates(table.geometries).sum())
    told = remark("dwg_experimental", areas=areas, vertices=vertices)
    yield OpenTable(iter([replace(table, notes=(told, *table.notes))]), len(table.geometries))


def _load(path: Path) -> Loaded:
    try:
        ezdwg = import_module("ezdwg")
    except ImportError as error:
        raise refused("dwg_not_installed") from error
    try:
        return _carried_over(ezdwg, str(path))
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise refused("dwg_unreadable", reason=str(error)[:120].rstrip(".")) from error


def _carried_over(ezdwg: Any, path: str) -> Loaded:
    """Return a DWG as ezdxf holds drawings."""
    source, document = ezdwg.read(path), new("R2018")
    layers = _layers(ezdwg.raw, path, document)
    spaces = _spaces(ezdwg.raw, path, document)
    skipped, seen, paper = Counter[str](), set[int](), 0
    for entity in source.entities().iter_entities():
        seen.add(entity.handle)
        mode, owner = source.entity_placement(entity.handle) or (None, None)
        space = spaces.get(owner) if mode == _IN_BLOCK and owner else document.modelspace()
        if mode == _ON_SHEET or (space is None and not entity.dxftype.startswith(_PARTS)):
            paper += 1
        elif entity.dxftype not in _CARRIED:
            skipped[entity.dxftype] += not entity.dxftype.startswith(_PARTS)
        elif space is not None:
            _carry(entity, space, layers)
    skipped += _unseen(ezdwg.raw, path, seen)
    notes = (remark("dwg_skipped", found=counted(skipped)),) if skipped else ()
    return Loaded(document, source.insunits or 0, paper, None, notes)


def _unseen(raw: Any, path: str, seen: set[int]) -> Counter[str]:
    """Return the entities that stand in the file's own map and were not given, by type."""
    rows = [(row[0], row[-2], row[-1]) for row in raw.list_object_headers_with_type(path)]
    return Counter(
        name for handle, name, kind in rows if kind == "E" and handle not in seen and not name.startswith(_PARTS)
    )


def _layers(raw: Any, path: str, document: Document) -> Mapping[int, str]:
    names = dict(raw.decode_layer_names(path))
    colours = {row[0]: row[1] for row in raw.decode_layer_colors(path)}
    for handle, name in names.items():
        if name not in document.layers:
            document.layers.add(name, color=abs(colours.get(handle, 7)) or 7)
    return names


def _spaces(raw: Any, path: str, document: Document) -> Mapping[int, Any]:
    """Return the model space and every block by its handle; sheets are left out."""
    bases = {row["handle"]: row["base_point"] for row in raw.decode_write_blocks(path)}
    spaces: dict[int, Any] = {}
    for handle, name in raw.decode_block_header_names(path):
        if name.upper().startswith(_MODEL_SPACE):
            spaces[handle] = document.modelspace()
        elif not name.upper().startswith("*PAPER_SPACE"):
            is_new = name not in document.blocks
            spaces[handle] = (
                document.blocks.new(name, bases.get(handle, (0, 0, 0))) if is_new else document.blocks[name]
            )
    return spaces


def _carry(entity: Any, space: Any, layers: Mapping[int, str]) -> None:
    given = entity.dxf
    attributes = {ours: given[theirs] for theirs, ours in _STYLE.items() if given.get(theirs) is not None}
    attributes |= {"layer": layers.get(given.get("layer_handle"), "0"), "invisible": int(given.get("invisible", False))}
    made = _CARRIED[entity.dxftype](space, given, attributes)
    # so that a row bears the handle that it has in the file
    made.dxf.handle = f"{entity.handle:X}"


def _polyline(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    bulges = given.get("bulges") or [0.0] * len(given["points"])
    points = [(x, y, bulge) for (x, y, *_), bulge in zip(given["points"], bulges, strict=True)]
    elevation = given.get("elevation") or 0.0
    return space.add_lwpolyline(
        points, format="xyb", close=given["closed"], dxfattribs={**attributes, "elevation": elevation}
    )


def _polyline_3d(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    return space.add_polyline3d(given["points"], close=given["closed"], dxfattribs=_flat(attributes))


def _ellipse(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    return space.add_ellipse(
        given["center"],
        given["major_axis"],
        given["axis_ratio"],
        given["start_angle"],
        given["end_angle"],
        dxfattribs=attributes,
    )


def _spline(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    made = space.add_spline(given["fit_points"] or None, given["degree"], dxfattribs=_flat(attributes))
    if given["control_points"]:
        made.control_points, made.knots = given["control_points"], given["knots"]
        made.weights = given["weights"] if given["rational"] else []
    return made


def _text(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    return space.add_text(given["text"], dxfattribs={**attributes, "insert": given["insert"]})


def _mtext(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    return space.add_mtext(given["text"], dxfattribs={**attributes, "insert": given["insert"]})


def _insert(space: Any, given: Mapping[str, Any], attributes: dict[str, Any]) -> Any:
    names = ("xscale", "yscale", "zscale", "rotation", "column_count", "row_count", "column_spacing", "row_spacing")
    attributes |= {name: given[name] for name in names if given.get(name) is not None}
    return space.add_blockref(given["name"], given["insert"], dxfattribs=attributes)


def _flat(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name != "extrusion"}


_CARRIED: Mapping[str, Callable[[Any, Mapping[str, Any], dict[str, Any]], Any]] = {
    "LINE": lambda space, given, attributes: space.add_line(given["start"], given["end"], dxfattribs=attributes),
    "ARC": lambda space, given, attributes: space.add_arc(
        given["center"], given["radius"], given["start_angle"], given["end_angle"], dxfattribs=attributes
    ),
    "CIRCLE": lambda space, given, attributes: space.add_circle(
        given["center"], given["radius"], dxfattribs=attributes
    ),
    "LWPOLYLINE": _polyline,
    "POLYLINE_2D": _polyline,
    "POLYLINE_3D": _polyline_3d,
    "ELLIPSE": _ellipse,
    "SPLINE": _spline,
    "TEXT": _text,
    "MTEXT": _mtext,
    "INSERT": _insert,
    "MINSERT": _insert,
}
