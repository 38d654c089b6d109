"""Sets of rules as they judged: the texts that each was read from, kept once under its version."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.schema import rule_set

__all__ = ["keep_rule_set", "kept_rule_set"]


def keep_rule_set(connection: Connection, version: str, content: Mapping[str, Any]) -> None:
    """Keep the texts of a set of rules, if they are not kept yet."""
    known = select(rule_set.c.version).where(rule_set.c.version == version)
    if connection.execute(known).scalar_one_or_none() is None:  # the texts are longer than all else that a run says
        connection.execute(insert(rule_set).values(version=version, content=dict(content)).on_conflict_do_nothing())


def kept_rule_set(connection: Connection, version: str) -> dict[str, Any]:
    """Return the texts of a set of rules.

    Raises
    ------
    NotHereError
        No run was made by a set of this version.
    """
    found = connection.execute(select(rule_set.c.content).where(rule_set.c.version == version)).scalar_one_or_none()
    if found is None:
        raise NotHereError(
            Text(f"没有版本为 {version} 的规则集。", f"There is no set of rules of the version {version}.")
        )
    content: dict[str, Any] = found
    return content
