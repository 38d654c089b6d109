"""Jobs: work that goes on after its request was answered, and what became of it. Whose turn it is, the queue knows."""

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import metadata, of, recorded, uuid

__all__ = ["job", "job_event"]

job = Table(
    "job",
    metadata,
    uuid(),
    of("office"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    recorded(),
    Index("job_office", "office_id", "recorded_at"),
)

job_event = Table(
    "job_event",
    metadata,
    of("job", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    of("office"),
    Column("state", Text, nullable=False),
    Column("told", JSONB, nullable=False),
    recorded(),
    Index("job_event_end", "job_id", unique=True, postgresql_where=text("state in ('done', 'failed', 'cancelled')")),
)
