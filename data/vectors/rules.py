"""Footprints too large to write out vertex by vertex: annex B of docs/specification.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["degrees", "follow_rule"]

Unit = tuple[int, int]


def degrees(ring: list[Unit]) -> list[list[float]]:
    """Return a ring of units of 1e-8 degrees as a closed ring of degrees."""
    return [[x / 1e8, y / 1e8] for x, y in [*ring, ring[0]]]


def follow_rule(given: dict[str, Any]) -> dict[str, Any]:
    """Return the GeoJSON object that a rule describes."""
    parameters = {name: value for name, value in given.items() if name != "rule"}
    rules: dict[str, Callable[..., dict[str, Any]]] = {"profile": _profile, "grid": _grid, "sieve": _sieve}
    return rules[given["rule"]](**parameters)


def _profile(  # noqa: PLR0913 - the parameters of annex B
    *, x: int, y: int, step: int, count: int, height: int, rise: int, modulus: int, unclosed: int = 0, nan: int = 0
) -> dict[str, Any]:
    """Return a hall with a straight wall in the south and a ragged one in the north; not closed, or with a lost x."""
    north = [(x + i * step, y + height + i * i * rise % modulus) for i in range(count, -1, -1)]
    ring: list[list[Any]] = degrees([(x, y), (x + count * step, y), *north])
    if nan:
        ring[nan] = ["NaN", ring[nan][1]]
    return {"type": "Polygon", "coordinates": [ring[:-1] if unclosed else ring]}


def _grid(*, x: int, y: int, columns: int, rows: int, size: int, gap: int) -> dict[str, Any]:
    """Return a building of many square parts, side by side."""
    return {
        "type": "MultiPolygon",
        "coordinates": [[degrees(square)] for square in _squares(x, y, columns, rows, size, gap)],
    }


def _sieve(*, x: int, y: int, columns: int, rows: int, size: int, gap: int) -> dict[str, Any]:
    """Return a building with many square courtyards."""
    width, depth = columns * (size + gap) + gap, rows * (size + gap) + gap
    shell = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]
    holes = _squares(x + gap, y + gap, columns, rows, size, gap)
    return {"type": "Polygon", "coordinates": [degrees(ring) for ring in [shell, *holes]]}


def _squares(x: int, y: int, columns: int, rows: int, size: int, gap: int) -> list[list[Unit]]:
    corners = [(x + i * (size + gap), y + j * (size + gap)) for j in range(rows) for i in range(columns)]
    return [[(w, s), (w + size, s), (w + size, s + size), (w, s + size)] for w, s in corners]
