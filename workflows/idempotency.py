"""The same request twice is the same answer once: what a client sends again after a broken line changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import orjson

from store.database import Connection, Database, transaction
from store.idempotency import claim_key, find_answer, keep_answer, take_turn
from workflows.errors import ChangedSinceError, ReusedKeyError, StillRunningError
from workflows.principals import Principal

__all__ = ["in_turn", "once", "was_answered"]


def once(
    connection: Connection,
    principal: Principal,
    key: str | None,
    request: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Return the answer to a request: the one that is kept under its key, or else what the work gives, then kept.

    The first thing that a transaction does, before it locks anything else. Work that raises leaves nothing under the key.

    Parameters
    ----------
    key
        The client's own; without one the work is simply done.
    request
        Everything that the answer depends on, as JSON can hold it, with the name of what is asked for.

    Raises
    ------
    ReusedKeyError
        The office used the key for another request.
    StillRunningError
        The office's request with this key is being worked on at this moment.
    """
    if key is None:
        return work()
    office = principal.office_id
    if not claim_key(connection, office_id=office, key=key):
        raise StillRunningError(key)
    asked = sha256(orjson.dumps(dict(request), option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept = find_answer(connection, office_id=office, key=key)
    if kept is None:
        answer: dict[str, Any] = orjson.loads(orjson.dumps(work()))
        keep_answer(connection, office_id=office, key=key, request_sha256=asked, answer=answer)
        return answer
    if kept.request_sha256 != asked:
        raise ReusedKeyError(key)
    return kept.answer


def was_answered(database: Database, principal: Principal, key: str | None) -> bool:
    """Return whether a principal's office was given an answer under a key: the same request is answered by it again."""
    if key is None:
        return False
    with transaction(database) as connection:
        return find_answer(connection, office_id=principal.office_id, key=key) is not None


@contextmanager
def in_turn(database: Database, name: str) -> Iterator[None]:
    """Have the turn of a name for as long as is needed: nobody else does, in this process or another.

    Raises
    ------
    ChangedSinceError
        Somebody else has it.
    """
    with transaction(database) as connection:
        if not take_turn(connection, name):
            raise ChangedSinceError
        yield
