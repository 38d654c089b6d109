"""DXF out of rows: each area as it would be drawn, with its attributes attached and its code, or what is wrong, beside it.

A ring is a closed polyline; what has holes or several parts is a hatch, since polylines have neither. Of a row without an
area, what is wrong stands where it is, if that is known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, BinaryIO

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from ezdxf._options import options
from ezdxf.document import Drawing as Document
from ezdxf.filemanagement import new
from numpy.typing import NDArray

from geocode.crs import STORAGE_CRS, crs_name
from layers.columns import python_values
from layers.dxf.drawing import LABELS, PROGRAM
from layers.errors import cannot_write
from layers.remarks import Counted, Note, remark

__all__ = ["write_drawing"]

_METRES = 6
_NOT_IN_NAMES = re.compile(r"[<>/\\\":;?*|=`,\x00-\x1f]")
# a string of extended data has so many bytes, and an entity so much of them
_LONGEST, _MOST = 255, 15_000
_LABEL_HEIGHT_M = 1.0
_BY_LAYER = 256
# what the drawing itself says of an entity; and what it says anew
_DRAWN = {"geometry", "layer", "entity", "block", "colour"}


def write_drawing(
    frames: Iterable[gpd.GeoDataFrame], stream: BinaryIO, *, crs: pyproj.CRS, layer: str
) -> tuple[Note, ...]:
    """Write frames to a stream as a drawing in metres (R2010, UTF-8), and return remarks on what it could not hold.

    Rows stand on the layer that their column ``layer`` names, in the colour that ``colour`` does; every other column is
    extended data of the program ``LUOTU``, which is read back as columns of text.

    Raises
    ------
    CannotWrite
        The CRS is no plane in metres.
    """
    if not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1:
        raise cannot_write("drawing_not_plane", crs=crs_name(crs))
    text = TextIOWrapper(stream, encoding="utf-8", newline="\r\n")
    try:
        with _without_time():
            document = new("R2010", units=_METRES)
            document.appids.add(PROGRAM)
            notes = [note for frame in frames for note in _draw(document, frame, layer)]
            document.write(text)
    finally:
        # the stream stays open for whoever opened it
        text.detach()
    return (remark("drawing_crs", name=crs_name(crs)), *notes)


@contextmanager
def _without_time() -> Iterator[None]:
    """Have the same rows be the same drawing: its head would hold the time and random numbers."""
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _draw(document: Document, frame: gpd.GeoDataFrame, layer: str) -> Iterator[Note]:
    columns = {str(name): python_values(frame[name]) for name in frame.columns if name != frame.geometry.name}
    places: Mapping[Any, tuple[float, float]] = frame.attrs.get("fault_places", {})
    left_out = as_texts = cut = 0
    for row, geometry in enumerate(np.asarray(frame.geometry.values)):
        values = {name: column[row] for name, column in columns.items() if not _is_missing(column[row])}
        if not _is_areal(geometry):
            place = places.get(frame.index[row])
            at = _stated_place(values, frame.crs) if place is None else np.array(place)
            is_told = _label(document.modelspace(), at, values)
            as_texts += is_told
            left_out += not is_told
            continue
        style = _style(values, layer)
        if style["layer"] not in document.layers:
            document.layers.add(style["layer"])
        entity = _drawn(document.modelspace(), geometry, style)
        data, is_cut = _attached({name: value for name, value in values.items() if name not in _DRAWN})
        entity.set_xdata(PROGRAM, data)
        cut += is_cut
        _label(document.modelspace(), shapely.get_coordinates(shapely.point_on_surface(geometry))[0], values)
    if as_texts:
        yield Counted("drawing_as_texts", as_texts)
    if left_out:
        yield Counted("drawing_left_out", left_out)
    if cut:
        yield Counted("drawing_texts_cut", cut)


def _drawn(space: Any, geometry: Any, style: Mapping[str, Any]) -> Any:
    parts = shapely.get_parts(geometry)
    rings = shapely.get_rings(parts)
    if len(rings) == 1:
        return space.add_lwpolyline(shapely.get_coordinates(rings[0])[:-1], close=True, dxfattribs=style)
    hatch = space.add_hatch(dxfattribs=style)
    # a hatch has the colour of its fill, and this one is to show its area alone
    hatch.set_solid_fill(color=style["color"], style=0)
    for ring in rings:
        hatch.paths.add_polyline_path(shapely.get_coordinates(ring)[:-1], is_closed=True)
    return hatch


def _stated_place(values: Mapping[str, Any], crs: pyproj.CRS) -> NDArray[np.float64] | None:
    """Return where a fault is, by the columns ``lon`` and ``lat`` of rows that are given back; None where nothing says."""
    lon, lat = values.get("lon"), values.get("lat")
    if not (isinstance(lon, float) and isinstance(lat, float)):
        return None
    place = np.array(pyproj.Transformer.from_crs(STORAGE_CRS, crs, always_xy=True).transform(lon, lat))
    return place if np.isfinite(place).all() else None


def _label(space: Any, place: NDArray[np.float64] | None, values: Mapping[str, Any]) -> bool:
    """Write what is wrong with a row, or its code, and return whether there is that and a place for it."""
    text = values.get("fault") or values.get("code")
    if text is None or place is None:
        return False
    style = {"layer": LABELS, "height": _LABEL_HEIGHT_M, "insert": tuple(place.tolist())}
    space.add_text(" ".join(str(text).split())[:_LONGEST], dxfattribs=style)
    return True


def _style(values: Mapping[str, Any], layer: str) -> dict[str, Any]:
    colour = values.get("colour")
    return {
        "layer": _NOT_IN_NAMES.sub("_", str(values.get("layer", layer)))[:_LONGEST] or "0",
        "color": int(colour) if isinstance(colour, int | float) and 0 < colour < _BY_LAYER else _BY_LAYER,
    }


def _attached(values: Mapping[str, Any]) -> tuple[list[tuple[int, str]], bool]:
    """Return attributes as extended data, and whether one had to be cut."""
    texts = [" ".join(f"{name}={value}".split()) for name, value in values.items()]
    fitting = [text.encode()[:_LONGEST].decode("utf-8", "ignore") for text in texts]
    kept = int(np.searchsorted(np.cumsum([len(text.encode()) for text in fitting]), _MOST, side="right"))
    return [(1000, text) for text in fitting[:kept]], kept < len(texts) or fitting != texts


def _is_areal(geometry: Any) -> bool:
    return (
        geometry is not None
        and geometry.geom_type in {"Polygon", "MultiPolygon"}
        and not geometry.is_empty
        and bool(np.isfinite(shapely.get_coordinates(geometry)).all())
    )


def _is_missing(value: Any) -> bool:
    return value is None or (not isinstance(value, list | dict) and bool(pd.isna(value)))
