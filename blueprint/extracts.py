"""Extracts: what every layer has on one site, and where it has nothing, whether that is known.

A layer concerns a site, does not concern it, or has no data: that nothing was found is an answer only where the layer is
complete. Whatever shares ground is told, down to slivers that are noise; what only touches shares none. Lines and points
count inside the site and on its border.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import Certainty, classify_widths, combine_accuracies
from blueprint.cutting import cut, unite
from blueprint.errors import FrameError
from blueprint.layer_state import OPEN_DAYS, Edition, Feature, Ground, LayerState, select_ground
from blueprint.overlay import Parts, list_parts, merge
from blueprint.planes import check_frame, check_same_plane
from blueprint.questions import explain_obstacle
from blueprint.raster_extracts import RasterHit, read_rasters
from blueprint.raster_state import RasterState
from blueprint.reasons import explain
from blueprint.rules import Rule, Selection, rules_in_force
from blueprint.usability import describe_unusable
from geocode.faults import Text

__all__ = ["Hit", "LayerExtract", "Status", "extract_layers", "rules_concerning"]

Geometries: TypeAlias = NDArray[np.object_]

_CERTAIN_SIGMAS = 2
_GATHERED = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)


class Status(StrEnum):
    """What a layer has on a site: something, nothing, or nobody knows."""

    CONCERNED = "concerned"
    NOT_CONCERNED = "not_concerned"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Hit:
    """A feature that shares ground with the site, or a line or points inside it.

    Attributes
    ----------
    attributes, class_code
        As the edition has them.
    valid_from, valid_to
        The days on which feature and edition both hold, the last one excluded; None: open.
    ground
        The part of the feature that lies in the site, in the site's plane.
    area_m2, width_m, parts
        Of its ground: area, how wide its widest part is, number of parts; 0 of lines and points.
    length_m, points
        Of lines: how long they are in the site; of points: how many there are.
    certainty
        By the width and the accuracies of site and layer. Lines and points that lie nearer to the border than twice the
        standard deviation are ``within_accuracy``.
    engine_mode
        ``float``, or the grid that the overlay needed; None where nothing was cut.
    """

    feature: Feature
    class_code: str | None
    attributes: Mapping[str, Any]
    valid_from: dt.date | None
    valid_to: dt.date | None
    ground: Any
    area_m2: float
    width_m: float
    parts: int
    length_m: float
    points: int
    certainty: Certainty
    engine_mode: str | None = None


@dataclass(frozen=True, slots=True)
class LayerExtract:
    """What one layer has on a site.

    Attributes
    ----------
    reason
        Why there is no data; None elsewhere.
    hits
        The features, in the order of their ids; those that are noise are among them, and concern nobody.
    in_doubt
        The features that may lie on the site and cannot be overlaid, with the reason.
    ground, area_m2
        The ground that the features share with the site, each place counted once.
    unknown_m2
        The part of the site for which the layer is not known to be complete; the whole of it where it is nowhere.
    rasters
        What the layer's rasters have on the site.
    """

    code: str
    status: Status
    edition: Edition | None = None
    reason: Text | None = None
    hits: tuple[Hit, ...] = ()
    in_doubt: tuple[tuple[Feature, str], ...] = ()
    ground: Any = None
    area_m2: float = 0.0
    unknown_m2: float = 0.0
    rasters: tuple[RasterHit, ...] = ()

    @property
    def certainty(self) -> Certainty | None:
        """How sure it is that the site is concerned: as sure as of the surest feature; None without any."""
        found = {hit.certainty for hit in self.hits}
        return next((each for each in Certainty if each in found), None)

    @property
    def length_m(self) -> float:
        """The length of all lines in the site."""
        return sum(hit.length_m for hit in self.hits)

    @property
    def points(self) -> int:
        """The number of all points in the site."""
        return sum(hit.points for hit in self.hits)


class _Site(NamedTuple):
    """What is asked about: a polygon, a day, how accurate its border is, and which features are the site itself."""

    geometry: Any
    as_of: dt.date
    accuracy_m: float
    own: Collection[tuple[str, Any]]


def extract_layers(  # noqa: PLR0913 - where, against what, when and how sure
    site: gpd.GeoSeries,
    layers: Mapping[str, LayerState],
    codes: Iterable[str],
    *,
    as_of: dt.date,
    accuracy_m: float = 0.05,
    own: Collection[tuple[str, Any]] = (),
    rasters: Mapping[str, Sequence[RasterState]] = MappingProxyType({}),
) -> list[LayerExtract]:
    """Return what each layer has on a site.

    Parameters
    ----------
    site
        One polygon in a projected plane in metres.
    layers
        The layers that are loaded, by code, in the same plane, each with the features that touch the site.
    codes
        Those to tell of, loaded or not.
    as_of
        The day asked about: editions and features count where they hold on it.
    accuracy_m
        The standard deviation of the positions of the site's border.
    own
        Features (layer code, feature id) that are the site itself.
    rasters
        Those that are loaded, by layer; a layer may have features beside them.

    Returns
    -------
    list of LayerExtract
        One for each code, in their order.

    Raises
    ------
    FrameCrsError
        A frame is not in metres, or not in the site's plane.
    FrameError
        There is not just one site, or its geometry cannot be overlaid.
    """
    check_frame(site, "the site")
    (geometry,) = site.to_numpy() if len(site) == 1 else [None]
    (problem,) = describe_unusable(np.array([geometry], dtype=object))
    if problem is not None:
        raise FrameError(f"The site has to be one polygon that can be overlaid. {problem}")
    asked = _Site(geometry, as_of, accuracy_m, own)
    for state in layers.values():
        check_same_plane(site, state.features, f"layer {state.code}")
    return [
        _with_rasters(_extract(asked, code, layers.get(code)), read_rasters(site, rasters.get(code, ())), geometry)
        for code in codes
    ]


def _extract(site: _Site, code: str, state: LayerState | None) -> LayerExtract:
    obstacle = explain_obstacle(code, state, site.as_of)
    if obstacle is not None or state is None:
        edition = None if state is None else state.edition
        return LayerExtract(code, Status.NO_DATA, edition, obstacle, unknown_m2=float(site.geometry.area))
    ground = select_ground(state, Selection(layers=(code,)), site.as_of, groundless=True)
    hits, in_doubt = _find_hits(site, ground, combine_accuracies(site.accuracy_m, state.accuracy_m))
    unknown_m2 = _unknown_m2(site.geometry, state.complete)
    status, reason = _judge(code, hits, in_doubt, unknown_m2=unknown_m2)
    shared = [hit.ground for hit in hits if hit.area_m2 > 0]
    whole = unite(np.array(shared, dtype=object)) if shared else None
    return LayerExtract(
        code,
        status,
        state.edition,
        reason,
        tuple(hits),
        tuple(in_doubt),
        ground=whole,
        area_m2=0.0 if whole is None else float(whole.area),
        unknown_m2=unknown_m2,
    )


def _with_rasters(found: LayerExtract, read: Sequence[RasterHit], site: Any) -> LayerExtract:
    """Return what a layer has on a site by its features and by its rasters, which have a value somewhere or nowhere."""
    if not read:
        return found
    unknown_m2 = float(site.area) * (1 - max(hit.share_covered for hit in read))
    if found.edition is not None:
        unknown_m2 = min(unknown_m2, found.unknown_m2)
    told = replace(found, rasters=tuple(read), unknown_m2=unknown_m2)
    if any(hit.share_covered > 0 for hit in read):
        return replace(told, status=Status.CONCERNED, reason=None)
    problem = next((hit.problem for hit in read if hit.problem is not None), explain("incomplete", layer=found.code))
    return told if found.edition is not None else replace(told, reason=problem)


def _judge(
    code: str, hits: Collection[Hit], in_doubt: Collection[tuple[Feature, str]], *, unknown_m2: float
) -> tuple[Status, Text | None]:
    if any(hit.certainty is not Certainty.NOISE for hit in hits):
        return Status.CONCERNED, None
    if in_doubt:
        names = "、".join(str(feature.name or feature.id) for feature, _ in in_doubt)
        problem = next(iter(in_doubt))[1]
        return Status.NO_DATA, explain("feature_unusable", layer=code, features=names, problem=problem)
    if unknown_m2 > 0:
        return Status.NO_DATA, explain("incomplete", layer=code)
    return Status.NOT_CONCERNED, None


def _find_hits(site: _Site, ground: Ground, sigma_m: float) -> tuple[list[Hit], list[tuple[Feature, str]]]:
    """Return the features on the site, and those of which it cannot be told."""
    near = shapely.STRtree(ground.usable()).query(site.geometry, predicate="intersects")
    rows = [row for row in sorted(near.tolist()) if (ground.code, ground.ids[row]) not in site.own]
    in_doubt = {row: str(ground.unusable[row]) for row in ground.unusable_near(site.geometry)}
    shares, errors = _cut_out(site.geometry, ground.geometry[rows]) if rows else ([], {})
    in_doubt |= {rows[i]: error for i, error in errors.items()}
    core = shapely.buffer(site.geometry, -_CERTAIN_SIGMAS * sigma_m)
    found = [(row, share) for row, share in zip(rows, shares, strict=True) if share.pieces and row not in in_doubt]
    hits = [_hit(ground, row, share, share.certainty(sigma_m, core)) for row, share in found]
    return hits, [(ground.feature(row), problem) for row, problem in sorted(in_doubt.items())]


class _Share(NamedTuple):
    """What of one feature lies in the site: measured polygons, lines, points."""

    polygons: Parts
    lines: Any
    points: Any
    engine_mode: str | None

    @property
    def pieces(self) -> list[Any]:
        """What there is, by dimension."""
        return [each for each in (merge(self.polygons.geometry), self.lines, self.points) if each and not each.is_empty]

    @property
    def width_m(self) -> float:
        """How wide the widest polygon is."""
        return float(self.polygons.width_m.max(initial=0.0))

    def certainty(self, sigma_m: float, core: Any) -> Certainty:
        """Return how sure the surest of it is; the core is what of the site lies further in than its border is sure."""
        if any(not each.is_empty and shapely.intersects(core, each) for each in (self.lines, self.points)):
            return Certainty.CERTAIN
        by_width: Certainty = classify_widths(np.array([self.width_m]), sigma_m)[0]
        thin = self.lines.is_empty and self.points.is_empty
        return by_width if thin or by_width is Certainty.CERTAIN else Certainty.WITHIN_ACCURACY


def _cut_out(site: Any, shapes: Geometries) -> tuple[list[_Share], dict[int, str]]:
    """Return what of each shape lies in the site; and, by position, why one could not be overlaid."""
    polygons = _of_dimension(shapes, 2)
    areal = np.flatnonzero(~shapely.is_empty(polygons))
    result = cut(np.full(len(areal), site, dtype=object), polygons[areal], outside=False)
    lines, points = (_of_dimension(shapely.intersection(_of_dimension(shapes, n), site), n) for n in (1, 0))
    inside, modes = polygons.copy(), np.full(len(shapes), None, dtype=object)
    inside[areal], modes[areal] = result.inside, result.engine_mode
    parts = list_parts(inside)
    shares = [_Share(parts.between(i, i + 1), lines[i], points[i], modes[i]) for i in range(len(shapes))]
    return shares, {int(areal[k]): str(result.error[k]) for k in np.flatnonzero(pd.notna(result.error))}


def _of_dimension(shapes: Geometries, dimension: int) -> Geometries:
    """Return what of each shape are points (0), lines (1), polygons (2), as one multi-geometry, empty where nothing is."""
    whole, row = shapely.get_parts(shapes, return_index=True)
    parts, of_whole = shapely.get_parts(whole, return_index=True)
    keep = (shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)
    parts, row = parts[keep], row[of_whole[keep]]
    first = np.searchsorted(row, np.arange(len(shapes) + 1))
    kept = np.empty(len(shapes), dtype=object)
    kept[:] = [_GATHERED[dimension](list(parts[first[i] : first[i + 1]])) for i in range(len(shapes))]
    return kept


def _hit(ground: Ground, row: int, share: _Share, certainty: Certainty) -> Hit:
    class_code, attributes = ground.class_codes[row], ground.attributes[row]
    pieces = share.pieces
    return Hit(
        ground.feature(row),
        class_code if isinstance(class_code, str) else None,
        attributes if isinstance(attributes, Mapping) else {},
        valid_from=_day(ground.valid_from[row]),
        valid_to=_day(ground.valid_to[row]),
        ground=pieces[0] if len(pieces) == 1 else shapely.GeometryCollection(pieces),
        area_m2=float(share.polygons.area_m2.sum()),
        width_m=share.width_m,
        parts=len(share.polygons.row),
        length_m=float(shapely.length(share.lines)),
        points=int(shapely.get_num_geometries(share.points)),
        certainty=certainty,
        engine_mode=share.engine_mode if len(share.polygons.row) else None,
    )


def _unknown_m2(site: Any, complete: Any) -> float:
    """Return how much of a site lies where a layer is not known to be complete, dust aside."""
    if complete is None:
        return float(site.area)
    if shapely.covers(complete, site):
        return 0.0
    rest = cut(np.array([site], dtype=object), np.array([complete], dtype=object), inside=False)
    return float(site.area if rest.error[0] is not None else list_parts(rest.outside).area_m2.sum())


def _day(day: np.datetime64) -> dt.date | None:
    return None if day in OPEN_DAYS else day.astype(dt.date)


def rules_concerning(found: LayerExtract, state: LayerState, rules: Iterable[Rule], *, as_of: dt.date) -> list[Rule]:
    """Return the rules for footprints that are about what a layer has on a site, in their order.

    A rule whose filter lets none of the features through is not among them; one that cannot tell is.
    """
    ids = {hit.feature.id for hit in found.hits}
    return [
        rule
        for rule in rules_in_force(rules, as_of)
        if rule.a is None
        and found.code in rule.b.layers
        and ids.intersection(select_ground(state, rule.b, as_of, groundless=True).ids)
    ]
