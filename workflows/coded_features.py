"""GeoJSON with codes: the features of a request, coded as those of a file are; nothing is stored and no database asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from geocode import encode_many
from geocode.crs import CrsInput
from layers.geojson_geometries import build_geometries
from workflows.drawings import as_column
from workflows.errors import RefusedDrawingError
from workflows.reports import fault_json

__all__ = ["code_features"]


def code_features(drawn: Mapping[str, Any], *, crs: CrsInput) -> dict[str, Any]:
    """Return a GeoJSON feature collection, feature or geometry as a collection with codes.

    Each feature has its own properties, and ``code, h3, area_m2, fault`` beside them: the code or what is wrong, as the
    other is None.

    Parameters
    ----------
    crs
        The frame of the coordinates, x = east or longitude.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON.
    CrsError
        The gate refuses the CRS.
    """
    features = _features(drawn)
    built = build_geometries([feature.get("geometry") for feature in features])
    encoded = encode_many(as_column(built.geometries), crs=crs)
    codes = encoded.codes.tolist()
    coded = []
    for row, feature in enumerate(features):
        fault = built.faults[row] or encoded.faults[row]
        told: dict[str, Any] = {"code": None, "h3": None, "area_m2": None, "fault": None}
        if fault is None:
            told |= {
                "code": str(codes[row]),
                "h3": str(encoded.h3[row]),
                "area_m2": round(float(encoded.area_m2[row]), 4),
            }
        else:
            told["fault"] = fault_json(fault)
        own = feature.get("properties")
        coded.append({**feature, "type": "Feature", "properties": {**(own if isinstance(own, dict) else {}), **told}})
    refused = sum(each["properties"]["fault"] is not None for each in coded)
    return {
        "type": "FeatureCollection",
        "features": coded,
        "numberCoded": len(coded) - refused,
        "numberRefused": refused,
    }


def _features(drawn: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the features of GeoJSON; a geometry is one without properties."""
    kind = drawn.get("type")
    if kind == "FeatureCollection":
        features = drawn.get("features")
        if not isinstance(features, list) or not all(isinstance(each, dict) for each in features):
            raise RefusedDrawingError
        return features
    if kind == "Feature":
        return [dict(drawn)]
    if not isinstance(kind, str):
        raise RefusedDrawingError
    return [{"type": "Feature", "geometry": dict(drawn), "properties": {}}]
