"""Size classes: five a decade."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocode.sizes import LAST_CLASS, area_m2, size_class_range_m2, size_classes

A_M, F = 6378137.0, 1 / 298.257222101


@pytest.mark.parametrize(
    ("area", "size_class"),
    [
        (1e-9, 0),
        (0.999999, 0),
        (1.0, 1),
        (1.58, 1),
        (1.59, 2),
        (9.999999, 5),
        (10.0, 6),
        (99.99999, 10),
        (100.0, 11),
        (630.95, 14),
        (630.96, 15),
        (999.9999, 15),
        (1000.0, 16),
        (10_000.0, 21),
        (100_000.0, 26),
        (630_958.0, 30),
        (1e6, 30),
        (1e12, 30),
    ],
)
def test_areas_fall_into_their_classes(area, size_class):
    assert size_classes(np.array([area])).tolist() == [size_class]


def test_ranges_follow_each_other_without_gap():
    ranges = [size_class_range_m2(size_class) for size_class in range(LAST_CLASS + 1)]
    assert [high for _, high in ranges[:-1]] == [low for low, _ in ranges[1:]]
    assert (ranges[0][0], ranges[-1][1]) == (0.0, math.inf)


@pytest.mark.parametrize("size_class", range(1, LAST_CLASS + 1))
def test_the_lower_edge_belongs_to_the_class(size_class):
    low, _ = size_class_range_m2(size_class)
    assert size_classes(np.array([low, low * (1 - 1e-12)])).tolist() == [size_class, size_class - 1]


@given(st.floats(1e-6, 1e9))
def test_the_range_of_its_class_holds_an_area(area):
    low, high = size_class_range_m2(int(size_classes(np.array([area]))[0]))
    # the edges are powers of ten in doubles: right to the last digit or so
    assert low * (1 - 1e-15) <= area * (1 + 1e-15)
    assert area <= high * (1 + 1e-15)


@given(st.lists(st.floats(1e-3, 1e9), min_size=2))
def test_a_larger_area_has_no_smaller_class(areas):
    classes = size_classes(np.sort(np.array(areas)))
    assert (np.diff(classes) >= 0).all()


@given(st.floats(-85, 85), st.floats(1e2, 1e14))
def test_areas_are_those_of_the_ellipsoid_scale_at_the_centroid(lat, double_area):
    e2 = F * (2 - F)
    w = 1 - e2 * math.sin(math.radians(lat)) ** 2
    metres_north = A_M * (1 - e2) / w**1.5 * math.radians(1e-8)
    metres_east = A_M / math.sqrt(w) * math.cos(math.radians(lat)) * math.radians(1e-8)
    found = area_m2(np.array([double_area]), np.array([lat]))[0]
    assert found == pytest.approx(double_area / 2 * metres_north * metres_east, rel=1e-12)


@given(st.lists(st.tuples(st.floats(1e2, 1e14), st.floats(-90, 90)), min_size=1, max_size=40))
def test_an_area_in_a_row_of_many_is_the_area_alone(rows):
    double_area, lat = np.array(rows).T
    together = area_m2(double_area, lat)
    assert together.tolist() == [area_m2(double_area[i : i + 1], lat[i : i + 1])[0] for i in range(len(rows))]
