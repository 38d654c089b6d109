"""What goes back and forth: requests made twice, sister systems and what they are told."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import closed, metadata, of, recorded, uuid

__all__ = ["idempotency", "imported", "outbox", "subscription"]

idempotency = Table(
    "idempotency",
    metadata,
    of("office", primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("answer", JSONB, nullable=False),
    recorded(),
)

imported = Table(
    "imported",
    metadata,
    Column("leaf_hash", LargeBinary, primary_key=True),
    of("office"),
    Column("origin_seq", BigInteger, nullable=False),
    Column("origin_entry", BigInteger),
    of("stage_entry", nullable=True),
    recorded(),
    Index("imported_entry", "stage_entry_id"),
)

subscription = Table(
    "subscription",
    metadata,
    uuid(),
    of("office"),
    Column("label", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    recorded(),
    closed("ended_at"),
)

outbox = Table(
    "outbox",
    metadata,
    of("subscription", primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.statement_timestamp()),
    Column("delivered_at", DateTime(timezone=True)),
    Column("last_answer", Text),
    Index("outbox_waiting", "subscription_id", "subject", "seq", postgresql_where=text("delivered_at is null")),
)
