"""Units: what can be owned in a building, as its building table (楼盘表) lists them."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from geocode import Fault, Text
from geocode.faults import read_sentences
from registry.forms import alias_value
from registry.storeys import storey_order, storeys_of

__all__ = [
    "Changes",
    "Total",
    "Totals",
    "Unit",
    "Use",
    "check_capacity",
    "compare_units",
    "get_use",
    "load_uses",
    "total_units",
]

_SENTENCES = read_sentences("registry", "unit_faults.toml")
# shares of common parts and overhangs may exceed the ground floor's outline by so much
_CAPACITY_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Use:
    """What a unit is used for: its code, its name, the words that tables have for it."""

    code: str
    name: Text
    words: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit.

    Attributes
    ----------
    number
        As the building knows it; no two units of a building have the same.
    storey
        As `storey_value` returns it.
    area_m2
        Floor area, above 0.
    use
        Code of a `Use`.
    code
        The real-estate unit code, 28 characters; None where none is assigned yet.
    attributes
        What else the table says, by heading.
    """

    number: str
    storey: str
    area_m2: float
    use: str
    code: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The number as it is compared."""
        return alias_value(self.number)

    def is_like(self, other: "Unit") -> bool:
        """Tell whether two are the same unit unchanged, whatever code is attached to them."""
        mine, theirs = ((u.key, u.storey, u.area_m2, u.use, dict(u.attributes)) for u in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new table changes: units to close and to add, and those that stay, held and wanted side by side."""

    closed: tuple[Unit, ...]
    added: tuple[Unit, ...]
    kept: tuple[tuple[Unit, Unit], ...]


class Total(NamedTuple):
    """How many units, and their area in square metres."""

    units: int
    area_m2: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over units: of all, by the code of their use, and by storey from the lowest up."""

    whole: Total
    by_use: Mapping[str, Total]
    by_storey: Mapping[str, Total]


@cache
def load_uses() -> tuple[Use, ...]:
    """Return all uses in order."""
    rows = tomllib.loads(files("registry").joinpath("unit_uses.toml").read_text(encoding="utf-8"))["use"]
    return tuple(Use(row["code"], Text(row["zh"], row["en"]), tuple(row["words"])) for row in rows)


def get_use(code: str) -> Use:
    """Return the use of a code; of one that is no longer in the list, a use that is called by its code."""
    return next((use for use in load_uses() if use.code == code), Use(code, Text(code, code)))


def compare_units(held: Sequence[Unit], wanted: Sequence[Unit]) -> Changes:
    """Return what changes when a building's units become those of a new table, in the order of the tables.

    A unit that differs in anything but its code is closed and added anew.
    """
    now, soon = ({unit.key: unit for unit in units} for units in (held, wanted))
    stay = {key for key, unit in now.items() if key in soon and unit.is_like(soon[key])}
    return Changes(
        closed=tuple(unit for key, unit in now.items() if key not in stay),
        added=tuple(unit for key, unit in soon.items() if key not in stay),
        kept=tuple((now[key], unit) for key, unit in soon.items() if key in stay),
    )


def total_units(units: Iterable[Unit]) -> Totals:
    """Return the sums over some units."""
    units = list(units)
    uses = [use.code for use in load_uses()]
    by_use = sorted(
        {unit.use for unit in units}, key=lambda code: (uses.index(code) if code in uses else len(uses), code)
    )
    by_storey = sorted({unit.storey for unit in units}, key=storey_order)
    return Totals(
        whole=_total(units),
        by_use={use: _total(unit for unit in units if unit.use == use) for use in by_use},
        by_storey={storey: _total(unit for unit in units if unit.storey == storey) for storey in by_storey},
    )


def check_capacity(units: Sequence[Unit], *, footprint_m2: float) -> list[Fault]:
    """Return what is odd about a building's units beside its footprint: more area than fits into its storeys.

    Parameters
    ----------
    footprint_m2
        In the plane in which the law measures.

    Notes
    -----
    A basement may be larger than the building above it: storeys below ground count as storeys, and are not compared one by
    one. A unit on several storeys counts in equal parts on each; one on a storey without number counts in the whole alone.
    """
    shares = [(storey, unit.area_m2 / len(on)) for unit in units for on in [storeys_of(unit.storey)] for storey in on]
    area_m2, storeys = math.fsum(unit.area_m2 for unit in units), len({storey for storey, _ in shares})
    odd = []
    if storeys and area_m2 > storeys * footprint_m2 * (1 + _CAPACITY_TOLERANCE):
        told: dict[str, Any] = {"area_m2": area_m2, "footprint_m2": footprint_m2, "storeys": storeys}
        odd.append(_SENTENCES.fault("units_exceed_building", capacity_m2=storeys * footprint_m2, **told))
    for storey in sorted({storey for storey, _ in shares if storey > 0}):
        sum_m2 = math.fsum(share_m2 for other, share_m2 in shares if other == storey)
        if sum_m2 > footprint_m2 * (1 + _CAPACITY_TOLERANCE):
            odd.append(
                _SENTENCES.fault("storey_exceeds_footprint", storey=storey, area_m2=sum_m2, footprint_m2=footprint_m2)
            )
    return odd


def _total(units: Iterable[Unit]) -> Total:
    areas_m2 = [unit.area_m2 for unit in units]
    return Total(len(areas_m2), round(math.fsum(areas_m2), 4))
