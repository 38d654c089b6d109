"""Work in two places at once: the next item is made while the last one is worked on."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["one_ahead"]

_T = TypeVar("_T")


@contextmanager
def one_ahead(items: Generator[_T, None, None]) -> Iterator[Iterator[_T]]:
    """Yield an iterator over items that are made in a thread of their own, one ahead of whoever takes them.

    What making one raises is raised where it would be taken. At the end the generator is closed, in its thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            yield _taken(items, thread)
        finally:
            thread.submit(items.close).result()


def _taken(items: Generator[_T, None, None], thread: ThreadPoolExecutor) -> Iterator[_T]:
    coming = thread.submit(_next, items)
    while item := coming.result():
        coming = thread.submit(_next, items)
        yield item[0]


def _next(items: Iterator[_T]) -> tuple[_T] | tuple[()]:
    """Return the next item in a tuple, an empty one where there is none."""
    for item in items:
        return (item,)
    return ()
