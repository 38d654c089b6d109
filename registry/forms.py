"""The forms of names whose layout a standard publishes: parts of fixed length, each with its characters. They are data.

Reading is lenient (Unicode NFKC, any case, blanks and hyphens anywhere), what comes out is strict.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, repeat
from typing import Any, NamedTuple

from geocode import Text
from registry.errors import refused_alias

__all__ = ["DIGITS", "Form", "Part", "PartForm", "alias_value", "compact", "load_form"]

DIGITS = "0123456789"
# blanks of every kind, the hyphens and dashes that forms and keyboards produce
_SEPARATORS = re.compile(r"[\s\-‐-―−]+")
_MOST_STRANGE = 2
_BEGINNING = 12


def alias_value(value: Any) -> str:
    """Return a name as it is compared: NFKC, upper case, no blanks at its ends, no NUL (which no database text holds)."""
    upper = unicodedata.normalize("NFKC", str(value)).upper()
    # normal again: some letters come apart in upper case
    return unicodedata.normalize("NFKC", upper).replace("\0", "").strip()


def compact(value: Any) -> str:
    """Return a name as it is compared, without the blanks and hyphens within."""
    return _SEPARATORS.sub("", alias_value(value))


class Part(NamedTuple):
    """One part of a name: what it is called, what it is, and what that means, None where no standard says."""

    name: str
    label: Text
    text: str
    meaning: Text | None = None


@dataclass(frozen=True, slots=True)
class PartForm:
    """The form of one part: its length in characters, the characters it may have, the meanings it may have."""

    name: str
    label: Text
    length: int
    letters: str
    meanings: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a name: its parts in order."""

    parts: tuple[PartForm, ...]

    @property
    def length(self) -> int:
        """How many characters a name has, without hyphens."""
        return sum(part.length for part in self.parts)

    def read(self, text: str) -> dict[str, str]:
        """Return the parts of a text by name.

        Raises
        ------
        AliasError
            The text has another length, or a character where the form has none of its kind.
        """
        letters = compact(text)
        if len(letters) != self.length:
            raise refused_alias("alias_length", text=letters, found=len(letters), wanted=self.length)
        for position, (letter, part) in enumerate(zip(letters, self._places(), strict=True), start=1):
            if letter not in part.letters:
                wanted = " ".join(part.letters).replace(" ".join(DIGITS), "0–9")
                raise refused_alias(
                    "alias_letter", text=letters, position=position, letter=letter, part=part.label, wanted=wanted
                )
        rest = iter(letters)
        return {part.name: "".join(next(rest) for _ in range(part.length)) for part in self.parts}

    def describe(
        self, code: Any, *, keys: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None
    ) -> tuple[Part, ...]:
        """Return the parts of a code with their meanings.

        Parameters
        ----------
        code
            A value that has the parts as its attributes.
        keys
            For parts whose meaning is not of their own text: the key of the meaning.
        values
            What the meanings have placeholders for.
        """
        described = []
        for part in self.parts:
            text = getattr(code, part.name)
            meaning = part.meanings.get((keys or {}).get(part.name, text))
            described.append(Part(part.name, part.label, text, meaning.format(values or {}) if meaning else None))
        return tuple(described)

    def is_near(self, text: str) -> bool:
        """Tell whether a text may be meant for a name of this form.

        It has the form's length and at most two characters that cannot be where they are; or such a name with one character
        missing or in excess; or the beginning of one, not of digits alone.
        """
        letters = compact(text)
        strange = sum(letter not in part.letters for letter, part in zip(letters, self._places(), strict=False))
        if len(letters) == self.length:
            return strange <= _MOST_STRANGE
        is_beginning = _BEGINNING <= len(letters) < self.length and not letters.isdigit()
        return strange == 0 and (abs(len(letters) - self.length) == 1 or is_beginning)

    def _places(self) -> chain[PartForm]:
        """Return the part that each character belongs to."""
        return chain.from_iterable(repeat(part, part.length) for part in self.parts)


@cache
def load_form(scheme: str) -> Form:
    """Return the form of a scheme's names."""
    rows = tomllib.loads(files("registry").joinpath("forms.toml").read_text(encoding="utf-8"))[scheme]
    return Form(tuple(_part_form(row) for row in rows))


def _part_form(row: Mapping[str, Any]) -> PartForm:
    meanings = {key: Text(*pair) for key, pair in row.get("meanings", {}).items()}
    letters = row.get("letters") or "".join(meanings) or DIGITS
    return PartForm(row["name"], Text(row["zh"], row["en"]), row["length"], letters, meanings)
