"""Schemes: the ways in which others name buildings, projects and organisations. The list is data, and a city may add to it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from geocode import Fault, Text
from registry.credit_codes import CreditCode
from registry.errors import AliasError, SchemeError
from registry.forms import Part, alias_value
from registry.house_codes import HouseCode
from registry.patterns import PatternForm, compile_pattern
from registry.project_codes import ProjectCode
from registry.unit_codes import UnitCode

__all__ = ["Alias", "RefusedAlias", "Scheme", "get_scheme", "identify", "load_schemes", "scheme_name"]


class Name(Protocol):
    """A name that was read: its text is how it is kept."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with their meanings."""


class Reader(Protocol):
    """What reads the names of a scheme."""

    def parse(self, text: str) -> Name:
        """Read a name, or raise an AliasError."""

    def is_near(self, text: str) -> bool:
        """Tell whether a text may be meant for such a name."""


_TYPES: Mapping[str, Reader] = {"bdcdyh": UnitCode, "xmdm": ProjectCode, "fwdm": HouseCode, "uscc": CreditCode}


@dataclass(frozen=True, slots=True)
class Alias:
    """One name under a scheme, as it is kept; equal to another where scheme and value are.

    Attributes
    ----------
    name
        The name as its type reads it, such as a `UnitCode`; None where it was not read.
    """

    scheme: str
    value: str
    name: Name | None = field(default=None, compare=False, repr=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the name with their meanings."""
        return () if self.name is None else self.name.parts

    @property
    def check_variant(self) -> str | None:
        """The variant by which its check digit fits; None where one alone is in use."""
        return self.name.check_variant if isinstance(self.name, HouseCode) else None


class RefusedAlias(NamedTuple):
    """A text that is no name under a scheme: which and its label, the text as compared, why not, and where."""

    scheme: str
    label: Text
    value: str
    fault: Fault
    position: int | None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way of naming.

    Attributes
    ----------
    code, name, standard
        What it is called, and the standard that it is of; empty where there is none.
    names
        What it names: ``building``, ``project`` or ``organisation``.
    confidence
        How sure the form is: V read in the standard, I found in codes in use, C set by the city, P proposed.
    fields
        The fields of a delivery that carry its names; none where they are no aliases of a building.
    reader
        What reads its names.
    """

    code: str
    name: Text
    standard: str
    names: str
    confidence: str
    fields: tuple[str, ...]
    reader: Reader

    def parse(self, text: str) -> Alias:
        """Read a name, leniently typed, as it is kept.

        Raises
        ------
        AliasError
            The text is no name under this scheme.
        """
        name = self.reader.parse(text)
        return Alias(self.code, str(name), name)

    def refusal(self, text: str, error: AliasError) -> RefusedAlias:
        """Return the refusal of a text as a value, for reports of many."""
        return RefusedAlias(self.code, self.name, alias_value(text), error.fault, error.position)


@cache
def load_schemes() -> tuple[Scheme, ...]:
    """Return the schemes that need no configuration, in order."""
    rows = tomllib.loads(files("registry").joinpath("schemes.toml").read_text(encoding="utf-8"))["scheme"]
    return tuple(_scheme(row) for row in rows)


def get_scheme(code: str, schemes: Sequence[Scheme] | None = None) -> Scheme:
    """Return the scheme of a code, of those given or of those that need no configuration.

    Raises
    ------
    SchemeError
        No scheme bears the code.
    """
    known = {scheme.code: scheme for scheme in _or_built_in(schemes)}
    if code not in known:
        raise SchemeError(code, list(known))
    return known[code]


def scheme_name(code: str, schemes: Sequence[Scheme] | None = None) -> Text:
    """Return what a scheme is called; its code where it is no longer configured, as with an alias of former days."""
    return next((scheme.name for scheme in _or_built_in(schemes) if scheme.code == code), Text(code, code))


def identify(text: str, schemes: Sequence[Scheme] | None = None) -> tuple[list[Alias], list[RefusedAlias]]:
    """Return what names a text can be, and those it is nearly, with the reason why not; both in the order of the schemes."""
    fitting: list[Alias] = []
    near: list[RefusedAlias] = []
    for scheme in _or_built_in(schemes):
        try:
            fitting.append(scheme.parse(text))
        except AliasError as error:
            if scheme.reader.is_near(text):
                near.append(scheme.refusal(text, error))
    return fitting, near


def _or_built_in(schemes: Sequence[Scheme] | None) -> Sequence[Scheme]:
    return load_schemes() if schemes is None else schemes


def _scheme(row: Mapping[str, Any]) -> Scheme:
    return Scheme(
        code=row["code"],
        name=Text(row["zh"], row["en"]),
        standard=row["standard"],
        names=row["names"],
        confidence=row["confidence"],
        fields=tuple(row["fields"]),
        reader=_TYPES.get(row["code"]) or PatternForm(compile_pattern(row["pattern"])),
    )
