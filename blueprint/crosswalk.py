"""The crosswalk: land-use codes of three systems brought to construction, agricultural, unused and sea.

A rule reads the class as the attribute ``land_class``. Which attribute of a layer holds its code, and of which system it
is, stands in the catalogue of layers.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from blueprint.tables import Table
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue

__all__ = ["LAND_CLASS", "Crosswalk", "LandClass", "load_crosswalk", "read_crosswalk", "read_systems"]

LAND_CLASS = "land_class"


class LandClass(StrEnum):
    """What land is for, whichever system its code is of."""

    CONSTRUCTION = "construction"
    AGRICULTURAL = "agricultural"
    UNUSED = "unused"
    SEA = "sea"


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The classes of the codes of each system.

    Attributes
    ----------
    classes
        By system: the class of the codes that begin so.
    signed_off_by
        Who answers for it; empty: it is a proposal.
    catalogue
        Which attribute of a layer holds its code, and of which system it is.
    """

    classes: Mapping[str, Mapping[str, LandClass]]
    signed_off_by: str = ""
    catalogue: Catalogue = field(default_factory=load_catalogue, compare=False, repr=False)

    def land_class(self, system: str, code: object) -> LandClass | None:
        """Return the class of a code, by the longest beginning that is listed; None where none is."""
        listed = self.classes.get(system, {})
        known = code.strip() if isinstance(code, str) else ""
        return next((listed[known[:n]] for n in range(len(known), 0, -1) if known[:n] in listed), None)

    def land_class_of(self, layer: str, attributes: Mapping[str, Any]) -> LandClass | None:
        """Return the class of a feature of a layer, given its attributes."""
        entry = self.catalogue.layer(layer)
        code = attributes.get(entry.class_field)
        return self.land_class(entry.class_system, attributes.get("class_code") if code is None else code)


@cache
def load_crosswalk() -> Crosswalk:
    """Return the proposed crosswalk that comes with the software."""
    text = files("blueprint").joinpath("crosswalk.toml").read_text(encoding="utf-8")
    return read_crosswalk(text, file="crosswalk.toml")


def read_crosswalk(text: str, *, file: str) -> Crosswalk:
    """Return the crosswalk of a TOML text; ``file`` is the name that errors give.

    Raises
    ------
    RuleError
        A key is unknown, missing or wrong, or a beginning stands under two classes.
    """
    table = Table(tomllib.loads(text), file=file, rule="-")
    crosswalk = Crosswalk(read_systems(table.take_table("systems")), table.take("signed_off_by", str, default=""))
    table.refuse_rest()
    return crosswalk


def read_systems(table: Table) -> dict[str, dict[str, LandClass]]:
    """Return the classes of the codes of each system that a TOML table lists.

    Raises
    ------
    RuleError
        A key is unknown or wrong, or a beginning stands under two classes.
    """
    return {system: _read_system(table.take_table(system)) for system in table.keys}


def _read_system(table: Table) -> dict[str, LandClass]:
    listed: dict[str, LandClass] = {}
    for land_class in LandClass:
        for code in table.take_names(land_class) if table.has(land_class) else ():
            if code in listed:
                table.refuse(land_class, "stands_twice", found=repr(code), other=listed[code])
            listed[code] = land_class
    table.refuse_rest()
    return listed
