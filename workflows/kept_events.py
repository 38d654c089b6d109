"""Events that are to be appended later: as long as they are few in memory, then in a file."""

import marshal
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from registry.ledger.events import NewEvent, canonical_json
from workflows.nameless_files import open_nameless, write_all

__all__ = ["KeptEvents"]

_IN_MEMORY = 10_000


class KeptEvents:
    """Events in the order in which they were added.

    The file has no name and ends with this object.
    """

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._most = in_memory
        self._few: list[NewEvent] = []
        self._file: int | None = None
        self._lengths: list[int] = []

    def add(self, events: Iterable[NewEvent]) -> None:
        """Add events behind those that are there.

        Raises
        ------
        EventError
            One is kept in the file, and JSON cannot say what is in it.
        """
        self._few += events
        if len(self._few) > self._most:
            self._file = open_nameless(self) if self._file is None else self._file
            block = marshal.dumps([_values(event) for event in self._few])
            write_all(self._file, block)
            self._lengths.append(len(block))
            self._few = []

    def __iter__(self) -> Iterator[NewEvent]:
        """Yield the events; those in the file with their bodies as canonical JSON."""
        begin = 0
        for length in self._lengths:
            yield from map(_event, marshal.loads(_read(self._file, length, begin)))  # noqa: S302 - our own, and nameless
            begin += length
        yield from self._few


def _read(handle: int | None, length: int, begin: int) -> bytes:
    """Return a block of a file, however it is cut on the way."""
    block = bytearray()
    while handle is not None and len(block) < length:
        some = os.pread(handle, length - len(block), begin + len(block))
        if not some:
            message = "a file of events has been cut off"
            raise EOFError(message)
        block += some
    return bytes(block)


def _values(event: NewEvent) -> tuple[Any, ...]:
    said = event.body if isinstance(event.body, bytes) else canonical_json(dict(event.body))
    told = (event.kind, event.subject, event.office_id, event.actor, event.occurred_at.isoformat(), event.building_id)
    return (*told, said)


def _event(values: tuple[Any, ...]) -> NewEvent:
    kind, subject, office, actor, occurred_at, building, said = values
    return NewEvent(
        kind=kind,
        subject=subject,
        office_id=office,
        actor=actor,
        occurred_at=datetime.fromisoformat(occurred_at),
        building_id=building,
        body=said,
    )
