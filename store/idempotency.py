"""Answers kept by the key of their request."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select

from store.database import Connection
from store.schema import idempotency

__all__ = ["KeptAnswer", "claim_key", "find_answer", "keep_answer", "take_turn"]


class KeptAnswer(NamedTuple):
    """An answer, and the hash of the request that it was given to."""

    request_sha256: str
    answer: dict[str, Any]


def claim_key(connection: Connection, *, office_id: int, key: str) -> bool:
    """Hold an office's key until the transaction ends, and return whether it was free."""
    held = func.pg_try_advisory_xact_lock(func.hashtextextended(f"idempotency:{office_id}:{key}", 0))
    return bool(connection.execute(select(held)).scalar_one())


def find_answer(connection: Connection, *, office_id: int, key: str) -> KeptAnswer | None:
    """Return the answer that an office was given under a key, or None."""
    wanted = select(idempotency.c.request_sha256, idempotency.c.answer).where(
        idempotency.c.office_id == office_id, idempotency.c.key == key
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else KeptAnswer(*row)


def keep_answer(
    connection: Connection, *, office_id: int, key: str, request_sha256: str, answer: Mapping[str, Any]
) -> None:
    """Keep an answer."""
    values = {"office_id": office_id, "key": key, "request_sha256": request_sha256, "answer": dict(answer)}
    connection.execute(insert(idempotency).values(values))


def take_turn(connection: Connection, name: str) -> bool:
    """Have the turn of a name until the transaction ends, and return whether nobody else had it."""
    taken = func.pg_try_advisory_xact_lock(func.hashtextextended(f"turn:{name}", 0))
    return bool(connection.execute(select(taken)).scalar_one())
