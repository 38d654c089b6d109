"""Loops over whole arrays as machine code: compiled once for each installation, then read from numba's cache.

Floating point stays IEEE 754 to the letter: without `fastmath` no operation is reordered, fused or left out.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["as_texts", "compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Function], Function]:
    """Return the decorator that compiles a function for one signature, in numba's notation.

    Parameters
    ----------
    signature
        Such as ``void(f8[:], i8[::1])``; results are written into arrays that the caller gives.
    """

    def decorate(function: Function) -> Function:
        # other threads may run meanwhile
        compile_with: Any = partial(numba.njit, signature, nogil=True, error_model="numpy")
        try:
            return cast("Function", compile_with(cache=True)(function))
        except RuntimeError:
            # no folder for the cache is writable, as on a sealed server: compiled anew in each process
            return cast("Function", compile_with()(function))

    return decorate


def inlined(function: Function) -> Function:
    """Decorate a function that compiled loops call, and that is compiled into each of them."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


def as_texts(letters: NDArray[np.uint32]) -> NDArray[np.str_]:
    """Return rows of code points, shape (n, k), as an array of texts, shape (n,), dtype ``Uk``; no copy is made."""
    return letters.view(f"U{letters.shape[1]}").ravel()
