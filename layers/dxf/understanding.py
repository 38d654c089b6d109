"""Drawings understood: the unit they are in, the layers that have areas, and the rows of one of them.

A drawing comes as ezdxf holds it, whichever format it was in: each format brings what loads it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from ezdxf.document import Drawing as Document
from ezdxf.lldxf.const import DXFError

from layers.crs import FoundCrs, crs_of_name
from layers.dxf.account import counted, told_of_drawing, told_of_layer
from layers.dxf.areas import LayerAreas, find_areas
from layers.dxf.drawing import Drawing, take_apart
from layers.dxf.layers import building_layers, likely_layers
from layers.dxf.rows import table_of
from layers.dxf.units import UNITS_M, stated_unit, unit_of
from layers.encoding import Encoding
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import RefusedFile, refused
from layers.remarks import Note, remark
from layers.tables import Table

__all__ = ["Load", "Loaded", "layers_of", "rows_of"]

_MAX_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A drawing as its format gave it.

    Attributes
    ----------
    document
        The drawing.
    unit
        The number of its unit as it is stated, ``$INSUNITS``.
    paper
        How many entities stand on sheets.
    encoding
        Of its texts; None where the format leaves no choice.
    notes
        What loading it found.
    """

    document: Document
    unit: int
    paper: int
    encoding: Encoding | None = None
    notes: tuple[Note, ...] = ()


Load: TypeAlias = Callable[[Path], Loaded]


@dataclass(frozen=True, slots=True)
class _Understood:
    """A drawing in metres: what is on its layers, and what there is to tell of it as a whole.

    `doubt` is why its unit is not known, where it is not: its layers can be listed all the same.
    """

    layers: Mapping[str, LayerAreas]
    drawing: Drawing
    closing_m: float
    encoding: Encoding | None
    crs: FoundCrs | None
    notes: tuple[Note, ...]
    doubt: RefusedFile | None


def layers_of(source: Source, load: Load) -> list[FoundLayer]:
    """Return the layers of a drawing that have areas; the whole of it, by its name and as one of lines, where none has.

    Raises
    ------
    RefusedFile
        As loading it raises, or it shows more than is read, or a block within itself.
    """
    plain = ReadOptions()
    understood = _understood(load, source.path, plain.closing_m, plain.drawing_unit)
    layers = understood.layers.values()
    buildings = building_layers(layer.name for layer in layers if layer.is_areal)
    # of a layer that has nothing but rings that stay open, the name tells whether they were meant for buildings
    buildings = buildings or building_layers(layer.name for layer in layers if layer.areas)
    with_areas = [layer for layer in layers if layer.is_areal or layer.name in buildings]
    with_areas = with_areas or [layer for layer in layers if layer.areas]
    likely = buildings or likely_layers(layer.name for layer in with_areas)
    found = [FoundLayer(layer.name, "Polygon", len(layer.areas), layer.name in likely) for layer in with_areas]
    return found or [FoundLayer(source.stem, "LineString")]


def rows_of(entry: LayerEntry, options: ReadOptions, load: Load) -> Table:
    """Return the areas of a layer, in the order of the drawing.

    Raises
    ------
    RefusedFile
        As `layers_of`, or it has none, or the unit of the drawing is in doubt.
    """
    understood = _understood(load, entry.source.path, options.closing_m, options.drawing_unit)
    # kept for the call that follows the one for the layers, and no longer
    _understood.cache_clear()
    if understood.doubt is not None:
        raise understood.doubt
    layer = understood.layers.get(entry.name_in_source)
    if layer is None or not layer.areas:
        raise refused("dxf_without_areas", found=counted(_kinds(understood.layers)))
    if not layer.is_areal:
        # with no coordinates to tell its CRS by, its rows would tell little
        gap = f"{min(layer.gaps_m):.3f}"
        raise refused("dxf_all_open", layer=layer.name, count=len(layer.areas), least=gap)
    table = table_of(layer, understood.drawing.labels, understood.encoding)
    told = told_of_layer(layer, understood.layers, understood.closing_m)
    return replace(table, crs=understood.crs, notes=(*understood.notes, *told, *table.notes))


@lru_cache(maxsize=1)
def _understood(load: Load, path: Path, closing_m: float, said: str | None) -> _Understood:
    """Return what a drawing shows, in metres, with rings closed up to a tolerance; `said` is the unit a person states."""
    loaded = load(path)
    unit, drawing, noted, doubt = _in_metres(loaded, said)
    crs, located = _stated_crs(loaded.document) if unit == "m" else (None, ())
    notes = (*loaded.notes, *noted, *located, *told_of_drawing(drawing, loaded.paper))
    layers = find_areas(drawing, closing_m=closing_m)
    return _Understood(layers, drawing, closing_m, loaded.encoding, crs, notes, doubt)


def _in_metres(loaded: Loaded, said: str | None) -> tuple[str, Drawing, tuple[Note, ...], RefusedFile | None]:
    """Return the unit of a drawing and what it shows, in metres; and what is told of the unit, or why it is in doubt."""
    first = said if said is not None and said in UNITS_M else stated_unit(loaded.unit)
    drawing = take_apart(loaded.document, unit_m=UNITS_M[first])
    xy = np.array(list(islice(_positions(drawing), _MAX_SAMPLE))).reshape(-1, 2) / UNITS_M[first]
    try:
        unit, notes = unit_of(loaded.unit, xy, said=said)
    except RefusedFile as error:
        return first, drawing, (), error
    if unit != first:
        drawing = take_apart(loaded.document, unit_m=UNITS_M[unit])
    return unit, drawing, notes, None


def _positions(drawing: Drawing) -> Iterator[np.ndarray]:
    return (shape.curves[0][0][0].xyz[0, :2] for shape in drawing.shapes if shape.curves)


def _stated_crs(document: Document) -> tuple[FoundCrs | None, tuple[Note, ...]]:
    """Return the CRS of a drawing that has a geographic location, where that is in the coordinates as they are drawn."""
    try:
        location = document.modelspace().get_geodata()
        if location is None:
            return None, ()
        matrix, epsg = location.get_crs_transformation(no_checks=True)
        if np.allclose(list(matrix), np.eye(4).ravel(), rtol=0, atol=1e-9):
            return crs_of_name(f"EPSG:{epsg}", why="crs_dxf_geodata"), ()
    except (DXFError, LookupError, TypeError, ValueError):
        # it is in a dialect of XML that no two programs write alike
        return None, ()
    return None, (remark("dxf_geodata_unused", epsg=epsg),)


def _kinds(layers: Mapping[str, LayerAreas]) -> Counter[str]:
    return sum((layer.without for layer in layers.values()), Counter[str]())
