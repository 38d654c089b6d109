"""Names of any kind to buildings: one in brief, or thousands with a row each."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match, Route
from starlette.types import Scope

from api.answers import answer
from api.dependencies import Asking, Configured, Stored, asker_of, asker_on_loop
from api.told.buildings import FoundName, FoundNames
from workflows.code_answers import CodeAnswers
from workflows.principals import find_principal
from workflows.procedures import configured_procedure
from workflows.resolving import MOST_NAMES, resolve_names
from workflows.schemes import configured_schemes

router = APIRouter(prefix="/resolve", tags=["buildings"])
Day = Annotated[date | None, Query(description="The day on which it is to be shown; the latest state without it")]
Known = Annotated[AwareDatetime | None, Query(description="The time whose knowledge counts; the latest without it")]


class Names(BaseModel):
    """Names to resolve. Anything may stand in the list: what is no text is answered as invalid."""

    names: list[Any] = Field(max_length=MOST_NAMES)
    as_of: date | None = None
    known_at: AwareDatetime | None = None


@router.get("", response_model=FoundName)
def resolve_text(
    request: Request,
    q: Annotated[str, Query(max_length=1000, description="A code, an alias, an address, coordinates: anything")],
    *,
    as_of: Day = None,
    known_at: Known = None,
) -> Response:
    """Return which building a text names, in brief, or the candidates. The answer to a code has an ETag."""
    return _resolve(request, q, as_of=as_of, known_at=known_at)


@router.post("", response_model=FoundNames)
def resolve_many(asked: Names, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return which building each of up to 10,000 names leads to, a row each, in their order."""
    rows = resolve_names(
        database,
        asked.names,
        principal=principal,
        schemes=configured_schemes(settings),
        stages=configured_procedure(settings).stages,
        as_of=asked.as_of,
        known_at=asked.known_at,
    )
    return answer({"rows": rows})


class CodeRoute(Route):
    """``GET /resolve?q=`` of what may be a code, and nothing else in the query.

    The one thing that is asked thousands of times a second: a thread and a validation for each would halve that.
    """

    def __init__(self) -> None:
        super().__init__(router.prefix, _answer_code, methods=["GET"], include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this route; it is for `resolve_text` where not."""
        is_ours = scope["type"] == "http" and scope["method"] == "GET" and _CODE_QUERY.fullmatch(scope["query_string"])
        match, found = super().matches(scope) if is_ours else (Match.NONE, {})
        return match, {**found, "route": self}


_CODE_QUERY = re.compile(rb"q=((?:[0-9A-Za-z-]|%20|\+){13,40})")


def is_code_question(scope: Scope) -> bool:
    """Tell whether a request asks `CodeRoute`, which answers all that wait together."""
    is_asked = scope["path"] == router.prefix and scope["method"] == "GET"
    return bool(is_asked and _CODE_QUERY.fullmatch(scope["query_string"]))


async def _answer_code(request: Request) -> Response:
    text = request.query_params["q"]
    codes: CodeAnswers = request.app.state.codes
    asker = await asker_on_loop(request, openly=True)
    told = await codes.find(text, asker)
    # the key holds: whose it is, only what answered knows
    request.state.principal = None
    if told is None:
        return await run_in_threadpool(_resolve, request, text)
    # a copy may be kept, and is asked about each time
    headers = {"ETag": told.tag, "Cache-Control": "private, no-cache"}
    if told.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(told.body, headers=headers, media_type="application/json")


def _resolve(request: Request, text: str, *, as_of: date | None = None, known_at: datetime | None = None) -> Response:
    settings, database = request.app.state.settings, request.app.state.database
    principal = find_principal(database, **asker_of(request, openly=True)._asdict())
    rows = resolve_names(
        database,
        [text],
        principal=principal,
        schemes=configured_schemes(settings),
        stages=configured_procedure(settings).stages,
        as_of=as_of,
        known_at=known_at,
    )
    return answer(rows[0])
