"""Runs: a question to the blueprint with all that its answer rests on, the answer, and the hashes of both."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select

from blueprint.rule_sets import RuleSet
from geocode import Text
from registry.ledger.events import canonical_json
from store.database import Connection
from store.errors import NotHereError
from store.rule_sets import keep_rule_set
from store.schema import office, run

__all__ = ["add_run", "canonical_sha256", "known_now", "read_run"]


def add_run(  # noqa: PLR0913 - one for each column
    connection: Connection,
    *,
    office_id: int,
    kind: str,
    actor: str,
    as_of: date,
    known_at: datetime,
    inputs: Mapping[str, Any],
    result: Mapping[str, Any],
    rule_set: RuleSet | None = None,
    base_id: str | None = None,
) -> str:
    """Add a run and return its id; the set of rules is kept beside it.

    Parameters
    ----------
    kind
        ``findings``, ``extract``, ``conflicts``, ``differences`` or ``sites``.
    as_of, known_at
        The day that counted, and the time whose knowledge did.
    inputs
        The question and what its answer rests on, as `workflows.runs.run_inputs` puts it together.
    result
        The answer, or its summary where the rows stand in a table of their own.
    base_id
        The run that this one brings up to date.

    Raises
    ------
    EventError
        JSON cannot say the inputs or the result.
    """
    if rule_set is not None:
        keep_rule_set(connection, rule_set.version, rule_set.texts)
    values = {
        "office_id": office_id,
        "kind": kind,
        "actor": actor,
        "as_of": as_of,
        "known_at": known_at,
        "inputs": dict(inputs),
        "inputs_sha256": canonical_sha256(inputs),
        "result": dict(result),
        "result_sha256": canonical_sha256(result),
        "rule_set_version": rule_set and rule_set.version,
        "base_id": base_id,
    }
    return str(connection.execute(insert(run).values(**values).returning(run.c.id)).scalar_one())


def read_run(connection: Connection, identity: str) -> Row[Any]:
    """Return a run with the names of its office, ``office_zh, office_en``.

    Raises
    ------
    NotHereError
        There is none of that id.
    """
    names = (office.c.name_zh.label("office_zh"), office.c.name_en.label("office_en"))
    found = None
    if _is_uuid(identity):
        found = connection.execute(select(run, *names).join(office).where(run.c.id == identity)).one_or_none()
    if found is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的运算记录。", f"There is no run of the id {identity}."))
    return found


def known_now(connection: Connection) -> datetime:
    """Return the time by the database's clock: what a question without another one is known at."""
    now: datetime = connection.execute(select(func.statement_timestamp())).scalar_one()
    return now


def canonical_sha256(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON (RFC 8785) of inputs, or of a result, in hexadecimal."""
    return sha256(canonical_json(dict(content))).hexdigest()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
