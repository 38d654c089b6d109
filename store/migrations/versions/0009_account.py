"""What is told of an upload as a whole once all its parts are written."""

from store.migrations.beside import run_statements

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
