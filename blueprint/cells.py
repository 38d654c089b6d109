"""Rasters against what is required: depth of water, slope, noise, over the ground of a footprint or along its walls.

Every raster of the layer counts, such as one of the noise by day and one by night. One that has no value for more than
`MISSING_SHARE` of the ground is no answer, whatever the rest of its cells say.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.containers import block_contexts
from blueprint.outcomes import Finding, Measure
from blueprint.questions import Asked, Question
from blueprint.raster_state import RasterState
from blueprint.readings import Doubt, Readings, Source, conclude
from blueprint.reasons import explain
from blueprint.rule_kinds import Reading
from blueprint.rules import Rule
from blueprint.surfaces import MISSING_SHARE
from geocode.faults import Text, are_sound
from layers.errors import RefusedFile
from layers.moving import move
from layers.zones import zonal, zonal_slope

__all__ = ["measure_cells"]

_P95 = 0.95
_COLUMNS = {"p95": "quantile"}  # of statistics that `zonal` calls otherwise
_WALL_M = 0.001  # to either side of it


class _Read(NamedTuple):
    """What one raster has on the ground of each subject: the table of `zonal`, or why it cannot be read."""

    raster: RasterState
    table: pd.DataFrame | None
    problem: Text | None


def measure_cells(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule about a number of the cells of a raster, one for each subject."""
    rule = question.rule
    assert rule.reading is not None
    assert rule.required is not None
    zones = _zones(asked, rule.reading)
    read = [_read(raster, zones, rule) for raster in question.rasters_on(question.code, asked.as_of)]
    doubts, blocks = _find_doubts(asked, question, read), block_contexts(asked, question)
    rows, which, measured, sigma, bounds = [], [], [], [], []
    for k, (raster, table, _) in enumerate(read):
        values = np.full(len(zones), np.nan) if table is None else _statistic(table, zones, rule.reading)
        spread = 0.0 if rule.reading.statistic == "area_above" else raster.accuracy
        for row in np.flatnonzero(_is_covered(table, len(zones)) & np.isfinite(values)).tolist():
            context = {**blocks[row], **asked.subjects.context(row), **raster.context()}
            rows.append(row)
            which.append(k)
            measured.append(values[row])
            sigma.append(spread)
            bounds.append(rule.required.bounds(context))
    readings = Readings.of(rows, which, measured, bounds, np.array(sigma))
    source = Source(
        question,
        asked.subjects.ids,
        feature=lambda _: None,
        witness=lambda k: _witness(read[which[k]], rows[k], asked.crs),
        label=lambda k: read[which[k]].raster.edition.title,
        unit=rule.unit,
        every=True,
    )
    findings = conclude(source, readings, doubts)
    return [_with_told(finding, read, row, rule.reading) for row, finding in enumerate(findings)]


def _zones(asked: Asked, reading: Reading) -> gpd.GeoSeries:
    """Return the ground that is asked about, in the subjects' plane; nothing for those that cannot be measured."""
    geometry = asked.subjects.geometry.copy()
    geometry[~are_sound(asked.subjects.unusable)] = None
    if reading.along == "facade":
        # as thin as the walls' own line: the cells that it runs through are those that count
        geometry = shapely.buffer(shapely.boundary(geometry), _WALL_M, quad_segs=1)
    return gpd.GeoSeries(geometry, crs=asked.crs)


def _read(raster: RasterState, zones: gpd.GeoSeries, rule: Rule) -> _Read:
    reading = rule.reading
    assert reading is not None
    is_slope = raster.code in reading.slope_of
    if raster.unit not in {None, rule.unit} and not is_slope and reading.statistic != "area_above":
        return _Read(raster, None, explain("units_differ", stated=raster.unit, wanted=rule.unit))
    measure = zonal_slope if is_slope else zonal
    quantile = _P95 if "p95" in (reading.statistic, *reading.told) else None
    try:
        return _Read(raster, measure(raster.raster, zones, above=reading.level, quantile=quantile), None)
    except RefusedFile as error:
        return _Read(raster, None, error.fault.text)


def _statistic(table: pd.DataFrame, zones: gpd.GeoSeries, reading: Reading) -> NDArray[np.float64]:
    if reading.statistic == "area_above":
        return np.asarray(table["share_above"].to_numpy() * shapely.area(zones.to_numpy()))
    return np.asarray(table[_COLUMNS.get(reading.statistic, reading.statistic)], dtype=float)


def _is_covered(table: pd.DataFrame | None, count: int) -> NDArray[np.bool_]:
    if table is None:
        return np.zeros(count, dtype=bool)
    return np.asarray(table["share_covered"].to_numpy() >= 1 - MISSING_SHARE)


def _find_doubts(asked: Asked, question: Question, read: list[_Read]) -> dict[int, Doubt]:
    doubts: dict[int, Doubt] = {}
    for row, problem in enumerate(asked.subjects.unusable):
        if problem is not None:
            doubts[row] = Doubt(explain("subject_unusable", problem=problem))
    for _, table, problem in read:
        covered = _is_covered(table, len(asked.subjects.ids))
        for row in np.flatnonzero(~covered).tolist():
            doubts.setdefault(row, Doubt(_explain_gap(question.code, table, problem, row)))
    return doubts


def _explain_gap(code: str, table: pd.DataFrame | None, problem: Text | None, row: int) -> Text:
    if table is None:
        assert problem is not None
        return explain("raster_unreadable", layer=code, zh=problem.zh, en=problem.en)
    share = table["share_covered"].iloc[row]
    covered = 0.0 if np.isnan(share) else float(share)
    return explain("raster_incomplete", layer=code, covered=covered, limit=MISSING_SHARE)


def _witness(read: _Read, row: int, crs: Any) -> Any:
    """Return the centre of the cell with the greatest value, in the subjects' plane."""
    if read.table is None:
        return None
    point = shapely.Point(read.table["max_x"].to_numpy()[row], read.table["max_y"].to_numpy()[row])
    return move(np.array([point], dtype=object), read.raster.raster.crs, crs)[0]


def _with_told(finding: Finding, read: list[_Read], row: int, reading: Reading) -> Finding:
    """Return the finding with the raster's edition, and the statistics that are told beside what is judged."""
    by_title = {each.raster.edition.title: each for each in read}
    counted = by_title[finding.measures[0].label] if finding.measures else read[0]
    finding = replace(finding, edition=counted.raster.edition)
    if not finding.measures or counted.table is None:
        return finding
    told = [(name, counted.table[_COLUMNS.get(name, name)].iloc[row]) for name in reading.told]
    more = [Measure(name, None, float(value), None, None) for name, value in told]
    return replace(finding, measures=(*finding.measures, *more))
