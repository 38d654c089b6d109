"""The process itself: its memory, and how Python works in it."""

import ctypes
import gc
import sys

__all__ = ["change_threads_often", "give_back_memory", "keep_what_stands", "leave_nothing", "settle_interpreter"]

_SWITCH_S = 5e-4
_MANY_OBJECTS = 1_000_000


def change_threads_often() -> None:
    """Have whoever waits for the interpreter while others compute get it in a tenth of the usual five milliseconds."""
    sys.setswitchinterval(_SWITCH_S)


def settle_interpreter() -> None:
    """Have Python look for circles among its objects now and then, and change threads often.

    A million rows are no circles, and looking took a third of the time. And whoever has heard from the database goes on at once,
    while another thread prepares what comes next.
    """
    gc.set_threshold(_MANY_OBJECTS, 20, 20)
    change_threads_often()


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
