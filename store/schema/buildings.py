"""Buildings: their ground, names, lives, stages, units and documents."""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import attributes, closed, held_from, held_to, identity, metadata, of, placed, recorded, uuid

__all__ = [
    "alias",
    "attachment",
    "building",
    "closure",
    "event",
    "footprint",
    "lineage",
    "project",
    "project_building",
    "stage_entry",
    "unit",
]

building = Table(
    "building",
    metadata,
    uuid(),
    of("office"),
    Column("code", Text, nullable=False, unique=True),
    Column("ground", Text, Computed("left(code, 11)", persisted=True), nullable=False),
    recorded(func.now),
    Column("kind", Text, nullable=False, server_default="building"),
    of("building", name="part_of", nullable=True),
    Column("facility_class", Text),
    Index("building_ground", "ground", postgresql_ops={"ground": "text_pattern_ops"}),
)

footprint = Table(
    "footprint",
    metadata,
    identity(BigInteger),
    of("building"),
    of("office"),
    of("upload"),
    Column("version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("name", Text),
    Column("fingerprint", Text, nullable=False),
    Column("h3", Text, nullable=False),
    Column("area_m2", Double, nullable=False),
    Column("plane", Text, nullable=False),
    Column("plane_area_m2", Double, nullable=False),
    Column("perimeter_m", Double, nullable=False),
    attributes(),
    placed("MULTIPOLYGON"),
    held_from(),
    recorded(),
    closed("replaced_at"),
    Column("space", Text, nullable=False, server_default="surface"),
    Column("height_m", Double),
    placed("GEOMETRY", name="axis", nullable=True),
    Column("width_m", Double),
    UniqueConstraint("building_id", "version"),
    Index("footprint_current", "building_id", unique=True, postgresql_where=text("replaced_at is null")),
    Index("footprint_fingerprint", "fingerprint", "space", unique=True, postgresql_where=text("replaced_at is null")),
    Index("footprint_ground", "geom", postgresql_using="gist", postgresql_where=text("replaced_at is null")),
)

alias = Table(
    "alias",
    metadata,
    identity(BigInteger),
    of("building"),
    of("office"),
    Column("scheme", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    held_from(),
    held_to(),
    recorded(func.now),
    of("unit", nullable=True),
    Column("check_variant", Text),
    Index(
        "alias_held",
        "building_id",
        "unit_id",
        "scheme",
        "value",
        unique=True,
        postgresql_where=text("valid_to is null"),
        postgresql_nulls_not_distinct=True,
    ),
    Index("alias_value", "value"),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    of("building"),
    of("office"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    recorded(),
    Index("event_building", "building_id", "seq"),
)

closure = Table(
    "closure",
    metadata,
    identity(BigInteger),
    of("building"),
    of("office"),
    Column("reason", Text, nullable=False),
    Column("closed_on", Date, nullable=False),
    recorded(),
    closed("revoked_at"),
    Index("closure_standing", "building_id", unique=True, postgresql_where=text("revoked_at is null")),
)

lineage = Table(
    "lineage",
    metadata,
    identity(BigInteger),
    of("building", name="predecessor_id"),
    of("building", name="successor_id"),
    of("office"),
    Column("relation", Text, nullable=False),
    recorded(),
    closed("revoked_at"),
    Index(
        "lineage_standing", "predecessor_id", "successor_id", unique=True, postgresql_where=text("revoked_at is null")
    ),
    Index("lineage_successor", "successor_id"),
)

stage_entry = Table(
    "stage_entry",
    metadata,
    identity(BigInteger),
    of("building"),
    of("office"),
    Column("stage", Text, nullable=False),
    Column("occurred_on", Date, nullable=False),
    of("footprint", nullable=True),
    Column("height_m", Double),
    Column("floor_area_m2", Double),
    Column("certificate", Text),
    attributes(),
    Column("actor", Text, nullable=False),
    recorded(),
    closed("withdrawn_at"),
    Index("stage_entry_building", "building_id", "id"),
)

project = Table(
    "project",
    metadata,
    uuid(),
    of("office"),
    Column("code", Text, unique=True),
    Column("name", Text, nullable=False),
    recorded(func.now),
)

project_building = Table(
    "project_building",
    metadata,
    identity(BigInteger),
    of("project"),
    of("building"),
    of("office"),
    held_from(),
    held_to(),
    recorded(),
    Index("project_building_held", "project_id", "building_id", unique=True, postgresql_where=text("valid_to is null")),
    Index("project_building_building", "building_id"),
)

unit = Table(
    "unit",
    metadata,
    uuid(),
    of("building"),
    of("office"),
    Column("number", Text, nullable=False),
    Column("storey", Text, nullable=False),
    Column("area_m2", Double, nullable=False),
    Column("use", Text, nullable=False),
    attributes(),
    held_from(),
    held_to(),
    recorded(),
    Index("unit_held", "building_id", "number", unique=True, postgresql_where=text("valid_to is null")),
)

attachment = Table(
    "attachment",
    metadata,
    uuid(),
    of("document"),
    of("office"),
    of("building", nullable=True),
    of("project", nullable=True),
    Column("stage", Text),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    recorded(),
    closed("withdrawn_at"),
    Index("attachment_building", "building_id"),
    Index("attachment_project", "project_id"),
)
