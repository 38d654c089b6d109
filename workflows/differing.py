"""Where two plans differ: compared over one extent, kept as a run, told again; their cases follow their ground."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

import geopandas as gpd
import shapely

from blueprint.differences import DifferenceClass, Thresholds
from blueprint.following import follow_ground
from blueprint.rule_sets import RuleSet
from geocode import Text
from geocode.planes import to_plane
from store.database import Connection, Database, transaction
from store.differences import add_differences, add_grounds, grounds_before, read_differences
from store.errors import NotHereError
from store.runs import add_run
from workflows.comparisons import SIDES, Basis, DifferenceOptions, Found, compute, find_basis, inputs_of, summarize
from workflows.errors import RefusedOptionError
from workflows.idempotency import once
from workflows.plan_states import edition_named
from workflows.principals import Principal
from workflows.reports import geometry_json
from workflows.rights import allow
from workflows.runs import allowed_run
from workflows.terms import Terms, settle_terms

__all__ = [
    "DifferenceOptions",
    "allowed_comparison",
    "compare_plans",
    "list_pieces",
    "read_pieces",
    "recompute_differences",
    "show_differences",
]

_MOST_AT_ONCE = 10_000


def compare_plans(
    database: Database,
    first: str,
    second: str,
    *,
    terms: Terms,
    options: DifferenceOptions,
    key: str | None = None,
) -> dict[str, Any]:
    """Compare two plans, keep the answer as a run, and return its summary as `show_differences` does.

    Parameters
    ----------
    first, second
        Layers, named as `workflows.plan_states.find_state` takes them: as they hold on the day of the terms.
    key
        The client's own, under which the answer is kept.

    Raises
    ------
    ForbiddenError
        The role compares no plans, or does not see one of the layers.
    UnknownLayer, NotHereError
        There is no such layer or edition.
    RefusedOptionError
        No edition holds, a layer bears no land use that the crosswalk knows, it is not known where to compare, or the
        time whose knowledge counts has not come.
    """
    allow(terms.principal, "compare_plans")
    request = {
        "action": "compare_plans",
        "plans": [first, second],
        "moment": [str(terms.as_of), str(terms.known_at)],
        **{name: value if isinstance(value, float | None) else str(value) for name, value in asdict(options).items()},
    }
    with transaction(database) as connection:
        work = partial(_compare, connection, (first, second), options, terms)
        return once(connection, terms.principal, key, request, work)


def show_differences(database: Database, run_id: str, *, principal: Principal) -> dict[str, Any]:
    """Return the summary of a comparison.

    Returns
    -------
    dict
        ``run``, ``as_of``, ``known_at``; ``first`` and ``second``: layer and edition; ``plane``, ``area_m2`` and
        ``ellipsoid_area_m2`` of the extent; ``thresholds``; ``pieces``, their number; ``by_class``, ``by_district`` and
        ``by_land_class``: count, areas, share; ``untold``: what is wrong with features and pairs, the
        first 1,000, and ``untold_counts`` of all by kind; ``hit_layers`` and
        ``hit_layers_missing``; ``sha256`` of the answer.

    Raises
    ------
    NotHereError
        There is no comparison of that id.
    ForbiddenError, HiddenError
        The role reads no runs, or not those of another office.
    """
    with transaction(database) as connection:
        return _told(allowed_comparison(connection, run_id, principal))


def list_pieces(  # noqa: PLR0913 - each can be left out
    database: Database,
    run_id: str,
    *,
    principal: Principal,
    classes: tuple[str, ...] = (),
    slivers: bool = True,
    after: int = 0,
    most: int = _MOST_AT_ONCE,
) -> dict[str, Any]:
    """Return pieces of a comparison as a GeoJSON collection; ``next`` is what to give as `after` for those that follow.

    Raises
    ------
    NotHereError, ForbiddenError, HiddenError
        As `show_differences`.
    RefusedOptionError
        A class is none.
    """
    _check_classes(classes)
    most = min(most, _MOST_AT_ONCE)
    with transaction(database) as connection:
        allowed_comparison(connection, run_id, principal)
        pieces = read_differences(connection, run_id, classes=classes, slivers=slivers, after=after, most=most + 1)
    shown = pieces.iloc[:most]
    rows = shown.drop(columns="geometry").to_dict("records")
    features = [
        {"type": "Feature", "id": row.pop("id"), "properties": row, "geometry": geometry_json(shape)}
        for row, shape in zip(rows, shown.geometry, strict=True)
    ]
    following = features[-1]["id"] if len(pieces) > len(shown) else None
    return {"type": "FeatureCollection", "features": features, "next": following}


def read_pieces(database: Database, run_id: str, *, principal: Principal) -> gpd.GeoDataFrame:
    """Return all pieces of a comparison in EPSG:4490, as they are stored; raises as `show_differences` does."""
    with transaction(database) as connection:
        allowed_comparison(connection, run_id, principal)
        return read_differences(connection, run_id)


def recompute_differences(
    connection: Connection, inputs: Mapping[str, Any], rules: RuleSet
) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    """Return the summary of a comparison computed again from the inputs of its run, and the pieces as they are stored."""
    question = inputs["question"]
    basis = Basis(
        editions={name: edition_named(connection, identity) for name, identity in inputs["editions"].items()},
        systems=(question["first"]["system"], question["second"]["system"]),
        days=(date.fromisoformat(question["first"]["day"]), date.fromisoformat(question["second"]["day"])),
        extent=shapely.from_wkt(question["within"]),
        as_of=date.fromisoformat(inputs["as_of"]),
        thresholds=Thresholds(**question["thresholds"]),
        rules=rules,
    )
    found = compute(connection, basis)
    return summarize(basis, found), found.stored


def _compare(
    connection: Connection, names: tuple[str, str], options: DifferenceOptions, terms: Terms
) -> dict[str, Any]:
    terms, known_at = settle_terms(connection, terms)
    basis = find_basis(connection, names, options, terms=terms, known_at=known_at)
    found = compute(connection, basis)
    run_id = add_run(
        connection,
        office_id=terms.principal.office_id,
        kind="differences",
        actor=terms.principal.actor,
        as_of=terms.day,
        known_at=known_at,
        inputs=inputs_of(basis, known_at),
        result=summarize(basis, found),
        rule_set=basis.rules,
    )
    pieces = add_differences(connection, run_id, found.stored)
    _follow_cases(connection, run_id, found, pieces)
    return _told(allowed_comparison(connection, run_id, terms.principal))


def _follow_cases(connection: Connection, run_id: str, found: Found, pieces: Sequence[int]) -> None:
    """Have the cases of earlier comparisons of the same layers stand on what their ground is now, or on nothing."""
    cases = grounds_before(connection, run_id)
    before = to_plane(cases.geometry.to_numpy(), found.plane)
    followed = follow_ground(before, found.differences.pieces.geometry.to_numpy())
    within = shapely.area(shapely.intersection(before, found.extent)) >= shapely.area(before) / 2
    grounds: dict[str, tuple[int | None, float | None]] = {}
    for case, now, iou, here in zip(cases.index, followed.now.tolist(), followed.iou.tolist(), within, strict=True):
        if now >= 0:
            grounds[case] = (pieces[now], iou)
        elif here:
            grounds[case] = (None, None)
    add_grounds(connection, run_id, grounds)


def allowed_comparison(connection: Connection, run_id: str, principal: Principal) -> Any:
    """Return the row of a comparison that a principal may read; raises as `show_differences` does."""
    row = allowed_run(connection, run_id, principal)
    if row.kind != "differences":
        raise NotHereError(Text(f"运算记录 {run_id} 不是规划比对。", f"The run {run_id} is no comparison of plans."))
    return row


def _told(row: Any) -> dict[str, Any]:
    question = row.inputs["question"]
    return {
        "run": row.id,
        "as_of": row.as_of.isoformat(),
        "known_at": row.known_at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        **{side: question[side] for side in SIDES},
        **row.result,
        "sha256": row.result_sha256,
    }


def _check_classes(classes: tuple[str, ...]) -> None:
    known = [str(each) for each in DifferenceClass]
    for name in classes:
        if name not in known:
            listed = ", ".join(known)
            raise RefusedOptionError(
                Text(f"没有差异类别“{name}”。", f"There is no class of differences “{name}”."),
                Text(f"可选:{listed}。", f"Choose one of {listed}."),
            )
