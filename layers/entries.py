"""What lies in a delivery: the files that hold layers, their layers, and what a person says about reading them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from layers.formats import Format

__all__ = ["FoundLayer", "LayerEntry", "ReadOptions", "Source"]

_POLYGONAL = {"polygon", "multipolygon", "curvepolygon", "multisurface", "surface"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a person says about reading a file, where its format leaves a choice.

    Attributes
    ----------
    extent
        Where the office works: boxes of west, south, east, north in degrees. It tells the zone of numbers without one.
    datum
        The datum that files are in which state no CRS, ``CGCS2000``; where it is empty, their CRS is asked for.
    systems
        The city's own CRSs, WKT by name, as `layers.local_systems.read_systems` returns them.
    columns
        Of a table of coordinates, the heading of the column that has a role: ``north`` and ``east``, or ``lat`` and
        ``lon`` (also in degrees and minutes), or ``x`` and ``y`` of which the numbers tell the order, for boundary points;
        ``feature`` (the building or parcel that a point belongs to), ``ring``, ``point`` (its number), ``order``,
        ``height``; or ``wkt``, a geometry a row; and ``name``, of a drawing or a boundary-point text too, the column that
        names its rows. Those that are not stated are found by their headings.
    closing_m
        Of a drawing, how far apart the ends of a ring may be that is closed, in metres.
    drawing_unit
        Of a drawing, its unit, such as ``m`` or ``mm``; None where its head and its coordinates are to tell.
    """

    extent: Sequence[tuple[float, float, float, float]] = ()
    datum: str = ""
    systems: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    closing_m: float = 0.01
    drawing_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One file that holds layers.

    Attributes
    ----------
    format
        Its format, never an archive.
    name
        Its path in the archive, or the file's name.
    path
        The file that is opened, under a name of ours.
    parts
        Where its files lie by suffix: several for a shapefile, and for it the .prj and .cpg that no driver sees.
    """

    format: Format
    name: str
    path: Path
    parts: Mapping[str, Path] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """Return its name without folder and suffix."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True, slots=True)
class FoundLayer:
    """A layer as its reader finds it: its name in the file, the kind of geometry and the rows that it declares.

    `is_likely` is for formats whose files have many layers of polygons: whether this one is meant, by its name.
    """

    name: str
    geometry: str | None = None
    rows: int | None = None
    is_likely: bool = False


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One layer of a delivery.

    Attributes
    ----------
    name
        The name to choose it by.
    geometry
        The kind of its geometries as the file declares it; None where only reading would tell.
    rows
        How many rows it has; None where only reading would tell.
    source
        The file that holds it.
    name_in_source
        What it is called there.
    is_likely
        Whether it is the one that is meant among others of its file, by its name.
    """

    name: str
    geometry: str | None
    rows: int | None
    source: Source = field(repr=False)
    name_in_source: str = field(repr=False)
    is_likely: bool = False

    @property
    def is_polygonal(self) -> bool:
        """Return whether its geometries are declared as polygons."""
        return (self.geometry or "").lower() in _POLYGONAL
