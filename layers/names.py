"""Names of columns: made distinct, and short enough, without losing which was which."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

__all__ = ["Renamed", "make_distinct"]


class Renamed(NamedTuple):
    """Names made distinct, in the order given, and the pairs (old, new) that differ."""

    names: list[str]
    changes: list[tuple[str, str]]


def make_distinct(
    names: Sequence[str],
    *,
    taken: Collection[str] = (),
    fold: Callable[[str], str] = str,
    shorten: Callable[[str, str], str] = str.__add__,
) -> Renamed:
    """Return names of which no two are equal, changing as few as can be.

    Parameters
    ----------
    names
        As delivered.
    taken
        Names that are not free.
    fold
        What makes two names equal: ``str.casefold`` where case does not count.
    shorten
        Makes a name of a stem and an ending such as ``_2``; it may cut the stem.
    """
    used = {fold(name) for name in taken}
    # a name that fits as it is keeps its place before any that has to give way
    keeps = {}
    for position, name in enumerate(names):
        if shorten(name, "") == name and fold(name) not in used and fold(name) not in keeps:
            keeps[fold(name)] = position
    used |= keeps.keys()
    distinct = []
    for position, name in enumerate(names):
        candidate, number = shorten(name, ""), 1
        while keeps.get(fold(name)) != position and fold(candidate) in used:
            number += 1
            candidate = shorten(name, f"_{number}")
        used.add(fold(candidate))
        distinct.append(candidate)
    return Renamed(distinct, [(old, new) for old, new in zip(names, distinct, strict=True) if old != new])
