"""H3's own function from point to cell, as compiled loops call it: no array function stands in its Python package.

`h3.latlng_to_cell` is written in Cython, which lists its C function, with its signature, in a capsule of the module. So
the cells are those of the library to the bit, at the price of a call in C.
"""

import ctypes
from typing import Any

import h3._cy.latlng
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["find_entry", "latlng_to_cell"]

_SIGNATURE = b"H3Index (double, double, int, int __pyx_skip_dispatch)"


def find_entry() -> int | None:
    """Return the address of the C function, or None where this release of h3 has no such function."""
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    try:
        return int(get_pointer(h3._cy.latlng.__pyx_capi__["latlng_to_cell"], _SIGNATURE))  # noqa: SLF001 - Cython's list
    except (AttributeError, KeyError, ValueError):
        return None


def _latlng_to_cell(_context: Any, _entry: Any, _lat: Any, _lng: Any, _resolution: Any) -> Any:
    """Return the types and the code of a call of the function at an address."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        entry, lat, lng, resolution = arguments
        number, degrees, flag = ir.IntType(64), ir.DoubleType(), ir.IntType(32)
        function = ir.FunctionType(number, [degrees, degrees, flag, flag]).as_pointer()
        return builder.call(builder.inttoptr(entry, function), [lat, lng, resolution, ir.Constant(flag, 0)])

    return types.uint64(types.int64, types.float64, types.float64, types.int32), generate


# (entry, latitude in degrees, longitude in degrees, resolution) → cell; only within compiled loops that hold the GIL
latlng_to_cell: Any = intrinsic(_latlng_to_cell)
