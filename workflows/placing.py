"""Where deliveries lie: read with what is known beforehand, and held against the buildings that stand there."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
from layers.confined.kept import KeptDelivery
from layers.confined.reading import open_confined
from layers.deliveries import Delivery
from layers.entries import ReadOptions
from layers.errors import RefusedFile
from registry.reference_matching import REACH_M, ReferenceMatch, match_reference
from store.buildings import has_living, living_footprints
from store.database import Database, transaction
from store.offices import extent_of_office, set_extent
from workflows.deliveries import PART_ROWS, in_plane
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reading_settings import read_extent, with_known

__all__ = ["ground_of_office", "open_placed", "place_office"]

_PLAIN, _NOTHING = DeliveryOptions(), ReadOptions()
_UNKNOWN = ReferenceMatch("unknown")
_METRE_DEG = 1e-5
# a few hundred neighbours show a shift as well as a whole city
_NEIGHBOURS = 300
# where in the order of their places rows are looked at: a delivery may be larger than the register
_PLACES = (0.5, 0.1, 0.9)
# each candidate on whose ground there are buildings has the file read once more
_MOST_CANDIDATES = 6
# a candidate's box is told to a thousandth of a degree
_EDGE_DEG = 0.001
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


@contextmanager
def open_placed(
    database: Database,
    path: Path,
    *,
    principal: Principal,
    options: DeliveryOptions = _PLAIN,
    file: str | None = None,
    reading: ReadOptions = _NOTHING,
) -> Iterator[KeptDelivery]:
    """Yield a delivery of buildings, read in the extent of the office and held against the register.

    Where numbers leave a doubt that registered buildings settle, the CRS in which it lies on them is taken.

    Parameters
    ----------
    options
        How it is to be taken; what a person says there about reading it counts before what is known.
    file
        Its name as delivered, where `path` is a copy.
    reading
        As `configured_reading` returns it; the office's own extent counts before that of the installation.

    Raises
    ------
    RefusedFile
        As `open_confined`; or it lies as a delivery in an older datum or GCJ-02 would.
    """
    with transaction(database) as connection:
        own = extent_of_office(connection, principal.office_id)
    known = with_known(options.reading, reading if own is None else replace(reading, extent=(own,)))
    crs = options.crs
    asked: dict[str, Any] = {"layer": options.layer, "name": file, "options": known}
    with ExitStack() as opened:
        try:
            kept = opened.enter_context(open_confined(path, crs=crs, **asked))
        except RefusedFile as error:
            crs, match = _lying(database, path, error, asked)
            kept = opened.enter_context(open_confined(path, crs=crs, **asked))
            kept.head = _confirmed(kept.head, match)
        else:
            match = _match(database, kept)
        if match.fault is not None:
            refusal = RefusedFile(match.fault, layer=kept.head.layer)
            refusal.file = kept.head.file
            raise refusal
        yield kept


def _lying(database: Database, path: Path, error: RefusedFile, asked: dict[str, Any]) -> tuple[str, ReferenceMatch]:
    """Return the one of a refusal's candidates in which the delivery lies on registered buildings; raise it where none is."""
    likely = [each["crs"] for each in error.candidates if _is_built_on(database, each["box"])]
    lying = []
    for crs in likely[:_MOST_CANDIDATES]:
        with open_confined(path, crs=crs, **asked) as kept:
            match = _match(database, kept)
        if match.kind == "in_place":
            lying.append((crs, match))
    if len(lying) != 1 or len(likely) > _MOST_CANDIDATES:
        raise error
    return lying[0]


def _is_built_on(database: Database, box: Sequence[float]) -> bool:
    """Tell whether a registered building stands within a box in degrees, or around it."""
    west, south, east, north = box
    around = np.array([shapely.box(west - _EDGE_DEG, south - _EDGE_DEG, east + _EDGE_DEG, north + _EDGE_DEG)])
    with transaction(database) as connection:
        return has_living(connection, around)


def _confirmed(delivery: Delivery, match: ReferenceMatch) -> Delivery:
    told = _SENTENCES.fault("reference_in_place", crs=delivery.crs_name, support=match.support, rows=match.rows)
    return replace(delivery, crs_why=told.text, crs_said=delivery.crs_said or delivery.crs_name)


def _match(database: Database, kept: KeptDelivery) -> ReferenceMatch:
    """Return how a delivery lies against the registered buildings, at the first place that shows it."""
    with transaction(database) as connection:
        for sample in _samples(kept):
            west, south, east, north = shapely.total_bounds(sample)
            reach = REACH_M * _METRE_DEG
            wide = reach / max(0.2, float(np.cos(np.radians(south))))
            around = shapely.box(west - wide, south - reach, east + wide, north + reach)
            living = living_footprints(connection, np.array([around]))
            match = _UNKNOWN if living.empty else _compare(sample, living)
            if match.kind != "unknown":
                return match
    return _UNKNOWN


def _samples(kept: KeptDelivery) -> Iterator[NDArray[Any]]:
    """Yield some hundred neighbours each in EPSG:4490, from several places of a delivery."""
    middles, rows = _middles(kept)
    order = np.argsort(middles[:, 0])
    for place in _PLACES[: len(rows) // _NEIGHBOURS + 1]:
        if not len(order):
            return
        here = middles[order[int(place * len(order))]]
        nearest = np.argsort(((middles - here) ** 2).sum(axis=1), kind="stable")[:_NEIGHBOURS]
        try:
            shapes = np.asarray(kept.take(np.sort(rows[nearest]), columns=False).frame.geometry.values, dtype=object)
            sample = to_storage(shapes, kept.head.crs)
        except CrsError:
            # for whoever codes the rows to tell
            return
        sample = sample[shapely.is_valid(sample) & np.isfinite(shapely.bounds(sample)).all(axis=1)]
        if len(sample):
            yield sample


def _middles(kept: KeptDelivery) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the centroids of a delivery's polygons in its CRS, and which rows they are."""
    middles, rows = [np.empty((0, 2))], [np.empty(0, dtype=np.intp)]
    for batch in kept.batches(PART_ROWS, columns=False):
        shapes = np.asarray(batch.frame.geometry.values, dtype=object)
        # of a number that is none the bounds may know nothing, and the area does
        sound = np.isfinite(shapely.bounds(shapes)).all(axis=1) & np.isfinite(shapely.area(shapes))
        there = np.isin(shapely.get_type_id(shapes), (3, 6)) & sound
        middles.append(shapely.get_coordinates(shapely.centroid(shapes[there])))
        rows.append(batch.frame.index.to_numpy()[there])
    return np.concatenate(middles), np.concatenate(rows)


def _compare(sample: NDArray[Any], living: gpd.GeoDataFrame) -> ReferenceMatch:
    west, south, east, north = shapely.total_bounds(sample)
    plane = measure_plane((west + east) / 2, (south + north) / 2)
    return match_reference(
        in_plane(gpd.GeoDataFrame(geometry=sample, crs=STORAGE_CRS), plane), in_plane(living[["geometry"]], plane)
    )
