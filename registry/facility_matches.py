"""Same facility or not: a delivery's facilities of one class against the register's, by the ground that they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geocode import Fault, parse
from geocode.faults import read_sentences
from registry.ground import same_ground, shared_ground

__all__ = ["FacilityMatch", "match_facilities"]

_SENTENCES = read_sentences("registry", "facility_faults.toml")


@dataclass(frozen=True, slots=True)
class FacilityMatch:
    """What one delivered facility is to the register.

    Attributes
    ----------
    relation
        ``new``, ``same`` (nothing to store), ``revised`` (a new geometry of a known facility) or ``refused``.
    building
        Index of the living facility it is, None where it is new or refused.
    iou
        Intersection over union with that one's ground; 0 where there is none.
    fault
        Why it is refused.
    """

    relation: str
    building: Any = None
    iou: float = 0.0
    fault: Fault | None = None


def match_facilities(
    delivered: gpd.GeoDataFrame, living: gpd.GeoDataFrame, *, stage: str | None = None, stated: Mapping[Any, Any]
) -> list[FacilityMatch]:
    """Relate delivered facilities of a class to the living ones of that class.

    Parameters
    ----------
    delivered
        Valid polygons in a plane in metres, with the column ``fingerprint``.
    living
        The register's around them in the same plane, with the columns ``code, fingerprint, stage``.
    stage
        Whose geometry is delivered: the same ground at another stage is a version of its own.
    stated
        For rows (by delivered index) that name a facility themselves: its index in `living`.

    Returns
    -------
    list of FacilityMatch
        One for each row, in order. Facilities cross and meet: one is another only where they share nearly all their ground
        (IoU of at least 0.9), or where the row says so and they share some.
    """
    shapes, grounds = (np.asarray(frame.geometry.values) for frame in (delivered, living))
    alike: dict[int, list[int]] = {}
    for row, place in same_ground(shapes, grounds):
        alike.setdefault(row, []).append(place)
    twins: dict[int, int] = {}
    for row, other in same_ground(shapes, shapes):
        if other < row:
            twins.setdefault(row, other)
    matches: list[FacilityMatch] = []
    claimed: dict[Any, Any] = {}
    for row, index in enumerate(delivered.index):
        known = living.index.get_loc(stated[index]) if index in stated else None
        match = _match(shapes[row], delivered.fingerprint.iloc[row], known, alike.get(row, []), (living, stage))
        twin = twins.get(row)
        if twin is not None and matches[twin].fault is None:
            match = _duplicate(delivered.index[twin])
        elif match.building in claimed:
            match = _duplicate(claimed[match.building])
        elif match.building is not None:
            claimed[match.building] = index
        matches.append(match)
    return matches


def _match(
    shape: Any, fingerprint: str, known: int | None, alike: list[int], there: tuple[gpd.GeoDataFrame, str | None]
) -> FacilityMatch:
    living, stage = there
    if known is not None and not shapely.intersects(shape, living.geometry.iloc[known]):
        fault = _SENTENCES.fault("facility_stated_elsewhere", code=_code(living, known))
        return FacilityMatch("refused", fault=fault)
    others = [place for place in alike if place != known]
    if len(others) > (known is None):
        codes = ", ".join(_code(living, place) for place in alike)
        return FacilityMatch("refused", fault=_SENTENCES.fault("facility_several", code=codes))
    place = known if known is not None else next(iter(alike), None)
    if place is None:
        return FacilityMatch("new")
    ground = living.geometry.iloc[place]
    area_m2, _ = shared_ground(shape, ground)
    is_same = living.fingerprint.iloc[place] == fingerprint and stage in {None, living.stage.iloc[place]}
    iou = area_m2 / (shape.area + ground.area - area_m2)
    return FacilityMatch("same" if is_same else "revised", living.index[place], float(iou))


def _duplicate(row: Any) -> FacilityMatch:
    return FacilityMatch("refused", fault=_SENTENCES.fault("facility_duplicate_row", other=row))


def _code(living: gpd.GeoDataFrame, place: int) -> str:
    return str(parse(living.code.iloc[place]))
