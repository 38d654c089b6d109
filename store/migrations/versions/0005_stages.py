"""The stage of a building, in one place for all statements that tell it."""

from store.migrations.beside import run_statements

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
