"""The lines of a boundary-point text (勘测定界、界址点坐标), each taken for what it is.

The form is the land ministry's: ``[属性描述]`` with one ``key=value`` a line, ``[地块坐标]`` with one line of fields that
ends in ``@`` for each parcel, and below it one line ``point,ring,X,Y`` for each point, X being north. What comes is typed
and cut by hand: full-width signs, further fields, points with or without J, sections left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from layers.errors import refused

__all__ = [
    "FIELD_NAMES",
    "POINTS",
    "REFUSED",
    "BoundaryText",
    "Entry",
    "Parcel",
    "PointLine",
    "parse_lines",
    "parse_point",
]

FIELD_NAMES = ("界址点数", "地块面积", "地块编号", "地块名称", "记录图形属性", "图幅号", "地块用途", "地类编号")
# why a parcel was refused, behind the @ of a text that was written here
REFUSED = "拒绝:"
# the column that has the points of a parcel that was refused, a line each: whoever mends it needs them
POINTS = "界址点"
_BREAK = re.compile(r"\r\n|\r|\n")
# ASCII as full-width signs, the brackets of Chinese print, and the wide blank
_PLAIN: Mapping[int, int] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{ord(wide): ord(plain) for wide, plain in zip("【】\u3000、", "[] ,", strict=True)},
}
_SECTION = re.compile(r"\[\s*(\S.*?)\s*\]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_COORDINATES = "地块坐标"
_LEGEND = ("界址点号", "点号", "界址点数")
_FEWEST_FIELDS = 6
_POINT_FIELDS = 4
_MAX_RING = 9_999


class Entry(NamedTuple):
    """What a key of the head says, and on which line."""

    value: str
    line: int


class PointLine(NamedTuple):
    """A line that is a point: number, ring, and its two coordinates in the order of the file; `extras` follow them.

    `has_ring` is False where the line has three fields.
    """

    line: int
    label: str
    ring: str
    first: float
    second: float
    extras: int = 0
    has_ring: bool = True

    @property
    def may_lack_one(self) -> bool:
        """Return whether what was taken for the first coordinate may be the ring, and the other one be missing."""
        return not self.has_ring and self.first.is_integer() and 0 <= self.first <= _MAX_RING


@dataclass(slots=True)
class Parcel:
    """One parcel as it stands in the text.

    Attributes
    ----------
    line
        Where its fields stand; of points that belong to no parcel, the first of them.
    fields, behind
        What stands before and behind the ``@``; None where points belong to no parcel.
    points, odd
        Its lines that are points, and those that are not, with what stands there.
    """

    line: int
    fields: Sequence[str] | None
    behind: str = ""
    points: list[PointLine] = field(default_factory=list)
    odd: list[tuple[int, str]] = field(default_factory=list)


class BoundaryText(NamedTuple):
    """A text taken apart: the keys of its head, the names of the fields, its parcels, and the lines that say nothing.

    `lines` are all of them as they stand there.
    """

    head: Mapping[str, Entry]
    names: Sequence[str]
    parcels: Sequence[Parcel]
    unread: Sequence[int]
    lines: Sequence[str]


def parse_lines(text: str) -> BoundaryText:
    """Return a boundary-point text taken apart; every line that is not blank is in it.

    Raises
    ------
    RefusedFile
        It states parameters of a transformation, which are a secret of the state.
    """
    head: dict[str, Entry] = {}
    names: Sequence[str] = FIELD_NAMES
    parcels: list[Parcel] = []
    unread: list[int] = []
    section = ""
    lines = _BREAK.split(text)
    for number, raw in enumerate(lines, start=1):
        line = raw.strip().strip("\x1a\x00")
        plain = line.translate(_PLAIN).strip()
        if not plain:
            continue
        if match := _SECTION.fullmatch(plain):
            section = match[1]
        elif section != _COORDINATES and "=" in plain and "@" not in plain:
            key, value = _entry(line, plain)
            _refuse_parameters(key, value, number)
            head[key] = Entry(value, number)
        elif plain.startswith(_LEGEND):
            names = _legend(line) if "@" in plain else names
        elif section not in {"", _COORDINATES} and not _is_parcel(plain):
            unread.append(number)
        elif _is_parcel(plain):
            parcels.append(_parcel(line, number))
        else:
            _add_point(parcels, plain, number)
    _settle_doubtful(parcels, lines)
    return BoundaryText(head, names, parcels, unread, lines)


def parse_point(line: str) -> PointLine | None:
    """Return the point that a line is, None where it is none or may lack a coordinate."""
    point = _as_point(line.translate(_PLAIN).strip(), 0)
    return None if point is None or point.may_lack_one else point


def _entry(line: str, plain: str) -> tuple[str, str]:
    """Return key and value; of the value, the signs are those of the file."""
    mark = re.search("[=＝]", line)
    return plain.partition("=")[0].strip(), line[mark.end() :].strip() if mark else ""


def _refuse_parameters(key: str, value: str, line: int) -> None:
    # zeros, and the names of what would stand there, are a form not filled in
    if "参数" in key and any(character.isdigit() and int(character) for character in value):
        raise refused("boundary_parameters", line=line)


def _is_parcel(plain: str) -> bool:
    fields = plain.split(",")
    return "@" in plain or (
        len(fields) >= _FEWEST_FIELDS and fields[0].strip().isdigit() and _as_point(plain, 0) is None
    )


def _split_fields(line: str) -> tuple[list[str], str]:
    """Return what stands before and behind the @; full-width signs part fields only where there are no others."""
    before, _, behind = line.partition("@" if "@" in line else "＠")
    mark = "," if "," in before else "，"
    fields = [part.strip() for part in before.split(mark)]
    return fields[:-1] if fields[-1] == "" else fields, behind.strip().lstrip(",，").strip()


def _legend(line: str) -> list[str]:
    fields, _ = _split_fields(line)
    return [re.sub(r"[(（].*", "", name).strip() for name in fields]


def _parcel(line: str, number: int) -> Parcel:
    fields, behind = _split_fields(line)
    return Parcel(number, fields, behind)


def _add_point(parcels: list[Parcel], plain: str, number: int) -> None:
    if not parcels:
        parcels.append(Parcel(number, None))
    point = _as_point(plain, number)
    if point is None:
        parcels[-1].odd.append((number, plain[:40]))
    else:
        parcels[-1].points.append(point)


def _settle_doubtful(parcels: Sequence[Parcel], lines: Sequence[str]) -> None:
    """Take points of three fields that may lack a coordinate for none, unless no point of the text has a ring."""
    if not any(point.has_ring for parcel in parcels for point in parcel.points):
        return
    for parcel in parcels:
        short = [(point.line, lines[point.line - 1].strip()[:40]) for point in parcel.points if point.may_lack_one]
        parcel.odd = sorted([*parcel.odd, *short])
        parcel.points = [point for point in parcel.points if not point.may_lack_one]


def _as_point(plain: str, number: int) -> PointLine | None:
    parts = [part.strip() for part in plain.split(",")] if "," in plain else plain.split()
    while parts and not parts[-1]:
        parts.pop()
    has_ring = len(parts) != _POINT_FIELDS - 1
    if not has_ring:
        parts.insert(1, "1")
    if len(parts) < _POINT_FIELDS or not all(map(_NUMBER.fullmatch, parts[2:_POINT_FIELDS])):
        return None
    label, ring, first, second = parts[:_POINT_FIELDS]
    return PointLine(number, label, ring, float(first), float(second), len(parts) - _POINT_FIELDS, has_ring)
