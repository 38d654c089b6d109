"""Bulk: what was asked of every row of an upload is asked once for all that a statement adds."""

from store.migrations.beside import run_statements

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
