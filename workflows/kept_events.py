"""Events that are to be appended later: as long as they are few in memory, then in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from registry.ledger.events import NewEvent
from workflows.nameless_files import open_nameless, write_all

__all__ = ["KeptEvents"]

_IN_MEMORY = 20_000
_NAMES = tuple(field.name for field in fields(NewEvent))


class KeptEvents:
    """Events in the order in which they were added; they are told once.

    The file has no name and ends with this object.
    """

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        self._most = in_memory
        self._few: list[NewEvent] = []
        self._file: int | None = None

    def add(self, events: Sequence[NewEvent]) -> None:
        """Add events behind those that are there."""
        self._few += events
        if len(self._few) > self._most:
            self._file = open_nameless(self) if self._file is None else self._file
            write_all(self._file, b"".join(orjson.dumps(_values(event)) + b"\n" for event in self._few))
            self._few = []

    def __iter__(self) -> Iterator[NewEvent]:
        """Yield the events."""
        if self._file is not None:
            with open(self._file, "rb", closefd=False) as lines:
                lines.seek(0)
                for line in lines:
                    yield _event(orjson.loads(line))
        yield from self._few


def _values(event: NewEvent) -> list[Any]:
    return [getattr(event, name) for name in _NAMES]


def _event(values: list[Any]) -> NewEvent:
    said = dict(zip(_NAMES, values, strict=True))
    return NewEvent(**{**said, "occurred_at": datetime.fromisoformat(said["occurred_at"])})
