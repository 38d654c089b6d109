"""Manifests: what a file of layers says about its editions, in a ``layers.json`` beside it.

A manifest is an object with ``file`` (the file that it tells of), ``crs`` and ``areas`` (polygons in WKT by name, in that
CRS), and ``layers``, a list of objects: ``layer`` (code or table of the catalogue) and, each of them optional, ``title``,
``valid_from``, ``valid_to``, ``currency`` (ISO dates), ``accuracy_m``, ``source`` and ``completeness`` (an area's name, or
WKT): within that area the layer shows everything there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geocode.crs import STORAGE_CRS, to_storage
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from layers.errors import LayersError, RefusedFile, refused
from layers.strict_json import JsonError, parse

__all__ = ["ManifestEntry", "read_manifest"]

_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """What a manifest says of one layer; None where it says nothing.

    Attributes
    ----------
    title, source
        What the edition is called, and the document it is from.
    valid_from, valid_to
        The days from which and until which it holds in law, the last not included.
    currency
        The day whose state of the world it shows.
    accuracy_m
        Standard deviation of positions.
    completeness
        The area, a MultiPolygon in EPSG:4490, within which "nothing here" is an answer.
    """

    title: str | None = None
    source: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    currency: date | None = None
    accuracy_m: float | None = None
    completeness: Any = None


def read_manifest(
    path: Path, *, catalogue: Catalogue | None = None, file: str | None = None
) -> Mapping[str, ManifestEntry]:
    """Return what a manifest says of each layer, by code; nothing where there is no manifest.

    Parameters
    ----------
    path
        The manifest.
    catalogue
        What layers there are; those that come with the software by default.
    file
        The file that is being loaded: a manifest that tells of another one says nothing.

    Raises
    ------
    RefusedFile
        It is no manifest; the error says where it goes wrong.
    CrsError
        The CRS of its areas is refused.
    """
    if not path.is_file():
        return {}
    try:
        return _entries(_document(path), catalogue or load_catalogue(), file)
    except RefusedFile as error:
        error.file = error.file or path.name
        raise


def _document(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MAX_BYTES:
        raise refused("manifest_invalid", reason=f"> {_MAX_BYTES >> 20} MB")
    try:
        parsed = parse(path.read_text(encoding="utf-8-sig"))
    except (JsonError, UnicodeDecodeError) as error:
        raise refused("manifest_invalid", reason=str(error)[:120], line=getattr(error, "line", None)) from error
    if not isinstance(parsed.value, dict) or not isinstance(parsed.value.get("layers"), list) or parsed.repeats:
        raise refused("manifest_invalid", reason="layers")
    return parsed.value


def _entries(document: Mapping[str, Any], catalogue: Catalogue, file: str | None) -> dict[str, ManifestEntry]:
    if file is not None and document.get("file") not in {None, file}:
        return {}
    crs = document.get("crs", STORAGE_CRS)
    areas = {name: _area(wkt, crs) for name, wkt in _mapping(document.get("areas", {}), "areas").items()}
    entries: dict[str, ManifestEntry] = {}
    for row in document["layers"]:
        values = _mapping(row, "layers")
        try:
            code = catalogue.layer(str(values.get("layer"))).code
        except LayersError as error:
            raise refused("manifest_invalid", reason=f"layer {values.get('layer')!r:.40}") from error
        if code in entries:
            raise refused("manifest_invalid", reason=f"{code} × 2")
        entries[code] = ManifestEntry(
            title=_text(values, "title"),
            source=_text(values, "source"),
            valid_from=_day(values, "valid_from"),
            valid_to=_day(values, "valid_to"),
            currency=_day(values, "currency"),
            accuracy_m=_accuracy(values),
            completeness=_completeness(values, areas, crs),
        )
    return entries


def _mapping(value: Any, member: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused("manifest_invalid", reason=member)
    return value


def _text(values: Mapping[str, Any], member: str) -> str | None:
    value = values.get(member)
    if value is not None and not isinstance(value, str):
        raise refused("manifest_invalid", reason=f"{member} {value!r:.40}")
    return value


def _day(values: Mapping[str, Any], member: str) -> date | None:
    text = _text(values, member)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise refused("manifest_invalid", reason=f"{member} {text!r:.40}") from error


def _accuracy(values: Mapping[str, Any]) -> float | None:
    value = values.get("accuracy_m")
    if value is None:
        return None
    if type(value) not in {int, float} or not 0 <= value < np.inf:
        raise refused("manifest_invalid", reason=f"accuracy_m {value!r:.40}")
    return float(value)


def _completeness(values: Mapping[str, Any], areas: Mapping[str, Any], crs: Any) -> Any:
    text = _text(values, "completeness")
    return None if text is None else areas.get(text) or _area(text, crs)


def _area(wkt: Any, crs: Any) -> Any:
    """Return an area in EPSG:4490."""
    try:
        area = shapely.from_wkt(wkt)
    except (TypeError, shapely.errors.GEOSException) as error:
        raise refused("manifest_invalid", reason=f"area {wkt!r:.40}") from error
    if area is None or area.geom_type not in {"Polygon", "MultiPolygon"} or area.is_empty or not area.is_valid:
        raise refused("manifest_invalid", reason=f"area {wkt!r:.40}")
    ground = to_storage(np.array([area], dtype=object), crs)[0]
    return shapely.MultiPolygon([ground]) if ground.geom_type == "Polygon" else ground
