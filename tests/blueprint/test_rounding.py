"""Numbers as they are printed: parts add up to the printed total."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.rounding import AreaUnit, round_half_up, round_parts

AREAS = st.lists(st.floats(0, 1e7, allow_subnormal=False), min_size=1, max_size=12)


@pytest.mark.parametrize(("value", "rounded"), [(0.125, 0.13), (2.675, 2.68), (1.005, 1.01), (-0.125, -0.13), (0, 0)])
def test_halves_are_rounded_away_from_zero_as_people_read_them(value, rounded):
    assert round_half_up(value, decimals=2) == rounded


def test_three_thirds_make_a_hundred_percent():
    assert round_parts([1, 1, 1], decimals=2, total=100) == [33.34, 33.33, 33.33]


@given(AREAS)
def test_parts_add_up_to_the_rounded_sum(parts):
    told = round_parts(parts, decimals=2)
    assert sum(round(part * 100) for part in told) == pytest.approx(sum(parts) * 100, abs=0.51)


@given(AREAS, st.integers(1, 10**9))
def test_parts_scaled_to_a_stated_area_add_up_to_it_exactly(parts, cents):
    told = round_parts(parts, decimals=2, total=cents / 100)
    assert sum(round(part * 100) for part in told) == (cents if any(parts) else 0)


@given(AREAS)
def test_no_part_is_moved_by_a_whole_last_digit(parts):
    assert all(abs(told - part) < 0.01 + 1e-6 for told, part in zip(round_parts(parts, decimals=2), parts, strict=True))


@pytest.mark.parametrize("part", [-1.0, float("nan"), float("inf")])
def test_a_part_that_is_none_is_refused(part):
    with pytest.raises(ValueError, match="not negative"):
        round_parts([1.0, part], decimals=2)


@given(AREAS, st.sampled_from(list(AreaUnit)))
def test_printed_parts_add_up_to_the_printed_total_in_every_unit(parts, unit):
    told = round_parts(parts, decimals=4, unit=unit)
    total = round_half_up(float(sum(map(Fraction, map(repr, parts)))), decimals=4, unit=unit)
    assert sum(round(part * 10_000) for part in told) == pytest.approx(round(total * 10_000), abs=1)


@given(AREAS)
def test_of_two_parts_the_larger_is_never_printed_as_the_smaller(parts):
    told = sorted(zip(parts, round_parts(parts, decimals=2), strict=True))
    assert all(one[1] <= other[1] or one[0] == other[0] for one, other in pairwise(told))


def test_a_mu_is_two_thousand_thirds_of_a_square_metre():
    assert round_half_up(2000 / 3, decimals=6, unit=AreaUnit.MU) == 1
    assert round_half_up(15_000, decimals=2, unit=AreaUnit.MU) == 22.5
    assert round_half_up(12_345, decimals=4, unit=AreaUnit.HECTARE) == 1.2345
