"""Errors of the register.

RegistryError
├── StageError (LookupError)        a stage that the stage list does not know
├── SchemeError (LookupError)       an alias scheme that the scheme list does not know
├── EventError (ValueError)         an event that the ledger cannot take
├── HeadError (ValueError)          a signed head, or a key for one, that cannot be trusted
├── PackageError (ValueError)       a package of another register that cannot be used
├── AliasError (ValueError)         a text that is no name under a scheme
└── CityFileError (ValueError)      a file of the city's that cannot be used
    ├── SchemeFileError             its schemes of names
    └── StageFileError              its stages, deadlines and tolerances

PackageError, AliasError and CityFileError carry their :class:`~geocode.faults.Fault`: kind, sentence and remedy in both languages.
"""

from difflib import get_close_matches
from typing import Any

from geocode.faults import Fault, read_sentences

__all__ = [
    "AliasError",
    "CityFileError",
    "EventError",
    "HeadError",
    "PackageError",
    "RegistryError",
    "SchemeError",
    "SchemeFileError",
    "StageError",
    "StageFileError",
    "refused_alias",
    "refused_procedure",
    "refused_scheme",
]

_SENTENCES = read_sentences("registry", "sentences.toml")
_OF_STAGES = read_sentences("registry", "stage_faults.toml")
_SHOWN = 40


class RegistryError(Exception):
    """The root of the errors of this package."""


class _UnknownNameError(RegistryError, LookupError):
    """A name that is not in a list; says which names are near."""

    kind: str

    def __init__(self, name: str, known: list[str]) -> None:
        near = get_close_matches(name, known, n=3) or known
        super().__init__(f"“{name}” is no {self.kind}; known are {', '.join(near)}.")
        self.name = name
        self.known = known


class StageError(_UnknownNameError):
    """A stage that the stage list does not know."""

    kind = "stage"


class SchemeError(_UnknownNameError):
    """An alias scheme that the scheme list does not know."""

    kind = "alias scheme"


class EventError(RegistryError, ValueError):
    """An event that the ledger cannot take; the message says why."""


class HeadError(RegistryError, ValueError):
    """A signed head, or a key for one, that cannot be trusted; the message says why."""


class PackageError(RegistryError, ValueError):
    """A package of another register that cannot be used; the fault says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault


class AliasError(RegistryError, ValueError):
    """A text that is no name under a scheme.

    Attributes
    ----------
    position
        The offending character, counted from 1 in the text as it is read: in capitals, without blanks and hyphens. None
        where the fault is not of one character.
    """

    def __init__(self, fault: Fault, *, position: int | None = None) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault
        self.position = position


class CityFileError(RegistryError, ValueError):
    """A file of the city's that cannot be used; `file`, and `line` from 1, are None where they are not known."""

    def __init__(self, fault: Fault, *, line: int | None = None) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault
        self.file: str | None = None
        self.line = line

    def __str__(self) -> str:
        """Return the place, the sentence and the remedy."""
        place = [("", self.file), ("line ", self.line)]
        where = ", ".join(f"{word}{value}" for word, value in place if value is not None)
        return f"{where}: {super().__str__()}" if where else super().__str__()


class SchemeFileError(CityFileError):
    """A city's file of schemes that cannot be used."""


class StageFileError(CityFileError):
    """A city's file of stages, deadlines and tolerances that cannot be used."""


def refused_alias(kind: str, *, text: str, position: int | None = None, **values: Any) -> AliasError:
    """Return the refusal of a kind, to be raised; a long text is told by its beginning."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return AliasError(_SENTENCES.fault(kind, text=shown, position=position, **values), position=position)


def refused_scheme(kind: str, *, line: int | None = None, **values: Any) -> SchemeFileError:
    """Return the refusal of a kind, to be raised; whoever knows the file adds it."""
    return SchemeFileError(_SENTENCES.fault(kind, **values), line=line)


def refused_procedure(kind: str, *, line: int | None = None, **values: Any) -> StageFileError:
    """Return the refusal of a kind of a city's file of stages, to be raised; whoever knows the file adds it."""
    return StageFileError(_OF_STAGES.fault(kind, **values), line=line)
