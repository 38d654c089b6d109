"""A comparison of two plans, from the editions that it rests on to what is kept of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from blueprint.certainty import combine_accuracies
from blueprint.differences import Differences, Thresholds, derive_thresholds, find_differences
from blueprint.grid_geometries import GRID_M
from blueprint.hits import load_hit_layers, measure_hits
from blueprint.rule_sets import RuleSet
from blueprint.statistics import tabulate
from geocode import STORAGE_CRS, Text
from geocode.planes import ellipsoid_areas_m2, from_plane, measure_plane, to_plane
from layers.catalogue_entries import Layer
from store.database import Connection
from store.editions import editions_in_effect
from workflows.catalogues import configured_catalogue
from workflows.errors import RefusedOptionError
from workflows.layer_rights import allow_layer
from workflows.plan_states import find_state, load_state, meeting_of
from workflows.reports import text_json
from workflows.rule_sets import rule_set
from workflows.runs import run_inputs, settled
from workflows.terms import Terms

__all__ = ["SIDES", "Basis", "DifferenceOptions", "Found", "compute", "find_basis", "inputs_of", "summarize"]

SIDES = ("first", "second")
_DISTRICTS = "XZ1101"
_MOST_UNTOLD = 1_000
_TABLES = {
    "by_class": ("class",),
    "by_district": ("district", "class"),
    "by_land_class": ("left_class", "right_class"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceOptions:
    """What two plans are compared by.

    Attributes
    ----------
    within
        The extent in EPSG:4490; where both layers are complete, if None.
    min_area_m2, min_width_m
        Below either a piece is a sliver; derived from the accuracies of both layers where None.
    """

    within: Any = None
    min_area_m2: float | None = None
    min_width_m: float | None = None


class Basis(NamedTuple):
    """What a comparison rests on.

    Attributes
    ----------
    editions
        Their rows: ``first``, ``second``, and those of the layers that pieces are held against, by code.
    systems, days
        The code systems of both, and the days on which they are taken.
    extent
        In EPSG:4490.
    """

    editions: dict[str, Any]
    systems: tuple[str, str]
    days: tuple[date, date]
    extent: Any
    as_of: date
    thresholds: Thresholds
    rules: RuleSet


class Found(NamedTuple):
    """The differences in the plane, the pieces as they are stored, and the extent in the plane."""

    differences: Differences
    stored: gpd.GeoDataFrame
    plane: str
    extent: Any


def find_basis(
    connection: Connection, names: tuple[str, str], options: DifferenceOptions, *, terms: Terms, known_at: datetime
) -> Basis:
    """Return the editions, and the extent, that a comparison of two named layers rests on.

    Raises
    ------
    UnknownLayer, NotHereError
        There is no such layer or edition.
    ForbiddenError
        A layer is not for the principal.
    RefusedOptionError
        No edition holds, a layer bears no land use that the crosswalk knows, or it is not known where to compare.
    """
    rules, catalogue = rule_set(terms.settings), configured_catalogue(terms.settings)
    asked: Any = {"as_of": terms.day, "known_at": known_at}
    left, right = (find_state(connection, name, catalogue=catalogue, **asked) for name in names)
    for named in (left, right):
        allow_layer(terms.principal, named.layer)
    beside = {_DISTRICTS, *load_hit_layers().codes}
    held = {row.layer: row for row in editions_in_effect(connection, **asked) if row.layer in beside}
    return Basis(
        editions={"first": left.edition, "second": right.edition, **held},
        systems=(_system_of(left.layer, rules), _system_of(right.layer, rules)),
        days=(left.day, right.day),
        extent=meeting_of(left.edition, right.edition) if options.within is None else options.within,
        as_of=terms.day,
        thresholds=_thresholds(left.edition, right.edition, options),
        rules=rules,
    )


def compute(connection: Connection, basis: Basis) -> Found:
    """Return what a comparison finds, in the plane of the extent's centroid."""
    middle = basis.extent.centroid
    plane = measure_plane(middle.x, middle.y)
    extent = to_plane(np.array([basis.extent], dtype=object), plane)[0]
    listed = load_hit_layers()
    states = {
        name: load_state(
            connection, row, np.array([basis.extent], dtype=object), plane, own_days=name in listed.approvals
        )
        for name, row in basis.editions.items()
    }
    found = find_differences(
        states.pop("first"),
        states.pop("second"),
        extent,
        as_of=basis.days[0],
        second_as_of=basis.days[1],
        crosswalk=basis.rules.vocabulary.crosswalk,
        systems=basis.systems,
        districts=states.pop(_DISTRICTS, None),
        thresholds=basis.thresholds,
    )
    hits = measure_hits(found.pieces, states.values(), as_of=basis.as_of, listed=listed)
    return Found(found, _stored(found.pieces, hits), plane, extent)


def inputs_of(basis: Basis, known_at: datetime) -> dict[str, Any]:
    """Return the inputs of the run of a comparison."""
    sides = {
        side: {
            "layer": basis.editions[side].layer,
            "edition": basis.editions[side].id,
            "title": basis.editions[side].title,
            "system": system,
            "day": day.isoformat(),
        }
        for side, system, day in zip(SIDES, basis.systems, basis.days, strict=True)
    }
    return run_inputs(
        {**sides, "within": basis.extent.wkt, "thresholds": basis.thresholds._asdict()},
        as_of=basis.as_of,
        known_at=known_at,
        editions={name: row.id for name, row in basis.editions.items()},
        tolerances={f"{side}_accuracy_m": basis.editions[side].accuracy_m for side in SIDES},
        rule_set_version=basis.rules.version,
    )


def summarize(basis: Basis, found: Found) -> dict[str, Any]:
    """Return what a comparison found, but for the pieces themselves, which stand in a table of their own."""
    pieces, listed = found.differences.pieces, load_hit_layers()
    whole: dict[str, Any] = {
        "plane": found.plane,
        "area_m2": float(shapely.area(found.extent)),
        "ellipsoid_area_m2": float(ellipsoid_areas_m2(np.array([basis.extent]))[0]),
        "thresholds": found.differences.thresholds._asdict(),
        "pieces": len(pieces),
        "pieces_sha256": _digest(pieces),
        **{name: tabulate(pieces, by).to_dict("records") for name, by in _TABLES.items()},
        "untold": [
            {"kind": each.kind, "layer": each.layer, "features": list(each.features), "reason": text_json(each.reason)}
            for each in found.differences.untold[:_MOST_UNTOLD]
        ],
        "untold_counts": dict(Counter(each.kind for each in found.differences.untold)),
        "hit_layers": [code for code in listed.codes if code in basis.editions],
        "hit_layers_missing": [code for code in listed.codes if code not in basis.editions],
    }
    plain: dict[str, Any] = settled(whole)
    return plain


def _system_of(layer: Layer, rules: RuleSet) -> str:
    """Return the code system of a layer of land use."""
    known = rules.vocabulary.crosswalk.classes
    if layer.class_system not in known:
        listed = ", ".join(sorted(known))
        raise RefusedOptionError(
            Text(
                f"图层 {layer.code} 没有可对照的用地代码。", f"Layer {layer.code} bears no land-use codes to compare."
            ),
            Text(f"选择代码体系为 {listed} 的图层。", f"Choose a layer whose codes are of {listed}."),
        )
    return layer.class_system


def _thresholds(first: Any, second: Any, options: DifferenceOptions) -> Thresholds:
    derived = derive_thresholds(combine_accuracies(first.accuracy_m, second.accuracy_m))
    given = (options.min_area_m2, options.min_width_m)
    return Thresholds(*(limit if limit is not None else own for limit, own in zip(given, derived, strict=True)))


def _stored(pieces: gpd.GeoDataFrame, hits: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return pieces as they are stored: in EPSG:4490, with texts, numbers and None."""
    table = pd.DataFrame(pieces.drop(columns="geometry")).rename(columns={"left": "left_id", "right": "right_id"})
    for name in ("class", "left_class", "right_class", "certainty"):
        table[name] = pd.Series([None if each is None else str(each) for each in table[name]], dtype=object)
    table["hits"] = pd.Series([settled(each) for each in hits], dtype=object)
    ground = from_plane(pieces.geometry.to_numpy(), pieces.crs.to_string())
    return gpd.GeoDataFrame(table, geometry=ground, crs=STORAGE_CRS)


def _digest(pieces: gpd.GeoDataFrame) -> str:
    """Return a hash of what pieces say and of their ground, in whole numbers of the grid and in one order."""
    names = ("class", "left", "right", "left_code", "right_code", "district", "certainty", "is_sliver")
    said = sha256(orjson.dumps([[_plain(each) for each in pieces[name]] for name in names]))
    ground = shapely.transform(pieces.geometry.to_numpy(), lambda xy: np.rint(xy / GRID_M))
    said.update(b"".join(shapely.to_wkb(shapely.normalize(ground))))
    return said.hexdigest()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
