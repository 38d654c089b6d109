"""How much a rule requires: amounts from a table, told apart by the attributes of both sides.

A row holds where its filter does; the first that holds counts. The filter reads the feature's attributes under their
own names, those of the footprint as ``footprint.height_m``, those of the planning block as ``block.jztr``, and the
class of a site's side as ``edge``. Where attributes are missing, or no row holds, it is not known what is required, but
seldom nothing at all: it lies between two bounds, and whoever keeps or breaks both of them has an answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from blueprint.errors import FilterError
from blueprint.filters import Filter, compile_filter
from blueprint.tables import Table

__all__ = ["Amount", "Bounds", "Requirement", "read_requirement", "take_filter"]


class Bounds(NamedTuple):
    """The least and the most that may be required; the same where it is known."""

    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether it is known what is required."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Amount:
    """One row: ``value``, or ``factor`` times an attribute and at least ``at_least``, where the filter holds."""

    value: float | None = None
    attribute: str = ""
    factor: float = 1.0
    at_least: float = -math.inf
    where: Filter | None = None

    def amount(self, context: Mapping[str, Any]) -> float | None:
        """Return the amount; None where the attribute is no finite number."""
        if self.value is not None:
            return self.value
        number = context.get(self.attribute)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            return None
        return max(self.factor * number, self.at_least)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A table of amounts, and the most that it can come to (infinity: that depends on attributes)."""

    rows: tuple[Amount, ...]
    up_to: float

    @property
    def properties(self) -> frozenset[str]:
        """The names of the attributes that it reads."""
        filters = [row.where.properties for row in self.rows if row.where]
        return frozenset().union({row.attribute for row in self.rows if row.attribute}, *filters)

    def bounds(self, context: Mapping[str, Any]) -> Bounds:
        """Return what is required of a pair whose attributes are these."""
        low, high = math.inf, -math.inf
        for row in self.rows:
            holds = True if row.where is None else row.where.matches(context)
            if holds is False:
                continue
            amount = row.amount(context)
            low = min(low, -math.inf if amount is None else amount)
            high = max(high, self.up_to if amount is None else amount)
            if holds:
                return Bounds(low, high)
        return Bounds(-math.inf, self.up_to)


def read_requirement(table: Table) -> Requirement | None:
    """Return the requirement that a rule's table states under ``required`` and ``up_to``; None where it states none."""
    if not table.has("required"):
        if table.has("up_to"):
            table.refuse("up_to", "only_beside", beside="required")
        return None
    rows = tuple(_read_amount(row) for row in table.take_tables("required"))
    most = max(math.inf if row.value is None else row.value for row in rows)
    return Requirement(rows, table.take_amount("up_to") if table.has("up_to") else most)


def _read_amount(table: Table) -> Amount:
    if table.has("value") == table.has("attribute"):
        table.refuse("value", "value_or_attribute")
    row = Amount(
        value=table.take("value", float) if table.has("value") else None,
        attribute=table.take("attribute", str, default=""),
        factor=table.take("factor", float, default=1.0),
        at_least=table.take("at_least", float, default=-math.inf),
        where=take_filter(table),
    )
    table.refuse_rest()
    return row


def take_filter(table: Table, key: str = "where") -> Filter | None:
    """Return the filter under a key; None where there is none."""
    if not table.has(key):
        return None
    try:
        return compile_filter(table.take(key, str))
    except FilterError as error:
        table.reject(key, error.text)
