"""A delivery looked at before it is one: what the file is and why, its columns, and row by row what an upload would say.

Nothing is stored, and no ground is held: what the register says of the rows is what it would say at this moment.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode import CrsError, Fault, to_storage
from layers.catalogue import Catalogue
from layers.confined.reading import list_confined
from layers.days import plain_text
from layers.deliveries import Delivery
from layers.entries import FoundLayer, ReadOptions
from layers.errors import RefusedFile
from registry.aliases import Scheme
from store.database import Database, transaction
from workflows.placing import ground_of_office, read_placed
from workflows.principals import Principal
from workflows.reading_settings import with_known
from workflows.reports import UploadReport, fault_json, geometry_json
from workflows.rights import allow
from workflows.row_checks import prepare_checked
from workflows.uploading import DeliveryOptions, match_delivery

__all__ = ["MOST_SHOWN", "preview_upload"]

MOST_SHOWN = 1_000
_PLAIN = ReadOptions()
_SAMPLES, _SAMPLE_LENGTH = 3, 60


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
) -> dict[str, Any]:
    """Return what an upload of a file would say, and what the file is; a file that is refused as a whole is an answer too.

    Parameters
    ----------
    principal, options, file, schemes, catalogue, reading
        As those of `upload_file`.
    most
        How many rows are shown at most; all of them are counted.

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
        known = with_known(options.reading, reading)
        delivery = read_placed(
            database, path, principal=principal, crs=options.crs, layer=options.layer, name=file, reading=known
        )
        extent = ground_of_office(database, principal)
        prepared = prepare_checked(delivery, schemes=schemes, catalogue=catalogue, extent=extent, fix=options.fix)
    except (RefusedFile, CrsError) as error:
        return {"file": shown, "layers": _layers_json(layers), "refusal": _refusal_json(error)}
    with transaction(database) as connection:
        report = match_delivery(connection, prepared, options, hold=False).report
    ground = _ground(prepared.ground, prepared.delivery)
    told = report.as_json()
    rows = [{**row, "geometry": geometry_json(ground[row["row"]])} for row in told["results"][:most]]
    return {
        **told,
        "layers": _layers_json(layers),
        "layer": delivery.layer,
        "refusal": None,
        "columns": _columns_json(delivery.frame),
        "bounds": _bounds(ground),
        "kinds": _kinds_json(report),
        "results": rows,
    }


def _layers_json(layers: Iterable[FoundLayer]) -> list[dict[str, Any]]:
    return [{"name": each.name, "geometry": each.geometry, "rows": each.rows} for each in layers]


def _refusal_json(error: RefusedFile | CrsError) -> dict[str, Any]:
    fault: Fault = error.fault
    place = {name: getattr(error, name, None) for name in ("layer", "feature", "line")}
    told = {**fault_json(fault), "place": {name: value for name, value in place.items() if value is not None}}
    candidates = getattr(error, "candidates", ())
    return {**told, "candidates": list(candidates)} if candidates else told


def _columns_json(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the attributes of a delivery: how many rows have a value, and the first values that differ."""
    names = [name for name in frame.columns if name not in {"source_id", frame.geometry.name}]
    return [_column_json(str(name), frame[name]) for name in names]


def _column_json(name: str, values: "pd.Series[Any]") -> dict[str, Any]:
    there = values.dropna()
    first = dict.fromkeys(text for text in map(plain_text, there.head(100).tolist()) if text is not None)
    samples = [text[:_SAMPLE_LENGTH] for text in list(first)[:_SAMPLES]]
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "date"}
    return {"name": name, "kind": kinds.get(values.dtype.kind, "text"), "filled": len(there), "samples": samples}


def _ground(good: gpd.GeoDataFrame, delivery: Delivery) -> NDArray[Any]:
    """Return every row's geometry in EPSG:4490, None where it has none or does not come there."""
    delivered = np.asarray(delivery.frame.geometry.values, dtype=object)
    ground = np.full(len(delivered), None, dtype=object)
    ground[good.index] = np.asarray(good.geometry.values)
    rest = np.flatnonzero(shapely.is_missing(ground) & ~shapely.is_missing(delivered))
    there = to_storage(delivered[rest], delivery.crs)
    finite = [bool(np.isfinite(shapely.get_coordinates(each)).all()) for each in there]
    ground[rest[finite]] = there[finite]
    return ground


def _bounds(ground: NDArray[Any]) -> list[float] | None:
    bounds = shapely.total_bounds(ground)
    return [float(side) for side in bounds] if np.isfinite(bounds).all() else None


def _kinds_json(report: UploadReport) -> dict[str, int]:
    counted = Counter(
        kind
        for row in report.results
        for kind in {*({row.fault["kind"]} if row.fault else ()), *(each["kind"] for each in row.warnings)}
    )
    return dict(counted.most_common())
