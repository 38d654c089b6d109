"""Exchange: what is written into the ledger is owed to every subscriber; what is taken over is taken over once."""

from contextlib import closing
from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the statements beside this file."""
    # the driver's own cursor takes several statements at once, and leaves % alone
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
