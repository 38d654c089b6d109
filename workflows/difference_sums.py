"""Sums of a comparison as they are printed: parts that add up to the printed total."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from blueprint.rounding import round_parts

__all__ = ["PrintedSum", "printed_sums"]


class PrintedSum(NamedTuple):
    """What is printed of one row: square metres to the second decimal on both bases, and the share in percent to the fourth."""

    area_m2: float
    ellipsoid_area_m2: float
    percent: float


def printed_sums(rows: Sequence[Mapping[str, Any]]) -> list[PrintedSum]:
    """Return what is printed of each row of a table of sums, and of their total last."""
    areas_m2, ellipsoid_m2 = ([row[name] for row in rows] for name in ("area_m2", "ellipsoid_area_m2"))
    columns = [
        round_parts(areas_m2, decimals=2),
        round_parts(ellipsoid_m2, decimals=2),
        round_parts(areas_m2, decimals=4, total=100),
    ]
    # sums of printed numbers have binary dust, which rounding takes away
    return [PrintedSum(*row) for row in zip(*([*column, round(sum(column), 4)] for column in columns), strict=True)]
