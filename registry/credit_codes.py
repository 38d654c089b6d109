"""Unified social credit codes, GB 32100-2015: 18 characters that name an organisation, never a building."""

from dataclasses import astuple, dataclass
from string import ascii_uppercase
from typing import Self

from geocode.alphabet import VALUES, check_value
from registry.errors import refused_alias
from registry.forms import DIGITS, Part, load_form

__all__ = ["CreditCode"]

_FORM = load_form("uscc")
# GB 11714 counts all letters and weighs eight characters
_ORGANISATION_VALUES = {letter: value for value, letter in enumerate(DIGITS + ascii_uppercase)}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = DIGITS + "X"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """An organisation: a surveying unit, a developer, an office.

    Attributes
    ----------
    registration
        Registering department and category of organisation, such as ``91``. Departments are added from time to time:
        a pair that is not listed is read, and has no meaning.
    division
        Six digits of GB/T 2260, of the registering office.
    organisation
        The organisation code of GB 11714, nine characters; the last is its own check character.
    check
        One character.
    """

    registration: str
    division: str
    organisation: str
    check: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a unified social credit code from text as people type it.

        Raises
        ------
        AliasError
            The text is none, or one of its two check characters does not fit.
        """
        code = cls(**_FORM.read(text))
        values = [VALUES[letter] for letter in str(code)]
        if check_value(values[:-1]) != values[-1]:
            raise refused_alias("alias_check", text=str(code), position=_FORM.length)
        if _organisation_check(code.organisation[:-1]) != code.organisation[-1]:
            raise refused_alias("alias_organisation", text=str(code), position=_FORM.length - 1)
        return code

    @classmethod
    def is_near(cls, text: str) -> bool:
        """Tell whether a text may be meant for a unified social credit code."""
        return _FORM.is_near(text)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with their meanings."""
        return _FORM.describe(self)

    def __str__(self) -> str:
        """Return the 18 characters."""
        return "".join(astuple(self))


def _organisation_check(body: str) -> str:
    """Return the check character of the first eight characters of an organisation code."""
    weighed = zip((_ORGANISATION_VALUES[letter] for letter in body), _ORGANISATION_WEIGHTS, strict=True)
    return _ORGANISATION_CHECKS[-sum(value * weight for value, weight in weighed) % 11]
