"""The catalogue of the one blueprint: major classes, mid classes and layers, as data that a city edits.

The files stand in ``layers/catalogue``. A layer's `accuracy_m`, `overlap_allowed` and the like are what holds for the theme
where an edition states nothing of its own.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from geocode.faults import Text
from layers.errors import unknown_layer

__all__ = ["Catalogue", "Layer", "MajorClass", "MidClass", "Symbol", "load_catalogue"]

_NEAR = 3
_NEAR_ENOUGH = 0.7


@dataclass(frozen=True, slots=True)
class MajorClass:
    """One of the four kinds of data: as it is, planned, administered, evaluated."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class MidClass:
    """A group of layers within a major class."""

    code: str
    major: MajorClass
    name: Text


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a layer is drawn: colours ``#rrggbb`` of area and line, and the opacity of the area, from 0 to 1."""

    fill: str
    line: str
    opacity: float


@dataclass(frozen=True, slots=True)
class Layer:
    """One theme of the blueprint.

    Attributes
    ----------
    code, table
        Its code, such as ``GH2201``, and the table that it is delivered in, such as ``YJJBNT``.
    name, mid
        What it is called, and the group it belongs to.
    geometry
        The kinds of geometry it holds, of ``Polygon``, ``Line``, ``Point`` and ``Raster``.
    key_attributes
        The fields that its standard asks for.
    confidence
        How sure name and fields are: V read in a source, P proposed.
    role
        What it does in a check: ``constraint``, ``plan``, ``status`` or ``administrative``.
    accuracy_m
        Standard deviation of positions, by default.
    overlap_allowed, coverage_required
        Whether its features may overlap each other, and whether they must leave no gaps.
    security
        ``public``, ``internal`` or ``restricted``.
    order
        Rank in drawing: low is below.
    class_field, class_system
        The field that holds a feature's class, and the code list it is from; empty where there is none.
    """

    code: str
    table: str
    name: Text
    mid: MidClass
    geometry: frozenset[str]
    key_attributes: tuple[str, ...]
    confidence: str
    role: str
    accuracy_m: float
    overlap_allowed: bool
    coverage_required: bool
    security: str
    order: int
    symbol: Symbol
    class_field: str
    class_system: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All classes and layers, in the order of their files."""

    majors: tuple[MajorClass, ...]
    mids: tuple[MidClass, ...]
    layers: tuple[Layer, ...]
    _by_name: Mapping[str, Layer] = field(repr=False, default_factory=dict)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.strip().upper() in self._by_name

    def layer(self, name: str) -> Layer:
        """Return the layer of a code or a table name, in capitals or not.

        Raises
        ------
        UnknownLayer
            There is none; the error names those that are spelt alike.
        """
        wanted = name.strip().upper()
        if wanted not in self._by_name:
            raise unknown_layer(name, tuple(get_close_matches(wanted, self._by_name, _NEAR, _NEAR_ENOUGH)))
        return self._by_name[wanted]


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with the software."""
    majors = {row["major"]: MajorClass(row["major"], _name(row)) for row in _rows("major_classes.csv")}
    mids = {row["mid"]: MidClass(row["mid"], majors[row["major"]], _name(row)) for row in _rows("mid_classes.csv")}
    layers = tuple(_layer(row, mids[row["mid"]]) for row in _rows("layers.csv"))
    by_name = {name.upper(): layer for layer in layers for name in (layer.code, layer.table)}
    return Catalogue(tuple(majors.values()), tuple(mids.values()), layers, by_name)


def _rows(name: str) -> list[dict[str, str]]:
    text = files("layers").joinpath("catalogue", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _name(row: Mapping[str, str]) -> Text:
    return Text(row["zh"], row["en"])


def _layer(row: Mapping[str, str], mid: MidClass) -> Layer:
    return Layer(
        code=row["layer_code"],
        table=row["table"],
        name=Text(row["name_zh"], row["name_en"]),
        mid=mid,
        # "Polygon(Z)" says that heights belong to it; they are attributes here
        geometry=frozenset(kind.partition("(")[0] for kind in row["geometry"].split("|")),
        key_attributes=tuple(row["key_attributes"].split(",")),
        confidence=row["code_status"],
        role=row["role"],
        accuracy_m=float(row["accuracy_m"]),
        overlap_allowed=_is_true(row["overlap_allowed"]),
        coverage_required=_is_true(row["coverage_required"]),
        security=row["security"],
        order=int(row["order"]),
        symbol=Symbol(row["fill"], row["line"], float(row["opacity"])),
        class_field=row["class_field"],
        class_system=row["class_system"],
    )


def _is_true(text: str) -> bool:
    return {"true": True, "false": False}[text]
