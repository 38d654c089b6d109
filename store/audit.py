"""Who was turned away, and who read what is restricted: rows that are added and read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Row, any_, insert, literal, select

from store.database import Connection
from store.schema import audit, office

__all__ = ["add_audit_rows", "find_audit_rows"]


def add_audit_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, all with the same columns."""
    connection.execute(insert(audit), list(map(dict, rows)))


def find_audit_rows(
    connection: Connection, *, offices: Collection[int] | None, before: int | None, most: int, **those: str | None
) -> Sequence[Row[Any]]:
    """Return rows, the newest first.

    Parameters
    ----------
    offices
        Those whose callers count, by id; everybody where it is None, whoever is unknown too.
    before
        The number of a row that they came before.
    those
        What columns have to say, by their names (``office`` by its code); whatever where it is None.
    """
    wanted = select(audit, office.c.code.label("office")).outerjoin(office).order_by(audit.c.id.desc()).limit(most)
    if offices is not None:
        wanted = wanted.where(audit.c.office_id == any_(literal(sorted(offices), ARRAY(Integer))))
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    for name, value in those.items():
        if value is not None:
            wanted = wanted.where((office.c.code if name == "office" else audit.c[name]) == value)
    return connection.execute(wanted).all()
