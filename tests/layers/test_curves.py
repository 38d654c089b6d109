"""Arcs become chords: within a millimetre whatever the radius, the same for both neighbours, their area known."""

import math
import struct

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.curves import DEVIATION_M, linearise

EAST, NORTH = 544_000.0, 4_856_000.0


def arcs(*points, kind=8, order="<"):
    head = struct.pack(f"{order}BII", order == "<", kind, len(points))
    return head + b"".join(struct.pack(f"{order}{len(point)}d", *point) for point in points)


def group(kind, *parts, order="<"):
    return struct.pack(f"{order}BII", order == "<", kind, len(parts)) + b"".join(parts)


def circle(radius, *, x=EAST, y=NORTH):
    return arcs((x - radius, y), (x + radius, y), (x - radius, y))


def made(wkb):
    return linearise(wkb, deviation=DEVIATION_M)


def on_circle(angle, radius):
    return EAST + radius * math.cos(angle), NORTH + radius * math.sin(angle)


@pytest.mark.parametrize("radius", [0.5, 5, 50, 300, 5_000])
def test_a_circle_is_within_a_millimetre_and_its_area_is_told(radius):
    curved = made(group(10, circle(radius)))
    x, y = shapely.get_coordinates(shapely.segmentize(curved.geometry, radius / 1000)).T
    assert np.abs(np.hypot(x - EAST, y - NORTH) - radius).max() <= DEVIATION_M + 1e-8
    assert curved.deviation <= DEVIATION_M
    assert curved.area == pytest.approx(math.pi * radius**2, rel=1e-9)
    assert curved.geometry.is_valid


def test_the_chords_of_a_circle_of_50_m_lose_what_was_measured():
    curved = made(group(10, circle(50)))
    assert curved.area - curved.geometry.area == pytest.approx(0.21, abs=0.005)


@given(st.floats(0, 6), st.floats(0.01, 3), st.floats(0.01, 3), st.floats(0.5, 2000))
def test_neighbours_along_an_arc_have_the_same_vertices(start, first, second, radius):
    points = [on_circle(angle, radius) for angle in (start, start + first, start + first + second)]
    there, back = made(arcs(*points)), made(arcs(*points[::-1]))
    assert there.geometry.coords[:] == back.geometry.coords[::-1]
    assert there.geometry.coords[0] == points[0]
    assert points[1] in there.geometry.coords[:]
    length = radius * (first + second)
    assert there.geometry.length == pytest.approx(length, rel=1e-3, abs=1e-3)


@given(st.floats(0, 6), st.floats(0.3, 3), st.floats(0.3, 3), st.floats(1, 500))
def test_the_area_of_a_segment_is_that_of_geometry(start, first, second, radius):
    points = [on_circle(angle, radius) for angle in (start, start + first, start + first + second)]
    chord = group(9, arcs(*points), arcs(points[2], points[0], kind=2))
    angle = first + second
    assert made(group(10, chord)).area == pytest.approx(radius**2 / 2 * (angle - math.sin(angle)), rel=1e-6)


def test_a_stadium_with_a_round_hole_is_put_together_of_lines_and_arcs():
    x, y = EAST, NORTH
    outer = group(
        9,
        arcs((x, y), (x + 100, y), kind=2),
        arcs((x + 100, y), (x + 120, y + 20), (x + 100, y + 40)),
        arcs((x + 100, y + 40), (x, y + 40), kind=2),
        arcs((x, y + 40), (x - 20, y + 20), (x, y)),
    )
    curved = made(group(10, outer, circle(5, x=x + 50, y=y + 20)))
    assert curved.arcs == 3
    assert curved.area == pytest.approx(4000 + math.pi * (400 - 25), rel=1e-9)
    assert curved.geometry.is_valid
    assert len(curved.geometry.interiors) == 1


def test_an_arc_that_bulges_inwards_takes_ground_away():
    x, y = EAST, NORTH
    ring = group(
        9, arcs((x, y), (x + 10, y), (x + 10, y + 10), (x, y + 10), kind=2), arcs((x, y + 10), (x + 5, y + 5), (x, y))
    )
    assert made(group(10, ring)).area == pytest.approx(100 - math.pi * 12.5)


def test_collections_of_curves_become_collections_of_lines():
    line = made(group(11, arcs((0, 0), (1, 1), (2, 0)), arcs((5, 5), (6, 6), kind=2)))
    assert (line.geometry.geom_type, line.arcs) == ("MultiLineString", 1)
    surface = made(
        group(12, group(10, circle(5)), group(3, struct.pack("<I", 4) + arcs((0, 0), (1, 0), (1, 1), (0, 0))[9:]))
    )
    assert surface.geometry.geom_type == "MultiPolygon"
    assert surface.area == pytest.approx(math.pi * 25 + 0.5)


@pytest.mark.parametrize("kind", [1008, 2008, 8 | 0x80000000, 8 | 0x40000000])
def test_heights_and_measures_of_iso_and_postgis_are_left_out(kind):
    assert made(arcs((0, 0, 7), (1, 1, 7), (2, 0, 7), kind=kind)).geometry.coords[-1] == (2, 0)


def test_either_byte_order_and_an_srid_are_read():
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]
    plain = made(arcs(*points)).geometry
    assert made(arcs(*points, order=">")).geometry == plain
    with_srid = struct.pack("<BIII", 1, 8 | 0x20000000, 4551, 3) + arcs(*points)[9:]
    assert made(with_srid).geometry == plain


def test_three_points_on_a_line_are_a_line():
    assert made(arcs((0, 0), (5, 0), (10, 0))).geometry.coords[:] == [(0, 0), (5, 0), (10, 0)]


@pytest.mark.parametrize(
    "wkb",
    [b"", b"\x01", arcs((0, 0), (1, 1)), arcs((0, 0), (1, 1), (2, 0))[:-4], group(10, arcs((0, 0), kind=1)), arcs((0, 0), kind=99),
     struct.pack("<BII", 1, 8, 2**31), b"\x07" + arcs((0, 0), (1, 1), (2, 0))[1:]],
)  # fmt: skip
def test_what_is_broken_is_a_value_error(wkb):
    with pytest.raises(ValueError):  # noqa: PT011 - any sentence will do
        made(wkb)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_geometry_or_a_value_error(content):
    try:
        made(content)
    except ValueError:
        return
