"""The names of rows: the column that a person says holds them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from layers.errors import refused
from layers.headings import plain_heading
from layers.tables import Table

__all__ = ["NAME", "told_names", "with_told_names"]

# the role, and the column that names a row before any other does
NAME = "name"
_MAX_SHOWN = 20


def told_names(tables: Iterable[Table], columns: Mapping[str, str]) -> Iterator[Table]:
    """Yield tables as `with_told_names` returns them."""
    return (with_told_names(table, columns) for table in tables)


def with_told_names(table: Table, columns: Mapping[str, str]) -> Table:
    """Return a table with the values of the column that a person says names its rows first, under ``name``.

    Parameters
    ----------
    columns
        The heading of each role that a person states, ``name`` perhaps among them.

    Raises
    ------
    RefusedFile
        The table has no such column.
    """
    if NAME not in columns:
        return table
    wanted = plain_heading(columns[NAME])
    told = next((column for column in table.columns if plain_heading(column[0]) == wanted), None)
    if told is None:
        names = ", ".join(name for name, _ in table.columns[:_MAX_SHOWN]) or "–"
        raise refused("table_heading_unknown", wanted=columns[NAME][:40], names=names)
    heading, values = told
    others = [column for column in table.columns if column is not told or heading != NAME]
    return replace(table, columns=[(NAME, values), *others])
