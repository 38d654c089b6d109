"""Sister systems that are told of every event by signed webhooks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from workflows.webhooks import end_webhook, open_webhook, read_webhooks

router = APIRouter(prefix="/subscriptions", tags=["exchange"])


class NewSubscription(BaseModel):
    """Who is to be told, and where."""

    label: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(min_length=1, max_length=2_000)]


@router.post("", status_code=201)
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


@router.get("")
def read_subscriptions(principal: Asking, database: Stored) -> Response:
    """Return the office's subscriptions, and how much each is still owed."""
    return answer({"subscriptions": read_webhooks(database, principal=principal)})


@router.delete("/{subscription_id}", status_code=204)
def unsubscribe(subscription_id: UUID, principal: Asking, database: Stored) -> None:
    """End a subscription; it stays on record."""
    end_webhook(database, str(subscription_id), principal=principal)
