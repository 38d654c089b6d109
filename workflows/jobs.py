"""Jobs: what goes on after its request was answered, told step by step, ended by whoever asked for it; uploads above all."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from geocode import Fault, GeocodeError, Text
from layers.errors import LayersError
from layers.sources import digest_delivery
from registry.errors import RegistryError
from store.database import Connection, Database, transaction
from store.documents import Documents, document_path, is_sha256, keep_bytes, waiting_bytes
from store.errors import DatabaseError, StoreError
from store.jobs import (
    ENDS,
    add_job,
    add_job_event,
    claim_delivery,
    find_job,
    holding_job,
    is_awaited,
    is_job_cancelled,
    job_events,
    read_jobs,
)
from store.jobs import work as work_off
from store.offices import is_still_known
from store.walls import as_system
from workflows.catalogues import configured_catalogue
from workflows.confining import start_readers
from workflows.databases import opened_database
from workflows.delivery_options import DeliveryOptions, refuse_options
from workflows.errors import RefusedDeliveryError, RefusedOptionError, WorkflowError
from workflows.idempotency import once
from workflows.ledgers import seal_ledger
from workflows.principals import LOCAL_ROLE, Principal, job_of, principal_of_job
from workflows.procedures import configured_procedure
from workflows.processes import find_process, read_inputs, run_process
from workflows.progress import STEPS, Progress
from workflows.reading_settings import configured_reading
from workflows.reports import UploadReport, fault_json, text_json
from workflows.rights import allow, only_office, seen_by
from workflows.schemes import configured_schemes
from workflows.settings import Settings
from workflows.this_process import keep_what_stands, leave_nothing, settle_interpreter
from workflows.tokens import CLAIMED
from workflows.uploading import upload_file

__all__ = [
    "STATES",
    "ask_for_upload",
    "cancel_job",
    "end_job",
    "has_ended",
    "list_jobs",
    "read_events",
    "refuse_many",
    "show_job",
    "work",
]

STATES = {
    "waiting": Text("排队", "waiting"),
    "running": Text("进行中", "running"),
    "cancelling": Text("正在取消", "being cancelled"),
    "done": Text("完成", "done"),
    "failed": Text("未成", "failed"),
    "cancelled": Text("已取消", "cancelled"),
}
_UPLOAD = "upload"
_MOST_ATTEMPTS = 4
_MOST_ROWS = 1_000
# of an office at once, for they are done in the order in which they came
_MOST_WAITING = 20
_LONGEST = 200
_TOLD_EVERY_S = 0.5
_LOST = (
    Text("处理进程多次中断,任务已放弃。", "The worker was lost several times; the job was given up."),
    Text("请管理员查看日志与内存。", "Have the administrator look at the log and the memory."),
)
_REVOKED = (
    Text(
        "提交任务的密钥已撤销,没有存储任何内容。", "The key that asked for the job has been revoked; nothing is stored."
    ),
    Text("用有效的密钥重新提交。", "Deliver it again with a key that holds."),
)
_UNEXPECTED = (
    Text("处理时发生意外错误,没有存储任何内容。", "Something unexpected went wrong; nothing is stored."),
    Text("请管理员查看处理进程的日志。", "Have the administrator look at the worker's log."),
)

_logger = logging.getLogger(__name__)


class _CancelledError(Exception):
    """Whoever asked for the job wants it to end."""


class _RevokedError(Exception):
    """The key of whoever asked for the job holds no longer."""


def ask_for_upload(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: DeliveryOptions,
    file: str,
    key: str | None = None,
) -> dict[str, Any]:
    """Keep a file's bytes, have a job register its footprints, and return the job as it stands.

    Parameters
    ----------
    key
        The client's Idempotency-Key: the same request again is the same job.

    Raises
    ------
    StageError, RefusedOptionError, RefusedFile
        As `refuse_options`; or too many jobs of the office wait.
    ReusedKeyError, StillRunningError
        The key was another request's, or that one is being answered.
    """
    allow(principal, "upload")
    refuse_options(options)
    digest = digest_delivery(path)
    asked = {"file": file, "sha256": digest.sha256, "size": digest.size, "options": asdict(options)}
    with transaction(database) as connection:

        def add() -> dict[str, Any]:
            refuse_many(connection, principal)
            claim_delivery(connection, digest.sha256)
            keep_bytes(waiting_bytes(documents), path, digest.sha256)
            return {"job": add_job(connection, job_of(principal, _UPLOAD, asked))}

        added = once(connection, principal, key, {"act": "ask_for_upload", **asked}, add)
    return show_job(database, added["job"], principal=principal)


def refuse_many(connection: Connection, principal: Principal) -> None:
    """Refuse one job more where an office has many that have not ended: others wait behind them."""
    jobs = read_jobs(connection, office_id=principal.office_id)
    if sum(job.state not in ENDS for job in jobs) >= _MOST_WAITING:
        raise RefusedOptionError(
            Text(
                f"本单位已有 {_MOST_WAITING} 个任务未完成。", f"{_MOST_WAITING} jobs of the office have not ended yet."
            ),
            Text("待其中一些完成或取消后再提交。", "Deliver it when some of them have ended, or cancel some."),
        )


def show_job(database: Database, identity: str, *, principal: Principal) -> dict[str, Any]:
    """Return one of the jobs that the principal may see: what was asked for, where it stands, and its result.

    Raises
    ------
    NotHereError
        There is no such job, or none of the principal's office.
    """
    with transaction(database) as connection:
        return _job_json(find_job(connection, identity, office_id=_office(principal), kind=_UPLOAD))


def list_jobs(
    database: Database, *, principal: Principal, after: str | None = None, most: int = 100
) -> list[dict[str, Any]]:
    """Return the jobs that the principal may see, the newest first; which rows stood in the way, each tells by itself.

    `after` is the id of one: those that come behind it alone.
    """
    with transaction(database) as connection:
        found = read_jobs(connection, office_id=_office(principal), kind=_UPLOAD, after=after, most=most)
        jobs = [_job_json(row) for row in found]
    for job in jobs:
        if job["problem"]:
            job["problem"] = {name: value for name, value in job["problem"].items() if name != "results"}
    return jobs


def cancel_job(database: Database, identity: str, *, principal: Principal) -> dict[str, Any]:
    """Have a job of the own office end, as soon as its worker hears of it, and return how it stands.

    Nothing of a job that is cancelled is stored. One that has ended stays as it is.

    Raises
    ------
    NotHereError
        The office has no such job.
    """
    allow(principal, "upload")
    with transaction(database) as connection:
        job = find_job(connection, identity, office_id=principal.office_id, kind=_UPLOAD)
        end_job(connection, job, principal)
    return show_job(database, job.id, principal=principal)


def end_job(connection: Connection, job: Any, principal: Principal) -> None:
    """Have a job, as `find_job` returns it, end: at once where nobody has begun it, else when its worker hears of it."""
    if job.state != "cancelling":
        state = "cancelled" if job.state == "waiting" else "cancelling"
        add_job_event(connection, job.id, state, {"by": principal.actor})


def read_events(
    database: Database, identity: str, *, principal: Principal, after: int = 0
) -> list[tuple[int, dict[str, Any]]]:
    """Return what became of a job after the event of a number, each with its own.

    Raises
    ------
    NotHereError
        There is no such job, or none of the principal's office.
    """
    with transaction(database) as connection:
        job = find_job(connection, identity, office_id=_office(principal), kind=_UPLOAD)
        return [(row.number, _event_json(row)) for row in job_events(connection, job.id, after=after)]


def has_ended(event: Mapping[str, Any]) -> bool:
    """Tell whether nothing comes after an event, or becomes of a job."""
    return event["state"] in ENDS


def work(settings: Settings, *, once: bool = False) -> None:
    """Run jobs until stopped; once: those that wait now. Several workers may run at the same time."""
    if not once:
        settle_interpreter()
        start_readers()
        keep_what_stands()
    with opened_database(settings, is_patient=True) as opened:
        # which jobs wait, of whichever office; what one is about is done as whoever asked for it
        database = as_system(opened)
        _forget_all(database, settings)
        work_off(database, partial(_run, database, settings), once=once)


def _run(database: Database, settings: Settings, identity: str, attempts: int) -> None:
    """Run a job to its end, unless it has ended or somebody else is at it."""
    with holding_job(database, identity) as is_ours:
        if not is_ours:
            return
        if _tell(database, identity, "running", {}):
            state, told = _end_of(database, settings, identity, attempts)
            _tell(database, identity, state, told)
        with transaction(database) as connection:
            job = find_job(connection, identity)
        if job.kind == _UPLOAD:
            _forget(database, settings, job.request["sha256"])
    seal_ledger(database, settings)
    leave_nothing()


def _forget_all(database: Database, settings: Settings) -> None:
    """Remove what was delivered for jobs that have ended, where a worker died before it did so."""
    for path in waiting_bytes(settings.documents).glob("??/*"):
        if is_sha256(path.name):
            _forget(database, settings, path.name)


def _forget(database: Database, settings: Settings, sha256: str) -> None:
    """Remove bytes that were delivered for jobs, unless one that has not ended is about them; documents have their own."""
    with transaction(database) as connection:
        # whoever asks for another job about the same bytes does so before, and is seen, or after, and brings them anew
        claim_delivery(connection, sha256)
        if not is_awaited(connection, sha256):
            document_path(waiting_bytes(settings.documents), sha256).unlink(missing_ok=True)


def _end_of(database: Database, settings: Settings, identity: str, attempts: int) -> tuple[str, dict[str, Any]]:
    """Return how a job ends, and what is told of it, having done it."""
    if attempts >= _MOST_ATTEMPTS:
        return "failed", _problem("worker_lost", *_LOST)
    try:
        return "done", _do(database, settings, identity)
    except _CancelledError:
        return "cancelled", {}
    except _RevokedError:
        return "failed", _problem("key_revoked", *_REVOKED)
    except DatabaseError as error:
        if attempts + 1 < _MOST_ATTEMPTS:
            raise
        _logger.error("The database failed a job: %s", error)  # noqa: TRY400 - its address is nobody else's matter
        return "failed", _problem("database", *_UNEXPECTED)
    except (GeocodeError, LayersError, RegistryError, StoreError, WorkflowError) as error:
        return "failed", _problem_of(error)
    except Exception:
        _tell(database, identity, "failed", _problem("unexpected", *_UNEXPECTED))
        raise


def _do(database: Database, settings: Settings, identity: str) -> dict[str, Any]:
    """Do what a job is about, and return what is told of it in the end."""
    with transaction(database) as connection:
        job = find_job(connection, identity)
        principal = principal_of_job(connection, job)
    progress = _Listener(database, identity, principal)
    seen = seen_by(database, lambda: principal)
    if job.kind == _UPLOAD:
        return _upload(seen, settings, job.request, principal, progress)
    progress("processing")
    process = find_process(job.request["process"])
    inputs = read_inputs(process, job.request["inputs"])
    return {"result": run_process(seen, process, inputs, principal=principal, settings=settings)}


def _upload(
    database: Database, settings: Settings, asked: Mapping[str, Any], principal: Principal, progress: Progress
) -> dict[str, Any]:
    report = upload_file(
        database,
        document_path(waiting_bytes(settings.documents), asked["sha256"]),
        principal=principal,
        documents=settings.documents,
        file=asked["file"],
        options=DeliveryOptions(**asked["options"]),
        schemes=configured_schemes(settings),
        procedure=configured_procedure(settings),
        catalogue=configured_catalogue(settings),
        reading=configured_reading(settings),
        progress=progress,
    )
    return {"upload": report.id, **_counts(report)}


class _Listener:
    """Keeps what it hears of a job's progress, not too often, and ends the job where somebody wants that or its key is revoked."""

    def __init__(self, database: Database, identity: str, principal: Principal) -> None:
        self._database, self._identity, self._principal = database, identity, principal
        self._step, self._told_at = "", 0.0

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        """Hear how far the job has come."""
        now = time.monotonic()
        # a step's beginning and its last row are told at once
        is_turn = step != self._step or (total is not None and done >= total)
        if not is_turn and now - self._told_at < _TOLD_EVERY_S:
            return
        self._step, self._told_at = step, now
        # in a transaction of its own: that of the work is seen by nobody until it ends
        with transaction(self._database) as connection:
            if is_job_cancelled(connection, self._identity):
                raise _CancelledError
            _refuse_revoked(connection, self._principal)
            told = {"step": step, "done": done, "total": total}
            add_job_event(connection, self._identity, "running", told)


def _refuse_revoked(connection: Connection, principal: Principal) -> None:
    """Refuse to go on for somebody whose key was revoked since; who works on this machine, or by claims alone, has none."""
    if principal.role == LOCAL_ROLE or principal.actor.startswith(CLAIMED):
        return
    if not is_still_known(connection, office_id=principal.office_id, role=principal.role, label=principal.actor):
        raise _RevokedError


def _tell(database: Database, identity: str, state: str, told: Mapping[str, Any]) -> bool:
    with transaction(database) as connection:
        return add_job_event(connection, identity, state, told)


def _office(principal: Principal) -> int | None:
    """Return the office whose jobs a principal may see, None where it is all."""
    return only_office(principal, allow(principal, "upload", kind="read"))


def _job_json(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "file": row.request["file"],
        "sha256": row.request["sha256"],
        "options": row.request["options"],
        "actor": row.actor,
        "recorded_at": row.recorded_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "events": f"/jobs/{row.id}/events",
        "number": row.number,
        **_standing(row),
    }


def _event_json(row: Any) -> dict[str, Any]:
    return {"recorded_at": row.recorded_at.isoformat(), **_standing(row)}


def _standing(row: Any) -> dict[str, Any]:
    """Return where a job stands by an event: its state, its step and rows, or its result or problem."""
    told = dict(row.told)
    result = None
    if row.state == "done":
        result, told = {**told, "href": f"/uploads/{told['upload']}"}, {}
    problem, told = (told, {}) if row.state == "failed" else (None, told)
    step = told.get("step")
    return {
        "state": row.state,
        "text": text_json(STATES[row.state]),
        "step": None if step is None else {"code": step, **text_json(STEPS[step])},
        "done": told.get("done"),
        "total": told.get("total"),
        "result": result,
        "problem": problem,
    }


def _counts(report: UploadReport) -> dict[str, Any]:
    names = ("rows", "accepted", "held", "refused", "repeated")
    return {name: getattr(report, name) for name in names}


def _problem(kind: str, text: Text, remedy: Text | None = None) -> dict[str, Any]:
    return {"kind": kind, "text": text_json(text), "remedy": text_json(remedy or Text("", ""))}


def _problem_of(error: Exception) -> dict[str, Any]:
    """Return why a job could not be done, as answers hold it; with the rows that stand in its way, as many as fit."""
    fault = getattr(error, "fault", None)
    if isinstance(fault, Fault):
        candidates = list(getattr(error, "candidates", ()))
        return {**fault_json(fault), **({"candidates": candidates} if candidates else {})}
    kind = str(getattr(error, "kind", type(error).__name__))
    said = getattr(error, "text", None)
    problem = _problem(
        kind, said if isinstance(said, Text) else Text(str(error), str(error)), getattr(error, "remedy", None)
    )
    if isinstance(error, RefusedDeliveryError):
        problem |= {**_counts(error.report), "results": list(_refused_rows(error.report))}
    return problem


def _refused_rows(report: UploadReport) -> Iterator[dict[str, Any]]:
    refused = (row for row in report.results if row.fault is not None)
    for row, _ in zip(refused, range(_MOST_ROWS), strict=False):
        named = {"feature": row.feature and row.feature[:_LONGEST], "name": row.name and row.name[:_LONGEST]}
        yield {"row": row.row, **named, "outcome": row.outcome, "fault": row.fault}
