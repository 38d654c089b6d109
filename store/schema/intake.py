"""What is known of deliveries beside their rows: how an office's layers are mapped to the catalogue's."""

from sqlalchemy import Column, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import identity, metadata, of, recorded

__all__ = ["layer_mapping"]

layer_mapping = Table(
    "layer_mapping",
    metadata,
    identity(),
    of("office"),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("layer", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    recorded(),
    UniqueConstraint("office_id", "name", "version"),
)
