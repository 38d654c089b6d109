"""The files of the sample: the district as a GeoPackage, the editions and the expected results as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from shapely import MultiPolygon

from generator.attributes import attributes_of
from generator.editions import Edition, editions
from generator.frame import CRS, Area
from generator.model import Feature

_WRITTEN = "2026-01-15T00:00:00.000Z"  # stands in the GeoPackage as the day of its last change


def layer_frames(features: Iterable[Feature]) -> dict[str, gpd.GeoDataFrame]:
    """Return one frame per layer, in the editions' order, with the columns name, valid_from, valid_to and its own."""
    by_layer: dict[str, list[Feature]] = {code: [] for code in editions()}
    for feature in features:
        by_layer[feature.layer].append(feature)
    return {code: _frame(editions()[code], own) for code, own in by_layer.items()}


def _frame(edition: Edition, features: list[Feature]) -> gpd.GeoDataFrame:
    rows = []
    for serial, feature in enumerate(features, start=1):
        attributes = attributes_of(feature, serial)
        own = {column: attributes.get(column) for column in edition.columns}
        since = feature.valid_from or edition.valid_from
        rows.append({"name": feature.name, "valid_from": since, "valid_to": feature.valid_to, **own})
    return gpd.GeoDataFrame(rows, geometry=[feature.shape for feature in features], crs=CRS)


def write_district(path: Path, frames: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write the frames as the layers of one GeoPackage, the same bytes each time.

    Its layers have no spatial index: for a few hundred rows each it would only be a sixth of the file.
    """
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    for i, (code, frame) in enumerate(frames.items()):
        several = any(isinstance(shape, MultiPolygon) for shape in frame.geometry)
        pyogrio.write_dataframe(
            frame, path, layer=editions()[code].gpkg_layer, driver="GPKG", append=i > 0, promote_to_multi=several,
            geometry_type="MultiPolygon" if several else "Polygon",
            layer_options={"IDENTIFIER": editions()[code].title, "SPATIAL_INDEX": "NO"},
        )  # fmt: skip


def editions_document(frames: Mapping[str, gpd.GeoDataFrame], areas: Mapping[str, Area]) -> dict[str, object]:
    """Return the editions as a document; ``areas`` are those a layer may be complete in, by their names."""
    layers = [
        {
            "layer": edition.code,
            "table": edition.gpkg_layer,
            "title": edition.title,
            "valid_from": edition.valid_from,
            "accuracy_m": edition.accuracy_m,
            "currency": edition.currency,
            "source": edition.source,
            "features": len(frames[code]),
            "completeness": edition.complete,
        }
        for code, edition in editions().items()
    ]
    named = {name: shapely.to_wkt(area, rounding_precision=3, trim=True) for name, area in areas.items()}
    return {"file": "district.gpkg", "crs": CRS, "areas": named, "layers": layers}


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write a document as JSON that people can read: UTF-8, two blanks a level, a line feed at the end."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
