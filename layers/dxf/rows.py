"""Rows of a layer of a drawing: its areas, what is attached to them, and the texts that stand within."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from geocode.faults import are_sound
from layers.dxf.areas import Area, LayerAreas
from layers.dxf.drawing import Label
from layers.dxf.layers import names_buildings
from layers.encoding import Encoding
from layers.remarks import Counted, Note, remark
from layers.row_names import NAME
from layers.tables import Table, narrow, with_own_ids

__all__ = ["table_of"]

_MAX_IDS = 8
_MAX_TEXTS = 20
_FOUND = ("layer", "entity", "block", "colour", "text", NAME)


def table_of(layer: LayerAreas, labels: Sequence[Label], encoding: Encoding | None) -> Table:
    """Return the areas of a layer as rows.

    The columns are ``layer``, ``entity`` (what it is drawn by), ``block``, ``colour``, ``text`` (what stands within it and
    within no smaller area), ``name`` where one text alone of a layer of names stands in an area and in no other, and whatever
    programs and blocks attach.
    """
    areas = layer.areas
    outlines = np.array([None if area.polygon is None else area.polygon.geometry for area in areas], dtype=object)
    faults = _objects([area.fault for area in areas])
    geometries = outlines.copy()
    geometries[~are_sound(faults)] = None
    texts = _texts_within(outlines, labels)
    names = _names_within(outlines, [label for label in labels if names_buildings(label.layer)])
    firsts = [area.shapes[0] for area in areas]
    attached = dict.fromkeys(name for first in firsts for name in first.attributes)
    columns: dict[str, list[Any]] = {
        "layer": [layer.name] * len(areas),
        "entity": [area.entity for area in areas],
        "block": [first.block for first in firsts],
        "colour": [first.colour for first in firsts],
        "text": texts,
        **({NAME: names} if NAME in attached or any(names) else {}),
        **{name: [None] * len(areas) for name in attached if name not in _FOUND},
    }
    for row, first in enumerate(firsts):
        for name, value in first.attributes.items():
            columns[name][row] = value
    curved = {
        row: area.polygon
        for row, area in enumerate(areas)
        if area.fault is None and area.polygon is not None and area.polygon.arcs
    }
    table = Table(
        geometries=geometries,
        faults=faults,
        columns=[(name, narrow(_objects(values))) for name, values in columns.items()],
        source_ids=[_id(area) for area in areas],
        encoding=encoding,
        notes=tuple(_told(geometries, texts, len(curved))),
        curved=curved,
    )
    return with_own_ids(table)


def _id(area: Area) -> str:
    """Return the handles of what an area is drawn by; of many the first, and how many follow."""
    ids = [shape.id for shape in area.shapes]
    return "+".join(ids) if len(ids) <= _MAX_IDS else f"{ids[0]}+({len(ids) - 1})"


def _texts_within(geometries: Any, labels: Sequence[Label]) -> list[str | None]:
    """Return the texts within each area, from top to bottom; a text belongs to the smallest area around it."""
    points = shapely.points([label.xy for label in labels]) if labels else np.empty(0, dtype=object)
    inner, outer = shapely.STRtree(geometries).query(points, predicate="intersects")
    order = np.argsort(shapely.area(geometries[outer]), kind="stable")
    smallest = dict(zip(inner[order][::-1].tolist(), outer[order][::-1].tolist(), strict=True))
    found: dict[int, list[Label]] = {}
    for label, area in smallest.items():
        found.setdefault(area, []).append(labels[label])
    return [_joined(found[row]) if row in found else None for row in range(len(geometries))]


def _names_within(geometries: Any, labels: Sequence[Label]) -> list[str | None]:
    """Return the one text that stands within each area and within no other, None where there are more or none."""
    names: list[str | None] = [None] * len(geometries)
    points = shapely.points([label.xy for label in labels]) if labels else np.empty(0, dtype=object)
    inner, outer = shapely.STRtree(geometries).query(points, predicate="intersects")
    alone = (np.bincount(inner)[inner] == 1) & (np.bincount(outer)[outer] == 1)
    for label, area in zip(inner[alone].tolist(), outer[alone].tolist(), strict=True):
        names[area] = labels[label].text
    return names


def _joined(labels: Sequence[Label]) -> str:
    texts = [label.text for label in sorted(labels, key=lambda label: (-label.xy[1], label.xy[0]))]
    return "; ".join(texts[:_MAX_TEXTS]) + (f"; …({len(texts)})" if len(texts) > _MAX_TEXTS else "")


def _told(geometries: Any, texts: Sequence[str | None], curved: int) -> list[Note]:
    within = shapely.STRtree(geometries).query(shapely.point_on_surface(geometries), predicate="within")
    inner, outer = within[:, within[0] != within[1]]
    nested = len(np.unique(inner[shapely.area(geometries[outer]) > shapely.area(geometries[inner])]))
    notes: list[Note] = [Counted("arcs_linearised", curved)] if curved else []
    if nested:
        notes.append(remark("dxf_within", count=nested))
    if named := sum(text is not None for text in texts):
        notes.append(remark("dxf_texts", count=named))
    return notes


def _objects(values: Sequence[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
