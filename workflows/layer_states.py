"""The layers around footprints as rules look at them: the features near, and those on the sites that they stand on."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.feature_arrays import OPEN_DAYS, FeatureArrays, as_days
from blueprint.layer_state import Edition, LayerState
from blueprint.rules import Predicate, Rule
from geocode.planes import plane_crs, to_plane
from store.database import Connection
from store.editions import editions_in_effect, feature_rows_near

__all__ = ["LoadedLayers", "load_layer_states"]

# a rule that looks further from a footprint is told that features are at hand to here only
_MOST_REACH_M = 500.0
# features this near to a site are loaded with those on it: what its sides lie along
_BESIDE_M = 5.0


class LoadedLayers(NamedTuple):
    """What is in effect, and where it was looked for: the editions' rows, and those of the features that were found.

    ``geometry`` is theirs, in EPSG:4490; ``sites`` the ground all over which the layers `on_sites` were looked at.
    """

    editions: Sequence[Any]
    features: Sequence[Any]
    geometry: NDArray[np.object_]
    reach_m: float
    sites: NDArray[np.object_]
    on_sites: frozenset[str]

    def states(self, plane: str) -> dict[str, LayerState]:
        """Return the layers in a plane, by code."""
        arrays, edition_ids = self._arrays(plane)
        around = shapely.union_all(shapely.buffer(to_plane(self.sites, plane), _BESIDE_M)) if len(self.sites) else None
        return {
            row.layer: LayerState(
                code=row.layer,
                edition=Edition(row.id, row.title, row.valid_from, row.valid_to, row.recorded_at, row.currency),
                accuracy_m=row.accuracy_m,
                features=arrays.only(slice(*np.searchsorted(edition_ids, [row.id, row.id + 1]))),
                complete=None if row.completeness is None else _completeness(bytes(row.completeness), plane),
                reach_m=self.reach_m,
                around=around if row.layer in self.on_sites else None,
            )
            for row in self.editions
        }

    def _arrays(self, plane: str) -> tuple[FeatureArrays, NDArray[np.int64]]:
        """Return all features, by edition, and the edition of each."""
        edition_ids = np.array([row.edition_id for row in self.features], dtype=np.int64)
        order = np.argsort(edition_ids, kind="stable")
        ids, names, class_codes, attributes, began, ended = (
            _column(self.features, name)[order]
            for name in ("id", "name", "class_code", "attributes", "valid_from", "valid_to")
        )
        arrays = FeatureArrays(
            ids=ids,
            names=names,
            class_codes=class_codes,
            attributes=attributes,
            geometry=to_plane(self.geometry[order], plane),
            valid_from=as_days(began, OPEN_DAYS[0]),
            valid_to=as_days(ended, OPEN_DAYS[1]),
            crs=plane_crs(plane),
        )
        return arrays, edition_ids[order]


def load_layer_states(
    connection: Connection,
    ground: gpd.GeoDataFrame,
    rules: Iterable[Rule],
    *,
    as_of: date,
    known_at: datetime | None = None,
) -> LoadedLayers:
    """Return the layers that rules look at around footprints in EPSG:4490: as far as any rule looks, and on their sites.

    A site may reach far; only what a ratio or a setback asks of it is loaded there.
    """
    rules = list(rules)
    codes = {code for rule in rules for code in rule.layers}
    editions = [row for row in editions_in_effect(connection, as_of=as_of, known_at=known_at) if row.layer in codes]
    ids = {row.layer: row.id for row in editions}
    reach_m = min(max((rule.reach_m for rule in rules), default=0.0), _MOST_REACH_M)
    footprints = np.asarray(ground.geometry.values)
    near = feature_rows_near(connection, list(ids.values()), footprints, reach_m=reach_m)
    of_sites = [rule for rule in rules if rule.predicate in {Predicate.SETBACK, Predicate.RATIO}]
    sites = _sites(near, footprints, {ids[code] for rule in of_sites for code in rule.b.layers if code in ids})
    on_sites = frozenset(code for rule in of_sites for code in _beside(rule))
    asked = [ids[code] for code in on_sites if code in ids]
    more = feature_rows_near(connection, asked, sites, reach_m=_BESIDE_M) if len(sites) and asked else []
    features = list({(row.edition_id, row.id): row for row in (*near, *more)}.values())
    return LoadedLayers(editions, features, _shapes(features), reach_m, sites, on_sites)


def _beside(rule: Rule) -> list[str]:
    """Return the layers that are looked at all over a site."""
    beside = [code for _, codes in rule.edges.beside for code in codes] if rule.edges else []
    return [*beside, *([rule.ratio.others] if rule.ratio and rule.ratio.others else [])]


def _sites(near: Sequence[Any], footprints: NDArray[np.object_], editions: set[int]) -> NDArray[np.object_]:
    """Return the sites that footprints stand on."""
    sites = _shapes([row for row in near if row.edition_id in editions])
    return np.asarray(sites[np.unique(shapely.STRtree(sites).query(footprints, predicate="intersects")[1])])


def _shapes(rows: Sequence[Any]) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(np.array([bytes(row.geom) for row in rows], dtype=object)), dtype=object)


def _column(rows: Sequence[Any], name: str) -> NDArray[np.object_]:
    column = np.empty(len(rows), dtype=object)
    column[:] = [getattr(row, name) for row in rows]
    return column


@lru_cache(maxsize=256)
def _completeness(wkb: bytes, plane: str) -> Any:
    """Return an edition's area in a plane; editions never change, so it is brought there once."""
    area = to_plane(np.array([shapely.from_wkb(wkb)]), plane)[0]
    shapely.prepare(area)
    return area
