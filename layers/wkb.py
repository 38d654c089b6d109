"""Well-known binary: geometries out of it, row by row where one is broken."""

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geocode.faults import read_sentences

__all__ = ["PlainPolygons", "broken_geometries", "find_plain_polygons", "geometries_of_wkb"]

# of little-endian WKB: a polygon of one ring, and the same as the only part of a multi-polygon
_RING = bytes([1, 3, 0, 0, 0, 1, 0, 0, 0])
_HEADS = (_RING, bytes([1, 6, 0, 0, 0, 1, 0, 0, 0]) + _RING)
_NUMBER_BYTES, _POSITION_BYTES, _LEAST_POSITIONS = 4, 16, 4
_SENTENCES = read_sentences("layers", "faults.toml")


class PlainPolygons(NamedTuple):
    """What is known of polygons in WKB that need not be built for it.

    Attributes
    ----------
    rows
        Shape (n,): which of all rows they are.
    counts
        Shape (n,): how many positions they have, 0 for the others.
    xy
        Their positions in order, shape (m, 2).
    """

    rows: NDArray[np.bool_]
    counts: NDArray[np.int64]
    xy: NDArray[np.float64]


def find_plain_polygons(wkb: pa.Array) -> PlainPolygons | None:
    """Return the polygons in two dimensions that have one ring, which is closed; None where a number in them is none.

    They are most of what is delivered, are built by every library, and are read here in a tenth of the time that takes.
    """
    kind = np.int64 if pa.types.is_large_binary(wkb.type) else np.int32
    _, bounds, content = wkb.buffers()
    if content is None or not len(wkb):
        return None
    ends = np.frombuffer(bounds, dtype=kind)[wkb.offset : wkb.offset + len(wkb) + 1].astype(np.int64)
    data = np.frombuffer(content, dtype=np.uint8)
    rows, begins = np.zeros(len(wkb), dtype=bool), ends[:-1].copy()
    for head in _HEADS:
        found = _with_head(data, ends, head) & np.asarray(wkb.is_valid())
        rows |= found
        begins[found] += len(head) + _NUMBER_BYTES
    counts = np.where(rows, (ends[1:] - begins) // _POSITION_BYTES, 0)
    # behind the positions of the rows before lie their own
    firsts = begins - _POSITION_BYTES * (np.cumsum(counts) - counts)
    places = np.repeat(firsts, counts) + _POSITION_BYTES * np.arange(counts.sum())
    xy = _pieces(data, places, _POSITION_BYTES).view("<f8")
    return PlainPolygons(rows, counts, xy) if np.isfinite(xy).all() else None


def _with_head(data: NDArray[np.uint8], ends: NDArray[np.int64], head: bytes) -> NDArray[np.bool_]:
    """Return which pieces of data have a head, as many positions as they say, and the first of them as the last."""
    before = len(head) + _NUMBER_BYTES
    found = np.diff(ends) >= before + _LEAST_POSITIONS * _POSITION_BYTES
    rows = np.flatnonzero(found)
    begins, lengths = ends[rows], np.diff(ends)[rows]
    is_so = (_pieces(data, begins, len(head)) == np.frombuffer(head, dtype=np.uint8)).all(axis=1)
    said = _pieces(data, begins + len(head), _NUMBER_BYTES).view("<u4")[:, 0].astype(np.int64)
    is_so &= lengths == before + said * _POSITION_BYTES
    first, last = (_pieces(data, at, _POSITION_BYTES) for at in (begins + before, begins + lengths - _POSITION_BYTES))
    found[rows] = is_so & (first == last).all(axis=1)
    return found


def _pieces(data: NDArray[np.uint8], begins: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return pieces of data of one size, shape (k, size); as items that overlap, they are taken at the speed of memory."""
    every = np.ndarray((max(len(data) - size + 1, 0),), f"V{size}", data, strides=(1,))
    return every[begins].view(np.uint8).reshape(-1, size)


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
