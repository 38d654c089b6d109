"""Files of layers: which of the catalogue's layers each of a file's is, and its features."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from geocode import to_storage
from geocode.footprints import find_faults
from layers.catalogue_entries import Catalogue, Layer
from layers.confined.reading import list_confined, read_confined
from layers.contracts import contract_of
from layers.deliveries import Delivery
from layers.editions import EditionFrame, prepare_edition
from layers.mappings import LayerMapping, apply_mapping
from workflows.errors import RefusedOptionError
from workflows.reports import fault_json

__all__ = ["FileLayers", "choose_layers", "read_area", "read_layer", "read_layers", "refused_rows"]


class FileLayers(NamedTuple):
    """What is said of a file.

    Attributes
    ----------
    as_layer
        The catalogue's layer that the file's layer is.
    layer
        The file's layer to read; all of them where it is None and the file's own names tell which is which.
    crs
        CRS of the coordinates.
    strict
        Whether polygons that are not valid are refused, not mended.
    mapping
        How its fields and codes become those of the catalogue's layer; which layer that is, it says too.
    """

    as_layer: str | None = None
    layer: str | None = None
    crs: str | None = None
    strict: bool = False
    mapping: LayerMapping | None = None


def choose_layers(
    path: Path, said: FileLayers, catalogue: Catalogue, *, name: str | None = None
) -> list[tuple[str, Layer]]:
    """Return the file's layers to read, each with the catalogue's layer that it is.

    Raises
    ------
    RefusedFile
        The file cannot be read.
    UnknownLayer
        A layer that the catalogue does not have, or a file whose names tell none.
    """
    names = [entry.name for entry in list_confined(path, name=name)]
    as_layer = said.as_layer or (said.mapping and said.mapping.layer)
    if said.layer is None and as_layer is None:
        return [(each, catalogue.layer(_catalogue_name(each, catalogue))) for each in names]
    chosen = said.layer or (names[0] if len(names) == 1 else read_confined(path, crs=said.crs, name=name).layer)
    return [(chosen, catalogue.layer(as_layer or _catalogue_name(chosen, catalogue)))]


def read_layers(
    path: Path, said: FileLayers, catalogue: Catalogue, *, name: str | None = None
) -> Iterator[tuple[Delivery, EditionFrame]]:
    """Yield the file's layers as delivered, and as features of the catalogue's layers.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    UnknownLayer
        As `choose_layers`.
    """
    for chosen, layer in choose_layers(path, said, catalogue, name=name):
        yield read_layer(path, (chosen, layer), said, catalogue, name=name)


def read_layer(
    path: Path, chosen: tuple[str, Layer], said: FileLayers, catalogue: Catalogue, *, name: str | None = None
) -> tuple[Delivery, EditionFrame]:
    """Return one layer of a file as delivered, and as features of the catalogue's layer that keep its contract.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    """
    in_file, layer = chosen
    delivery = read_confined(path, crs=said.crs, layer=in_file, name=name)
    if said.mapping is not None:
        delivery = apply_mapping(delivery, said.mapping, layer)
    contract = contract_of(layer, catalogue)
    return delivery, prepare_edition(delivery, layer=layer, contract=contract, mend_invalid=not said.strict)


def read_area(path: Path, *, crs: str | None = None) -> Any:
    """Return the ground of a file's polygons as one multipolygon in EPSG:4490, such as that within which a layer has everything.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedOptionError
        A row of it is no polygon.
    """
    delivery = read_confined(path, crs=crs)
    shapes = np.asarray(delivery.frame.geometry.values, dtype=object)
    faults = [fault for fault in find_faults(shapes) if fault is not None]
    if faults:
        raise RefusedOptionError(faults[0].text, faults[0].remedy)
    ground = shapely.union_all(to_storage(shapes, delivery.crs))
    return shapely.MultiPolygon([ground]) if ground.geom_type == "Polygon" else ground


def _catalogue_name(name: str, catalogue: Catalogue) -> str:
    """Return the part of a delivered layer's name, such as ``GH2201_YJJBNT``, that the catalogue knows; else all of it."""
    return next((part for part in (name, *name.split("_")) if part in catalogue), name)


def refused_rows(prepared: EditionFrame, delivery: Delivery) -> list[tuple[int, str | None, dict[str, Any]]]:
    """Return the rows that are no features: position, id in the file, and why."""
    ids = delivery.frame["source_id"].tolist()
    return [(row, ids[row], fault_json(fault)) for row, fault in enumerate(prepared.faults) if fault is not None]
