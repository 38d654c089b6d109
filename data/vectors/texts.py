"""Texts that are codes, in every writing, texts that are none, and the ranges of codes of coarser cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random

import h3.api.basic_int as h3
from reference import ALPHABET, CELL_COUNT, PENTAGONS, Refused, number_of_cell, read

__all__ = ["TEXT_GROUPS", "coarser_cells", "told_by_a_code"]

Texts = Iterator[str]
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in ALPHABET + ALPHABET.lower() + "-"} | {ord(" "): 0x3000}
BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63\ufe58\ufe31\ufe32\u207b\u208b"
# not dropped: an underscore, a full stop, a middle dot, a soft hyphen, a blank of no width, a byte-order mark, a prolonged sound, …
STRANGE_SEPARATORS = "_.·\xad\u200b\ufeff\u30fc\u2043\u4e00/:'"
LOOK_ALIKES = "IOSVZ"


def as_written(rng: Random) -> Texts:
    """Codes as they are written, and without hyphens: of places anywhere, and of every size class and generation."""
    for i in range(31):
        code = _code(rng, size_class=i, generation=30 - i)
        yield code
        yield code.replace("-", "")


def of_remarkable_cells(_rng: Random) -> Texts:
    """Codes of the first and the last cell, and of the cells on either side of the gap in each pentagon."""
    for number in (0, 7**14, CELL_COUNT - 1):
        yield _text([*_values(number), 12, 0])
    for base in sorted(PENTAGONS):
        for number in (base * 7**15, base * 7**15 + 7**14 - 1, base * 7**15 + 2 * 7**14, (base + 1) * 7**15 - 1):
            if _is_cell(number):
                yield _text([*_values(number), base % 31, 1])


def leniently(rng: Random) -> Texts:
    """Full-width characters, any case, every blank and every hyphen, a division in front."""
    for blank in BLANKS:
        code = _code(rng)
        yield f"{blank}{code[:5]}{blank}{code[6:]}{blank}"
    for hyphen in HYPHENS:
        yield _code(rng).replace("-", hyphen)
    for _ in range(12):
        code = _code(rng)
        yield code.lower()
        yield code.translate(FULL_WIDTH)
        yield code.lower().translate(FULL_WIDTH)
        yield f"{100_000 + rng.randrange(900_000)}-{code}"
        yield f"{100_000 + rng.randrange(900_000)}{code.replace('-', '').lower()}"
        yield f"{100_000 + rng.randrange(900_000)} - {code}".translate(FULL_WIDTH)
        yield "--".join(code.replace("-", ""))
    # compatibility forms: circled and raised digits, mathematical and squared letters, a Kelvin sign
    for given, form in (
        ("1", "①"),
        ("2", "²"),
        ("3", "₃"),
        ("A", "𝐀"),
        ("K", "\u212a"),
        ("0", "𝟘"),
        ("C", "ℂ"),
        ("H", "ℌ"),
        ("B", "Ⓑ"),
        ("M", "ⅿ"),
    ):
        code = _code(rng)
        while given not in code:
            code = _code(rng)
        yield code.replace(given, form)


def exchanged_first_and_last(rng: Random) -> Texts:
    """Codes whose first and last character were exchanged: the weights are equal, and only a missing cell tells."""
    for _ in range(40):
        text = _compact(rng)
        while text[0] == text[12]:
            text = _compact(rng)
        yield _exchanged(text, 0, 12)


def one_wrong_character(rng: Random) -> Texts:
    """Codes with one character replaced by another of the alphabet, five times in every place."""
    for place in range(13):
        for _ in range(5):
            text = _compact(rng)
            wrong = ALPHABET[(ALPHABET.index(text[place]) + 1 + rng.randrange(30)) % 31]
            yield text[:place] + wrong + text[place + 1 :]


def two_exchanged_characters(rng: Random) -> Texts:
    """Codes with two different characters exchanged, in each of the 77 pairs of places where that is found."""
    for i, j in combinations(range(13), 2):
        if (i, j) != (0, 12):
            text = _compact(rng)
            while text[i] == text[j]:
                text = _compact(rng)
            yield _exchanged(text, i, j)


def letters_out_of_the_alphabet(rng: Random) -> Texts:
    """Thirteen characters, one of them not of the alphabet: look-alikes, others, digits of other scripts."""
    for stranger in [
        *LOOK_ALIKES,
        *LOOK_ALIKES.lower(),
        *"?#*中é٣७",
        *LOOK_ALIKES.translate({ord(c): ord(c) + 0xFEE0 for c in LOOK_ALIKES}),
    ]:
        text = _compact(rng)
        place = rng.randrange(13)
        yield text[:place] + stranger + text[place + 1 :]
        yield f"220200-{text[:place]}{stranger}{text[place + 1 :]}"
    for strange in STRANGE_SEPARATORS:
        # one character left out, so that there are thirteen again
        code = _code(rng)
        yield code[:5] + strange + code[7:]
    # thirteen code points that are fourteen in UTF-16 and more in UTF-8
    for stranger in "🏠𠮷":
        for place in (0, 6, 12):
            text = _compact(rng)
            yield text[:place] + stranger + text[place + 1 :]


def wrong_lengths(rng: Random) -> Texts:
    """Nothing, too little, too much, a division and too little, two codes."""
    yield from ("", " ", "-", "－", "0", "220200", "220200-")
    for length in (*range(1, 13), *range(14, 19), 20, 21, 26, 38):
        text = _compact(rng) * 3
        yield text[:length]
    for _ in range(6):
        code = _code(rng)
        yield f"220200-{code[:-1]}"
        yield f"220200-{code}0"
        yield f"{code}\u3000{_code(rng)}"


def wrong_divisions(rng: Random) -> Texts:
    """Six characters in front that are not six digits."""
    for prefix in ("22020X", "AAAAAA", "2202OO", "2202.0", "吉林市昌邑区", "22020٣", "-2-2-0-2-0-E"):
        for _ in range(3):
            yield f"{prefix}-{_code(rng)}"


def of_no_cell(rng: Random) -> Texts:
    """Thirteen characters that check, but whose number is beyond the last cell or in the gap of a pentagon."""
    for number in (CELL_COUNT, CELL_COUNT + 1, 31**10 - 1, 22 * 31**9):
        yield _text([*_values(number), 12, 0])
    for base in sorted(PENTAGONS):
        first = base * 7**15 + 7**14
        for number in (first, first + rng.randrange(7**14), first + 7**14 - 1, base * 7**15 + 7 ** (base % 14)):
            yield _text([*_values(number), rng.randrange(31), 0])


def coarser_cells(rng: Random) -> Iterator[int]:
    """Yield H3 cells of resolutions 0 to 14, pentagons among them."""
    for resolution in range(15):
        yield from sorted(h3.get_pentagons(resolution))[resolution % 12 :: 12]
        for _ in range(3):
            yield h3.latlng_to_cell(160 * rng.random() - 80, 360 * rng.random() - 180, resolution)


def told_by_a_code(rng: Random) -> Texts:
    """Codes of every size class and generation anywhere, in each pentagon, far in the north and the south, and on the antimeridian."""
    for i in range(31):
        yield _code(rng, size_class=i, generation=30 - i)
    for pentagon in sorted(h3.get_pentagons(15)):
        yield _text([*_values(number_of_cell(pentagon)), rng.randrange(31), 0])
    for lat, lon in ((85, 20), (-86.5, -100), (0, 0), (10, 180), (-20.5, 180), (66.5, -180), (-75.25, -180)):
        yield _text([*_values(number_of_cell(h3.latlng_to_cell(lat, lon, 15))), rng.randrange(31), 0])


def _code(rng: Random, *, size_class: int | None = None, generation: int | None = None) -> str:
    """Return a grouped code of a place somewhere on Earth."""
    number = number_of_cell(h3.latlng_to_cell(160 * rng.random() - 80, 360 * rng.random() - 180, 15))
    tail = [rng.randrange(31) if given is None else given for given in (size_class, generation)]
    return _text([*_values(number), *tail])


def _compact(rng: Random) -> str:
    return _code(rng).replace("-", "")


def _values(number: int) -> list[int]:
    return [number // 31**place % 31 for place in range(9, -1, -1)]


def _text(values: list[int]) -> str:
    """Return the grouped text of twelve values, whether or not there is such a cell."""
    check = -sum(value * 3**place for place, value in enumerate(values)) % 31
    text = "".join(ALPHABET[value] for value in [*values, check])
    return f"{text[:5]}-{text[5:10]}-{text[10:]}"


def _is_cell(number: int) -> bool:
    try:
        read(_text([*_values(number), 0, 0]))
    except Refused:
        return False
    return True


def _exchanged(text: str, i: int, j: int) -> str:
    letters = list(text)
    letters[i], letters[j] = letters[j], letters[i]
    return "".join(letters)


TEXT_GROUPS = [
    as_written,
    of_remarkable_cells,
    leniently,
    exchanged_first_and_last,
    one_wrong_character,
    two_exchanged_characters,
    letters_out_of_the_alphabet,
    wrong_lengths,
    wrong_divisions,
    of_no_cell,
]
