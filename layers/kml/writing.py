"""KML out of rows, as they come: attributes as fields of a schema, which other programs read by their Chinese names too.

GDAL's reader loses such names from untyped data. Of whole numbers of 64 bits, for which KML has no type, it makes texts; the
type that they are given here says what they are to ourselves.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyproj
import shapely

from geocode.crs import crs_gate, to_storage
from layers.fields import TypedRows, renaming_notes
from layers.geojson_text import finite_geometries
from layers.json_values import json_value
from layers.names import Renamed
from layers.remarks import Counted, Note, remark

__all__ = ["write_kml"]

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
_FOOT = "</Folder>\n</Document>\n</kml>\n"
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# columns that KML has elements for
_ELEMENTS = ("name", "description")


def write_kml(rows: TypedRows, stream: BinaryIO, *, layer: str, crs: pyproj.CRS) -> Iterator[Note]:
    """Write rows to a stream as one folder of placemarks, and yield remarks; writing goes on as they are taken.

    Coordinates are brought to longitude and latitude. Ids become those of the placemarks; columns called ``name`` and
    ``description`` become their name and description; every other one a field.

    Raises
    ------
    CrsError
        The rows cannot be brought to longitude and latitude.
    """
    gate = crs_gate(crs)
    if not gate.is_storage:
        yield remark("crs_transformed", format="KML", name=gate.name)
    fields = [field for field in rows.schema if field.name not in {"source_id", *_ELEMENTS}]
    declared = "".join(f'<SimpleField name="{_escaped(one.name)}" type="{_kml_type(one.type)}"/>' for one in fields)
    stream.write(f'{_HEAD}<Schema id="fields">{declared}</Schema>\n<Folder><name>{_escaped(layer)}</name>\n'.encode())
    for batch in rows.batches:
        finite, lost = finite_geometries(batch.geometries)
        if lost:
            yield Counted("geometry_not_written", lost)
        lonlat = finite if gate.is_storage else to_storage(finite, crs)
        shapes = [None if text is None else orjson.loads(text) for text in shapely.to_geojson(lonlat)]
        columns = {
            name: [_text(value) for value in column.to_pylist()]
            for name, column in zip(rows.schema.names, batch.attributes.columns, strict=True)
        }
        ids = columns.pop("source_id", [None] * len(shapes))
        for row, shape in enumerate(shapes):
            values = {name: text for name, texts in columns.items() if (text := texts[row]) is not None}
            stream.write(_placemark(ids[row], values, shape).encode())
    stream.write(_FOOT.encode())
    stream.flush()
    yield from renaming_notes(rows, Renamed([], []), "KML")


def _placemark(identity: str | None, values: dict[str, str], shape: dict[str, Any] | None) -> str:
    own = "".join(f"<{name}>{values.pop(name)}</{name}>" for name in _ELEMENTS if name in values)
    data = "".join(f'<SimpleData name="{_escaped(name)}">{text}</SimpleData>' for name, text in values.items())
    extended = f'<ExtendedData><SchemaData schemaUrl="#fields">{data}</SchemaData></ExtendedData>'
    named = "" if identity is None else f' id="{identity}"'
    return f"<Placemark{named}>{own}{extended}{'' if shape is None else _shape(shape)}</Placemark>\n"


def _kml_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_floating(kind):
        return "double"
    if pa.types.is_integer(kind):
        return "int" if kind.bit_width < 32 or kind == pa.int32() else "int64"  # noqa: PLR2004 - bits
    return "string"


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    plain = json_value(value)
    if plain is None:
        return None
    return _escaped(plain if isinstance(plain, str) else orjson.dumps(plain).decode())


def _escaped(text: str) -> str:
    return html.escape(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _shape(geometry: dict[str, Any]) -> str:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return f"<MultiGeometry>{''.join(map(_shape, geometry['geometries']))}</MultiGeometry>"
    coordinates = geometry["coordinates"]
    if kind.startswith("Multi"):
        single = kind.removeprefix("Multi")
        return f"<MultiGeometry>{''.join(_single(single, part) for part in coordinates)}</MultiGeometry>"
    return _single(kind, coordinates)


def _single(kind: str, coordinates: Sequence[Any]) -> str:
    if kind == "Polygon":
        rings = [f"<LinearRing>{_coordinates(ring)}</LinearRing>" for ring in coordinates]
        sides = ["outerBoundaryIs", *["innerBoundaryIs"] * (len(rings) - 1)]
        return f"<Polygon>{''.join(f'<{s}>{r}</{s}>' for s, r in zip(sides, rings, strict=False))}</Polygon>"
    return f"<{kind}>{_coordinates([coordinates] if kind == 'Point' else coordinates)}</{kind}>"


def _coordinates(positions: Sequence[Sequence[float]]) -> str:
    return f"<coordinates>{' '.join(f'{p[0]!r},{p[1]!r}' for p in positions)}</coordinates>"
