"""A delivery looked at before it is one: what the file is and why, its columns, and row by row what an upload would say.

Nothing is stored, and no ground is held: what the register says of the rows is what it would say at this moment.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode import CrsError, Fault, to_storage
from layers.catalogue_entries import Catalogue
from layers.confined.kept import KeptDelivery
from layers.confined.reading import list_confined
from layers.days import plain_text
from layers.deliveries import Delivery
from layers.entries import FoundLayer, ReadOptions
from layers.errors import RefusedFile
from registry.aliases import Scheme
from store.database import Database, transaction
from workflows.deliveries import PART_ROWS
from workflows.delivery_options import DeliveryOptions
from workflows.parts import divide
from workflows.placing import ground_of_office, open_placed
from workflows.principals import Principal
from workflows.registering import MatchedPart
from workflows.reports import fault_json, geometry_json, row_json
from workflows.rights import allow
from workflows.upload_reports import DeliveryAccount
from workflows.uploading import DeliveryCheck, matched_parts, place_for

__all__ = ["MOST_SHOWN", "preview_upload"]

MOST_SHOWN = 1_000
_PLAIN = ReadOptions()
_SAMPLES, _SAMPLE_LENGTH = 3, 60
_FIRST_ROWS = 1_000
_KINDS = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "date"}


def preview_upload(  # noqa: PLR0913 - as that of an upload
    database: Database,
    path: Path,
    *,
    principal: Principal,
    options: DeliveryOptions,
    file: str | None = None,
    schemes: Sequence[Scheme] | None = None,
    catalogue: Catalogue | None = None,
    reading: ReadOptions = _PLAIN,
    most: int = MOST_SHOWN,
    only_doubtful: bool = False,
    part_rows: int = PART_ROWS,
) -> dict[str, Any]:
    """Return what an upload of a file would say, and what the file is; a file that is refused as a whole is an answer too.

    Parameters
    ----------
    principal, options, file, schemes, catalogue, reading
        As those of `upload_file`.
    most
        How many rows are shown at most; all of them are counted.
    only_doubtful
        Whether only rows are shown that have a fault or a warning.
    part_rows
        As that of `upload_file`.

    Returns
    -------
    dict
        ``file``; ``layers`` to choose from, each with ``name, geometry, rows``; ``refusal``, why the file is refused as a
        whole, with its place, or None. Else as the report of an upload, with ``layer``, ``columns`` (``name, kind, filled,
        samples``), ``bounds`` (west, south, east, north), ``kinds`` (how many rows each fault and warning has), and in
        each of the ``results`` its ``geometry``.
    """
    allow(principal, "upload")
    shown = file or path.name
    layers: Sequence[FoundLayer] = ()
    try:
        layers = list_confined(path, name=shown)
        with open_placed(database, path, principal=principal, options=options, file=file, reading=reading) as kept:
            extent = ground_of_office(database, principal)
            check = DeliveryCheck(options=options, schemes=schemes, catalogue=catalogue, extent=extent)
            look = _Look(kept.take(np.arange(min(kept.rows, _FIRST_ROWS))).frame, most, only_doubtful=only_doubtful)
            told = _told(database, kept, check, look, part_rows=part_rows)
    except (RefusedFile, CrsError) as error:
        return {"file": shown, "layers": _layers_json(layers), "refusal": _refusal_json(error)}
    return {**told, "layers": _layers_json(layers), "refusal": None}


def _told(
    database: Database, kept: KeptDelivery, check: DeliveryCheck, look: "_Look", *, part_rows: int
) -> dict[str, Any]:
    """Return what an upload would say, with the rows that are shown."""
    options = check.options
    gone = list[str]()
    with place_for(database, kept.rows > part_rows) as aside, transaction(database) as connection:
        division = divide(connection, kept, hold=False, is_whole=options.complete, part_rows=part_rows)
        account = DeliveryAccount(kept.head, kept.rows, options, in_parts=len(division.parts) > 1)
        shift = division.shift
        with matched_parts(connection, aside, kept, division, check, then=_as_is) as parts:
            for part in parts:
                account.add(part.prepared, part.reports)
                look.see(part)
                shift, gone = shift or part.match.shift, [*gone, *part.match.gone]
    report = account.report(shift=shift, gone=gone)
    return {
        "id": None,
        **report.head_json(),
        "stored": False,
        "repeated": False,
        "results": look.rows_json(),
        "layer": kept.head.layer,
        "columns": look.columns_json(),
        "bounds": look.bounds_json(),
        "kinds": dict(look.kinds.most_common()),
    }


def _as_is(part: MatchedPart) -> MatchedPart:
    return part


class _Look:
    """What was seen of the parts of a delivery.

    Parameters
    ----------
    first
        The first rows as delivered.
    most, only_doubtful
        As those of `preview_upload`.

    Attributes
    ----------
    kinds
        How many rows have each fault and warning.
    """

    def __init__(self, first: gpd.GeoDataFrame, most: int, *, only_doubtful: bool) -> None:
        self._most, self._only_doubtful = most, only_doubtful
        self._shown: list[dict[str, Any]] = []
        self.kinds: Counter[str] = Counter()
        columns = first.columns.drop(["source_id", first.geometry.name])
        self._columns = {name: _Column(first[name]) for name in columns}
        self._bounds = np.empty((0, 4))

    def see(self, part: MatchedPart) -> None:
        """See a part."""
        prepared = part.prepared
        ground = _ground(prepared.ground, prepared.delivery)
        self._bounds = np.vstack([self._bounds, shapely.total_bounds(ground)])
        for row in part.reports:
            self.kinds.update({*({row.fault["kind"]} if row.fault else ()), *(each["kind"] for each in row.warnings)})
        for name, column in self._columns.items():
            column.see(prepared.delivery.frame[name])
        places = dict(zip(prepared.rows, ground, strict=True))
        told = (row for row in part.reports if row.fault or row.warnings or not self._only_doubtful)
        shown = [{**row_json(row), "geometry": geometry_json(places[row.row])} for row in islice(told, self._most)]
        # a part is no piece of the file: its rows are found all over it
        self._shown = sorted([*self._shown, *shown], key=lambda row: int(row["row"]))[: self._most]

    def rows_json(self) -> list[dict[str, Any]]:
        """Return the rows that are shown, the first ones of the file, each with its ``geometry``."""
        return self._shown

    def columns_json(self) -> list[dict[str, Any]]:
        """Return the attributes: how many rows have a value, and the first values that differ."""
        return [{"name": str(name), **column.as_json()} for name, column in self._columns.items()]

    def bounds_json(self) -> list[float] | None:
        """Return west, south, east, north in degrees; None where nothing has a place."""
        there = self._bounds[np.isfinite(self._bounds).all(axis=1)]
        if not len(there):
            return None
        return [float(side) for side in (*there[:, :2].min(axis=0), *there[:, 2:].max(axis=0))]


class _Column:
    """What was seen of an attribute: its first values, and how many rows have one."""

    def __init__(self, first: "pd.Series[Any]") -> None:
        self._kind, self._filled = _KINDS.get(first.dtype.kind, "text"), 0
        texts = (text for text in map(plain_text, first.dropna().tolist()) if text is not None)
        self._samples = [text[:_SAMPLE_LENGTH] for text in dict.fromkeys(texts)][:_SAMPLES]

    def see(self, values: "pd.Series[Any]") -> None:
        """See its values in some rows."""
        self._filled += int(values.notna().sum())

    def as_json(self) -> dict[str, Any]:
        """Return it as answers hold it."""
        return {"kind": self._kind, "filled": self._filled, "samples": self._samples}


def _layers_json(layers: Iterable[FoundLayer]) -> list[dict[str, Any]]:
    return [{"name": each.name, "geometry": each.geometry, "rows": each.rows} for each in layers]


def _refusal_json(error: RefusedFile | CrsError) -> dict[str, Any]:
    fault: Fault = error.fault
    place = {name: getattr(error, name, None) for name in ("layer", "feature", "line")}
    told = {**fault_json(fault), "place": {name: value for name, value in place.items() if value is not None}}
    candidates = getattr(error, "candidates", ())
    return {**told, "candidates": list(candidates)} if candidates else told


def _ground(good: gpd.GeoDataFrame, delivery: Delivery) -> NDArray[Any]:
    """Return every row's geometry in EPSG:4490, None where it has none or does not come there."""
    delivered = np.asarray(delivery.frame.geometry.values, dtype=object)
    ground = np.full(len(delivered), None, dtype=object)
    ground[np.isin(delivery.frame.index, good.index)] = np.asarray(good.geometry.values)
    rest = np.flatnonzero(shapely.is_missing(ground) & ~shapely.is_missing(delivered))
    there = to_storage(delivered[rest], delivery.crs)
    finite = [bool(np.isfinite(shapely.get_coordinates(each)).all()) for each in there]
    ground[rest[finite]] = there[finite]
    return ground
