"""Events of what belongs to buildings, as the ledger takes them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from registry.ledger.events import NewEvent
from workflows.principals import Principal

__all__ = ["building_event", "moment_of", "project_event"]


def building_event(principal: Principal, kind: str, building_id: str, *, on: date, body: Mapping[str, Any]) -> NewEvent:
    """Return the event of something that happened to a building, by its id, on a day; `body` has its compact code."""
    return _event(principal, kind, f"building/{body['building']}", on, body, building_id)


def project_event(
    principal: Principal,
    kind: str,
    project_id: str,
    *,
    on: date,
    body: Mapping[str, Any],
    building_id: str | None = None,
) -> NewEvent:
    """Return the event of something that happened to a project on a day; to a building in it, where one is told."""
    return _event(principal, kind, f"project/{project_id}", on, body, building_id)


def moment_of(on: date) -> datetime:
    """Return when something happened on a day: now, if it is today, else as the day begins."""
    now = datetime.now(UTC)
    return now if on == now.date() else datetime.combine(on, time(), UTC)


def _event(
    principal: Principal, kind: str, subject: str, on: date, body: Mapping[str, Any], building_id: str | None
) -> NewEvent:
    return NewEvent(
        kind=kind,
        subject=subject,
        building_id=building_id,
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=moment_of(on),
        body=body,
    )
