"""Jobs: who asked for what, what became of it step by step, and the queue from which workers take them.

What a job is and how far it has come are rows of ours, added and never changed. Whose turn it is, procrastinate knows: its
tables are in the same database, so that a job is queued by the transaction that adds it.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import procrastinate
from sqlalchemy import Row, event, func, insert, select

from geocode import Text
from store.database import Connection, Database, statement, transaction
from store.errors import DatabaseError, NotHereError
from store.schema import job, job_event

__all__ = [
    "ENDS",
    "WantedJobs",
    "add_job",
    "add_job_event",
    "claim_delivery",
    "find_job",
    "holding_job",
    "is_awaited",
    "is_job_cancelled",
    "job_events",
    "read_jobs",
    "work",
]

ENDS = frozenset({"done", "failed", "cancelled"})
_TASK = "job"
_HEARTBEAT_S, _PATIENCE_S, _LOOK_S, _AGAIN_S = 1.0, 3.0, 2.0, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedJobs:
    """Which jobs are wanted: those for which all of it holds that is told.

    Attributes
    ----------
    processes, states
        One of these: the process that was asked for, and where the job stands.
    since, until
        When it was asked for, with their time zones.
    least_s, most_s
        How long it took, or takes until now, since it was begun; one that never was begun is not among them.
    """

    processes: Sequence[str] | None = None
    states: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    least_s: float | None = None
    most_s: float | None = None


_ANY = WantedJobs()


def add_job(connection: Connection, values: Mapping[str, Any]) -> str:
    """Add a job (``office_id, kind, actor, role, request``), have it wait for a worker, and return its id."""
    identity = str(connection.execute(insert(job).values(**values).returning(job.c.id)).scalar_one())
    add_job_event(connection, identity, "waiting", {})
    queue = _queue(procrastinate.SyncPsycopgConnector())
    # on the connection of this transaction: a job that is undone is in nobody's queue
    line = connection.connection.driver_connection
    queue.configure_task(_TASK, queue="jobs", connection=line).defer(job=identity)
    return identity


def add_job_event(connection: Connection, identity: str, state: str, told: Mapping[str, Any]) -> bool:
    """Add what became of a job and return whether it was: nothing becomes of one that has ended."""
    # one after the other: whoever reads on after a number misses none below it
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"job events:{identity}", 0))))
    values = {"job": identity, "state": state, "told": json.dumps(told)}
    return connection.execute(statement("add_job_event"), values).one_or_none() is not None


def is_job_cancelled(connection: Connection, identity: str) -> bool:
    """Tell whether somebody wants a job to end."""
    wanted = job_event.c.state.in_(["cancelling", "cancelled"])
    asked = select(func.count()).where(job_event.c.job_id == identity, wanted)
    return bool(connection.execute(asked).scalar_one())


def read_jobs(
    connection: Connection,
    *,
    office_id: int | None,
    kind: str | None = None,
    wanted: WantedJobs = _ANY,
    after: str | None = None,
    most: int = 100,
) -> Sequence[Row[Any]]:
    """Return jobs of an office and of a kind, or of any where None, the newest first, each with its newest event.

    `after` is the id of one: those that come behind it alone.
    """
    values = {"office": office_id, "job": None, "kind": kind, **asdict(wanted), "after": after, "most": most}
    return connection.execute(statement("jobs"), values).all()


def find_job(
    connection: Connection, identity: str, *, office_id: int | None = None, kind: str | None = None
) -> Row[Any]:
    """Return a job with its newest event, of an office and of a kind where they are told.

    Raises
    ------
    NotHereError
        There is no such job.
    """
    values = {"office": office_id, "job": identity, "kind": kind, **asdict(_ANY), "after": None, "most": 1}
    found = connection.execute(statement("jobs"), values).one_or_none() if _is_uuid(identity) else None
    if found is None:
        raise NotHereError(
            Text(f"没有编号为 {identity} 的任务。", f"There is no job {identity}."),
            remedy=Text("运行 `luotu jobs list`,或 GET /jobs。", "See `luotu jobs list`, or GET /jobs."),
        )
    return found


def claim_delivery(connection: Connection, sha256: str) -> None:
    """Hold what is delivered for jobs under a hash until the transaction ends: it is brought and taken away one after the other."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"delivered:{sha256}", 0))))


def is_awaited(connection: Connection, sha256: str) -> bool:
    """Tell whether a job that has not ended is about the bytes of a hash."""
    ended = select(job_event).where(job_event.c.job_id == job.c.id, job_event.c.state.in_(ENDS))
    asked = select(job.c.id).where(job.c.request["sha256"].astext == sha256, ~ended.exists())
    return connection.execute(asked.limit(1)).one_or_none() is not None


def job_events(connection: Connection, identity: str, *, after: int = 0) -> Sequence[Any]:
    """Return what became of a job after the event of a number: ``number, state, told, recorded_at``, in order."""
    columns = (job_event.c.number, job_event.c.state, job_event.c.told, job_event.c.recorded_at)
    chosen = select(*columns).where(job_event.c.job_id == identity, job_event.c.number > after)
    return connection.execute(chosen.order_by(job_event.c.number)).all()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@contextmanager
def holding_job(database: Database, identity: str) -> Iterator[bool]:
    """Hold a job for as long as it is worked on, and yield whether nobody else does: a worker that dies lets go of it."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
        key = func.hashtextextended(f"job:{identity}", 0)
        is_ours = bool(line.execute(select(func.pg_try_advisory_lock(key))).scalar_one())
        try:
            yield is_ours
        finally:
            if is_ours:
                line.execute(select(func.pg_advisory_unlock(key)))


def work(database: Database, run: Callable[[str, int], None], *, once: bool = False) -> None:
    """Run jobs one after the other as they come, until stopped by a signal; once: those that wait now.

    One whose worker died waits again within seconds, as soon as another looks.

    Parameters
    ----------
    run
        Takes a job's id, and how often it was tried before. It is tried again where it raises a `DatabaseError`.
    """
    event.listen(database, "connect", _take_time)
    conninfo = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=4, kwargs={"application_name": "luotu worker"}
        )
        try:
            asyncio.run(_work(database, _queue(connector, run), once=once))
        except (DatabaseError, procrastinate.exceptions.ConnectorException):
            if once:
                raise
        if once:
            return
        # the server is away for a while, and comes back
        time.sleep(_AGAIN_S)


def _take_time(connection: Any, _record: object) -> None:
    """Let statements take as long as they do: what a job is about may be a million rows, and nobody waits at a door."""
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
    connection.commit()


async def _work(database: Database, queue: procrastinate.App, *, once: bool) -> None:
    async with queue.open_async():
        await asyncio.to_thread(_release, database)
        looking = asyncio.create_task(_look(database))
        try:
            await queue.run_worker_async(
                wait=not once,
                fetch_job_polling_interval=_LOOK_S,
                update_heartbeat_interval=_HEARTBEAT_S,
                stalled_worker_timeout=10 * _PATIENCE_S,
                # told to stop, it stops: the database undoes what was begun, and the next worker begins it again
                install_signal_handlers=False,
                delete_jobs="always",
            )
        finally:
            looking.cancel()


async def _look(database: Database) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        await asyncio.to_thread(_release, database)


def _release(database: Database) -> None:
    with transaction(database) as connection:
        connection.execute(statement("release_jobs"), {"patience_s": _PATIENCE_S})


def _queue(connector: Any, run: Callable[[str, int], None] | None = None) -> procrastinate.App:
    """Return the queue; what is in it is a job's id. One that is worked off has what runs a job."""
    queue = procrastinate.App(connector=connector)
    if run is not None:

        @queue.task(
            name=_TASK,
            queue="jobs",
            pass_context=True,
            retry=procrastinate.RetryStrategy(wait=_AGAIN_S, retry_exceptions={DatabaseError}),
        )
        def take(context: procrastinate.JobContext, job: str) -> None:
            run(job, context.job.attempts)

    return queue
