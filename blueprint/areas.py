"""Areas on both bases: in the plane the law measures in, and on the ellipsoid of CGCS2000.

Inside a 3° zone they differ by up to 440 parts in a million, in a wrong zone by 16,000: an area without its basis says
nothing, so both stand side by side.
"""

import geopandas as gpd
import pandas as pd
import shapely

from blueprint.planes import check_frame
from geocode.planes import ellipsoid_areas_m2, from_plane

__all__ = ["measure_areas"]


def measure_areas(polygons: gpd.GeoSeries) -> pd.DataFrame:
    """Return the areas of polygons in the plane and on the ellipsoid.

    Parameters
    ----------
    polygons
        Polygons in a projected plane in metres.

    Returns
    -------
    pandas.DataFrame
        ``plane_m2`` and ``ellipsoid_m2`` (edges as geodesics between the vertices), with the index of the polygons.

    Raises
    ------
    FrameCrsError
        The polygons are not in a projected plane in metres.
    """
    check_frame(polygons, "the polygons")
    geometries = polygons.to_numpy()
    lonlat = from_plane(geometries, polygons.crs.srs)
    areas = {"plane_m2": shapely.area(geometries), "ellipsoid_m2": ellipsoid_areas_m2(lonlat)}
    return pd.DataFrame(areas, index=polygons.index)
