"""The alphabet of GB 32100-2015 and its check character: 31 characters, value = position, no I O S V Z."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHABET", "BASE", "LOOK_ALIKES", "VALUES", "check_value", "check_values"]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BASE = len(ALPHABET)
VALUES = {character: value for value, character in enumerate(ALPHABET)}
LOOK_ALIKES = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}
WEIGHTS = tuple(pow(3, i, BASE) for i in range(12))


def check_value(values: Sequence[int]) -> int:
    """Return the check value of the first twelve values: (−Σ vᵢ·3ⁱ) mod 31."""
    return -sum(value * weight for value, weight in zip(values, WEIGHTS, strict=True)) % BASE


def check_values(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the check values of rows of twelve values, shape (n, 12) → (n,)."""
    return -(values @ np.array(WEIGHTS, dtype=np.int64)) % BASE
