"""The CRS of a delivery that states none, or one that its numbers contradict: found beyond doubt, or asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pyproj
from numpy.typing import NDArray

from geocode.crs import crs_gate
from geocode.errors import CrsError
from geocode.faults import Text
from layers.crs_candidates import CHINA, Box, Candidate, find_candidates, grid_of, place_of, turn
from layers.remarks import remark

__all__ = ["AS_IT_IS", "OLDER_DATUMS", "CrsFinding", "Fit", "check_stated", "find_crs", "fits_in"]

Verdict: TypeAlias = Literal["found", "ask", "refused", "none"]
OLDER_DATUMS = ("XIAN80", "BEIJING54", "GCJ02")
_MOST = 32
# of nine points over the delivery, how many must have a place for the CRS to be possible
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class CrsFinding:
    """What is known of the CRS of numbers.

    Attributes
    ----------
    verdict
        ``found``: exactly one is plausible and its datum is said. ``ask``: a person chooses among the candidates.
        ``refused``: the datum that is said leads to no EPSG:4490. ``none``: the numbers look like nothing usual.
    candidates
        The most plausible first.
    why
        One sentence.
    """

    verdict: Verdict
    candidates: tuple[Candidate, ...]
    why: Text

    @property
    def hint(self) -> Text:
        """Return why the most plausible is, or that nothing is."""
        return self.candidates[0].reason if self.candidates else self.why


class Fit(NamedTuple):
    """How numbers are read in a CRS, and the longitudes and latitudes of nine points over them where that is judged."""

    is_swapped: bool
    is_millimetres: bool
    lonlat: NDArray[np.float64] | None = None

    @property
    def is_plain(self) -> bool:
        """Return whether they are read as they stand."""
        return not (self.is_swapped or self.is_millimetres)


AS_IT_IS = Fit(is_swapped=False, is_millimetres=False)


def find_crs(
    xy: NDArray[np.float64],
    *,
    extent: Sequence[Box] = (),
    datum: str = "",
    systems: Mapping[str, pyproj.CRS] | None = None,
) -> CrsFinding:
    """Return which CRS coordinates are in that nothing states.

    Parameters
    ----------
    xy
        Shape (n, 2), in the order of the file.
    extent
        Where the office works, in degrees.
    datum
        The datum that the file, the person or the installation says: ``CGCS2000``, or one of `OLDER_DATUMS`. Where it is
        empty nothing is found, only asked: numbers are the same in CGCS2000, Xi'an 80 and Beijing 54, and 0.04 % off in
        UTM.
    systems
        The city's own systems, on CGCS2000, by name.
    """
    if datum in OLDER_DATUMS:
        return CrsFinding("refused", (), remark("crs_datum_older", datum=datum))
    candidates = find_candidates(xy, extent=extent, systems=systems)
    if datum:
        candidates = [each for each in candidates if each.family != "utm"]
    if not candidates:
        return CrsFinding("none", (), remark("crs_like_nothing"))
    near = [each for each in candidates if each.place != "outside"]
    if not near:
        return CrsFinding("ask", tuple(candidates[:_MOST]), remark("crs_ask_outside"))
    told = tuple(near[:_MOST])
    if len(near) > 1:
        return CrsFinding("ask", told, remark("crs_ask_several", count=len(near)))
    (only,) = near
    if not _is_beyond_doubt(only):
        return CrsFinding("ask", told, remark("crs_ask_doubt"))
    if not datum:
        return CrsFinding("ask", told, remark("crs_ask_datum"))
    return CrsFinding("found", told, only.reason)


def check_stated(
    xy: NDArray[np.float64],
    crs: pyproj.CRS,
    *,
    extent: Sequence[Box] = (),
    systems: Mapping[str, pyproj.CRS] | None = None,
) -> Fit | tuple[Candidate, ...]:
    """Return how coordinates are to be read in the CRS that the file states, or the candidates where they contradict it.

    They contradict it where they have no place in it, or one outside of the office's extent (of China, for degrees) while
    another CRS or order of axes has them wholly inside. Nothing is judged of a CRS that the gate refuses.
    """
    fits = fits_in(xy, crs)
    if not fits or not fits[0].is_plain:
        if len(fits) == 1:
            return fits[0]
        meridian = _meridian_of(crs)
        contradicting = find_candidates(xy, extent=extent, systems=systems)
        contradicting.sort(key=lambda each: each.meridian != meridian)
        return tuple(contradicting[:_MOST]) or AS_IT_IS
    where = extent or ([CHINA] if crs.is_geographic else [])
    if fits[0].lonlat is None or place_of(fits[0].lonlat, where) != "outside":
        return fits[0]
    elsewhere = find_candidates(xy, extent=where, systems=systems)
    return tuple(each for each in elsewhere if each.place == "inside") or fits[0]


def fits_in(xy: NDArray[np.float64], crs: pyproj.CRS) -> list[Fit]:
    """Return the ways in which coordinates have places in a CRS: as they are, axes exchanged, in millimetres, or both.

    Of a CRS that the gate refuses, and of no coordinates, as they are.
    """
    grid = grid_of(xy)
    try:
        gate = crs_gate(crs)
    except CrsError:
        return [AS_IT_IS]
    if grid is None:
        return [AS_IT_IS]
    fits = []
    for is_millimetres in (False, True) if crs.is_projected else (False,):
        for is_swapped in (False, True):
            turned = turn(grid, is_swapped=is_swapped, is_millimetres=is_millimetres)
            lonlat = np.column_stack(gate.to_lonlat(turned[:, 0], turned[:, 1]))
            lonlat = lonlat[(np.abs(lonlat) <= (180, 90)).all(axis=1)]
            if len(lonlat) >= _ENOUGH:
                fits.append(Fit(is_swapped, is_millimetres, lonlat))
    if crs.area_of_use is None:
        # formulas without bounds have a place for everything
        inside = [fit for fit in fits if fit.lonlat is not None and place_of(fit.lonlat, [CHINA]) == "inside"]
        return inside or fits
    return fits


def _meridian_of(crs: pyproj.CRS) -> float | None:
    operation = crs.coordinate_operation
    if operation is None:
        return None
    return next((float(each.value) for each in operation.params if each.name == "Longitude of natural origin"), None)


def _is_beyond_doubt(candidate: Candidate) -> bool:
    """Tell whether the numbers can have no other place: all of it in the extent, or told by the zone or as degrees."""
    if not candidate.is_within_strip or candidate.family in {"utm", "mercator"}:
        return False
    return candidate.place == "inside" or (candidate.place == "unknown" and candidate.family in {"zone", "degrees"})
