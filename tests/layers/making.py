"""Makers of deliveries: shapefiles with raw bytes of our choice, archives with names of our choice, GeoJSON texts."""

import json
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from layers.gdal import write_rows
from layers.writing import write_frame

ZONE_126 = "EPSG:4551"
NAMES = ["吉林市实验小学1号教学楼", "船营区临江门大街", "松花江畔"]


def squares(count=3, *, x=500_000.0, y=4_850_000.0, side=20.0):
    """Return squares in a row, 10 m apart."""
    west = x + np.arange(count) * (side + 10)
    return shapely.box(west, y, west + side, y + side)


def lonlat_squares(count=3):
    west = 126.5 + np.arange(count) * 0.001
    return shapely.box(west, 43.8, west + 0.0005, 43.8005)


def frame_of(attributes=None, *, geometry=None, crs=ZONE_126):
    attributes = {"名称": NAMES, "层数": [5, 18, 1]} if attributes is None else attributes
    count = len(next(iter(attributes.values()))) if attributes else 3
    return gpd.GeoDataFrame(
        attributes, geometry=squares(count) if geometry is None else geometry, crs=crs, dtype=object
    )


def shapefile(
    folder,
    stem="建筑",
    *,
    encoding="GB18030",
    cpg=None,
    prj=ZONE_126,
    names=None,
    geometry=None,
    field="名称",
    suffixes=None,
):
    """Write the parts of a shapefile and return its .shp; `cpg` and `prj` are left out where they are None."""
    folder.mkdir(exist_ok=True)
    texts = np.array(NAMES if names is None else names, dtype=object)
    shapes = squares(len(texts)) if geometry is None else geometry
    write_rows(
        folder / "made.shp",
        driver="ESRI Shapefile",
        geometry=shapely.to_wkb(np.asarray(shapes, dtype=object)),
        fields=[(field, texts, np.array([text is None for text in texts]))],
        geometry_type="Unknown" if geometry is not None else "Polygon",
        crs=ZONE_126,
        encoding=encoding,
        layer="made",
    )
    (folder / "made.cpg").unlink()
    (folder / "made.prj").unlink()
    if cpg is not None:
        (folder / "made.cpg").write_text(cpg, encoding="ascii")
    if prj is not None:
        wkt = prj if not prj.startswith("EPSG:") else pyproj.CRS(prj).to_wkt("WKT1_ESRI")
        (folder / "made.prj").write_text(wkt, encoding="utf-8")
    for part in sorted(folder.glob("made.*")):
        part.rename(folder / f"{stem}{(suffixes or {}).get(part.suffix, part.suffix)}")
    return folder / f"{stem}{(suffixes or {}).get('.shp', '.shp')}"


def parts(shp):
    """Return the bytes of every file of a shapefile by name."""
    return {part.name: part.read_bytes() for part in sorted(shp.parent.iterdir())}


def patch(path, offset, content):
    data = bytearray(path.read_bytes())
    data[offset : offset + len(content)] = content
    path.write_bytes(data)


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])


class RawName(zipfile.ZipInfo):
    """An entry whose name is the bytes given, with or without the flag that calls them UTF-8."""

    def __init__(self, name, *, flagged):
        super().__init__(name.decode("latin-1"))
        self.raw, self.flagged = name, flagged

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.raw, self.flag_bits | (0x800 if self.flagged else 0)


def zipped(path, members, *, names="utf-8", flagged=None):
    """Write an archive; names are encoded as asked, flagged as UTF-8 where they are, or as asked."""
    flagged = names == "utf-8" if flagged is None else flagged
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = RawName(name.encode(names), flagged=flagged)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def feature(geometry=None, properties=None, **members):
    geometry = shapely.geometry.mapping(lonlat_squares(1)[0]) if geometry is None else geometry
    return {"type": "Feature", "properties": properties or {}, "geometry": geometry, **members}


def collection(*features, **members):
    return {"type": "FeatureCollection", **members, "features": list(features)}


def geojson(path, document):
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def geopackage(path, frames):
    """Write a GeoPackage of several layers."""
    (name, frame), *rest = frames.items()
    write_frame(frame, path, layer=name)
    for name, frame in rest:
        write_rows(
            path,
            driver="GPKG",
            geometry=shapely.to_wkb(frame.geometry.to_numpy()),
            fields=[],
            layer=name,
            geometry_type=frame.geometry.iloc[0].geom_type,
            crs=str(frame.crs),
            append=True,
        )
    return path


def polygon_bytes(*rings, byte_order=1):
    """Return the WKB of a polygon, closed or not."""
    head = struct.pack("<BII", byte_order, 3, len(rings))
    return head + b"".join(
        struct.pack("<I", len(ring)) + b"".join(struct.pack("<dd", *point) for point in ring) for ring in rings
    )


def here(path):
    return Path(path).name
