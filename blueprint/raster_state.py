"""A raster as the engine sees it: an edition of a layer that is cells, what they hold, and how accurately."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blueprint.layer_state import Edition
from layers.rasters import Raster

__all__ = ["RasterState"]


@dataclass(frozen=True, slots=True)
class RasterState:
    """An edition of a layer that is a raster.

    Attributes
    ----------
    code
        The layer's code in the catalogue, such as ``GH2213``.
    raster
        Its cells.
    accuracy
        The standard deviation of their values, in the raster's own unit.
    unit
        What the values are in (UCUM), where somebody said; a rule about another unit does not read them.
    attributes
        What is known of it besides, such as ``SD``, the time of day that noise was measured at; rules read it as ``raster.SD``.
    """

    code: str
    edition: Edition
    raster: Raster
    accuracy: float = 0.0
    unit: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def holds_on(self, day: dt.date | None) -> bool:
        """Return whether the edition holds on a day; without a day it does."""
        return self.edition.holds_on(day)

    def context(self) -> dict[str, Any]:
        """Return what is known of the raster, as the requirement of a rule reads it: ``raster.SD``."""
        return {f"raster.{name}": value for name, value in self.attributes.items()}
