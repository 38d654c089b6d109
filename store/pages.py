"""Pages of lists: what comes behind a row, by the key that the list is ordered by."""

from sqlalchemy import ColumnElement, Table, and_, or_, select

__all__ = ["behind"]


def behind(table: Table, identity: str, *, oldest_first: bool = False) -> ColumnElement[bool]:
    """Return that a row comes behind another in a list by the time of recording, the newest first, then by id."""
    time, key = table.c.recorded_at, table.c.id
    then = select(time).where(key == identity).scalar_subquery()
    return or_(time > then if oldest_first else time < then, and_(time == then, key > identity))
