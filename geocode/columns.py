"""Arguments as columns, arrays of one value a row, or an error that says what came instead."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["geometry_column", "number_columns"]


def geometry_column(geometries: Any) -> NDArray[Any]:
    """Return geometries as an array of objects, shape (n,).

    Raises
    ------
    ValueError
        They are no column: one geometry alone, a generator, a frame.
    """
    column = np.asarray(geometries, dtype=object)
    if column.ndim != 1:
        raise ValueError(f"a list or array of geometries is needed, shape (n,), not {_told(geometries, column)}")
    return column


def number_columns(*values: ArrayLike, dtype: Any = np.float64) -> tuple[NDArray[Any], ...]:
    """Return columns of numbers of one length, shape (n,) each.

    Raises
    ------
    ValueError
        They are no columns, or not of one length.
    TypeError
        The type asked for is one of whole numbers, and cannot hold all that these can be.
    """
    columns = tuple(_numbers(each, np.dtype(dtype)) for each in values)
    for each, column in zip(values, columns, strict=True):
        if column.shape != (columns[0].size,):
            raise ValueError(f"lists or arrays of one length are needed, shape (n,) each, not {_told(each, column)}")
    return columns


def _numbers(values: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return np.asarray(values, dtype=dtype)
    column = np.asarray(values)
    # an empty list is one of doubles to numpy
    return column.astype(dtype, casting="safe" if column.size else "unsafe", copy=False)


def _told(values: Any, column: NDArray[Any]) -> str:
    """Return what was given in words: its type and its shape."""
    return f"{type(values).__name__} of shape {column.shape}"
