"""Errors of layers.

LayersError
├── RefusedFile (ValueError)      a file that cannot be read whole and without a guess
├── CannotWrite (ValueError)      a frame that a format cannot hold, or a file name that tells no format
└── UnknownLayer (LookupError)    a layer that the catalogue does not have

Each carries its :class:`~geocode.faults.Fault`: kind, sentence and remedy in both languages.
"""

from typing import Any

from geocode.faults import Fault, read_sentences

__all__ = ["CannotWrite", "LayersError", "RefusedFile", "UnknownLayer", "cannot_write", "refused", "unknown_layer"]

_SENTENCES = read_sentences("layers", "refusals.toml")


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
    """

    def __init__(
        self, fault: Fault, *, layer: str | None = None, feature: str | int | None = None, line: int | None = None
    ) -> None:
        super().__init__(fault)
        self.file: str | None = None
        self.layer = layer
        self.feature = feature
        self.line = line

    def __str__(self) -> str:
        """Return the place, the sentence and the remedy."""
        place = [("", self.file), ("layer ", self.layer), ("feature ", self.feature), ("line ", self.line)]
        where = ", ".join(f"{word}{value}" for word, value in place if value is not None)
        return f"{where}: {super().__str__()}" if where else super().__str__()


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


def cannot_write(kind: str, **values: Any) -> CannotWrite:
    """Return the error of a kind, to be raised, its sentence filled with the values."""
    return CannotWrite(_SENTENCES.fault(kind, **values))


def unknown_layer(name: str, suggestions: tuple[str, ...]) -> UnknownLayer:
    """Return the error for a name that is in no catalogue, to be raised."""
    kind = "layer_misspelt" if suggestions else "layer_not_in_catalogue"
    return UnknownLayer(_SENTENCES.fault(kind, name=name[:80], near=", ".join(suggestions)), suggestions)
