"""The width of a polygon: as the layers' own checks measure it."""

from layers.widths import RESOLUTION_M, measure_widths

__all__ = ["RESOLUTION_M", "measure_widths"]
