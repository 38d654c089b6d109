"""House codes, JGJ/T 246-2012: 25 characters and a check digit. JGJ/T 496-2022 supersedes it; its layout is not known here.

Of the check digit two variants are in use: ISO 7064 MOD 11,10, and a vendor's that leaves out a step of it. A code that
fits either is taken, and says by which.
"""

import re
from dataclasses import astuple, dataclass
from typing import Self

from registry.check_digits import fitting_variant
from registry.errors import refused_alias
from registry.forms import Part, load_form

__all__ = ["HouseCode"]

_FORM = load_form("fwdm")
_MONTH_LENGTH = 6
# all that is known of it, then the rest
_MONTH = re.compile(r"[0-9]*\**")
_BUILDING_STARTS = 10


@dataclass(frozen=True, slots=True)
class HouseCode:
    """A building, or a unit in it.

    Attributes
    ----------
    county
        Six digits of GB/T 2260.
    place
        Three digits of a township; one vendor has a cadastral district there.
    building
        Twelve characters, made by month of completion and serial number, by coordinates, by parcel or by map sheet: the
        code does not say which. A month of completion not known to the end is filled with ``*``.
    unit
        Four digits.
    check
        One digit.
    """

    county: str
    place: str
    building: str
    unit: str
    check: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a house code from text as people type it.

        Raises
        ------
        AliasError
            The text is none, or its check digit fits neither variant.
        """
        code = cls(**_FORM.read(text))
        month, serial = code.building[:_MONTH_LENGTH], code.building[_MONTH_LENGTH:]
        if not _MONTH.fullmatch(month) or "*" in serial:
            position = _BUILDING_STARTS + code.building.index("*")
            raise refused_alias("alias_unknown_date", text=str(code), position=position)
        if code.check_variant is None:
            raise refused_alias("alias_check", text=str(code), position=_FORM.length)
        return code

    @classmethod
    def is_near(cls, text: str) -> bool:
        """Tell whether a text may be meant for a house code."""
        return _FORM.is_near(text)

    @property
    def check_variant(self) -> str | None:
        """The variant by which the check digit fits: ``iso7064``, ``without_ten`` or ``both``. ``*`` counts as 0."""
        return fitting_variant(str(self)[:-1].replace("*", "0"), self.check)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with their meanings."""
        return _FORM.describe(self, keys={"check": self.check_variant or ""})

    def __str__(self) -> str:
        """Return the 26 characters."""
        return "".join(astuple(self))
