"""The register in full: lives and lineage, stages, projects, units, attachments, reviews, webhooks."""

from alembic import op
from sqlalchemy import Connection, text

from registry.addresses import stored_keys
from store.migrations.beside import run_statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the statements beside this file, and give the footprints there are their keys."""
    connection = op.get_bind()
    run_statements(__file__)
    _add_keys(connection)


def _add_keys(connection: Connection) -> None:
    rows = connection.execute(text("select id, name, attributes from footprint")).all()
    if not rows:
        return
    # rows are closed and never changed: what is added here was not there before
    connection.execute(text("alter table footprint disable trigger close_only"))
    connection.execute(
        text("update footprint set addresses = :keys where id = :id"),
        [{"id": row.id, "keys": stored_keys(row.name, row.attributes)} for row in rows],
    )
    connection.execute(text("alter table footprint enable trigger close_only"))
