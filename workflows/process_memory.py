"""The memory of this process."""

import ctypes
import gc

__all__ = ["give_back_memory", "keep_what_stands", "leave_nothing"]


def give_back_memory() -> None:
    """Give what was freed back to the system, which GNU's C library else keeps for what may come; others need no telling."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def keep_what_stands() -> None:
    """Take what there is for what stays until the process ends: Python looks for circles among what comes later alone.

    What a service has loaded is 400,000 objects, and a look at each of them stops everybody for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


def leave_nothing() -> None:
    """Free what work that has ended left in circles, and give its memory back: work comes and goes, and its traces would add up."""
    gc.collect()
    give_back_memory()
