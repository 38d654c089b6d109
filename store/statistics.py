"""Counts over the register: by month, by office, by cell."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row

from store.database import Connection, statement

__all__ = ["count_by_cell", "count_by_month", "count_by_office"]


def count_by_month(connection: Connection, offices: Collection[int] | None) -> Sequence[Row[Any]]:
    """Return how many of what came to be in which month (UTC), of some offices or of all: ``what, name, month, number``.

    ``what`` is one of ``registered`` (by kind), ``closed`` (by reason), ``entered`` (by stage), ``uploaded`` (rows by outcome)
    and ``reviewed`` (by decision; ``open`` ones by when they began to wait).
    """
    return connection.execute(statement("statistics"), {"offices": _ids(offices)}).all()


def count_by_office(connection: Connection, offices: Collection[int] | None) -> Sequence[Row[Any]]:
    """Return the buildings of each office: ``code, name_zh, name_en, division, buildings, living, area_m2``."""
    return connection.execute(statement("statistics_offices"), {"offices": _ids(offices)}).all()


def count_by_cell(connection: Connection, offices: Collection[int] | None, *, resolution: int) -> Sequence[Row[Any]]:
    """Return the living buildings in each H3 cell of a resolution, 0 to 15: ``h3, buildings, area_m2``, in cell order."""
    values = {"offices": _ids(offices), "resolution": resolution}
    return connection.execute(statement("statistics_cells"), values).all()


def _ids(offices: Collection[int] | None) -> list[int] | None:
    return None if offices is None else sorted(offices)
