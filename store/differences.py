"""The pieces in which two plans agree and differ, as a run found them."""

from collections.abc import Collection, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from geocode import STORAGE_CRS
from store.database import Connection
from store.rows import insert_rows
from store.schema import case_ground, difference, run

__all__ = [
    "PIECE_COLUMNS",
    "add_differences",
    "add_grounds",
    "cases_of_run",
    "grounds_before",
    "read_differences",
]

_SRID = 4490
_SIDES = ("first", "second")
_GIVEN = (
    "class",
    "left_id",
    "right_id",
    "left_code",
    "right_code",
    "left_class",
    "right_class",
    "district",
    "area_m2",
    "ellipsoid_area_m2",
    "width_m",
    "certainty",
    "is_sliver",
    "engine_mode",
    "hits",
)
PIECE_COLUMNS = ("id", *_GIVEN)


def add_differences(connection: Connection, run_id: str, pieces: gpd.GeoDataFrame) -> list[int]:
    """Add the pieces of a run and return their ids, in their order.

    Parameters
    ----------
    pieces
        EPSG:4490, with `PIECE_COLUMNS` but the id; texts, numbers and None.
    """
    columns = {name: pieces[name].to_numpy(dtype=object) for name in _GIVEN}
    columns["geom"] = shapely.to_wkb(shapely.set_srid(pieces.geometry.to_numpy(), _SRID), include_srid=True)
    names = list(columns)
    rows = [
        {"run_id": run_id, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)
    ]
    return insert_rows(connection, difference, rows)


def read_differences(
    connection: Connection,
    run_id: str,
    *,
    classes: Collection[str] = (),
    slivers: bool = True,
    after: int = 0,
    most: int | None = None,
) -> gpd.GeoDataFrame:
    """Return pieces of a run, in the order in which they were found.

    Parameters
    ----------
    classes
        Only those of these classes; all where there are none.
    slivers
        Whether slivers are among them.
    after, most
        Only those with a higher id, and no more than so many.

    Returns
    -------
    GeoDataFrame
        EPSG:4490, with `PIECE_COLUMNS`.
    """
    wanted = select(*(difference.c[name] for name in PIECE_COLUMNS), func.ST_AsBinary(difference.c.geom).label("geom"))
    wanted = wanted.where(difference.c.run_id == run_id, difference.c.id > after).order_by(difference.c.id).limit(most)
    if classes:
        wanted = wanted.where(difference.c["class"].in_(classes))
    if not slivers:
        wanted = wanted.where(~difference.c.is_sliver)
    rows = connection.execute(wanted).all()
    table = pd.DataFrame([tuple(row)[:-1] for row in rows], columns=list(PIECE_COLUMNS), dtype=object)
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([bytes(row.geom) for row in rows])
    return gpd.GeoDataFrame(table, geometry=shapes, crs=STORAGE_CRS)


def grounds_before(connection: Connection, run_id: str) -> gpd.GeoDataFrame:
    """Return the ground of every case of a difference between the same two layers as a run's, as it was last known.

    Returns
    -------
    GeoDataFrame
        EPSG:4490, indexed by case. What was last known in the run itself, or is there no more, is left out.
    """
    newest = select(case_ground).order_by(case_ground.c.case_id, case_ground.c.id.desc())
    latest = newest.ext(distinct_on(case_ground.c.case_id)).subquery()
    earlier, this = run.alias("earlier"), run.alias("this")
    same = [earlier.c.inputs["question"][side]["layer"] == this.c.inputs["question"][side]["layer"] for side in _SIDES]
    rows = connection.execute(
        select(latest.c.case_id, func.ST_AsBinary(difference.c.geom).label("geom"))
        .join(difference, difference.c.id == latest.c.difference_id)
        .join(earlier, earlier.c.id == difference.c.run_id)
        .join(this, this.c.id == run_id)
        .where(earlier.c.id != this.c.id, *same)
        .order_by(latest.c.case_id)
    ).all()
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([bytes(row.geom) for row in rows])
    return gpd.GeoDataFrame(geometry=shapes, index=[str(row.case_id) for row in rows], crs=STORAGE_CRS)


def add_grounds(connection: Connection, run_id: str, grounds: Mapping[str, tuple[int | None, float | None]]) -> None:
    """Have cases stand on pieces of a run: by case, the id of the piece and the IoU, None where it is there no more."""
    rows = [
        {"case_id": case, "run_id": run_id, "difference_id": piece, "iou": iou}
        for case, (piece, iou) in grounds.items()
    ]
    if rows:
        connection.execute(insert(case_ground), rows)


def cases_of_run(connection: Connection, run_id: str) -> dict[str, int]:
    """Return the piece of a run that each case stands on, by case."""
    wanted = select(case_ground.c.case_id, case_ground.c.difference_id).where(
        case_ground.c.run_id == run_id, case_ground.c.difference_id.is_not(None)
    )
    return {str(case): piece for case, piece in connection.execute(wanted.order_by(case_ground.c.id))}
