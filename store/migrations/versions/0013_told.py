"""Indexes that hold what tiles and counts ask, so that the rows themselves need not be read."""

from store.migrations.beside import run_statements

revision = "0013"
down_revision = "0012"
# whoever does not know of the indexes asks as before
serves_from = "0012"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
