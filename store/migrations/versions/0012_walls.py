"""A wall between offices in the database itself: row-level security for what is an office's own."""

from store.migrations.beside import run_statements

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
