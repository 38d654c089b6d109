"""Jobs: what goes on after its request was answered, and how far it has come, as it happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from threading import Event
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.answers import answer, described
from api.dependencies import Asking, Stored
from api.paging import IdCursor, Limit, listed, page_of
from api.preconditions import unchanged
from api.told.deliveries import Job, Jobs
from workflows.databases import Database
from workflows.jobs import cancel_job, has_ended, list_jobs, read_events, show_job
from workflows.principals import Principal

router = APIRouter(prefix="/jobs", tags=["jobs"])
Preferred = Annotated[
    str | None,
    Header(alias="Prefer", max_length=200, description="`respond-async`: a job does it, and 202 tells which"),
]
LastEvent = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, description="The number of the last event that the client has")
]
_LOOK_S, _HEARTBEAT_S, _LONGEST_S = 0.5, 15.0, 600.0


def is_async(prefer: str | None) -> bool:
    """Tell whether a client would rather have a job than wait (RFC 7240)."""
    return "respond-async" in {each.split(";")[0].strip().lower() for each in (prefer or "").split(",")}


def accepted(job: dict[str, Any]) -> Response:
    """Return the answer to a request that a job works on."""
    made = answer(job, status=202)
    made.headers["Location"] = f"/jobs/{job['id']}"
    made.headers["Preference-Applied"] = "respond-async"
    return made


@router.get("", response_model=Jobs)
def read_all(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: IdCursor = None
) -> Response:
    """Return the jobs of the office, the newest first, each as it stands."""
    found = list_jobs(database, principal=principal, after=cursor, most=limit + 1)
    return listed(request, page_of("jobs", found, limit=limit))


@router.get("/{job_id}", response_model=Job)
def read_job(job_id: UUID, principal: Asking, database: Stored) -> Response:
    """Return a job: what was asked for, where it stands, and its result or problem."""
    return answer(show_job(database, str(job_id), principal=principal))


@router.delete("/{job_id}", status_code=202, response_model=Job, dependencies=[unchanged("/jobs/{job_id}")])
def cancel(job_id: UUID, principal: Asking, database: Stored) -> Response:
    """Have a job end, and return how it stands: nothing of one that is cancelled is stored."""
    return answer(cancel_job(database, str(job_id), principal=principal), status=202)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses=described("text/event-stream") | described(statuses=(204,)),
)
def read_progress(request: Request, job_id: UUID, principal: Asking, database: Stored, last: LastEvent = 0) -> Response:
    """Return what becomes of a job as it happens (server-sent events), from after `Last-Event-ID` on, until it has ended.

    204 where the client has it all, which tells it not to ask again; after ten minutes the stream ends, and it does.
    """
    job = show_job(database, str(job_id), principal=principal)
    if has_ended(job) and last >= job["number"]:
        return Response(status_code=204)
    after, stopping = min(last, job["number"]), request.app.state.stopping
    return StreamingResponse(
        _stream(database, str(job_id), principal, after=after, stopping=stopping),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    database: Database, identity: str, principal: Principal, *, after: int, stopping: Event
) -> AsyncIterator[bytes]:
    """Yield the events of a job, and a comment now and then, so that nobody takes the line for dead.

    A server that is told to stop ends the stream: whoever reads it asks again, after the last event that came.
    """
    silent_s, until = 0.0, time.monotonic() + _LONGEST_S
    while time.monotonic() < until and not stopping.is_set():
        events = await run_in_threadpool(read_events, database, identity, principal=principal, after=after)
        for number, event in events:
            after = number
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, event["state"].encode(), orjson.dumps(event))
            if has_ended(event):
                return
        silent_s = 0.0 if events else silent_s + _LOOK_S
        if silent_s >= _HEARTBEAT_S:
            silent_s = 0.0
            yield b": still there\n\n"
        await asyncio.sleep(_LOOK_S)
