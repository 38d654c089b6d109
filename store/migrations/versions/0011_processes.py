"""Jobs that are a process's, not an upload's."""

from store.migrations.beside import run_statements

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
