"""The layers as the search for conflicts looks at them: the editions of a day, whole or near a place, in one plane."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.layer_state import Edition, LayerState
from blueprint.raster_state import RasterState
from blueprint.rule_sets import RuleSet
from blueprint.rules import Rule, rules_in_force
from geocode.planes import measure_plane, to_plane
from store.database import Connection
from store.documents import Documents
from store.editions import editions_in_effect, extent_of
from workflows.rastering import raster_states

__all__ = ["Asking", "Box", "Layers", "find_layers", "find_rasters", "shapes_of"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked: the day, the time whose knowledge counts, by which rules, where (None: the whole city).

    ``documents`` is the folder in which rasters lie.
    """

    as_of: date
    known_at: datetime
    rules: RuleSet
    documents: Documents
    bbox: Box | None = None

    @property
    def between_layers(self) -> tuple[Rule, ...]:
        """The rules between layers that hold on the day."""
        return tuple(rule for rule in rules_in_force(self.rules.rules, self.as_of) if rule.a is not None)


class Layers(NamedTuple):
    """The editions (rows) and rasters by layer that rules between layers look at, and the plane of measures."""

    editions: Mapping[str, Any]
    rasters: Mapping[str, Sequence[RasterState]]
    plane: str

    @property
    def raster_ids(self) -> dict[str, list[int]]:
        """The ids of the rasters' editions, by layer."""
        return {code: [each.edition.id for each in states] for code, states in self.rasters.items()}

    def ids(self, codes: Collection[str]) -> list[int]:
        """Return the ids of the editions of some layers."""
        return [row.id for code, row in self.editions.items() if code in codes]

    def states(self, rows: Iterable[Any], codes: Collection[str]) -> dict[str, LayerState]:
        """Return some layers with some of their features, given as rows of any layers, each once."""
        by_edition: dict[int, list[Any]] = {}
        for row in rows:
            by_edition.setdefault(row.edition_id, []).append(row)
        return {
            code: _layer_state(row, by_edition.get(row.id, []), self.plane)
            for code, row in self.editions.items()
            if code in codes
        }


def find_layers(connection: Connection, asking: Asking, *, plane: str | None = None) -> Layers:
    """Return the editions in effect that the rules between layers look at; the plane is that of their middle."""
    wanted = {code for rule in asking.between_layers for code in rule.layers}
    rows = editions_in_effect(connection, as_of=asking.as_of, known_at=asking.known_at)
    editions = {row.layer: row for row in rows if row.layer in wanted}
    return Layers(editions, find_rasters(connection, asking), plane or _middle_plane(connection, asking, editions))


def find_rasters(connection: Connection, asking: Asking) -> dict[str, list[RasterState]]:
    """Return the rasters in effect that the rules between layers look at, by layer."""
    codes = {code for rule in asking.between_layers if rule.predicate.reads_rasters for code in rule.layers}
    return raster_states(connection, codes, documents=asking.documents, as_of=asking.as_of, known_at=asking.known_at)


def shapes_of(rows: Sequence[Any], plane: str | None = None) -> NDArray[Any]:
    """Return the ``geom`` of rows, WKB in EPSG:4490, as geometries in a plane, or as they are where None."""
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([None if row.geom is None else bytes(row.geom) for row in rows])
    return shapes if plane is None else to_plane(shapes, plane)


def _middle_plane(connection: Connection, asking: Asking, editions: Mapping[str, Any]) -> str:
    box = asking.bbox or extent_of(connection, [row.id for row in editions.values()])
    west, south, east, north = box or (0.0, 0.0, 0.0, 0.0)
    return measure_plane((west + east) / 2, (south + north) / 2)


def _layer_state(edition: Any, rows: Sequence[Any], plane: str) -> LayerState:
    """Return an edition as the engine sees it: its features hold since the edition that brought them."""
    area = None if edition.completeness is None else to_plane(shapely.from_wkb([bytes(edition.completeness)]), plane)[0]
    columns = {
        "name": [row.name for row in rows],
        "class_code": [row.class_code for row in rows],
        "valid_from": [row.since if row.valid_from is None else max(row.valid_from, row.since) for row in rows],
        "valid_to": [row.valid_to for row in rows],
        "attrs": [row.attributes for row in rows],
    }
    index = pd.Index([row.id for row in rows], dtype=None if rows else object)
    table = pd.DataFrame(columns, index=index, dtype=object)
    frame = gpd.GeoDataFrame(table, geometry=shapes_of(rows, plane), crs=plane)
    stated = Edition(edition.id, edition.title, None, edition.valid_to, edition.recorded_at)
    return LayerState(edition.layer, stated, edition.accuracy_m, frame, area)
