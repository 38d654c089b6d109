"""Statistics: what came to be in the register month by month and office by office, and where its buildings stand."""

from typing import Any

import shapely

from geocode import Text
from geocode.cells import cell_boundary
from store.database import Database, transaction
from store.statistics import count_by_cell, count_by_month, count_by_office
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reports import geometry_json
from workflows.rights import allow, offices_seen

__all__ = ["FINEST_CELLS", "cell_outline", "read_cells", "read_statistics"]

# a cell of it has some hundred buildings at most; finer ones would tell them one by one
FINEST_CELLS = 10
_COUNTED = ("registered", "closed", "entered", "uploaded", "reviewed")


def read_statistics(database: Database, *, principal: Principal) -> dict[str, Any]:
    """Return the counts of what a principal may see.

    Returns
    -------
    dict
        ``offices``, each with its ``buildings``, how many of them are ``living`` and their ``area_m2``; and what was
        ``registered`` (by kind), ``closed`` (by reason), ``entered`` (by stage), ``uploaded`` (rows by outcome) and
        ``reviewed`` (by decision), each as rows of ``month`` (UTC), ``name, number``.
    """
    offices = offices_seen(principal, allow(principal, "read_chain"))
    with transaction(database) as connection:
        by_office = count_by_office(connection, offices)
        by_month = count_by_month(connection, offices)
    counted: dict[str, list[dict[str, Any]]] = {what: [] for what in _COUNTED}
    for row in by_month:
        counted[row.what].append({"month": row.month, "name": row.name, "number": row.number})
    return {
        "offices": [
            {
                "code": row.code,
                "name": {"zh": row.name_zh, "en": row.name_en},
                "division": row.division,
                "buildings": row.buildings,
                "living": row.living,
                "area_m2": round(row.area_m2, 2),
            }
            for row in by_office
        ],
        **counted,
    }


def read_cells(database: Database, *, principal: Principal, resolution: int) -> dict[str, Any]:
    """Return the H3 cells in which buildings stand that a principal may see, as GeoJSON: each with ``buildings, area_m2``.

    Parameters
    ----------
    resolution
        Of the cells, 0 to `FINEST_CELLS`.

    Raises
    ------
    RefusedOptionError
        There are no such cells.
    """
    if not 0 <= resolution <= FINEST_CELLS:
        raise RefusedOptionError(
            Text(f"没有第 {resolution} 级网格统计。", f"There are no statistics by cells of resolution {resolution}."),
            Text(f"可用 0 至 {FINEST_CELLS}。", f"Choose 0 to {FINEST_CELLS}."),
        )
    offices = offices_seen(principal, allow(principal, "read_chain"))
    with transaction(database) as connection:
        rows = count_by_cell(connection, offices, resolution=resolution)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": row.h3,
                "geometry": geometry_json(cell_outline(int(row.h3, 16))),
                "properties": {"h3": row.h3, "buildings": row.buildings, "area_m2": round(row.area_m2, 2)},
            }
            for row in rows
        ],
    }


def cell_outline(cell: int) -> shapely.Polygon:
    """Return a cell's outline in degrees; one across the 180th meridian goes on beyond it."""
    corners = cell_boundary(cell)
    west = min(lon for lon, _ in corners)
    return shapely.Polygon([(lon - 360 if lon - west > 180 else lon, lat) for lon, lat in corners])  # noqa: PLR2004
