"""An account of a drawing: what became no row, told so that nothing is lost without a word."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import ceil

from layers.dxf.areas import LayerAreas
from layers.dxf.drawing import Drawing
from layers.remarks import Note, remark

__all__ = ["counted", "told_of_drawing", "told_of_layer"]

_MAX_SHOWN = 12
# bodies whose shape is in a format of their own
_SOLIDS = {
    "REGION",
    "3DSOLID",
    "BODY",
    "SURFACE",
    "EXTRUDEDSURFACE",
    "LOFTEDSURFACE",
    "REVOLVEDSURFACE",
    "PLANESURFACE",
}
_PROXY, _TARCH = "ACAD_PROXY_ENTITY", "TCH_"


def counted(kinds: Counter[str]) -> str:
    """Return kinds of entities with how many there are, the most frequent first."""
    shown = [f"{kind} {count}" for kind, count in kinds.most_common(_MAX_SHOWN)]
    return ", ".join([*shown, "…"] if len(kinds) > _MAX_SHOWN else shown) or "–"


def told_of_drawing(drawing: Drawing, paper: int) -> Iterator[Note]:
    """Yield remarks on what of a drawing was not looked at, or cannot be."""
    left = drawing.left_aside
    for kind, count in (
        ("dxf_paper", paper),
        ("dxf_invisible", left["invisible"]),
        ("dxf_clipped", left["clipped"]),
        ("dxf_broken_entities", left["broken"]),
    ):
        if count:
            yield remark(kind, count=count)
    if drawing.external:
        yield remark("dxf_external", names=_shown(sorted(drawing.external)))
    kinds = Counter[str]()
    for (_, kind), count in drawing.others.items():
        kinds[kind] += count
    for kind, found in (
        ("dxf_proxies", Counter({k: n for k, n in kinds.items() if k == _PROXY or k.startswith(_TARCH)})),
        ("dxf_solids", Counter({k: n for k, n in kinds.items() if k in _SOLIDS})),
    ):
        if found:
            yield remark(kind, found=counted(found))


def told_of_layer(layer: LayerAreas, layers: Mapping[str, LayerAreas], closing_m: float) -> Iterator[Note]:
    """Yield remarks on how a layer was read, and on the layers that have no areas."""
    closing = f"{closing_m:g}"
    kind = "dxf_closing" if layer.closed else "dxf_closing_none"
    yield remark(kind, closing=closing, count=layer.closed, widest=f"{ceil(layer.widest_m * 1e4 - 1e-6) / 1e4:.4f}")
    if layer.is_hidden:
        yield remark("dxf_layer_hidden", layer=layer.name)
    if layer.gaps_m:
        yield remark("dxf_open_rings", closing=closing, count=len(layer.gaps_m), least=f"{min(layer.gaps_m):.3f}")
    if layer.attached:
        yield remark("dxf_attached", count=layer.attached)
    if layer.branched:
        yield remark("dxf_branched", count=layer.branched)
    if layer.filled:
        yield remark("dxf_filled", count=layer.filled)
    if layer.without:
        yield remark("dxf_not_areas", layer=layer.name, found=counted(layer.without))
    without = [each.name for each in layers.values() if not each.is_areal and each is not layer]
    if without:
        yield remark("dxf_layers_without", names=_shown(without))


def _shown(names: list[str]) -> str:
    return ", ".join([*names[:_MAX_SHOWN], "…"] if len(names) > _MAX_SHOWN else names)
