"""How sure a width is, given how accurately both layers were surveyed."""

import math
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from layers.widths import RESOLUTION_M

__all__ = ["NOISE_M", "Certainty", "classify_widths", "combine_accuracies"]

NOISE_M = 0.002  # the narrowest that two surveys on a millimetre grid can tell from nothing
_COVERAGE_FACTOR = 2.0  # 2 sigma: about 95 in 100

Floats: TypeAlias = NDArray[np.float64]


class Certainty(StrEnum):
    """How sure a width is."""

    CERTAIN = "certain"
    WITHIN_ACCURACY = "within_accuracy"
    NOISE = "noise"


def combine_accuracies(a_m: float, b_m: float) -> float:
    """Return the standard deviation of a distance between two layers, in metres, from those of their positions."""
    return math.hypot(a_m, b_m)


def classify_widths(width_m: Floats, sigma_m: float) -> NDArray[np.object_]:
    """Return the `Certainty` of each width in metres: noise up to 2 mm, within accuracy up to 2 sigma, else certain."""
    limits_m = np.array([NOISE_M, max(NOISE_M, _COVERAGE_FACTOR * sigma_m)]) + RESOLUTION_M
    return _CLASSES[np.searchsorted(limits_m, width_m, side="left")]


# numpy turns a StrEnum that it is given alone into a plain str, but keeps those of a list
_CLASSES = np.array([Certainty.NOISE, Certainty.WITHIN_ACCURACY, Certainty.CERTAIN], dtype=object)
