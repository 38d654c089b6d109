"""A second survey of a real city, made with known truth: what `matching.py` measures on.

A city's footprints are the known ones. The second survey demolishes, rebuilds, splits, merges, adds and draws anew, then
measures everything with the errors of a regime: a systematic shift with a turn and a stretch, an offset of each block
and each building, noise at each vertex, simplification, walls for eaves. The truth is a set of pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

__all__ = ["REGIMES", "Regime", "SecondSurvey", "made_up_town", "survey_again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How a second survey errs and what has changed: lengths in metres, changes as shares of the buildings."""

    shift_m: float = 2.0
    turn_mrad: float = 0.0
    stretch: float = 0.0
    bend_m: float = 0.0
    sheets_m: float = 0.0
    block_offset_m: float = 0.2
    offset_m: float = 0.2
    noise_m: float = 0.05
    heavy_tails: bool = False
    simplify_m: float = 0.0
    buffer_m: float = 0.0
    boxes: float = 0.0
    annexes: float = 0.05
    splits: float = 0.03
    merges: float = 0.03
    demolished: float = 0.03
    rebuilt: float = 0.0
    added: float = 0.04
    doubled: float = 0.0


@dataclass(frozen=True, slots=True)
class SecondSurvey:
    """What was delivered, and what is true.

    Attributes
    ----------
    delivered, known
        Footprints in metres.
    edges
        The true pairs (delivered, known).
    undecidable
        Delivered rows of which geometry alone cannot tell (rebuilt on the same site); they are not counted.
    doubled
        Delivered rows that are there twice, all of them.
    """

    delivered: Any
    known: Any
    edges: frozenset[tuple[int, int]]
    undecidable: frozenset[int] = field(default_factory=frozenset)
    doubled: frozenset[int] = field(default_factory=frozenset)


REGIMES = {
    "careful": Regime(shift_m=0.3, block_offset_m=0.05, offset_m=0.05, noise_m=0.02),
    "shifted": Regime(shift_m=3.0, turn_mrad=0.2, block_offset_m=0.2, offset_m=0.15, noise_m=0.05),
    "eaves": Regime(shift_m=1.0, block_offset_m=0.5, offset_m=0.3, noise_m=0.1, buffer_m=0.5, simplify_m=0.5),
    "imagery": Regime(
        shift_m=2.5, bend_m=1.0, block_offset_m=0.8, offset_m=0.4, noise_m=0.3, simplify_m=1.0, boxes=0.3, annexes=0.1
    ),
    "rough": Regime(
        shift_m=4.0,
        turn_mrad=0.3,
        block_offset_m=1.2,
        offset_m=0.8,
        noise_m=0.5,
        simplify_m=1.0,
        boxes=0.2,
        annexes=0.1,
    ),
    "scattered": Regime(shift_m=1.0, block_offset_m=0.0, offset_m=1.0, noise_m=0.1),
    "redrawn": Regime(
        shift_m=1.5, block_offset_m=0.4, offset_m=0.3, noise_m=0.1, splits=0.12, merges=0.12, annexes=0.1
    ),
    "blocks": Regime(shift_m=2.0, block_offset_m=0.4, offset_m=0.2, noise_m=0.1, splits=0.4, merges=0.3),
    "sheets": Regime(shift_m=1.0, sheets_m=2.5, stretch=2e-4, block_offset_m=0.3, offset_m=0.2, noise_m=0.1),
    "rebuilt": Regime(shift_m=2.0, block_offset_m=0.3, offset_m=0.3, noise_m=0.1, rebuilt=0.05, doubled=0.01),
    "long tailed": Regime(shift_m=3.0, bend_m=1.5, block_offset_m=0.6, offset_m=0.3, noise_m=0.15, heavy_tails=True),
}


def survey_again(known: Any, regime: Regime, *, seed: int) -> SecondSurvey:
    """Survey a city again.

    Parameters
    ----------
    known
        Valid polygons in metres, shape (n,).
    """
    rng = np.random.default_rng(seed)
    blocks = _blocks(known)
    shapes, sources = _change(known, regime, rng)
    block = np.array([blocks[source[0]] if source else -1 for source in sources])
    shapes, kept = _add(shapes, known, regime, rng), block
    new = len(shapes) - len(sources)
    sources += [()] * new
    kept = np.concatenate([kept, np.full(new, -1)])
    undecidable = {row for row, source in enumerate(sources) if source and source[0] < 0}
    measured = _measure(np.array(shapes, dtype=object), kept, regime, rng)
    twice = np.flatnonzero(rng.random(len(measured)) < regime.doubled)
    again = _shaken(measured[twice], np.full(len(twice), 0.01), rng)
    measured, sources = np.concatenate([measured, again]), sources + [()] * len(twice)
    order = rng.permutation(len(measured))
    places = np.argsort(order)
    edges = {(int(places[row]), k) for row, source in enumerate(sources) for k in source if k >= 0}
    doubled = {int(places[row]) for row in (*twice.tolist(), *range(len(measured) - len(twice), len(measured)))}
    return SecondSurvey(
        measured[order], known, frozenset(edges), frozenset(int(places[row]) for row in undecidable), frozenset(doubled)
    )


def _change(known: Any, regime: Regime, rng: Any) -> tuple[list[Any], list[tuple[int, ...]]]:
    """Return the buildings as they are now, and of which known ones each is made; (-1,) of nobody knows."""
    shapes: list[Any] = []
    sources: list[tuple[int, ...]] = []
    merged = _merge(known, regime, rng)
    used = {k for pair in merged for k in pair}
    for pair in merged:
        shapes.append(shapely.union_all(known[list(pair)]))
        sources.append(pair)
    areas, tree = shapely.area(known), shapely.STRtree(known)
    for k, shape in enumerate(known):
        draw = rng.random()
        if k in used or draw < regime.demolished:
            continue
        draw -= regime.demolished
        if draw < regime.rebuilt:
            shapes.append(_free(lambda shape=shape: _rebuilt(shape, rng), k, known, tree))
            sources.append((-1,))
        elif draw - regime.rebuilt < regime.splits and areas[k] > 60:
            parts = _split(shape, int(rng.integers(2, 7)))
            shapes += parts
            sources += [(k,)] * len(parts)
        elif draw - regime.rebuilt - regime.splits < regime.annexes and areas[k] > 40:
            shapes.append(_free(lambda shape=shape: _annexed(shape, rng), k, known, tree))
            sources.append((k,))
        else:
            shapes.append(_boxed(shape) if rng.random() < regime.boxes else shape)
            sources.append((k,))
    return shapes, sources


def _merge(known: Any, regime: Regime, rng: Any) -> list[tuple[int, ...]]:
    """Return groups of two to five that touch along a wall."""
    i, j = shapely.STRtree(known).query(known, predicate="intersects")
    some = i < j
    i, j = i[some], j[some]
    shared = shapely.intersection(known[i], known[j])
    walls = (shapely.length(shared) > 3) & (shapely.area(shared) < 1)
    i, j = i[walls], j[walls]
    neighbours: dict[int, list[int]] = {}
    for left, right in zip([*i.tolist(), *j.tolist()], [*j.tolist(), *i.tolist()], strict=True):
        neighbours.setdefault(left, []).append(right)
    used: set[int] = set()
    groups = []
    for place in rng.permutation(len(i)):
        if len(used) >= 2 * regime.merges * len(known):
            break
        group = [int(i[place])]
        for _ in range(int(rng.integers(1, 5))):
            beside = [k for k in neighbours[group[-1]] if k not in used and k not in group]
            group += beside[:1]
        if len(group) > 1 and group[0] not in used:
            used |= set(group)
            groups.append(tuple(group))
    return groups


def _axes(shape: Any) -> tuple[Any, Any, Any]:
    """Return a corner of the smallest rectangle around a shape, its longer and its shorter side."""
    corner, second, _, last, _ = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    first, other = second - corner, last - corner
    return (corner, first, other) if np.hypot(*first) >= np.hypot(*other) else (corner, other, first)


def _split(shape: Any, number: int) -> list[Any]:
    """Return the houses that a block is when it is cut across its longer side; each at least 3.5 m wide."""
    corner, along, across = _axes(shape)
    number = max(2, min(number, int(np.hypot(*along) / 3.5)))
    parts = []
    for part in range(number):
        begin, end = corner + along * part / number, corner + along * (part + 1) / number
        slab = shapely.Polygon([begin - across, end - across, end + 2 * across, begin + 2 * across])
        piece = shapely.intersection(shape, slab)
        parts += [each for each in shapely.get_parts(piece) if shapely.area(each) > 8]
    return parts or [shape]


def _annexed(shape: Any, rng: Any) -> Any:
    """Return a shape with an annex added at a side or a corner cut off."""
    corner, along, across = _axes(shape)
    at, length, depth = rng.uniform(0, 0.6), rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.5)
    begin, end = corner + along * at, corner + along * (at + length)
    if rng.random() < 0.6:
        annex = shapely.Polygon(
            [begin + 0.1 * across, end + 0.1 * across, end - depth * across, begin - depth * across]
        )
        changed = shapely.union(shape, annex)
    else:
        cut = shapely.Polygon([begin - across, end - across, end + depth * across, begin + depth * across])
        changed = shapely.difference(shape, cut)
    largest = max(shapely.get_parts(changed), key=shapely.area)
    return largest if shapely.area(largest) > 0.4 * shapely.area(shape) else shape


def _free(draw: Callable[[], Any], k: int, known: Any, tree: Any) -> Any:
    """Return the first of some drawings that leaves the neighbours alone; the building as it was where none does."""
    for _ in range(6):
        drawn = draw()
        others = [each for each in tree.query(drawn, predicate="intersects").tolist() if each != k]
        before = shapely.area(shapely.intersection(known[k], known[others])).sum()
        if shapely.area(shapely.intersection(drawn, known[others])).sum() <= before + 0.5:
            return drawn
    return known[k]


def _rebuilt(shape: Any, rng: Any) -> Any:
    """Return another building on the same site: turned, of other proportions."""
    x, y = shapely.get_coordinates(shapely.centroid(shape))[0] + rng.normal(0, 3, 2)
    side = np.sqrt(shapely.area(shape))
    width, depth = side * rng.uniform(0.6, 1.8), side * rng.uniform(0.6, 1.8)
    box = shapely.box(x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)
    return _turned(box, np.array([x, y]), rng.uniform(0, np.pi))


def _boxed(shape: Any) -> Any:
    """Return the rectangle of a shape that nearly is one."""
    box = shapely.minimum_rotated_rectangle(shape)
    return box if shapely.area(shape) > 0.75 * shapely.area(box) else shape


def _turned(shape: Any, centre: Any, angle: float) -> Any:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return shapely.transform(shape, lambda xy: (xy - centre) @ turn.T + centre)


def _add(shapes: list[Any], known: Any, regime: Regime, rng: Any) -> list[Any]:
    """Add buildings like those there are, near others, where nothing stands."""
    wanted = int(regime.added * len(known))
    tree = shapely.STRtree(known)
    added: list[Any] = []
    for _ in range(20 * wanted):
        if len(added) >= wanted:
            break
        model, neighbour = known[rng.integers(len(known))], known[rng.integers(len(known))]
        place = shapely.get_coordinates(shapely.centroid(neighbour))[0] + rng.normal(0, 15, 2)
        here = shapely.get_coordinates(shapely.centroid(model))[0]
        candidate = _turned(shapely.transform(model, lambda xy, d=place - here: xy + d), place, rng.uniform(0, np.pi))
        if len(tree.query(candidate, predicate="dwithin", distance=1.0)) == 0 and not any(
            shapely.dwithin(candidate, other, 1.0) for other in added[-200:]
        ):
            added.append(candidate)
    return shapes + added


def _measure(shapes: Any, block: Any, regime: Regime, rng: Any) -> Any:
    """Return shapes as the second survey measures them, all valid."""
    if regime.simplify_m:
        simple = shapely.simplify(shapes, rng.uniform(0, regime.simplify_m, len(shapes)))
        shapes = np.where(shapely.is_valid(simple) & (shapely.area(simple) > 4), simple, shapes)
    if regime.buffer_m:
        width = regime.buffer_m * rng.choice([-1, 1]) * rng.uniform(0.3, 1.0, len(shapes))
        wider = shapely.buffer(shapes, width, join_style="mitre")
        sound = (shapely.area(wider) > 0.4 * shapely.area(shapes)) & (shapely.get_num_geometries(wider) == 1)
        sound &= shapely.is_valid(wider)
        shapes = np.where(sound, wider, shapes)
    sigma = np.full(len(shapes), regime.noise_m) * rng.uniform(0.5, 1.5, len(shapes))
    noisy = _shaken(shapes, sigma, rng)
    xy, owner = shapely.get_coordinates(noisy, return_index=True)
    return shapely.set_coordinates(noisy, xy + _vectors(noisy, block, regime, rng)[owner])


def _shaken(shapes: Any, sigma_m: Any, rng: Any) -> Any:
    """Return shapes with every corner off by a normal error, the closing one like the first; where still valid."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    off = rng.normal(0, 1, xy.shape) * sigma_m[owner][:, None]
    _, inverse = np.unique(np.column_stack([owner, xy]), axis=0, return_inverse=True)
    moved = shapely.set_coordinates(shapes.copy(), xy + off[inverse.ravel()])
    return np.where(shapely.is_valid(moved), moved, shapes)


def _vectors(shapes: Any, block: Any, regime: Regime, rng: Any) -> Any:
    """Return the way each building is off: as part of the whole, of its block and by itself."""
    place = shapely.get_coordinates(shapely.centroid(shapes))
    centre = place.mean(axis=0)
    angle = rng.uniform(0, 2 * np.pi)
    vectors = np.tile([np.cos(angle), np.sin(angle)], (len(shapes), 1)) * regime.shift_m
    off = place - centre
    vectors += regime.turn_mrad / 1000 * np.column_stack([-off[:, 1], off[:, 0]]) + regime.stretch * off
    if regime.bend_m:
        waves = rng.uniform(0.5, 1.5, 2) * 2 * np.pi / 800
        vectors += regime.bend_m * np.sin(off[:, ::-1] * waves + rng.uniform(0, 6, 2))
    draw = (lambda size: rng.standard_t(2.5, size).clip(-6, 6)) if regime.heavy_tails else rng.standard_normal
    if regime.sheets_m:
        sheet = np.floor(off / 600).astype(int) @ np.array([1000, 1])
        _, number = np.unique(sheet, return_inverse=True)
        vectors += rng.uniform(-regime.sheets_m, regime.sheets_m, (int(number.max()) + 1, 2))[number]
    own = regime.offset_m * draw((len(shapes), 2)) / np.sqrt(2)
    together = regime.block_offset_m * draw((int(block.max()) + 2, 2)) / np.sqrt(2)
    return vectors + own + together[block]


def _blocks(known: Any) -> Any:
    """Return the number of the block of touching buildings that each is in."""
    i, j = shapely.STRtree(known).query(known, predicate="intersects")
    labels = np.arange(len(known))
    for _ in range(50):
        np.minimum.at(labels, i, labels[j])
    return labels


def made_up_town(number: int, *, seed: int = 1) -> Any:
    """Return so many footprints in metres: streets of houses wall to wall, gardens with sheds, courtyards, halls."""
    rng = np.random.default_rng(seed)
    shapes: list[Any] = []
    blocks = 0
    while len(shapes) < number:
        corner = np.array([blocks % 40 * 150.0, blocks // 40 * 110.0])
        drawn = (_terrace, _gardens, _terrace, _courtyard)[blocks % 4](rng)
        angle = rng.uniform(-0.15, 0.15)
        shapes += [
            shapely.transform(_turned(shape, np.array([50.0, 30.0]), angle), lambda xy, to=corner: xy + to)
            for shape in drawn
        ]
        blocks += 1
    return np.array(shapes[:number], dtype=object)


def _terrace(rng: Any) -> list[Any]:
    """Return two rows of houses wall to wall, back to back over gardens."""
    houses = []
    for south, depth in ((0.0, rng.uniform(8, 12)), (40.0, rng.uniform(8, 12))):
        walls = np.cumsum(rng.choice([5.0, 5.5, 6.0, 7.5], 17))
        houses += [shapely.box(west, south, east, south + depth) for west, east in pairwise(walls)]
    return houses


def _gardens(rng: Any) -> list[Any]:
    """Return detached houses, square or with a wing, some with a shed."""
    shapes = []
    for plot in range(12):
        x, y = plot % 6 * 18.0, plot // 6 * 32.0
        width, depth = rng.uniform(7, 12), rng.uniform(8, 14)
        house = shapely.box(x, y, x + width, y + depth)
        if rng.random() < 0.4:
            house = house.difference(shapely.box(x + width * 0.6, y + depth * 0.5, x + width, y + depth))
        shapes.append(house)
        if rng.random() < 0.6:
            shapes.append(shapely.box(x, y + depth + 3, x + rng.uniform(2.5, 4), y + depth + 3 + rng.uniform(3, 6)))
    return shapes


def _courtyard(rng: Any) -> list[Any]:
    """Return a block around a courtyard with a building in it, and a hall beside."""
    width, depth = rng.uniform(40, 60), rng.uniform(35, 50)
    block = shapely.box(0, 0, width, depth).difference(shapely.box(11, 11, width - 11, depth - 11))
    return [block, shapely.box(14, 14, 22, 20), shapely.box(70, 0, 70 + rng.uniform(15, 40), rng.uniform(20, 50))]
