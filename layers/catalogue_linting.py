"""The linter of the catalogue: what is doubtful in a city's layers that can be read, before anything is loaded by them."""

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from geocode.faults import Fault, read_sentences
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue, Layer

__all__ = ["LayerFault", "lint_catalogue"]

_SECURITY = ("public", "internal", "restricted")


class LayerFault(NamedTuple):
    """What is doubtful in one layer."""

    layer: str
    fault: Fault


def lint_catalogue(catalogue: Catalogue) -> list[LayerFault]:
    """Return what is doubtful, by layer: contradictions, places and symbols taken, unknown fields and code lists."""
    first: dict[Hashable, str] = {}
    return [
        LayerFault(layer.code, fault)
        for layer in catalogue
        for fault in (*_alone(layer, catalogue), *_among(layer, first))
    ]


def _alone(layer: Layer, catalogue: Catalogue) -> Iterator[Fault]:
    if layer.coverage_required and layer.overlap_allowed:
        yield _fault("gaps_and_overlaps")
    if layer.coverage_required and layer.geometry.isdisjoint({"Polygon", "Raster"}):
        yield _fault("gaps_in_lines")
    names = {name.casefold() for alternatives in layer.attributes for name in alternatives}
    if layer.class_field and layer.class_field.casefold() not in names:
        yield _fault("class_field_unknown", field=layer.class_field)
    if layer.class_system and layer.class_system not in catalogue.code_lists and layer.class_system not in _unlisted():
        yield _fault("class_system_unknown", system=layer.class_system)
    if not layer.code.startswith(layer.mid.code):
        yield _fault("not_of_mid", mid=layer.mid.code)
    before = load_catalogue().layer(layer.code).security if layer.code in load_catalogue() else layer.security
    if _SECURITY.index(layer.security) < _SECURITY.index(before):
        yield _fault("security_lowered", before=before, after=layer.security)


def _among(layer: Layer, first: dict[Hashable, str]) -> Iterator[Fault]:
    """Yield what a layer shares with one before it that should be its own."""
    other = first.setdefault(layer.order, layer.code)
    if other != layer.code:
        yield _fault("order_taken", order=layer.order, other=other)
    other = first.setdefault(layer.symbol, layer.code)
    if other != layer.code:
        yield _fault("symbol_taken", other=other)


def _unlisted() -> frozenset[str]:
    """Return the code systems of the seed that have no list here, such as that of divisions, which changes each year."""
    listed = load_catalogue().code_lists
    return frozenset(layer.class_system for layer in load_catalogue() if layer.class_system not in listed)


def _fault(kind: str, **values: Any) -> Fault:
    return read_sentences("layers", "catalogue_faults.toml").fault(kind, **values)
