"""Sister systems that are told of every event by signed webhooks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, Field

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import IdCursor, Limit, listed, page_of
from api.told.ledger import NewSubscriptionOpened, Subscriptions
from workflows.webhooks import end_webhook, open_webhook, read_webhooks

router = APIRouter(prefix="/subscriptions", tags=["exchange"])


class NewSubscription(BaseModel):
    """Who is to be told, and where."""

    label: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(min_length=1, max_length=2_000)]


@router.post("", status_code=201, response_model=NewSubscriptionOpened)
def subscribe(
    wanted: Annotated[NewSubscription, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Tell a sister system of every event from now on; the answer holds the secret that signs, once."""
    hosts = settings.callable_hosts
    opened = open_webhook(database, principal=principal, label=wanted.label, url=wanted.url, hosts=hosts, key=key)
    return answer(opened, status=201)


@router.get("", response_model=Subscriptions)
def read_subscriptions(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: IdCursor = None
) -> Response:
    """Return the office's subscriptions, the oldest first, and how much each is still owed."""
    found = read_webhooks(database, principal=principal, after=cursor, most=limit + 1)
    return listed(request, page_of("subscriptions", found, limit=limit))


@router.delete("/{subscription_id}", status_code=204)
def unsubscribe(subscription_id: UUID, principal: Asking, database: Stored) -> None:
    """End a subscription; it stays on record."""
    end_webhook(database, str(subscription_id), principal=principal)
