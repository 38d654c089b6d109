"""Signed webhooks: sister systems are told of every event, at least once, in order for each building.

The body of a message is the event as the ledger holds it, so that whoever is told can prove it: SHA-256 of a zero byte and
the body is the event's leaf. Headers and signature are those of Standard Webhooks 1.0.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from geocode import Text
from registry.ledger.events import NewEvent
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.ledger import append_events
from store.outbox import add_subscription, claim_messages, end_subscription, list_subscriptions, settle_message
from store.walls import as_system
from workflows.errors import RefusedOptionError
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.rights import allow

__all__ = ["Sent", "deliver_due", "end_webhook", "open_webhook", "read_webhooks", "send", "sign"]

_SECRET_BYTES = 32
_TIMEOUT_S = 10.0
# longer than a request may take: a message is in one sender's hands at a time
_LEASE_S = 60.0
_FIRST_RETRY_S, _LAST_RETRY_S = 5.0, 3600.0
_SENDERS = 8
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages a round delivered, and how many will be tried again."""

    delivered: int
    failed: int


def open_webhook(
    database: Database, *, principal: Principal, label: str, url: str, hosts: frozenset[str], key: str | None = None
) -> dict[str, Any]:
    """Open a subscription and return its id and its secret: the only time that the secret is told.

    Parameters
    ----------
    hosts
        Those that the installation may call; no other is ever called.
    key
        The client's Idempotency-Key.

    Raises
    ------
    RefusedOptionError
        The URL is none, or its host is not one that the installation may call.
    """
    allow(principal, "administer")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise RefusedOptionError(
            Text(f"“{url}”不是网址。", f"“{url}” is no web address."),
            Text("使用 https://主机/路径 形式。", "Give it as https://host/path, without user or password."),
        )
    if parts.hostname not in hosts:
        raise RefusedOptionError(
            Text(
                f"本系统不得访问主机 {parts.hostname}。", f"This installation may not call the host {parts.hostname}."
            ),
            Text(
                "请管理员把它加入设置 LUOTU_WEBHOOK_HOSTS。",
                "Have the administrator add it to the setting LUOTU_WEBHOOK_HOSTS.",
            ),
        )
    request = {"act": "open_webhook", "label": label, "url": url}
    with transaction(database) as connection:
        return once(connection, principal, key, request, lambda: _open(connection, principal, label, url))


def _open(connection: Connection, principal: Principal, label: str, url: str) -> dict[str, Any]:
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    identity = add_subscription(connection, office_id=principal.office_id, label=label, url=url, secret=secret)
    (said,) = describe_rows(connection, "subscription", [identity])
    append_events(connection, [_event(principal, "subscription_opened", identity, said)])
    return {"id": identity, "label": label, "url": url, "secret": f"whsec_{secret}"}


def end_webhook(database: Database, identity: str, *, principal: Principal) -> None:
    """End one of the office's subscriptions.

    Raises
    ------
    NotHereError
        The office has none of that id that goes on.
    """
    allow(principal, "administer")
    with transaction(database) as connection:
        end_subscription(connection, identity, office_id=principal.office_id)
        append_events(connection, [_event(principal, "subscription_ended", identity, {})])


def _event(principal: Principal, kind: str, identity: str, body: Mapping[str, Any]) -> NewEvent:
    return NewEvent(
        kind=kind,
        subject=f"subscription/{identity}",
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.now(UTC),
        body=body,
    )


def read_webhooks(
    database: Database, *, principal: Principal, after: str | None = None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the office's subscriptions: how much each is still owed, and what its host answered last.

    `after` is the id of one: those that come behind it alone.
    """
    allow(principal, "administer")
    with transaction(database) as connection:
        rows = list_subscriptions(connection, office_id=principal.office_id, after=after, most=most)
    return [
        {
            "id": str(row.id),
            "label": row.label,
            "url": row.url,
            "recorded_at": row.recorded_at.isoformat(),
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
            "waiting": row.waiting,
            "delivered_to": row.delivered_to,
            "last_answer": row.last_answer,
        }
        for row in rows
    ]


def sign(secret: str, *, identity: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message as Standard Webhooks 1.0 has it: HMAC-SHA-256, base 64, marked ``v1``."""
    signed = f"{identity}.{timestamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def send(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[bool, str]:
    """Send a message and return whether it was taken (2xx) and what was answered; redirections are not followed."""
    try:
        answered = httpx2.post(url, content=body, headers=dict(headers), timeout=_TIMEOUT_S, follow_redirects=False)
    except httpx2.HTTPError as error:
        return False, f"{type(error).__name__}: {error}"
    return answered.is_success, f"HTTP {answered.status_code}"


def deliver_due(
    database: Database, *, post: Callable[[str, bytes, Mapping[str, str]], tuple[bool, str]] = send
) -> Sent:
    """Send what is due to be sent now, once, and return how it went; several senders may work at the same time.

    A message that is not taken is sent again after 5 s, 10 s, 20 s … and at last every hour; later messages of the same
    building wait for it, those of other buildings do not.
    """
    with transaction(as_system(database)) as connection:
        messages = claim_messages(connection, most=_BATCH, lease_s=_LEASE_S)
    with ThreadPoolExecutor(_SENDERS) as senders:
        taken = list(senders.map(lambda message: _deliver(database, message, post), messages))
    return Sent(sum(taken), len(taken) - sum(taken))


def _deliver(
    database: Database, message: Any, post: Callable[[str, bytes, Mapping[str, str]], tuple[bool, str]]
) -> bool:
    body, now = message.canonical.encode(), int(datetime.now(UTC).timestamp())
    identity = f"{message.subscription_id}/{message.seq}"
    headers = {
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(message.secret, identity=identity, timestamp=now, body=body),
    }
    is_taken, answered = post(message.url, body, headers)
    retry_s = None if is_taken else min(_FIRST_RETRY_S * 2 ** (message.attempts - 1), _LAST_RETRY_S)
    with transaction(as_system(database)) as connection:
        settle_message(
            connection,
            subscription_id=message.subscription_id,
            seq=message.seq,
            answer=answered,
            retry_s=retry_s,
        )
    return is_taken
