"""Codes and computed names as columns of a frame; what codes tell, as a frame."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from geocode.beidou import beidou_codes
from geocode.codes import parse
from geocode.crs import STORAGE_CRS, to_storage
from geocode.decoding import cell_parents, decode_many
from geocode.encoding import EncodedFootprints, encode_many
from geocode.faults import Fault, are_sound
from geocode.names import ComputedNames, computed_names
from layers.names import make_distinct

__all__ = [
    "BEIDOU_LEVEL",
    "CODE_COLUMNS",
    "CODE_LEVEL",
    "Language",
    "decoded_frame",
    "with_codes",
    "with_columns",
    "with_fault_places",
    "with_issued_codes",
    "with_names",
]

Language: TypeAlias = Literal["zh", "en"]

CODE_COLUMNS = ("code", "h3", "area_m2", "fault")
# BeiDou levels: the finest for a footprint, and for a code the one whose cells are about as large as its own
BEIDOU_LEVEL, CODE_LEVEL = 10, 8
_AREA_DECIMALS = 4


def with_codes(
    frame: gpd.GeoDataFrame, faults: NDArray[Any] | None = None, *, language: Language = "en"
) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Return a frame with the columns `CODE_COLUMNS` behind its own, and what is wrong with each row.

    Parameters
    ----------
    frame
        Rows with a geometry and a CRS.
    faults
        What reading found, shape (n,): a `Fault` or None each; it comes before what coding finds.
    language
        Of the sentences in ``fault``, each with its kind before it.

    Returns
    -------
    GeoDataFrame
        A copy. Columns of these names, in upper or lower case, that were there are kept under the name with
        ``_delivered`` behind it.
    ndarray of object, shape (n,)
        A `Fault` or None each.

    Raises
    ------
    CrsError
        The frame has no CRS, or the gate refuses it.
    """
    encoded = encode_many(frame.geometry.to_numpy(), crs=frame.crs)
    found = _found(encoded, faults)
    columns = {
        "code": _texts(encoded.codes),
        "h3": _texts(encoded.h3),
        "area_m2": np.round(encoded.area_m2, _AREA_DECIMALS),
        "fault": _sentences(found, language),
    }
    coded = with_columns(frame, columns)
    return (coded if faults is None else with_fault_places(coded, faults)), found


def with_issued_codes(
    frame: gpd.GeoDataFrame,
    codes: Sequence[str | None],
    areas_m2: Sequence[float | None],
    faults: Sequence[str | None],
    **more: Sequence[Any],
) -> gpd.GeoDataFrame:
    """Return a frame with the columns `CODE_COLUMNS` of codes that were issued before, and more, behind its own.

    Parameters
    ----------
    codes, areas_m2, faults
        Of each row, None where it has none. The cell is the one that the code tells.

    Raises
    ------
    CodeError
        A text is no code.
    """
    columns = {
        "code": _texts(codes),
        "h3": _texts([code and parse(code).h3 for code in codes]),
        "area_m2": np.round(np.array(areas_m2, dtype=float), _AREA_DECIMALS),
        "fault": _texts(faults),
        **{name: _texts(values) for name, values in more.items()},
    }
    return with_columns(frame, columns)


def with_names(
    frame: gpd.GeoDataFrame,
    faults: NDArray[Any] | None = None,
    *,
    names: Sequence[str] = ComputedNames._fields,
    beidou_level: int = BEIDOU_LEVEL,
    language: Language = "en",
) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Return a frame with a column ``code``, one for each computed name, and ``fault`` behind its own.

    As `with_codes`; `beidou_level` is the level of the BeiDou code, 1 to 10.
    """
    shapes = frame.geometry.to_numpy()
    encoded = encode_many(shapes, crs=frame.crs)
    found = _found(encoded, faults)
    computed = computed_names(to_storage(shapes, frame.crs), encoded, beidou_level=beidou_level)._asdict()
    columns = {
        "code": _texts(encoded.codes),
        **{name: _texts(computed[name]) for name in names},
        "fault": _sentences(found, language),
    }
    return with_columns(frame, columns), found


def decoded_frame(
    texts: Sequence[str], *, beidou_level: int = CODE_LEVEL, parents: bool = False, index: pd.Index | None = None
) -> tuple[gpd.GeoDataFrame, NDArray[Any]]:
    """Return what texts tell as codes: a row each, the cell's hexagon as geometry in EPSG:4490, and the errors.

    Parameters
    ----------
    beidou_level
        Level of the BeiDou code of the cell's centre, 1 to 10.
    parents
        Whether a column ``parents`` holds the coarser H3 cells, from resolution 0 to 14.

    Returns
    -------
    GeoDataFrame
        Columns ``text, code, h3, lon, lat, area_from_m2, area_to_m2, generation, beidou, fault, suggestions``; the areas
        of the last size class have no end. Where a text is no code, `fault` says why, `suggestions` are the codes one
        keystroke away, and the others are missing.
    ndarray of object, shape (n,)
        The `CodeError` where a text is no code, else None.
    """
    told = decode_many(texts)
    columns: dict[str, Any] = {
        "text": _texts(texts),
        "code": _texts(told.codes),
        "h3": _texts(told.h3),
        "lon": told.lon_deg,
        "lat": told.lat_deg,
        "area_from_m2": told.area_from_m2,
        "area_to_m2": np.where(np.isinf(told.area_to_m2), np.nan, told.area_to_m2),
        "generation": _arrow([int(value) if value >= 0 else None for value in told.generations], pa.int64()),
        "beidou": _texts(beidou_codes(told.lon_deg, told.lat_deg, level=beidou_level)),
        "fault": _sentences([error and error.fault for error in told.errors], "en"),
        "suggestions": _arrow([error and list(error.suggestions) for error in told.errors], pa.list_(pa.string())),
    }
    if parents:
        lists = [cell_parents(h3) if h3 else None for h3 in told.h3.tolist()]
        columns["parents"] = _arrow(lists, pa.list_(pa.string()))
    return gpd.GeoDataFrame(columns, geometry=told.hexagons, crs=STORAGE_CRS, index=index), told.errors


def _found(encoded: EncodedFootprints, faults: NDArray[Any] | None) -> NDArray[Any]:
    return encoded.faults if faults is None else np.where(are_sound(faults), encoded.faults, faults)


def with_fault_places(frame: gpd.GeoDataFrame, faults: NDArray[Any]) -> gpd.GeoDataFrame:
    """Return a frame that says in its ``attrs``, as ``fault_places``, where rows are that could not be built.

    Parameters
    ----------
    faults
        What reading found, shape (n,): a `Fault` or None each.
    """
    rows = np.flatnonzero(~are_sound(faults))
    places = {frame.index[row]: (faults[row].x, faults[row].y) for row in rows if faults[row].x is not None}
    told = frame.copy(deep=False)
    if places:
        told.attrs["fault_places"] = places
    return told


def with_columns(frame: gpd.GeoDataFrame, columns: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return a frame with columns behind its own, whose names give way; the active geometry stays active.

    A column that bore one of the names, in upper or lower case, is kept under the name with ``_delivered`` behind it.
    """
    # a name in capitals gives way too: for SQL, and so in a GeoPackage, CODE and code are the same
    own = [name for name in frame.columns if str(name).casefold() in columns]
    taken_names = [*map(str, frame.columns), *columns]
    renamed = make_distinct([f"{name}_delivered" for name in own], taken=taken_names, fold=str.casefold)
    taken = dict(zip(own, renamed.names, strict=True))
    geometry = frame.geometry.name
    kept = frame.rename(columns=taken)
    return (kept.set_geometry(taken[geometry]) if geometry in taken else kept).assign(**columns)


def _texts(values: Any) -> Any:
    """Return texts as a column of pandas' own type, missing where they are empty."""
    return pd.array([text or None for text in np.asarray(values, dtype=object).tolist()], dtype="str")


def _arrow(values: Sequence[Any], kind: pa.DataType) -> Any:
    """Return a column of one type, whatever values are missing."""
    return pd.arrays.ArrowExtensionArray(pa.array(values, kind))


def _sentences(faults: Sequence[Fault | None] | NDArray[Any], language: Language) -> Any:
    told = (fault and f"{fault.kind}: {getattr(fault.text, language)}" for fault in faults)
    return pd.array(list(told), dtype="str")
