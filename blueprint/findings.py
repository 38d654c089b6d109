"""Findings: what every rule says of every building footprint.

All rules are evaluated, none is cut short. A rule that names several layers gives one finding for each of them, since
each has its own edition and accuracy. A layer that is missing, incomplete or unreadable here is ``not_evaluated``.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd

from blueprint.evaluation import evaluate
from blueprint.evidence import Own, take_subjects
from blueprint.layer_state import LayerState
from blueprint.outcomes import Finding
from blueprint.planes import check_frame, check_same_plane
from blueprint.questions import Asked, Question, choose_layers
from blueprint.raster_state import RasterState
from blueprint.rules import Rule, rules_in_force

__all__ = ["find_findings"]


def find_findings(  # noqa: PLR0913 - what, against what, when and where
    footprints: gpd.GeoDataFrame,
    layers: Mapping[str, LayerState],
    rules: Iterable[Rule],
    *,
    as_of: dt.date,
    footprint_accuracy_m: float = 0.05,
    own: Own | None = None,
    division: str | None = None,
    rasters: Mapping[str, Sequence[RasterState]] | None = None,
) -> list[Finding]:
    """Return what the footprint rules say of footprints.

    Parameters
    ----------
    footprints
        Polygons in a projected plane in metres, indexed by footprint id. The column ``attrs``, if any, says what is known
        of each (one mapping a footprint): ``height_m``, ``floor_area_m2``, ``far_area_m2``, ``parking_places``, ``space``.
    layers
        The layers by code, in the same plane, each with the features near the footprints.
    rules
        Those between layers are skipped.
    as_of
        The day asked about: rules, editions and features count where they hold on it.
    footprint_accuracy_m
        The standard deviation of the footprints' positions.
    own
        By footprint id, the features (layer code, feature id) that are this very building: it is no neighbour of itself.
    division
        The code of the division that they stand in: rules that apply elsewhere are skipped. None: all rules apply.
    rasters
        The rasters of layers, by code; several of one layer all count.

    Returns
    -------
    list of Finding
        For each footprint, in the frame's order, one finding for each rule and each of its layers, in their order.

    Raises
    ------
    FrameCrsError
        A frame is not in metres, or not in the footprints' plane.
    FrameError
        Two footprints have the same id.
    """
    check_frame(footprints, "the footprints")
    plane = footprints.crs
    for state in layers.values():
        if state.features.crs is not plane:  # to ask a CRS whether it is another takes its time
            check_same_plane(footprints, state.features, f"layer {state.code}")
    asked = Asked(take_subjects(footprints), as_of, footprint_accuracy_m, own or {}, plane)
    cells = rasters or {}
    ours = [rule for rule in rules_in_force(rules, as_of, division=division) if rule.a is None]
    questions = [
        Question(rule, code, layers.get(code), layers, cells)
        for rule in ours
        for code in choose_layers(rule, layers, cells, as_of)
    ]
    return [finding for row in zip(*evaluate(asked, questions), strict=True) for finding in row]
