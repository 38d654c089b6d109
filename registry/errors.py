"""Errors of the register.

RegistryError
├── StageError (LookupError)     a stage that the stage list does not know
└── SchemeError (LookupError)    an alias scheme that the scheme list does not know
"""

from difflib import get_close_matches

__all__ = ["RegistryError", "SchemeError", "StageError"]


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
