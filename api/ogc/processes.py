"""OGC API – Processes, Part 1: what there is to be done, done at once or as a job, and what came of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.addresses import same_with
from api.answers import GEOJSON, JSON, answer, described_in
from api.dependencies import Asking, Configured, OnceKey, Spoken, Stored
from api.ogc.links import link, tagged
from api.ogc.parameters import period_of
from api.paging import IdCursor, Limit
from api.routes.jobs import is_async
from api.told import ogc as documents
from workflows.jobs import STATES
from workflows.process_jobs import (
    ProcessJob,
    WantedJobs,
    ask_for_process,
    dismiss_job,
    list_process_jobs,
    process_result,
    show_process_job,
)
from workflows.processes import PROCESSES, Process, find_process, read_inputs, run_process
from workflows.upload_files import Language

__all__ = ["CONFORMS_TO", "router"]


def read_format(f: Annotated[Literal["json"], Query(description="Format of the answer")] = "json") -> str:
    """Return the format of an answer, which is JSON."""
    return f


router = APIRouter(prefix="/ogc", tags=["processes"], dependencies=[Depends(read_format)])
CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")
)
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0"
_STATUSES = {
    "waiting": "accepted",
    "running": "running",
    "cancelling": "running",
    "done": "successful",
    "failed": "failed",
    "cancelled": "dismissed",
}
_ENDS = {"successful", "failed", "dismissed"}
_MOST_S = 2**31 - 1
Identity = Annotated[str, Path(max_length=60)]
Prefer = Annotated[
    str | None,
    Header(alias="Prefer", max_length=200, description="`respond-async`: a job does it, and 201 tells which"),
]


class Execution(BaseModel):
    """What goes into a process, and how its result comes back."""

    model_config = ConfigDict(extra="forbid")

    inputs: Annotated[dict[str, Any], Field(description="As the process describes them")] = {}
    outputs: Annotated[
        dict[Literal["result"], Any] | None, Field(description="Which outputs are wanted; there is one")
    ] = None
    response: Annotated[
        Literal["raw", "document"], Field(description="The result itself, or a document that names it")
    ] = "raw"


@router.get("/processes", response_model=documents.ProcessList)
def read_processes(language: Spoken, *, limit: Limit = 100) -> Response:
    """Return what there is to be done."""
    shown = [_summary(process, language) for process in [*PROCESSES.values()][:limit]]
    return answer({"processes": shown, "links": [_link("/ogc/processes", "self")]})


@router.get("/processes/{process}", response_model=documents.ProcessDescription)
def read_process(process: Identity, language: Spoken) -> Response:
    """Return what goes into a process and what comes out."""
    return answer(_description(find_process(process), language))


@router.post(
    "/processes/{process}/execution",
    response_class=Response,
    responses=described_in({JSON: documents.RawResult, GEOJSON: documents.RawResult})
    | described_in({JSON: documents.ProcessJob}, status=201),
)
def execute(  # noqa: PLR0913 - one for each parameter
    process: Identity,
    execution: Annotated[Execution, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    language: Spoken,
    *,
    prefer: Prefer = None,
    key: OnceKey = None,
) -> Response:
    """Have a process done: at once, or by a job where the client prefers that."""
    wanted = find_process(process)
    if is_async(prefer):
        job = ask_for_process(database, wanted, execution.inputs, principal=principal, key=key)
        made = answer(_status(job, language), status=201)
        made.headers["Location"] = f"/ogc/jobs/{job.id}"
        made.headers["Preference-Applied"] = "respond-async"
        return made
    inputs = read_inputs(wanted, execution.inputs)
    result = run_process(database, wanted, inputs, principal=principal, settings=settings, key=key)
    if execution.response == "document":
        return answer({"result": result})
    return answer(result, media_type=wanted.media_type)


def wanted_jobs(
    *,
    kinds: Annotated[list[Literal["process"]] | None, Query(alias="type", description="Of jobs: there is one")] = None,
    processes: Annotated[
        list[Annotated[str, Field(max_length=60)]] | None,
        Query(alias="processID", description="What was asked for: one of these processes"),
    ] = None,
    statuses: Annotated[
        list[documents.JobStatus] | None, Query(alias="status", description="Where they stand: one of these")
    ] = None,
    asked: Annotated[
        str | None,
        Query(alias="datetime", max_length=100, description="When they were asked for: a day, an instant, an interval"),
    ] = None,
    least_s: Annotated[
        int | None, Query(alias="minDuration", ge=0, le=_MOST_S, description="Seconds that they take at least")
    ] = None,
    most_s: Annotated[
        int | None, Query(alias="maxDuration", ge=0, le=_MOST_S, description="Seconds that they take at most")
    ] = None,
) -> WantedJobs:
    """Return which jobs a query asks for.

    Raises
    ------
    RefusedParameterError
        Its `datetime` is no time.
    """
    _ = kinds
    period = period_of({} if asked is None else {"datetime": asked})
    return WantedJobs(
        processes=processes,
        states=None if statuses is None else [each for each in _STATUSES if _STATUSES[each] in statuses],
        since=period and period.start,
        until=period and period.end,
        least_s=least_s,
        most_s=most_s,
    )


@router.get("/jobs", response_model=documents.ProcessJobs)
def read_jobs(  # noqa: PLR0913 - who asks for what, and which part of it
    request: Request,
    principal: Asking,
    database: Stored,
    language: Spoken,
    wanted: Annotated[WantedJobs, Depends(wanted_jobs)],
    *,
    limit: Limit = 100,
    cursor: IdCursor = None,
) -> Response:
    """Return the jobs of the office, the newest first, each as it stands."""
    found = list_process_jobs(database, wanted, principal=principal, after=cursor, most=limit + 1)
    shown = found[:limit]
    links = [link(same_with(request), "self", "json")]
    if len(found) > limit:
        links.append(link(same_with(request, cursor=shown[-1].id), "next", "json"))
    return tagged(request, {"jobs": [_status(job, language) for job in shown], "links": links}, "json", links=links)


@router.get("/jobs/{job}", response_model=documents.ProcessJob)
def read_job(job: Identity, principal: Asking, database: Stored, language: Spoken) -> Response:
    """Return how a job stands."""
    return answer(_status(show_process_job(database, job, principal=principal), language))


@router.get("/jobs/{job}/results", response_model=documents.ProcessResult)
def read_results(job: Identity, principal: Asking, database: Stored) -> Response:
    """Return what came of a job; 404 until it is done, and for one that failed, with the reason."""
    _, result = process_result(database, job, principal=principal)
    return answer({"result": result})


@router.delete("/jobs/{job}", response_model=documents.ProcessJob)
def dismiss(job: Identity, principal: Asking, database: Stored, language: Spoken) -> Response:
    """Have a job end, and return how it stands."""
    return answer(_status(dismiss_job(database, job, principal=principal), language))


def _summary(process: Process, language: Language) -> dict[str, Any]:
    return {
        "id": process.id,
        "title": getattr(process.title, language),
        "description": getattr(process.description, language),
        "version": "1.0.0",
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [_link(f"/ogc/processes/{process.id}", "self")],
    }


def _description(process: Process, language: Language) -> dict[str, Any]:
    schema = process.inputs.model_json_schema()
    needed = set(schema.get("required", ()))
    inputs = {
        name: {
            "title": name,
            "description": each.get("description", ""),
            "minOccurs": int(name in needed),
            "schema": {key: value for key, value in each.items() if key not in {"title", "description"}},
        }
        for name, each in schema["properties"].items()
    }
    result = {"type": "object", "contentMediaType": process.media_type}
    return {
        **_summary(process, language),
        "inputs": inputs,
        "outputs": {"result": {"title": getattr(process.result, language), "schema": result}},
        "links": [
            _link(f"/ogc/processes/{process.id}", "self"),
            _link(f"/ogc/processes/{process.id}/execution", f"{_RELATION}/execute"),
        ],
    }


def _status(job: ProcessJob, language: Language) -> dict[str, Any]:
    """Return a job as OGC API – Processes tells it; why one failed is its message."""
    status = _STATUSES[job.state]
    message = job.told["text"][language] if job.state == "failed" else getattr(STATES[job.state], language)
    begun = {} if job.began_at is None else {"started": job.began_at.isoformat()}
    ended = {"finished": job.changed_at.isoformat(), "progress": 100} if status in _ENDS else {}
    results = [_link(f"/ogc/jobs/{job.id}/results", f"{_RELATION}/results")] if status == "successful" else []
    return {
        "type": "process",
        "processID": job.process,
        "jobID": job.id,
        "status": status,
        "message": message,
        "created": job.recorded_at.isoformat(),
        **begun,
        "updated": job.changed_at.isoformat(),
        **ended,
        "links": [_link(f"/ogc/jobs/{job.id}", "self"), *results],
    }


def _link(href: str, relation: str) -> dict[str, str]:
    return {"href": href, "rel": relation, "type": "application/json"}
