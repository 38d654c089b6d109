"""Writes files as another program does: GDAL, with all its drivers, in a process of its own.

Run as ``python gdal_program.py FOLDER``. The rows are those of `ROWS` and `footprints`, in EPSG:4551 unless the name says
otherwise.
"""

import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import shapely

NAMES = ["一号楼", "二号楼 & <b>", "松花江畔", "𠮷"]
STOREYS = [18, 2, 33, 4]
AREAS = [1.5, 2.5, 3.5, None]
ARC = (540_000.0, 4_851_000.0, 300.0)


def footprints():
    """Return four footprints in EPSG:4551: a square, one with a courtyard, one of two parts, and a square."""
    x = 540_237.5 + np.arange(4) * 80
    shapes = shapely.box(x, 4_851_720, x + 40, 4_851_775)
    shapes[1] = shapely.Polygon(shapes[1].exterior, [shapely.box(x[1] + 8, 4_851_730, x[1] + 16, 4_851_740).exterior])
    shapes[2] = shapely.MultiPolygon([shapes[2], shapely.box(x[2], 4_851_800, x[2] + 40, 4_851_840)])
    return shapes


def half_disc():
    """Return the WKB of half a disc of radius 300 m: a curve polygon of an arc and its diameter."""
    x, y, r = ARC
    arc = struct.pack("<BII6d", 1, 8, 3, x - r, y, x, y + r, x + r, y)
    line = struct.pack("<BII4d", 1, 2, 2, x + r, y, x - r, y)
    return struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 9, 2) + arc + line


def main(folder):
    import geopandas as gpd  # noqa: PLC0415
    from pyogrio import raw, write_dataframe  # noqa: PLC0415

    warnings.simplefilter("ignore")
    plane = gpd.GeoDataFrame(
        {"名称": NAMES, "层数": np.array(STOREYS, "int32"), "面积": AREAS}, geometry=footprints(), crs=4551
    )
    degrees = plane.to_crs(4490)
    roads = gpd.GeoDataFrame(
        {"路名": ["江湾路"]}, geometry=[shapely.LineString([[126.5, 43.8], [126.6, 43.9]])], crs=4490
    )
    for frame, end in ((plane, ""), (degrees, "_degrees")):
        for version in ("GML2", "GML3", "GML3.2"):
            write_dataframe(frame, folder / f"{version}{end}.gml", driver="GML", layer="建筑", FORMAT=version)
        write_dataframe(frame, folder / f"jsonfg{end}.json", driver="JSONFG", layer="建筑")
    write_dataframe(degrees, folder / "kml.kml", driver="KML", layer="建筑")
    write_dataframe(degrees, folder / "libkml.kmz", driver="LIBKML", layer="建筑")
    write_dataframe(degrees, folder / "libkml.kml", driver="LIBKML", layer="建筑")
    write_dataframe(roads, folder / "libkml.kml", driver="LIBKML", layer="道路", append=True)
    multi = {"driver": "OpenFileGDB", "geometry_type": "MultiPolygon", "promote_to_multi": True}
    write_dataframe(plane, folder / "现状.gdb", layer="建筑", **multi)
    write_dataframe(roads, folder / "现状.gdb", driver="OpenFileGDB", layer="道路", append=True)
    write_dataframe(plane.drop(columns="geometry"), folder / "现状.gdb", driver="OpenFileGDB", layer="表", append=True)
    curve = {
        "geometry": np.array([half_disc()], dtype=object),
        "field_data": [np.array(["弧形楼"], dtype=object)],
        "fields": ["名称"],
        "crs": "EPSG:4551",
    }
    raw.write(folder / "curve.gml", driver="GML", geometry_type="Unknown", layer="建筑", FORMAT="GML3", **curve)
    raw.write(folder / "curve.json", driver="JSONFG", geometry_type="Unknown", layer="建筑", **curve)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
