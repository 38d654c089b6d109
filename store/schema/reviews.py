"""Rows that the match could not decide, and what people decided."""

from sqlalchemy import Column, Double, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import attributes, metadata, of, placed, recorded, uuid

__all__ = ["review", "review_building", "review_decision", "review_row"]

review = Table(
    "review",
    metadata,
    uuid(),
    of("upload", nullable=True),
    of("office"),
    Column("actor", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("request", JSONB(none_as_null=True)),
    recorded(),
    Index("review_upload", "upload_id"),
)

review_row = Table(
    "review_row",
    metadata,
    of("review", primary_key=True),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    of("office"),
    Column("name", Text),
    Column("drawn", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    attributes("aliases", empty="[]"),
    placed("MULTIPOLYGON"),
)

review_building = Table(
    "review_building",
    metadata,
    of("review", primary_key=True),
    of("building", primary_key=True),
    of("office"),
    Index("review_building_building", "building_id"),
)

review_decision = Table(
    "review_decision",
    metadata,
    of("review", primary_key=True),
    of("office"),
    Column("decision", Text, nullable=False),
    Column("relation", Text),
    Column("reason", Text),
    Column("answer", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    recorded(),
)
