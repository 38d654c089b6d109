"""Extracts as runs: what a site's result follows from, the result, and the same result again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from blueprint.extracts import LayerExtract, extract_layers, rules_concerning
from blueprint.grid_geometries import GRID_PER_M
from blueprint.layer_state import LayerState
from blueprint.rule_sets import RuleSet
from blueprint.rules import Rule, rules_in_force
from geocode.planes import to_plane
from store.database import Connection
from store.editions import editions_in_effect, feature_rows_near
from store.extracts import describe_editions
from store.rasters import rasters_in_effect
from store.runs import add_run, canonical_sha256
from workflows.catalogues import configured_catalogue
from workflows.extract_json import layer_json, site_json, summary_json
from workflows.layer_rights import may_see
from workflows.layer_states import LoadedLayers
from workflows.rastering import raster_state
from workflows.rights import allow
from workflows.rule_sets import rule_set
from workflows.runs import run_inputs
from workflows.settings import Settings
from workflows.sites import Site, restore_site
from workflows.terms import Terms, settle_terms

__all__ = ["FORMAT", "Extract", "extract_again", "extract_ground"]

FORMAT = "luotu-extract/1"


class Extract(NamedTuple):
    """An extract: the id of its run, the SHA-256 of the result's canonical JSON, and the result.

    The result has the ``site``, the ``summary``, and a row for each layer of the catalogue in ``layers``: concerned, not
    concerned, or without data.
    """

    id: str
    sha256: str
    result: dict[str, Any]


def extract_ground(connection: Connection, site: Site, *, terms: Terms) -> Extract:
    """Return the extract of a site, kept as a run.

    Layers beyond the principal's security level are checked against, and their features not told.

    Raises
    ------
    ForbiddenError
        The role reads no findings.
    RefusedOptionError
        The time whose knowledge counts has not come.
    """
    principal = terms.principal
    allow(principal, "read_findings")
    terms, known_at = settle_terms(connection, terms)
    rules, catalogue = rule_set(terms.settings), configured_catalogue(terms.settings)
    codes = [layer.code for layer in catalogue]
    vectors = _by_layer(editions_in_effect(connection, as_of=terms.day, known_at=known_at), codes)
    inputs = run_inputs(
        {
            **site.question(),
            "layers": codes,
            "catalogue": catalogue.version,
            "levels": sorted({layer.security for layer in catalogue if may_see(principal, layer)}),
            "rasters": _by_layer(rasters_in_effect(connection, as_of=terms.day, known_at=known_at), codes),
        },
        as_of=terms.day,
        known_at=known_at,
        editions={code: ids[0] for code, ids in vectors.items()},
        tolerances={"site_accuracy_m": site.accuracy_m},
        rule_set_version=rules.version,
    )
    result = extract_again(connection, inputs, rules, terms.settings)
    run = add_run(
        connection,
        office_id=principal.office_id,
        kind="extract",
        actor=principal.actor,
        as_of=terms.day,
        known_at=known_at,
        inputs=inputs,
        result=result,
        rule_set=rules,
    )
    return Extract(run, canonical_sha256(result), result)


def extract_again(
    connection: Connection, inputs: Mapping[str, Any], rules: RuleSet, settings: Settings
) -> dict[str, Any]:
    """Return the result that follows from the inputs of a run, the rules and the catalogue: from nothing else."""
    question, as_of = inputs["question"], date.fromisoformat(inputs["as_of"])
    catalogue = configured_catalogue(settings)
    site = restore_site(question)
    flat = gpd.GeoSeries(to_plane(np.array([site.ground], dtype=object), site.plane), crs=site.plane)
    chosen = {*inputs["editions"].values(), *(each for ids in question["rasters"].values() for each in ids)}
    described: dict[str, list[Any]] = {}
    for row in describe_editions(connection, chosen):
        described.setdefault(row.layer, []).append(row)
    rows = [row for each in described.values() for row in each]
    states = _layer_states(connection, site, [row for row in rows if row.kind == "vector"])
    rasters = {
        code: [raster_state(row, settings.documents) for row in each if row.kind == "raster"]
        for code, each in described.items()
    }
    found = extract_layers(
        flat, states, question["layers"], as_of=as_of, accuracy_m=site.accuracy_m, own=site.own, rasters=rasters
    )
    layers = [
        layer_json(
            each,
            catalogue.layer(each.code),
            site=site,
            flat=flat[0],
            described=described.get(each.code, []),
            rules=_rules_of(each, states, rules, as_of),
            catalogue=catalogue,
            as_of=as_of,
            seen=catalogue.layer(each.code).security in question["levels"],
        )
        for each in found
    ]
    return {
        "format": FORMAT,
        "as_of": inputs["as_of"],
        "known_at": inputs["known_at"],
        "rule_set": rules.version,
        "plane": site.plane,
        "grid_per_m": GRID_PER_M,
        "site": site_json(site, flat[0]),
        "summary": summary_json(layers),
        "layers": layers,
    }


def _by_layer(editions: Iterable[Any], codes: Collection[str]) -> dict[str, list[int]]:
    """Return the ids of editions by layer, of some layers."""
    found: dict[str, list[int]] = {}
    for row in editions:
        if row.layer in codes:
            found.setdefault(row.layer, []).append(row.id)
    return found


def _rules_of(found: LayerExtract, states: Mapping[str, LayerState], rules: RuleSet, as_of: date) -> list[Rule]:
    """Return the rules about what was found: those that its features concern, and those that read its rasters."""
    about = rules_concerning(found, states[found.code], rules.rules, as_of=as_of) if found.hits else []
    if found.rasters:
        ours = rules_in_force([rule for rule in rules.rules if rule.a is None], as_of)
        about += [rule for rule in ours if rule.predicate.reads_rasters and found.code in rule.layers]
    return sorted({rule.id: rule for rule in about}.values(), key=lambda rule: rule.id)


def _layer_states(connection: Connection, site: Site, vectors: Sequence[Any]) -> dict[str, LayerState]:
    """Return the layers with the features that may lie on a site, in its plane."""
    ground = np.array([site.ground], dtype=object)
    rows = feature_rows_near(connection, [row.id for row in vectors], ground)
    # each feature holds since the edition that brought it
    editions = [SimpleNamespace(**{**row._asdict(), "valid_from": None}) for row in vectors]
    features = [SimpleNamespace(**{**row._asdict(), "valid_from": row.valid_from or row.since}) for row in rows]
    shapes = np.array([shapely.from_wkb(bytes(row.geom)) for row in rows], dtype=object)
    nowhere = np.empty(0, dtype=object)
    return LoadedLayers(editions, features, shapes, 0.0, nowhere, frozenset()).states(site.plane)
