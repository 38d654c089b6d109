"""Layers as they stand on a day: named by a person, found among the editions, loaded over an extent."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.layer_state import Edition, LayerState
from geocode import Text, to_storage
from geocode.planes import to_plane
from layers.catalogue_entries import Catalogue, Layer
from layers.confined.reading import read_confined
from store.database import Connection
from store.editions import editions_in_effect, editions_named, feature_rows_near, features_near
from store.errors import NotHereError
from workflows.deliveries import in_plane
from workflows.drawings import read_drawing
from workflows.errors import RefusedOptionError

__all__ = ["NamedState", "edition_named", "find_state", "load_state", "load_states", "meeting_of", "read_extent"]

_NAMED = re.compile(r"(?P<layer>[^@\s]+)(@((?P<day>\d{4}-\d{2}-\d{2})|(?P<id>\d{1,9})))?")
_NUMBER = r"-?\d{1,3}(\.\d+)?"
_BOX = re.compile(rf"{_NUMBER}(,{_NUMBER}){{3}}")


class NamedState(NamedTuple):
    """A layer, the row of one of its editions, and the day on which its features are taken."""

    layer: Layer
    edition: Any
    day: date


def find_state(
    connection: Connection, name: str, *, as_of: date, known_at: datetime, catalogue: Catalogue
) -> NamedState:
    """Return the layer and the edition that a name means.

    Parameters
    ----------
    name
        A layer's code or table name: as it holds on the day `as_of`. ``LAYER@DAY``: as it holds on another day;
        ``LAYER@ID``: that edition, on the day on which it begins if it does not hold on `as_of`.

    Raises
    ------
    UnknownLayer
        The catalogue has no such layer.
    NotHereError
        There is no edition of that id.
    RefusedOptionError
        The layer has no edition that holds, or the text is no such name.
    """
    named = _NAMED.fullmatch(name.strip())
    if named is None:
        raise RefusedOptionError(
            Text(f"“{name}”不是图层名称。", f"“{name}” names no layer."),
            Text("写作 GH2103、GH2103@2024-01-01 或 GH2103@12。", "Write GH2103, GH2103@2024-01-01 or GH2103@12."),
        )
    layer = catalogue.layer(named["layer"])
    if named["id"]:
        row = edition_named(connection, int(named["id"]))
        if row.layer == layer.code and row.recorded_at <= known_at:
            holds = row.valid_from <= as_of and (row.valid_to is None or as_of < row.valid_to)
            return NamedState(layer, row, as_of if holds else row.valid_from)
    else:
        day = _day(named["day"]) if named["day"] else as_of
        held = {each.layer: each for each in editions_in_effect(connection, as_of=day, known_at=known_at)}
        if layer.code in held:
            return NamedState(layer, held[layer.code], day)
    raise RefusedOptionError(
        Text(f"图层 {name} 没有有效的版本。", f"No edition of layer {name} holds."),
        Text("用 `luotu layers list` 查看已加载的版本。", "See the editions with `luotu layers list`."),
    )


def edition_named(connection: Connection, identity: int) -> Any:
    """Return the row of an edition by its id.

    Raises
    ------
    NotHereError
        There is none of that id.
    """
    found = editions_named(connection, [identity])
    if not found:
        raise NotHereError(Text(f"没有编号为 {identity} 的图层版本。", f"There is no edition of the id {identity}."))
    return found[0]


def load_state(
    connection: Connection, edition: Any, grounds: NDArray[Any], plane: str, *, own_days: bool = False
) -> LayerState:
    """Return an edition with all its features that may touch grounds in EPSG:4490, in a plane.

    Parameters
    ----------
    own_days
        Whether each feature begins with the edition that brought it, rather than all with this one.
    """
    near = features_near(connection, [edition.id], grounds)
    if own_days:
        since = {row.id: row.since for row in feature_rows_near(connection, [edition.id], grounds)}
        began = [since[index] if own is None else own for index, own in near["valid_from"].items()]
        near["valid_from"] = pd.Series(began, index=near.index, dtype=object)
    return _state(edition, near, plane, began=None if own_days else edition.valid_from)


def load_states(
    connection: Connection, editions: Sequence[Any], grounds: NDArray[Any], plane: str, *, reach_m: float
) -> dict[str, LayerState]:
    """Return editions by layer, each with all its features that may lie within a reach of grounds, as `load_state`."""
    near = features_near(connection, [row.id for row in editions], grounds, reach_m=reach_m)
    of_edition = dict(tuple(near.groupby("edition_id"))) if len(near) else {}
    return {
        row.layer: _state(row, of_edition.get(row.id, near.iloc[:0]), plane, began=row.valid_from, reach_m=reach_m)
        for row in editions
    }


def _state(
    edition: Any, features: gpd.GeoDataFrame, plane: str, *, began: date | None, reach_m: float = 0.0
) -> LayerState:
    return LayerState(
        code=edition.layer,
        edition=Edition(edition.id, edition.title, began, edition.valid_to, edition.recorded_at),
        accuracy_m=edition.accuracy_m,
        features=in_plane(features, plane),
        complete=None if edition.completeness is None else _complete(edition, plane),
        reach_m=reach_m,
    )


def meeting_of(first: Any, second: Any) -> Any:
    """Return where two editions are both complete, in EPSG:4490.

    Raises
    ------
    RefusedOptionError
        One says nowhere that it is complete, or their areas do not meet.
    """
    if first.completeness is None or second.completeness is None:
        raise RefusedOptionError(
            Text("至少一个图层没有完整范围,无法确定比较范围。", "One of the layers says nowhere that it is complete."),
            Text("用 within 指定比较范围。", "Say where to compare, with `within`."),
        )
    areas = [shapely.from_wkb(bytes(row.completeness)) for row in (first, second)]
    return _with_ground(shapely.intersection(*areas))


def read_extent(said: str | Mapping[str, Any]) -> Any:
    """Return an extent in EPSG:4490: a box ``west,south,east,north`` in degrees, a file of polygons, or GeoJSON.

    Raises
    ------
    RefusedDrawingError, FootprintError
        It is no GeoJSON geometry, or one that cannot be read.
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedOptionError
        It is no valid polygon.
    """
    if isinstance(said, Mapping):
        return _with_ground(read_drawing(said)[0])
    if _BOX.fullmatch(said):
        west, south, east, north = map(float, said.split(","))
        return _with_ground(shapely.box(west, south, east, north) if west < east and south < north else None)
    delivery = read_confined(Path(said))
    shapes = to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs)
    return _with_ground(shapely.union_all(shapes[shapely.is_valid(shapes)]))


def _with_ground(extent: Any) -> Any:
    """Return the polygons of an extent."""
    if extent is not None and extent.geom_type == "GeometryCollection":
        extent = shapely.MultiPolygon([part for part in extent.geoms if part.geom_type == "Polygon"])
    if extent is None or not shapely.is_valid(extent) or not shapely.area(extent) > 0:
        raise RefusedOptionError(
            Text("比较范围不是有效的面。", "The extent is no valid polygon."),
            Text(
                "给出面要素文件,或经纬度范围“西,南,东,北”。",
                "Give a file of polygons, or a box west,south,east,north in degrees.",
            ),
        )
    return extent


def _complete(edition: Any, plane: str) -> Any:
    return to_plane(np.array([shapely.from_wkb(bytes(edition.completeness))]), plane)[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusedOptionError(
            Text(f"{text} 不是日期。", f"{text} is no day."), Text("写作 2024-01-31。", "Write it as 2024-01-31.")
        ) from error
