"""Relate a delivery to the footprints that are known: same building or not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from registry.relating.confidence import counterpart_odds
from registry.relating.conflicts import RowOverlaps, find_conflicts, find_row_overlaps, usual_overlap_m
from registry.relating.grouping import group_pairs
from registry.relating.overlaps import Footprints, are_among, find_pairs, move_footprints
from registry.relating.relations import Relating, RelatingSettings, Shift
from registry.relating.shift import Field, estimate_field
from registry.relating.statements import CERTAIN, hear_statements, stated_positions
from registry.relating.surveys import Survey, equal_pairs, read_survey, refuse_frames
from registry.relating.telling import Findings, Ground, tell_relations
from registry.relating.vectors import Vectors

__all__ = ["estimate_shift", "relate"]

# a row or two show nothing of how well they were surveyed: taken as surveys of buildings usually lie
UNKNOWN_SPREAD_M = 1.0


def relate(
    delivered: gpd.GeoDataFrame,
    known: gpd.GeoDataFrame,
    *,
    stated: Mapping[Any, Any] | None = None,
    complete: Any = None,
    shift: Shift | None = None,
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
    shift
        How the delivery lies, where `estimate_shift` has said it already, as of a whole of which these rows are a part.

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
    laid = lay(ours, theirs, shift=shift, settings=settings)
    findings = find_out(ours, theirs, laid, stated=stated or {}, complete=complete, settings=settings)
    return Relating(tell_relations(ours, theirs, findings, settings, Ground(laid.moved)), laid.shift)


def estimate_shift(
    delivered: gpd.GeoDataFrame,
    known: gpd.GeoDataFrame,
    *,
    settings: RelatingSettings = RelatingSettings(),  # noqa: B008 - frozen
) -> Shift:
    """Estimate how a delivery lies against the known footprints, once for all its parts.

    Parameters
    ----------
    delivered, known
        As `relate` takes them: the whole, or a sample of it. A sample is of whole neighbourhoods, with all that is known
        around them, so that it shows how neighbours overlap; a row that is not in it lies as the nearest that is.

    Raises
    ------
    SurveyError
        The frames are not in one projected plane in metres, or an index is not unique.
    """
    refuse_frames(delivered, known)
    return lay(read_survey(delivered), read_survey(known), shift=None, settings=settings).shift


class Laid(NamedTuple):
    """A delivery as it lies once its shift is taken away.

    Attributes
    ----------
    shift
    moved
        The delivered footprints where the matching sees them.
    rows
        Those that share ground, as delivered.
    equal
        Pairs of positions that are equal as delivered, and so not moved.
    """

    shift: Shift
    moved: Footprints
    rows: RowOverlaps
    equal: tuple[NDArray[np.intp], NDArray[np.intp]]


def lay(ours: Survey, theirs: Survey, *, shift: Shift | None, settings: RelatingSettings) -> Laid:
    """Return a survey with its shift taken away, estimated unless it is given."""
    equal = equal_pairs(ours, theirs, snapping_m=settings.snapping_m)
    places_m = ours.footprints.centroid_m
    found = shift or _shift_of(estimate_field(ours.footprints, theirs.footprints, equal=equal), ours.names, places_m)
    vectors = found.at(ours.names, places_m)
    vectors[equal[0]] = 0.0
    moved = move_footprints(ours.footprints, vectors)
    rows = find_row_overlaps(ours.footprints)
    return Laid(shift or replace(found, usual_overlap_m=usual_overlap_m(rows)), moved, rows, equal)


def find_out(
    ours: Survey, theirs: Survey, laid: Laid, *, stated: Mapping[Any, Any], complete: Any, settings: RelatingSettings
) -> Findings:
    """Return all that two surveys show."""
    shift, moved = laid.shift, laid.moved
    pairs = find_pairs(moved, theirs.footprints, equal=laid.equal)
    odds = counterpart_odds(pairs, shift.spread_m if shift.is_applied else UNKNOWN_SPREAD_M)
    is_equal = are_among(pairs.delivered, pairs.known, *laid.equal)
    odds[is_equal] = CERTAIN
    statements = hear_statements(pairs, odds, stated_positions(ours, theirs, stated))
    areas = moved.area_m2, theirs.footprints.area_m2
    groups = group_pairs(
        pairs, statements.odds, sizes=areas, member_share=settings.member_share, stated=statements.are_borne_out
    )
    gone = (groups.known < 0) & _is_within(theirs.footprints, complete)
    usual_m = max(shift.spread_m, shift.usual_overlap_m)
    conflicts = find_conflicts(
        moved, theirs.footprints, laid.rows, pairs, groups, gone, settings=settings, usual_m=usual_m
    )
    return Findings(pairs, groups, conflicts, gone, is_equal, statements)


def _is_within(known: Footprints, complete: Any) -> NDArray[np.bool_]:
    if complete is None:
        return np.zeros(len(known), dtype=bool)
    shapely.prepare(complete)
    return np.asarray(shapely.covers(complete, known.geometries))


def _shift_of(found: Field, rows: NDArray[Any], places_m: NDArray[np.float64]) -> Shift:
    """Return the shift as people see it: how the delivery lies, which is against the way it would have to go."""
    dx, dy = -found.whole_m
    vectors = Vectors(pd.Index(rows.tolist()), places_m, found.vectors_m) if found.is_applied else None
    return Shift(float(dx) + 0.0, float(dy) + 0.0, found.support, found.spread_m, found.is_applied, vectors=vectors)
