"""Drawings to try the code on: footprints in whole units of 1e-8 degrees, valid by construction."""

import importlib
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import shapely
from hypothesis import strategies as st

UNITS_PER_DEG = 10**8
Ring = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A footprint as it was drawn: parts of one shell and its holes each, rings not closed."""

    parts: tuple[tuple[Ring, ...], ...]

    @property
    def geometry(self) -> shapely.MultiPolygon:
        polygons = [
            shapely.Polygon(_degrees(shell), [_degrees(hole) for hole in holes]) for shell, *holes in self.parts
        ]
        return shapely.MultiPolygon(polygons)


def _degrees(ring: Ring) -> list[tuple[float, float]]:
    return [(x / UNITS_PER_DEG, y / UNITS_PER_DEG) for x, y in ring]


@st.composite
def _star(draw, centre: tuple[int, int], inner: int, outer: int) -> Ring:
    """Draw a ring whose vertices stand at even angles around a centre: simple whatever the distances are."""
    count = draw(st.integers(3, 9))
    distances = draw(st.lists(st.integers(inner, outer), min_size=count, max_size=count))
    turns = [2 * math.pi * i / count for i in range(count)]
    return tuple(
        (centre[0] + round(r * math.cos(t)), centre[1] + round(r * math.sin(t)))
        for r, t in zip(distances, turns, strict=True)
    )


@st.composite
def _drawing(draw) -> Drawing:
    """Draw one to three parts side by side in China, some with a courtyard, 2 cm to 4 km wide."""
    size = draw(st.sampled_from([10**3, 10**4, 10**5, 10**6])) * draw(st.integers(1, 2))
    x = draw(st.integers(74 * UNITS_PER_DEG, 134 * UNITS_PER_DEG))
    y = draw(st.integers(18 * UNITS_PER_DEG, 53 * UNITS_PER_DEG))
    parts = []
    for i in range(draw(st.integers(1, 3))):
        centre = (x + 3 * i * size, y)
        rings = [draw(_star(centre, size // 2, size))]
        if draw(st.booleans()):
            rings.append(draw(_star(centre, size // 8, size // 5)))
        parts.append(tuple(rings))
    return Drawing(tuple(parts))


@pytest.fixture(scope="session")
def drawings() -> st.SearchStrategy[Drawing]:
    """The strategy itself: a fixture, so that no test module imports another."""
    return _drawing()


@pytest.fixture(scope="session")
def oracle() -> Iterator[SimpleNamespace]:
    """The reference implementation and what stands beside it: a program of its own and no package."""
    folder = Path(__file__).parents[2] / "data" / "vectors"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        modules: dict[str, ModuleType] = {path.stem: importlib.import_module(path.stem) for path in folder.glob("*.py")}
    yield SimpleNamespace(**modules)
    for name in modules:
        del sys.modules[name]
