"""Errors of the code.

GeocodeError
├── CodeError (ValueError)        text that is no building code
├── CrsError (ValueError)         a coordinate reference system that the gate refuses
└── FootprintError (ValueError)   a geometry that has no code

Each carries its :class:`~geocode.faults.Fault`: kind, sentence and remedy in both languages, and the place.
"""

from collections.abc import Sequence

from geocode.faults import Fault

__all__ = ["CodeError", "CrsError", "FootprintError", "GeocodeError"]


class GeocodeError(Exception):
    """The root of the errors of this package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault


class CodeError(GeocodeError, ValueError):
    """A text that is no building code; `suggestions` are the codes one keystroke away."""

    def __init__(self, fault: Fault, suggestions: Sequence[str] = ()) -> None:
        super().__init__(fault)
        self.suggestions = tuple(suggestions)


class CrsError(GeocodeError, ValueError):
    """A coordinate reference system from which EPSG:4490 cannot be reached without a guess."""


class FootprintError(GeocodeError, ValueError):
    """A geometry that has no code."""
