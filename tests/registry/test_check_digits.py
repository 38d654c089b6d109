"""The check digit of ISO 7064 MOD 11,10 and its variant, and what check characters find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocode.alphabet import ALPHABET, VALUES, check_value
from registry.check_digits import check_digit, fitting_variant
from registry.credit_codes import CreditCode
from registry.errors import AliasError
from registry.forms import DIGITS
from registry.house_codes import HouseCode

BODIES = st.text(DIGITS, min_size=25, max_size=25)
CREDIT = "91110000600037341L"


def test_the_example_of_the_standard_holds():
    assert check_digit("0794") == "5"


@pytest.mark.parametrize(
    ("body", "iso7064", "without_ten"),
    [
        ("3205054002020100001001069", "0", "0"),
        ("3701050120020100001001751", "4", "9"),
        ("3208020010090100001001003", "5", "4"),
    ],
)
def test_the_two_variants_of_house_codes_in_use(body, iso7064, without_ten):
    assert (check_digit(body), check_digit(body, variant="without_ten")) == (iso7064, without_ten)


@given(st.text(DIGITS, max_size=40))
def test_a_number_with_its_check_digit_leaves_one(digits):
    """The standard's own way to check, which needs no check digit to be calculated."""
    carry = 10
    for digit in digits:
        carry = ((int(digit) + carry) % 10 or 10) * 2 % 11
    assert (int(check_digit(digits)) + carry) % 10 == 1


@given(BODIES)
def test_iso_7064_finds_every_single_wrong_digit(body):
    code = body + check_digit(body)
    for position, digit in enumerate(code):
        for other in set(DIGITS) - {digit}:
            wrong = code[:position] + other + code[position + 1 :]
            assert check_digit(wrong[:-1]) != wrong[-1]


def test_the_variant_passes_single_wrong_digits():
    """From the carries 0 and 10 the variant goes on alike: it cannot promise what the standard does."""
    assert check_digit("05", variant="without_ten") == check_digit("55", variant="without_ten")
    assert check_digit("05") != check_digit("55")


@given(BODIES, st.sampled_from(DIGITS))
def test_a_house_code_is_taken_if_either_variant_fits_and_else_refused(body, check):
    fitting = [name for name in ("iso7064", "without_ten") if check_digit(body, variant=name) == check]
    assert fitting_variant(body, check) == ("both" if len(fitting) == 2 else next(iter(fitting), None))
    if fitting:
        assert HouseCode.parse(body + check).check_variant
    else:
        with pytest.raises(AliasError, match="check character"):
            HouseCode.parse(body + check)


def test_a_credit_code_finds_every_single_wrong_character():
    for position, letter in enumerate(CREDIT):
        for other in set(ALPHABET) - {letter}:
            with pytest.raises(AliasError):
                CreditCode.parse(CREDIT[:position] + other + CREDIT[position + 1 :])


@given(st.lists(st.integers(0, 30), min_size=17, max_size=17), st.integers(0, 17), st.integers(0, 17))
def test_the_check_character_of_a_credit_code_finds_every_exchange_but_of_first_and_last(values, i, j):
    code = [*values, check_value(values)]
    code[i], code[j] = code[j], code[i]
    passes = check_value(code[:-1]) == code[-1]
    assert passes == (code[i] == code[j] or {i, j} == {0, 17})


@given(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=30))
def test_a_check_value_makes_the_weighted_sum_a_multiple_of_31(letters):
    values = [VALUES[letter] for letter in letters]
    assert (sum(value * 3**i for i, value in enumerate(values)) + check_value(values)) % 31 == 0
