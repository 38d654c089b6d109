"""Errors of layers.

LayersError
├── RefusedFile (ValueError)      a file that cannot be read whole and without a guess
├── ConfinementError (RuntimeError)  a machine that cannot confine the reading of files from others
├── CannotWrite (ValueError)      a frame that a format cannot hold, or a file name that tells no format
├── CatalogueFileError (ValueError)  a city's file of layers that cannot be used
└── UnknownLayer (LookupError)    a layer that the catalogue does not have

Each carries its :class:`~geocode.faults.Fault`: kind, sentence and remedy in both languages. `CqlTextError` (ValueError), of a
text that is no CQL2, stands beside them: who asks for the text has the sentences.
"""

from collections.abc import Sequence
from typing import Any

from geocode.faults import Fault, read_sentences

__all__ = [
    "CannotWrite",
    "CatalogueFileError",
    "ConfinementError",
    "CqlTextError",
    "LayersError",
    "RefusedFile",
    "UnknownLayer",
    "cannot_confine",
    "cannot_write",
    "refused",
    "refused_catalogue",
    "unknown_layer",
]

_SENTENCES = read_sentences("layers", "refusals.toml")
_OF_CATALOGUE = read_sentences("layers", "catalogue_faults.toml")


class CqlTextError(ValueError):
    """A text that is no CQL2.

    Attributes
    ----------
    kind
        ``filter_syntax``, ``filter_deep`` or ``filter_geometry``.
    position
        The character at which it is none, from 1.
    values
        What there is: ``found``, ``most`` or ``reason``.
    """

    def __init__(self, kind: str, position: int, **values: Any) -> None:
        told = ", ".join(f"{name} {value}" for name, value in values.items())
        super().__init__(f"character {position}: {told}")
        self.kind, self.position, self.values = kind, position, values


class LayersError(Exception):
    """The root of the errors of this package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.text.en} {fault.remedy.en}")
        self.fault = fault


class RefusedFile(LayersError, ValueError):  # noqa: N818 - the refusal is the point
    """A file that is refused as a whole, with its place.

    Attributes
    ----------
    file, layer
        The file as the person named it, and the layer in it; None where not known.
    feature
        Id or row (from 0) of the feature where reading stopped.
    line
        Line of the text file where reading stopped, from 1.
    candidates
        Where the CRS is asked for: those that are plausible, as JSON, the most plausible first.
    """

    def __init__(
        self, fault: Fault, *, layer: str | None = None, feature: str | int | None = None, line: int | None = None
    ) -> None:
        super().__init__(fault)
        self.file: str | None = None
        self.layer = layer
        self.feature = feature
        self.line = line
        self.candidates: Sequence[dict[str, Any]] = ()

    def __str__(self) -> str:
        """Return the place, the sentence and the remedy."""
        place = [("", self.file), ("layer ", self.layer), ("feature ", self.feature), ("line ", self.line)]
        return _at(place, super().__str__())


class CatalogueFileError(LayersError, ValueError):
    """A city's file of layers that cannot be used; `file`, and `line` from 1, are None where they are not known."""

    def __init__(self, fault: Fault, *, line: int | None = None) -> None:
        super().__init__(fault)
        self.file: str | None = None
        self.line = line

    def __str__(self) -> str:
        """Return the place, the sentence and the remedy."""
        return _at([("", self.file), ("line ", self.line)], super().__str__())


class ConfinementError(LayersError, RuntimeError):
    """A machine that cannot confine the reading of files from others as it should; no fault of any file."""


class CannotWrite(LayersError, ValueError):  # noqa: N818 - reads as what it says
    """A frame that the format asked for cannot hold, or a file name that tells no format."""


class UnknownLayer(LayersError, LookupError):  # noqa: N818 - reads as what it says
    """A layer that the catalogue does not have; `suggestions` are the nearest codes and tables."""

    def __init__(self, fault: Fault, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(fault)
        self.suggestions = suggestions


def refused(
    kind: str, *, layer: str | None = None, feature: str | int | None = None, line: int | None = None, **values: Any
) -> RefusedFile:
    """Return the refusal of a kind, to be raised, its sentence filled with the values."""
    values = {"layer": layer, "feature": feature, "line": line, **values}
    return RefusedFile(_SENTENCES.fault(kind, **values), layer=layer, feature=feature, line=line)


def refused_catalogue(kind: str, *, line: int | None = None, **values: Any) -> CatalogueFileError:
    """Return the refusal of a city's file of layers, to be raised; whoever knows the file adds it."""
    return CatalogueFileError(_OF_CATALOGUE.fault(kind, **values), line=line)


def cannot_write(kind: str, **values: Any) -> CannotWrite:
    """Return the error of a kind, to be raised, its sentence filled with the values."""
    return CannotWrite(_SENTENCES.fault(kind, **values))


def cannot_confine(kind: str, **values: Any) -> ConfinementError:
    """Return the error of a kind, to be raised, its sentence filled with the values."""
    return ConfinementError(_SENTENCES.fault(kind, **values))


def unknown_layer(name: str, suggestions: tuple[str, ...]) -> UnknownLayer:
    """Return the error for a name that is in no catalogue, to be raised."""
    kind = "layer_misspelt" if suggestions else "layer_not_in_catalogue"
    return UnknownLayer(_SENTENCES.fault(kind, name=name[:80], near=", ".join(suggestions)), suggestions)


def _at(place: Sequence[tuple[str, object]], sentence: str) -> str:
    where = ", ".join(f"{word}{value}" for word, value in place if value is not None)
    return f"{where}: {sentence}" if where else sentence
