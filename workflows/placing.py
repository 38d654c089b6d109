"""Where deliveries lie: read with what is known beforehand, and held against the buildings that stand there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, CrsError, Text, to_storage
from geocode.faults import read_sentences
from geocode.planes import measure_plane
from layers.confined.reading import read_confined
from layers.entries import ReadOptions
from layers.errors import RefusedFile
from layers.reading import Delivery
from registry.reference_matching import REACH_M, ReferenceMatch, match_reference
from store.buildings import living_footprints
from store.database import Database, transaction
from store.offices import extent_of_office, set_extent
from workflows.deliveries import in_plane
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reading_settings import read_extent

__all__ = ["ground_of_office", "place_office", "read_placed"]

_UNKNOWN = ReferenceMatch("unknown")
_METRE_DEG = 1e-5
# a few hundred neighbours show a shift as well as a whole city
_NEIGHBOURS = 300
# where in the order of their places rows are looked at: a delivery may be larger than the register
_PLACES = (0.5, 0.1, 0.9)
# each candidate has the file read once more
_MOST_CANDIDATES = 6
_SENTENCES = read_sentences("registry", "sentences.toml")


def place_office(database: Database, code: str, said: str) -> None:
    """Set where an office works; an empty text clears it.

    Raises
    ------
    RefusedOptionError
        There is no such office, or the text is no extent.
    """
    with transaction(database) as connection:
        if not set_extent(connection, code=code, extent=read_extent(said) if said else None):
            raise RefusedOptionError(
                Text(f"没有单位“{code[:60]}”。", f"There is no office “{code[:60]}”."),
                Text("先用 luotu db key 建立单位。", "Add it first with luotu db key."),
            )


def ground_of_office(database: Database, principal: Principal) -> Any:
    """Return the ground in EPSG:4490 that a principal's office works on, None where nobody set it."""
    with transaction(database) as connection:
        own = extent_of_office(connection, principal.office_id)
    return None if own is None else shapely.box(*own)


def read_placed(  # noqa: PLR0913 - as that of a delivery, for whom and with what is known
    database: Database,
    path: Path,
    *,
    principal: Principal,
    crs: str | None,
    layer: str | None,
    name: str | None,
    reading: ReadOptions,
) -> Delivery:
    """Return a delivery of buildings, read in the extent of the office and held against the register.

    Where numbers leave a doubt that registered buildings settle, the CRS in which it lies on them is taken.

    Raises
    ------
    RefusedFile
        As `read_confined`; or it lies as a delivery in an older datum or GCJ-02 would.
    """
    with transaction(database) as connection:
        own = extent_of_office(connection, principal.office_id)
    known = reading if own is None else replace(reading, extent=(own,))
    said: dict[str, Any] = {"layer": layer, "name": name, "options": known}
    try:
        delivery = read_confined(path, crs=crs, **said)
    except RefusedFile as error:
        if not 0 < len(error.candidates) <= _MOST_CANDIDATES:
            raise
        tried = [read_confined(path, crs=each["crs"], **said) for each in error.candidates]
        lying = [(each, match) for each in tried if (match := _match(database, each)).kind == "in_place"]
        if len(lying) != 1:
            raise
        return _confirmed(*lying[0])
    fault = _match(database, delivery).fault
    if fault is None:
        return delivery
    refusal = RefusedFile(fault, layer=delivery.layer)
    refusal.file = delivery.file
    raise refusal


def _confirmed(delivery: Delivery, match: ReferenceMatch) -> Delivery:
    told = _SENTENCES.fault("reference_in_place", crs=delivery.crs_name, support=match.support, rows=match.rows)
    return replace(delivery, crs_why=told.text, crs_said=delivery.crs_said or delivery.crs_name)


def _match(database: Database, delivery: Delivery) -> ReferenceMatch:
    """Return how a delivery lies against the registered buildings, at the first place that shows it."""
    with transaction(database) as connection:
        for sample in _samples(delivery):
            west, south, east, north = shapely.total_bounds(sample)
            reach = REACH_M * _METRE_DEG
            wide = reach / max(0.2, float(np.cos(np.radians(south))))
            around = shapely.box(west - wide, south - reach, east + wide, north + reach)
            living = living_footprints(connection, np.array([around]))
            match = _UNKNOWN if living.empty else _compare(sample, living)
            if match.kind != "unknown":
                return match
    return _UNKNOWN


def _samples(delivery: Delivery) -> Iterator[NDArray[Any]]:
    """Yield some hundred neighbours each in EPSG:4490, from several places of a delivery."""
    shapes = np.asarray(delivery.frame.geometry.values, dtype=object)
    # of a number that is none the bounds may know nothing, and the area does
    sound = np.isfinite(shapely.bounds(shapes)).all(axis=1) & np.isfinite(shapely.area(shapes))
    shapes = shapes[np.isin(shapely.get_type_id(shapes), (3, 6)) & sound]
    middles = shapely.get_coordinates(shapely.centroid(shapes))
    order = np.argsort(middles[:, 0])
    for place in _PLACES[: len(shapes) // _NEIGHBOURS + 1]:
        if not len(order):
            return
        here = middles[order[int(place * len(order))]]
        nearest = np.argsort(((middles - here) ** 2).sum(axis=1), kind="stable")[:_NEIGHBOURS]
        try:
            sample = to_storage(shapes[nearest], delivery.crs)
        except CrsError:
            # for whoever codes the rows to tell
            return
        sample = sample[shapely.is_valid(sample) & np.isfinite(shapely.bounds(sample)).all(axis=1)]
        if len(sample):
            yield sample


def _compare(sample: NDArray[Any], living: gpd.GeoDataFrame) -> ReferenceMatch:
    west, south, east, north = shapely.total_bounds(sample)
    plane = measure_plane((west + east) / 2, (south + north) / 2)
    return match_reference(
        in_plane(gpd.GeoDataFrame(geometry=sample, crs=STORAGE_CRS), plane), in_plane(living[["geometry"]], plane)
    )
