"""Offices, their keys and people, who was turned away, what they delivered."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.schema.columns import closed, identity, metadata, of, recorded, salt, uuid

__all__ = ["api_key", "audit", "document", "member", "office", "upload", "upload_account", "upload_row"]

office = Table(
    "office",
    metadata,
    identity(),
    Column("code", Text, nullable=False, unique=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("division", Text, CheckConstraint("division ~ '^[0-9]{6}$'")),
    Column("extent", ARRAY(Double)),
    recorded(func.now),
)

api_key = Table(
    "api_key",
    metadata,
    identity(),
    of("office"),
    Column("role", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("key_sha256", Text, nullable=False, unique=True),
    recorded(func.now),
    closed("revoked_at"),
    Column("expires_at", DateTime(timezone=True)),
    Column("division", Text, CheckConstraint("division ~ '^([0-9]{2}){1,3}$'")),
)

member = Table(
    "member",
    metadata,
    identity(),
    of("office"),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("division", Text, CheckConstraint("division ~ '^([0-9]{2}){1,3}$'")),
    salt(),
    recorded(func.now),
    closed("revoked_at"),
    Index("member_subject", "issuer", "subject", unique=True, postgresql_where=text("revoked_at is null")),
)

audit = Table(
    "audit",
    metadata,
    identity(BigInteger),
    of("office", nullable=True),
    Column("actor", Text),
    Column("role", Text),
    Column("action", Text),
    Column("route", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("place", Text),
    Column("times", Integer, nullable=False, server_default="1"),
    recorded(),
    Index("audit_office", "office_id", "id"),
)

document = Table(
    "document",
    metadata,
    identity(),
    of("office"),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    recorded(func.now),
    UniqueConstraint("office_id", "sha256"),
)

upload = Table(
    "upload",
    metadata,
    uuid(),
    of("office"),
    of("document"),
    Column("options", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("report", JSONB, nullable=False),
    recorded(func.now),
    UniqueConstraint("office_id", "document_id", "options"),
)

upload_account = Table(
    "upload_account",
    metadata,
    of("upload", primary_key=True),
    of("office"),
    Column("told", JSONB, nullable=False),
    recorded(func.now),
)

upload_row = Table(
    "upload_row",
    metadata,
    of("upload", primary_key=True, at_once=True),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    of("office", at_once=True),
    Column("source_id", Text),
    Column("name", Text),
    Column("outcome", Text, nullable=False),
    of("building", nullable=True, at_once=True),
    Column("area_m2", Double),
    Column("fault", JSONB),
    Column("warnings", JSONB),
)
