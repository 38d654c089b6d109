"""Rasters of the blueprint's layers: terrain, height limits, slope, floods, noise; loaded as editions, and brought to rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyproj

from blueprint.layer_state import Edition
from blueprint.raster_state import RasterState
from geocode import Text
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue, Layer
from layers.confined.rasters import read_raster_confined
from layers.rasters import Raster
from layers.sources import digest_delivery
from layers.temporary import temporary_folder
from store.database import Connection, Database, transaction
from store.documents import Documents, add_document, document_path, keep_bytes
from store.editions import find_edition
from store.rasters import add_raster, rasters_in_effect
from store.uploads import claim_content
from workflows.errors import RefusedOptionError
from workflows.layering import LoadedLayer, refuse_days
from workflows.principals import Principal

__all__ = ["RasterOptions", "is_raster_file", "load_raster", "raster_state", "raster_states"]

_SUFFIXES = {".tif", ".tiff"}
_CELLS = ("band", "width", "height", "west", "north", "cell_x", "cell_y", "dtype", "nodata", "vertical")
_HEIGHTS_IN_M = ("m", "metre", "meter")


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterOptions:
    """What is said of a raster; what is None is taken from the file and the catalogue.

    Attributes
    ----------
    as_layer
        The catalogue's layer that it is.
    band
        The band that is meant, where the file has several.
    crs, vertical, nodata
        The CRS of its places, what its heights refer to, and the value that stands for none.
    unit
        What its values are in (UCUM): ``m``, ``deg``, ``dB``.
    accuracy_m, value_accuracy
        The standard deviations of its places, in metres, and of its values, in their unit.
    valid_from, valid_to, currency
        When the edition takes effect and when it ends, and the day that its data are of.
    title, source
        What the edition is called, and the document that it is from.
    says
        What else is known of it, such as the time of day that noise was measured at (``SD``). Rasters of a layer that say
        something else of themselves hold beside each other.
    """

    as_layer: str
    band: int | None = None
    crs: str | None = None
    vertical: str | None = None
    nodata: float | None = None
    unit: str | None = None
    accuracy_m: float | None = None
    value_accuracy: float | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    currency: date | None = None
    title: str | None = None
    source: str | None = None
    says: Mapping[str, str] = field(default_factory=dict)


def is_raster_file(path: Path) -> bool:
    """Tell whether a file is a raster by its name."""
    return path.suffix.lower() in _SUFFIXES


def load_raster(
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: RasterOptions,
    catalogue: Catalogue | None = None,
) -> LoadedLayer:
    """Load a GeoTIFF as an edition of a layer; the same bytes, layer, statements and validity are loaded once.

    The bytes are kept in the folder `documents`, and beside them, with a checksum of its own that ``account["cloud_optimised"]``
    tells, a cloud-optimised raster of the same cells that was written here: measured is that one alone, since the delivered
    one is opened in a confined process and never again.

    Raises
    ------
    RefusedFile
        It is no GeoTIFF that can be measured by.
    UnknownLayer
        A layer that the catalogue does not have.
    RefusedOptionError
        The layer takes no rasters, or the end is not behind the beginning.
    """
    refuse_days(options.valid_from, options.valid_to)
    layer = (catalogue or load_catalogue()).layer(options.as_layer)
    if "Raster" not in layer.geometry:
        raise RefusedOptionError(
            Text(
                f"图层 {layer.code} {layer.name.zh} 不是栅格。", f"Layer {layer.code} {layer.name.en} takes no rasters."
            ),
            Text("核对图层代码。", "Check the layer's code."),
        )
    stated = {name: getattr(options, name) for name in ("band", "crs", "vertical", "nodata")}
    with temporary_folder() as folder:
        raster = read_raster_confined(path, folder / f"{path.stem}.cog.tif", **stated)
        digest = digest_delivery(path)
        values = _edition_values(path.name, layer, raster, options)
        values |= {"office_id": principal.office_id, "source_sha256": digest.sha256}
        with transaction(database) as connection:
            claim_content(connection, office_id=principal.office_id, sha256=digest.sha256)
            if find_edition(connection, values) is not None:
                return LoadedLayer(layer.code, layer.name, None, added=False)
            _keep(connection, path, documents, principal.office_id)
            tiled = _keep(connection, raster.path, documents, principal.office_id)
            values["attributes"]["cloud_optimised"] = tiled
            add_raster(connection, values)
    return LoadedLayer(layer.code, layer.name, 0, added=True, account={"cloud_optimised": tiled})


def _keep(connection: Connection, path: Path, documents: Documents, office_id: int) -> str:
    """Keep the bytes of a file as a document, and return their SHA-256."""
    digest = digest_delivery(path)
    keep_bytes(documents, path, digest.sha256)
    add_document(connection, office_id=office_id, sha256=digest.sha256, name=path.name, size_bytes=digest.size)
    return digest.sha256


def raster_states(
    connection: Connection,
    codes: Iterable[str],
    *,
    documents: Documents,
    as_of: date,
    known_at: datetime | None = None,
) -> dict[str, list[RasterState]]:
    """Return the rasters of some layers that are in effect on a day, by layer code; no file is opened."""
    wanted, found = set(codes), dict[str, list[RasterState]]()
    for row in rasters_in_effect(connection, as_of=as_of, known_at=known_at):
        if row.layer in wanted:
            found.setdefault(row.layer, []).append(raster_state(row, documents))
    return found


def raster_state(row: Any, documents: Documents) -> RasterState:
    """Return the raster that an edition's row tells of; its file is not opened."""
    known = row.attributes
    raster = Raster(
        # an edition of before rasters were kept so has its own bytes alone
        path=document_path(documents, known.get("cloud_optimised", row.source_sha256)),
        crs=_crs(known["crs"]),
        crs_name=known["crs_name"],
        **{name: known[name] for name in _CELLS},
    )
    edition = Edition(row.id, row.title, row.valid_from, row.valid_to, row.recorded_at)
    return RasterState(row.layer, edition, raster, known["accuracy"], known["unit"], known["says"])


@lru_cache(maxsize=64)
def _crs(wkt: str) -> pyproj.CRS:
    return pyproj.CRS.from_wkt(wkt)


def _edition_values(file: str, layer: Layer, raster: Raster, options: RasterOptions) -> dict[str, Any]:
    accuracy_m = layer.accuracy_m if options.accuracy_m is None else options.accuracy_m
    attributes = {
        **{name: getattr(raster, name) for name in _CELLS},
        "crs": raster.crs.to_wkt(),
        "crs_name": raster.crs_name,
        "unit": options.unit,
        "accuracy": _value_accuracy(raster, options, accuracy_m),
        "says": dict(options.says),
    }
    stated = [f"band {raster.band}", raster.crs_name, raster.vertical, options.unit, str(attributes["accuracy"])]
    stated += [f"{name}={value}" for name, value in sorted(options.says.items())]
    return {
        "layer": layer.code,
        "title": options.title or f"{layer.name.zh} {file}",
        "source": options.source or file,
        "source_layer": " ".join(each for each in stated if each),
        "accuracy_m": accuracy_m,
        "currency": options.currency,
        "valid_from": options.valid_from or date.today(),
        "valid_to": options.valid_to,
        "attributes": attributes,
    }


def _value_accuracy(raster: Raster, options: RasterOptions, accuracy_m: float) -> float:
    """Return the standard deviation of the values: of heights that state none it is as large as that of the places."""
    if options.value_accuracy is not None:
        return options.value_accuracy
    return accuracy_m if raster.vertical is not None or options.unit in _HEIGHTS_IN_M else 0.0
