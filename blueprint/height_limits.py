"""The rules about height-limiting surfaces: which surfaces stand over a building, and what it has below the lowest.

A layer of surfaces is rasters, or polygons that each state a plane (``PMXS_A, PMXS_B, PMXS_C``), one elevation (``XGZ``
where ``XGLX`` says 绝对) or one height above the ground (相对); `blueprint.surfaces` measures.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from blueprint.evidence import lies_within
from blueprint.figures import number_of
from blueprint.layer_state import Edition, Feature, Ground, LayerState, select_ground
from blueprint.outcomes import Finding, Measure, Outcome
from blueprint.questions import Asked, Question
from blueprint.reasons import explain
from blueprint.surfaces import (
    HeightCheck,
    HeightRaster,
    PlaneZones,
    Tops,
    check_planes,
    check_surface,
    state_tops,
    tops_on_terrain,
)
from blueprint.vocabulary import seed_vocabulary
from geocode.crs import crs_gate
from geocode.errors import CrsError
from geocode.faults import Text
from layers.errors import RefusedFile

__all__ = ["measure_surfaces"]

_COEFFICIENTS = ("PMXS_A", "PMXS_B", "PMXS_C")
_ABOVE_GROUND = "ground"  # what the heights of relative limits refer to
_ORDER = {outcome: rank for rank, outcome in enumerate(Outcome)}

Floats = NDArray[np.float64]


class _Check(NamedTuple):
    """What one subject is against one surface: an edition's raster, or the lowest of its planes."""

    check: HeightCheck
    edition: Edition | None
    feature: Feature | None = None

    def rank(self) -> tuple[int, float]:
        """Return what sorts the worst first: by outcome, then by what is left below the surface."""
        margin_m = self.check.margin_m
        return _ORDER[self.check.outcome], np.inf if margin_m is None else margin_m


def measure_surfaces(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule about height-limiting surfaces, one for each subject."""
    found: dict[Hashable, list[_Check]] = {row: [] for row in range(len(asked.subjects.ids))}
    every_top = list(_list_tops(asked, question))
    for raster in question.rasters_on(question.code, asked.as_of):
        for tops in every_top:
            for check in _check_raster(tops, HeightRaster(raster.raster, raster.accuracy), raster.code):
                found[check.footprint].append(_Check(check, raster.edition))
    state = question.layer_on(question.code, asked.as_of)
    if state is not None:
        for one in _check_features(asked, question, state, every_top):
            found[one.check.footprint].append(one)
    return [
        _conclude(asked, question, row, sorted(checks, key=_Check.rank)) for row, checks in enumerate(found.values())
    ]


def _list_tops(asked: Asked, question: Question) -> Iterator[Tops]:
    """Yield the tops of the subjects: those that are stated, by what they refer to, then the others on the terrain."""
    surface, subjects = question.rule.surface, asked.subjects
    assert surface is not None
    contexts = [subjects.context(row) for row in range(len(subjects.ids))]
    stated: dict[str, list[int]] = {}
    for row, context in enumerate(contexts):
        if number_of(context, surface.top) is not None and context.get(surface.vertical):
            stated.setdefault(_datum(context[surface.vertical]) or "?", []).append(row)
    for vertical, rows in stated.items():
        top_m = np.array([number_of(contexts[row], surface.top) for row in rows], dtype=float)
        yield state_tops(_footprints(asked, rows), top_m, accuracy_m=question.rule.sigma, vertical=vertical)
    rest = sorted(set(range(len(contexts))) - {row for rows in stated.values() for row in rows})
    if rest:
        yield _on_terrain(asked, question, rest)


def _on_terrain(asked: Asked, question: Question, rows: Sequence[int]) -> Tops:
    surface, footprints = question.rule.surface, _footprints(asked, rows)
    assert surface is not None
    heights_m = _heights(asked, question, rows)
    terrain = question.rasters_on(surface.terrain, asked.as_of)
    if not terrain:
        return _unknown_tops(footprints, explain("terrain_missing", layer=surface.terrain))
    ground = HeightRaster(terrain[0].raster, terrain[0].accuracy)
    try:
        return tops_on_terrain(footprints, heights_m, ground, accuracy_m=question.rule.sigma)
    except RefusedFile as error:
        text = error.fault.text
        return _unknown_tops(footprints, explain("raster_unreadable", layer=surface.terrain, zh=text.zh, en=text.en))


def _unknown_tops(footprints: gpd.GeoSeries, reason: Text) -> Tops:
    reasons = np.full(len(footprints), None, dtype=object)
    for row in range(len(footprints)):
        reasons[row] = reason  # a text is a tuple, which numpy would spread
    return Tops(footprints, np.full(len(footprints), np.nan), 0.0, None, reasons)


def _check_raster(tops: Tops, surface: HeightRaster, code: str) -> list[HeightCheck]:
    try:
        return check_surface(tops, surface)
    except RefusedFile as error:
        reason = explain("raster_unreadable", layer=code, zh=error.fault.text.zh, en=error.fault.text.en)
        return [HeightCheck(row, Outcome.NOT_EVALUATED, reason) for row in tops.footprints.index]


def _check_features(asked: Asked, question: Question, state: LayerState, every_top: Sequence[Tops]) -> Iterator[_Check]:
    """Yield what every subject is against the surfaces that features state, a check for each kind of them."""
    ground = select_ground(state, question.rule.b, asked.as_of)
    contexts = {i: ground.context(i) for i in _list_over(asked, ground)}
    relative = [i for i, context in contexts.items() if str(context.get("XGLX") or "").startswith("相对")]
    rows = range(len(asked.subjects.ids))
    checks: list[list[HeightCheck]] = []
    if relative:
        heights_m, footprints = _heights(asked, question, rows), _footprints(asked, rows)
        tops = state_tops(footprints, heights_m, accuracy_m=question.rule.sigma, vertical=_ABOVE_GROUND)
        checks.append(check_planes(tops, _planes(ground, relative, contexts, asked.crs, _ABOVE_GROUND)))
    by_datum: dict[str | None, list[int]] = {}
    for i in contexts.keys() - set(relative):
        by_datum.setdefault(_datum(contexts[i].get("GCJZ")), []).append(i)
    for vertical, features in by_datum.items():
        zones = _planes(ground, sorted(features), contexts, asked.crs, vertical)
        checks += [check_planes(tops, zones) for tops in every_top]
    known = lies_within(asked.subjects, state.complete)
    under = {check.footprint for every in checks for check in every if check.outcome is not Outcome.NOT_APPLICABLE}
    position = {identity: i for i, identity in enumerate(ground.ids.tolist())}
    for every in checks:
        for check in every:
            if check.footprint in under:
                yield _Check(
                    check, state.edition, None if check.plane is None else ground.feature(position[check.plane])
                )
    for row in rows:
        if row not in under:
            why = explain("no_plane") if known[row] else explain("incomplete", layer=state.code)
            yield _Check(
                HeightCheck(row, Outcome.NOT_APPLICABLE if known[row] else Outcome.NOT_EVALUATED, why), state.edition
            )


def _list_over(asked: Asked, ground: Ground) -> list[int]:
    """Return the positions of the features that may stand over a subject, those that cannot be overlaid among them."""
    usable = asked.subjects.geometry[asked.subjects.usable_rows()]
    over = ground.tree.query(usable, predicate="intersects")[1]
    return sorted({*over.tolist(), *ground.unusable_rows()})


def _planes(
    ground: Ground, features: Sequence[int], contexts: Mapping[int, Mapping[str, Any]], crs: Any, vertical: str | None
) -> PlaneZones:
    """Return the surfaces of some features as planes; one that states no height has no coefficients."""
    coefficients = [_coefficients(contexts[i], tilted=vertical != _ABOVE_GROUND) for i in features]
    a, b, c = np.array(coefficients, dtype=float).reshape(-1, 3).T
    zones = gpd.GeoDataFrame(
        {"a": a, "b": b, "c": c, "plane_crs": [contexts[i].get("PMXS_CRS") for i in features]},
        geometry=ground.geometry[list(features)],
        index=ground.ids[list(features)],
        crs=crs,
    )
    return PlaneZones(zones, 0.0, vertical)


def _coefficients(context: Mapping[str, Any], *, tilted: bool) -> tuple[float | None, ...]:
    stated = tuple(number_of(context, name) for name in _COEFFICIENTS)
    if not _is_crs(context.get("PMXS_CRS")):
        return None, None, None
    return stated if tilted and None not in stated else (0.0, 0.0, number_of(context, "XGZ"))


def _is_crs(stated: object) -> bool:
    try:
        crs_gate(str(stated)) if stated else None
    except CrsError:
        return False
    return True


def _footprints(asked: Asked, rows: Sequence[int]) -> gpd.GeoSeries:
    return gpd.GeoSeries(asked.subjects.geometry[list(rows)], index=list(rows), crs=asked.crs)


def _heights(asked: Asked, question: Question, rows: Sequence[int]) -> Floats:
    surface = question.rule.surface
    assert surface is not None
    heights_m = [number_of(asked.subjects.context(row), surface.height) for row in rows]
    return np.array([np.nan if height_m is None else height_m for height_m in heights_m])


def _datum(stated: object) -> str | None:
    """Return the vertical reference that a text names: a code of EPSG, or one of the names in words.toml."""
    text = str(stated or "").replace(" ", "")
    return text if text.upper().startswith("EPSG:") else seed_vocabulary().words["vertical_datums"].get(text)


def _conclude(asked: Asked, question: Question, row: int, checks: Sequence[_Check]) -> Finding:
    if (problem := asked.subjects.unusable[row]) is not None:
        why = explain("subject_unusable", problem=problem)
        return Finding(asked.subjects.ids[row], question.rule, question.code, Outcome.NOT_EVALUATED, reason=why)
    worst = checks[0]
    check = worst.check
    missed = check.margin_m is not None and check.margin_m < 0
    return Finding(
        footprint=asked.subjects.ids[row],
        rule=question.rule,
        layer=question.code,
        outcome=check.outcome,
        edition=worst.edition,
        measured=check.measured,
        required=check.required,
        margin=check.margin_m if check.outcome is not Outcome.NOT_EVALUATED else None,
        certainty=check.certainty if missed else None,
        reason=check.reason,
        features=() if worst.feature is None else (worst.feature,),
        witness=check.witness,
        measures=tuple(map(_measure, checks)) if len(checks) > 1 else (),
    )


def _measure(one: _Check) -> Measure:
    check, edition, feature = one
    label = str(feature.name or feature.id) if feature is not None else edition.title if edition is not None else ""
    return Measure(
        label, check.outcome, check.measured, check.required, check.margin_m, feature=feature, witness=check.witness
    )
