"""What the blueprint was asked and answered: rule sets, runs, conflicts, differences, and the cases made of them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, ForeignKey, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from store.schema.columns import attributes, identity, metadata, of, placed, recorded, uuid

__all__ = [
    "case_entry",
    "case_ground",
    "conflict",
    "conflict_end",
    "coordination_case",
    "difference",
    "rule_set",
    "run",
]

rule_set = Table(
    "rule_set",
    metadata,
    Column("version", Text, primary_key=True),
    Column("content", JSONB, nullable=False),
    recorded(),
)

run = Table(
    "run",
    metadata,
    uuid(),
    of("office"),
    Column("kind", Text, nullable=False),
    of("run", name="base_id", nullable=True),
    Column("rule_set_version", Text, ForeignKey("rule_set.version")),
    Column("as_of", Date, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("inputs_sha256", Text, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("result_sha256", Text, nullable=False),
    recorded(),
    Index("run_base", "base_id"),
    Index("run_kind", "kind", "recorded_at"),
)

conflict = Table(
    "conflict",
    metadata,
    identity(BigInteger),
    of("run"),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("advisory", Boolean, nullable=False),
    Column("left_layer", Text, nullable=False),
    of("feature", name="left_id"),
    Column("right_layer", Text, nullable=False),
    of("feature", name="right_id", nullable=True),
    Column("outcome", Text, nullable=False),
    Column("area_m2", Double),
    Column("ellipsoid_area_m2", Double),
    Column("width_m", Double),
    Column("certainty", Text),
    Column("reason", JSONB),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("engine_mode", Text),
    placed("GEOMETRY", nullable=True),
    Index("conflict_run", "run_id"),
    Index("conflict_left", "left_id"),
    Index("conflict_right", "right_id"),
    Index("conflict_ground", "geom", postgresql_using="gist"),
)

conflict_end = Table(
    "conflict_end",
    metadata,
    of("run", primary_key=True),
    of("conflict", primary_key=True),
    Index("conflict_end_conflict", "conflict_id"),
)

difference = Table(
    "difference",
    metadata,
    identity(BigInteger),
    of("run"),
    Column("class", Text, nullable=False),
    of("feature", name="left_id", nullable=True),
    of("feature", name="right_id", nullable=True),
    Column("left_code", Text),
    Column("right_code", Text),
    Column("left_class", Text),
    Column("right_class", Text),
    Column("district", Text),
    Column("area_m2", Double, nullable=False),
    Column("ellipsoid_area_m2", Double, nullable=False),
    Column("width_m", Double, nullable=False),
    Column("certainty", Text),
    Column("is_sliver", Boolean, nullable=False),
    Column("engine_mode", Text),
    attributes("hits"),
    placed("GEOMETRY"),
    Index("difference_run", "run_id"),
    Index("difference_ground", "geom", postgresql_using="gist"),
)

coordination_case = Table(
    "coordination_case",
    metadata,
    uuid(),
    of("office"),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    recorded(),
)

case_ground = Table(
    "case_ground",
    metadata,
    identity(BigInteger),
    of("coordination_case", name="case_id"),
    of("run"),
    of("conflict", nullable=True),
    of("difference", nullable=True),
    Column("iou", Double),
    recorded(),
    Index("case_ground_case", "case_id"),
    Index("case_ground_conflict", "conflict_id"),
    Index("case_ground_difference", "difference_id"),
)

case_entry = Table(
    "case_entry",
    metadata,
    identity(BigInteger),
    of("coordination_case", name="case_id"),
    of("office"),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    recorded(),
    Index("case_entry_case", "case_id"),
)
