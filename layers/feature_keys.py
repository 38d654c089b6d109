"""What tells a layer's features apart from one delivery to the next: the number that the office gives them."""

from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from layers.json_values import json_value

__all__ = ["KEY_FIELDS", "find_key", "take_keys", "with_keys"]

# numbers that the standards have offices keep: of the feature itself first, of what it is about then
KEY_FIELDS = ("BSM", "ZDDM", "BDCDYH", "DKBH", "TBBH", "YJJBNTTBBH", "XKZH", "AJBH")


def with_keys(features: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, str | None]:
    """Return features with their own numbers as ``source_id``, and the attribute that those are in; as they are without."""
    key = find_key(features)
    return (features, None) if key is None else (features.assign(source_id=take_keys(features, key)), key)


def find_key(features: gpd.GeoDataFrame) -> str | None:
    """Return the attribute that is a number of its own for every feature, None where there is none.

    Parameters
    ----------
    features
        With the column ``attrs``, as `prepare_edition` makes them.
    """
    if not len(features):
        return None
    present = {name.casefold(): name for name in features["attrs"].iloc[0]}
    for field in KEY_FIELDS:
        name = present.get(field.casefold())
        if name is not None:
            keys = take_keys(features, name)
            if None not in keys and len(set(keys)) == len(keys):
                return str(name)
    return None


def take_keys(features: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """Return what features have in an attribute, as text; None where they have nothing."""
    keys = np.full(len(features), None, dtype=object)
    keys[:] = [_text(attributes.get(name)) for attributes in features["attrs"]]
    return keys


def _text(value: Any) -> str | None:
    plain = json_value(value)
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)  # a number that went through a column with gaps
    return None if plain is None else str(plain).strip() or None
