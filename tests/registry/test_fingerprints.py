"""Fingerprints: one for one drawn geometry, however it is written down."""

import math

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from registry.fingerprints import fingerprints

UNITS_PER_DEG = 10**8


@st.composite
def stars(draw, centre, inner, outer):
    """Draw a ring around a centre, in units of 1e-8 degrees: simple whatever the distances are."""
    distances = draw(st.lists(st.integers(inner, outer), min_size=3, max_size=8))
    turns = [2 * math.pi * i / len(distances) for i in range(len(distances))]
    return [
        (centre[0] + round(r * math.cos(t)), centre[1] + round(r * math.sin(t)))
        for r, t in zip(distances, turns, strict=True)
    ]


@st.composite
def footprints(draw):
    """Draw one to three parts side by side, some with a courtyard: a list of parts, each a shell and its holes."""
    x, y = draw(st.integers(74, 134)) * UNITS_PER_DEG, draw(st.integers(18, 53)) * UNITS_PER_DEG
    parts = []
    for i in range(draw(st.integers(1, 3))):
        centre = (x + i * 60_000, y)
        shell = draw(stars(centre, 10_000, 20_000))
        parts.append([shell, draw(stars(centre, 1_000, 4_000))] if draw(st.booleans()) else [shell])
    return parts


def geometry(parts):
    polygons = [shapely.Polygon(*(in_degrees(rings[0]), [in_degrees(ring) for ring in rings[1:]])) for rings in parts]
    return shapely.MultiPolygon(polygons)


def in_degrees(ring):
    return [(x / UNITS_PER_DEG, y / UNITS_PER_DEG) for x, y in ring]


def fingerprint(drawn):
    return fingerprints(np.array([drawn], dtype=object))[0]


def redrawn(draw, parts):
    """Draw the same parts again: in another order, each ring from another start, the other way round, a vertex twice."""
    again = []
    for rings in draw(st.permutations(parts)):
        changed = []
        for ring in rings:
            start, twice = draw(st.integers(0, len(ring) - 1)), draw(st.integers(0, len(ring)))
            turned = ring[start:] + ring[:start]
            turned = turned[:twice] + turned[max(twice - 1, 0) : twice] + turned[twice:]
            changed.append(turned[::-1] if draw(st.booleans()) else turned)
        again.append(changed)
    return again


@given(footprints(), st.data())
def test_order_start_direction_and_repetition_do_not_matter(parts, data):
    assert fingerprint(geometry(redrawn(data.draw, parts))) == fingerprint(geometry(parts))


@given(footprints(), st.data())
def test_a_vertex_moved_by_a_unit_matters(parts, data):
    ring = data.draw(st.sampled_from([ring for rings in parts for ring in rings]))
    vertex = data.draw(st.integers(0, len(ring) - 1))
    before = fingerprint(geometry(parts))
    ring[vertex] = (ring[vertex][0] + data.draw(st.sampled_from([-1, 1])), ring[vertex][1])
    assert fingerprint(geometry(parts)) != before


@given(footprints(), st.floats(-0.4, 0.4))
def test_what_the_code_does_not_see_does_not_matter(parts, noise):
    drawn = geometry(parts)
    noisy = shapely.transform(drawn, lambda xy: xy + noise / UNITS_PER_DEG)
    assert fingerprint(noisy) == fingerprint(drawn)


@given(footprints())
def test_a_polygon_is_the_multipolygon_of_one_part(parts):
    drawn = geometry(parts[:1])
    assert fingerprint(drawn.geoms[0]) == fingerprint(drawn)


def test_a_hole_matters():
    shell = shapely.box(126, 43, 126.001, 43.001)
    yard = shell.difference(shapely.box(126.0004, 43.0004, 126.0006, 43.0006))
    assert fingerprint(shell) != fingerprint(yard)


def test_minus_zero_is_zero():
    assert fingerprint(shapely.box(-0.0, -0.0, 1, 1)) == fingerprint(shapely.box(0.0, 0.0, 1, 1))


def test_there_is_one_for_each_footprint_in_order():
    shapes = np.array([shapely.box(i, 0, i + 1, 1) for i in range(3)], dtype=object)
    assert fingerprints(shapes) == [fingerprint(shape) for shape in shapes]
    assert fingerprints(shapes[:0]) == []


def test_the_fingerprint_stays_what_it_is():
    # stored in databases: another canonical form would make every known footprint a stranger
    drawn = shapely.box(126.5, 43.8, 126.5002, 43.80015)
    assert fingerprint(drawn) == "11e8737ceaf53f92f70e9430f0f3fac53e09f4043868210d88fc403a337af507"
