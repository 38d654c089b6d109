"""What an extract says of each layer, as its result holds it: shares that add up, and no more than the reader may see."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import shapely

from blueprint.extracts import Hit, LayerExtract, Status
from blueprint.grid_geometries import to_grid
from blueprint.raster_extracts import RasterHit
from blueprint.reasons import explain
from blueprint.rounding import round_half_up, round_parts
from blueprint.rules import Rule
from geocode import Text
from geocode.planes import ellipsoid_areas_m2, from_plane
from layers.catalogue_entries import Catalogue, Layer
from layers.currency import doubt_currency
from workflows.reports import text_json
from workflows.runs import settled
from workflows.sites import Site

__all__ = ["layer_json", "site_json", "summary_json"]

_PERCENT = 100.0
_DECIMALS = 2
_AREAL = 2
# features of one layer that share less than half of the last digit that is printed do not change what is printed
_OVERLAP_M2 = 0.005


def site_json(site: Site, flat: Any) -> dict[str, Any]:
    """Return the site as a result holds it; `flat` is its ground in its plane."""
    names = ("kind", "code", "version", "name", "layer", "feature", "stated_area_m2", "accuracy_m")
    measures = {
        "area_m2": float(flat.area),
        "ellipsoid_area_m2": _ellipsoid_m2(flat, site.plane),
        "perimeter_m": float(flat.length),
    }
    return {**{name: getattr(site, name) for name in names}, **settled(measures), "geometry": to_grid(flat)}


def summary_json(layers: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many layers concern the site, do not, have no data; and how many of all are secret."""
    counts = {str(status): sum(row["status"] == status for row in layers) for status in Status}
    return {**counts, "secret": sum(row["secret"] for row in layers)}


def layer_json(  # noqa: PLR0913 - what was found, where, and what is known of it
    found: LayerExtract,
    layer: Layer,
    *,
    site: Site,
    flat: Any,
    described: Sequence[Any],
    rules: Sequence[Rule],
    catalogue: Catalogue,
    as_of: date,
    seen: bool,
) -> dict[str, Any]:
    """Return what one layer has on a site, as a result holds it.

    Parameters
    ----------
    described
        The rows of its editions, as `store.extracts.describe_editions` returns them: features, and rasters beside them.
    rules
        Those about what was found.
    seen
        Whether its features may be shown; where not, it was checked against: verdict and areas are told, no more.
    """
    shares = _share(found, flat, site.stated_area_m2)
    return {
        "code": layer.code,
        "name": text_json(layer.name),
        "mid": {"code": layer.mid.code, **text_json(layer.mid.name)},
        "role": layer.role,
        "owner": text_json(layer.owner.name),
        "status": str(found.status),
        "secret": not seen,
        "certainty": None if found.certainty is None else str(found.certainty),
        "reason": _reason_json(found, seen=seen),
        "doubt": _doubt_json(layer, described, as_of),
        **settled(_areas(found, shares, site)),
        "features": _features_json(found, shares, site.plane, layer, catalogue) if seen else [],
        "rasters": [settled(_raster_json(hit)) for hit in found.rasters] if seen else [],
        "in_doubt": [feature.name or str(feature.id) for feature, _ in found.in_doubt] if seen else [],
        "editions": [_edition_json(row, seen=seen) for row in described],
        "documents": [document for row in described for document in row.documents] if seen else [],
        "rules": [_rule_json(rule) for rule in rules],
        "legend": _legend_json(found, layer, catalogue) if seen else None,
    }


class _Shares(NamedTuple):
    """What share of the site each feature has, and then what is left of it: in percent, and of the area that is stated."""

    percent: list[float]
    stated_m2: list[float] | None
    rest_m2: float
    overlapping: bool


def _share(found: LayerExtract, flat: Any, stated_area_m2: float | None) -> _Shares:
    """Return shares that add up, but for features that overlap each other: those cannot."""
    parts, site_m2 = [hit.area_m2 for hit in found.hits], float(flat.area)
    rest_m2 = max(0.0, site_m2 - found.area_m2)
    overlapping = sum(parts) - found.area_m2 > _OVERLAP_M2

    def close(total: float) -> list[float]:
        if not overlapping:
            return round_parts([*parts, rest_m2], decimals=_DECIMALS, total=total)
        rest = round_parts([found.area_m2, rest_m2], decimals=_DECIMALS, total=total)[1]
        return [*(round_half_up(part / site_m2 * total, decimals=_DECIMALS) for part in parts), rest]

    stated_m2 = None if stated_area_m2 is None else close(stated_area_m2)
    return _Shares(close(_PERCENT), stated_m2, rest_m2, overlapping)


def _areas(found: LayerExtract, shares: _Shares, site: Site) -> dict[str, Any]:
    """Return the areas of a layer as a whole, each place counted once, and of what of the site is left."""
    stated, stated_m2 = shares.stated_m2, site.stated_area_m2 or 0.0
    return {
        "area_m2": found.area_m2,
        "ellipsoid_area_m2": _ellipsoid_m2(found.ground, site.plane),
        "percent": _PERCENT - shares.percent[-1],
        "stated_area_m2": None if stated is None else round_half_up(stated_m2 - stated[-1], decimals=_DECIMALS),
        "length_m": found.length_m,
        "points": found.points,
        "overlapping": shares.overlapping,
        "unknown_m2": found.unknown_m2,
        "rest": {
            "area_m2": shares.rest_m2,
            "percent": shares.percent[-1],
            "stated_area_m2": None if stated is None else stated[-1],
        },
    }


def _features_json(
    found: LayerExtract, shares: _Shares, plane: str, layer: Layer, catalogue: Catalogue
) -> list[dict[str, Any]]:
    stated = shares.stated_m2
    return [
        {
            "id": hit.feature.id,
            "name": hit.feature.name,
            "class": _class_json(hit.class_code, layer, catalogue),
            "valid_from": _day(hit.valid_from),
            "valid_to": _day(hit.valid_to),
            "certainty": str(hit.certainty),
            **settled(_measures(hit, plane)),
            "percent": shares.percent[i],
            "stated_area_m2": stated and stated[i],
            "engine_mode": hit.engine_mode,
            "attributes": dict(hit.attributes),
            "geometry": to_grid(hit.ground),
        }
        for i, hit in enumerate(found.hits)
    ]


def _raster_json(hit: RasterHit) -> dict[str, Any]:
    names = ("unit", "least", "mean", "greatest")
    problem = None if hit.problem is None else text_json(hit.problem)
    covered = round_half_up(_PERCENT * hit.share_covered, decimals=_DECIMALS)
    told = {name: getattr(hit, name) for name in names}
    return {
        "edition": hit.edition.id,
        "title": hit.edition.title,
        **told,
        "covered_percent": covered,
        "problem": problem,
    }


def _measures(hit: Hit, plane: str) -> dict[str, Any]:
    names = ("area_m2", "width_m", "parts", "length_m", "points")
    return {**{name: getattr(hit, name) for name in names}, "ellipsoid_area_m2": _ellipsoid_m2(hit.ground, plane)}


def _ellipsoid_m2(ground: Any, plane: str) -> float:
    """Return the area of the polygons of a geometry in a plane, on the ellipsoid."""
    parts = shapely.get_parts(shapely.get_parts(ground))
    polygons = parts[shapely.get_dimensions(parts) == _AREAL]
    return float(ellipsoid_areas_m2(from_plane(polygons, plane)).sum())


def _class_json(code: str | None, layer: Layer, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return a class by its code and what it is called; the code itself where no list has it."""
    if code is None:
        return None
    listed = catalogue.code_lists.get(layer.class_system)
    known = listed and listed.code_of(code)
    name = listed.names[known] if listed and known else Text(code, code)
    return {"code": code, **text_json(name)}


def _reason_json(found: LayerExtract, *, seen: bool) -> dict[str, str] | None:
    """Return why there is no data; of a layer that may not be seen, without naming features."""
    if found.reason is None:
        return None
    return text_json(found.reason if seen or not found.in_doubt else explain("incomplete", layer=found.code))


def _doubt_json(layer: Layer, described: Sequence[Any], as_of: date) -> dict[str, str] | None:
    """Return why what is told, or that nothing is, is to be doubted: the data are older than the layer's rule."""
    doubts = [doubt_currency(layer, row.currency, as_of) for row in described]
    return next((text_json(doubt) for doubt in doubts if doubt is not None), None)


def _edition_json(described: Any, *, seen: bool) -> dict[str, Any]:
    told = {
        "id": described.id,
        "title": described.title,
        "valid_from": _day(described.valid_from),
        "valid_to": _day(described.valid_to),
        "currency": _day(described.currency),
    }
    return (
        {**told, "accuracy_m": described.accuracy_m, "recorded_at": described.recorded_at.isoformat()} if seen else told
    )


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": text_json(rule.title),
        "severity": str(rule.shown_severity),
        "advisory": rule.advisory,
        "confidence": str(rule.confidence),
        "basis": [{"doc": basis.doc, "article": basis.article} for basis in rule.basis],
    }


def _legend_json(found: LayerExtract, layer: Layer, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return how the layer is drawn, and the classes of what was found; None where nothing was."""
    if not found.hits and not found.rasters:
        return None
    classes = {hit.class_code: _class_json(hit.class_code, layer, catalogue) for hit in found.hits if hit.class_code}
    symbol = {name: getattr(layer.symbol, name) for name in ("fill", "line", "opacity")}
    return {"symbol": symbol, "order": layer.order, "classes": [classes[code] for code in sorted(classes)]}


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()
