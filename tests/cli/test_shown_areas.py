"""Areas on the command line: one way of rounding, whichever command tells them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.console import square_metres


@pytest.mark.parametrize(
    ("area_m2", "shown"),
    [
        (449.985, "449.99"),
        (449.98496, "449.99"),
        (449.98494, "449.98"),
        (0.004, "0.00"),
        (1234567.005, "1234567.01"),
        (None, "–"),
        (np.nan, "–"),
    ],
)
def test_halves_go_up_from_the_four_decimals_that_files_have(area_m2, shown):
    assert square_metres(area_m2) == shown


def test_thousands_are_told_apart_where_that_is_asked():
    assert square_metres(1234567.005, grouped=True) == "1,234,567.01"


@given(st.floats(0, 1e7))
def test_an_area_is_shown_alike_before_and_after_it_stood_in_a_file(area_m2):
    assert square_metres(area_m2) == square_metres(float(f"{area_m2:.4f}"))
