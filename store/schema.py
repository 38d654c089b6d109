"""The tables, as SQLAlchemy Core sees them. The migrations make them; a test holds the two together."""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

__all__ = [
    "alias",
    "api_key",
    "building",
    "document",
    "edition",
    "event",
    "feature",
    "footprint",
    "metadata",
    "office",
    "upload",
    "upload_row",
]

metadata = MetaData()


def _id(kind: type[Integer] = Integer) -> Column[int]:
    return Column("id", kind, Identity(always=True), primary_key=True)


def _uuid() -> Column[str]:
    return Column("id", UUID(as_uuid=False), primary_key=True, server_default=func.gen_random_uuid())


def _of(table: str, *, nullable: bool = False) -> Column[int]:
    kind: Any = UUID(as_uuid=False) if table in {"building", "upload"} else Integer
    return Column(f"{table}_id", kind, ForeignKey(f"{table}.id"), nullable=nullable)


def _recorded(time: Any = func.now) -> Column[object]:
    return Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=time())


def _ground(kind: str, *, nullable: bool = False) -> Column[object]:
    # explicit GiST indexes only: GeoAlchemy2's own would be made and dropped at every migration
    return Column("geom", Geometry(kind, srid=4490, spatial_index=False), nullable=nullable)


def _attributes() -> Column[object]:
    return Column("attributes", JSONB, nullable=False, server_default=text("'{}'"))


office = Table(
    "office",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("division", Text, CheckConstraint("division ~ '^[0-9]{6}$'")),
    _recorded(),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    _of("office"),
    Column("role", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("key_sha256", Text, nullable=False, unique=True),
    _recorded(),
    Column("revoked_at", DateTime(timezone=True)),
)

document = Table(
    "document",
    metadata,
    _id(),
    _of("office"),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _recorded(),
    UniqueConstraint("office_id", "sha256"),
)

upload = Table(
    "upload",
    metadata,
    _uuid(),
    _of("office"),
    _of("document"),
    Column("options", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("report", JSONB, nullable=False),
    _recorded(),
    UniqueConstraint("office_id", "document_id", "options"),
)

building = Table(
    "building",
    metadata,
    _uuid(),
    _of("office"),
    Column("code", Text, nullable=False, unique=True),
    Column("ground", Text, Computed("left(code, 11)", persisted=True), nullable=False),
    _recorded(),
    Index("building_ground", "ground", postgresql_ops={"ground": "text_pattern_ops"}),
)

footprint = Table(
    "footprint",
    metadata,
    _id(BigInteger),
    _of("building"),
    _of("office"),
    _of("upload"),
    Column("version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("name", Text),
    Column("fingerprint", Text, nullable=False),
    Column("h3", Text, nullable=False),
    Column("area_m2", Double, nullable=False),
    Column("plane", Text, nullable=False),
    Column("plane_area_m2", Double, nullable=False),
    Column("perimeter_m", Double, nullable=False),
    _attributes(),
    _ground("MULTIPOLYGON"),
    Column("valid_from", Date, nullable=False, server_default=text("CURRENT_DATE")),
    _recorded(func.statement_timestamp),
    Column("replaced_at", DateTime(timezone=True)),
    UniqueConstraint("building_id", "version"),
    Index("footprint_current", "building_id", unique=True, postgresql_where=text("replaced_at is null")),
    Index("footprint_fingerprint", "fingerprint", unique=True, postgresql_where=text("replaced_at is null")),
    Index("footprint_ground", "geom", postgresql_using="gist", postgresql_where=text("replaced_at is null")),
)

upload_row = Table(
    "upload_row",
    metadata,
    Column("upload_id", UUID(as_uuid=False), ForeignKey("upload.id"), primary_key=True),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    _of("office"),
    Column("source_id", Text),
    Column("name", Text),
    Column("outcome", Text, nullable=False),
    _of("building", nullable=True),
    Column("area_m2", Double),
    Column("fault", JSONB),
)

alias = Table(
    "alias",
    metadata,
    _id(BigInteger),
    _of("building"),
    _of("office"),
    Column("scheme", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("valid_from", Date, nullable=False, server_default=text("CURRENT_DATE")),
    Column("valid_to", Date),
    _recorded(),
    Index("alias_held", "building_id", "scheme", "value", unique=True, postgresql_where=text("valid_to is null")),
    Index("alias_value", "value"),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    _of("building"),
    _of("office"),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    _recorded(func.statement_timestamp),
    Index("event_building", "building_id", "seq"),
)

edition = Table(
    "edition",
    metadata,
    _id(),
    _of("office"),
    Column("layer", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_layer", Text, nullable=False),
    Column("source_sha256", Text, nullable=False),
    Column("accuracy_m", Double, nullable=False),
    Column("currency", Date),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("completeness", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False)),
    Column("features", Integer, nullable=False),
    _recorded(),
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
    _id(BigInteger),
    _of("edition"),
    _of("office"),
    Column("row_number", Integer, nullable=False),
    Column("source_id", Text),
    Column("name", Text),
    Column("class_code", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    _attributes(),
    _ground("GEOMETRY"),
    Index("feature_ground", "geom", postgresql_using="gist"),
    Index("feature_edition", "edition_id"),
)
