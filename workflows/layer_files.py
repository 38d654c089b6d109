"""Files of layers: which of the catalogue's layers each of a file's is, and its features."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from layers.catalogue import Catalogue, Layer
from layers.contracts import contract_of
from layers.editions import EditionFrame, prepare_edition
from layers.reading import Delivery, list_layers, read_delivery
from workflows.reports import fault_json

__all__ = ["FileLayers", "choose_layers", "read_layer", "read_layers", "refused_rows"]


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
    """

    as_layer: str | None = None
    layer: str | None = None
    crs: str | None = None
    strict: bool = False


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
    names = [entry.name for entry in list_layers(path, name=name)]
    if said.layer is None and said.as_layer is None:
        return [(each, catalogue.layer(_catalogue_name(each, catalogue))) for each in names]
    chosen = said.layer or (names[0] if len(names) == 1 else read_delivery(path, crs=said.crs, name=name).layer)
    return [(chosen, catalogue.layer(said.as_layer or _catalogue_name(chosen, catalogue)))]


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
    delivery = read_delivery(path, crs=said.crs, layer=in_file, name=name)
    contract = contract_of(layer, catalogue)
    return delivery, prepare_edition(delivery, layer=layer, contract=contract, mend_invalid=not said.strict)


def _catalogue_name(name: str, catalogue: Catalogue) -> str:
    """Return the part of a delivered layer's name, such as ``GH2201_YJJBNT``, that the catalogue knows; else all of it."""
    return next((part for part in (name, *name.split("_")) if part in catalogue), name)


def refused_rows(prepared: EditionFrame, delivery: Delivery) -> list[tuple[int, str | None, dict[str, Any]]]:
    """Return the rows that are no features: position, id in the file, and why."""
    ids = delivery.frame["source_id"].tolist()
    return [(row, ids[row], fault_json(fault)) for row, fault in enumerate(prepared.faults) if fault is not None]
