"""Positions of a layer: what telling its CRS needs to know of them, gathered as they come by."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.wkb import PlainPolygons

__all__ = ["Positions", "count_degrees", "sampling_step", "sensible"]

_LARGEST = 1e12
_SAMPLE = 20_000


def sensible(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions, shape (n, 2), that are finite and not beyond all measure."""
    return xy if _are_within(xy, _LARGEST) else xy[(np.abs(xy) < _LARGEST).all(axis=1)]


def sampling_step(count: int) -> int:
    """Return which of so many positions are looked at: one in 1, 2, 4, 8, ….

    Powers of two: a sample that is gathered as positions come by is thinned to the next, and is what it would be of all.
    """
    return 1 << (max(count - 1, 0) // _SAMPLE).bit_length()


def count_degrees(xy: NDArray[np.float64]) -> tuple[int, int]:
    """Return how many positions, shape (n, 2), are finite, and how many of those can be longitude and latitude."""
    if _are_within(xy, 90):
        return len(xy), len(xy)
    finite = xy if _are_within(xy, np.inf) else xy[np.isfinite(xy).all(axis=1)]
    within = (np.abs(finite[:, 0]) <= 180) & (np.abs(finite[:, 1]) <= 90)  # noqa: PLR2004 - degrees
    return len(finite), int(np.count_nonzero(within))


def _are_within(xy: NDArray[np.float64], most: float) -> bool:
    """Return whether every ordinate is smaller than a number, which takes a tenth of looking at each."""
    return not len(xy) or bool(xy.min() > -most and xy.max() < most)


class Positions:
    """What is known of the positions that came by, in memory that does not grow with them."""

    def __init__(self) -> None:
        self._finite = self._degrees = self._count = 0
        self._step = 1
        self._kept = [np.empty((0, 2))]

    @classmethod
    def of(cls, geometries: NDArray[Any]) -> "Positions":
        """Return what is known of the positions of geometries."""
        seen = cls()
        seen.add(geometries)
        return seen

    @property
    def are_degrees(self) -> bool:
        """Whether half the finite positions or more can be longitude and latitude; true of none."""
        return 2 * self._degrees >= self._finite

    @property
    def sample(self) -> NDArray[np.float64]:
        """Of the sensible positions, in order, every so manieth as `sampling_step` tells, shape (n, 2)."""
        return np.concatenate(self._kept)

    def add(self, geometries: NDArray[Any], unbuilt: PlainPolygons | None = None) -> None:
        """Take note of the positions of further geometries, and of those among them that were not built."""
        xy = shapely.get_coordinates(geometries) if unbuilt is None else _in_order(geometries, unbuilt)
        finite, degrees = count_degrees(xy)
        self._finite += finite
        self._degrees += degrees
        there = sensible(xy)
        self._kept.append(there[-self._count % self._step :: self._step].copy())
        self._count += len(there)
        if (step := sampling_step(self._count)) > self._step:
            self._kept = [self.sample[:: step // self._step].copy()]
            self._step = step


def _in_order(geometries: NDArray[Any], unbuilt: PlainPolygons) -> NDArray[np.float64]:
    """Return the positions of geometries of which some were not built, in the order of the rows."""
    if unbuilt.rows.all():
        return unbuilt.xy
    counts = np.where(unbuilt.rows, unbuilt.counts, shapely.get_num_coordinates(geometries))
    is_unbuilt = np.repeat(unbuilt.rows, counts)
    xy = np.empty((len(is_unbuilt), 2))
    xy[is_unbuilt], xy[~is_unbuilt] = unbuilt.xy, shapely.get_coordinates(geometries)
    return xy
