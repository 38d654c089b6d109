"""Which module reads which format; it is imported when the first file of the format comes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.formats import Format
from layers.tables import OpenTable

__all__ = ["LAYER_SUFFIXES", "LISTS", "ReaderModule", "file_suffix", "reader_of"]


class ReaderModule(Protocol):
    """What a module offers that reads a format."""

    def find_layers(self, source: Source) -> Sequence[FoundLayer]:
        """Return the layers of a file in its order, without reading their rows.

        Raises
        ------
        RefusedFile
            The file is broken, or holds no layer.
        """

    def open_rows(self, entry: LayerEntry, options: ReadOptions) -> AbstractContextManager[OpenTable]:
        """Open a layer, and yield it.

        Raises
        ------
        RefusedFile
            It cannot be read whole and without a guess; what is wrong further down is raised where it is reached.
        """


class _Reader(NamedTuple):
    module: str
    # the first is what its file is laid out under; a member of an archive that bears one of them must be what it says
    suffixes: tuple[str, ...]
    # the suffix promises nothing, and beside other layers in an archive its files are lists that go with them
    is_list: bool = False


_READERS: Mapping[Format, _Reader] = {
    Format.SHAPEFILE: _Reader("gdal_tables", (".shp",)),
    Format.GEOPACKAGE: _Reader("gdal_tables", (".gpkg",)),
    Format.FILEGDB: _Reader("gdal_tables", (".gdb",)),
    Format.FLATGEOBUF: _Reader("gdal_tables", (".fgb",)),
    Format.GEOPARQUET: _Reader("geoparquet", (".parquet", ".geoparquet")),
    Format.GEOJSON: _Reader("geojson", (".geojson",)),
    Format.GEOJSONSEQ: _Reader("sequences", (".geojsonl", ".geojsons")),
    Format.JSONFG: _Reader("jsonfg", (".jsonfg",)),
    Format.CITYJSON: _Reader("cityjson", (".cityjson",)),
    Format.IFC: _Reader("ifc", (".ifc",)),
    Format.KML: _Reader("kml.reader", (".kml",)),
    Format.GML: _Reader("gml.reader", (".gml",)),
    Format.DXF: _Reader("dxf.reader", (".dxf",)),
    Format.DWG: _Reader("dxf.dwg", (".dwg",)),
    Format.BOUNDARY_TEXT: _Reader("boundary_text.reader", (".txt",), is_list=True),
    Format.CSV: _Reader("coordinate_tables.reader", (".csv",), is_list=True),
    Format.CASS: _Reader("coordinate_tables.reader", (".dat",), is_list=True),
    Format.WORKBOOK: _Reader("coordinate_tables.reader", (".xlsx",), is_list=True),
}
LAYER_SUFFIXES = frozenset(suffix for reader in _READERS.values() if not reader.is_list for suffix in reader.suffixes)
LISTS = frozenset(kind for kind, reader in _READERS.items() if reader.is_list)


def reader_of(kind: Format) -> ReaderModule:
    """Return the module that reads a format; GDAL takes most of a second to load, and GeoJSON has no need of it."""
    return cast("ReaderModule", import_module(f"layers.{_READERS[kind].module}"))


def file_suffix(kind: Format) -> str:
    """Return the suffix under which a file of a format is laid out."""
    return _READERS[kind].suffixes[0]
