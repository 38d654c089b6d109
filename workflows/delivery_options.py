"""How a delivery is to be taken."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from geocode import Text
from layers.entries import ReadOptions
from registry.stages import get_stage
from workflows.errors import RefusedOptionError
from workflows.reading_settings import reading_said

__all__ = ["DeliveryOptions", "identifying", "refuse_options"]

_MODES = ("all", "good")
# what could not be said of the first uploads
_LATER = {"fix", "columns", "closing_m", "drawing_unit", "extent", "datum"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """How a delivery is to be taken.

    Attributes
    ----------
    crs, layer
        The CRS and the layer, where the file does not tell.
    stage
        The stage whose geometry this is.
    mode
        ``all``: one refused row refuses the delivery. ``good``: the good rows are registered.
    complete
        Whether the delivery claims to have every building of its area: known ones that it has not are told.
    fix
        Whether outlines are mended where that is safe; otherwise it is proposed, row by row.
    columns, closing_m, drawing_unit
        Of a table of coordinates, which column is what, and of a drawing, what closes and its unit: see `reading_said`.
    extent, datum
        Where the ground of a file is that does not state its CRS, and its datum: see there.
    """

    crs: str | None = None
    layer: str | None = None
    stage: str = "design"
    mode: str = "all"
    complete: bool = False
    fix: bool = False
    columns: Sequence[str] = ()
    closing_m: float | None = None
    drawing_unit: str | None = None
    extent: str = ""
    datum: str = ""

    @property
    def reading(self) -> ReadOptions:
        """Return what is said about reading the file. Raises as `reading_said`."""
        return reading_said(
            columns=self.columns,
            closing_m=self.closing_m,
            drawing_unit=self.drawing_unit,
            extent=self.extent,
            datum=self.datum,
        )


def refuse_options(options: DeliveryOptions) -> None:
    """Raise where no delivery could be taken so.

    Raises
    ------
    StageError, RefusedOptionError, RefusedFile
        An unknown stage or mode, or something said about reading that cannot be meant.
    """
    get_stage(options.stage)
    if options.mode not in _MODES:
        raise RefusedOptionError(
            Text(f"没有“{options.mode}”方式。", f"There is no mode “{options.mode}”."),
            Text("可用 all 或 good。", "Choose all or good."),
        )
    options.reading  # noqa: B018 - raises where nothing can be meant by it


def identifying(options: DeliveryOptions) -> dict[str, Any]:
    """Return the options by which the same bytes are the same upload, as they were before there were the later ones."""
    said = asdict(options)
    return {name: said[name] for name in said if name not in _LATER or not _is_unsaid(said[name])}


def _is_unsaid(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, Sequence) and not value)
