"""The alphabet of GB 32100-2015 and its check character: 31 characters, value = position, no I O S V Z."""

from collections.abc import Sequence

__all__ = ["ALPHABET", "BASE", "LOOK_ALIKES", "VALUES", "WEIGHTS", "check_value"]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BASE = len(ALPHABET)
VALUES = {character: value for value, character in enumerate(ALPHABET)}
LOOK_ALIKES = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}
# 3 generates all thirty remainders, so no two places of a code that may have weights of its own share one
WEIGHTS = tuple(pow(3, i, BASE) for i in range(BASE - 1))


def check_value(values: Sequence[int]) -> int:
    """Return the check value of up to thirty values: (−Σ vᵢ·3ⁱ) mod 31, i from 0."""
    return -sum(value * weight for value, weight in zip(values, WEIGHTS[: len(values)], strict=True)) % BASE
