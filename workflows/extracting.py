"""Extracts: everything that the blueprint has on one site, layer by layer, for whoever may ask."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geocode import STORAGE_CRS, Text
from geocode.crs import CrsInput
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from workflows.catalogues import configured_catalogue
from workflows.extract_runs import Extract, extract_ground
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.resolving import Moment
from workflows.runs import allowed_run
from workflows.schemes import configured_schemes
from workflows.sites import RefusedRow, building_site, drawn_site, feature_site, file_sites
from workflows.terms import Terms

__all__ = [
    "Extract",
    "RefusedRow",
    "extract_building",
    "extract_drawing",
    "extract_feature",
    "extract_file",
    "kept_extract",
]


def extract_building(database: Database, name: str, *, terms: Terms, stated_area_m2: float | None = None) -> Extract:
    """Return the extract of a registered building's footprint, as it was then.

    Raises
    ------
    NotHereError
        Nothing bears that name, or nothing did then.
    ForbiddenError, HiddenError
        The role reads no findings, or not those of another office's building.
    RefusedOptionError
        The time whose knowledge counts has not come.
    """
    with transaction(database) as connection:
        site = building_site(
            connection,
            name,
            principal=terms.principal,
            accuracy_m=terms.settings.footprint_accuracy_m,
            moment=Moment(terms.as_of, terms.known_at),
            schemes=configured_schemes(terms.settings),
            stated_area_m2=stated_area_m2,
        )
        return extract_ground(connection, site, terms=terms)


def extract_feature(
    database: Database, layer: str, name: str, *, terms: Terms, stated_area_m2: float | None = None
) -> Extract:
    """Return the extract of a feature of a layer, such as a parcel: by its id, its id at the source, or its name.

    Raises
    ------
    UnknownLayer, NotHereError
        There is no such layer, or no such feature in its edition.
    ForbiddenError
        The role reads no findings, or nothing of that layer's security level.
    FootprintError
        The feature is no polygon.
    """
    catalogue = configured_catalogue(terms.settings)
    with transaction(database) as connection:
        site = feature_site(
            connection,
            catalogue.layer(layer),
            name,
            principal=terms.principal,
            as_of=terms.day,
            known_at=terms.known_at,
            catalogue=catalogue,
            stated_area_m2=stated_area_m2,
        )
        return extract_ground(connection, site, terms=terms)


def extract_drawing(  # noqa: PLR0913 - what is drawn, how, by whom
    database: Database,
    drawn: Mapping[str, Any],
    *,
    terms: Terms,
    crs: CrsInput = STORAGE_CRS,
    name: str | None = None,
    stated_area_m2: float | None = None,
    key: str | None = None,
) -> Extract:
    """Return the extract of a site that a GeoJSON feature or geometry draws.

    Parameters
    ----------
    key
        The client's own: the same request with the same key is the same extract.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON geometry.
    FootprintError, CrsError
        It is no polygon that can be measured, or its CRS is refused.
    """
    accuracy_m = terms.settings.footprint_accuracy_m
    site = drawn_site(drawn, crs=crs, accuracy_m=accuracy_m, name=name, stated_area_m2=stated_area_m2)
    request = {"extract": site.question(), "as_of": str(terms.as_of), "known_at": str(terms.known_at)}
    with transaction(database) as connection:
        kept = once(
            connection, terms.principal, key, request, lambda: {"run": extract_ground(connection, site, terms=terms).id}
        )
        return _kept(connection, kept["run"], terms.principal)


def extract_file(
    database: Database, path: Path, *, terms: Terms, crs: str | None = None, layer: str | None = None
) -> tuple[list[Extract], list[RefusedRow]]:
    """Return the extracts of a file's sites, and its rows that are none: position, id in the file, fault.

    Names, and the area that a permit states, are read as those of site red lines.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    """
    sites, refused = file_sites(
        path,
        catalogue=configured_catalogue(terms.settings),
        accuracy_m=terms.settings.footprint_accuracy_m,
        crs=crs,
        layer=layer,
    )
    with transaction(database) as connection:
        return [extract_ground(connection, site, terms=terms) for site in sites], refused


def kept_extract(database: Database, identity: str, *, principal: Principal) -> Extract:
    """Return the extract that a run is.

    Raises
    ------
    NotHereError
        There is no run of that id, or it is none of an extract.
    ForbiddenError, HiddenError
        As `workflows.runs.show_run`.
    """
    with transaction(database) as connection:
        return _kept(connection, identity, principal)


def _kept(connection: Connection, identity: str, principal: Principal) -> Extract:
    row = allowed_run(connection, identity, principal)
    if row.kind != "extract":
        raise NotHereError(
            Text(f"运算记录 {identity} 不是一份要素核查报告。", f"The run {identity} is none of an extract.")
        )
    return Extract(row.id, row.result_sha256, row.result)
