"""How many typing errors a code's own form lets through, beside other codes of buildings and places.

``python benchmarks/check_strength.py [--codes 10000]``: every error of each class is tried on every code. An error
counts where it changes the text; it passes where the result is again well formed, its check character included.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import NamedTuple

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import CodeError, encode_many, parse
from geocode.alphabet import ALPHABET
from geocode.cells import CELL_COUNT

Digits = NDArray[np.int64]
PENTAGONS = [h3.get_base_cell_number(cell) for cell in h3.get_pentagons(0)]
WITHOUT_CHECK = "UBID, Plus Code, BeiDou grid code, GERS (UUID), RNB (12 random characters): no check character at all"


class Scheme(NamedTuple):
    """Codes as rows of values, and what a reader does with a row: takes it or not."""

    name: str
    texts: Digits
    base: int
    accepts: Callable[[Digits], NDArray[np.bool_]]


class Count(NamedTuple):
    """How many errors were tried, and how many passed."""

    tried: int
    passed: int


def main() -> None:
    options = read_options()
    rng = np.random.default_rng(20241122)
    codes, cells = footprint_codes(rng, options.codes)
    bodies = rng.integers(0, 10, (options.codes, 25))
    schemes = [
        Scheme("building code, check character alone", codes, 31, checks),
        Scheme("building code as it is read", codes, 31, is_code),
        Scheme("JGJ/T 246, ISO 7064 MOD 11,10", with_digit(bodies, mod_11_10), 10, ends_with(mod_11_10)),
        Scheme(
            "JGJ/T 246, as cadastres compute it", with_digit(bodies, mod_11_10_plain), 10, ends_with(mod_11_10_plain)
        ),
        Scheme("H3 cell of resolution 15, form alone", cells, 16, is_cell_text),
    ]
    assert all(scheme.accepts(scheme.texts).all() for scheme in schemes)
    for scheme in schemes:
        report(scheme)
    print(f"\n{WITHOUT_CHECK}")
    explain_first_and_last(codes)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, default=10_000, help="how many codes to try the errors on")
    return parser.parse_args()


def footprint_codes(rng: np.random.Generator, count: int) -> tuple[Digits, Digits]:
    """Return the codes of made-up footprints all over China, and their H3 cells, as rows of values."""
    lon, lat = rng.uniform(74, 134, count), rng.uniform(18, 53, count)
    size = rng.lognormal(-8.5, 0.8, count)
    encoded = encode_many(shapely.box(lon, lat, lon + size, lat + 0.6 * size))
    codes = [[ALPHABET.index(letter) for letter in code.replace("-", "")] for code in encoded.codes.tolist()]
    return np.array(codes), np.array([[int(letter, 16) for letter in cell] for cell in encoded.h3.tolist()])


def report(scheme: Scheme) -> None:
    """Print one line for each class of errors."""
    length = scheme.texts.shape[1]
    first_last = (0, length - 1)
    near = [(i, i + 1) for i in range(length - 1)]
    jumps = [(i, i + 2) for i in range(length - 2)]
    others = [pair for pair in combinations(range(length), 2) if pair != first_last]
    classes = {
        "one wrong character": replaced(scheme),
        "two neighbours exchanged": exchanged(scheme, near),
        "two exchanged across one": exchanged(scheme, jumps),
        "any two exchanged but first and last": exchanged(scheme, others),
        "first and last exchanged": exchanged(scheme, [first_last]),
        "twins (aa → bb)": twins(scheme, near),
        "twins across one (aca → bcb)": twins(scheme, jumps),
    }
    print(f"\n{scheme.name}: {length} characters of {scheme.base}")
    for name, errors in classes.items():
        tried, passed = counted(scheme, errors)
        print(f"  {name:<37} {tried:>10,} tried {passed:>9,} undetected  {passed / max(tried, 1):>8.3%}")


def counted(scheme: Scheme, errors: Iterator[Digits]) -> Count:
    """Return how many errors change a text, and how many of those are taken."""
    tried = passed = 0
    for wrong in errors:
        changed = (wrong != scheme.texts).any(axis=1)
        tried += int(changed.sum())
        passed += int((changed & scheme.accepts(wrong)).sum())
    return Count(tried, passed)


def replaced(scheme: Scheme) -> Iterator[Digits]:
    for place in range(scheme.texts.shape[1]):
        for step in range(1, scheme.base):
            wrong = scheme.texts.copy()
            wrong[:, place] = (wrong[:, place] + step) % scheme.base
            yield wrong


def exchanged(scheme: Scheme, pairs: list[tuple[int, int]]) -> Iterator[Digits]:
    for i, j in pairs:
        wrong = scheme.texts.copy()
        wrong[:, [i, j]] = wrong[:, [j, i]]
        yield wrong


def twins(scheme: Scheme, pairs: list[tuple[int, int]]) -> Iterator[Digits]:
    """Yield the texts with two equal characters replaced by two equal others, the rest unchanged."""
    for i, j in pairs:
        equal = scheme.texts[:, i] == scheme.texts[:, j]
        for step in range(1, scheme.base):
            wrong = scheme.texts.copy()
            wrong[np.ix_(equal, [i, j])] = (wrong[np.ix_(equal, [i, j])] + step) % scheme.base
            yield wrong


def checks(texts: Digits) -> NDArray[np.bool_]:
    return np.asarray(texts @ np.append(3 ** np.arange(12), 1) % 31 == 0)


def is_code(texts: Digits) -> NDArray[np.bool_]:
    """Tell which texts check and name a cell: all that `parse` asks of thirteen characters of the alphabet."""
    numbers = texts[:, :10] @ 31 ** np.arange(9, -1, -1)
    digits = numbers[:, None] // 7 ** np.arange(14, -1, -1) % 7
    return checks(texts) & (numbers < CELL_COUNT) & ~in_gap(numbers // 7**15, digits)


def in_gap(base_cells: Digits, digits: Digits) -> NDArray[np.bool_]:
    """Tell which cells would lie in the missing seventh of a pentagon: the first digit that is not 0 is 1."""
    first = digits[np.arange(len(digits)), (digits != 0).argmax(axis=1)]
    return np.isin(base_cells, PENTAGONS) & (first == 1)


def is_cell_text(texts: Digits) -> NDArray[np.bool_]:
    """Tell which fifteen hexadecimal digits are a cell of resolution 15."""
    bits = texts @ 16 ** np.arange(14, -1, -1)
    base_cells, digits = bits >> 45 & 127, bits[:, None] >> np.arange(42, -1, -3) & 7
    form = (bits >> 52 == 0x8F) & (base_cells < 122) & (digits < 7).all(axis=1)
    return form & ~in_gap(base_cells, digits)


def mod_11_10(bodies: Digits) -> Digits:
    """Return the check digits of ISO 7064 MOD 11,10."""
    product = np.full(len(bodies), 10)
    for digit in bodies.T:
        total = (product + digit) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return (11 - product) % 10


def mod_11_10_plain(bodies: Digits) -> Digits:
    """Return the check digits of the same without its step from 0 to 10, as deployed software has it."""
    product = np.full(len(bodies), 10)
    for digit in bodies.T:
        product = (product + digit) % 10 * 2 % 11
    return np.where(product > 1, 11 - product, 1 - product)


def with_digit(bodies: Digits, rule: Callable[[Digits], Digits]) -> Digits:
    return np.column_stack([bodies, rule(bodies)])


def ends_with(rule: Callable[[Digits], Digits]) -> Callable[[Digits], NDArray[np.bool_]]:
    return lambda texts: rule(texts[:, :-1]) == texts[:, -1]


def explain_first_and_last(codes: Digits) -> None:
    """Print what becomes of each code whose first and last character are exchanged: both bear the weight 1."""
    wrong = codes[:, [12, *range(1, 12), 0]]
    same = wrong[:, 0] == codes[:, 0]
    taken = np.array([is_read("".join(ALPHABET[value] for value in row)) for row in wrong.tolist()]) & ~same
    assert (taken == is_code(wrong) & ~same).all()
    print(
        f"\nfirst and last character exchanged, of {len(codes):,} building codes: {same.sum():,} stay as they are, "
        f"{(~same & ~taken).sum():,} name no cell and are refused, {taken.sum():,} are another code"
    )


def is_read(text: str) -> bool:
    """Tell whether the library itself takes a text, of which `is_code` is the quick likeness."""
    with suppress(CodeError):
        return bool(parse(text))
    return False


if __name__ == "__main__":
    main()
