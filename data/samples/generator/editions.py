"""The editions and land uses the generator works from, read from the tables beside this module."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Edition:
    """A dated state of one catalogue layer."""

    code: str
    table: str
    title: str
    valid_from: str
    accuracy_m: float
    currency: str
    source: str
    columns: tuple[str, ...]
    complete: str = "district"

    @property
    def gpkg_layer(self) -> str:
        """The layer's name in district.gpkg."""
        return f"{self.code}_{self.table}"


@dataclass(frozen=True, slots=True)
class Use:
    """A use of land: its codes in the land survey (GB/T 21010) and in plans (2023), and what may be built on it."""

    suffix: str
    dlbm: str
    dlmc: str
    ydyhfldm: str
    ydyhflmc: str
    rjl: str
    jzmd: str
    ldl: str
    jzxg: str


@cache
def editions() -> dict[str, Edition]:
    """Return the editions by layer code, in the catalogue's order."""
    rows = tomllib.loads((_HERE / "editions.toml").read_text(encoding="utf-8"))["edition"]
    return {row["code"]: Edition(**{**row, "columns": tuple(row["columns"])}) for row in rows}


@cache
def uses() -> dict[str, Use]:
    """Return the uses of land by their keys."""
    with (_HERE / "uses.csv").open(encoding="utf-8", newline="") as lines:
        return {row.pop("use"): Use(**row) for row in csv.DictReader(lines)}
