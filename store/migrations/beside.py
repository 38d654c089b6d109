"""The SQL beside a migration."""

from contextlib import closing
from pathlib import Path

from alembic import op

__all__ = ["run_statements"]


def run_statements(migration: str) -> None:
    """Run the statements of the ``.sql`` file beside a migration's own file."""
    # the driver's own cursor takes several statements at once, and leaves % alone
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(Path(migration).with_suffix(".sql").read_text(encoding="utf-8"))
