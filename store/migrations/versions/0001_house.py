"""The house: offices, documents, the register of buildings, the blueprint's editions."""

from store.migrations.beside import run_statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
