"""What is to be on record of a request: whoever answers it notes it, and whoever asked for it to be answered reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workflows.principals import Principal

__all__ = ["Noted", "note_read", "noting"]


class Noted(NamedTuple):
    """Somebody read, by a right to an action, what is restricted; `place` says which kind of it."""

    principal: "Principal"
    action: str
    place: str | None


# one list for a request, whichever thread it is answered in
_noted: ContextVar[list[Noted] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[Noted]]:
    """Yield the list of what is noted from now on, until the block ends."""
    read: list[Noted] = []
    token = _noted.set(read)
    try:
        yield read
    finally:
        _noted.reset(token)


def note_read(principal: "Principal", action: str, place: str | None = None) -> None:
    """Note that somebody reads what is restricted; nothing happens where nobody takes notes, as at this machine's desk."""
    read = _noted.get()
    if read is not None and (noted := Noted(principal, action, place)) not in read:
        read.append(noted)
