"""Indexes that only who asks for their own column may use, so that what lies on a ground is always looked for by ground."""

from store.migrations.beside import run_statements

revision = "0014"
down_revision = "0013"
# whoever does not know of the conditions finds the same rows
serves_from = "0012"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
