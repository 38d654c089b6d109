"""Events that are to be appended later: as long as they are few in memory, then in a file."""

import marshal
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.ledger.events import NewEvent, SaidEvent, say_event
from workflows.nameless_files import open_nameless, write_all

__all__ = ["KeptEvents"]

_IN_MEMORY = 10_000
_TIME = SaidEvent._fields.index("occurred_at")


class KeptEvents:
    """Events in the order in which they were added.

    The file has no name and ends with this object. What goes into it is said and written in a thread of its own, while
    whoever adds events hears from the database.
    """

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._most = in_memory
        self._few: list[NewEvent] = []
        self._file: int | None = None
        self._lengths: list[int] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events")
        self._keeping: Future[None] | None = None

    def add(self, events: Iterable[NewEvent]) -> None:
        """Add events behind those that are there.

        Raises
        ------
        EventError
            One of those added before is kept in the file, and JSON cannot say what is in it.
        """
        self._few += events
        if len(self._few) > self._most:
            self._settle()
            self._keeping = self._thread.submit(self._keep, self._few)
            self._few = []

    def __iter__(self) -> Iterator[NewEvent | SaidEvent]:
        """Yield the events; those in the file with their texts.

        Raises
        ------
        EventError
            As `add`.
        """
        self._settle()
        begin = 0
        for length in self._lengths:
            yield from map(_event, marshal.loads(_read(self._file, length, begin)))  # noqa: S302 - our own, and nameless
            begin += length
        yield from self._few

    def _settle(self) -> None:
        """Wait until what was added before is in the file."""
        if self._keeping is not None:
            self._keeping.result()

    def _keep(self, events: Iterable[NewEvent]) -> None:
        self._file = open_nameless(self) if self._file is None else self._file
        block = marshal.dumps([_values(event) for event in events])
        write_all(self._file, block)
        self._lengths.append(len(block))


def _read(handle: int | None, length: int, begin: int) -> bytes:
    """Return a block of a file, however it is cut on the way."""
    block = list[bytes]()
    while handle is not None and length:
        some = os.pread(handle, length, begin)
        if not some:
            message = "a file of events has been cut off"
            raise EOFError(message)
        block.append(some)
        begin, length = begin + len(some), length - len(some)
    # what came at once is not copied
    return b"".join(block)


def _values(event: NewEvent) -> tuple[Any, ...]:
    said = say_event(event)
    return (*said[:_TIME], said.occurred_at.isoformat(), *said[_TIME + 1 :])


def _event(values: tuple[Any, ...]) -> SaidEvent:
    return SaidEvent._make((*values[:_TIME], _moment(values[_TIME]), *values[_TIME + 1 :]))


@lru_cache(maxsize=16)
def _moment(text: str) -> datetime:
    """Return a time that many events have."""
    return datetime.fromisoformat(text)
