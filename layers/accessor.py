"""The accessor ``luotu`` of GeoPandas: ``import layers.accessor``, and every frame codes itself.

pandas registers accessors when their module is imported and in no other way: it looks for no entry points.

Examples
--------
>>> import geopandas, shapely
>>> import layers.accessor
>>> drawn = geopandas.GeoSeries([shapely.box(126.55, 43.84, 126.5502, 43.8401)], index=["gate"], crs="EPSG:4490")
>>> drawn.luotu.code()[["code", "area_m2"]]
                 code   area_m2
gate  4E7U5-CMEPQ-C0B  178.7109
"""

from typing import Any

import geopandas as gpd
import pandas as pd

from geocode.crs import CrsInput, crs_gate
from geocode.names import ComputedNames
from layers.code_columns import BEIDOU_LEVEL, CODE_COLUMNS, CODE_LEVEL, decoded_frame, with_codes, with_names

__all__ = ["LuotuFrame", "LuotuSeries"]


@pd.api.extensions.register_dataframe_accessor("luotu")
class LuotuFrame:
    """Codes and names of a frame's footprints: ``frame.luotu``."""

    def __init__(self, frame: pd.DataFrame) -> None:
        if not isinstance(frame, gpd.GeoDataFrame):
            # pandas asks for this error: so `hasattr` tells which frames have codes
            raise AttributeError("“luotu” is for frames with a geometry: make it a GeoDataFrame.")  # noqa: TRY004
        self._frame = frame

    def code(self, *, crs: CrsInput | None = None) -> gpd.GeoDataFrame:
        """Return the frame with the columns ``code, h3, area_m2, fault`` behind its own.

        Parameters
        ----------
        crs
            What the coordinates of the active geometry really are in, whatever the frame states.

        Returns
        -------
        GeoDataFrame
            A copy with the same rows and index. Columns of these names that were there are kept under the name with
            ``_delivered`` behind it. Where a row is refused, the others are missing and `fault` says why.

        Raises
        ------
        CrsError
            The frame has no CRS and none is given, or the gate refuses it.
        """
        return with_codes(_in_crs(self._frame, crs))[0]

    def names(self, *, crs: CrsInput | None = None, beidou_level: int = BEIDOU_LEVEL) -> gpd.GeoDataFrame:
        """Return the frame with the columns ``code, h3, beidou, pluscode, ubid, fault`` behind its own.

        As `code`; `beidou_level` is the level of the BeiDou code, 1 to 10: 8 is about 1 m, 10 about 1.5 cm.
        """
        return with_names(_in_crs(self._frame, crs), beidou_level=beidou_level)[0]


@pd.api.extensions.register_series_accessor("luotu")
class LuotuSeries:
    """Codes and names of a series of footprints, and what a series of codes tells: ``series.luotu``."""

    def __init__(self, series: pd.Series) -> None:
        self._series = series

    def code(self, *, crs: CrsInput | None = None) -> pd.DataFrame:
        """Return the columns ``code, h3, area_m2, fault`` for each footprint, as `LuotuFrame.code`."""
        return _plain(LuotuFrame(self._footprints()).code(crs=crs), CODE_COLUMNS)

    def names(self, *, crs: CrsInput | None = None, beidou_level: int = BEIDOU_LEVEL) -> pd.DataFrame:
        """Return the columns ``code, h3, beidou, pluscode, ubid, fault``, as `LuotuFrame.names`."""
        columns = ("code", *ComputedNames._fields, "fault")
        return _plain(LuotuFrame(self._footprints()).names(crs=crs, beidou_level=beidou_level), columns)

    def decode(self, *, beidou_level: int = CODE_LEVEL, parents: bool = False) -> gpd.GeoDataFrame:
        """Return what each code tells: a row each, the cell's hexagon as geometry in EPSG:4490.

        Parameters
        ----------
        beidou_level
            Level of the BeiDou code of the cell's centre, 1 to 10.
        parents
            Whether a column ``parents`` holds the coarser H3 cells, from resolution 0 to 14.

        Returns
        -------
        GeoDataFrame
            With the series' index; `fault` says why a text is no code, where it is none.
        """
        if isinstance(self._series, gpd.GeoSeries):
            raise TypeError("A series of geometries has nothing to decode: its codes are another series.")
        texts = ["" if pd.isna(text) else str(text) for text in self._series]
        return decoded_frame(texts, beidou_level=beidou_level, parents=parents, index=self._series.index)[0]

    def _footprints(self) -> gpd.GeoDataFrame:
        if not isinstance(self._series, gpd.GeoSeries):
            raise TypeError("A series that is no GeoSeries has no footprints to code.")
        return gpd.GeoDataFrame(geometry=self._series)


def _in_crs(frame: gpd.GeoDataFrame, crs: CrsInput | None) -> gpd.GeoDataFrame:
    """Return the frame in the CRS that is stated, where one is; the gate's errors say more than pyproj's."""
    if crs is None:
        return frame
    crs_gate(crs)
    return frame.set_crs(crs, allow_override=True)


def _plain(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> Any:
    return pd.DataFrame(frame[list(columns)])
