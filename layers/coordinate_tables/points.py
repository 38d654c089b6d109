"""Boundary points out of rows, and what they bound.

A point belongs to the feature that its row names; where no column names one, to that of the rows around it, up to the next
blank one. Each row is a point, or is told by its number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from layers.boundary_text.lines import POINTS
from layers.boundary_text.rings import Outline, Vertex, build_outline
from layers.coordinate_tables.columns import Columns
from layers.coordinate_tables.numbers import number_of
from layers.coordinate_tables.order import first_direction
from layers.errors import refused
from layers.remarks import Counted, Note, remark
from layers.tables import Table, narrow

__all__ = ["read_points"]

_SUM = re.compile(r"\s*((合|总|小)\s*计|sum\b|total\b)", re.IGNORECASE)
_LABEL = re.compile(r"\w{0,4}?\d+")
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


class _Row(NamedTuple):
    """A row that should be a point: its number in the table, its cells, and its two coordinates, None where they are none."""

    line: int
    cells: Sequence[Any]
    first: float | None
    second: float | None
    run: int

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
    features = [
        feature for name, group in groups for feature in _features(name, group, layout, is_east_first=is_east_first)
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
    found, run, width = _Found(), 0, len(layout.names)
    headings = [str(cell) for cell in rows[columns.row]]
    for line, row in enumerate(rows[columns.row + 1 :], start=columns.row + 2):
        cells = [*row, *[None] * (width - len(row))]
        texts = [cell for cell in cells if cell is not None]
        point = _Row(line, cells, number_of(cells[layout.first]), number_of(cells[layout.second]), run)
        if not texts:
            run += 1
        elif not point.is_point and _SUM.match(str(texts[0])):
            found.sums.append(line)
        elif not point.is_point and _is_note(cells, layout, headings):
            found.others.append(line)
        else:
            found.points.append(point)
    return found


def _is_note(cells: Sequence[Any], layout: _Layout, headings: Sequence[str]) -> bool:
    """Return whether a row is a title, a remark or the headings once more, and no point whose coordinates are missing."""
    if [str(cell) for cell in cells[: len(headings)]] == list(headings):
        return True
    texts = {cell for cell in cells if cell is not None}
    # a cell that is merged across the table stands in each column
    if len(texts) == 1 and number_of(next(iter(texts))) is None and not _LABEL.fullmatch(str(next(iter(texts)))):
        return True
    has_label = any(cells[place] is not None and _LABEL.fullmatch(str(cells[place])) for place in layout.labels)
    return bool(layout.labels) and cells[layout.first] is None and cells[layout.second] is None and not has_label


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


def _groups(found: _Found, layout: _Layout) -> list[tuple[str | None, list[_Row]]]:
    """Return the rows of each feature, in the order in which they come up; a row that names none goes with the one above."""
    if layout.feature is None:
        blocks: dict[int, list[_Row]] = {}
        for row in found.points:
            blocks.setdefault(row.run, []).append(row)
        return [(None, block) for block in blocks.values()]
    groups: dict[str | None, list[_Row]] = {}
    name: str | None = None
    for row in found.points:
        value = row.cells[layout.feature]
        found.filled += value is None and name is not None
        name = name if value is None else str(value)
        groups.setdefault(name, []).append(row)
    return list(groups.items())


def _features(name: str | None, rows: Sequence[_Row], layout: _Layout, *, is_east_first: bool) -> Iterator[_Feature]:
    odd = [row for row in rows if not row.is_point]
    if odd:
        yield _Feature(name, rows, Outline(None, _odd_fault(odd, layout)))
        return
    outline = _outline(_vertices(rows, layout, is_east_first=is_east_first), layout)
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
    """Return the points of a feature; where other rows lie between, a ring does not go on."""
    runs = np.cumsum([0, *(after.line - before.line > 1 for before, after in pairwise(rows))]).tolist()
    label = layout.labels[0] if layout.labels and layout.labels[0] != layout.ring else None
    return [
        Vertex(
            line=row.line,
            label="" if label is None else str(row.cells[label] or ""),
            ring="" if layout.ring is None else str(row.cells[layout.ring] or ""),
            x=float((row.first if is_east_first else row.second) or 0),
            y=float((row.second if is_east_first else row.first) or 0),
            run=run,
        )
        for row, run in zip(rows, runs, strict=True)
    ]


def _odd_fault(odd: Sequence[_Row], layout: _Layout) -> Fault:
    lines = ", ".join(str(row.line) for row in odd[:_MAX_SHOWN])
    found = ", ".join(str(odd[0].cells[place] or "–")[:30] for place in (layout.first, layout.second))
    return _SENTENCES.fault("boundary_line", lines=lines, count=len(odd), found=found)


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
