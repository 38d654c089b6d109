"""The blueprint's layers: what the catalogue has, which editions are loaded, and loading one more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd

from blueprint.filters import compile_filter
from geocode import Text
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue, Layer
from layers.feature_keys import with_keys
from layers.manifests import ManifestEntry, read_manifest
from layers.sources import digest_delivery
from store.database import Database, transaction
from store.documents import Documents, add_document, keep_bytes
from store.editions import add_edition, find_edition
from store.editions import list_editions as list_stored
from store.uploads import claim_content
from workflows.coverages import summarise_coverage
from workflows.errors import RefusedOptionError
from workflows.intake import account_json, kept_account
from workflows.layer_files import FileLayers, choose_layers, read_layer, refused_rows
from workflows.layer_rights import may_see
from workflows.mappings import find_mapping
from workflows.principals import Principal
from workflows.reports import text_json

__all__ = ["LoadOptions", "LoadedLayer", "list_layers", "load_layers", "refuse_days"]

Progress = Callable[[int, int], None]
# of an edition of a layer that is not for everybody
_TOLD_TO_ALL = ("id", "title", "valid_from", "valid_to", "currency")


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
    strict
        Whether polygons that are not valid are refused, not mended.
    mapping
        Name of the office's mapping by which fields and codes become the catalogue's; it says which layer that is.
    valid_to, currency, source
        When the edition ends, the day that its data are of, and the document that it is from.
    complete_in
        A polygon or multipolygon in EPSG:4490 within which the edition has everything.
    """

    as_layer: str | None = None
    layer: str | None = None
    crs: str | None = None
    where: str | None = None
    valid_from: date | None = None
    title: str | None = None
    accuracy_m: float | None = None
    strict: bool = False
    mapping: str | None = None
    valid_to: date | None = None
    currency: date | None = None
    source: str | None = None
    complete_in: Any = None


@dataclass(frozen=True, slots=True)
class LoadedLayer:
    """What became of one layer of a file; `added` is False, and nothing was read, where the same edition was there.

    Attributes
    ----------
    faults
        The rows that are no features: position, id in the file, and why.
    account
        What features have against the layer's contract, and what was done to geometries.
    between
        What is wrong between its polygons, by kind, as `CoverageReport.summary` has it.
    """

    layer: str
    name: Text
    features: int | None
    added: bool
    faults: Sequence[tuple[int, str | None, dict[str, Any]]] = ()
    account: Mapping[str, Any] = field(default_factory=dict)
    between: Mapping[str, Any] = field(default_factory=dict)


def list_layers(
    database: Database, *, principal: Principal, catalogue: Catalogue | None = None
) -> list[dict[str, Any]]:
    """Return every layer of the catalogue with its editions, in the catalogue's order, as an answer holds them.

    Of a layer that the principal may not see, the editions are told by title and days alone, and no tiles are named.
    """
    catalogue = catalogue or load_catalogue()
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
    return [_layer_json(layer, editions.get(layer.code, []), readable=may_see(principal, layer)) for layer in catalogue]


def load_layers(  # noqa: PLR0913 - the catalogue is the city's
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: LoadOptions,
    catalogue: Catalogue | None = None,
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
    NotHereError
        A mapping that the office does not have.
    RefusedOptionError
        An end that is not behind the beginning.
    RuleError, FilterError
        A `where` that is no CQL2 text.
    """
    refuse_days(options.valid_from, options.valid_to)
    catalogue = catalogue or load_catalogue()
    manifest = read_manifest(path.with_name("layers.json"), catalogue=catalogue, file=path.name)
    with transaction(database) as connection:
        told, mapping = find_mapping(connection, options.mapping, principal=principal)
    said = FileLayers(options.as_layer, options.layer, options.crs, options.strict, mapping)
    digest, chosen = digest_delivery(path), choose_layers(path, said, catalogue)
    loaded = []
    with transaction(database) as connection:
        claim_content(connection, office_id=principal.office_id, sha256=digest.sha256)
        for done, (name, layer) in enumerate(chosen):
            if on_progress:
                on_progress(done, len(chosen))
            values = _edition_values(path.name, _in_file(name, options, told), layer, options, manifest.get(layer.code))
            values |= {"office_id": principal.office_id, "source_sha256": digest.sha256}
            if find_edition(connection, values) is not None:
                loaded.append(LoadedLayer(layer.code, layer.name, None, added=False))
                continue
            delivery, prepared = read_layer(path, (name, layer), said, catalogue)
            frame, key = with_keys(_filtered(prepared.frame, options.where))
            account = account_json(prepared)
            values["attributes"] = {"intake": kept_account(account), "key": key, **({"mapping": told} if told else {})}
            add_edition(connection, values, frame.rename(columns={"attrs": "attributes"}))
            faults, between = refused_rows(prepared, delivery), summarise_coverage(layer, frame)
            loaded.append(LoadedLayer(layer.code, layer.name, len(frame), True, faults, account, between))
        keep_bytes(documents, path, digest.sha256)
        add_document(
            connection,
            office_id=principal.office_id,
            sha256=digest.sha256,
            name=path.name,
            size_bytes=digest.size,
        )
    return loaded


def refuse_days(valid_from: date | None, valid_to: date | None) -> None:
    """Raise where an edition would end before it takes effect, which is today unless told.

    Raises
    ------
    RefusedOptionError
        It would.
    """
    start = valid_from or date.today()
    if valid_to is not None and valid_to <= start:
        raise RefusedOptionError(
            Text(
                f"版本 {start} 生效,不能在 {valid_to} 失效。",
                f"An edition that takes effect on {start} cannot end on {valid_to}.",
            ),
            Text("改正其中一个日期。", "Correct one of the days."),
        )


def _filtered(frame: gpd.GeoDataFrame, where: str | None) -> gpd.GeoDataFrame:
    if where is None:
        return frame
    holds = compile_filter(where).matches
    return frame[[holds(attributes) is True for attributes in frame["attrs"]]]


def _in_file(name: str, options: LoadOptions, mapping: str | None) -> str:
    """Return what an edition remembers its layer in the file by: the same bytes read in another way are another edition."""
    where = "" if options.where is None else f" where {options.where}"
    return f"{name}{where}{f' by {mapping}' if mapping else ''}"


def _edition_values(
    file: str, name: str, layer: Layer, options: LoadOptions, told: ManifestEntry | None
) -> dict[str, Any]:
    """Return the columns of an edition: what is said now, else in the manifest, else by the catalogue."""
    stated = told or ManifestEntry()
    return {
        "layer": layer.code,
        "title": options.title or stated.title or f"{layer.name.zh} {file}",
        "source": options.source or stated.source or file,
        "source_layer": name,
        "accuracy_m": _first(options.accuracy_m, stated.accuracy_m, layer.accuracy_m),
        "currency": options.currency or stated.currency,
        "valid_from": options.valid_from or stated.valid_from or date.today(),
        "valid_to": options.valid_to or stated.valid_to,
        "completeness": stated.completeness if options.complete_in is None else options.complete_in,
    }


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _layer_json(layer: Layer, editions: list[dict[str, Any]], *, readable: bool) -> dict[str, Any]:
    shown = editions if readable else [{key: edition[key] for key in _TOLD_TO_ALL} for edition in editions]
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
        "security": layer.security,
        "readable": readable,
        "owner": {"code": layer.owner.code, **text_json(layer.owner.name)},
        "accuracy_m": layer.accuracy_m,
        "overlap_allowed": layer.overlap_allowed,
        "coverage_required": layer.coverage_required,
        "max_age_months": layer.max_age_months,
        "class_field": layer.class_field or None,
        "class_system": layer.class_system or None,
        "key_attributes": ["|".join(names) for names in layer.attributes],
        "editions": shown,
        "tiles": f"/tiles/layers/{layer.code}/{{z}}/{{x}}/{{y}}.mvt" if readable else None,
    }
