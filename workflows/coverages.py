"""What is wrong between the polygons of a layer: of a file before it is loaded, or of an edition that is."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geocode import Text
from geocode.planes import from_plane, measure_plane
from layers.catalogue_entries import Catalogue, Layer
from layers.coverages import GAP_WIDTH_M, CoverageRule, find_coverage_faults, propose_cleaning
from layers.writing import write_frame
from store.database import Connection, Database, transaction
from store.editions import edition_in_effect, features_of
from workflows.deliveries import in_plane
from workflows.errors import RefusedOptionError
from workflows.layer_files import FileLayers, read_layers, refused_rows
from workflows.layer_rights import allow_layer
from workflows.principals import Principal
from workflows.reports import geometry_json, text_json

__all__ = [
    "CoverageOptions",
    "CoverageReport",
    "check_features",
    "check_layer_file",
    "check_stored_layer",
    "summarise_coverage",
    "write_cleaned",
    "write_faults",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageOptions:
    """How a layer is checked.

    Attributes
    ----------
    within
        A file, or the code of a loaded layer, that the features must lie in; where coverage is required, that they must
        fill. A name that comes over the network is never a `Path`.
    gap_width_m
        How wide a gap between neighbours may be that is open to the outside, or that need not be filled. None: `GAP_WIDTH_M`
        where coverage is required, else no gaps are looked for: a passage between houses is none.
    as_of
        The day that counts.
    """

    within: Path | str | None = None
    gap_width_m: float | None = None
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What is wrong between the features of a layer.

    Attributes
    ----------
    features
        They themselves, in EPSG:4490, with their names and attributes.
    plane
        The plane in which areas and widths are measured.
    faults
        As `layers.coverages.find_coverage_faults` has them, in the plane.
    refused
        The rows of a file that are no features: position, id in the file, and why.
    """

    layer: Layer
    features: gpd.GeoDataFrame
    plane: str
    faults: gpd.GeoDataFrame
    refused: Sequence[tuple[int, str | None, dict[str, Any]]] = ()

    @property
    def serious(self) -> int:
        """How many faults are wider than the tolerance."""
        return int((~self.faults["tolerated"]).sum())

    def summary(self) -> dict[str, Any]:
        """Return what there is by kind: how many, how many of them are tolerated, their area and the widest."""
        return {
            str(kind): {
                "count": len(rows),
                "tolerated": int(rows["tolerated"].sum()),
                "area_m2": _number(rows["area_m2"].sum(min_count=1)),
                "width_m": _number(rows["width_m"].max()),
            }
            for kind, rows in self.faults.groupby("kind", sort=True)
        }

    def as_json(self) -> dict[str, Any]:
        """Return the report as it stands in an answer, places in longitude and latitude."""
        ground = from_plane(self.faults.geometry.to_numpy(), self.plane)
        return {
            "layer": {"code": self.layer.code, "name": text_json(self.layer.name)},
            "plane": self.plane,
            "features": len(self.features),
            "summary": self.summary(),
            "refused": [{"row": row, "feature": feature, "fault": fault} for row, feature, fault in self.refused],
            "faults": [
                {
                    "kind": row.kind,
                    "features": [self._feature(feature) for feature in row.features],
                    "area_m2": _number(row.area_m2),
                    "width_m": _number(row.width_m),
                    "tolerated": bool(row.tolerated),
                    "reason": row.reason,
                    "geometry": geometry_json(geometry),
                }
                for row, geometry in zip(self.faults.itertuples(), ground, strict=True)
            ],
        }

    def _feature(self, index: Any) -> dict[str, Any]:
        name = self.features.loc[index, "name"]
        return {"id": index, "name": name if isinstance(name, str) else None}


def check_layer_file(  # noqa: PLR0913 - what to check, by which catalogue, and who asks
    path: Path,
    *,
    said: FileLayers,
    options: CoverageOptions,
    catalogue: Catalogue,
    database: Database | None = None,
    principal: Principal | None = None,
    name: str | None = None,
) -> list[CoverageReport]:
    """Return what is wrong between the features of each layer of a file; nothing is stored.

    Parameters
    ----------
    database, principal
        Where a loaded layer is to contain the features, and who asks.

    Raises
    ------
    RefusedFile, CrsError, UnknownLayer
        The file cannot be read, its CRS is refused, or its names tell no layer of the catalogue.
    RefusedOptionError
        `within` is no file, and there is no such layer loaded.
    ForbiddenError
        One of the layers is beyond the role.
    """
    container = _container(options, catalogue, database, principal)
    reports = []
    for delivery, prepared in read_layers(path, said, catalogue, name=name):
        if principal is not None:
            allow_layer(principal, prepared.layer)
        report = check_features(prepared.layer, prepared.frame, options=options, container=container)
        reports.append(replace(report, refused=refused_rows(prepared, delivery)))
    return reports


def check_stored_layer(
    database: Database, code: str, *, principal: Principal, options: CoverageOptions, catalogue: Catalogue
) -> CoverageReport:
    """Return what is wrong between the features of a layer's edition in effect.

    Raises
    ------
    UnknownLayer
        The catalogue has no such layer.
    RefusedOptionError
        No edition of it, or of the layer to contain it, is in effect on the day.
    ForbiddenError
        One of the layers is beyond the role.
    """
    layer = catalogue.layer(code)
    allow_layer(principal, layer)
    container = _container(options, catalogue, database, principal)
    with transaction(database) as connection:
        frame = _stored(connection, layer, options.as_of)
    return check_features(layer, frame, options=options, container=container)


def check_features(
    layer: Layer, frame: gpd.GeoDataFrame, *, options: CoverageOptions, container: gpd.GeoDataFrame | None = None
) -> CoverageReport:
    """Return what is wrong between the polygons of a layer, all in EPSG:4490; lines and points are left aside."""
    polygons = frame[np.isin(shapely.get_type_id(frame.geometry.to_numpy()), [3, 6])]
    plane = _plane(polygons)
    rule = CoverageRule(
        overlap_allowed=layer.overlap_allowed,
        coverage_required=layer.coverage_required,
        gap_width_m=_gap_width_m(layer, options),
    )
    faults = find_coverage_faults(
        in_plane(polygons, plane),
        rule=rule,
        container=None if container is None else in_plane(container, plane),
        as_of=options.as_of,
    )
    return CoverageReport(layer, polygons, plane, faults)


def summarise_coverage(layer: Layer, frame: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return what is wrong between the polygons of a layer that is loaded, by kind; nothing where they may overlap."""
    if layer.overlap_allowed or "Polygon" not in layer.geometry:
        return {}
    return check_features(layer, frame, options=CoverageOptions()).summary()


def write_faults(report: CoverageReport, path: Path) -> tuple[Text, ...]:
    """Write the faults to a file, its format by its suffix, in the plane; the features by their names or ids."""
    rows = report.faults.drop(columns="features")
    names = report.features["name"].to_dict()
    rows["features"] = [", ".join(str(names.get(each) or each) for each in one) for one in report.faults["features"]]
    return write_frame(rows[[*(c for c in rows.columns if c != "geometry"), "geometry"]], path)


def write_cleaned(report: CoverageReport, path: Path, *, options: CoverageOptions) -> tuple[Text, ...]:
    """Write the features as a coverage that is clean, with their areas before and after: a proposal to look at.

    They keep their attributes, so that the file can be loaded once somebody has taken it.

    Raises
    ------
    RefusedOptionError
        GEOS makes no coverage of them.
    """
    features, width_m = in_plane(report.features, report.plane), _gap_width_m(report.layer, options)
    try:
        cleaned = propose_cleaning(features, gap_width_m=width_m, as_of=options.as_of)
    except shapely.errors.GEOSException as error:
        raise RefusedOptionError(
            Text(f"无法给出整理建议:{error}。", f"No cleaning can be proposed: {error}."),
            Text("先修正报告中的问题,再试。", "Mend what the report tells first, and try again."),
        ) from error
    attributes = pd.DataFrame(cleaned["attrs"].tolist(), index=cleaned.index)
    told = cleaned[["name", "valid_from", "valid_to", "area_before_m2", "area_after_m2", "changed"]]
    told = told.assign(**{name: _as_text(told[name]) for name in ("valid_from", "valid_to")})
    rest = attributes[[name for name in attributes.columns if name not in told.columns]]
    return write_frame(gpd.GeoDataFrame(told.join(rest), geometry=cleaned.geometry, crs=report.plane), path)


def _gap_width_m(layer: Layer, options: CoverageOptions) -> float:
    if options.gap_width_m is None:
        return GAP_WIDTH_M if layer.coverage_required else 0.0
    return 0.0 if layer.overlap_allowed else options.gap_width_m


def _as_text(days: "pd.Series[Any]") -> list[str | None]:
    return [None if pd.isna(day) else str(day) for day in days]


def _container(
    options: CoverageOptions, catalogue: Catalogue, database: Database | None, principal: Principal | None
) -> gpd.GeoDataFrame | None:
    """Return the polygons that features must lie in, of a file or of a loaded layer; None where nobody asks for it."""
    if options.within is None:
        return None
    if isinstance(options.within, Path):
        frames = [prepared.frame for _, prepared in read_layers(options.within, FileLayers(), catalogue)]
        return gpd.GeoDataFrame(pd.concat(frames))
    assert database is not None  # a loaded layer is asked for with the database, and by somebody
    assert principal is not None
    layer = catalogue.layer(options.within)
    allow_layer(principal, layer)
    with transaction(database) as connection:
        return _stored(connection, layer, options.as_of)


def _stored(connection: Connection, layer: Layer, as_of: dt.date | None) -> gpd.GeoDataFrame:
    edition = edition_in_effect(connection, layer.code, as_of=as_of or dt.date.today())
    if edition is None:
        raise RefusedOptionError(
            Text(f"图层 {layer.code} 没有生效的版本。", f"No edition of layer {layer.code} is in effect."),
            Text("先用 luotu layers load 加载。", "Load one first, with “luotu layers load”."),
        )
    return features_of(connection, [edition])


def _plane(frame: gpd.GeoDataFrame) -> str:
    if frame.empty:
        return measure_plane(0.0, 0.0)
    west, south, east, north = frame.total_bounds
    return measure_plane((west + east) / 2, (south + north) / 2)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
