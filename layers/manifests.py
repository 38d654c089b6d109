"""Manifests: what stands beside a file of layers, about its editions: ``layers.json``."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geocode.crs import to_storage
from layers.errors import refused

__all__ = ["ManifestEntry", "read_manifest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """What a manifest says of one layer; None where it says nothing.

    Attributes
    ----------
    title
        Title of the edition.
    source
        The document that it comes from.
    valid_from, valid_to
        The days on which it holds, the last one excluded.
    accuracy_m
        Standard deviation of its positions, in metres.
    currency
        The day up to which it is up to date.
    completeness
        MultiPolygon in EPSG:4490 within which the layer is known to be complete.
    """

    title: str | None = None
    source: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    accuracy_m: float | None = None
    currency: date | None = None
    completeness: Any = None


def read_manifest(path: Path) -> dict[str, ManifestEntry]:
    """Return what a manifest says, by layer code; nothing where there is no such file.

    Raises
    ------
    RefusedFile
        The file is there and is no manifest: the error says which layer and which member.
    CrsError
        Its CRS is refused.
    """
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        crs, areas = told.get("crs", "EPSG:4490"), told.get("areas", {})
        rows = {str(row["layer"]).upper(): row for row in told["layers"]}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(path, None, str(error)) from error
    return {code: _entry(path, row, areas, crs) for code, row in rows.items()}


def _entry(path: Path, row: dict[str, Any], areas: dict[str, str], crs: str) -> ManifestEntry:
    try:
        return ManifestEntry(
            title=row.get("title"),
            source=row.get("source"),
            valid_from=_day(row.get("valid_from")),
            valid_to=_day(row.get("valid_to")),
            accuracy_m=None if row.get("accuracy_m") is None else float(row["accuracy_m"]),
            currency=_day(row.get("currency")),
            completeness=_area(row.get("completeness"), areas, crs),
        )
    except (ValueError, TypeError, shapely.errors.GEOSException) as error:
        raise _refused(path, str(row["layer"]), str(error)) from error


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _area(text: str | None, areas: dict[str, str], crs: str) -> Any:
    """Return an area by its name in the manifest or by its WKT, as a multipolygon in EPSG:4490."""
    if text is None:
        return None
    ground = to_storage(np.array([shapely.from_wkt(areas.get(text, text))]), crs)[0]
    return shapely.MultiPolygon([ground]) if ground.geom_type == "Polygon" else ground


def _refused(path: Path, layer: str | None, reason: str) -> Exception:
    error = refused("manifest_invalid", layer=layer, reason=reason)
    error.file = path.name
    return error
