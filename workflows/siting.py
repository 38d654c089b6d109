"""Sites for a project: candidates judged and ranked, and the answer kept as a run."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from blueprint.layer_state import LayerState
from blueprint.outcomes import Finding
from blueprint.rule_sets import RuleSet
from blueprint.rules import Rule
from blueprint.site_factors import Surroundings
from blueprint.siting import Site, Siting, SitingProfile, choose_sites, read_profile, seed_profile_text
from geocode import STORAGE_CRS, Text
from geocode.planes import ellipsoid_areas_m2
from store.database import Connection, Database, transaction
from store.editions import editions_in_effect
from store.errors import NotHereError
from store.runs import add_run
from workflows.catalogues import configured_catalogue
from workflows.deliveries import in_plane
from workflows.divisions import divisions_of
from workflows.idempotency import once
from workflows.plan_states import load_states
from workflows.principals import Principal
from workflows.rastering import raster_states
from workflows.reports import geometry_json, text_json
from workflows.rights import allow
from workflows.rule_sets import rule_set
from workflows.runs import allowed_run, run_inputs, settled
from workflows.settings import Settings
from workflows.site_candidates import CandidateOptions, Candidates, find_candidates
from workflows.terms import Terms, settle_terms

__all__ = ["SitingOptions", "find_sites", "recompute_sites", "show_sites", "sites_frame", "sites_geojson"]

_ENDS = ("low", "high")
_KINDS = ("vetoes", "doubts", "advice")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingOptions:
    """What sites are looked for by.

    Attributes
    ----------
    candidates
        Which come into question; not asked where a file is given.
    profile
        The TOML text of the factors and their weights; the one that comes along where it is empty.
    share
        By how much of itself each weight varies when ranks are followed.
    """

    candidates: CandidateOptions
    profile: str = ""
    share: float = 0.2


class _Basis(NamedTuple):
    """What sites are judged by."""

    candidates: Candidates
    profile: SitingProfile
    rules: RuleSet
    as_of: date
    known_at: datetime
    share: float


def find_sites(
    database: Database,
    *,
    terms: Terms,
    options: SitingOptions,
    file: Path | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """Judge and rank candidate sites, keep the answer as a run, and return it as `show_sites` does.

    Parameters
    ----------
    file
        Polygons that are the candidates.
    key
        The client's own, under which the answer is kept.

    Raises
    ------
    ForbiddenError
        The role looks for no sites, or does not see the candidates' layer.
    RuleError
        The profile has a mistake; with the key.
    RefusedFile, CrsError, UnknownLayer, FilterError, RefusedOptionError
        As `workflows.site_candidates.find_candidates`.
    """
    allow(terms.principal, "compare_plans")
    said = {name: str(value) for name, value in asdict(options).items()}
    request = {"action": "find_sites", "options": said, "moment": [str(terms.as_of), str(terms.known_at)]}
    with transaction(database) as connection:
        return once(connection, terms.principal, key, request, partial(_find, connection, terms, options, file))


def show_sites(database: Database, run_id: str, *, principal: Principal) -> dict[str, Any]:
    """Return what became of candidate sites.

    Returns
    -------
    dict
        ``run``, ``as_of``, ``known_at``, ``plane``; ``excluded``: how many candidates were left out, by why; ``factors``:
        name, weight, the range of weights over which the first place stays, and missing layers; ``challengers``: the ids
        of sites that may be better than the first; ``sites`` by rank, the vetoed last: ``id``, ``name``, areas,
        ``status``, ``rank``, ``score`` and the values and measures of each factor, each from low to high, ``vetoes``,
        ``doubts``, ``advice``, ``inherited``, ``geometry``; ``sha256`` of the answer.

    Raises
    ------
    NotHereError
        There is no such run.
    ForbiddenError, HiddenError
        The role reads no runs, or not those of another office.
    """
    with transaction(database) as connection:
        row = allowed_run(connection, run_id, principal)
        if row.kind != "sites":
            raise NotHereError(Text(f"运算记录 {run_id} 不是选址。", f"The run {run_id} is no search for sites."))
        return _told(row)


def recompute_sites(connection: Connection, inputs: Mapping[str, Any], rules: RuleSet, settings: Settings) -> Any:
    """Return the answer of a search for sites, computed again from the inputs of its run."""
    question = inputs["question"]
    rows = question["candidates"]
    frame = gpd.GeoDataFrame(
        {"name": [row["name"] for row in rows]},
        geometry=shapely.from_wkt([row["ground"] for row in rows]),
        index=[row["id"] for row in rows],
        crs=STORAGE_CRS,
    )
    accuracy_m = inputs["tolerances"]["candidate_accuracy_m"]
    basis = _Basis(
        candidates=Candidates(frame, question["excluded"], accuracy_m, question["plane"]),
        profile=_profile(question["profile"], rules),
        rules=rules,
        as_of=date.fromisoformat(inputs["as_of"]),
        known_at=datetime.fromisoformat(inputs["known_at"]),
        share=question["share"],
    )
    return _judge(connection, basis, question["office_id"], settings)[0]


def sites_geojson(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return sites as a GeoJSON collection, all else that is known as its members."""
    features = [
        {
            "type": "Feature",
            "id": site["id"],
            "properties": {name: value for name, value in site.items() if name not in {"id", "geometry"}},
            "geometry": site["geometry"],
        }
        for site in told["sites"]
    ]
    rest = {name: value for name, value in told.items() if name != "sites"}
    return {"type": "FeatureCollection", "features": features, **rest}


def sites_frame(told: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return sites as rows for a file or a table: ranks, scores and values in columns, rules as their ids."""
    factors = [factor["id"] for factor in told["factors"]]
    rows = [
        {
            "source_id": site["id"],
            **{name: site[name] for name in ("name", "rank", "rank_best", "rank_worst", "status", "area_m2")},
            **{f"score_{end}": site["score"][end] for end in _ENDS},
            **{f"{factor}_{end}": site["factors"][factor]["value"][end] for factor in factors for end in _ENDS},
            **{kind: " ".join(found["rule"] for found in site[kind]) for kind in _KINDS},
        }
        for site in told["sites"]
    ]
    shapes = [shapely.geometry.shape(site["geometry"]) for site in told["sites"]]
    ranks = dict.fromkeys(("rank", "rank_best", "rank_worst"), "Int64")
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=STORAGE_CRS).astype(ranks)


def _find(connection: Connection, terms: Terms, options: SitingOptions, file: Path | None) -> dict[str, Any]:
    terms, known_at = settle_terms(connection, terms)
    principal, settings, rules = terms.principal, terms.settings, rule_set(terms.settings)
    candidates = find_candidates(
        connection,
        options.candidates,
        file=file,
        as_of=terms.day,
        known_at=known_at,
        catalogue=configured_catalogue(settings),
        principal=principal,
        file_accuracy_m=settings.footprint_accuracy_m,
    )
    text = options.profile or seed_profile_text()
    basis = _Basis(candidates, _profile(text, rules), rules, terms.day, known_at, options.share)
    result, editions = _judge(connection, basis, principal.office_id, settings)
    question = {
        "candidates": [
            {"id": index, "name": name, "ground": shape.wkt}
            for index, name, shape in zip(
                candidates.frame.index, candidates.frame["name"], candidates.frame.geometry, strict=True
            )
        ],
        "excluded": candidates.excluded,
        "plane": candidates.plane,
        "profile": text,
        "share": options.share,
        "office_id": principal.office_id,
    }
    run_id = add_run(
        connection,
        office_id=principal.office_id,
        kind="sites",
        actor=principal.actor,
        as_of=terms.day,
        known_at=known_at,
        inputs=run_inputs(
            question,
            as_of=terms.day,
            known_at=known_at,
            editions=editions,
            tolerances={"candidate_accuracy_m": candidates.accuracy_m},
            rule_set_version=rules.version,
        ),
        result=result,
        rule_set=rules,
    )
    return _told(allowed_run(connection, run_id, principal))


def _profile(text: str, rules: RuleSet) -> SitingProfile:
    return read_profile(text, file="profile", crosswalk=rules.vocabulary.crosswalk)


def _judge(
    connection: Connection, basis: _Basis, office_id: int, settings: Settings
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what is found of candidates, as the run keeps it, and the editions that were looked at."""
    candidates = basis.candidates
    day: Any = {"as_of": basis.as_of, "known_at": basis.known_at}
    rules = [rule for rule in basis.rules.rules if rule.a is None and rule.holds_on(basis.as_of)]
    flat = in_plane(candidates.frame, candidates.plane)
    layers, editions = _layers(connection, basis, rules)
    factors = basis.profile.factors
    codes = {code for factor in factors for code in factor.layers}
    rasters = raster_states(connection, codes, documents=settings.documents, **day)
    editions |= {code: states[-1].edition.id for code, states in rasters.items()}
    divisions = None
    if any(rule.divisions for rule in rules):
        divisions = divisions_of(connection, candidates.frame, office_id=office_id, **day)
    found = choose_sites(
        flat,
        Surroundings(layers, rasters, basis.as_of, flat.crs),
        rules,
        basis.profile,
        as_of=basis.as_of,
        accuracy_m=candidates.accuracy_m,
        divisions=divisions,
        share=basis.share,
    )
    return _result(found, basis, flat), editions


def _layers(
    connection: Connection, basis: _Basis, rules: Iterable[Rule]
) -> tuple[dict[str, LayerState], dict[str, int]]:
    """Return the layers that rules, factors and assessments look at, around all candidates as far as they do."""
    reaches = {code: 0.0 for rule in rules for code in rule.layers}
    reaches |= dict.fromkeys(basis.profile.inherited, 0.0)
    for factor in basis.profile.factors:
        for code in factor.layers:
            reaches[code] = max(reaches.get(code, 0.0), factor.reach_m)
    rows = editions_in_effect(connection, as_of=basis.as_of, known_at=basis.known_at)
    around = np.asarray(basis.candidates.frame.geometry.values)
    layers: dict[str, LayerState] = {}
    for reach_m in sorted(set(reaches.values())):
        mine = [row for row in rows if reaches.get(row.layer) == reach_m]
        layers |= load_states(connection, mine, around, basis.candidates.plane, reach_m=reach_m)
    return layers, {row.layer: row.id for row in rows if row.layer in reaches}


def _result(found: Siting, basis: _Basis, flat: gpd.GeoDataFrame) -> dict[str, Any]:
    frame = basis.candidates.frame
    areas_m2 = dict(zip(flat.index, flat.geometry.area, strict=True))
    ellipsoid_m2 = dict(zip(frame.index, ellipsoid_areas_m2(frame.geometry.to_numpy()), strict=True))
    ranges = {each.factor: each for each in found.weights}
    whole: dict[str, Any] = {
        "plane": basis.candidates.plane,
        "excluded": basis.candidates.excluded,
        "factors": [
            {
                "id": factor.id,
                "name": text_json(factor.name),
                "weight": factor.weight,
                "first_stays": {"low": ranges[factor.id].low, "high": ranges[factor.id].high},
                "missing": list(found.missing.get(factor.id, ())),
            }
            for factor in basis.profile.factors
        ],
        "challengers": list(found.challengers),
        "sites": [
            _site_json(site, frame["name"][site.id], areas_m2[site.id], ellipsoid_m2[site.id]) for site in found.sites
        ],
    }
    plain: dict[str, Any] = settled(whole)
    return plain


def _site_json(site: Site, name: str | None, area_m2: float, ellipsoid_area_m2: float) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": name,
        "area_m2": area_m2,
        "ellipsoid_area_m2": ellipsoid_area_m2,
        "status": str(site.status),
        "rank": site.rank,
        "rank_best": site.rank_best,
        "rank_worst": site.rank_worst,
        "score": _ends(site.score),
        "factors": {
            factor: {"measure": _ends(site.measures[factor]), "value": _ends(value)}
            for factor, value in site.values.items()
        },
        **{kind: [_finding_json(finding) for finding in getattr(site, kind)] for kind in _KINDS},
        "inherited": [each._asdict() for each in site.inherited],
    }


def _ends(interval: tuple[float, float]) -> dict[str, float]:
    return {"low": interval[0], "high": interval[1]}


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "title": text_json(finding.rule.title),
        "layer": finding.layer,
        "outcome": str(finding.outcome),
        "severity": str(finding.severity),
        "advisory": finding.advisory,
        "area_m2": finding.area_m2,
        "share": finding.share,
        "reason": None if finding.reason is None else text_json(finding.reason),
        "basis": [{"doc": basis.doc, "article": basis.article} for basis in finding.basis],
    }


def _told(row: Any) -> dict[str, Any]:
    grounds = {each["id"]: shapely.from_wkt(each["ground"]) for each in row.inputs["question"]["candidates"]}
    sites = [{**site, "geometry": geometry_json(grounds[site["id"]])} for site in row.result["sites"]]
    return {
        "run": row.id,
        "as_of": row.as_of.isoformat(),
        "known_at": row.known_at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        **row.result,
        "sites": sites,
        "sha256": row.result_sha256,
    }
