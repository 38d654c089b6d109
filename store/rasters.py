"""Editions that are rasters: no features, a document whose bytes are the cells, and what is known of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert

from store.database import Connection, statement
from store.schema import edition

__all__ = ["add_raster", "rasters_in_effect"]


def add_raster(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add an edition that is a raster and return its id.

    Parameters
    ----------
    values
        The columns of the edition; ``attributes`` say what is known of the cells.
    """
    added = insert(edition).values(**values, kind="raster", features=0).returning(edition.c.id)
    return int(connection.execute(added).scalar_one())


def rasters_in_effect(connection: Connection, *, as_of: date, known_at: datetime | None = None) -> Sequence[Row[Any]]:
    """Return the rasters that are in effect on a day, by layer code.

    Parameters
    ----------
    known_at
        The time as whose knowledge is asked about: editions recorded later do not count. None: now.
    """
    return connection.execute(statement("rasters_in_effect"), {"as_of": as_of, "known_at": known_at}).all()
