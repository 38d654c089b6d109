"""For those who run it: whether it lives, whether it can answer, and how it stands."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from api.answers import described
from api.dependencies import Configured, Stored, principal_of
from api.errors import problem
from api.forwarding import is_here
from api.metrics import metrics_page
from geocode import Text
from workflows.rights import allow
from workflows.running import find_lacks

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def tell_alive() -> dict[str, str]:
    """Return that this process lives; nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "What is missing"}})
def tell_ready(database: Stored, settings: Configured) -> Response:
    """Return whether requests can be answered: the database, its migrations, the ledger's head, what reads files from others."""
    lacks = find_lacks(database, settings)
    if not lacks:
        return JSONResponse({"status": "ok"})
    first = Text("".join(each.text.zh for each in lacks), " ".join(each.text.en for each in lacks))
    remedy = Text("".join(each.remedy.zh for each in lacks), " ".join(each.remedy.en for each in lacks))
    return problem(503, "not_ready", first, remedy, lacks=[each.as_json() for each in lacks])


@router.get("/metrics", response_class=Response, responses=described("text/plain"))
def read_metrics(
    request: Request,
    settings: Configured,
    database: Stored,
) -> Response:
    """Return the figures of all processes for Prometheus, to this machine itself and to whoever may observe."""
    if not settings.metrics:
        raise HTTPException(404)
    if not is_here(request):
        allow(principal_of(request, database), "observe")
    figures: Any = request.app.state.standing()
    return Response(metrics_page(figures), media_type=CONTENT_TYPE_LATEST)
