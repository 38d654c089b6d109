"""What a text is the name of, by its form alone: the register is not asked."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from geocode import BuildingCode, CodeError, Text, decode, parse, suggest
from geocode.beidou import beidou_codes, decode_beidou
from geocode.decoding import decode_h3
from geocode.names import load_name_schemes
from geocode.plus_codes import decode_plus_code, plus_codes
from geocode.ubids import decode_ubid
from layers.code_columns import CODE_LEVEL
from registry.forms import Part
from registry.schemes import Scheme, get_scheme, identify
from workflows.errors import UnknownNameError
from workflows.reports import fault_json, text_json

__all__ = ["SCHEME_LABELS", "Named", "identify_name", "is_meant_for", "read_computed"]

SCHEME_LABELS: Mapping[str, Text] = {
    "code": Text("建筑编码", "Building code"),
    **{scheme.code: scheme.name for scheme in load_name_schemes()},
}
# what a text that cannot be read was meant for: no building code begins with N or S, or holds a plus
_MEANT = {
    "beidou": re.compile(r"[NS]0?[0-9].*"),
    "ubid": re.compile(r".*\+.*-.*"),
    "pluscode": re.compile(r"[^-]*\+[^-]*"),
    "h3": re.compile(r"0?8[0-9A-F]{13,15}"),
    "code": re.compile(r"([0-9]{6}-+)?([0-9A-Z]-*){12,14}"),
}
# a form that was proposed and that nearly any text has: it tells nothing of what a text is
_OPEN = "P"


class Named(NamedTuple):
    """One thing that a text is the name of.

    Attributes
    ----------
    scheme, label
        The scheme and what it is called.
    value
        The name as it is kept.
    parts
        Its parts with their meanings.
    geometry
        The ground it names, a polygon in EPSG:4490; None where the name tells none.
    centre
        The middle of that ground, longitude and latitude in degrees.
    """

    scheme: str
    label: Text
    value: str
    parts: tuple[Part, ...]
    geometry: Any = None
    centre: tuple[float, float] | None = None


def identify_name(
    text: str,
    *,
    schemes: Sequence[Scheme] | None = None,
    chosen: Sequence[str] = (),
    beidou_level: int = CODE_LEVEL,
) -> list[Named]:
    """Return everything that a text is the name of; of a building code also the names of its cell's centre.

    Parameters
    ----------
    schemes
        Of names that others assign, as `configured_schemes` returns them; the built-in ones where None.
    chosen
        Only names of these schemes, where there are any.
    beidou_level
        Level of the BeiDou code of a building code's cell.

    Raises
    ------
    UnknownNameError
        No scheme has such names; the error says why the schemes that come near refuse it.
    """
    found, nearest = read_computed(text)
    taken, near = identify(text, schemes)
    for alias in taken:
        scheme = get_scheme(alias.scheme, schemes)
        if scheme.confidence != _OPEN:
            found.append(Named(alias.scheme, scheme.name, alias.value, alias.parts))
    if found and found[0].scheme == "code":
        found[1:1] = _names_of_cell(parse(text), beidou_level)
    found = [named for named in found if not chosen or named.scheme in chosen]
    if not found:
        nearest += [
            {"scheme": one.scheme, "label": text_json(one.label), "position": one.position, **fault_json(one.fault)}
            for one in near
        ]
        is_code = bool(nearest) and nearest[0]["scheme"] == "code"
        raise UnknownNameError(text, nearest, suggest(text) if is_code else [])
    return found


def read_computed(text: str) -> tuple[list[Named], list[dict[str, Any]]]:
    """Return what a text is the name of by computation, and why those kinds refuse it that it was perhaps meant for."""
    found, refused = [], []
    for scheme, read in _READERS.items():
        try:
            found.append(read(text))
        except CodeError as error:
            if is_meant_for(scheme, text):
                refused.append({"scheme": scheme, "label": text_json(SCHEME_LABELS[scheme]), **fault_json(error.fault)})
    return found, refused


def is_meant_for(scheme: str, text: str) -> bool:
    """Tell whether a text that cannot be read was perhaps meant for a computed name of a scheme."""
    return bool(_MEANT[scheme].fullmatch("".join(unicodedata.normalize("NFKC", text).upper().split())))


def _read_code(text: str) -> Named:
    code = parse(text)
    told = decode(code)
    cell, size_class, generation, check = code.compact[:10], *code.compact[10:]
    low, high = told.area_from_m2, told.area_to_m2
    sizes = f"{low:.0f}–{high:.0f} m²" if math.isfinite(high) else f"≥ {low:.0f} m²"
    parts = (
        Part("cell", Text("网格单元", "cell"), cell, Text(f"H3 单元 {told.h3}", f"H3 cell {told.h3}")),
        Part("size_class", Text("面积级", "size class"), size_class, Text(sizes, sizes)),
        Part("generation", Text("代次", "generation"), generation),
        Part("check", Text("校验字符", "check character"), check),
    )
    return Named("code", SCHEME_LABELS["code"], str(code), parts, told.hexagon, told.centre)


def _read_beidou(text: str) -> Named:
    cell = decode_beidou(text)
    parts = [Part("level", Text("级", "level"), str(cell.level))]
    if cell.is_3d:
        height = f"{cell.height_from_m:.3f}–{cell.height_to_m:.3f} m"
        parts.append(Part("height", Text("大地高", "ellipsoidal height"), height))
    scheme = "beidou3d" if cell.is_3d else "beidou"
    return Named(scheme, SCHEME_LABELS[scheme], cell.text, tuple(parts), _box(cell), cell.centre)


def _read_plus_code(text: str) -> Named:
    area = decode_plus_code(text)
    parts = (Part("length", Text("位数", "digits"), str(area.length)),)
    return Named("pluscode", SCHEME_LABELS["pluscode"], area.text, parts, _box(area), area.centre)


def _read_ubid(text: str) -> Named:
    area = decode_ubid(text)
    parts = (Part("cell", Text("形心单元", "cell of the centroid"), area.cell.text),)
    return Named("ubid", SCHEME_LABELS["ubid"], area.text, parts, _box(area), area.cell.centre)


def _read_h3(text: str) -> Named:
    cell = decode_h3(text)
    parts = (Part("resolution", Text("级", "resolution"), str(cell.resolution)),)
    return Named("h3", SCHEME_LABELS["h3"], cell.text, parts, cell.boundary, cell.centre)


_READERS: Mapping[str, Callable[[str], Named]] = {
    "beidou": _read_beidou,
    "ubid": _read_ubid,
    "pluscode": _read_plus_code,
    "h3": _read_h3,
    "code": _read_code,
}


def _names_of_cell(code: BuildingCode, beidou_level: int) -> list[Named]:
    """Return the names that the centre of a code's cell has."""
    lon_deg, lat_deg = (np.array([degrees]) for degrees in decode(code).centre)
    beidou = str(beidou_codes(lon_deg, lat_deg, level=beidou_level)[0])
    # beyond 88° N and S there is no BeiDou code
    return [
        _read_h3(code.h3),
        *([_read_beidou(beidou)] if beidou else []),
        _read_plus_code(str(plus_codes(lon_deg, lat_deg)[0])),
    ]


def _box(area: Any) -> shapely.Polygon:
    return shapely.box(area.west_deg, area.south_deg, area.east_deg, area.north_deg)
