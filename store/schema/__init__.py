"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two together."""

from store.schema.blueprint import edition, feature
from store.schema.buildings import (
    alias,
    attachment,
    building,
    closure,
    event,
    footprint,
    lineage,
    project,
    project_building,
    stage_entry,
    unit,
)
from store.schema.columns import metadata
from store.schema.exchange import idempotency, outbox, subscription
from store.schema.offices import api_key, document, office, upload, upload_row
from store.schema.reviews import review, review_building, review_decision, review_row

__all__ = [
    "alias",
    "api_key",
    "attachment",
    "building",
    "closure",
    "document",
    "edition",
    "event",
    "feature",
    "footprint",
    "idempotency",
    "lineage",
    "metadata",
    "office",
    "outbox",
    "project",
    "project_building",
    "review",
    "review_building",
    "review_decision",
    "review_row",
    "stage_entry",
    "subscription",
    "unit",
    "upload",
    "upload_row",
]
