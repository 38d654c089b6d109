"""Sister systems and what they are owed: every event since they subscribed, in order for each building."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, String, cast, func, insert, select, true, update

from geocode import Text
from store.database import Connection, statement
from store.errors import NotHereError
from store.pages import behind
from store.schema import outbox, subscription

__all__ = [
    "add_subscription",
    "claim_messages",
    "end_subscription",
    "list_subscriptions",
    "settle_message",
]


def add_subscription(connection: Connection, *, office_id: int, label: str, url: str, secret: str) -> str:
    """Add a subscription and return its id: it is told of every event from now on."""
    values = {"office_id": office_id, "label": label, "url": url, "secret": secret}
    return str(connection.execute(insert(subscription).values(**values).returning(subscription.c.id)).scalar_one())


def end_subscription(connection: Connection, identity: str, *, office_id: int) -> None:
    """End an office's subscription; what it is still owed is told no more.

    Raises
    ------
    NotHereError
        The office has no such subscription, or it has ended.
    """
    ended = connection.execute(
        update(subscription)
        # as text: what is no UUID is nobody's id
        .where(
            cast(subscription.c.id, String) == identity,
            subscription.c.office_id == office_id,
            subscription.c.ended_at.is_(None),
        )
        .values(ended_at=func.statement_timestamp())
    )
    if not ended.rowcount:
        raise NotHereError(Text(f"没有编号为 {identity} 的订阅。", f"There is no subscription {identity}."))


def list_subscriptions(
    connection: Connection, *, office_id: int, after: str | None = None, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return an office's subscriptions, oldest first, with how much each is owed and what was answered last.

    `after` is the id of one: those that come behind it alone.
    """
    waiting = func.count().filter(outbox.c.seq.is_not(None), outbox.c.delivered_at.is_(None))
    last = func.max(outbox.c.seq).filter(outbox.c.delivered_at.is_not(None))
    failing = func.max(outbox.c.last_answer).filter(outbox.c.delivered_at.is_(None))
    columns = (subscription.c.id, subscription.c.label, subscription.c.url, subscription.c.recorded_at)
    return connection.execute(
        select(
            *columns,
            subscription.c.ended_at,
            waiting.label("waiting"),
            last.label("delivered_to"),
            failing.label("last_answer"),
        )
        .outerjoin(outbox)
        .where(
            subscription.c.office_id == office_id,
            true() if after is None else behind(subscription, after, oldest_first=True),
        )
        .group_by(subscription.c.id)
        .order_by(subscription.c.recorded_at, subscription.c.id)
        .limit(most)
    ).all()


def claim_messages(connection: Connection, *, most: int, lease_s: float) -> Sequence[Row[Any]]:
    """Return messages to be sent now, and keep everybody else from sending them for a while.

    Returns
    -------
    sequence of rows
        ``subscription_id, seq, subject, attempts, url, secret, canonical``: of each subject the earliest alone, so that
        a building's messages arrive in order however many senders there are.
    """
    return connection.execute(statement("claim_outbox"), {"most": most, "lease_s": lease_s}).all()


def settle_message(
    connection: Connection, *, subscription_id: str, seq: int, answer: str, retry_s: float | None
) -> None:
    """Keep what a subscriber answered: delivered where `retry_s` is None, else due again after that time."""
    now = func.statement_timestamp()
    settled: dict[str, Any] = {"last_answer": answer}
    if retry_s is None:
        settled["delivered_at"] = now
    else:
        settled["due_at"] = now + func.make_interval(0, 0, 0, 0, 0, 0, retry_s)
    connection.execute(
        update(outbox).where(outbox.c.subscription_id == subscription_id, outbox.c.seq == seq).values(**settled)
    )
