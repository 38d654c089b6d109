"""Same building or not: a delivery's footprints against the register's, by what they overlap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences

__all__ = ["OVERLAP_TOLERANCE", "SAME_IOU", "STATED_IOU", "Match", "match_footprints", "same_ground"]

SAME_IOU = 0.9
STATED_IOU = 0.5
# share of the smaller footprint; the database's trigger holds the same figure
OVERLAP_TOLERANCE = 0.05
_SENTENCES = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True)
class Match:
    """What one delivered footprint is to the register.

    Attributes
    ----------
    relation
        ``new``, ``same`` (nothing to store), ``revised`` (a new geometry of a known building) or ``refused``.
    building
        Index of the living footprint it is, None where it is new or refused.
    iou
        Intersection over union with that footprint; 0 where there is none.
    fault
        Why it is refused.
    """

    relation: str
    building: Any = None
    iou: float = 0.0
    fault: Fault | None = None


class _Overlaps(NamedTuple):
    """Pairs of footprints that share ground: positions, shared area in m², share of the smaller, IoU."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    share: NDArray[np.float64]
    iou: NDArray[np.float64]


def match_footprints(
    delivered: gpd.GeoDataFrame, living: gpd.GeoDataFrame, *, stated: Mapping[Any, Any] | None = None
) -> list[Match]:
    """Relate delivered footprints to the living ones.

    Parameters
    ----------
    delivered
        Valid polygons in a plane in metres, with the column ``fingerprint``.
    living
        The register's current footprints around them in the same plane, with the columns ``code`` and ``fingerprint``.
    stated
        For rows (by delivered index) that name a building themselves: that building's index, which is in `living`.

    Returns
    -------
    list of Match
        One for each delivered row, in order. An overlap of more than `OVERLAP_TOLERANCE` of the smaller footprint with
        any building that the row is not, or with an earlier row, refuses it.
    """
    ground, footprints = np.asarray(living.geometry.values), np.asarray(delivered.geometry.values)
    known, inside = _overlaps(footprints, ground), _overlaps(footprints, footprints, itself=True)
    positions = {index: position for position, index in enumerate(living.index)}
    wanted = {row: positions[building] for row, building in (stated or {}).items()}
    matches: list[Match] = []
    claimed: set[Any] = set()
    for row, index in enumerate(delivered.index):
        match = _match_row(row, wanted.get(index), known, (delivered, living))
        earlier = _earlier_row(row, inside, matches)
        if match.fault is None and earlier is not None:
            match = _refused_by_row(earlier, inside, delivered)
        elif match.building in claimed:
            fault = _fault("overlaps_several", delivered, row, code=living.code[match.building])
            match = Match("refused", fault=fault)
        elif match.building is not None:
            claimed.add(match.building)
        matches.append(match)
    return matches


def same_ground(left: NDArray[Any], right: NDArray[Any]) -> list[tuple[int, int]]:
    """Return the pairs of positions whose footprints are the same building by their ground alone: IoU ≥ `SAME_IOU`.

    Parameters
    ----------
    left, right
        Valid polygons in one plane in metres.
    """
    overlaps = _overlaps(left, right)
    alike = overlaps.iou >= SAME_IOU
    return list(zip(overlaps.left[alike].tolist(), overlaps.right[alike].tolist(), strict=True))


def _earlier_row(row: int, inside: _Overlaps, matches: list[Match]) -> int | None:
    """Return the first pair in which an earlier, accepted row of the delivery stands on the row's ground."""
    pairs = _pairs_of(row, inside)
    beyond = (i for i in pairs if inside.right[i] < row and inside.share[i] > OVERLAP_TOLERANCE)
    return next((i for i in beyond if matches[inside.right[i]].fault is None), None)


def _pairs_of(row: int, overlaps: _Overlaps) -> range:
    """Return the positions of a row's pairs, which stand together."""
    start, end = np.searchsorted(overlaps.left, [row, row + 1])
    return range(int(start), int(end))


def _match_row(
    row: int,
    wanted: int | None,
    overlaps: _Overlaps,
    frames: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> Match:
    """Relate one row to the living footprints it overlaps."""
    delivered, living = frames
    pairs = _pairs_of(row, overlaps)
    alike = [i for i in pairs if overlaps.iou[i] >= SAME_IOU]
    alike += [i for i in pairs if overlaps.right[i] == wanted and STATED_IOU <= overlaps.iou[i] < SAME_IOU]
    beyond = [i for i in pairs if overlaps.share[i] > OVERLAP_TOLERANCE]
    if wanted is not None and not any(overlaps.right[i] == wanted for i in alike):
        iou = max((float(overlaps.iou[i]) for i in pairs if overlaps.right[i] == wanted), default=0.0)
        return Match("refused", fault=_fault("stated_elsewhere", delivered, row, code=_code(living, wanted), iou=iou))
    others = [i for i in beyond if i not in alike[:1]]
    if len(alike) > 1 or len(others) > 1:
        codes = ", ".join(_code(living, overlaps.right[i]) for i in sorted({*alike, *others}))
        return Match("refused", fault=_fault("overlaps_several", delivered, row, code=codes))
    if others:
        return Match("refused", fault=_overlap_fault(others[0], overlaps, frames))
    if not alike:
        return Match("new")
    living_row = overlaps.right[alike[0]]
    same = delivered.fingerprint.iloc[row] == living.fingerprint.iloc[living_row]
    return Match("same" if same else "revised", living.index[living_row], float(overlaps.iou[alike[0]]))


def _refused_by_row(pair: int, inside: _Overlaps, delivered: gpd.GeoDataFrame) -> Match:
    row, other = int(inside.left[pair]), int(inside.right[pair])
    if inside.iou[pair] >= SAME_IOU:
        return Match("refused", fault=_fault("duplicate_row", delivered, row, other=delivered.index[other]))
    fault = _fault(
        "overlaps_row",
        delivered,
        row,
        other=delivered.index[other],
        overlap_m2=inside.area_m2[pair],
        share=inside.share[pair],
    )
    return Match("refused", fault=fault)


def _overlap_fault(pair: int, overlaps: _Overlaps, frames: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> Fault:
    delivered, living = frames
    return _fault(
        "overlaps_building",
        delivered,
        int(overlaps.left[pair]),
        code=_code(living, overlaps.right[pair]),
        overlap_m2=overlaps.area_m2[pair],
        share=overlaps.share[pair],
    )


def _fault(kind: str, delivered: gpd.GeoDataFrame, row: int, **values: Any) -> Fault:
    """Return a fault placed at a point within the row's footprint, in the frame's own plane."""
    point = delivered.geometry.iloc[row].representative_point()
    return _SENTENCES.fault(kind, x=point.x, y=point.y, **values)


def _code(living: gpd.GeoDataFrame, row: Any) -> str:
    return str(living.code.iloc[int(row)])


def _overlaps(left: NDArray[Any], right: NDArray[Any], *, itself: bool = False) -> _Overlaps:
    """Return the pairs that share ground, sorted by left, then right; no footprint pairs with `itself`."""
    i, j = shapely.STRtree(right).query(left, predicate="intersects")
    if itself:
        i, j = i[i != j], j[i != j]
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    area = shapely.area(shapely.intersection(left[i], right[j]))
    some = area > 0
    i, j, area = i[some], j[some], area[some]
    area_i, area_j = shapely.area(left[i]), shapely.area(right[j])
    return _Overlaps(i, j, area, area / np.minimum(area_i, area_j), area / (area_i + area_j - area))
