"""What is printed of a comparison adds up to what is printed of the whole."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from workflows.difference_sums import printed_sums

AREAS = st.floats(0, 1e9, allow_subnormal=False)


@given(st.lists(st.fixed_dictionaries({"area_m2": AREAS, "ellipsoid_area_m2": AREAS}), min_size=1, max_size=9))
def test_printed_parts_add_up_to_the_printed_total(rows):
    *parts, total = printed_sums(rows)
    assert len(parts) == len(rows)
    for column, printed in enumerate(total):
        assert sum(Decimal(repr(part[column])) for part in parts) == Decimal(repr(printed))
    assert total.percent == (100 if any(row["area_m2"] for row in rows) else 0)


def test_nothing_compared_is_a_total_of_nothing():
    assert printed_sums([]) == [(0, 0, 0)]
