"""What lies in a delivery: the files that hold layers, their layers, and what a person says about reading them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from layers.formats import Format

__all__ = ["FoundLayer", "LayerEntry", "ReadOptions", "Source"]

_POLYGONAL = {"polygon", "multipolygon", "curvepolygon", "multisurface", "surface"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a person says about reading a file, where its format leaves a choice."""


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
    """A layer as its reader finds it: its name in the file, the kind of geometry and the rows that it declares."""

    name: str
    geometry: str | None = None
    rows: int | None = None


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
    """

    name: str
    geometry: str | None
    rows: int | None
    source: Source = field(repr=False)
    name_in_source: str = field(repr=False)

    @property
    def is_polygonal(self) -> bool:
        """Return whether its geometries are declared as polygons."""
        return (self.geometry or "").lower() in _POLYGONAL
