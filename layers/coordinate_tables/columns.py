"""Which column of a table is what: by headings that offices use, or as a person says."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from layers.errors import refused
from layers.headings import plain_heading

__all__ = ["COORDINATES", "ROLES", "Columns", "find_columns", "has_coordinates", "read_mapping"]

ROLES = ("east", "north", "lon", "lat", "x", "y", "feature", "ring", "point", "order", "height", "wkt", "name")
# pairs of roles that place a point, the first that a table has; the second of a pair is north
COORDINATES = (("east", "north"), ("x", "y"), ("lon", "lat"))
# titles stand above headings, hardly more than these
_HEADING_ROWS = 20
_MAX_SHOWN = 20


class Columns(NamedTuple):
    """The columns of a table.

    Attributes
    ----------
    row
        Position of the row of headings.
    names
        The headings, as they stand there; blank ones are called after their position, from 1.
    roles
        Position of the column that has a role, by role.
    is_told
        Whether a person said which columns the coordinates are.
    """

    row: int
    names: Sequence[str]
    roles: Mapping[str, int]
    is_told: bool = False

    @property
    def pair(self) -> tuple[str, str] | None:
        """Return the two roles that place the points; None of a table that holds WKT."""
        return None if "wkt" in self.roles else next(pair for pair in COORDINATES if set(pair) <= self.roles.keys())


def find_columns(rows: Sequence[Sequence[Any]], mapping: Mapping[str, str]) -> Columns:
    """Return which column of a table is what.

    Parameters
    ----------
    rows
        The cells from the first row on.
    mapping
        The heading of a role, for those that a person states.

    Raises
    ------
    RefusedFile
        No row has the headings stated, or none has headings that tell where points lie.
    """
    wanted = {role: plain_heading(name) for role, name in mapping.items()}
    # what names a building may also tell which points are its own
    taken = {name for role, name in wanted.items() if role != "name"}
    for position, row in enumerate(rows[:_HEADING_ROWS]):
        headings = [plain_heading(cell) for cell in row]
        if not set(wanted.values()) <= set(headings):
            continue
        roles = {
            **_roles(headings, taken),
            **{role: headings.index(name) for role, name in wanted.items()},
        }
        if _places(roles):
            return Columns(position, _names(row), _decided(roles, wanted), _places(dict.fromkeys(wanted, 0)))
    seen = next((row for row in rows[:_HEADING_ROWS] if sum(cell is not None for cell in row) > 1), ())
    missing = [
        name
        for name in mapping.values()
        if plain_heading(name) not in {plain_heading(cell) for row in rows[:_HEADING_ROWS] for cell in row}
    ]
    names = ", ".join(_names(seen)[:_MAX_SHOWN]) or "–"
    if missing:
        raise refused("table_heading_unknown", wanted=missing[0][:40], names=names)
    raise refused("table_columns", names=names)


def has_coordinates(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether one of the first rows has headings that tell where points lie."""
    return any(_places(_roles([plain_heading(cell) for cell in row], set())) for row in rows[:_HEADING_ROWS])


def read_mapping(texts: Sequence[str]) -> dict[str, str]:
    """Return the heading of each role out of texts such as ``north=X``.

    Raises
    ------
    RefusedFile
        A text has another form, or the role is unknown.
    """
    mapping = {}
    for text in texts:
        role, _, heading = (part.strip() for part in text.partition("="))
        if role not in ROLES or not heading:
            raise refused("table_role", role=text[:40], roles=" ".join(ROLES))
        mapping[role] = heading
    return mapping


@cache
def _synonyms() -> Mapping[str, Sequence[str]]:
    return tomllib.loads(files("layers.coordinate_tables").joinpath("headings.toml").read_text(encoding="utf-8"))


def _roles(headings: Sequence[str], taken: set[str]) -> dict[str, int]:
    """Return the first column of the most preferred heading of each role; of columns that a person stated, none."""
    roles = {}
    for role, names in _synonyms().items():
        found = next((name for name in names if name in headings and name not in taken), None)
        if found is not None:
            roles[role] = headings.index(found)
    return roles


def _places(roles: Mapping[str, int]) -> bool:
    return "wkt" in roles or any(set(pair) <= roles.keys() for pair in COORDINATES)


def _decided(roles: Mapping[str, int], wanted: Mapping[str, str]) -> dict[str, int]:
    """Return roles without those that a person's word makes void: what is said of WKT or of points is said against both."""
    points = {role for pair in COORDINATES for role in pair}
    if points & wanted.keys():
        told = {role for pair in COORDINATES if set(pair) & wanted.keys() for role in pair}
        return {
            role: column for role, column in roles.items() if role != "wkt" and (role not in points or role in told)
        }
    return dict(roles)


def _names(row: Sequence[Any]) -> list[str]:
    return [str(position) if cell is None else str(cell) for position, cell in enumerate(row, start=1)]
