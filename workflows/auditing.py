"""The audit: who was turned away, and who read what is restricted.

A refusal is on record at once, and so is a restricted read, before it is answered. The same again within the minute (the same
caller, request and outcome; of reads the same place) is counted, and the count is on record when the minute is over: whoever
hammers fills no disk. All who show no key that is known are one caller.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any, Literal, NamedTuple

from store.audit import add_audit_rows, find_audit_rows
from store.database import Database, transaction
from store.errors import DatabaseError
from store.walls import as_system
from workflows.noting import Noted
from workflows.principals import Principal
from workflows.rights import allow, offices_seen

__all__ = ["MOST_ROWS", "Audit", "Entry", "read_audit"]

MOST_ROWS = 1_000
_MINUTE_S = 60.0
# more refusals than this in a minute are not told apart
_MOST_COUNTED = 10_000


class Entry(NamedTuple):
    """Something that was refused, or read though it is restricted.

    Attributes
    ----------
    principal
        By whom; None where nobody is known.
    action
        Of `rights.toml`; None where it did not come to that.
    route
        Method and template, such as ``GET /buildings/{name}``.
    outcome
        ``unknown`` (401), ``forbidden`` (403), ``hidden`` (404, for it is another office's) or ``read``.
    reason
        The kind of the problem that was answered.
    place
        What was read; None of what was refused: whoever tries many places is one caller.
    """

    principal: Principal | None
    action: str | None
    route: str
    outcome: Literal["unknown", "forbidden", "hidden", "read"]
    reason: str | None = None
    place: str | None = None


class Audit:
    """Keeps the audit for one worker; its methods may be called by any thread."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the database, and a clock in seconds."""
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._seen: set[Entry] = set()
        self._again = Counter[Entry]()
        self._since = clock()
        self._timer: threading.Timer | None = None

    def refused(self, entry: Entry, *, place: str | None = None) -> None:
        """Have a refusal be on record, in a transaction of its own; a database that is gone changes no answer.

        Parameters
        ----------
        place
            What was asked for, told of the first of a minute alone.
        """
        with suppress(DatabaseError):
            self._add([entry], place)

    def read(self, noted: Sequence[Noted], *, route: str, place: str | None = None) -> None:
        """Have restricted reads be on record.

        Raises
        ------
        DatabaseError
            They cannot be: nothing may be told then.
        """
        places = [" ".join(filter(None, (place, each.place))) or None for each in noted]
        pairs = zip(noted, places, strict=True)
        self._add([Entry(each.principal, each.action, route, "read", None, where) for each, where in pairs])

    def flush(self) -> None:
        """Have what was counted be on record now."""
        with self._lock:
            rows = self._counted()
        with suppress(DatabaseError):
            self._write(rows)

    def close(self) -> None:
        """Have what was counted be on record, and count no more."""
        if self._timer is not None:
            self._timer.cancel()
        self.flush()

    def _add(self, entries: Sequence[Entry], place: str | None = None) -> None:
        with self._lock:
            rows = self._counted() if self._clock() - self._since >= _MINUTE_S else []
            new = [each for each in entries if not self._count(each)]
        try:
            self._write([*rows, *({**_row(each), "place": each.place or place} for each in new)])
        except DatabaseError:
            with self._lock:
                self._seen.difference_update(new)
            raise

    def _count(self, entry: Entry) -> bool:
        """Count an entry that stands already; return False where it is the first of the minute."""
        if entry not in self._seen and (len(self._seen) < _MOST_COUNTED or entry.outcome == "read"):
            self._seen.add(entry)
            return False
        self._again[entry if entry in self._seen else _others(entry)] += 1
        if self._timer is None or not self._timer.is_alive():
            # in a minute what is counted is on record, if nothing else happens
            self._timer = threading.Timer(_MINUTE_S, self.flush)
            self._timer.daemon = True
            self._timer.start()
        return True

    def _counted(self) -> list[dict[str, Any]]:
        rows = [{**_row(entry), "times": times} for entry, times in self._again.items()]
        self._again.clear()
        self._seen.clear()
        self._since = self._clock()
        return rows

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            with transaction(as_system(self._database)) as connection:
                add_audit_rows(connection, [{"times": 1, **row} for row in rows])


def read_audit(
    database: Database, *, principal: Principal, before: int | None = None, most: int = 100, **those: str | None
) -> dict[str, Any]:
    """Return what is on record of the offices that a principal audits, the newest first.

    Parameters
    ----------
    before
        The number of a row that they came before: the ``next`` of the answer before.
    those
        What they have to say: ``office`` (its code), ``role``, ``actor``, ``outcome``, ``action``, ``route``, ``reason``.

    Returns
    -------
    dict
        ``rows``, and ``next``; None at the end.

    Raises
    ------
    ForbiddenError
        The role reads no audit.
    """
    offices = offices_seen(principal, allow(principal, "read_audit"))
    wanted = min(most, MOST_ROWS)
    with transaction(database) as connection:
        rows = find_audit_rows(connection, offices=offices, before=before, most=wanted, **those)
    told = [_row_json(row) for row in rows]
    return {"rows": told, "next": told[-1]["id"] if len(told) == wanted else None}


def _others(entry: Entry) -> Entry:
    """Return what more refusals are counted under than are told apart."""
    return Entry(None, None, "…", entry.outcome)


def _row(entry: Entry) -> dict[str, Any]:
    return {**_by(entry.principal), **{name: value for name, value in entry._asdict().items() if name != "principal"}}


def _by(principal: Principal | None) -> dict[str, Any]:
    if principal is None:
        return {"office_id": None, "actor": None, "role": None}
    # the public is of no office
    return {"office_id": principal.office_id or None, "actor": principal.actor, "role": principal.role}


def _row_json(row: Any) -> dict[str, Any]:
    names = ("id", "office", "actor", "role", "action", "route", "outcome", "reason", "place", "times")
    said = {name: getattr(row, name) for name in names}
    return {**said, "recorded_at": row.recorded_at.astimezone(UTC).isoformat()}
