"""Keys that end and keep to a district, the people of offices, and the audit of refusals and restricted reads."""

from store.migrations.beside import run_statements

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the statements beside this file."""
    run_statements(__file__)
