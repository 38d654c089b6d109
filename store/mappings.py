"""How an office's delivered layers are mapped, by name; a mapping that is said anew is its next version."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.schema import layer_mapping

__all__ = ["add_mapping", "get_mapping", "list_mappings"]


def add_mapping(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Keep a mapping (``office_id, name, layer, content, actor``) and return its row: the newest one, where that says the same."""
    office, name = values["office_id"], values["name"]
    # two who say a mapping anew at once make two versions, one after the other
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"mapping:{office}:{name}", 0))))
    newest = _newest(connection, office, name)
    if newest is not None and (newest.layer, newest.content) == (values["layer"], values["content"]):
        return newest
    version = 1 if newest is None else newest.version + 1
    return connection.execute(insert(layer_mapping).values(**values, version=version).returning(layer_mapping)).one()


def get_mapping(connection: Connection, name: str, *, office_id: int, version: int | None = None) -> Row[Any]:
    """Return a mapping of an office by its name, the newest unless a version is told.

    Raises
    ------
    NotHereError
        The office has none of that name, or no such version of it.
    """
    found = _newest(connection, office_id, name, version=version)
    if found is None:
        shown = name if version is None else f"{name} (v{version})"
        names = [row.name for row in list_mappings(connection, office_id=office_id)]
        raise NotHereError(
            Text(
                f"没有名为“{shown}”的映射。本单位的映射见 luotu layers map list(GET /mappings)。",
                f"There is no mapping “{shown}”. The office's are listed by luotu layers map list (GET /mappings).",
            ),
            get_close_matches(name, names),
        )
    return found


def list_mappings(
    connection: Connection, *, office_id: int, after: str | None = None, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return the newest version of each mapping of an office, by name; of those behind a name, where one is told."""
    one_each = distinct_on(layer_mapping.c.name)
    newest = select(layer_mapping).ext(one_each).where(layer_mapping.c.office_id == office_id)
    if after is not None:
        newest = newest.where(layer_mapping.c.name > after)
    return connection.execute(newest.order_by(layer_mapping.c.name, layer_mapping.c.version.desc()).limit(most)).all()


def _newest(connection: Connection, office_id: int, name: str, *, version: int | None = None) -> Row[Any] | None:
    wanted = select(layer_mapping).where(layer_mapping.c.office_id == office_id, layer_mapping.c.name == name)
    if version is not None:
        wanted = wanted.where(layer_mapping.c.version == version)
    return connection.execute(wanted.order_by(layer_mapping.c.version.desc()).limit(1)).one_or_none()
