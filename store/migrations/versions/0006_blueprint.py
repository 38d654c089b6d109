"""The blueprint kept current: changing editions, rule sets, runs, conflicts, differences, cases."""

from store.migrations.beside import run_statements

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
