"""Sites: the ground that the blueprint is asked about, registered, on the blueprint itself, or drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely

from geocode import STORAGE_CRS, FootprintError, Text, parse, to_storage
from geocode.crs import CrsInput
from geocode.footprints import find_faults
from geocode.planes import measure_plane
from layers.catalogue_entries import Catalogue, Layer
from layers.confined.reading import read_confined
from layers.editions import prepare_edition
from registry.aliases import find_stated
from registry.schemes import Scheme
from store.database import Connection
from store.editions import editions_in_effect
from store.errors import NotHereError
from store.extracts import features_named
from store.lives import read_lives
from workflows.deliveries import too_large, too_wide
from workflows.drawings import as_column, read_drawing
from workflows.layer_rights import allow_layer
from workflows.principals import Principal
from workflows.reports import fault_json
from workflows.resolving import Moment, building_code, building_feature
from workflows.rights import allow

__all__ = ["RefusedRow", "Site", "building_site", "drawn_site", "feature_site", "file_sites", "restore_site"]

RefusedRow = tuple[int, str | None, dict[str, Any]]
# how a delivered site is read, and which of its columns state its name and its area
_SITE_LAYER = "GL3105"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A piece of ground that is asked about.

    Attributes
    ----------
    kind
        ``building``, ``feature`` (of a layer) or ``drawn``.
    ground
        A polygon or multipolygon in EPSG:4490.
    accuracy_m
        The standard deviation of the positions of its border.
    code, version
        Of a building: its code in the grouped form, and the geometry version.
    layer, feature
        Of a feature: the layer's code, and the feature's id.
    stated_area_m2
        What a register or a permit says that its area is; None where nobody does.
    """

    kind: str
    ground: Any
    accuracy_m: float
    name: str | None = None
    code: str | None = None
    version: int | None = None
    layer: str | None = None
    feature: int | None = None
    stated_area_m2: float | None = None

    @property
    def plane(self) -> str:
        """The plane in which it is measured: that of its centroid."""
        middle = shapely.centroid(self.ground)
        return measure_plane(middle.x, middle.y)

    @property
    def own(self) -> frozenset[tuple[str, int]]:
        """The features that are the site itself."""
        return frozenset() if self.layer is None or self.feature is None else frozenset({(self.layer, self.feature)})

    def question(self) -> dict[str, Any]:
        """Return it as the question of a run holds it: `restore_site` makes the same site of it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "ground": shapely.geometry.mapping(self.ground)}


def restore_site(question: Mapping[str, Any]) -> Site:
    """Return the site that a question of a run holds."""
    told = {name: question[name] for name in Site.__slots__}
    return Site(**{**told, "ground": shapely.geometry.shape(told["ground"])})


def building_site(  # noqa: PLR0913 - whose, for whom, when
    connection: Connection,
    name: str,
    *,
    principal: Principal,
    accuracy_m: float,
    moment: Moment,
    schemes: Sequence[Scheme] | None = None,
    stated_area_m2: float | None = None,
) -> Site:
    """Return the footprint of a registered building, as it was at a moment.

    Raises
    ------
    NotHereError
        Nothing bears that name, or nothing did at that moment.
    ForbiddenError, HiddenError
        The role reads no findings, or not those of another office's building.
    """
    (life,) = read_lives(connection, [building_code(connection, name, schemes=schemes).compact])
    allow(principal, "read_findings", office_id=life["office_id"])
    feature = building_feature(connection, life["code"], schemes=schemes, moment=moment)
    told = feature["properties"]
    return Site(
        kind="building",
        ground=shapely.geometry.shape(feature["geometry"]),
        accuracy_m=accuracy_m,
        name=told["name"],
        code=str(parse(life["code"])),
        version=told["version"],
        stated_area_m2=stated_area_m2,
    )


def feature_site(  # noqa: PLR0913 - which feature, for whom, when
    connection: Connection,
    layer: Layer,
    name: str,
    *,
    principal: Principal,
    as_of: date,
    known_at: datetime | None = None,
    catalogue: Catalogue,
    stated_area_m2: float | None = None,
) -> Site:
    """Return a feature of a layer's edition in effect: by its id here, its id at the source, or its name.

    Raises
    ------
    NotHereError
        The layer has no edition, no such feature, or several.
    ForbiddenError
        The layer's security level is beyond the role.
    """
    allow_layer(principal, layer)
    held = {row.layer: row for row in editions_in_effect(connection, as_of=as_of, known_at=known_at)}
    edition = held.get(layer.code)
    found = [] if edition is None else features_named(connection, edition.id, name)
    if edition is None or not found or (len(found) > 1 and str(found[0].id) != name):
        raise NotHereError(_no_feature(layer, name, len(found)), [str(row.id) for row in found])
    row = found[0]
    return Site(
        kind="feature",
        ground=_checked_ground(shapely.from_wkb(bytes(row.geom))),
        accuracy_m=edition.accuracy_m,
        name=row.name,
        layer=layer.code,
        feature=row.id,
        stated_area_m2=stated_area_m2 or _stated_area_m2(row.attributes, layer, catalogue),
    )


def drawn_site(
    drawn: Mapping[str, Any],
    *,
    crs: CrsInput = STORAGE_CRS,
    accuracy_m: float,
    name: str | None = None,
    stated_area_m2: float | None = None,
) -> Site:
    """Return the site that a GeoJSON feature or geometry draws.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON geometry.
    FootprintError, CrsError
        It is no polygon that can be measured, or its CRS is refused.
    """
    geometry, _ = read_drawing(drawn)
    (ground,) = to_storage(as_column([_checked_ground(geometry)]), crs)
    # another CRS may leave nothing of a polygon
    ground = _not_too_wide(_checked_ground(ground))
    return Site(kind="drawn", ground=ground, accuracy_m=accuracy_m, name=name, stated_area_m2=stated_area_m2)


def file_sites(
    path: Path, *, catalogue: Catalogue, accuracy_m: float, crs: str | None = None, layer: str | None = None
) -> tuple[list[Site], list[RefusedRow]]:
    """Return the sites of a file, read as site red lines are, and its rows that are none: position, id there, fault.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    """
    delivery = read_confined(path, crs=crs, layer=layer)
    as_layer = catalogue.layer(_SITE_LAYER)
    prepared, ids = prepare_edition(delivery, layer=as_layer, mend_invalid=False), delivery.frame["source_id"].tolist()
    sites, refused = list[Site](), dict(enumerate(prepared.faults))
    for row, record in zip(prepared.frame.index, prepared.frame.to_dict("records"), strict=True):
        try:
            ground = _not_too_wide(_checked_ground(record["geometry"]))
        except FootprintError as error:
            refused[row] = error.fault
            continue
        name, stated = record["name"], _stated_area_m2(record["attrs"], as_layer, catalogue)
        named = name if isinstance(name, str) else find_stated(record["attrs"])[0]
        sites.append(Site(kind="drawn", ground=ground, accuracy_m=accuracy_m, name=named, stated_area_m2=stated))
    return sites, [(row, ids[row], fault_json(fault)) for row, fault in refused.items() if fault is not None]


def _checked_ground(geometry: Any) -> Any:
    """Return a polygon that can be measured; raises where it is none, or has more vertices than may be asked about."""
    (fault,) = find_faults(as_column([geometry]))
    found = fault or too_large(geometry)
    if found is not None:
        raise FootprintError(found)
    return geometry


def _not_too_wide(ground: Any) -> Any:
    middle = shapely.centroid(ground)
    fault = too_wide(ground, measure_plane(middle.x, middle.y))
    if fault is not None:
        raise FootprintError(fault)
    return ground


def _stated_area_m2(attributes: Mapping[str, Any], layer: Layer, catalogue: Catalogue) -> float | None:
    """Return the area that a feature states of itself, in the field that the catalogue knows as such."""
    areas = {name for name, rule in catalogue.field_rules(layer).items() if rule.area}
    found = (value for name, value in attributes.items() if str(name).casefold() in areas)
    return next((float(value) for value in found if isinstance(value, int | float) and value > 0), None)


def _no_feature(layer: Layer, name: str, count: int) -> Text:
    if count:
        return Text(
            f"图层 {layer.code} 有多个名为“{name}”的要素,请用编号指定。",
            f"Layer {layer.code} has several features called “{name}”: choose one by its id.",
        )
    return Text(
        f"图层 {layer.code} 现行版次中没有“{name}”。", f"Layer {layer.code} has no “{name}” in the edition in effect."
    )
