"""The height layers of GB/T 39409-2020, which are the thicker the farther they lie from the Earth's centre.

Layer n reaches from the ellipsoidal height r₀·((1 + θ₀)^(n/U) − 1) to that of n + 1, with r₀ = 6378137 m, θ₀ = π/180 and
U = 7372800, the number of 1/2048″ in a degree: at any height a layer is about as thick as a cell of level 10 is wide at
the equator. So a height H lies in layer ⌊y⌋ with y = U·ln(1 + H/r₀) / ln(1 + θ₀).

The floor is exact. In doubles, with u = 2⁻⁵³, the relative error of y is at most 29u: u from H/r₀, which the logarithm
magnifies up to 18.8 times (in the lowest layer, where 1 + H/r₀ = 0.012), 8u from numpy's `log1p` (4 units in the last
place), u each from the constant and from the product. Where an integer is no farther than 32u·|y|, `decimal` decides
with 80 digits. It always can: π is transcendental, so y is an integer at H = 0 alone; of all doubles in range the one
nearest to an integer is about 10⁻¹⁸ off, and 80 digits leave an error of 10⁻⁶⁸.
"""

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from math import inf, nextafter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.beidou_grid import LEVELS, UNITS_PER_DEG

__all__ = ["Layers", "layer_edge_m", "layer_span", "layers_of"]

# annex C.2: the layers go as far down and up as 256 steps of 1°
_LAYER_LIMIT = 256 * UNITS_PER_DEG
_LOWEST_M, _HIGHEST_M = -6_302_107.0, 528_680_172.0
_RADIUS_M = 6_378_137
_EXACT = Context(prec=80)
_PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421170680")
_LOG_STEP = _EXACT.ln(_EXACT.add(1, _EXACT.divide(_PI, 180)))
_LAYERS_PER_LOG = float(_EXACT.divide(UNITS_PER_DEG, _LOG_STEP))
_RELATIVE_ERROR = 32 * 2.0**-53
# layer −1 reaches 15 mm down; so far up in it nothing can underflow
_JUST_BELOW_M = -1e-3


class Layers(NamedTuple):
    """The layers that hold n heights.

    Attributes
    ----------
    number
        From 0 upwards above the ellipsoid, from −1 downwards below it, shape (n,); 0 where there is none.
    is_known
        Whether the height lies in the standard's range, shape (n,).
    """

    number: NDArray[np.int64]
    is_known: NDArray[np.bool_]


def layers_of(height_m: NDArray[np.float64]) -> Layers:
    """Return the layers that hold ellipsoidal heights in metres, shape (n,)."""
    is_near = (height_m > _LOWEST_M) & (height_m < _HIGHEST_M)
    height_m = np.where(is_near, height_m, 0.0)
    height_m = np.where(height_m < 0, np.minimum(height_m, _JUST_BELOW_M), height_m)
    place = np.log1p(height_m / _RADIUS_M) * _LAYERS_PER_LOG
    number = np.floor(place).astype(np.int64)
    # never where H = 0: nothing is less than nothing
    for row in np.flatnonzero(np.abs(place - np.rint(place)) < np.abs(place) * _RELATIVE_ERROR):
        number[row] = _exact_layer(float(height_m[row]))
    is_known = is_near & (number >= -_LAYER_LIMIT) & (number < _LAYER_LIMIT)
    return Layers(np.where(is_known, number, 0), is_known)


def layer_span(magnitude: int, level: int, *, is_below: bool) -> range:
    """Return the layers that height symbols name; empty where the standard has none.

    Parameters
    ----------
    magnitude
        What the symbols of levels 1 to `level` write: the leading bits of |n|. Below the ellipsoid |n| counts from 1.
    """
    step = 1 << sum(each.height_bits for each in LEVELS[level:])
    first, last = magnitude * step, magnitude * step + step - 1
    if is_below:
        return range(max(-last, -_LAYER_LIMIT), min(-first, -1) + 1)
    return range(first, min(last, _LAYER_LIMIT - 1) + 1)


def layer_edge_m(number: int) -> float:
    """Return a layer's lower edge in metres, rounded up: the lowest double that lies in the layer."""
    with localcontext(_EXACT):
        exact = _RADIUS_M * (number * _LOG_STEP / UNITS_PER_DEG).exp() - _RADIUS_M
    nearest = float(exact)
    return nextafter(nearest, inf) if Decimal(nearest) < exact else nearest


def _exact_layer(height_m: float) -> int:
    """Return the layer that holds a height, computed with 80 digits."""
    with localcontext(_EXACT):
        place = UNITS_PER_DEG * (1 + Decimal(height_m) / _RADIUS_M).ln() / _LOG_STEP
        return int(place.to_integral_value(ROUND_FLOOR))
