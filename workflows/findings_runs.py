"""Findings as runs: what the blueprint said of footprints, kept with all that it rests on."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from blueprint.grid_geometries import GRID_PER_M, to_grid
from blueprint.rule_sets import RuleSet
from geocode import STORAGE_CRS
from geocode.planes import to_plane
from layers.catalogue_entries import Catalogue
from store.database import Connection
from store.runs import add_run, canonical_sha256
from workflows.deliveries import planes_of
from workflows.layer_rights import may_see
from workflows.runs import run_inputs, settled
from workflows.terms import Terms

__all__ = ["FORMAT", "findings_result", "keep_findings", "question_ground"]

FORMAT = "luotu-findings/1"


def keep_findings(
    connection: Connection,
    ground: gpd.GeoDataFrame,
    told: Sequence[Mapping[str, Any]],
    *,
    terms: Terms,
    rules: RuleSet,
    catalogue: Catalogue,
) -> list[dict[str, Any]]:
    """Keep what was said of footprints as one run, and return it, each footprint with the ``run`` and its ``sha256``.

    Parameters
    ----------
    ground
        The footprints in EPSG:4490 with the column ``attrs``, in the order of `told`.
    told
        What was said of each: `workflows.checking.Checked.as_json`.
    terms
        As `settle_terms` returns them.
    """
    assert terms.known_at is not None
    question = {
        "footprints": [
            {"code": row["code"], "name": row["name"], "attributes": attrs, "ground": shapely.geometry.mapping(shape)}
            for row, attrs, shape in zip(told, ground["attrs"], ground.geometry, strict=True)
        ],
        "role": terms.principal.role,
        "catalogue": catalogue.version,
        "levels": sorted({layer.security for layer in catalogue if may_see(terms.principal, layer)}),
    }
    inputs = run_inputs(
        question,
        as_of=terms.day,
        known_at=terms.known_at,
        editions=_editions(told),
        tolerances={"footprint_accuracy_m": terms.settings.footprint_accuracy_m},
        rule_set_version=rules.version,
    )
    result = findings_result(ground, told, inputs=inputs)
    run = add_run(
        connection,
        office_id=terms.principal.office_id,
        kind="findings",
        actor=terms.principal.actor,
        as_of=terms.day,
        known_at=terms.known_at,
        inputs=inputs,
        result=result,
        rule_set=rules,
    )
    return [{**row, "run": run, "sha256": canonical_sha256(result)} for row in told]


def findings_result(
    ground: gpd.GeoDataFrame, told: Sequence[Mapping[str, Any]], *, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the result of a run: what was said of each footprint, its witnesses on the grid of the footprint's plane."""
    return {
        "format": FORMAT,
        **{name: inputs[name] for name in ("as_of", "known_at", "rule_set")},
        "grid_per_m": GRID_PER_M,
        "footprints": [
            {
                **{name: row[name] for name in ("code", "name", "verdict", "attributes")},
                "plane": plane,
                "findings": [_finding(finding, plane) for finding in row["findings"]],
            }
            for row, plane in zip(told, planes_of(ground), strict=True)
        ],
    }


def question_ground(question: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return the footprints that a run asked about, EPSG:4490, with the columns ``attrs, code, name``."""
    rows = question["footprints"]
    columns = {"attrs": "attributes", "code": "code", "name": "name"}
    data = {column: pd.Series([row[key] for row in rows], dtype=object) for column, key in columns.items()}
    return gpd.GeoDataFrame(data, geometry=[shapely.geometry.shape(row["ground"]) for row in rows], crs=STORAGE_CRS)


def _editions(told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found = [finding for row in told for finding in row["findings"] if finding["edition"] is not None]
    return {finding["layer"]["code"]: finding["edition"]["id"] for finding in found}


def _finding(finding: Mapping[str, Any], plane: str) -> dict[str, Any]:
    witness = finding["witness"]
    if witness is not None:
        witness = to_grid(to_plane(np.array([shapely.geometry.shape(witness)], dtype=object), plane)[0])
    return {**settled({name: value for name, value in finding.items() if name != "witness"}), "witness": witness}
