"""What the blueprint says of footprints: load the layers around them, judge, bring the witnesses back to the ground."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from blueprint.findings import find_findings
from blueprint.layer_state import LayerState
from blueprint.outcomes import Finding, verdict
from blueprint.rule_sets import RuleSet
from blueprint.rules import Rule
from geocode import STORAGE_CRS, parse
from layers.confined.reading import read_confined
from registry.ground import same_ground
from registry.schemes import Scheme
from store.database import Connection, Database, transaction
from store.lives import read_lives
from workflows.catalogues import configured_catalogue
from workflows.deliveries import in_plane, planes_of, prepare_delivery
from workflows.delivery_options import DeliveryOptions
from workflows.divisions import divisions_of
from workflows.errors import RefusedDeliveryError
from workflows.findings_json import findings_json
from workflows.findings_runs import keep_findings
from workflows.footprint_facts import facts_of_lives, facts_of_records
from workflows.layer_states import load_layer_states
from workflows.rastering import raster_states
from workflows.reading_settings import configured_reading
from workflows.reports import UploadReport
from workflows.resolving import building_code
from workflows.rights import allow
from workflows.rule_sets import rule_set
from workflows.terms import Terms, settle_terms
from workflows.upload_reports import report_drawn

__all__ = ["Checked", "Terms", "check_building", "check_file", "check_ground", "check_upload"]

# existing buildings, permitted buildings, registered buildings
_BUILDING_LAYERS = {"XZ1301", "GL3106", "GL3202"}
Said = Mapping[str, Any]


class Checked(NamedTuple):
    """What the blueprint says of one footprint: the verdict, and every finding in its JSON form.

    ``attributes`` is what was known of it that rules read, and ``rule_set`` the version of the rules.
    """

    verdict: str
    findings: list[dict[str, Any]]
    attributes: dict[str, Any]
    rule_set: str

    def as_json(self, code: str, name: str | None, terms: Terms) -> dict[str, Any]:
        """Return it with the footprint's code and name, the day that counted, and the time whose knowledge did."""
        known_at = terms.known_at.isoformat() if terms.known_at else None
        return {"code": code, "name": name, "as_of": terms.day.isoformat(), "known_at": known_at, **self._asdict()}


def check_building(
    database: Database,
    name: str,
    *,
    terms: Terms,
    schemes: Sequence[Scheme] | None = None,
    said: Said | None = None,
    keep: bool = False,
) -> dict[str, Any]:
    """Return what the blueprint says of a registered building's current footprint.

    Parameters
    ----------
    said
        What is said of it now, as `read_said` returns it: it counts before what the register knows.
    keep
        Whether the answer is kept as a run: it then tells which, and its hash.

    Raises
    ------
    NotHereError
        Nothing bears that name.
    ForbiddenError, HiddenError
        The role reads no findings, or not those of another office's building.
    """
    with transaction(database) as connection:
        (life,) = read_lives(connection, [building_code(connection, name, schemes=schemes).compact])
        allow(terms.principal, "read_findings", office_id=life["office_id"])
        ground = _ground_of_lives(connection, [life], said=said)
        labels = {0: (str(parse(life["code"])), life["name"])}
        (told,) = _tell(connection, ground, labels, terms=terms, keep=keep)
    return told


def check_file(
    database: Database,
    path: Path,
    *,
    options: DeliveryOptions,
    terms: Terms,
    said: Said | None = None,
    keep: bool = False,
) -> tuple[UploadReport, list[dict[str, Any]]]:
    """Return what the blueprint says of a file's footprints, which are not registered; kept as one run where that is asked.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        No row is a footprint.
    """
    known = configured_reading(terms.settings)
    prepared = prepare_delivery(read_confined(path, crs=options.crs, layer=options.layer, options=known))
    report = report_drawn(prepared, options)
    if not report.accepted:
        raise RefusedDeliveryError(report)
    facts = facts_of_records([prepared.records[row] for row in prepared.ground.index], said=said)
    ground = prepared.ground.assign(attrs=pd.Series(facts, index=prepared.ground.index, dtype=object))
    labels = {row: (str(prepared.codes[row]), prepared.names.get(row)) for row in ground.index}
    with transaction(database) as connection:
        return report, _tell(connection, ground, labels, terms=terms, keep=keep)


def check_upload(database: Database, report: UploadReport, *, terms: Terms) -> dict[str, list[dict[str, Any]]]:
    """Return what the blueprint says of the buildings of an upload, by code."""
    codes = {parse(row.code).compact: row.code for row in report.results if row.code}
    with transaction(database) as connection:
        lives = read_lives(connection, list(codes))
        ground = _ground_of_lives(connection, lives).set_axis([codes[life["code"]] for life in lives])
        found = check_ground(connection, ground, terms=terms)
    return {code: checked.findings for code, checked in found.items()}


def check_ground(
    connection: Connection, ground: gpd.GeoDataFrame, *, terms: Terms, rules: RuleSet | None = None
) -> dict[Any, Checked]:
    """Return what the blueprint says of footprints in EPSG:4490, by their index.

    Each footprint is judged in the plane of its own centroid, by the rules of the division that it stands in. The column
    ``attrs``, if there is one, says what is known of each. The rules are those of the installation where they are None.
    """
    rules, catalogue = rules or rule_set(terms.settings), configured_catalogue(terms.settings)
    ours = [rule for rule in rules.rules if rule.a is None and rule.holds_on(terms.day)]
    loaded = load_layer_states(connection, ground, ours, as_of=terms.day, known_at=terms.known_at)
    rasters = raster_states(
        connection,
        {code for rule in ours for code in rule.layers if rule.predicate.reads_rasters},
        documents=terms.settings.documents,
        as_of=terms.day,
        known_at=terms.known_at,
    )
    found: dict[Any, list[tuple[Finding, dict[str, Any]]]] = {}
    for (plane, division), rows in _alike(ground, _divisions(connection, ground, ours, terms)).items():
        flat, layers = in_plane(ground.iloc[rows], plane), loaded.states(plane)
        findings = find_findings(
            flat,
            layers,
            ours,
            as_of=terms.day,
            footprint_accuracy_m=terms.settings.footprint_accuracy_m,
            own=_own_features(flat, layers),
            division=division or None,
            rasters=rasters,
        )
        told = findings_json(findings, plane, catalogue=catalogue, principal=terms.principal, as_of=terms.day)
        for finding, row in zip(findings, told, strict=True):
            found.setdefault(finding.footprint, []).append((finding, row))
    facts = ground["attrs"] if "attrs" in ground else pd.Series([{}] * len(ground), index=ground.index)
    return {index: _checked(found.get(index, []), facts[index], rules.version) for index in ground.index}


def _tell(
    connection: Connection,
    ground: gpd.GeoDataFrame,
    labels: Mapping[Any, tuple[str, str | None]],
    *,
    terms: Terms,
    keep: bool,
) -> list[dict[str, Any]]:
    """Return what the blueprint says of footprints, as answers hold it; kept as a run where that is asked."""
    if keep:
        terms, _ = settle_terms(connection, terms)
    found = check_ground(connection, ground, terms=terms)
    told = [checked.as_json(*labels[index], terms) for index, checked in found.items()]
    if not keep:
        return told
    rules, catalogue = rule_set(terms.settings), configured_catalogue(terms.settings)
    return keep_findings(connection, ground, told, terms=terms, rules=rules, catalogue=catalogue)


def _alike(ground: gpd.GeoDataFrame, divisions: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """Return the positions of the footprints that are measured in one plane and stand in one division."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(planes_of(ground), divisions, strict=True)):
        groups.setdefault(key, []).append(row)
    return groups


def _ground_of_lives(
    connection: Connection, lives: Sequence[Mapping[str, Any]], *, said: Said | None = None
) -> gpd.GeoDataFrame:
    facts = facts_of_lives(connection, lives, said=said)
    return gpd.GeoDataFrame({"attrs": facts}, geometry=[life["geom"] for life in lives], crs=STORAGE_CRS)


def _divisions(connection: Connection, ground: gpd.GeoDataFrame, rules: Sequence[Rule], terms: Terms) -> list[str]:
    """Return the division of each footprint; nobody asks where no rule is one of a division's own."""
    if not any(rule.divisions for rule in rules):
        return [""] * len(ground)
    return divisions_of(
        connection, ground, office_id=terms.principal.office_id, as_of=terms.day, known_at=terms.known_at
    )


def _own_features(footprints: gpd.GeoDataFrame, layers: Mapping[str, LayerState]) -> dict[Any, set[tuple[str, Any]]]:
    """Return the features of building layers that are the footprints themselves, by footprint.

    A surveyed building that stands on the blueprint already is no neighbour of itself.
    """
    own: dict[Any, set[tuple[str, Any]]] = {}
    for code in _BUILDING_LAYERS & set(layers):
        features = layers[code].arrays
        for row, feature in same_ground(np.asarray(footprints.geometry.values), features.geometry):
            own.setdefault(footprints.index[row], set()).add((code, features.ids[feature]))
    return own


def _checked(found: Sequence[tuple[Finding, dict[str, Any]]], facts: Mapping[str, Any], version: str) -> Checked:
    return Checked(str(verdict(finding for finding, _ in found)), [row for _, row in found], dict(facts), version)
