"""The unit of a drawing: what its head states is believed where the coordinates do not say otherwise.

The templates of AutoCAD state millimetres, and surveyors draw metres in them.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from geocode.faults import Text
from layers.crs_candidates import Candidate, find_candidates
from layers.errors import refused
from layers.remarks import remark

__all__ = ["UNITS_M", "stated_unit", "unit_of"]

UNITS_M: Mapping[str, float] = {
    "m": 1.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "in": 0.0254,
    "ft": 0.3048,
}
# $INSUNITS; 0 is none
_NUMBERED = {0: "m", 1: "in", 2: "ft", 4: "mm", 5: "cm", 6: "m", 7: "km", 14: "dm"}


def stated_unit(number: int) -> str:
    """Return the unit that the head of a drawing states by its number; metres where it is none that is known."""
    return _NUMBERED.get(number, "m")


def unit_of(number: int, xy: NDArray[np.float64], *, said: str | None = None) -> tuple[str, tuple[Text, ...]]:
    """Return the unit of a drawing, a key of `UNITS_M`, and a remark where it is not what its head states.

    Parameters
    ----------
    number
        What the head states, ``$INSUNITS``.
    xy
        Positions of the drawing, shape (n, 2), in its unit.
    said
        What the person says.

    Raises
    ------
    RefusedFile
        The unit is none that is known or the coordinates look like degrees; or they look like no place on the mainland
        in the unit that is stated, nor in metres, so that nothing tells whether it is meant.
    """
    if said is not None:
        if said not in UNITS_M:
            raise refused("dxf_unit_unknown", unit=said[:20], known=", ".join(UNITS_M))
        return said, ()
    stated = _NUMBERED.get(number, str(number))
    if _looks_like(xy, lambda each: each.family == "degrees"):
        raise refused("dxf_degrees")
    if _is_placed(xy):
        return "m", () if stated == "m" else (remark("dxf_unit_doubted", stated=stated),)
    likely = "mm" if stated == "m" else stated
    if likely in UNITS_M and _is_placed(xy * UNITS_M[likely]):
        return likely, (remark("dxf_unit_scaled", unit=likely, factor=UNITS_M[likely]),)
    if stated == "m":
        return "m", ()
    raise refused("dxf_unit", stated=stated)


def _is_placed(xy: NDArray[np.float64]) -> bool:
    """Return whether positions look like those of a plane CRS of the mainland, in metres."""
    return _looks_like(xy, lambda each: each.family != "degrees" and not each.is_millimetres)


def _looks_like(xy: NDArray[np.float64], wanted: Callable[[Candidate], bool]) -> bool:
    return any(wanted(each) for each in find_candidates(xy))
