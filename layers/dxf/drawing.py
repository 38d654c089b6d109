"""A drawing taken apart: every curve and text of its model space, out of all blocks, in metres.

Blocks are placed by walking through their references, as deep as a drawing can mean. What stands on the layer "0" of a
block is on the layer of the reference. Other drawings that this one refers to are never opened.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from ezdxf.document import Drawing as Document
from ezdxf.lldxf.const import DXFError
from ezdxf.math import Vec3
from ezdxf.xclip import XClip

from layers.curves import DEVIATION_M
from layers.dxf.curves import Curve, Floats, curves_of, moved, scale_of
from layers.errors import RefusedFile, refused

__all__ = ["LABELS", "PROGRAM", "Drawing", "Label", "Shape", "take_apart"]

# under which drawings that are written here have their attributes, each as name=value
PROGRAM = "LUOTU"
# and the layer of the codes beside them, which are among the attributes
LABELS = "LUOTU_TEXT"

MAX_SHAPES = 1_000_000
MAX_VERTICES = 10_000_000
_MAX_DEPTH = 24
_BY_BLOCK, _BY_LAYER = 0, 256
_TEXTS = {"TEXT", "MTEXT", "ATTRIB"}
# what AutoCAD attaches for itself
_OWN_PROGRAMS = ("ACAD", "HATCHBACKGROUNDCOLOR", "GRADIENTCOLOR")
_BRACE = 1002
# reference to another drawing, overlaid reference, part of one
_EXTERNAL = 4 | 8 | 32
_FAILURES = (DXFError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


class Shape(NamedTuple):
    """What one entity draws.

    Attributes
    ----------
    id
        Its handle; within a block behind those of the references, as in ``1F/2A``.
    kind
        The type of the entity, such as ``LWPOLYLINE``.
    layer
        The layer it appears on.
    curves
        Each with whether it is closed; several of a hatch.
    block
        The block that it is out of; None in the model space itself.
    colour
        The number of the colour it appears in.
    style
        Of a hatch: 0 leaves out every second area within another, 1 all but the outermost hole, 2 none.
    attributes
        What is attached to it: extended data by the program that wrote them, and the attributes of its block.
    """

    id: str
    kind: str
    layer: str
    curves: tuple[tuple[Curve, bool], ...]
    block: str | None
    colour: int
    style: int
    attributes: Mapping[str, str]


class Label(NamedTuple):
    """A text of the drawing, the point that it stands at, and the layer that it appears on."""

    xy: tuple[float, float]
    text: str
    layer: str


@dataclass(slots=True)
class Drawing:
    """What a drawing shows.

    Attributes
    ----------
    shapes, labels
        In the order of the drawing.
    others
        How many entities of each layer and type have neither curves nor text.
    left_aside
        How many were not looked at, by the reason: ``invisible``, ``clipped``, ``broken``; of ``external`` the names.
    layers
        Layers as they are spelled first, by their name without case.
    hidden
        Names without case of the layers that are off or frozen.
    """

    shapes: list[Shape] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    others: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_aside: Counter[str] = field(default_factory=Counter)
    external: set[str] = field(default_factory=set)
    layers: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


class _Place(NamedTuple):
    """Where a block stands: what its content takes from the references that lead there."""

    matrix: Floats
    deviation: float
    ids: tuple[str, ...] = ()
    layer: str | None = None
    colour: int = 7
    block: str | None = None
    attributes: Mapping[str, str] = {}


def take_apart(document: Document, *, unit_m: float) -> Drawing:
    """Return what the model space of a drawing shows.

    Parameters
    ----------
    unit_m
        How many metres the unit of the drawing is.

    Raises
    ------
    RefusedFile
        It has more than `MAX_SHAPES` entities or `MAX_VERTICES` vertices with all its blocks in place, or a block that
        stands within itself.
    """
    walk = _Walk(document)
    walk.through(document.modelspace(), _Place(np.diag([unit_m, unit_m, unit_m, 1.0]), DEVIATION_M / unit_m))
    return walk.drawing


class _Walk:
    def __init__(self, document: Document) -> None:
        self.drawing = Drawing()
        self._document = document
        self._drawn: dict[tuple[int, float], tuple[tuple[Curve, bool], ...] | None] = {}
        self._colours = {layer.dxf.name.casefold(): abs(layer.dxf.color) for layer in document.layers}
        self._shapes = self._vertices = 0
        self.drawing.hidden |= {
            layer.dxf.name.casefold() for layer in document.layers if layer.is_off() or layer.is_frozen()
        }

    def through(self, entities: Any, place: _Place) -> None:
        """Take in the entities of a space or block that stands at a place."""
        if len(place.ids) > _MAX_DEPTH:
            raise refused("dxf_block_depth", block=place.block, limit=_MAX_DEPTH)
        for entity in entities:
            self._count()
            try:
                self._take(entity, place)
            except RefusedFile:
                raise
            except _FAILURES:
                self.drawing.left_aside["broken"] += 1

    def _take(self, entity: Any, place: _Place) -> None:
        kind = entity.dxftype()
        if entity.dxf.get("invisible", 0):
            self.drawing.left_aside["invisible"] += 1
        elif kind == "INSERT":
            self._insert(entity, place)
        elif kind in _TEXTS:
            self._label(entity, place)
        else:
            self._shape(entity, place)

    def _shape(self, entity: Any, place: _Place) -> None:
        layer, kind = self._layer(entity, place), entity.dxftype()
        curves = self._curves(entity, place)
        if curves is None:
            self.drawing.others[layer, kind] += 1
            return
        placed = tuple((moved(curve, place.matrix, place.deviation), is_closed) for curve, is_closed in curves)
        self._count(0, sum(len(piece.xyz) for curve, _ in placed for piece in curve))
        self.drawing.shapes.append(
            Shape(
                "/".join((*place.ids, _handle(entity))),
                kind,
                layer,
                placed,
                place.block,
                self._colour(entity, layer, place),
                entity.dxf.hatch_style if kind == "HATCH" else 0,
                {**place.attributes, **_extended_data(entity)},
            )
        )

    def _curves(self, entity: Any, place: _Place) -> tuple[tuple[Curve, bool], ...] | None:
        """Return the curves of an entity in its block, drawn once however often the block stands somewhere."""
        if place.block is None:
            return curves_of(entity, place.deviation)
        key = id(entity), place.deviation
        if key not in self._drawn:
            self._drawn[key] = curves_of(entity, place.deviation)
        return self._drawn[key]

    def _label(self, entity: Any, place: _Place) -> None:
        text = " ".join(entity.plain_text().split())
        if not text or entity.dxf.layer == LABELS:
            return
        point = Vec3(entity.dxf.insert)
        if entity.dxftype() != "MTEXT":
            if (entity.dxf.halign or entity.dxf.valign) and entity.dxf.hasattr("align_point"):
                point = Vec3(entity.dxf.align_point)
            point = entity.ocs().to_wcs(point)
        x, y, _, _ = np.array([*point.xyz, 1.0]) @ place.matrix
        self.drawing.labels.append(Label((float(x), float(y)), text, self._layer(entity, place)))

    def _insert(self, insert: Any, place: _Place) -> None:
        block = insert.block()
        if block is None:
            self.drawing.left_aside["broken"] += 1
        elif block.block.dxf.flags & _EXTERNAL or block.block.dxf.get("xref_path"):
            self.drawing.external.add(block.name)
        elif _is_clipped(insert):
            self.drawing.left_aside["clipped"] += 1
        else:
            for attribute in insert.attribs:
                self._take(attribute, place)
            self._count(insert.mcount - 1)
            for copy in insert.multi_insert() if insert.mcount > 1 else (insert,):
                self.through(block, self._within(copy, insert, block.name, place))

    def _within(self, copy: Any, insert: Any, block: str, place: _Place) -> _Place:
        matrix = np.array(list(copy.matrix44())).reshape(4, 4) @ place.matrix
        layer = self._layer(insert, place)
        mark = "" if copy is insert else f"({copy.dxf.insert.x:.3f},{copy.dxf.insert.y:.3f})"
        scale = scale_of(matrix)
        return _Place(
            matrix,
            # blocks of about one size are drawn once for all
            DEVIATION_M / 2.0 ** np.ceil(np.log2(scale)) if scale > 0 else DEVIATION_M,
            (*place.ids, _handle(insert) + mark),
            layer,
            self._colour(insert, layer, place),
            block,
            {**place.attributes, **_extended_data(insert), **{a.dxf.tag: a.dxf.text for a in insert.attribs}},
        )

    def _layer(self, entity: Any, place: _Place) -> str:
        name = str(entity.dxf.layer)
        if name == "0" and place.layer is not None:
            return place.layer
        return self.drawing.layers.setdefault(name.casefold(), name)

    def _colour(self, entity: Any, layer: str, place: _Place) -> int:
        colour = int(entity.dxf.get("color", _BY_LAYER))
        if colour == _BY_BLOCK:
            return place.colour
        return self._colours.get(layer.casefold(), 7) if colour == _BY_LAYER else colour

    def _count(self, shapes: int = 1, vertices: int = 0) -> None:
        self._shapes += shapes
        self._vertices += vertices
        if self._shapes > MAX_SHAPES:
            raise refused("dxf_too_many", limit=MAX_SHAPES)
        if self._vertices > MAX_VERTICES:
            raise refused("dxf_too_many", limit=MAX_VERTICES)


def _handle(entity: Any) -> str:
    return str(entity.dxf.handle)


def _is_clipped(insert: Any) -> bool:
    return insert.has_extension_dict and XClip(insert).is_clipping_enabled


def _extended_data(entity: Any) -> Mapping[str, str]:
    """Return what other programs attached: their first value under their name, the rest as one text."""
    if entity.xdata is None:
        return {}
    found: dict[str, str] = {}
    for program, tags in entity.xdata.data.items():
        if program.upper().startswith(_OWN_PROGRAMS):
            continue
        values = [str(tag.value) for tag in tags[1:] if tag.code != _BRACE and not isinstance(tag.value, bytes)]
        values = [value for value in values if value]
        if not values:
            continue
        if program == PROGRAM:
            found |= {name: value for name, _, value in (text.partition("=") for text in values)}
            continue
        found[program] = values[0]
        if len(values) > 1:
            found[f"{program}_more"] = "; ".join(values[1:])
    return found
