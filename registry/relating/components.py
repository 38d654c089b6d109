"""Connected components of a graph whose edges are two arrays."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["connected"]


def connected(i: NDArray[np.intp], j: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return for each of `count` nodes the lowest node that it is connected with by the edges (i, j)."""
    labels = np.arange(count)
    while True:
        before = labels.copy()
        low = np.minimum(labels[i], labels[j])
        np.minimum.at(labels, i, low)
        np.minimum.at(labels, j, low)
        labels = labels[labels]
        if np.array_equal(before, labels):
            return labels
