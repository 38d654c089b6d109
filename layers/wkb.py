"""Well-known binary: geometries out of it, row by row where one is broken."""

from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geocode.faults import read_sentences

__all__ = ["broken_geometries", "geometries_of_wkb"]

_SENTENCES = read_sentences("layers", "faults.toml")


def geometries_of_wkb(wkb: pa.Array | NDArray[Any], *, arcs: bool = True) -> NDArray[Any]:
    """Return geometries, shape (n,): None where there is no WKB, or none that can be read.

    Parameters
    ----------
    arcs
        Whether a geometry with arcs, which shapely does not know, is an error; else it is one that cannot be read.

    Raises
    ------
    NotImplementedError
        One has arcs.
    """
    values = wkb.to_numpy(zero_copy_only=False) if isinstance(wkb, pa.Array) else wkb
    try:
        return _from_wkb(values)
    except NotImplementedError:
        if arcs:
            raise
    geometries = np.full(len(values), None, dtype=object)
    for row in range(len(values)):
        with suppress(NotImplementedError):
            geometries[row] = _from_wkb(values[row : row + 1])[0]
    return geometries


def broken_geometries(lost: NDArray[np.bool_], *, reason: str) -> NDArray[Any]:
    """Return a `Fault` for each row whose geometry stands in the file and cannot be built, else None, shape (n,)."""
    faults = np.full(len(lost), None, dtype=object)
    for row in np.flatnonzero(lost):
        faults[row] = _SENTENCES.fault("geometry_broken", reason=reason)
    return faults


def _from_wkb(values: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(invalid="ignore"):
        return np.asarray(shapely.from_wkb(values, on_invalid="ignore"), dtype=object)
