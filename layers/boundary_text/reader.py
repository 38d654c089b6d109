"""Boundary-point texts (勘测定界、界址点坐标): a parcel a row, every fault by the number of its line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import CodeError, parse
from geocode.faults import Fault, read_sentences
from layers.boundary_text.crs import find_crs
from layers.boundary_text.lines import FIELD_NAMES, POINTS, REFUSED, BoundaryText, Parcel, parse_lines, parse_point
from layers.boundary_text.rings import Vertex, build_outline
from layers.coordinate_tables.order import are_degrees_there, first_direction
from layers.crs import FoundCrs
from layers.encoding import decode_text
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import RefusedFile, refused
from layers.geojson import columns_of
from layers.remarks import Counted, Note, remark
from layers.tables import OpenTable, Table

__all__ = ["find_layers", "open_rows", "read_boundary_text"]

MAX_TEXT_BYTES = 64 << 20
# the declared area is that of the ellipsoid or of the plane, which differ by 0.19 % at most, at the edge of a 6° zone
AREA_AGREES, AREA_NEAR = 0.002, 0.01
_UNITS_M2 = (10_000.0, 1.0, 2000 / 3)
_HECTARE_M2 = _UNITS_M2[0]
_COUNT, _AREA, _NUMBER, _SHAPE = FIELD_NAMES[0], FIELD_NAMES[1], FIELD_NAMES[2], FIELD_NAMES[4]
_MAX_SHOWN = 12
_MIN_LINE = 2
_SENTENCES = read_sentences("layers", "faults.toml")
_Verdict: TypeAlias = Literal["none", "agrees", "near", "differs"]


class _Row(NamedTuple):
    """What one parcel makes: its attributes, its geometry or fault, and what was done on the way."""

    fields: dict[str, Any]
    geometry: Any = None
    fault: Fault | None = None
    closed: int = 0
    is_near: bool = False


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the one layer of a text."""
    return [FoundLayer(source.stem, "Polygon")]


@contextmanager
def open_rows(entry: LayerEntry, options: ReadOptions) -> Iterator[OpenTable]:  # noqa: ARG001 - as every reader
    """Open a text, which is read whole: one line may say what all the others are. Raises as `read_boundary_text`."""
    if entry.source.path.stat().st_size > MAX_TEXT_BYTES:
        raise refused("boundary_size", limit_mb=MAX_TEXT_BYTES >> 20)
    table = read_boundary_text(entry.source.path.read_bytes())
    yield OpenTable(iter([table]), len(table.geometries))


def read_boundary_text(data: bytes) -> Table:
    """Return the parcels of a boundary-point text: UTF-8, UTF-16 or GB18030, any line ends.

    A parcel is refused, by the numbers of its lines, where a line is no point, the points are not as many as it says, a
    ring stays open and neither count nor area vouch for it, or its area is more than 1 % off what it says. The area may
    stand in hectares, as the form has it, square metres or mu: a unit fits or it does not. The column ``界址点`` has the
    points of those that are refused, a line each with the northing before the easting, and the lines that are none as they
    stand.

    Raises
    ------
    RefusedFile
        It cannot be decoded, states parameters of a transformation, or coordinates in another unit than metres or degrees.
    """
    text, encoding = decode_text(data)
    found = parse_lines(text)
    order = _Order.of(found.parcels)
    rows = [_with_points(_row(parcel, found.names, order), parcel, found.lines, order) for parcel in found.parcels]
    crs = find_crs(found.head, order.easting, degrees=order.degrees) if order.easting is not None else None
    return Table(
        geometries=_objects([row.geometry for row in rows]),
        faults=_objects([row.fault for row in rows]),
        columns=[(str(name), values) for name, values in columns_of([row.fields for row in rows])],
        source_ids=[row.fields.get(_NUMBER) for row in rows],
        crs=crs if isinstance(crs, FoundCrs) else None,
        crs_refusal=crs if isinstance(crs, RefusedFile) else None,
        encoding=encoding,
        notes=tuple(_notes(found, rows, order)),
        head={key: "" if "参数" in key else entry.value for key, entry in found.head.items()},
    )


class _Order(NamedTuple):
    """How the two coordinates of the points are to be taken."""

    east_first: bool
    degrees: bool
    easting: float | None

    @classmethod
    def of(cls, parcels: Sequence[Parcel]) -> "_Order":
        """Return the order that the numbers show; where they do not, north comes first, as the form has it."""
        pairs = [(point.first, point.second) for parcel in parcels for point in parcel.points]
        first, second = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
        east_first = first_direction(first, second) == "east"
        east, north = (first, second) if east_first else (second, first)
        return cls(east_first, are_degrees_there(east, north), float(np.median(east)) if len(east) else None)


def _row(parcel: Parcel, names: Sequence[str], order: _Order) -> _Row:
    if parcel.fields is None:
        return _Row({}, fault=_SENTENCES.fault("boundary_stray", line=parcel.line))
    fields = _fields(parcel, names)
    fault = _line_fault(parcel, fields)
    if fault is not None:
        return _Row(fields, fault=fault)
    vertices = [
        Vertex(
            point.line,
            point.label,
            point.ring,
            *((point.first, point.second) if order.east_first else (point.second, point.first)),
        )
        for point in parcel.points
    ]
    shape = fields.get(_SHAPE) or ""
    if "点" in shape or "线" in shape:
        return _Row(fields, *_loose(vertices, is_line="线" in shape))
    return _polygon(parcel.line, fields, vertices, in_metres=not order.degrees)


def _with_points(row: _Row, parcel: Parcel, lines: Sequence[str], order: _Order) -> _Row:
    """Return a row that is refused with the lines of its points."""
    if row.fault is None:
        return row
    numbers = sorted([*(point.line for point in parcel.points), *(line for line, _ in parcel.odd)])
    texts = [lines[number - 1].strip() for number in numbers]
    if order.east_first:
        texts = [_north_first(text) for text in texts]
    return row._replace(fields=row.fields | {POINTS: "\n".join(texts)}) if texts else row


def _north_first(text: str) -> str:
    point = parse_point(text)
    return text if point is None else f"{point.label},{point.ring},{point.second!r},{point.first!r}"


def _fields(parcel: Parcel, names: Sequence[str]) -> dict[str, Any]:
    """Return what a parcel says of itself; of what was written here behind the @, a code is one again."""
    values = [value or None for value in parcel.fields or ()]
    known = dict(zip(names, [*values, *[None] * len(names)], strict=False))
    further = {f"附加{number}": value for number, value in enumerate(values[len(names) :], start=1) if value}
    behind = [part for part in parcel.behind.split(",") if not part.startswith(REFUSED)]
    code = {"code": behind.pop().strip()} if behind and _is_code(behind[-1]) else {}
    return {**known, **further, **({"附注": ",".join(behind)} if any(behind) else {}), **code}


def _is_code(text: str) -> bool:
    try:
        parse(text.strip())
    except CodeError:
        return False
    return True


def _line_fault(parcel: Parcel, fields: dict[str, Any]) -> Fault | None:
    if parcel.odd:
        lines = ", ".join(str(line) for line, _ in parcel.odd[:_MAX_SHOWN])
        return _SENTENCES.fault("boundary_line", lines=lines, count=len(parcel.odd), found=parcel.odd[0][1])
    if not parcel.points:
        return _SENTENCES.fault("boundary_empty", line=parcel.line)
    declared = _declared_count(fields)
    # the point that closes a ring is counted by some and not by others
    distinct = len({(point.ring, point.first, point.second) for point in parcel.points})
    if declared is not None and declared not in {len(parcel.points), distinct}:
        return _SENTENCES.fault("boundary_count", line=parcel.line, declared=declared, found=len(parcel.points))
    return None


def _declared_count(fields: dict[str, Any]) -> int | None:
    text = str(fields.get(_COUNT) or "").strip()
    return int(text) or None if text.isdecimal() else None


def _loose(vertices: Sequence[Vertex], *, is_line: bool) -> tuple[Any, Fault | None]:
    """Return points, or lines by the number of their ring, as geometry."""
    if not is_line:
        points = [shapely.Point(vertex.x, vertex.y) for vertex in vertices]
        return (points[0] if len(points) == 1 else shapely.MultiPoint(points)), None
    lines: dict[str, list[tuple[float, float]]] = {}
    for vertex in vertices:
        lines.setdefault(vertex.ring, []).append((vertex.x, vertex.y))
    if min(map(len, lines.values())) < _MIN_LINE:
        return None, _SENTENCES.fault("geometry_short_line")
    built = [shapely.LineString(line) for line in lines.values()]
    return (built[0] if len(built) == 1 else shapely.MultiLineString(built)), None


def _polygon(line: int, fields: dict[str, Any], vertices: Sequence[Vertex], *, in_metres: bool) -> _Row:
    outline = build_outline(vertices, may_close=True)
    if outline.fault is not None:
        return _Row(fields, fault=outline.fault)
    declared, area_m2 = str(fields.get(_AREA) or ""), outline.geometry.area
    verdict, unit_m2 = _judge_area(declared, area_m2) if in_metres else ("none", 1.0)
    if verdict == "differs":
        shown = f"{float(declared) * unit_m2:.2f}"
        return _Row(
            fields,
            fault=_SENTENCES.fault(
                "boundary_area", line=line, declared=declared, declared_m2=shown, area_m2=f"{area_m2:.2f}"
            ),
        )
    is_vouched_for = verdict == "agrees" or (verdict == "none" and _declared_count(fields) is not None)
    if outline.closed and not is_vouched_for:
        return _Row(fields, fault=build_outline(vertices, may_close=False).fault)
    return _Row(fields, outline.geometry, closed=outline.closed, is_near=verdict == "near")


def _judge_area(declared: str, area_m2: float) -> tuple[_Verdict, float]:
    """Return how a declared area compares with the computed one, and the unit that fits best, in m².

    It agrees within one of its last digit and 0.2 %; it is near within 1 %.
    """
    try:
        value = float(declared)
    except ValueError:
        return "none", 1.0
    if not np.isfinite(value) or value <= 0 or area_m2 <= 0:
        return "none", 1.0
    unit_m2 = min(_UNITS_M2, key=lambda unit: abs(value * unit - area_m2))
    off_m2 = abs(value * unit_m2 - area_m2) - 10.0 ** -len(declared.partition(".")[2]) * unit_m2
    if off_m2 <= AREA_AGREES * area_m2:
        return "agrees", unit_m2
    # what fits no unit at all is told in the unit of the form
    return ("near", unit_m2) if off_m2 <= AREA_NEAR * area_m2 else ("differs", _plausible(value, area_m2, unit_m2))


def _plausible(value: float, area_m2: float, unit_m2: float) -> float:
    return unit_m2 if area_m2 < 2 * value * unit_m2 < 4 * area_m2 else _HECTARE_M2


def _notes(found: BoundaryText, rows: Sequence[_Row], order: _Order) -> Iterator[Note]:
    if order.east_first:
        yield remark("boundary_east_first")
    if found.unread:
        yield remark("boundary_lines_unread", count=len(found.unread), lines=_shown(found.unread))
    near = [parcel.line for parcel, row in zip(found.parcels, rows, strict=True) if row.is_near]
    if near:
        yield remark("boundary_areas_near", count=len(near), lines=_shown(near))
    extras = sum(point.extras > 0 for parcel in found.parcels for point in parcel.points)
    closed = sum(row.closed > 0 for row in rows)
    yield from (
        Counted(kind, count) for kind, count in (("boundary_extras", extras), ("rings_closed", closed)) if count
    )


def _shown(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:_MAX_SHOWN])) + (" …" if len(lines) > _MAX_SHOWN else "")


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.full(len(values), None, dtype=object)
    array[:] = values
    return array
