"""Laws of relating two surveys, over towns drawn at random."""

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from registry.relating import relate

EVERYWHERE = shapely.box(-1e7, -1e7, 1e7, 1e7)
MIRRORED = {"split": "merged", "merged": "split", "new": "gone", "gone": "new"}
seeds = st.integers(0, 10_000)


def drawn(seed, *, sigma_m=0.2):
    """Return a small town and its second survey: moved, shaken, one of a row split, some left out, one new."""
    rng = np.random.default_rng(seed)
    known, delivered = [], []
    for row in range(5):
        walls = np.cumsum(rng.uniform(5, 12, 7))
        houses = [shapely.box(west, 30 * row, east, 30 * row + 10) for west, east in pairwise(walls)]
        known += houses
        cut = rng.integers(0, 6)
        west, south, east, north = houses[cut].bounds
        drawn_anew = [house for place, house in enumerate(houses) if place != cut and rng.random() > 0.1]
        if rng.random() < 0.5:
            middle = (west + east) / 2
            drawn_anew += [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
        delivered += drawn_anew
    delivered.append(shapely.box(20, 175, 31, 186))
    off = rng.uniform(-3, 3, 2)
    moved = [translate(house, *(off + rng.normal(0, sigma_m, 2))) for house in delivered]
    return moved, known


def told(relating, *, delivered=None, known=None):
    """Return relations without their order, with rows and buildings by the names given to them."""
    return {
        (
            relation.kind,
            frozenset(delivered[row] if delivered else row for row in relation.delivered),
            frozenset(known[building] if known else building for building in relation.known),
            round(relation.confidence, 9),
            relation.needs_review,
        )
        for relation in relating.relations
    }


@given(seeds, st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_order_of_the_rows_changes_nothing(frame, seed, random):
    delivered, known = drawn(seed)
    rows, buildings = list(range(len(delivered))), list(range(len(known)))
    random.shuffle(rows)
    random.shuffle(buildings)
    first = relate(frame(delivered), frame(known), complete=EVERYWHERE)
    again = relate(frame([delivered[row] for row in rows]), frame([known[k] for k in buildings]), complete=EVERYWHERE)
    assert told(again, delivered=rows, known=buildings) == told(first)
    assert again.shift == first.shift


@given(seeds)
@settings(max_examples=15)
def test_every_row_is_related_once_and_every_building_at_most_once(frame, seed):
    delivered, known = drawn(seed)
    relating = relate(frame(delivered), frame(known), complete=EVERYWHERE)
    rows = [row for relation in relating.relations for row in relation.delivered]
    sound = [relation for relation in relating.relations if relation.kind != "conflicting"]
    buildings = [building for relation in sound for building in relation.known]
    assert sorted(rows) == list(range(len(delivered)))
    assert len(set(buildings)) == len(buildings)
    starts = [relation.delivered[0] for relation in relating.relations if relation.delivered]
    assert starts == sorted(starts)
    assert all(relation.kind == "gone" for relation in relating.relations[len(starts) :])


@given(seeds)
@settings(max_examples=15)
def test_seen_from_the_other_side_a_split_is_a_merger_and_what_is_new_is_gone(frame, seed):
    delivered, known = drawn(seed, sigma_m=0.0)  # rows that overlap are refused on the delivered side alone
    there = relate(frame(delivered), frame(known), complete=EVERYWHERE)
    back = relate(frame(known), frame(delivered), complete=EVERYWHERE)
    mirrored = {
        (MIRRORED.get(relation.kind, relation.kind), frozenset(relation.known), frozenset(relation.delivered))
        for relation in back.relations
    }
    assert mirrored == {(kind, rows, buildings) for kind, rows, buildings, *_ in told(there)}


@given(seeds)
@settings(max_examples=10)
def test_a_delivery_related_to_itself_is_the_same_throughout(frame, seed):
    known = drawn(seed)[1]
    relating = relate(frame(known), frame(known), complete=EVERYWHERE)
    assert [(relation.kind, relation.delivered) for relation in relating.relations] == [
        ("same", (place,)) for place in range(len(known))
    ]
