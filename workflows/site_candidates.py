"""Candidate sites: features of a layer, polygons of a file, or cells of a grid, within limits of size and shape."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from blueprint.filters import compile_filter
from blueprint.site_factors import compactness
from geocode import STORAGE_CRS, Text, to_storage
from geocode.cells import cell_boundary, cells_within
from geocode.planes import ellipsoid_areas_m2, measure_plane
from layers.catalogue_entries import Catalogue
from layers.confined.reading import read_confined
from layers.widths import measure_widths
from store.database import Connection
from store.editions import features_near, features_of
from workflows.deliveries import in_plane
from workflows.errors import RefusedOptionError
from workflows.layer_rights import allow_layer
from workflows.plan_states import find_state
from workflows.principals import Principal

__all__ = ["CandidateOptions", "Candidates", "find_candidates"]

MOST_CANDIDATES = 2_000
_GRID = re.compile(r"h3:(\d{1,2})")
_FINEST_GRID = 12
# an area that would hold so many times more cells is refused before they are listed
_SLACK = 10
_EARTH_M2 = 5.1e14
_BASE_CELLS = 120
_NO_EXTENT = Text("用 within 指定范围。", "Say where, with `within`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateOptions:
    """Which sites come into question.

    Attributes
    ----------
    source
        A layer, named as `workflows.plan_states.find_state` takes it; or ``h3:N``, the cells of a resolution.
    within
        The area in EPSG:4490: candidates lie whole in it; everywhere if None, but for a grid.
    where
        CQL2 text: only features of the layer for which it holds.
    min_area_m2, max_area_m2, min_width_m, min_compactness
        Limits of size and shape in the plane; compactness is 4π area / perimeter².
    """

    source: str
    within: Any = None
    where: str = ""
    min_area_m2: float = 0.0
    max_area_m2: float = float("inf")
    min_width_m: float = 0.0
    min_compactness: float = 0.0


class Candidates(NamedTuple):
    """The candidates in EPSG:4490, ``id`` and ``name`` beside; how many were left out, by why; their accuracy."""

    frame: gpd.GeoDataFrame
    excluded: dict[str, int]
    accuracy_m: float
    plane: str


def find_candidates(  # noqa: PLR0913 - where to look, what for, and for whom
    connection: Connection,
    options: CandidateOptions,
    *,
    file: Path | None,
    as_of: date,
    known_at: datetime,
    catalogue: Catalogue,
    principal: Principal,
    file_accuracy_m: float,
) -> Candidates:
    """Return the candidates that options mean, or all of a file's polygons.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    UnknownLayer, ForbiddenError, FilterError
        There is no such layer, it is not for the role, or the filter is not understood.
    RefusedOptionError
        There is no candidate, or there are too many; a grid without an area.
    """
    grid = _GRID.fullmatch(options.source)
    if file is not None:
        frame, accuracy_m = _of_file(file), file_accuracy_m
    elif grid:
        frame, accuracy_m = _of_grid(int(grid[1]), options.within), 0.0
    else:
        state = find_state(connection, options.source, as_of=as_of, known_at=known_at, catalogue=catalogue)
        allow_layer(principal, state.layer)
        frame, accuracy_m = _of_layer(connection, state, options), state.edition.accuracy_m
    return _limited(frame, options, accuracy_m)


def _of_file(path: Path) -> gpd.GeoDataFrame:
    delivery = read_confined(path)
    shapes = to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs)
    names = delivery.frame["name"] if "name" in delivery.frame else [None] * len(shapes)
    return _frame([str(row) for row in range(len(shapes))], names, shapes)


def _of_grid(resolution: int, within: Any) -> gpd.GeoDataFrame:
    if within is None or resolution > _FINEST_GRID:
        problem = Text(
            f"格网级别最大为 {_FINEST_GRID},且须指定范围。",
            f"A grid needs an area, and a resolution up to {_FINEST_GRID}.",
        )
        coarser = Text("用更粗的级别,如 h3:10。", "Take a coarser one, such as h3:10.")
        raise RefusedOptionError(problem, _NO_EXTENT if within is None else coarser)
    about = ellipsoid_areas_m2(np.array([within]))[0] / _EARTH_M2 * _BASE_CELLS * 7**resolution
    if not about <= MOST_CANDIDATES * _SLACK:
        raise _not_as_many(about)
    cells = cells_within(within, resolution)
    shapes = [shapely.Polygon(cell_boundary(cell)) for cell in cells]
    return _frame([f"{cell:x}" for cell in cells], [None] * len(cells), shapes)


def _of_layer(connection: Connection, state: Any, options: CandidateOptions) -> gpd.GeoDataFrame:
    """Return the features of a layer that hold on its day, that a filter lets through, and that lie in the area."""
    edition = [state.edition.id]
    if options.within is None:
        features = features_of(connection, edition)
    else:
        features = features_near(connection, edition, np.array([options.within], dtype=object))
        features = features[shapely.covered_by(features.geometry.to_numpy(), options.within)]
    day = state.day.isoformat()
    holds = [
        (began is None or str(began) <= day) and (ended is None or day < str(ended))
        for began, ended in zip(features["valid_from"], features["valid_to"], strict=True)
    ]
    features = features[np.array(holds, dtype=bool)]
    if options.where:
        chosen = compile_filter(options.where)
        matches = [
            chosen.matches({"name": name, "class_code": code, **(attrs or {})}) is True
            for name, code, attrs in zip(features["name"], features["class_code"], features["attrs"], strict=True)
        ]
        features = features[np.array(matches, dtype=bool)]
    ids = [f"{state.layer.code}/{index}" for index in features.index]
    return _frame(ids, features["name"], features.geometry.to_numpy())


def _frame(ids: Any, names: Any, shapes: Any) -> gpd.GeoDataFrame:
    columns = {"name": pd.Series([None if pd.isna(name) else str(name) for name in names], dtype=object)}
    return gpd.GeoDataFrame(columns, geometry=np.array([*shapes, None], dtype=object)[:-1], crs=STORAGE_CRS).set_axis(
        pd.Index(list(ids), dtype=object)
    )


def _limited(frame: gpd.GeoDataFrame, options: CandidateOptions, accuracy_m: float) -> Candidates:
    """Return the candidates within the limits, and how many are beyond which."""
    shapes = frame.geometry.to_numpy()
    areal = np.isin(shapely.get_type_id(shapes), [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    sound = areal & shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    good = frame[sound]
    excluded = Counter({"no_polygon": int((~sound).sum())})
    plane = _plane_of(good)
    if len(good):
        good, beyond = _within_limits(good, options, plane)
        excluded.update(beyond)
    if not len(good) or len(good) > MOST_CANDIDATES:
        raise _not_as_many(len(good))
    return Candidates(good, {name: count for name, count in excluded.items() if count}, accuracy_m, plane)


def _not_as_many(found: float) -> RefusedOptionError:
    return RefusedOptionError(
        Text(f"符合条件的候选用地有 {found:.0f} 个。", f"{found:.0f} sites come into question."),
        Text(
            f"放宽或收紧范围、面积、形状条件,使其为 1 到 {MOST_CANDIDATES} 个。",
            f"Change area, size or shape so that there are 1 to {MOST_CANDIDATES}.",
        ),
    )


def _within_limits(
    frame: gpd.GeoDataFrame, options: CandidateOptions, plane: str
) -> tuple[gpd.GeoDataFrame, Counter[str]]:
    flat = in_plane(frame, plane).geometry.to_numpy()
    area_m2 = shapely.area(flat)
    beyond = {
        "too_small": area_m2 < options.min_area_m2,
        "too_large": area_m2 > options.max_area_m2,
        "too_irregular": compactness(flat) < options.min_compactness,
    }
    if options.min_width_m:
        beyond["too_narrow"] = _widths(flat) < options.min_width_m
    left, counts = np.full(len(frame), True), Counter[str]()
    for name, is_beyond in beyond.items():
        counts[name] = int((left & is_beyond).sum())
        left &= ~is_beyond
    return frame[left], counts


def _widths(shapes: Any) -> Any:
    """Return the width in metres of the widest part of each."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    width_m = np.zeros(len(shapes))
    np.maximum.at(width_m, owner, measure_widths(parts))
    return width_m


def _plane_of(frame: gpd.GeoDataFrame) -> str:
    west, south, east, north = frame.total_bounds if len(frame) else (0.0, 0.0, 0.0, 0.0)
    return measure_plane((west + east) / 2, (south + north) / 2)
