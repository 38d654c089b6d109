"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two together."""

from store.schema.blueprint import edition, feature
from store.schema.buildings import (
    alias,
    attachment,
    building,
    closure,
    footprint,
    lineage,
    project,
    project_building,
    stage_entry,
    stage_withdrawal,
    unit,
)
from store.schema.columns import metadata
from store.schema.exchange import idempotency, imported, outbox, subscription
from store.schema.ledger import checkpoint, event, ledger_node
from store.schema.offices import api_key, document, office, upload, upload_row
from store.schema.reviews import review, review_building, review_decision, review_row

__all__ = [
    "alias",
    "api_key",
    "attachment",
    "building",
    "checkpoint",
    "closure",
    "document",
    "edition",
    "event",
    "feature",
    "footprint",
    "idempotency",
    "imported",
    "ledger_node",
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
    "stage_withdrawal",
    "subscription",
    "unit",
    "upload",
    "upload_row",
]
