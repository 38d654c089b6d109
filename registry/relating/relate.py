"""Relate a delivery to the footprints that are known: same building or not."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.confidence import counterpart_odds
from registry.relating.conflicts import find_conflicts
from registry.relating.grouping import group_pairs
from registry.relating.overlaps import Footprints, find_pairs, move_footprints
from registry.relating.relations import Relating, RelatingSettings, Shift
from registry.relating.shift import Field, estimate_shift
from registry.relating.statements import CERTAIN, are_among, hear_statements, stated_positions
from registry.relating.surveys import Survey, equal_pairs, read_survey, refuse_frames
from registry.relating.telling import Findings, tell_relations

__all__ = ["relate"]

NEAR_M = 3.0
# a row or two show nothing of how well they were surveyed: taken as surveys of buildings usually lie
UNKNOWN_SPREAD_M = 1.0


def relate(
    delivered: gpd.GeoDataFrame,
    known: gpd.GeoDataFrame,
    *,
    stated: Mapping[Any, Any] | None = None,
    complete: Any = None,
    settings: RelatingSettings = RelatingSettings(),  # noqa: B008 - frozen
) -> Relating:
    """Relate delivered footprints to known ones.

    Parameters
    ----------
    delivered
        Valid polygons in a projected CRS in metres, with a unique index; the column ``fingerprint`` is used if there.
    known
        The living footprints around them in the same plane, with a unique index; ``fingerprint`` likewise.
    stated
        For rows (by delivered index) that name a known building themselves: that building's index.
    complete
        The area in which the delivery claims to have every building: known ones within it that no row is are gone.
        Without it nothing is gone.

    Returns
    -------
    Relating
        Every delivered row in one relation, and the gone. Neither frame's order changes what is related.

    Raises
    ------
    SurveyError
        The frames are not in one projected plane in metres, an index is not unique, or a statement is about a row or a
        building that is in neither.
    """
    refuse_frames(delivered, known)
    ours, theirs = read_survey(delivered), read_survey(known)
    findings, moved, field = find_out(ours, theirs, stated=stated or {}, complete=complete, settings=settings)
    return Relating(tell_relations(ours, theirs, moved, findings, settings), _shift_of(field))


def find_out(
    ours: Survey, theirs: Survey, *, stated: Mapping[Any, Any], complete: Any, settings: RelatingSettings
) -> tuple[Findings, Footprints, Field]:
    """Return all that two surveys show, the delivered footprints with the shift taken away, and the shift."""
    equal = equal_pairs(ours, theirs, snapping_m=settings.snapping_m)
    field = estimate_shift(ours.footprints, theirs.footprints, equal=equal)
    vectors = field.vectors_m.copy()
    vectors[equal[0]] = 0.0
    moved = move_footprints(ours.footprints, vectors)
    pairs = find_pairs(moved, theirs.footprints, near_m=NEAR_M)
    odds = counterpart_odds(pairs, field.spread_m if field.is_applied else UNKNOWN_SPREAD_M)
    is_equal = are_among(pairs, *equal)
    odds[is_equal] = CERTAIN
    statements = hear_statements(pairs, odds, stated_positions(ours, theirs, stated))
    areas = moved.area_m2, theirs.footprints.area_m2
    groups = group_pairs(
        pairs, statements.odds, sizes=areas, member_share=settings.member_share, stated=statements.are_borne_out
    )
    gone = (groups.known < 0) & _is_within(theirs.footprints, complete)
    conflicts = find_conflicts(moved, theirs.footprints, pairs, groups, gone, settings, field.spread_m)
    return Findings(pairs, groups, conflicts, gone, is_equal, statements), moved, field


def _is_within(known: Footprints, complete: Any) -> NDArray[np.bool_]:
    if complete is None:
        return np.zeros(len(known), dtype=bool)
    shapely.prepare(complete)
    return np.asarray(shapely.covers(complete, known.geometries))


def _shift_of(field: Field) -> Shift:
    """Return the shift as people see it: how the delivery lies, which is against the way it would have to go."""
    dx, dy = -field.whole_m
    return Shift(float(dx) + 0.0, float(dy) + 0.0, field.support, field.spread_m, field.is_applied)
