"""What the catalogue is made of: major classes, mid classes, layers, their owners, fields and code lists.

A layer's `accuracy_m`, `overlap_allowed` and the like are what holds for the theme where an edition states nothing of
its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, StringConstraints
from pydantic import Field as Limits

from geocode.faults import Text
from layers.errors import unknown_layer

__all__ = [
    "Catalogue",
    "CodeList",
    "FieldRule",
    "Layer",
    "Level",
    "MajorClass",
    "MidClass",
    "Owner",
    "Security",
    "Symbol",
]

Security: TypeAlias = Literal["public", "internal", "restricted"]
Level: TypeAlias = Literal["error", "warn"]
Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,31}$")]
_Colour: TypeAlias = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
_Named: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=80)]
_NEAR = 3
_NEAR_ENOUGH = 0.7
# "GHFQDM(集中建设/弹性发展)" notes values, "BHFW|JKDD" alternatives, "vert_datum=1985" a value
_NOTED = re.compile(r"[(=].*")


@dataclass(frozen=True, slots=True)
class MajorClass:
    """One of the four kinds of data: as it is, planned, administered, evaluated."""

    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class MidClass:
    """A group of layers within a major class."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    code: Code
    major: MajorClass
    name: Text


@dataclass(frozen=True, slots=True)
class Owner:
    """The office that answers for a layer."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    name: Text


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a layer is drawn: colours ``#rrggbb`` of area and line, and the opacity of the area, from 0 to 1."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    fill: _Colour = "#e0e0e0"
    line: _Colour = "#606060"
    opacity: Annotated[float, Limits(gt=0, le=1)] = 0.3


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field of delivered layers holds.

    Attributes
    ----------
    name
        As the standard calls it; capitals do not count.
    layers
        The layers for which it says so; all of them where there is none.
    kind
        ``text``, ``number``, ``integer`` or ``date``.
    length
        The most characters of a text.
    required
        Whether a row without a value has a fault.
    area
        Whether it is the feature's area in square metres, so that it can be held against the geometry.
    level
        What a fault means: ``error``, the row is no feature; ``warn``, it is kept and told.
    aliases
        What else deliveries call it: a mapping is proposed by these.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: _Named
    layers: tuple[Code, ...] = ()
    kind: Literal["text", "number", "integer", "date"] = "text"
    length: Annotated[int, Limits(gt=0)] | None = None
    required: bool = False
    area: bool = False
    level: Level = "warn"
    aliases: tuple[_Named, ...] = ()

    @property
    def key(self) -> tuple[str, frozenset[str]]:
        """What tells it from other rules: a city's rule of the same key stands in its place."""
        return self.name.casefold(), frozenset(self.layers)


@dataclass(frozen=True)
class CodeList:
    """The codes of one edition of a classification, with what they are called.

    Attributes
    ----------
    system
        The classification with its version, such as ``GB/T 21010-2017``.
    """

    system: str
    names: Mapping[str, Text]

    def knows(self, value: str) -> bool:
        """Return whether a text is a code, a finer one than is listed, or what a code is called in Chinese.

        Surveys add letters and digits of their own behind the codes of a standard (``0201K``, ``1107A``): below a code
        that has none beneath it in the list, any is taken.
        """
        return value in self._called or self.code_of(value) is not None

    def code_of(self, value: str) -> str | None:
        """Return the listed code that a code is, or is finer than; None where it is neither."""
        listed = next((value[:n] for n in range(len(value), 0, -1) if value[:n] in self.names), None)
        return listed if listed == value or (listed is not None and listed not in self._groups) else None

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(name.zh for name in self.names.values())

    @cached_property
    def _groups(self) -> frozenset[str]:
        return frozenset(code[:n] for code in self.names for n in range(1, len(code)) if code[:n] in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
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
    role
        What it does in a check: ``constraint``, ``plan``, ``status`` or ``administrative``.
    security
        ``public``; ``internal``: for offices; ``restricted``: checked against by all, seen by few.
    accuracy_m
        Standard deviation of positions, by default.
    owner
        Who answers for it.
    order
        Rank in drawing: low is below.
    key_attributes
        The fields that its standard asks for.
    confidence
        How sure name and fields are: V read in a source, P proposed, C a city's own.
    overlap_allowed, coverage_required
        Whether its features may overlap each other, and whether they must leave no gaps.
    class_field, class_system
        The field that holds a feature's class, and the code list it is from, with its version; empty where there is none.
    max_age_months
        How old its data may be before “nothing here” is doubted; None where it holds until it is replaced.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    code: Code
    table: _Named
    name: Text
    mid: MidClass
    geometry: Annotated[frozenset[Literal["Polygon", "Line", "Point", "Raster"]], Limits(min_length=1)]
    role: Literal["constraint", "plan", "status", "administrative"]
    security: Security
    accuracy_m: Annotated[float, Limits(gt=0, allow_inf_nan=False)]
    owner: Owner
    order: int
    key_attributes: tuple[_Named, ...] = ()
    confidence: Literal["V", "P", "C"] = "C"
    overlap_allowed: bool = False
    coverage_required: bool = False
    symbol: Symbol = Symbol()
    class_field: str = ""
    class_system: str = ""
    max_age_months: Annotated[int, Limits(gt=0)] | None = None

    @property
    def attributes(self) -> tuple[tuple[str, ...], ...]:
        """The names of its key attributes, each with the names that may stand in its place."""
        return tuple(tuple(name.strip() for name in _NOTED.sub("", text).split("|")) for text in self.key_attributes)


@dataclass(frozen=True)
class Catalogue:
    """All classes and layers, in the order of their files, the city's own behind those that come with the software."""

    majors: tuple[MajorClass, ...]
    mids: tuple[MidClass, ...]
    layers: tuple[Layer, ...]
    owners: tuple[Owner, ...] = ()
    fields: tuple[FieldRule, ...] = ()
    code_lists: Mapping[str, CodeList] = field(default_factory=dict, hash=False)

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

    def field_rules(self, layer: Layer) -> dict[str, FieldRule]:
        """Return what is known of fields in a layer, by name in small letters; what is said of the layer itself goes first."""
        rules = [rule for rule in self.fields if not rule.layers or layer.code in rule.layers]
        return {rule.name.casefold(): rule for rule in sorted(rules, key=lambda rule: bool(rule.layers))}

    @cached_property
    def version(self) -> str:
        """What tells this catalogue from others: the SHA-256 of all that it says."""
        said = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, default=sorted)
        return sha256(said.encode()).hexdigest()

    @cached_property
    def _by_name(self) -> Mapping[str, Layer]:
        return {name.upper(): layer for layer in self.layers for name in (layer.code, layer.table)}
