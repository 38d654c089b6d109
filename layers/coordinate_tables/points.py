"""Boundary points out of rows, and what they bound.

A point belongs to the feature that its row names, wherever it stands. Where no column names one it belongs to that of the
rows around it, up to the next blank row or title; where its number goes on across one, nothing tells, and it is refused.
Each row is a point, or is told by its number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from layers.boundary_text.lines import POINTS
from layers.boundary_text.rings import Outline, Vertex, build_outline
from layers.coordinate_tables.columns import Columns
from layers.coordinate_tables.numbers import number_of
from layers.coordinate_tables.order import are_exchanged, first_direction
from layers.errors import refused
from layers.remarks import Counted, Note, remark
from layers.tables import Table, narrow

__all__ = ["read_points"]

_SUM = re.compile(r"\s*((合|总|小)\s*计|sum\b|total\b)", re.IGNORECASE)
_LABEL = re.compile(r"\w{0,4}?\d+")
_LAST_NUMBER = re.compile(r"(\d{1,9})(?:\.0+)?\D*$", re.ASCII)
# a number with a letter in the place of a digit
_BROKEN_NUMBER = re.compile(r"\s*[+-]?\d[\dOoIl.,\s]*")
_PAGE = re.compile(r"续|第\s*\d+\s*页|共\s*\d+\s*页|\bpage\s*\d|continued", re.IGNORECASE)
# 2号楼(续), at the head of the next page
_CONTINUED = re.compile(r"(?:续表?|[（(]\s*续表?\s*[)）])$")
_MIN_CLOSED = 4
_MAX_SHOWN = 12
_SENTENCES = read_sentences("layers", "faults.toml")


class _Layout(NamedTuple):
    """Positions of the columns that are known; None of those that a table does not have."""

    first: int
    second: int
    feature: int | None
    ring: int | None
    labels: tuple[int, ...]
    names: Sequence[str]
    # whether nothing else stands in the table than what makes points
    is_list: bool
    of_points: frozenset[int]

    @property
    def label(self) -> int | None:
        """Return the column of the points' numbers."""
        return self.labels[0] if self.labels and self.labels[0] != self.ring else None


class _Break(IntEnum):
    """What stands between a point and the one above it; of several, what parts them most."""

    NONE = 0
    PAGE = 1  # the headings once more, 续表, 第 2 页
    TITLE = 2
    BLANK = 3


class _Row(NamedTuple):
    """A row that should be a point: its number in the table, its cells, and its two coordinates, None where they are none."""

    line: int
    cells: Sequence[Any]
    first: float | None
    second: float | None
    after: _Break

    @property
    def is_point(self) -> bool:
        return self.first is not None and self.second is not None


@dataclass(slots=True)
class _Found:
    """The rows of a table, taken for what they are."""

    points: list[_Row] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    filled: int = 0


class _Group(NamedTuple):
    """The rows of what has one name; without names `doubt` is a row of which nothing tells whether it goes on, and that above."""

    name: str | None
    rows: list[_Row]
    doubt: tuple[_Row, _Row] | None = None


class _Feature(NamedTuple):
    """What some rows make."""

    name: str | None
    rows: Sequence[_Row]
    outline: Outline


def read_points(rows: Sequence[Sequence[Any]], columns: Columns) -> Table:
    """Return what the points of a table bound, a feature a row; those that are refused have their points as ``界址点``.

    Parameters
    ----------
    rows
        The cells of all rows.
    columns
        Which column is what.

    Raises
    ------
    RefusedFile
        Nothing tells which coordinate is north, or which points belong together.
    """
    layout = _layout(rows, columns)
    found = _take_apart(rows, columns, layout)
    is_east_first, said = _order(found.points, columns)
    groups = _groups(found, layout)
    exchanged = _exchanged(found.points)
    features = [
        feature for group in groups for feature in _features(group, layout, exchanged, is_east_first=is_east_first)
    ]
    attributes, left_out = _attributes(features, layout)
    notes = [*said, *_notes(found, left_out), *_closed(features)]
    return Table(
        geometries=_objects([feature.outline.geometry for feature in features]),
        faults=_objects([feature.outline.fault for feature in features]),
        columns=[*attributes, *_points_of_refused(features, layout, is_east_first=is_east_first)],
        source_ids=[feature.name for feature in features],
        notes=tuple(notes),
    )


def _layout(rows: Sequence[Sequence[Any]], columns: Columns) -> _Layout:
    roles, pair = dict(columns.roles), columns.pair or ("x", "y")
    number = roles.pop("number", None)
    if number is not None and "feature" not in roles:
        values = [row[number] for row in rows[columns.row + 1 :] if number < len(row) and row[number] is not None]
        # one that every row has for itself is a point's, or nobody's
        roles.setdefault("feature" if len(set(values)) < len(values) else "point", number)
    labels = tuple(roles[role] for role in ("point", "order", "ring") if role in roles)
    of_points = {roles[role] for role in (*pair, "ring", "point", "order", "height") if role in roles}
    named = {position for position, name in enumerate(columns.names) if name != str(position + 1)}
    return _Layout(
        roles[pair[0]],
        roles[pair[1]],
        roles.get("feature"),
        roles.get("ring"),
        labels,
        columns.names,
        named <= of_points,
        frozenset(of_points),
    )


def _take_apart(rows: Sequence[Sequence[Any]], columns: Columns, layout: _Layout) -> _Found:
    found, gap, width = _Found(), _Break.NONE, len(layout.names)
    headings = [str(cell) for cell in rows[columns.row]]
    for line, row in enumerate(rows[columns.row + 1 :], start=columns.row + 2):
        cells = [*row, *[None] * (width - len(row))]
        texts = [cell for cell in cells if cell is not None]
        point = _Row(line, cells, number_of(cells[layout.first]), number_of(cells[layout.second]), gap)
        if not texts:
            gap = _Break.BLANK
        elif not point.is_point and _SUM.match(str(texts[0])):
            found.sums.append(line)
            gap = max(gap, _Break.TITLE)
        elif not point.is_point and _is_note(cells, layout, headings):
            found.others.append(line)
            is_page = _are_headings(cells, headings) or any(_PAGE.search(str(text)) for text in texts)
            gap = max(gap, _Break.PAGE if is_page else _Break.TITLE)
        else:
            found.points.append(point)
            gap = _Break.NONE
    return found


def _are_headings(cells: Sequence[Any], headings: Sequence[str]) -> bool:
    return [str(cell) for cell in cells[: len(headings)]] == list(headings)


def _is_note(cells: Sequence[Any], layout: _Layout, headings: Sequence[str]) -> bool:
    """Return whether a row is a title, a remark or the headings once more, and no point whose coordinates are missing."""
    if _are_headings(cells, headings):
        return True
    texts = {cell for cell in cells if cell is not None}
    # a cell that is merged across the table stands in each column
    if len(texts) == 1 and number_of(next(iter(texts))) is None and not _LABEL.fullmatch(str(next(iter(texts)))):
        return True
    labels = [str(cells[place]) for place in layout.labels if cells[place] is not None]
    if not layout.labels or any(map(_LABEL.fullmatch, labels)):
        return False
    if cells[layout.first] is None and cells[layout.second] is None:
        return True
    # who drew and who checked it, below the columns: no name of a point, and nothing that was meant for a number
    said = [cells[place] for place in (layout.first, layout.second)]
    is_number = any(number_of(cell) is not None or _BROKEN_NUMBER.fullmatch(str(cell)) for cell in said)
    return not is_number and all(":" in label or "：" in label for label in labels)


def _order(points: Sequence[_Row], columns: Columns) -> tuple[bool, list[Note]]:
    """Return whether the first of the two coordinates is east, and what is to be said of it."""
    pairs = [(row.first, row.second) for row in points if row.is_point]
    first, second = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    shown = first_direction(first, second)
    pair = columns.pair or ("x", "y")
    names = [columns.names[columns.roles[role]] for role in pair]
    if pair == ("x", "y"):
        if shown is None:
            raise refused("table_order", names=", ".join(names))
        return shown == "east", [remark("table_x_is_north", name=names[0])] if shown == "north" else []
    if shown == "north" and not columns.is_told:
        return False, [remark("table_order_against", east=names[0], north=names[1])]
    return True, []


def _exchanged(points: Sequence[_Row]) -> frozenset[int]:
    """Return the lines on which the two coordinates lie where the others tell that they should be the other way round."""
    placed = [row for row in points if row.is_point]
    pairs = np.array([(row.first, row.second) for row in placed], dtype=np.float64).reshape(-1, 2)
    return frozenset(placed[row].line for row in np.flatnonzero(are_exchanged(*pairs.T)))


def _groups(found: _Found, layout: _Layout) -> list[_Group]:
    """Return the rows of each feature, in the order in which they come up; a row that names none goes with the one above."""
    if layout.feature is None:
        return _blocks(found.points, layout)
    groups: dict[str | None, list[_Row]] = {}
    name: str | None = None
    for row in found.points:
        value = row.cells[layout.feature]
        found.filled += value is None and name is not None
        name = name if value is None else str(value)
        begun = groups.get(_CONTINUED.sub("", name).rstrip()) if name is not None and name not in groups else None
        if begun:
            cells = list(row.cells)
            cells[layout.feature] = begun[0].cells[layout.feature]
            begun.append(row._replace(cells=cells))
        else:
            groups.setdefault(name, []).append(row)
    return [_Group(name, rows) for name, rows in groups.items()]


def _blocks(points: Sequence[_Row], layout: _Layout) -> list[_Group]:
    """Return the rows of each feature where no column names one: by what stands between, and by how they are numbered."""
    blocks: list[_Group] = []
    # the points of the ring that is under way
    ring: list[_Row] = []
    for row, below in zip_longest(points, points[1:]):
        is_alone = below is None or below.after is not _Break.NONE
        goes_on = _goes_on(ring, row, layout, is_alone=is_alone) if blocks else False
        if goes_on is False:
            blocks.append(_Group(None, [row]))
            ring = [row]
            continue
        last = blocks[-1]
        if goes_on is None and last.doubt is None:
            blocks[-1] = last = last._replace(doubt=(last.rows[-1], row))
        last.rows.append(row)
        ring.append(row)
        if len(ring) >= _MIN_CLOSED and (row.first, row.second) == (ring[0].first, ring[0].second):
            ring = []
    return blocks


def _goes_on(ring: Sequence[_Row], row: _Row, layout: _Layout, *, is_alone: bool) -> bool | None:
    """Return whether a point belongs to the block above it; None where nothing tells.

    Parameters
    ----------
    ring
        The points of the ring that is under way there, none where it is closed.
    is_alone
        Whether no point follows at once.
    """
    if row.after is _Break.NONE:
        return True
    is_another = bool(ring) and layout.ring is not None and ring[-1].cells[layout.ring] != row.cells[layout.ring]
    # places one by one are no ring
    if not ring or is_another or (len(ring) == 1 and is_alone and row.after is _Break.BLANK):
        return row.after is not _Break.BLANK
    above, number = _number_in(ring[-1], layout), _number_in(row, layout)
    is_higher = above is not None and number is not None and number > above
    if row.after is _Break.PAGE:
        return True if is_higher else None
    return None if is_higher else False


def _number_in(row: _Row, layout: _Layout) -> int | None:
    """Return the number of a point, such as 4 of J4."""
    found = None if layout.label is None else _LAST_NUMBER.search(str(row.cells[layout.label] or ""))
    return int(found[1]) if found else None


def _features(group: _Group, layout: _Layout, exchanged: frozenset[int], *, is_east_first: bool) -> Iterator[_Feature]:
    name, rows, doubt = group
    fault = _fault_of(rows, layout, exchanged)
    if fault is not None:
        yield _Feature(name, rows, Outline(None, fault))
        return
    outline = _outline(_vertices(rows, layout, is_east_first=is_east_first), layout)
    if doubt is not None:
        yield _Feature(name, rows, Outline(None, _torn_fault(*doubt, layout)))
        return
    parts = shapely.get_parts(outline.geometry) if outline.geometry is not None else [None]
    if layout.feature is not None or layout.ring is not None or len(parts) == 1:
        yield _Feature(name, rows, outline)
        return
    # where nothing names a building, rings apart from one another are buildings
    for number, part in enumerate(parts):
        yield _Feature(name, rows, Outline(part, closed=outline.closed if number == 0 else 0))


def _outline(vertices: Sequence[Vertex], layout: _Layout) -> Outline:
    if len(vertices) == 1:
        return Outline(shapely.Point(vertices[0].x, vertices[0].y))
    is_known = layout.feature is not None or layout.ring is not None or layout.is_list
    outline = build_outline(vertices, may_close=is_known)
    if outline.fault is not None and outline.fault.kind == "boundary_ring_open" and not is_known:
        raise refused("table_feature_missing", names=", ".join(layout.names[:_MAX_SHOWN]))
    return outline


def _vertices(rows: Sequence[_Row], layout: _Layout, *, is_east_first: bool) -> list[Vertex]:
    """Return the points of a feature; what lies between their rows is nothing to them."""
    return [
        Vertex(
            line=row.line,
            label="" if layout.label is None else str(row.cells[layout.label] or ""),
            ring="" if layout.ring is None else str(row.cells[layout.ring] or ""),
            x=float((row.first if is_east_first else row.second) or 0),
            y=float((row.second if is_east_first else row.first) or 0),
        )
        for row in rows
    ]


def _fault_of(rows: Sequence[_Row], layout: _Layout, exchanged: frozenset[int]) -> Fault | None:
    """Return what is wrong with the rows of a feature one by one."""
    odd = [row for row in rows if not row.is_point]
    wrong = odd or [row for row in rows if row.line in exchanged]
    if not wrong:
        return None
    lines = ", ".join(str(row.line) for row in wrong[:_MAX_SHOWN])
    found = ", ".join(str(wrong[0].cells[place] or "–")[:30] for place in (layout.first, layout.second))
    kind = "boundary_line" if odd else "table_exchanged"
    return _SENTENCES.fault(kind, lines=lines, count=len(wrong), found=found)


def _torn_fault(above: _Row, row: _Row, layout: _Layout) -> Fault:
    label = "–" if layout.label is None else row.cells[layout.label]
    return _SENTENCES.fault("boundary_ring_torn", before=above.line, line=row.line, label=label)


def _attributes(features: Sequence[_Feature], layout: _Layout) -> tuple[list[tuple[str, NDArray[Any]]], list[str]]:
    """Return the columns that have one value a feature, and the names of those that have not."""
    filled = {
        place
        for place in range(len(layout.names))
        if any(row.cells[place] is not None for feature in features for row in feature.rows)
    }
    named = {place for place, name in enumerate(layout.names) if name != str(place + 1)}
    kept, varying = [], set[int]()
    for place in sorted((filled | named) - layout.of_points):
        said = [
            {row.cells[place]: None for row in feature.rows if row.cells[place] is not None} for feature in features
        ]
        if max(map(len, said), default=0) > 1:
            varying.add(place)
        else:
            kept.append((layout.names[place], narrow(_objects([next(iter(values), None) for values in said]))))
    return kept, [layout.names[place] for place in sorted(varying | filled.intersection(layout.labels))]


def _points_of_refused(
    features: Sequence[_Feature], layout: _Layout, *, is_east_first: bool
) -> list[tuple[str, NDArray[Any]]]:
    """Return the column of the points of features that are refused, as boundary-point texts have them; none where none is."""
    first, second = (layout.second, layout.first) if is_east_first else (layout.first, layout.second)
    places = (layout.labels[0] if layout.labels else None, layout.ring, first, second)
    points = [
        None if feature.outline.fault is None else "\n".join(_line(row, places) for row in feature.rows)
        for feature in features
    ]
    return [(POINTS, _objects(points))] if any(points) else []


def _line(row: _Row, places: Sequence[int | None]) -> str:
    cells = [None if place is None else row.cells[place] for place in places]
    return ",".join("" if cell is None else str(cell) for cell in cells)


def _notes(found: _Found, left_out: Sequence[str]) -> Iterator[Note]:
    if found.sums:
        yield remark("table_sums", count=len(found.sums), lines=_shown(found.sums))
    if found.others:
        yield remark("table_rows_unread", count=len(found.others), lines=_shown(found.others))
    if found.filled:
        yield remark("table_features_filled", count=found.filled)
    if left_out:
        yield remark("table_columns_left_out", count=len(left_out), names=", ".join(left_out[:_MAX_SHOWN]))


def _closed(features: Sequence[_Feature]) -> list[Note]:
    closed = sum(feature.outline.closed > 0 for feature in features)
    return [Counted("rings_closed", closed)] if closed else []


def _shown(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:_MAX_SHOWN])) + (" …" if len(lines) > _MAX_SHOWN else "")


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.full(len(values), None, dtype=object)
    array[:] = values
    return array
