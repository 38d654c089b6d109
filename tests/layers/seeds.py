"""One sound file of every format that is read, for tests that take them all: to damage them, to compare ways of reading.

A new format comes in with a line in `SEEDS`.
"""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import Any

import shapely

from layers.writing import write_frame
from tests.layers import making

ROWS = 12


def make_seeds(folder: Path) -> dict[str, Path]:
    """Write every seed into a folder, and return them by what they end in."""
    return {suffix: make(folder / f"seed{suffix}") for suffix, make in SEEDS.items()}


def _written(path: Path) -> Path:
    count = list(range(ROWS))
    attributes = {"名称": [*making.NAMES * 3, None, "", "末"], "n": count, "高": [3.5 * each for each in count]}
    write_frame(making.frame_of(attributes, geometry=making.squares(ROWS)), path)
    return path


def _gzipped(path: Path) -> Path:
    inner = _written(path.with_name("inner.geojson"))
    path.write_bytes(gzip.compress(inner.read_bytes()))
    inner.unlink()
    return path


def _text(text: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(text.encode(encoding))
        return path

    return write


def _rings(axes: str = "xy") -> list[list[tuple[float, float]]]:
    places = [list(shapely.get_coordinates(square)) for square in making.lonlat_squares(ROWS)]
    return [[(y, x) if axes == "yx" else (x, y) for x, y in ring] for ring in places]


def _kml() -> str:
    places = "".join(
        f"<Placemark><name>楼{i}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        + " ".join(f"{x},{y},0" for x, y in ring)
        + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        for i, ring in enumerate(_rings())
    )
    return f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{places}</Document></kml>'


def _gml() -> str:
    members = "".join(
        f'<wfs:member><app:house gml:id="h.{i}"><app:name>楼{i}</app:name><app:geom>'
        '<gml:Polygon srsName="urn:ogc:def:crs:EPSG::4490"><gml:exterior><gml:LinearRing><gml:posList>'
        + " ".join(f"{y} {x}" for x, y in ring)
        + "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></app:geom></app:house></wfs:member>"
        for i, ring in enumerate(_rings())
    )
    spaces = (
        'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:app="http://a.b/c"'
    )
    return f'<?xml version="1.0"?><wfs:FeatureCollection {spaces}>{members}</wfs:FeatureCollection>'


def _csv() -> str:
    rows = "".join(f'楼{i},{i},"{square.wkt}"\n' for i, square in enumerate(making.lonlat_squares(ROWS)))
    return f"名称,层数,WKT\n{rows}"


def _json(document: dict[str, Any]) -> Callable[[Path], Path]:
    return _text(json.dumps(document, ensure_ascii=False))


def _jsonfg() -> dict[str, Any]:
    features = [
        making.feature(None, {"名称": f"楼{i}"}, id=i, time=None, place={"type": "Polygon", "coordinates": [ring]})
        for i, ring in enumerate(_plane_rings())
    ]
    return making.collection(
        *features,
        conformsTo=["http://www.opengis.net/spec/json-fg-1/0.3/conf/core"],
        coordRefSys="http://www.opengis.net/def/crs/EPSG/0/4551",
    )


def _cityjson() -> dict[str, Any]:
    rings = _plane_rings()
    vertices = [[round(1000 * x), round(1000 * y), 0] for ring in rings for x, y in ring[:-1]]
    objects = {
        f"b{i}": {
            "type": "Building",
            "attributes": {"名称": f"楼{i}"},
            "geometry": [{"type": "MultiSurface", "lod": "0", "boundaries": [[[4 * i + j for j in range(4)]]]}],
        }
        for i in range(len(rings))
    }
    return {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001] * 3, "translate": [0.0] * 3},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4551"},
        "CityObjects": objects,
        "vertices": vertices,
    }


def _plane_rings() -> list[list[list[float]]]:
    return [shapely.get_coordinates(square).tolist() for square in making.squares(ROWS)]


def _dxf(path: Path) -> Path:
    import ezdxf  # noqa: PLC0415 - one format's own library

    drawing = ezdxf.new("R2000", units=6)
    space = drawing.modelspace()
    for ring in _plane_rings():
        space.add_lwpolyline(ring, close=True, dxfattribs={"layer": "JMD"})
    arcs = drawing.blocks.new("house")
    arcs.add_lwpolyline([(0, 0, 0.5), (10, 0, 0), (10, 10, 0)], format="xyb", close=True)
    space.add_blockref("house", (500_000, 4_850_100))
    drawing.saveas(path)
    return path


def _workbook(path: Path) -> Path:
    import xlsxwriter  # noqa: PLC0415 - one format's own library

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("界址点")
        for number, row in enumerate(_points()):
            sheet.write_row(number, 0, row)
    return path


def _points() -> list[list[Any]]:
    rows: list[list[Any]] = [["宗地号", "点号", "X", "Y"]]
    for i, ring in enumerate(_plane_rings()):
        rows += [[f"楼{i}", f"J{j}", y, x] for j, (x, y) in enumerate(ring[:-1])]
    return rows


def _cass() -> str:
    return "".join(f"{i},,{x:.3f},{y:.3f},0\n" for i, (x, y) in enumerate(chain.from_iterable(_plane_rings())))


def _geodatabase(path: Path) -> Path:
    """Write a FileGDB in a zip, in a process in which GDAL has all its drivers."""
    source, folder = _written(path.with_name("inner.fgb")), path.with_name("inner.gdb")
    program = (
        "import sys, pyogrio; meta, table = pyogrio.read_arrow(sys.argv[1]);"
        "pyogrio.write_arrow(table, sys.argv[2], driver='OpenFileGDB', crs=meta['crs'],"
        "geometry_type='MultiPolygon', geometry_name=meta['geometry_name'] or 'wkb_geometry', layer='houses')"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(source), str(folder)], check=True)
    making.zipped(path, {f"houses.gdb/{part.name}": part.read_bytes() for part in sorted(folder.iterdir())})
    source.unlink()
    rmtree(folder)
    return path


_IFC = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('a.ifc','2024-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
#1=IFCCARTESIANPOINT((0.,0.,0.));
#2=IFCAXIS2PLACEMENT3D(#1,$,$);
#3=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#2,$);
#4=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);
#5=IFCUNITASSIGNMENT((#4));
#6=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,(#3),#5);
#7=IFCPROJECTEDCRS('EPSG:4551',$,$,$,$,$,#4);
#8=IFCMAPCONVERSION(#3,#7,500000.,4850000.,0.,1.,0.,1.);
#10=IFCLOCALPLACEMENT($,#2);
#11=IFCBUILDING('1YvctVUKr0kugbFTf53O9L',$,'B',$,$,#10,$,$,.ELEMENT.,$,$,$);
#12=IFCRELAGGREGATES('2YvctVUKr0kugbFTf53O9L',$,$,$,#6,(#11));
ENDSEC;
END-ISO-10303-21;
"""


SEEDS: Mapping[str, Callable[[Path], Path]] = {
    ".gpkg": _written,
    ".fgb": _written,
    ".parquet": _written,
    ".zip": _written,
    ".geojson": _written,
    ".geojsonl": _written,
    ".geojson.gz": _gzipped,
    ".txt": _written,
    ".kml": _text(_kml()),
    ".gml": _text(_gml()),
    ".csv": _text(_csv()),
    ".xlsx": _workbook,
    ".dat": _text(_cass()),
    ".dxf": _dxf,
    ".jsonfg": _json(_jsonfg()),
    ".city.json": _json(_cityjson()),
    ".ifc": _text(_IFC),
    ".gdb.zip": _geodatabase,
}


def geojson_text(count: int = ROWS) -> str:
    """Return features whose properties are of every type that JSON has."""
    odd = [
        {"a": None, "b": 1, "c": [1, {"d": None}], "e": "x"},
        {"a": "null", "b": None, "e": 1},
        {"b": 10**27, "c": {"k": [True, 1.5, "楼"]}, "e": None},
        {"a": "\ud800", "b": 2.5, "e": True},
    ]
    features = [
        making.feature(shapely.geometry.mapping(square), odd[i % len(odd)], id=i)
        for i, square in enumerate(making.lonlat_squares(count))
    ]
    return json.dumps(making.collection(*features))
