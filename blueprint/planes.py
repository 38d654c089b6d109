"""The frames that may enter: in one projected plane, in metres, their rows named one by one."""

import geopandas as gpd

from blueprint.errors import FrameCrsError, FrameError

__all__ = ["check_frame", "check_same_plane"]


def check_frame(frame: gpd.GeoDataFrame | gpd.GeoSeries, what: str) -> None:
    """Raise unless a frame is in a projected plane in metres and its index is unique."""
    crs = frame.crs
    if crs is None or not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        name = "no CRS" if crs is None else crs.name
        raise FrameCrsError(f"The frame of {what} has {name}: bring it into the measuring plane, in metres, first.")
    if not frame.index.is_unique:
        raise FrameError(f"The frame of {what} has the id {frame.index[frame.index.duplicated()][0]!r} twice.")


def check_same_plane(a: gpd.GeoDataFrame | gpd.GeoSeries, b: gpd.GeoDataFrame | gpd.GeoSeries, what: str) -> None:
    """Raise unless two frames are in the same plane."""
    if a.crs is not b.crs and a.crs != b.crs:
        name = "no CRS" if b.crs is None else b.crs.name
        raise FrameCrsError(f"The frame of {what} has {name}, the others {a.crs.name}: use one plane.")
