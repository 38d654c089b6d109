"""What the blueprint says of footprints: load the layers around them, judge, bring the witnesses back to the ground."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from blueprint.findings import find_findings
from blueprint.layer_state import Edition, LayerState
from blueprint.outcomes import Finding, verdict
from blueprint.rules import Predicate, Rule, load_rules
from geocode import STORAGE_CRS, parse
from geocode.planes import ellipsoid_areas_m2, from_plane, to_plane
from layers.catalogue import load_catalogue
from layers.reading import read_delivery
from registry.ground import same_ground
from registry.schemes import Scheme
from store.buildings import current_ground
from store.database import Connection, Database, transaction
from store.editions import editions_in_effect, features_near
from store.lives import read_lives
from workflows.deliveries import in_plane, planes_of, prepare_delivery
from workflows.errors import RefusedDeliveryError
from workflows.principals import Principal
from workflows.reports import UploadReport, geometry_json, text_json
from workflows.resolving import building_code
from workflows.rights import allow
from workflows.uploading import DeliveryOptions, report_drawn

__all__ = ["Checked", "check_building", "check_file", "check_ground", "check_upload"]

# existing buildings, permitted buildings, registered buildings
_BUILDING_LAYERS = {"XZ1301", "GL3106", "GL3202"}
# a site that reaches further from a footprint is told as such, and its setbacks and ratios are not evaluated
_SITE_REACH_M = 500.0
_NO_FEATURES: dict[str, list[Any]] = {"name": [], "class_code": [], "valid_from": [], "valid_to": [], "attrs": []}


class Checked(NamedTuple):
    """What the blueprint says of one footprint: the verdict, and every finding in its JSON form."""

    verdict: str
    findings: list[dict[str, Any]]

    def as_json(self, code: str, name: str | None, as_of: date) -> dict[str, Any]:
        """Return it with the footprint's code and name, and the day that counted."""
        return {"code": code, "name": name, "as_of": as_of.isoformat(), **self._asdict()}


def check_building(
    database: Database,
    name: str,
    *,
    principal: Principal,
    as_of: date,
    accuracy_m: float,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Return what the blueprint says of a registered building's current footprint.

    Raises
    ------
    NotHereError
        Nothing bears that name.
    ForbiddenError, HiddenError
        The role reads no findings, or not those of another office's building.
    """
    with transaction(database) as connection:
        (life,) = read_lives(connection, [building_code(connection, name, schemes=schemes).compact])
        allow(principal, "read_findings", own=life["office_id"] == principal.office_id)
        ground = gpd.GeoDataFrame(geometry=[life["geom"]], crs=STORAGE_CRS)
        checked = check_ground(connection, ground, as_of=as_of, accuracy_m=accuracy_m)[0]
    return checked.as_json(str(parse(life["code"])), life["name"], as_of)


def check_file(
    database: Database, path: Path, *, options: DeliveryOptions, as_of: date, accuracy_m: float
) -> tuple[UploadReport, list[dict[str, Any]]]:
    """Return what the blueprint says of a file's footprints, which are not stored.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        No row is a footprint.
    """
    prepared = prepare_delivery(read_delivery(path, crs=options.crs, layer=options.layer))
    report = report_drawn(prepared, options)
    if not report.accepted:
        raise RefusedDeliveryError(report)
    with transaction(database) as connection:
        found = check_ground(connection, prepared.ground, as_of=as_of, accuracy_m=accuracy_m)
    return report, [
        checked.as_json(str(prepared.codes[row]), prepared.names[row], as_of) for row, checked in found.items()
    ]


def check_upload(database: Database, report: UploadReport, *, accuracy_m: float) -> dict[str, list[dict[str, Any]]]:
    """Return what the blueprint says today of the buildings of an upload, by code."""
    codes = {parse(row.code).compact: row.code for row in report.results if row.code}
    with transaction(database) as connection:
        ground = current_ground(connection, codes).rename(index=codes)
        found = check_ground(connection, ground, as_of=date.today(), accuracy_m=accuracy_m)
    return {code: checked.findings for code, checked in found.items()}


def check_ground(
    connection: Connection, ground: gpd.GeoDataFrame, *, as_of: date, accuracy_m: float
) -> dict[Any, Checked]:
    """Return what the blueprint says of footprints in EPSG:4490, by their index.

    Each footprint is judged in the plane of its own centroid.
    """
    rules = [rule for rule in _footprint_rules() if rule.holds_on(as_of)]
    planes = planes_of(ground)
    found: dict[Any, list[tuple[Finding, dict[str, Any]]]] = {}
    for plane, rows in planes.groupby(planes):
        here = ground.loc[rows.index]
        layers = _layer_states(connection, here, rules, as_of=as_of, plane=str(plane))
        flat = in_plane(here, str(plane))
        own = _own_features(flat, layers)
        findings = find_findings(flat, layers, rules, as_of=as_of, footprint_accuracy_m=accuracy_m, own=own)
        for finding, row in zip(findings, _findings_json(findings, str(plane)), strict=True):
            found.setdefault(finding.footprint, []).append((finding, row))
    return {index: _checked(found.get(index, [])) for index in ground.index}


def _own_features(footprints: gpd.GeoDataFrame, layers: Mapping[str, LayerState]) -> dict[Any, set[tuple[str, Any]]]:
    """Return the features of building layers that are the footprints themselves, by footprint.

    A surveyed building that stands on the blueprint already is no neighbour of itself.
    """
    own: dict[Any, set[tuple[str, Any]]] = {}
    for code in _BUILDING_LAYERS & set(layers):
        features = layers[code].features
        for row, feature in same_ground(np.asarray(footprints.geometry.values), np.asarray(features.geometry.values)):
            own.setdefault(footprints.index[row], set()).add((code, features.index[feature]))
    return own


@cache
def _footprint_rules() -> tuple[Rule, ...]:
    """Return the rules for footprints, read once."""
    return tuple(rule for rule in load_rules() if rule.a is None)


def _checked(found: Sequence[tuple[Finding, dict[str, Any]]]) -> Checked:
    return Checked(str(verdict(finding for finding, _ in found)), [row for _, row in found])


def _layer_states(
    connection: Connection, ground: gpd.GeoDataFrame, rules: Sequence[Rule], *, as_of: date, plane: str
) -> dict[str, LayerState]:
    """Return the layers that the rules look at, in a plane, each with its features around the footprints."""
    reaches = _reaches_m(rules)
    editions = [row for row in editions_in_effect(connection, as_of=as_of) if row.layer in reaches]
    by_edition: dict[int, gpd.GeoDataFrame] = {}
    for reach_m in sorted(set(reaches.values())):
        ids = [row.id for row in editions if reaches[row.layer] == reach_m]
        near = features_near(connection, ids, np.asarray(ground.geometry.values), reach_m=reach_m)
        by_edition |= dict(tuple(in_plane(near, plane).groupby("edition_id"))) if len(near) else {}
    empty = gpd.GeoDataFrame(_NO_FEATURES, geometry=[], crs=plane)
    return {
        row.layer: LayerState(
            code=row.layer,
            edition=Edition(row.id, row.title, row.valid_from, row.valid_to, row.recorded_at),
            accuracy_m=row.accuracy_m,
            features=by_edition.get(row.id, empty),
            complete=None if row.completeness is None else _completeness(bytes(row.completeness), plane),
            reach_m=reaches[row.layer],
        )
        for row in editions
    }


def _reaches_m(rules: Sequence[Rule]) -> dict[str, float]:
    """Return how far around a footprint each layer is looked at: as far as its rules say, a site where it is about one."""
    reaches: dict[str, float] = {}
    for rule in rules:
        is_of_site = rule.predicate in {Predicate.SETBACK, Predicate.RATIO}
        needed_m = _SITE_REACH_M if is_of_site else min(rule.reach_m, _SITE_REACH_M)
        for code in rule.layers:
            reaches[code] = max(reaches.get(code, 0.0), needed_m)
    return reaches


@lru_cache(maxsize=256)
def _completeness(wkb: bytes, plane: str) -> Any:
    """Return an edition's area in a plane; editions never change, so it is brought there once."""
    return to_plane(np.array([shapely.from_wkb(wkb)]), plane)[0]


def _findings_json(findings: Sequence[Finding], plane: str) -> list[dict[str, Any]]:
    """Return findings as answers hold them, witnesses in longitude and latitude, areas on both bases."""
    witnesses = np.array([finding.witness for finding in findings], dtype=object)
    there = ~shapely.is_missing(witnesses) & ~shapely.is_empty(witnesses)
    witnesses[there] = from_plane(witnesses[there], plane)
    ellipsoid = np.full(len(findings), np.nan)
    ellipsoid[there] = ellipsoid_areas_m2(witnesses[there])
    return [
        _one_json(finding, witnesses[i] if there[i] else None, ellipsoid[i] if there[i] else None)
        for i, finding in enumerate(findings)
    ]


def _one_json(finding: Finding, witness: Any, ellipsoid_area_m2: float | None) -> dict[str, Any]:
    layer = load_catalogue().layer(finding.layer)
    edition = finding.edition
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
        "certainty": None if finding.certainty is None else str(finding.certainty),
        "reason": None if finding.reason is None else text_json(finding.reason),
        "layer": {"code": layer.code, "name": text_json(layer.name)},
        "features": [{"id": feature.id, "name": feature.name} for feature in finding.features],
        "edition": None
        if edition is None
        else {
            "id": edition.id,
            "title": edition.title,
            "valid_from": edition.valid_from.isoformat() if edition.valid_from else None,
            "valid_to": edition.valid_to.isoformat() if edition.valid_to else None,
            "recorded_at": edition.recorded_at.isoformat() if edition.recorded_at else None,
        },
        "basis": [{"doc": basis.doc, "article": basis.article} for basis in finding.basis],
        "confidence": str(finding.rule.confidence),
        "witness": geometry_json(witness),
    }
