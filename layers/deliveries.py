"""Deliveries: one layer as it came, whole or open, with an account of how it was understood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pyproj
from numpy.typing import NDArray

from geocode.faults import Text
from layers.curves import Linearised
from layers.encoding import Encoding
from layers.kinds import FindKinds
from layers.remarks import Note, told
from layers.sequences import Batch

__all__ = ["Delivery", "OpenDelivery"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One layer as it was delivered, whole.

    Attributes
    ----------
    frame
        Every row of the layer, indexed from 0 in the order of the file, in the CRS of the file, in two dimensions. The
        columns are ``source_id`` (the id that the file gives a feature, as text, or None), the attributes by their own
        names, and ``geometry``. Text and nested values keep Python's types: null is None, and a property that a GeoJSON
        feature does not have is ``pandas.NA``.
    faults
        Shape (n,): a `Fault` where a geometry stands in the file and cannot be built (the row's is None), else None.
        Geometries that can be built are not judged here.
    file, layer
        The file as the person calls it, and the layer in it.
    format
        What it is, such as ``Shapefile in zip``.
    encoding
        Of the attributes, and how it is known; None where the format leaves no choice.
    crs, crs_name, crs_why
        The CRS of the frame, its name (``EPSG:4551``, or the one it gives itself), and how it is known.
    crs_said
        What a person states for the file to be taken so again, where it was found or the numbers were turned; else None.
    notes
        What reading found and did, in no way faults.
    sha256, size
        Digest of the delivered bytes, and how many there are.
    curved
        What was made of geometries with arcs, by row.
    """

    frame: gpd.GeoDataFrame
    faults: NDArray[Any]
    file: str
    layer: str
    format: str
    encoding: Encoding | None
    crs: pyproj.CRS
    crs_name: str
    crs_why: Text
    notes: tuple[Text, ...]
    sha256: str
    size: int
    curved: Mapping[int, Linearised] = field(default_factory=dict)
    crs_said: str | None = None


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """One layer that is open: the account of a `Delivery`, and the rows in batches, once.

    Attributes
    ----------
    file, layer, format, encoding, crs, crs_name, crs_why
        As those of a delivery.
    rows
        How many rows there are; None where only reading would tell.
    find_kinds
        Looks up the kinds of geometry in the layer; None where only reading its rows would tell.
    batches
        Its rows in the order of the file, in frames as that of a delivery. Out of a GeoPackage, FlatGeobuf or GeoParquet
        the attributes are of Arrow's types, the same in every batch; out of GeoJSONSeq each batch has the columns that
        occur in it.
    remarks
        What reading found and did so far.
    """

    file: str
    layer: str
    format: str
    encoding: Encoding | None
    crs: pyproj.CRS
    crs_name: str
    crs_why: Text
    rows: int | None
    find_kinds: FindKinds | None
    batches: Iterator[Batch]
    remarks: list[Note] = field(repr=False)

    @property
    def notes(self) -> tuple[Text, ...]:
        """What reading found and did, in sentences; complete behind the last batch."""
        return told(self.remarks)
