"""Intake: what checks found in delivered rows, how delivered layers are mapped, where offices work, jobs and their queue."""

from contextlib import closing

from alembic import op
from procrastinate.schema import SchemaManager

from store.migrations.beside import run_statements

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the statements beside this file, and those of the queue's own package."""
    run_statements(__file__)
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(SchemaManager.get_schema())
