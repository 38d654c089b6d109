"""The blueprint's layers: what the catalogue has, which editions are loaded, and loading one more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd

from blueprint.filters import compile_filter
from geocode import Text
from layers.catalogue import Catalogue, Layer, load_catalogue
from layers.editions import EditionFrame, prepare_edition
from layers.manifests import ManifestEntry, read_manifest
from layers.reading import Delivery, read_delivery
from layers.reading import list_layers as list_file_layers
from layers.sources import digest_delivery
from store.database import Database, transaction
from store.documents import add_document, keep_bytes
from store.editions import add_edition, find_edition
from store.editions import list_editions as list_stored
from store.uploads import claim_content
from workflows.principals import Principal
from workflows.reports import fault_json, text_json

__all__ = ["LoadOptions", "LoadedLayer", "list_layers", "load_layers"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What is said of a file of layers; what is None is taken from its manifest, its names and the catalogue.

    Attributes
    ----------
    as_layer
        The catalogue's layer that the file's layer is.
    layer
        The file's layer to read; all of them where it is None and the file's own names tell which is which.
    crs
        CRS of the coordinates.
    where
        CQL2 text: only features for which it holds.
    valid_from
        When the edition takes effect.
    title
        Title of the edition.
    accuracy_m
        Positional accuracy, a standard deviation in metres.
    """

    as_layer: str | None = None
    layer: str | None = None
    crs: str | None = None
    where: str | None = None
    valid_from: date | None = None
    title: str | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class LoadedLayer:
    """What became of one layer of a file; `added` is False, and nothing was read, where the same edition was there."""

    layer: str
    name: Text
    features: int | None
    added: bool
    faults: Sequence[tuple[int, str | None, dict[str, Any]]] = ()


def list_layers(database: Database) -> list[dict[str, Any]]:
    """Return every layer of the catalogue with its editions, in drawing order, as an answer holds them."""
    catalogue = load_catalogue()
    with transaction(database) as connection:
        stored = list_stored(connection)
    editions: dict[str, list[dict[str, Any]]] = {}
    for row in stored:
        editions.setdefault(row.layer, []).append(
            {
                "id": row.id,
                "title": row.title,
                "valid_from": row.valid_from.isoformat(),
                "valid_to": row.valid_to.isoformat() if row.valid_to else None,
                "features": row.features,
                "source": row.source,
                "accuracy_m": row.accuracy_m,
                "currency": row.currency.isoformat() if row.currency else None,
                "recorded_at": row.recorded_at.isoformat(),
            }
        )
    return [_layer_json(layer, editions.get(layer.code, [])) for layer in catalogue.layers]


def load_layers(
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Path,
    options: LoadOptions,
    on_progress: Progress | None = None,
) -> list[LoadedLayer]:
    """Load a file's layers as editions, all in one transaction, and report on each.

    A manifest ``layers.json`` beside the file tells what `options` leave open. An edition with the same bytes, layer and
    validity is not loaded twice. The bytes are kept in the folder `documents`.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    UnknownLayer
        A layer that the catalogue does not have, or a file whose names tell none.
    RuleError, FilterError
        A `where` that is no CQL2 text.
    """
    manifest = read_manifest(path.with_name("layers.json"), file=path.name)
    digest, chosen = digest_delivery(path), _choose(path, options)
    loaded = []
    with transaction(database) as connection:
        claim_content(connection, office_id=principal.office_id, sha256=digest.sha256)
        for done, (name, layer) in enumerate(chosen):
            if on_progress:
                on_progress(done, len(chosen))
            values = _edition_values(path.name, name, layer, options, manifest.get(layer.code))
            values |= {"office_id": principal.office_id, "source_sha256": digest.sha256}
            if find_edition(connection, values) is not None:
                loaded.append(LoadedLayer(layer.code, layer.name, None, added=False))
                continue
            delivery = read_delivery(path, crs=options.crs, layer=name)
            prepared = prepare_edition(delivery, layer=layer)
            frame = _filtered(prepared.frame, options.where)
            add_edition(connection, values, frame.rename(columns={"attrs": "attributes"}))
            loaded.append(
                LoadedLayer(layer.code, layer.name, len(frame), added=True, faults=_faults(prepared, delivery))
            )
        keep_bytes(documents, path, digest.sha256)
        add_document(
            connection,
            office_id=principal.office_id,
            sha256=digest.sha256,
            name=path.name,
            size_bytes=digest.size,
        )
    return loaded


def _choose(path: Path, options: LoadOptions) -> list[tuple[str, Layer]]:
    """Return the file's layers to read, each with the catalogue's layer that it is."""
    catalogue = load_catalogue()
    names = [entry.name for entry in list_file_layers(path)]
    if options.layer is None and options.as_layer is None:
        return [(name, catalogue.layer(_catalogue_name(name, catalogue))) for name in names]
    name = options.layer or (names[0] if len(names) == 1 else read_delivery(path, crs=options.crs).layer)
    return [(name, catalogue.layer(options.as_layer or _catalogue_name(name, catalogue)))]


def _catalogue_name(name: str, catalogue: Catalogue) -> str:
    """Return the part of a delivered layer's name, such as ``GH2201_YJJBNT``, that the catalogue knows; else all of it."""
    return next((part for part in (name, *name.split("_")) if part in catalogue), name)


def _filtered(frame: gpd.GeoDataFrame, where: str | None) -> gpd.GeoDataFrame:
    if where is None:
        return frame
    holds = compile_filter(where).matches
    return frame[[holds(attributes) is True for attributes in frame["attrs"]]]


def _edition_values(
    file: str, name: str, layer: Layer, options: LoadOptions, told: ManifestEntry | None
) -> dict[str, Any]:
    """Return the columns of an edition: what is said now, else in the manifest, else by the catalogue."""
    stated = told or ManifestEntry()
    return {
        "layer": layer.code,
        "title": options.title or stated.title or f"{layer.name.zh} {file}",
        "source": stated.source or file,
        "source_layer": name if options.where is None else f"{name} where {options.where}",
        "accuracy_m": _first(options.accuracy_m, stated.accuracy_m, layer.accuracy_m),
        "currency": stated.currency,
        "valid_from": options.valid_from or stated.valid_from or date.today(),
        "valid_to": stated.valid_to,
        "completeness": stated.completeness,
    }


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _faults(prepared: EditionFrame, delivery: Delivery) -> list[tuple[int, str | None, dict[str, Any]]]:
    """Return the rows that are no features: position, id in the file, and why."""
    ids = delivery.frame["source_id"].tolist()
    return [(row, ids[row], fault_json(fault)) for row, fault in enumerate(prepared.faults) if fault is not None]


def _layer_json(layer: Layer, editions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "code": layer.code,
        "table": layer.table,
        "name": text_json(layer.name),
        "major": {"code": layer.mid.major.code, **text_json(layer.mid.major.name)},
        "mid": {"code": layer.mid.code, **text_json(layer.mid.name)},
        "geometry": "|".join(sorted(layer.geometry)),
        "role": layer.role,
        "order": layer.order,
        "symbol": {"fill": layer.symbol.fill, "line": layer.symbol.line, "opacity": layer.symbol.opacity},
        "editions": editions,
        "tiles": f"/tiles/layers/{layer.code}/{{z}}/{{x}}/{{y}}.mvt",
    }
