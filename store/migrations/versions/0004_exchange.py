"""Exchange: what is written into the ledger is owed to every subscriber; what is taken over is taken over once."""

from store.migrations.beside import run_statements

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
