"""Write the vectors of the building code: `python data/vectors/generate.py [FILE]`, by default beside this script.

The same bytes come out every time, on every machine. Nothing is read and nothing is downloaded; what a vector says is what
`reference.py` finds. The form of the file is annex B of docs/specification.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import footprints
import h3.api.basic_int as h3
import in_frames
import refused
import remarkable
import rounding
import texts
from reference import ALPHABET, Refused, cell_range, encode, read, tell

__all__ = ["vectors"]

Vector = dict[str, Any]
# degrees: a centroid nearer to the edge of its cell may fall on the other side on another machine
MARGIN_DEG = 1e-12


def vectors(*, without: tuple[str, ...] = ()) -> Iterator[Vector]:
    """Yield every vector in the order of the file, but for the groups to be left out."""
    for group in [*footprints.GROUPS, *remarkable.GROUPS, *rounding.GROUPS, *refused.GROUPS]:
        if group.__name__ not in without:
            yield from _numbered(group, _of_footprint)
    for frame_group in in_frames.FRAME_GROUPS:
        yield from _numbered(frame_group, _of_footprint_in_a_frame)
    for text_group in texts.TEXT_GROUPS:
        yield from _numbered(text_group, _of_text)
    yield from _numbered(texts.told_by_a_code, _of_code)
    yield from _numbered(texts.coarser_cells, _of_coarser_cell)


def _numbered(group: Callable[[Random], Iterator[Any]], vector_of: Callable[[Any], Vector]) -> Iterator[Vector]:
    """Yield the vectors of a group, each with its name; a group's random numbers depend on its name alone."""
    name = group.__name__
    for number, given in enumerate(group(Random(name)), start=1):
        yield {"id": f"{name}-{number:03}", "group": name, **vector_of(given)}


def _of_footprint_in_a_frame(given: tuple[Any, str | None]) -> Vector:
    geometry, crs = given
    return {"crs": crs, **_of_footprint(geometry, crs=crs)}


def _of_footprint(geometry: Any, *, crs: str | None = "EPSG:4490") -> Vector:
    try:
        coded = encode(geometry, crs=crs)
    except Refused as refusal:
        return {"geometry": geometry, "fault": str(refusal)}
    if not _is_clear(coded.x, coded.y, int(coded.h3, 16)):
        raise ValueError(f"the centroid ({coded.x}, {coded.y}) is too near to the edge of its cell: {geometry}")
    return {"geometry": geometry, **coded._asdict(), "double_area": str(coded.double_area)}


def _is_clear(x: int, y: int, cell: int) -> bool:
    """Tell whether a centroid lies in its cell with a margin on every side."""
    steps = (-MARGIN_DEG, 0, MARGIN_DEG)
    return all(h3.latlng_to_cell(y / 1e8 + north, x / 1e8 + east, 15) == cell for north in steps for east in steps)


def _of_text(text: str) -> Vector:
    try:
        return {"text": text, **read(text)._asdict()}
    except Refused as refusal:
        return {"text": text, "fault": str(refusal)}


def _of_code(text: str) -> Vector:
    return tell(text)._asdict()


def _of_coarser_cell(cell: int) -> Vector:
    first, last = cell_range(cell)
    return {"cell": f"{cell:x}", "first": first, "last": last, "from": _ten_letters(first), "to": _ten_letters(last)}


def _ten_letters(number: int) -> str:
    return "".join(ALPHABET[number // 31**place % 31] for place in range(9, -1, -1))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("building_code.jsonl")
    lines = [json.dumps(vector, separators=(",", ":")) for vector in vectors()]
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(lines)} vectors, {target.stat().st_size:,} bytes: {target}")
