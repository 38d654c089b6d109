"""Real-estate unit codes, GB/T 37346-2019: 28 characters, no check digit."""

from dataclasses import astuple, dataclass
from typing import Self

from registry.errors import refused_alias
from registry.forms import Part, load_form

__all__ = ["UnitCode"]

_FORM = load_form("bdcdyh")
_NO_UNIT = "0" * 8
_BUILDING_LENGTH = 4


@dataclass(frozen=True, slots=True)
class UnitCode:
    """A real-estate unit: a parcel and what is fixed to it.

    County and cadastral districts are read as digits alone: divisions change, and placeholders (440101, district 999) are
    in use. Whether the parcel exists, its cadastre knows.

    Attributes
    ----------
    county
        Six digits of GB/T 2260.
    district, subdistrict
        Cadastral district and subdistrict, three digits each.
    ownership, right
        The parcel's feature: ``G``, ``J`` or ``Z``, then the right to use it, such as ``B``.
    parcel_number
        Five digits.
    fixture
        ``F`` building or structure, ``L`` forest, ``Q`` another, ``W`` none.
    unit_number
        Eight digits; for ``F`` four of the building and four of the household.
    """

    county: str
    district: str
    subdistrict: str
    ownership: str
    right: str
    parcel_number: str
    fixture: str
    unit_number: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a real-estate unit code from text as people type it.

        Raises
        ------
        AliasError
            The text is none.
        """
        code = cls(**_FORM.read(text))
        if code.right == "A" and code.ownership != "J":
            raise refused_alias("alias_ownership", text=str(code), position=13, found=code.ownership + code.right)
        if code.fixture == "W" and code.unit_number != _NO_UNIT:
            strange = len(code.unit_number) - len(code.unit_number.lstrip("0"))
            raise refused_alias("alias_no_fixture", text=str(code), position=21 + strange, found=code.unit_number)
        return code

    @classmethod
    def is_near(cls, text: str) -> bool:
        """Tell whether a text may be meant for a real-estate unit code."""
        return _FORM.is_near(text)

    @property
    def parcel(self) -> str:
        """The parcel code: the first nineteen characters."""
        return str(self)[:19]

    @property
    def building(self) -> str | None:
        """Number of the building on its parcel, 9999 for several; None where the fixture is no building."""
        return self.unit_number[:_BUILDING_LENGTH] if self.fixture == "F" else None

    @property
    def household(self) -> str | None:
        """Number of the household in its building, 0000 for the whole; None where the fixture is no building."""
        return self.unit_number[_BUILDING_LENGTH:] if self.fixture == "F" else None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with their meanings."""
        values = {"building": self.building, "household": self.household}
        key = "" if self.building is None else "building" if self.household == "0000" else "household"
        return _FORM.describe(self, keys={"unit_number": key}, values=values)

    def __str__(self) -> str:
        """Return the 28 characters."""
        return "".join(astuple(self))
