"""A city's own coordinate systems: by name, as WKT on CGCS2000, kept in a file that leaves the office as little as its keys.

Such a system is projected from CGCS2000 itself, by its own central meridian or height, so that no parameters of another
datum are needed. What the file says is never printed, logged or answered: a sentence about it has the name alone.
"""

import tomllib
from collections.abc import Mapping

from pyproj.exceptions import CRSError

from geocode.crs import crs_gate
from geocode.errors import CrsError
from layers.crs import own_system
from layers.errors import RefusedFile, refused

__all__ = ["read_systems"]


def read_systems(text: str) -> Mapping[str, str]:
    """Return the systems of a city's file: WKT by name.

    Parameters
    ----------
    text
        TOML: ``[[system]]`` with ``name`` and ``wkt``.

    Raises
    ------
    RefusedFile
        It is no such file, or a system is not projected from CGCS2000; with its name.
    """
    try:
        rows = tomllib.loads(text).get("system", [])
        systems = {str(row["name"]): str(row["wkt"]) for row in rows}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise refused("systems_unreadable") from error
    for name, wkt in systems.items():
        _refuse(name, wkt)
    return systems


def _refuse(name: str, wkt: str) -> None:
    error: RefusedFile = refused("system_not_exact", name=name[:80])
    try:
        crs = own_system(wkt)
        crs_gate(crs)
    except (CRSError, CrsError):
        raise error from None
    if not crs.is_projected or crs.is_bound:
        raise error
