"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two together."""

from store.schema.blueprint import edition, feature, feature_end
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
from store.schema.intake import layer_mapping
from store.schema.jobs import job, job_event
from store.schema.ledger import checkpoint, event, ledger_node
from store.schema.offices import api_key, audit, document, member, office, upload, upload_account, upload_row
from store.schema.reviews import review, review_building, review_decision, review_row
from store.schema.runs import (
    case_entry,
    case_ground,
    conflict,
    conflict_end,
    coordination_case,
    difference,
    rule_set,
    run,
)

__all__ = [
    "alias",
    "api_key",
    "attachment",
    "audit",
    "building",
    "case_entry",
    "case_ground",
    "checkpoint",
    "closure",
    "conflict",
    "conflict_end",
    "coordination_case",
    "difference",
    "document",
    "edition",
    "event",
    "feature",
    "feature_end",
    "footprint",
    "idempotency",
    "imported",
    "job",
    "job_event",
    "layer_mapping",
    "ledger_node",
    "lineage",
    "member",
    "metadata",
    "office",
    "outbox",
    "project",
    "project_building",
    "review",
    "review_building",
    "review_decision",
    "review_row",
    "rule_set",
    "run",
    "stage_entry",
    "stage_withdrawal",
    "subscription",
    "unit",
    "upload",
    "upload_account",
    "upload_row",
]
