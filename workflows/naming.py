"""The names of buildings: those that a footprint's geometry gives it, and what a text is the name of."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from geocode import STORAGE_CRS, Text
from geocode.encoding import EncodedFootprints
from geocode.names import ComputedNames, computed_names
from layers.code_columns import BEIDOU_LEVEL, CODE_LEVEL, Language, with_names
from registry.forms import Part
from registry.schemes import Scheme, load_schemes
from workflows.coding import Columns
from workflows.errors import RefusedOptionError, UnknownNameError
from workflows.readings import SCHEME_LABELS, Named, identify_name
from workflows.reports import alias_json, text_json
from workflows.telling import RefusedText, ToldTexts, features_of

__all__ = ["computed_aliases", "identify_texts", "name_columns", "name_features"]

_TEXT = pa.struct({"zh": pa.string(), "en": pa.string()})
_PART = pa.struct({"name": pa.string(), "label": _TEXT, "text": pa.string(), "meaning": _TEXT})
_COLUMNS = {
    "text": pa.string(),
    "scheme": pa.string(),
    "label": _TEXT,
    "value": pa.string(),
    "lon": pa.float64(),
    "lat": pa.float64(),
    "parts": pa.list_(_PART),
    "fault": pa.string(),
    "suggestions": pa.list_(pa.string()),
}


def computed_aliases(geometry: Any, encoded: EncodedFootprints | None = None) -> list[dict[str, Any]]:
    """Return the names that a footprint's geometry gives it, as answers hold aliases.

    Parameters
    ----------
    geometry
        A footprint in EPSG:4490.
    encoded
        What `encode_many` found for it in whatever CRS it came.
    """
    names = computed_names(np.array([geometry], dtype=object), encoded)
    values = {scheme: str(column[0]) for scheme, column in names._asdict().items()}
    return [
        alias_json(scheme, SCHEME_LABELS[scheme], value, computed=True) for scheme, value in values.items() if value
    ]


def name_columns(*, chosen: Sequence[str] = (), beidou_level: int | None = None, language: Language = "en") -> Columns:
    """Return the columns that `code_file` gives rows for their computed names.

    Parameters
    ----------
    chosen
        The schemes, all of the computed ones where there are none.
    beidou_level
        Level of the BeiDou code, 1 to 10; 10 where it is None.
    language
        Of the faults.

    Raises
    ------
    RefusedOptionError
        No name of a scheme is computed from a footprint.
    """
    _refuse_strangers(chosen, ComputedNames._fields)
    names = tuple(name for name in ComputedNames._fields if name in (chosen or ComputedNames._fields))
    add = partial(with_names, names=names, beidou_level=beidou_level or BEIDOU_LEVEL, language=language)
    return Columns(add, ("code", *names))


def identify_texts(
    texts: Sequence[str],
    *,
    schemes: Sequence[Scheme] | None = None,
    chosen: Sequence[str] = (),
    beidou_level: int | None = None,
) -> ToldTexts:
    """Return everything that texts are the names of, a row each; the geometry is the ground that a name tells.

    Parameters
    ----------
    schemes
        Of names that others assign, as `configured_schemes` returns them; the built-in ones where None.
    chosen
        Only names of these schemes, where there are any.
    beidou_level
        Level of the BeiDou code of a building code's cell; 8, about as large, where it is None.

    Raises
    ------
    RefusedOptionError
        A chosen scheme is unknown.
    """
    known = [*SCHEME_LABELS, *(scheme.code for scheme in (load_schemes() if schemes is None else schemes))]
    _refuse_strangers(chosen, known)
    rows: list[tuple[str, Named | None, RefusedText | None]] = []
    for text in texts:
        try:
            found = identify_name(text, schemes=schemes, chosen=chosen, beidou_level=beidou_level or CODE_LEVEL)
        except UnknownNameError as error:
            rows.append((text, None, RefusedText.of(text, error)))
        else:
            rows += [(text, named, None) for named in found]
    return ToldTexts(_frame(rows), [refusal for _, _, refusal in rows], len(texts))


def name_features(text: str, *, schemes: Sequence[Scheme] | None = None) -> dict[str, Any]:
    """Return everything that a text is the name of as a GeoJSON feature collection.

    Raises
    ------
    UnknownNameError
        No scheme has such names.
    """
    identify_name(text, schemes=schemes)
    return {"type": "FeatureCollection", "features": features_of(identify_texts([text], schemes=schemes))}


def _refuse_strangers(chosen: Sequence[str], known: Sequence[str]) -> None:
    for scheme in chosen:
        if scheme not in known:
            raise RefusedOptionError(
                Text(f"这里没有“{scheme}”这种名称。", f"There is no scheme “{scheme}” here."),
                Text(f"可用 {'、'.join(known)}。", f"Choose among {', '.join(known)}."),
            )


def _frame(rows: Sequence[tuple[str, Named | None, RefusedText | None]]) -> gpd.GeoDataFrame:
    """Return readings, and refusals where there are none, as rows of a frame."""
    records = [
        {
            "text": text,
            "scheme": named and named.scheme,
            "label": named and text_json(named.label),
            "value": named and named.value,
            "lon": named and named.centre and named.centre[0],
            "lat": named and named.centre and named.centre[1],
            "parts": named and [_part_json(part) for part in named.parts],
            "fault": refusal and f"{refusal.kind}: {refusal.said.en}",
            "suggestions": refusal and list(refusal.suggestions),
        }
        for text, named, refusal in rows
    ]
    columns = {
        name: pd.arrays.ArrowExtensionArray(pa.array([record[name] for record in records], kind))
        for name, kind in _COLUMNS.items()
    }
    return gpd.GeoDataFrame(columns, geometry=[named and named.geometry for _, named, _ in rows], crs=STORAGE_CRS)


def _part_json(part: Part) -> dict[str, Any]:
    meaning = part.meaning and text_json(part.meaning)
    return {"name": part.name, "label": text_json(part.label), "text": part.text, "meaning": meaning}
