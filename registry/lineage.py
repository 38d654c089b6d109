"""Lineage: who came after whom. A code is for ever, and leads to those that live now."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

__all__ = ["Descent", "ancestors", "descendants", "find_circle", "present_of"]


# a building and one that came after it, by their codes
Descent: TypeAlias = tuple[str, str]


def descendants(code: str, descents: Iterable[Descent]) -> Iterator[str]:
    """Yield those that came after a building, at any remove, each once, the nearest first."""
    return _walk(code, _neighbours(descents))


def ancestors(code: str, descents: Iterable[Descent]) -> Iterator[str]:
    """Yield those that a building came after, at any remove, each once, the nearest first."""
    return _walk(code, _neighbours((after, before) for before, after in descents))


def present_of(code: str, descents: Iterable[Descent], living: Iterable[str]) -> tuple[str, ...]:
    """Return what a code leads to today: itself where it lives, else its nearest living successors on every line."""
    alive = set(living)
    after = _neighbours(descents)
    found, seen, waiting = [], {code}, [code]
    while waiting:
        here = waiting.pop(0)
        if here in alive:
            found.append(here)
            continue
        fresh = [each for each in dict.fromkeys(after.get(here, ())) if each not in seen]
        seen.update(fresh)
        waiting += fresh
    return tuple(found)


def find_circle(descents: Iterable[Descent]) -> tuple[str, ...] | None:
    """Return the codes of a circle, by which a building would come after itself, or None where there is none."""
    after = _neighbours(descents)
    done: set[str] = set()
    for start in after:
        way: list[str] = []
        turns = [iter((start,))]
        while turns:
            here = next(turns[-1], None)
            if here is None:
                turns.pop()
                if way:
                    done.add(way.pop())
            elif here in way:
                return tuple(way[way.index(here) :])
            elif here not in done:
                way.append(here)
                turns.append(iter(after.get(here, ())))
    return None


def _neighbours(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one, other in pairs:
        found[one] = (*found.get(one, ()), other)
    return found


def _walk(code: str, neighbours: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    seen, waiting = {code}, [code]
    while waiting:
        for each in neighbours.get(waiting.pop(0), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
                yield each
