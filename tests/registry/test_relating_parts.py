"""A delivery in parts that share nothing, each decided with the shift of the whole as in the whole."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from registry.relating import Shift, estimate_shift, independent_groups, relate
from registry.settling import settle

EVERYWHERE = shapely.box(-1e7, -1e7, 1e7, 1e7)
seeds = st.integers(0, 10_000)
few = settings(max_examples=20, deadline=None)


def drawn(seed):
    """Return a second survey and the first: terraces and sheds, of which some are there twice, are untouched, lie astray."""
    rng = np.random.default_rng(seed)
    known, delivered, stated = [], [], {}
    off = rng.uniform(-6, 6, 2)
    for row in range(10):
        walls = np.cumsum(rng.uniform(5, 12, rng.integers(2, 7))) + rng.uniform(0, 20)
        houses = [shapely.box(west, 22 * row, east, 22 * row + 10) for west, east in pairwise(walls)]
        houses += [shapely.box(x, 22 * row, x + 2, 22 * row + 2) for x in (90, 110)]
        for house in houses:
            if rng.random() < 0.9:
                known.append(house)
            anew = house if rng.random() < 0.15 else translate(house, *(off + rng.normal(0, 0.3, 2)))
            copies = rng.choice([0, 1, 1, 1, 1, 1, 2, 3])
            delivered += [anew] * copies
            if rng.random() < 0.15:
                delivered.append(translate(anew, *rng.normal(0, 2, 2)))
    order = rng.permutation(len(delivered))
    for row in rng.choice(len(delivered), 5):
        stated[int(row)] = int(rng.integers(len(known)))
    return [delivered[k] for k in order], known, stated


def centroids(frame):
    return shapely.get_coordinates(shapely.centroid(frame.geometry.values))


def grouped(delivered, known, shift, stated, *, exactly):
    """Return the groups of two frames, by their boxes alone or by their centroids as well."""
    places = centroids(delivered), centroids(known)
    named = np.array([*stated], dtype=int), np.array([*stated.values()], dtype=int)
    return independent_groups(
        shapely.bounds(delivered.geometry.values),
        shapely.bounds(known.geometry.values),
        vectors_m=shift.at(delivered.index, places[0]),
        centroids=places if exactly else None,
        stated=named,
    )


def told(parts):
    """Return all that was decided, without its order."""
    return (
        {repr(relation) + repr(relation.evidence) for part in parts for relation in part.done},
        {repr(relation) + repr(relation.evidence) for part in parts for relation in part.held},
        {row: fault for part in parts for row, fault in part.refused.items()},
        {building for part in parts for building in part.gone},
    )


@given(seeds, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
@few
def test_a_delivery_is_settled_in_parts_as_in_the_whole(frame, seed, exactly, is_complete, random):
    rows, buildings, stated = drawn(seed)
    delivered, known = frame(rows), frame(buildings)
    complete = EVERYWHERE if is_complete else None
    whole = settle(delivered, known, stated=stated, complete=complete)
    shift = estimate_shift(delivered, known)
    assert shift == whole.shift
    groups = grouped(delivered, known, shift, stated, exactly=exactly)
    count = int(max(groups.delivered.max(), groups.known.max())) + 1
    part_of = np.array([random.randrange(4) for _ in range(count)])
    parts = []
    for part in random.sample(range(4), 4):
        ours, theirs = delivered[part_of[groups.delivered] == part], known[part_of[groups.known] == part]
        named = {row: building for row, building in stated.items() if row in ours.index}
        parts.append(settle(ours, theirs, stated=named, complete=complete, shift=shift))
    assert told(parts) == told([whole])


@given(seeds)
@settings(max_examples=8, deadline=None)
def test_a_part_has_its_relations_in_the_order_of_the_file(frame, seed):
    rows, buildings, stated = drawn(seed)
    done = settle(frame(rows), frame(buildings), stated=stated).done
    firsts = [relation.delivered[0] for relation in done]
    assert firsts == sorted(firsts)


@given(seeds)
@few
def test_groups_are_those_of_the_boxes_that_meet_and_of_what_is_near_once_the_shift_is_taken_away(seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 120, (30, 2))
    boxes = np.column_stack([corner, corner + rng.uniform(1, 12, (30, 2))])
    ours, theirs, vectors = boxes[:18], boxes[18:], rng.uniform(-3, 3, (18, 2)) * rng.integers(0, 2, (18, 1))

    def apart(one, other):
        return np.maximum(np.maximum(one[:2] - other[2:], other[:2] - one[2:]), 0).max()

    edges = {(i, j) for i in range(18) for j in range(18) if apart(ours[i], ours[j]) == 0}
    moved = ours + np.tile(vectors, 2)
    edges |= {
        (i, 18 + j)
        for i in range(18)
        for j in range(12)
        if apart(ours[i], theirs[j]) == 0 or apart(moved[i], theirs[j]) <= 3
    }
    groups = independent_groups(ours, theirs, vectors_m=vectors)
    labels = np.concatenate(groups)
    assert all(labels[i] == labels[j] for i, j in edges)
    own = np.arange(30)
    for _ in range(30):
        for i, j in edges:
            own[i] = own[j] = min(own[i], own[j])
    assert len(np.unique(labels)) == len(np.unique(own))


def box(west, south=0.0, *, wide=10.0):
    return (west, south, west + wide, south + 10.0)


def test_rows_that_touch_are_together_and_those_with_a_gap_are_not():
    groups = independent_groups(np.array([box(0), box(10), box(20.1)]), np.empty((0, 4)))
    assert groups.delivered.tolist() == [0, 0, 1]


def test_a_building_within_three_metres_belongs_to_the_row_and_one_farther_off_does_not():
    rows, buildings = np.array([box(0)]), np.array([box(12.9), box(-14)])
    assert independent_groups(rows, buildings).known.tolist() == [0, 1]


def test_buildings_beside_a_row_are_no_pair_where_their_middles_are_far_apart():
    rows, buildings = np.array([box(0)]), np.array([box(12.9), box(10.5, wide=1.0)])
    places = np.array([[5.0, 5.0]]), np.array([[17.9, 5.0], [11.0, 5.0]])
    assert independent_groups(rows, buildings, centroids=places).known.tolist() == [1, 0]


def test_a_row_belongs_to_the_building_it_names_wherever_it_stands():
    rows, buildings = np.array([box(0), box(100)]), np.array([box(500)])
    stated = np.array([1]), np.array([0])
    groups = independent_groups(rows, buildings, stated=stated)
    assert (groups.delivered.tolist(), groups.known.tolist()) == ([0, 1], [1])


def test_boxes_may_be_in_degrees():
    metre = 1 / 78_000, 1 / 111_000
    degrees = np.array([*metre, *metre])
    rows, buildings = np.array([box(0), box(40)]) * degrees, np.array([box(12.9), box(55)]) * degrees
    groups = independent_groups(rows, buildings, metre=metre)
    assert (groups.delivered.tolist(), groups.known.tolist()) == ([0, 1], [0, 2])


def test_a_box_that_is_there_ten_thousand_times_is_one_group():
    rows = np.tile(box(0), (10_000, 1))
    assert np.unique(independent_groups(rows, rows[:1]).delivered).tolist() == [0]


def test_where_nothing_is_there_are_no_groups():
    groups = independent_groups(np.empty((0, 4)), np.empty((0, 4)))
    assert (len(groups.delivered), len(groups.known)) == (0, 0)


@pytest.fixture
def town():
    return [shapely.box(40 * (i % 8), 40 * (i // 8), 40 * (i % 8) + 12 + i % 5, 40 * (i // 8) + 9) for i in range(64)]


def test_two_rows_are_known_again_by_the_shift_of_their_whole(frame, town):
    known, delivered = frame(town), frame([translate(house, 5, -4) for house in town])
    alone = relate(delivered[:2], known)
    assert not alone.shift.is_applied
    together = relate(delivered[:2], known, shift=estimate_shift(delivered, known))
    assert [(each.kind, each.known, each.needs_review) for each in together.relations] == [
        ("revised", (0,), False),
        ("revised", (1,), False),
    ]


def test_a_row_that_was_not_in_the_sample_lies_as_the_nearest_that_was(frame, town):
    known, delivered = frame(town), frame([translate(house, 5, -4) for house in town])
    shift = estimate_shift(delivered[::2], known)
    assert shift.at(delivered.index, centroids(delivered)) == pytest.approx(np.tile([-5.0, 4.0], (64, 1)), abs=0.01)
    assert {each.kind for each in relate(delivered, known, shift=shift).relations} == {"revised"}


def test_a_shift_that_is_told_in_one_figure_is_the_same_everywhere(frame, town):
    known, delivered = frame(town), frame([translate(house, 5, -4) for house in town])
    shift = Shift(dx_m=5.0, dy_m=-4.0, support=64, spread_m=0.1, is_applied=True)
    assert {each.kind for each in relate(delivered, known, shift=shift).relations} == {"revised"}


def test_one_building_delivered_three_times_is_no_three_that_agree(frame, town):
    rows = frame([translate(town[0], 1.5, 0)] * 3 + [translate(town[0], 1.6, 0)] * 2)
    shift = estimate_shift(rows, frame(town))
    assert (shift.support, shift.is_applied) == (1, False)
