"""Offices as whoever installs the software sees them: which there is, and where it works."""

from dataclasses import dataclass

from geocode import Text
from store.database import Database, transaction
from store.offices import find_office, have_office
from workflows.errors import RefusedOptionError
from workflows.placing import place_office
from workflows.principals import LOCAL_OFFICE

__all__ = ["LOCAL_CODE", "OfficeExtent", "set_office_extent", "show_office_extent"]

LOCAL_CODE = LOCAL_OFFICE["code"]


@dataclass(frozen=True, slots=True)
class OfficeExtent:
    """An office, and where it works: west, south, east, north in degrees; None where that is not set."""

    code: str
    name: Text
    extent: tuple[float, float, float, float] | None


def show_office_extent(database: Database, code: str) -> OfficeExtent:
    """Return where an office works.

    Raises
    ------
    RefusedOptionError
        There is no such office.
    """
    with transaction(database) as connection:
        found = have_office(connection, **LOCAL_OFFICE) if code == LOCAL_CODE else find_office(connection, code)
    if found is None:
        raise RefusedOptionError(
            Text(f"没有单位“{code[:60]}”。", f"There is no office “{code[:60]}”."),
            Text(
                f"本机的单位是 {LOCAL_CODE};其他单位先用 luotu db key 建立。",
                f"This machine's own is {LOCAL_CODE}; add another first with luotu db key.",
            ),
        )
    box = None if found.extent is None else tuple(found.extent)
    return OfficeExtent(found.code, Text(found.name_zh, found.name_en), box)


def set_office_extent(database: Database, code: str, said: str) -> OfficeExtent:
    """Set where an office works, nowhere in particular where the text is empty, and return it.

    Raises
    ------
    RefusedOptionError
        There is no such office, or the text is no extent.
    """
    show_office_extent(database, code)
    place_office(database, code, said)
    return show_office_extent(database, code)
