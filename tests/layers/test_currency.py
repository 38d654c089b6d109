"""How old a layer's data may be before “nothing here” is doubted."""

from datetime import date

import pytest

from layers.catalogue import load_catalogue
from layers.currency import doubt_currency, months_between

SURVEY = load_catalogue().layer("XZ1201")


def test_data_are_doubted_once_they_are_as_old_as_the_rule_says():
    assert SURVEY.max_age_months == 24
    assert doubt_currency(SURVEY, date(2022, 3, 15), date(2024, 3, 14)) is None
    doubt = doubt_currency(SURVEY, date(2022, 3, 15), date(2024, 3, 15))
    assert "2022-03-15" in doubt.zh
    assert "24 months" in doubt.en


def test_a_plan_holds_until_it_is_replaced_and_an_unknown_day_is_not_doubted():
    assert doubt_currency(load_catalogue().layer("GH2201"), date(1990, 1, 1), date(2026, 1, 1)) is None
    assert doubt_currency(SURVEY, None, date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2024, 1, 31), date(2024, 2, 29), 0),
        (date(2024, 1, 31), date(2024, 3, 31), 2),
        (date(2024, 1, 1), date(2025, 1, 1), 12),
        (date(2024, 5, 1), date(2024, 4, 30), -1),
    ],
)
def test_months_are_counted_when_they_are_over(first, last, months):
    assert months_between(first, last) == months
