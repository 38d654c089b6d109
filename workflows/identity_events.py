"""Events of offices, keys and users: who may come in is part of what happened."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from registry.ledger.events import NewEvent

__all__ = ["identity_event"]


def identity_event(kind: str, subject: str, body: Mapping[str, Any], *, office_id: int, actor: str) -> NewEvent:
    """Return the event of something that happened now to ``office/<code>``, ``key/<number>`` or ``user/<number>``.

    Parameters
    ----------
    office_id, actor
        Who did it.
    """
    return NewEvent(
        kind=kind, subject=subject, office_id=office_id, actor=actor, occurred_at=datetime.now(UTC), body=body
    )
