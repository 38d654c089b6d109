"""What is known of deliveries before they are read: where the office works, in which datum, the city's own systems."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from geocode import Text
from layers.coordinate_tables.columns import read_mapping
from layers.entries import ReadOptions
from layers.errors import refused
from layers.local_systems import read_systems
from workflows.errors import RefusedOptionError
from workflows.settings import Settings

__all__ = ["ReadOptions", "configured_reading", "read_extent", "reading_said", "with_known"]

_MOST_CLOSING_M = 10.0


def configured_reading(settings: Settings) -> ReadOptions:
    """Return what is known of an installation's deliveries before they are read.

    Raises
    ------
    RefusedFile
        The file of local systems cannot be used.
    RefusedOptionError
        The extent is none.
    """
    boxes = [read_extent(settings.extent)] if settings.extent else []
    systems = {}
    if settings.local_systems:
        try:
            systems = dict(read_systems(Path(settings.local_systems).read_text(encoding="utf-8-sig")))
        except (OSError, UnicodeDecodeError) as error:
            raise refused("systems_unreadable") from error
    return ReadOptions(extent=tuple(boxes), datum=settings.datum, systems=systems)


def reading_said(
    *,
    columns: Sequence[str] = (),
    closing_m: float | None = None,
    drawing_unit: str | None = None,
    extent: str = "",
    datum: str = "",
) -> ReadOptions:
    """Return what a person says about reading a file.

    Parameters
    ----------
    columns
        Which column of a table is what, such as ``north=X``.
    closing_m, drawing_unit
        As those of `ReadOptions`; None leaves it to the drawing.
    extent, datum
        Where the file's ground is, as `read_extent` takes it, and its datum; empty where nothing is said of it.

    Raises
    ------
    RefusedFile
        A column is not told so.
    RefusedOptionError
        The closing tolerance or the extent is none.
    """
    boxes = (read_extent(extent),) if extent else ()
    said = ReadOptions(columns=read_mapping(columns), drawing_unit=drawing_unit, extent=boxes, datum=datum)
    if closing_m is None:
        return said
    if not 0 <= closing_m <= _MOST_CLOSING_M:
        raise RefusedOptionError(
            Text(f"闭合容差 {closing_m:g} 米不可用。", f"{closing_m:g} m is no closing tolerance."),
            Text("填写 0 到 10 米之间的数。", "Give a number from 0 to 10 metres."),
        )
    return replace(said, closing_m=closing_m)


def with_known(said: ReadOptions, reading: ReadOptions) -> ReadOptions:
    """Return what a person says about reading a file, and what `configured_reading` knows where nothing is said."""
    extent, datum = said.extent or reading.extent, said.datum or reading.datum
    return replace(said, extent=extent, datum=datum, systems=reading.systems)


def read_extent(said: str) -> tuple[float, float, float, float]:
    """Return the box that a text such as ``118.3,31.2,119.3,32.7`` says: west, south, east, north in degrees.

    Raises
    ------
    RefusedOptionError
        It is none.
    """
    try:
        west, south, east, north = (float(part) for part in said.replace(",", ",").split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        raise RefusedOptionError(
            Text(f"“{said[:60]}”不是范围。", f"“{said[:60]}” is no extent."),
            Text(
                "写作 西,南,东,北(度),例如 118.3,31.2,119.3,32.7。",
                "Write west,south,east,north in degrees: 118.3,31.2,119.3,32.7.",
            ),
        )
    return west, south, east, north
