"""Views of an extract, made of its result alone: the JSON of an answer, and GeoJSON in longitude and latitude."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from blueprint.grid_geometries import from_grid
from geocode.planes import from_plane
from workflows.extract_runs import Extract

__all__ = ["extract_address", "extract_geojson", "extract_json"]

_DIGITS = 10
_TOLD_OF_FEATURES = ("id", "name", "class", "certainty", "area_m2", "ellipsoid_area_m2", "percent", "stated_area_m2")
_ALSO_TOLD = ("width_m", "length_m", "points", "valid_from", "valid_to", "attributes")


def extract_json(extract: Extract) -> dict[str, Any]:
    """Return an extract as an answer: its run's id, its hash, where that is verified, and the result as it was hashed."""
    return {
        "id": extract.id,
        "sha256": extract.sha256,
        "verification": extract_address(extract),
        "result": extract.result,
    }


def extract_geojson(extract: Extract) -> dict[str, Any]:
    """Return the site and the features on it, cut to it, as a GeoJSON feature collection; layers that are secret are left out.

    Coordinates are longitude and latitude (EPSG:4490).
    """
    result = extract.result
    site = result["site"]
    about = {name: site[name] for name in ("kind", "code", "name", "layer", "feature", "area_m2", "ellipsoid_area_m2")}
    features = [_feature(site["geometry"], result["plane"], {"role": "site", **about})]
    for layer in result["layers"]:
        of_layer = {"role": "feature", "layer": layer["code"], "layer_name": layer["name"]}
        for row in layer["features"]:
            told = {name: row[name] for name in (*_TOLD_OF_FEATURES, *_ALSO_TOLD)}
            features.append(_feature(row["geometry"], result["plane"], {**of_layer, **told}))
    names = ("as_of", "known_at", "summary")
    told = {"id": extract.id, "sha256": extract.sha256, "verification": extract_address(extract)}
    return {
        "type": "FeatureCollection",
        "extract": {**told, **{name: result[name] for name in names}},
        "features": features,
    }


def extract_address(extract: Extract, public_url: str = "") -> str:
    """Return where whoever holds an extract may have it computed again."""
    return f"{public_url.rstrip('/')}/runs/{extract.id}/verification?sha256={extract.sha256}"


def _feature(on_grid: Mapping[str, Any] | None, plane: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": dict(properties), "geometry": _lonlat(on_grid, plane)}


def _lonlat(on_grid: Mapping[str, Any] | None, plane: str) -> dict[str, Any] | None:
    if on_grid is None:
        return None
    (ground,) = from_plane(np.array([from_grid(on_grid)], dtype=object), plane)
    told: dict[str, Any] = shapely.geometry.mapping(shapely.transform(ground, lambda xy: np.round(xy, _DIGITS)))
    return told
