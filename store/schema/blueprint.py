"""The blueprint's editions, their features, and those that a later edition ends."""

from sqlalchemy import BigInteger, Column, Date, Double, Index, Integer, Table, Text, UniqueConstraint, func, text

from store.schema.columns import attributes, identity, metadata, of, placed, recorded

__all__ = ["edition", "feature", "feature_end"]

edition = Table(
    "edition",
    metadata,
    identity(),
    of("office"),
    Column("layer", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_layer", Text, nullable=False),
    Column("source_sha256", Text, nullable=False),
    Column("accuracy_m", Double, nullable=False),
    Column("currency", Date),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    placed("MULTIPOLYGON", name="completeness", nullable=True),
    Column("features", Integer, nullable=False),
    recorded(func.now),
    of("edition", name="base_id", nullable=True),
    Column("kind", Text, nullable=False, server_default=text("'vector'")),
    attributes(),
    UniqueConstraint(
        "office_id",
        "layer",
        "source_sha256",
        "source_layer",
        "valid_from",
        "valid_to",
        postgresql_nulls_not_distinct=True,
    ),
    Index("edition_layer", "layer", "valid_from"),
)

feature = Table(
    "feature",
    metadata,
    identity(BigInteger),
    of("edition"),
    of("office"),
    Column("row_number", Integer, nullable=False),
    Column("source_id", Text),
    Column("name", Text),
    Column("class_code", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    attributes(),
    placed("GEOMETRY"),
    Column("fingerprint", Text),
    Index("feature_ground", "geom", postgresql_using="gist"),
    Index("feature_edition", "edition_id"),
    Index("feature_source", "edition_id", "source_id"),
)

feature_end = Table(
    "feature_end",
    metadata,
    of("edition", primary_key=True),
    of("feature", primary_key=True),
    Index("feature_end_feature", "feature_id"),
)
