"""The names that a building has by computation from one state of its footprint. What each is called stands in a table."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.beidou import beidou_codes_at
from geocode.columns import geometry_column
from geocode.encoding import EncodedFootprints, encode_many
from geocode.faults import Text, are_sound
from geocode.plus_codes import plus_codes
from geocode.sizes import UNITS_PER_DEG
from geocode.ubids import ubids

__all__ = ["ComputedNames", "NameScheme", "computed_names", "load_name_schemes"]


@dataclass(frozen=True, slots=True)
class NameScheme:
    """A way of naming buildings by computation.

    Attributes
    ----------
    code
        A stable name for machines, such as ``ubid``.
    name
        What people call it.
    standard
        Where it is defined.
    meaning
        What a name of the scheme names, in a phrase.
    example
        The name of the table's footprint.
    """

    code: str
    name: Text
    standard: str
    meaning: Text
    example: str


class ComputedNames(NamedTuple):
    """Computed names of n footprints by the codes of their schemes, one row each, empty where a row is refused.

    Attributes
    ----------
    h3
        The resolution-15 cell that holds the centroid.
    beidou
        The BeiDou grid position code of the centroid; empty also from 88° N and S to the poles.
    pluscode
        The Plus Code of the centroid, of eleven digits.
    ubid
        The UBID of eleven digits. Its centroid is the one that its authors define, not snapped, so its Plus Code may
        differ from `pluscode` where the centroid stands on a cell's edge.
    """

    h3: NDArray[np.str_]
    beidou: NDArray[np.str_]
    pluscode: NDArray[np.str_]
    ubid: NDArray[np.str_]


@cache
def load_name_schemes() -> tuple[NameScheme, ...]:
    """Return the computed schemes in order."""
    rows = tomllib.loads(files("geocode").joinpath("names.toml").read_text(encoding="utf-8"))["scheme"]
    return tuple(
        NameScheme(
            code=row["code"],
            name=Text(row["zh"], row["en"]),
            standard=row["standard"],
            meaning=Text(row["meaning_zh"], row["meaning_en"]),
            example=row["example"],
        )
        for row in rows
    )


def computed_names(
    geometries: Any, encoded: EncodedFootprints | None = None, *, beidou_level: int = 10
) -> ComputedNames:
    """Return all computed names of footprints.

    Parameters
    ----------
    geometries
        Shapely geometries or None, shape (n,), in EPSG:4490, as `to_storage` gives them.
    encoded
        What `encode_many` found for the same rows, in whatever CRS they came; computed where it is not at hand.
    beidou_level
        Level of the BeiDou code, 1 to 10: cells of level 8 are about 1 m wide, those of level 10 about 1.5 cm.

    Examples
    --------
    >>> import shapely
    >>> names = computed_names([shapely.box(126.55, 43.84, 126.5502, 43.8401), None])
    >>> names.pluscode.tolist(), names.ubid.tolist()
    (['8QM8RHR2+22H', ''], ['8QM8RHR2+22H-2-3-2-3', ''])
    """
    shapes = geometry_column(geometries).copy()
    known = encode_many(shapes) if encoded is None else encoded
    shapes[~are_sound(known.faults)] = None
    return ComputedNames(
        known.h3,
        _beidou_codes(known, beidou_level),
        plus_codes(known.lon_deg, known.lat_deg),
        ubids(shapes),
    )


def _beidou_codes(encoded: EncodedFootprints, level: int) -> NDArray[np.str_]:
    """Return the BeiDou codes of the snapped centroids, in the whole units that they are: doubles may miss an edge."""
    lon_units, lat_units = (np.rint(degrees * UNITS_PER_DEG) for degrees in (encoded.lon_deg, encoded.lat_deg))
    sound = np.isfinite(lon_units)
    codes = beidou_codes_at(
        np.where(sound, lon_units, 0).astype(np.int64),
        np.where(sound, lat_units, 0).astype(np.int64),
        units_per_deg=int(UNITS_PER_DEG),
        level=level,
    )
    return np.where(sound, codes, "")
