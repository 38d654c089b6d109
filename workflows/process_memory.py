"""The memory of this process."""

import ctypes

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Give what was freed back to the system, which GNU's C library else keeps for what may come; others need no telling."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
