"""The building code as text: parse, check, print, and suggest what was meant.

Thirteen characters: ten for the cell, one for the size class, one for the generation, one check character. Reading is
lenient (Unicode NFKC, any case, blanks and hyphens, an optional six-digit division prefix), writing is strict.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocode.alphabet import ALPHABET, BASE, LOOK_ALIKES, VALUES, WEIGHTS, check_value
from geocode.cells import is_cell_number, number_cell
from geocode.compiled import as_texts, compiled
from geocode.errors import CodeError
from geocode.faults import read_sentences

__all__ = [
    "CODE_LENGTH",
    "LAST_GENERATION",
    "BuildingCode",
    "code_texts",
    "grouped",
    "parse",
    "read_letters",
    "read_written",
    "suggest",
]

CODE_LENGTH = 13
CELL_LENGTH = 10
LAST_GENERATION = BASE - 1
_PREFIX_LENGTH = 6
_TEXT_LENGTH = CODE_LENGTH + 2
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8).astype(np.uint32)
_WEIGHTS = np.array(WEIGHTS, dtype=np.int64)
_HYPHEN = ord("-")
_PAIR_BASE = BASE * BASE
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
# what a pair adds to the check, but for the weight of its first place
_PAIR_CHECKS = [first + second * WEIGHTS[1] for first in range(BASE) for second in range(BASE)]
# unsigned division takes half the time: nothing is rounded down from below zero
_UNSIGNED_BASE = np.uint64(BASE)
# blanks of every kind, the hyphens and dashes that forms and keyboards produce
_SEPARATORS = re.compile(r"[\s\-‐-―−]+")
_PARTS = ("number", "size_class", "generation", "_compact")
_SENTENCES = read_sentences("geocode", "faults.toml")


@dataclass(frozen=True, slots=True, order=True)
class BuildingCode:
    """A building's code. Ordered as its text is: by cell in H3 order, then size class, then generation.

    Attributes
    ----------
    number
        The H3 cell's number, 0 ≤ n < 122 × 7¹⁵.
    size_class
        Footprint area, 0 below 1 m², then five classes a decade, at most 30.
    generation
        Which of the buildings with the same cell and size class, 0 to 30.
    """

    number: int
    size_class: int
    generation: int = 0
    # asked for several times over: kept once it is told
    _compact: str = field(default="", init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse parts that no code has."""
        if not is_cell_number(self.number):
            raise ValueError(f"{self.number} is the number of no cell")
        if not 0 <= self.size_class < BASE or not 0 <= self.generation <= LAST_GENERATION:
            raise ValueError(f"size class {self.size_class} or generation {self.generation} is not between 0 and 30")

    @property
    def h3(self) -> str:
        """The H3 resolution-15 cell, as H3 writes it."""
        return f"{number_cell(self.number):x}"

    @property
    def compact(self) -> str:
        """The thirteen characters without hyphens."""
        if not self._compact:
            object.__setattr__(self, "_compact", _text_of(self.number, self.size_class, self.generation))
        return self._compact

    @property
    def ground(self) -> str:
        """The first eleven characters: a pure function of the drawn geometry."""
        return self.compact[: CELL_LENGTH + 1]

    def with_generation(self, generation: int) -> "BuildingCode":
        """Return the code of another generation on the same cell and size class."""
        if generation == self.generation:
            return self
        return BuildingCode(self.number, self.size_class, generation)

    def __str__(self) -> str:
        """Return the grouped form, such as ``4E7U5-CKJ2W-F0J``."""
        return grouped(self.compact)


def _text_of(number: int, size_class: int, generation: int) -> str:
    """Return the thirteen characters of a code."""
    rest, text, check = number, "", size_class * WEIGHTS[CELL_LENGTH] + generation * WEIGHTS[CELL_LENGTH + 1]
    # two characters at a time
    for place in range(CELL_LENGTH - 2, -1, -2):
        rest, pair = divmod(rest, _PAIR_BASE)
        text = _PAIRS[pair] + text
        check += _PAIR_CHECKS[pair] * WEIGHTS[place]
    return text + ALPHABET[size_class] + ALPHABET[generation] + ALPHABET[-check % BASE]


@compiled("void(i8[::1], i8[::1], i8[::1], u4[:, ::1])")
def _code_texts(numbers: Any, size_classes: Any, generations: Any, letters: Any) -> None:
    """Write the grouped texts of the codes, as code points."""
    for row in range(numbers.size):
        rest = np.uint64(numbers[row])
        check = size_classes[row] * _WEIGHTS[CELL_LENGTH] + generations[row] * _WEIGHTS[CELL_LENGTH + 1]
        for place in range(CELL_LENGTH - 1, -1, -1):
            quotient = rest // _UNSIGNED_BASE
            value = np.int64(rest - quotient * _UNSIGNED_BASE)
            rest = quotient
            check += value * _WEIGHTS[place]
            letters[row, place + place // 5] = _LETTERS[value]
        letters[row, 5] = letters[row, 11] = _HYPHEN
        letters[row, 12], letters[row, 13] = _LETTERS[size_classes[row]], _LETTERS[generations[row]]
        letters[row, 14] = _LETTERS[-check % BASE]


def code_texts(
    numbers: NDArray[np.int64], size_classes: NDArray[np.int64], generations: NDArray[np.int64] | int = 0
) -> NDArray[np.str_]:
    """Return the grouped texts of codes given by their parts, shape (n,), dtype ``U15``."""
    letters = np.empty((len(numbers), _TEXT_LENGTH), dtype=np.uint32)
    _code_texts(numbers, size_classes, np.full(len(numbers), generations, dtype=np.int64), letters)
    return as_texts(letters)


def grouped(compact: str) -> str:
    """Return the thirteen characters of a code that is known to be one in groups."""
    return f"{compact[:5]}-{compact[5:10]}-{compact[10:]}"


def parse(text: str) -> BuildingCode:
    """Read a building code from text as people type it.

    Raises
    ------
    CodeError
        The text is no code. Its fault says why; its suggestions are the codes one keystroke away.
    """
    letters = _checked_division(text, read_letters(text))
    if len(letters) != CODE_LENGTH:
        raise CodeError(_SENTENCES.fault("code_length", text=text, found=len(letters)), suggest(letters))
    _refuse_strangers(text, letters)
    values = [VALUES[letter] for letter in letters]
    if check_value(values[:12]) != values[12]:
        raise CodeError(_SENTENCES.fault("code_check", text=text), suggest(letters))
    if not is_cell_number(_number(values)):
        raise CodeError(_SENTENCES.fault("code_cell", text=text))
    return _from_values(values)


def read_written(text: str) -> BuildingCode:
    """Return the code that `code_texts` has written: it needs no looking at as one that a person types."""
    compact = text.replace("-", "")
    values = [VALUES[letter] for letter in compact]
    code = object.__new__(BuildingCode)
    for name, value in zip(_PARTS, (_number(values), values[10], values[11], compact), strict=True):
        object.__setattr__(code, name, value)
    return code


def suggest(text: str) -> list[str]:
    """Return the codes that check and lie one keystroke from the text, look-alikes first, then in text order.

    One keystroke is a character replaced, left out, typed twice or in excess, or two neighbours exchanged.
    """
    letters = _without_division(read_letters(text))
    looks = "".join(LOOK_ALIKES.get(letter, letter) for letter in letters)
    found = [looks] if looks != letters and _checks(looks) else []
    found += sorted({near for near in _one_keystroke_away(looks) if _checks(near)} - {letters, *found})
    return [str(_from_values([VALUES[letter] for letter in near])) for near in found]


def read_letters(text: str) -> str:
    """Return the text in NFKC and upper case, without blanks and hyphens."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def _without_division(letters: str) -> str:
    """Return the letters without a leading six-digit division prefix, the code itself one keystroke off or none."""
    prefix = letters[:_PREFIX_LENGTH]
    is_prefixed = abs(len(letters) - _PREFIX_LENGTH - CODE_LENGTH) <= 1 and prefix.isascii() and prefix.isdigit()
    return letters[_PREFIX_LENGTH:] if is_prefixed else letters


def _checked_division(text: str, letters: str) -> str:
    """Return the letters without a division prefix, and raise on a prefix that is none."""
    rest = _without_division(letters)
    if len(rest) == _PREFIX_LENGTH + CODE_LENGTH:
        raise CodeError(_SENTENCES.fault("code_division", text=text, prefix=letters[:_PREFIX_LENGTH]))
    return rest


def _refuse_strangers(text: str, letters: str) -> None:
    """Raise on the first letter that is not in the alphabet, naming the look-alike."""
    for position, letter in enumerate(letters, start=1):
        if letter not in VALUES:
            hint = f"{letter} → {LOOK_ALIKES[letter]}" if letter in LOOK_ALIKES else "I→1, O→0, S→5, V→U, Z→2"
            fault = _SENTENCES.fault("code_letter", text=text, letter=letter, position=position, hint=hint)
            raise CodeError(fault, suggest(letters))


def _one_keystroke_away(letters: str) -> set[str]:
    """Return every text of thirteen characters one keystroke from the letters."""
    if len(letters) == CODE_LENGTH:
        replaced = (letters[:i] + c + letters[i + 1 :] for i in range(CODE_LENGTH) for c in ALPHABET)
        exchanged = (letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :] for i in range(CODE_LENGTH - 1))
        return set(chain(replaced, exchanged))
    if len(letters) == CODE_LENGTH - 1:
        return {letters[:i] + c + letters[i:] for i in range(CODE_LENGTH) for c in ALPHABET}
    if len(letters) == CODE_LENGTH + 1:
        return {letters[:i] + letters[i + 1 :] for i in range(CODE_LENGTH + 1)}
    return set()


def _checks(letters: str) -> bool:
    """Tell whether thirteen letters are a code."""
    if len(letters) != CODE_LENGTH or not all(letter in VALUES for letter in letters):
        return False
    values = [VALUES[letter] for letter in letters]
    return check_value(values[:12]) == values[12] and is_cell_number(_number(values))


def _from_values(values: list[int]) -> BuildingCode:
    """Return the code of thirteen values, the check value unread."""
    return BuildingCode(_number(values), values[10], values[11])


def _number(values: list[int]) -> int:
    """Return the cell's number that the first ten values write."""
    number = 0
    for value in values[:CELL_LENGTH]:
        number = number * BASE + value
    return number
