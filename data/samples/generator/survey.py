"""The survey deliveries: a shapefile in a zip as a surveying unit's desktop writes it, and one with faulty rows.

Chinese desktops name the files inside the zip in GBK without saying so, write the attributes in GBK without a .cpg and
leave the table's language byte at zero, so a reader has to find both out.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from generator.codes import real_estate_unit
from generator.faulty import FaultyRow
from generator.frame import CRS
from generator.model import Surveyed

FOLDER, STEM = "放线测量成果", "建筑物基底"
_ENCODING = "GBK"
_LANGUAGE_BYTE = 29  # of a .dbf header
_MEMBERS = (".shp", ".shx", ".dbf", ".prj")
_WRITTEN = (2026, 1, 15, 9, 30, 0)

# The coordinate system as ArcGIS writes it: no authority, no code, its own names.
_PRJ = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_126E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",126.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def write_survey(path: Path, surveyed: Sequence[Surveyed], projects: Mapping[str, str]) -> None:
    """Write the delivery; ``projects`` are the project codes of the sites by their names."""
    table = _table(surveyed, projects)
    _write_zip(path, gpd.GeoDataFrame(table, geometry=[building.shape for building in surveyed], crs=CRS), "Polygon")


def write_faulty_survey(path: Path, rows: Sequence[FaultyRow], projects: Mapping[str, str]) -> None:
    """Write the delivery with faulty rows; its polygons all have a Z, as a shapefile cannot mix them."""
    table = _table([row.building for row in rows], projects)
    shapes = [None if row.shape is None else shapely.force_3d(row.shape, 0.0) for row in rows]
    _write_zip(path, gpd.GeoDataFrame(table, geometry=shapes, crs=CRS), "Polygon Z")


def _table(surveyed: Sequence[Surveyed], projects: Mapping[str, str]) -> pd.DataFrame:
    sites = list(dict.fromkeys(building.site for building in surveyed))
    numbers: dict[str, int] = dict.fromkeys(sites, 0)
    units: dict[str, str] = {}
    for building in surveyed:
        if building.name not in units:
            numbers[building.site] += 1
            units[building.name] = real_estate_unit(list(projects).index(building.site), numbers[building.site])
    return pd.DataFrame(
        {
            "建筑名称": [building.name for building in surveyed],
            "项目代码": [projects[building.site] for building in surveyed],
            "不动产单元": [units[building.name] for building in surveyed],
            "高度": [building.height_m for building in surveyed],
            "层数": [building.storeys for building in surveyed],
            "结构": [building.structure for building in surveyed],
            "用途": [building.purpose for building in surveyed],
        }
    )


def _write_zip(path: Path, frame: gpd.GeoDataFrame, geometry_type: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shapefile = Path(folder, "delivery.shp")
        pyogrio.write_dataframe(
            frame, shapefile, encoding=_ENCODING, geometry_type=geometry_type,
            layer_options={"DBF_DATE_LAST_UPDATE": "2026-01-15"},
        )  # fmt: skip
        members = {suffix: shapefile.with_suffix(suffix).read_bytes() for suffix in _MEMBERS}
    table = bytearray(members[".dbf"])
    table[_LANGUAGE_BYTE] = 0
    members |= {".dbf": bytes(table), ".prj": _PRJ.encode("ascii")}
    path.write_bytes(_zip((f"{FOLDER}/{STEM}{suffix}", content) for suffix, content in members.items()))


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip whose names are bare GBK bytes.

    `zipfile` writes names that are not ASCII in UTF-8 and flags them, so the members get stand-ins as long as their
    names are in GBK, which are exchanged afterwards; no checksum covers a name. Nothing is compressed: the bytes are
    then the same with every zlib.
    """
    archive, names = io.BytesIO(), {}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for i, (name, content) in enumerate(members):
            encoded = name.encode(_ENCODING)
            stand_in = f"@{i}".ljust(len(encoded), "@")
            names[stand_in.encode("ascii")] = encoded
            info = zipfile.ZipInfo(stand_in, _WRITTEN)
            info.create_system, info.external_attr = 0, 0x20  # written on Windows, plain files
            file.writestr(info, content)
    written = archive.getvalue()
    for stand_in_bytes, encoded in names.items():
        if written.count(stand_in_bytes) != 2:  # in its local header and in the directory
            raise ValueError(f"The stand-in {stand_in_bytes!r} also occurs in the content: choose another.")
        written = written.replace(stand_in_bytes, encoded)
    return written
