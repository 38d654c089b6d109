"""Whose ground it is: one building on one ground, today and on every day gone by."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from geocode import parse
from geocode.planes import to_plane
from registry.ground import is_contested
from store.buildings import living_footprints, shared_days
from store.database import Connection
from store.errors import GroundTakenError

__all__ = ["find_shared_day", "refuse_taken"]


def refuse_taken(
    connection: Connection, shapes: Sequence[Any], *, space: str, plane: str, without: Sequence[str]
) -> None:
    """Refuse EPSG:4490 footprints on ground where another building lives, but those (ids) that give it up.

    The database refuses it as well; this names buildings of the very same outline, too.

    Raises
    ------
    GroundTakenError
        With the code of the building.
    """
    wanted = np.array([*shapes, None], dtype=object)[:-1]
    living = living_footprints(connection, wanted, space=space).drop(index=list(without), errors="ignore")
    flat, grounds = to_plane(wanted, plane), to_plane(living.geometry.to_numpy(), plane)
    for code, ground in zip(living["code"], grounds, strict=True):
        if is_contested(flat, np.full(len(flat), ground), np.full(len(flat), space)).any():
            raise GroundTakenError(str(parse(code)))


def find_shared_day(connection: Connection, buildings: Sequence[str]) -> dict[str, Any] | None:
    """Return who else stood on the ground of one of some buildings (ids) on a day gone by, by what has been written so far.

    The database sees to those that live; an act of an earlier day, or a closure that is revoked, reaches into the past.

    Returns
    -------
    dict or None
        The ``code``, the day ``on`` which it began, and that ``until`` which they stood on one ground.
    """
    for plane, pairs in shared_days(connection, buildings).groupby("plane", sort=False):
        own, other = to_plane(pairs.geometry.to_numpy(), plane), to_plane(pairs["other"].to_numpy(), plane)
        for row in pairs[is_contested(own, other, pairs["space"].to_numpy())].itertuples():
            return {"code": str(parse(row.code)), "on": row.since, "until": row.until or date.today()}
    return None
