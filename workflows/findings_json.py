"""Findings as answers hold them: witnesses in longitude and latitude, areas on both bases."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely

from blueprint.outcomes import Finding, Measure
from blueprint.rule_kinds import FOOTPRINT
from geocode import Text
from geocode.planes import ellipsoid_areas_m2, from_plane
from layers.catalogue_entries import Catalogue
from layers.currency import doubt_currency
from workflows.layer_rights import may_see
from workflows.principals import Principal
from workflows.reports import geometry_json, text_json

__all__ = ["findings_json"]

_HIDDEN = "—"
_FOOTPRINT_NAME = Text("建筑基底", "footprint")


def findings_json(
    findings: Sequence[Finding],
    plane: str,
    *,
    catalogue: Catalogue,
    principal: Principal | None = None,
    as_of: date | None = None,
) -> list[dict[str, Any]]:
    """Return findings in their JSON form.

    Parameters
    ----------
    principal
        Who reads them: of a layer that is not for them, outcome and measures are told, its features and ground are not.
        None: everybody may see everything.
    as_of
        The day that counts: an edition that is older than its layer's rule says so.
    """
    witnesses = np.array([finding.witness for finding in findings], dtype=object)
    there = ~shapely.is_missing(witnesses) & ~shapely.is_empty(witnesses)
    witnesses[there] = from_plane(witnesses[there], plane)
    ellipsoid = np.full(len(findings), np.nan)
    polygonal = there & (shapely.get_dimensions(witnesses) == 2)  # noqa: PLR2004 - ground
    ellipsoid[polygonal] = ellipsoid_areas_m2(witnesses[polygonal])
    hidden = _hidden_layers(findings, catalogue, principal)
    return [
        _one_json(
            finding,
            witnesses[i] if there[i] and finding.layer not in hidden else None,
            ellipsoid[i] if polygonal[i] else None,
            catalogue=catalogue,
            as_of=as_of,
            readable=finding.layer not in hidden,
        )
        for i, finding in enumerate(findings)
    ]


def _hidden_layers(findings: Sequence[Finding], catalogue: Catalogue, principal: Principal | None) -> frozenset[str]:
    codes = {finding.layer for finding in findings} - {FOOTPRINT}
    if principal is None:
        return frozenset()
    return frozenset(code for code in codes if not may_see(principal, catalogue.layer(code)))


def _one_json(
    finding: Finding,
    witness: Any,
    ellipsoid_area_m2: float | None,
    *,
    catalogue: Catalogue,
    as_of: date | None,
    readable: bool,
) -> dict[str, Any]:
    name = _FOOTPRINT_NAME if finding.layer == FOOTPRINT else catalogue.layer(finding.layer).name
    return {
        "rule": finding.rule.id,
        "title": text_json(finding.rule.title),
        "outcome": str(finding.outcome),
        "severity": str(finding.severity),
        "advisory": finding.advisory,
        "area_m2": finding.area_m2,
        "ellipsoid_area_m2": None if ellipsoid_area_m2 is None else float(ellipsoid_area_m2),
        "share": finding.share,
        "width_m": finding.width_m,
        "margin_m": finding.margin_m,
        "measured": finding.measured,
        "required": finding.required,
        "margin": finding.margin,
        "unit": finding.unit,
        "measures": [_measure_json(measure, readable=readable) for measure in finding.measures],
        "certainty": None if finding.certainty is None else str(finding.certainty),
        "reason": None if finding.reason is None else text_json(_reason(finding, finding.reason, readable=readable)),
        "layer": {"code": finding.layer, "name": text_json(name)},
        "features": [{"id": feature.id, "name": feature.name} for feature in finding.features if readable],
        "edition": None if finding.edition is None else _edition_json(finding, catalogue, as_of),
        "basis": [{"doc": basis.doc, "article": basis.article} for basis in finding.basis],
        "confidence": str(finding.rule.confidence),
        "witness": geometry_json(witness),
    }


def _reason(finding: Finding, reason: Text, *, readable: bool) -> Text:
    """Return the reason, without the names of features that are not for who reads it."""
    zh, en = reason
    for name in () if readable else [str(feature.name or feature.id) for feature in finding.features]:
        zh, en = zh.replace(name, _HIDDEN), en.replace(name, _HIDDEN)
    return Text(zh, en)


def _measure_json(measure: Measure, *, readable: bool) -> dict[str, Any]:
    return {
        "label": measure.label if readable or measure.feature is None else _HIDDEN,
        "outcome": None if measure.outcome is None else str(measure.outcome),
        "measured": measure.measured,
        "required": measure.required,
        "margin": measure.margin,
    }


def _edition_json(finding: Finding, catalogue: Catalogue, as_of: date | None) -> dict[str, Any]:
    edition, doubt = finding.edition, None
    assert edition is not None  # asked for where there is one
    if as_of is not None and finding.layer != FOOTPRINT:
        doubt = doubt_currency(catalogue.layer(finding.layer), edition.currency, as_of)
    return {
        "id": edition.id,
        "title": edition.title,
        "valid_from": edition.valid_from.isoformat() if edition.valid_from else None,
        "valid_to": edition.valid_to.isoformat() if edition.valid_to else None,
        "recorded_at": edition.recorded_at.isoformat() if edition.recorded_at else None,
        "currency": edition.currency.isoformat() if edition.currency else None,
        "outdated": None if doubt is None else text_json(doubt),
    }
