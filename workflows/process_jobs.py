"""Processes that go on after their request was answered: asked for, looked at, dismissed, and what came of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from store.database import Connection, Database, transaction
from store.errors import NotHereError
from store.jobs import ENDS, WantedJobs, add_job, find_job, read_jobs
from workflows.errors import NotReadyError, UnknownJobError
from workflows.idempotency import once
from workflows.jobs import end_job, refuse_many
from workflows.principals import Principal, job_of
from workflows.processes import Process, allow_process, find_process, read_inputs

__all__ = [
    "ProcessJob",
    "WantedJobs",
    "ask_for_process",
    "dismiss_job",
    "list_process_jobs",
    "process_result",
    "show_process_job",
]

_PROCESS = "process"


class ProcessJob(NamedTuple):
    """A process that somebody has done without waiting for it.

    Attributes
    ----------
    state
        One of the states of jobs: ``waiting, running, cancelling, done, failed, cancelled``.
    told
        What is told of the state: the result, or the problem.
    recorded_at, began_at, changed_at
        When it was asked for, when it was begun (None where it was not yet), and when its state changed last, with their time
        zones.
    """

    id: str
    process: str
    state: str
    told: Mapping[str, Any]
    recorded_at: datetime
    began_at: datetime | None
    changed_at: datetime


def ask_for_process(
    database: Database,
    process: Process,
    inputs: Mapping[str, Any],
    *,
    principal: Principal,
    key: str | None = None,
) -> ProcessJob:
    """Have a worker do a process, and return the job as it stands.

    Parameters
    ----------
    key
        The client's Idempotency-Key: the same request again is the same job.

    Raises
    ------
    RefusedInputsError
        The process does not take the inputs.
    ForbiddenError
        The principal's role has no right to it.
    RefusedOptionError
        Too many jobs of the office wait.
    ReusedKeyError, StillRunningError
        The key was another request's, or that one is being answered.
    """
    allow_process(principal, process)
    read_inputs(process, inputs)
    asked = {"process": process.id, "inputs": dict(inputs)}
    with transaction(database) as connection:

        def add() -> dict[str, Any]:
            refuse_many(connection, principal)
            return {"job": add_job(connection, job_of(principal, _PROCESS, asked))}

        added = once(connection, principal, key, {"act": "ask_for_process", **asked}, add)
    return show_process_job(database, added["job"], principal=principal)


def show_process_job(database: Database, identity: str, *, principal: Principal) -> ProcessJob:
    """Return a job of the principal's office as it stands.

    Raises
    ------
    UnknownJobError
        The office has no such job.
    """
    with transaction(database) as connection:
        return _as_job(_find(connection, identity, principal))


def list_process_jobs(
    database: Database, wanted: WantedJobs, *, principal: Principal, after: str | None = None, most: int = 100
) -> list[ProcessJob]:
    """Return the jobs that are wanted of the principal's office, the newest first.

    `after` is the id of one: those that come behind it alone.
    """
    with transaction(database) as connection:
        found = read_jobs(
            connection, office_id=principal.office_id, kind=_PROCESS, wanted=wanted, after=after, most=most
        )
        return [_as_job(row) for row in found]


def process_result(database: Database, identity: str, *, principal: Principal) -> tuple[Process, dict[str, Any]]:
    """Return what came of a job that is done, with its process.

    Raises
    ------
    UnknownJobError
        The office has no such job.
    NotReadyError
        It has not ended, or it failed or was dismissed: then it carries the problem, if there is one.
    """
    job = show_process_job(database, identity, principal=principal)
    if job.state != "done":
        raise NotReadyError(job.id, has_ended=job.state in ENDS, problem=job.told if job.state == "failed" else None)
    return find_process(job.process), dict(job.told["result"])


def dismiss_job(database: Database, identity: str, *, principal: Principal) -> ProcessJob:
    """Have a job end, as soon as its worker hears of it, and return it as it stands; one that has ended stays as it is.

    Raises
    ------
    UnknownJobError
        The office has no such job.
    """
    with transaction(database) as connection:
        end_job(connection, _find(connection, identity, principal), principal)
    return show_process_job(database, identity, principal=principal)


def _find(connection: Connection, identity: str, principal: Principal) -> Any:
    try:
        return find_job(connection, identity, office_id=principal.office_id, kind=_PROCESS)
    except NotHereError as error:
        raise UnknownJobError(identity) from error


def _as_job(row: Any) -> ProcessJob:
    return ProcessJob(
        row.id, row.request["process"], row.state, row.told, row.recorded_at, row.began_at, row.changed_at
    )
