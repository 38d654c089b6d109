"""Codes of investment projects: GB/T 40058-2021, ``YYMM-DDDDDD-XX-XX-NNNNNC``, and its forerunner with a year.

The standard's check algorithm is not public. The codes in use have the check digit of ISO 7064 MOD 11,10 over their first
nineteen digits (twelve of twelve that were found), so it is told whether a code has it, and none is refused for it.
"""

from dataclasses import astuple, dataclass
from typing import Self

from registry.check_digits import check_digit
from registry.errors import refused_alias
from registry.forms import Part, load_form

__all__ = ["ProjectCode"]

_FORM = load_form("xmdm")
_CENTURY = 2000
_MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class ProjectCode:
    """A project's code, in either form.

    The first four digits are a month (``2209``, September 2022) or, in the older form, a year (``2019``). From ``2001`` to
    ``2012`` they may be both: `year` and `month` are then both given.

    Attributes
    ----------
    time
        Four digits.
    region
        Division or ministry, six digits; new areas have digits that GB/T 2260 does not list.
    department
        The central department that guides the project, two digits.
    kind
        The kind of project, two digits.
    number
        Random number and check digit, in the older form a serial number: six digits.
    """

    time: str
    region: str
    department: str
    kind: str
    number: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a project code from text as people type it.

        Raises
        ------
        AliasError
            The text is none.
        """
        code = cls(**_FORM.read(text))
        if code.month is None and code.year is None:
            raise refused_alias("alias_month", text=str(code), position=3, found=code.time)
        return code

    @classmethod
    def is_near(cls, text: str) -> bool:
        """Tell whether a text may be meant for a project code."""
        return _FORM.is_near(text)

    @property
    def month(self) -> tuple[int, int] | None:
        """Year and month, read as the standard's form; None where there is no such month."""
        month = int(self.time[2:])
        return (_CENTURY + int(self.time[:2]), month) if month in _MONTHS else None

    @property
    def year(self) -> int | None:
        """Year, read as the older form; None where the code does not begin with 20."""
        return int(self.time) if self.time.startswith("20") else None

    @property
    def has_check_digit(self) -> bool | None:
        """Whether the last digit is ISO 7064's check digit; None in the older form, which has none."""
        if self.month is None:
            return None
        digits = "".join(astuple(self))
        return check_digit(digits[:-1]) == digits[-1]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with their meanings."""
        year, month = self.month or (None, None)
        values = {"year": year, "month": month, "old_year": self.year}
        time = "year" if self.month is None else "month" if self.year is None else "both"
        number = {True: "fits", False: "differs", None: ""}[self.has_check_digit]
        return _FORM.describe(self, keys={"time": time, "number": number}, values=values)

    def __str__(self) -> str:
        """Return the five groups with their hyphens."""
        return "-".join(astuple(self))
