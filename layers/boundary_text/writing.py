"""Boundary-point texts (界址点坐标) out of rows: each a parcel, its code behind the @.

They are written in GB18030 with the line ends of Windows: the survey programs of Chinese offices open texts in the
system's own encoding, and UTF-8 turns their parcel names into other characters without a word.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.crs import STORAGE_CRS, crs_gate, to_storage
from layers.boundary_text.crs import ZONES, Zone, zone_of_epsg
from layers.boundary_text.lines import FIELD_NAMES, POINTS, REFUSED, parse_point
from layers.columns import python_values
from layers.errors import cannot_write
from layers.remarks import Note, remark

__all__ = ["write_boundary_text"]

_ENCODING = "GB18030"
_END = "\r\n"
# signs that begin parcels and sections, and that no line of points has
_STRUCTURE = re.compile(r"[@＠\[［【]")
_FURTHER = re.compile(r"附加\d+")
# what stands behind the @, and how it begins
_BEHIND = {"附注": "", "fault": REFUSED, "code": ""}
_HECTARE_M2 = 10_000
_ZONE_DEG = 3
_DECIMALS = 3
_MAX_SHOWN = 12


@dataclass(slots=True)
class _Tally:
    """What the form could not hold."""

    left_out: dict[str, None] = field(default_factory=dict)
    texts: int = 0
    shapes: int = 0


class _Plane(NamedTuple):
    """The zone that is written, and the way into it; None where rows are in it already."""

    zone: Zone
    transformer: pyproj.Transformer | None


class _Key(NamedTuple):
    """A key of the head that tells what the coordinates are in: what it is known by, how the form spells it, what it says."""

    mark: str
    name: str
    say: Callable[[Zone], object]
    # without it, nobody can tell where the points lie
    is_needed: bool = False


_OWN_KEYS = (
    _Key("坐标系", "坐标系", lambda _: "2000国家大地坐标系", is_needed=True),
    _Key("分带", "几度分带", lambda zone: zone.degrees, is_needed=True),
    _Key("投影", "投影类型", lambda _: "高斯克吕格"),
    _Key("计量单位|坐标单位|单位制", "计量单位", lambda _: "米"),
    _Key("带号", "带号", lambda zone: zone.number, is_needed=True),
    _Key("^精度$", "精度", lambda _: f"{10**-_DECIMALS:.{_DECIMALS}f}"),
    _Key("参数", "转换参数", lambda _: ",,,,,,"),
)


def write_boundary_text(frames: Iterable[gpd.GeoDataFrame], stream: BinaryIO, *, crs: pyproj.CRS) -> tuple[Note, ...]:
    """Write frames to a stream as a boundary-point text, and return remarks on what it could not hold.

    Coordinates stand to the millimetre, north first, every ring closed. The head is that of the text that was read, where
    one was, with what it lacks of the CRS; what it says of that is written anew, and parameters of a transformation never.
    Rows without a geometry become parcels without points, or with the lines of their column ``界址点``, as parcels have that
    were refused.

    Parameters
    ----------
    frames
        Rows in batches. The columns 界址点数 and what else the form has are written in their places, ``附加1`` and so on
        before the @; ``附注``, ``code``, and ``fault`` where there is one, behind it.
    crs
        Of the frames. Where it is no zone of CGCS2000, rows are brought into the 3° zone of the first of them.

    Raises
    ------
    CannotWrite
        No row tells the zone.
    CrsError
        The rows cannot be brought to EPSG:4490.
    """
    upcoming = iter(frames)
    first = next(upcoming, None)
    if first is None:
        raise cannot_write("boundary_zone_unknown")
    plane = _plane_of(first, crs)
    tally = _Tally()
    stream.write(_head(first.attrs.get("head") or {}, plane.zone).encode(_ENCODING))
    stream.writelines(
        parcel.encode(_ENCODING, "replace")
        for frame in chain([first], upcoming)
        for parcel in _parcels(frame, plane, tally)
    )
    return tuple(_notes(plane, tally))


def _plane_of(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> _Plane:
    zone = zone_of_epsg(crs.to_epsg())
    if zone is not None:
        return _Plane(zone, None)
    crs_gate(crs)
    lon, lat = shapely.get_coordinates(to_storage(frame.geometry.to_numpy(), crs)).T
    is_there = np.isfinite(lon) & np.isfinite(lat)
    number = round(float(lon[is_there][0]) / _ZONE_DEG) if is_there.any() else 0
    if number not in ZONES[_ZONE_DEG][0]:
        raise cannot_write("boundary_zone_unknown")
    zone = Zone(_ZONE_DEG, number, has_prefix=True)
    return _Plane(zone, pyproj.Transformer.from_crs(STORAGE_CRS, zone.epsg, always_xy=True))


def _head(delivered: Mapping[str, str], zone: Zone) -> str:
    """Return the head: the keys that were delivered in their order, those of the CRS anew, and what it lacks of them."""
    head: dict[str, object] = dict(delivered) or {"格式版本号": "1.01", "数据产生单位": "", "数据产生日期": ""}
    for own in _OWN_KEYS:
        # of keys that are alike, the first is the one that is read
        key = next((key for key in delivered if re.search(own.mark, key)), None)
        if key is not None or own.is_needed or not delivered:
            head[key or own.name] = own.say(zone)
    return _END.join(["[属性描述]", *(f"{key}={value}" for key, value in head.items()), "[地块坐标]", ""])


def _parcels(frame: gpd.GeoDataFrame, plane: _Plane, tally: _Tally) -> Iterator[str]:
    """Yield the lines of each row."""
    columns = {str(name): python_values(frame[name]) for name in frame.columns if name != frame.geometry.name}
    further = [name for name in columns if _FURTHER.fullmatch(name)]
    written = {*FIELD_NAMES, *further, *_BEHIND, "source_id"}
    refused = columns.pop(POINTS, [None] * len(frame))
    tally.left_out |= dict.fromkeys(name for name in columns if name not in written)
    for row, geometry in enumerate(_in_plane(frame, plane)):
        said = {name: _cell(values[row], tally) for name, values in columns.items() if name in written}
        rings, kind = _rings(geometry)
        points = list(_points(rings)) or _refused_points(refused[row], frame.crs, plane)
        tally.shapes += not points
        if rings or not points:
            # what a refused parcel says of its points, or does not say, may be what is wrong with it
            said["界址点数"] = str(len(points))
        said["记录图形属性"] = said.get("记录图形属性") or kind
        said["地块编号"] = said.get("地块编号") or said.get("source_id") or str(frame.index[row] + 1)
        if not said.get("地块面积") and rings and kind == "面":
            said["地块面积"] = f"{shapely.area(geometry) / _HECTARE_M2:.4f}"
        before = ",".join(said.get(name, "") for name in (*FIELD_NAMES, *further))
        behind = ",".join(f"{mark}{said[name]}" for name, mark in _BEHIND.items() if said.get(name))
        yield _END.join([f"{before},@{behind}", *points, ""])


def _in_plane(frame: gpd.GeoDataFrame, plane: _Plane) -> NDArray[Any]:
    shapes = frame.geometry.to_numpy()
    if plane.transformer is None:
        return np.asarray(shapely.force_2d(shapes))
    transform = plane.transformer.transform
    return np.asarray(
        shapely.transform(to_storage(shapes, frame.crs), lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1])))
    )


def _rings(geometry: Any) -> tuple[list[NDArray[np.float64]], str]:
    """Return the rings, lines or points of a geometry, none where the form cannot hold it, and what the form calls it."""
    kind = {"Polygon": "面", "LineString": "线", "Point": "点"}.get(
        getattr(geometry, "geom_type", "").removeprefix("Multi")
    )
    if kind is None or geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        return [], kind or "面"
    if kind == "面":
        parts = shapely.get_rings(shapely.get_parts(geometry))
    elif kind == "线":
        parts = shapely.get_parts(geometry)
    else:
        parts = [geometry]
    return [np.round(shapely.get_coordinates(part), _DECIMALS) for part in parts], kind


def _points(rings: Sequence[NDArray[np.float64]]) -> Iterator[str]:
    """Yield the lines of points; a point that closes its ring bears the number of the first."""
    number = 0
    for ring, xy in enumerate(rings, start=1):
        first = number + 1
        for position, (x, y) in enumerate(xy.tolist()):
            closes = position == len(xy) - 1 > 0 and (xy[0] == xy[-1]).all()
            number += not closes
            yield f"J{first if closes else number},{ring},{y:.{_DECIMALS}f},{x:.{_DECIMALS}f}"


def _refused_points(text: Any, crs: pyproj.CRS, plane: _Plane) -> list[str]:
    """Return the lines of the points of a parcel that was refused, those that are none as they stand."""
    lines = [line for line in text.splitlines() if not _STRUCTURE.search(line)] if isinstance(text, str) else []
    return lines if plane.transformer is None else [_line_in_plane(line, crs, plane.transformer) for line in lines]


def _line_in_plane(line: str, crs: pyproj.CRS, transformer: pyproj.Transformer) -> str:
    point = parse_point(line)
    if point is None:
        return line
    (placed,) = to_storage(np.array([shapely.Point(point.second, point.first)]), crs)
    x, y = transformer.transform(placed.x, placed.y)
    return f"{point.label},{point.ring},{y:.{_DECIMALS}f},{x:.{_DECIMALS}f}"


def _cell(value: Any, tally: _Tally) -> str:
    """Return a value as text that has none of the signs that part fields."""
    if value is None or pd.isna(value) is True:
        return ""
    text = str(value)
    plain = re.sub(r"[\r\n]+", " ", text).replace(",", "，").replace("@", "＠")
    tally.texts += plain != text
    return plain


def _notes(plane: _Plane, tally: _Tally) -> Iterator[Note]:
    if plane.transformer is not None:
        yield remark("boundary_transformed", name=f"EPSG:{plane.zone.epsg}")
    if tally.left_out:
        names = ", ".join([*tally.left_out][:_MAX_SHOWN])
        yield remark("boundary_columns_left_out", count=len(tally.left_out), names=names)
    if tally.texts:
        yield remark("boundary_texts_changed", count=tally.texts)
    if tally.shapes:
        yield remark("boundary_without_points", count=tally.shapes)
