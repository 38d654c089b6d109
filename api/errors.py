"""Problems (RFC 9457): the one table from the rooms' errors to HTTP statuses."""

import logging
import tomllib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.metrics import REFUSALS
from geocode import Fault, GeocodeError, Text
from workflows.errors import (
    ChangedMeanwhileError,
    ChangedSinceError,
    ForbiddenError,
    HiddenError,
    KeysUnreachableError,
    NotAllowedError,
    NotReadyError,
    RefusedActError,
    RefusedDeliveryError,
    RefusedEntryError,
    RefusedInputsError,
    RefusedParameterError,
    StillRunningError,
    UnknownJobError,
    UnknownProcessError,
    UnseenStateError,
    WorkflowError,
)
from workflows.failures import (
    AliasError,
    BlueprintError,
    BucketError,
    CatalogueFileError,
    CityFileError,
    ClusterError,
    ConfinementError,
    DamagedDocumentError,
    DatabaseError,
    FontError,
    GroundTakenError,
    LayersError,
    NotHereError,
    OtherSchemaError,
    PackageError,
    QueryError,
    RecordError,
    StageError,
    UnfitValueError,
    UnknownLayer,
)
from workflows.logs import REQUEST_ID
from workflows.reports import fault_json

__all__ = ["add_error_handlers", "problem", "problem_kind"]

STATUSES: dict[type[Exception], HTTPStatus] = {
    NotAllowedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    KeysUnreachableError: HTTPStatus.SERVICE_UNAVAILABLE,
    HiddenError: HTTPStatus.NOT_FOUND,
    StillRunningError: HTTPStatus.CONFLICT,
    NotHereError: HTTPStatus.NOT_FOUND,
    NotReadyError: HTTPStatus.NOT_FOUND,
    UnknownJobError: HTTPStatus.NOT_FOUND,
    UnknownProcessError: HTTPStatus.NOT_FOUND,
    RefusedInputsError: HTTPStatus.BAD_REQUEST,
    QueryError: HTTPStatus.BAD_REQUEST,
    RefusedParameterError: HTTPStatus.BAD_REQUEST,
    UnknownLayer: HTTPStatus.NOT_FOUND,
    GroundTakenError: HTTPStatus.CONFLICT,
    RefusedActError: HTTPStatus.CONFLICT,
    ChangedMeanwhileError: HTTPStatus.CONFLICT,
    ChangedSinceError: HTTPStatus.PRECONDITION_FAILED,
    UnseenStateError: HTTPStatus.PRECONDITION_REQUIRED,
    StageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    AliasError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CityFileError: HTTPStatus.INTERNAL_SERVER_ERROR,
    CatalogueFileError: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnfitValueError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusedDeliveryError: HTTPStatus.UNPROCESSABLE_ENTITY,
    WorkflowError: HTTPStatus.UNPROCESSABLE_ENTITY,
    GeocodeError: HTTPStatus.UNPROCESSABLE_ENTITY,
    LayersError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ConfinementError: HTTPStatus.SERVICE_UNAVAILABLE,
    BlueprintError: HTTPStatus.UNPROCESSABLE_ENTITY,
    PackageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RecordError: HTTPStatus.UNPROCESSABLE_ENTITY,
    FontError: HTTPStatus.SERVICE_UNAVAILABLE,
    DamagedDocumentError: HTTPStatus.INTERNAL_SERVER_ERROR,
    BucketError: HTTPStatus.SERVICE_UNAVAILABLE,
    OtherSchemaError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseError: HTTPStatus.SERVICE_UNAVAILABLE,
    ClusterError: HTTPStatus.SERVICE_UNAVAILABLE,
}


_HTTP = {
    HTTPStatus.BAD_REQUEST: "请求无法解读。",
    HTTPStatus.NOT_FOUND: "没有此地址。",
    HTTPStatus.METHOD_NOT_ALLOWED: "此地址不接受这种请求方法。",
    HTTPStatus.REQUEST_TIMEOUT: "请求体发送过慢。",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "请求体过大。",
}
# what these say of themselves tells where things are: that is for the log alone
_OF_THE_MACHINE: dict[type[Exception], Text] = {
    DatabaseError: Text(
        "数据库目前无法使用。没有存储任何内容。", "The database cannot be used now. Nothing is stored."
    ),
    ClusterError: Text("数据库目前无法使用。没有存储任何内容。", "The database cannot be used now. Nothing is stored."),
    BucketError: Text("文件存储目前无法使用。", "The store of documents cannot be used now."),
}
_LATER = Text(
    "请稍后重试;若持续如此,请将 request_id 告知管理员。",
    "Try again later; if it goes on, tell the administrator the request_id.",
)
_logger = logging.getLogger("luotu.problems")
# those that OGC API – Processes names itself
_TYPES = {
    kind: f"http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/{kind.replace('_', '-')}"
    for kind in ("no_such_process", "no_such_job", "result_not_ready")
}


# RFC 9457, as every answer of 400 and above is; the members beside these depend on the type
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Never changes"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "zh": {
            "type": "object",
            "properties": {"detail": {"type": "string"}, "remedy": {"type": "string"}},
        },
        "place": {"type": "object"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "detail": {"type": "string"},
                    "zh": {"type": "string"},
                    "parameter": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": "A problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in ("4XX", "5XX", HTTPStatus.UNPROCESSABLE_ENTITY.value)
}
"""What every route may answer besides what it is for, as the description of the API has it."""


def add_error_handlers(app: FastAPI) -> None:
    """Have every error of the rooms answered as a problem."""
    for kind, status in STATUSES.items():
        app.add_exception_handler(kind, _handler(status))
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(Exception, _unexpected_problem)


def problem(status: int, kind: str, text: Text, remedy: Text, *, headers: Any = None, **members: Any) -> JSONResponse:
    """Return a problem that no error stands for, in both languages, with what else it tells."""
    said = {"detail": text.en, "remedy": remedy.en, "zh": {"detail": text.zh, "remedy": remedy.zh}}
    return _response(HTTPStatus(status), kind=kind, headers=headers, **said, **members)


def _handler(status: HTTPStatus) -> Any:
    def answer(request: Request, error: Exception) -> JSONResponse:
        # whoever keeps the audit asks for it
        request.state.refusal = error
        said = _OF_THE_MACHINE.get(type(error))
        # without a cause it is a sentence for everybody, such as that too many large deliveries are under way
        if said is not None and not (isinstance(error, DatabaseError) and error.__cause__ is None):
            _logger.warning("unreached", extra={"reason": str(error)})
            return problem(status, problem_kind(error), said, _LATER)
        return _response(status, headers=_challenge(status, error), **_parts(error))

    return answer


def _challenge(status: HTTPStatus, error: Exception) -> dict[str, str] | None:
    """Return what RFC 6750 has a refusal say; nothing of what is another office's, for that is not there."""
    if isinstance(error, KeysUnreachableError):
        return {"Retry-After": "60"}
    if not isinstance(error, NotAllowedError) or status == HTTPStatus.NOT_FOUND:
        return None
    said = f', error="{error.challenge}"' if error.challenge else ""
    return {"WWW-Authenticate": f'Bearer realm="luotu"{said}'}


def _parts(error: Exception) -> dict[str, Any]:
    """Return what a problem says of an error: kind, sentences, place, suggestions, rows."""
    parts: dict[str, Any] = {"kind": problem_kind(error), "detail": str(error), "remedy": ""}
    fault = getattr(error, "fault", None)
    if isinstance(fault, Fault):
        parts |= {"kind": fault.kind, "detail": fault.text.en, "remedy": fault.remedy.en}
        parts["zh"] = {"detail": fault.text.zh, "remedy": fault.remedy.zh}
        place = {name: getattr(error, name, None) for name in ("file", "layer", "feature", "line")}
        place |= {"vertex": fault.vertex, "x": fault.x, "y": fault.y}
        parts["place"] = {name: value for name, value in place.items() if value is not None}
    text = getattr(error, "text", None)
    if isinstance(text, Text):
        parts |= {"detail": text.en, "zh": {"detail": text.zh, "remedy": ""}}
    if isinstance(error, WorkflowError):
        parts |= {"kind": problem_kind(error), "detail": error.text.en, "remedy": error.remedy.en}
        parts["zh"] = {"detail": error.text.zh, "remedy": error.remedy.zh}
    if isinstance(error, RefusedDeliveryError):
        parts |= error.report.as_json()
    if isinstance(error, RefusedEntryError):
        parts["faults"] = [fault_json(fault) for fault in error.faults]
    for name in ("suggestions", "nearest", "rows", "errors"):
        if hasattr(error, name):
            parts[name] = list(getattr(error, name))
    if getattr(error, "candidates", ()):
        parts["candidates"] = list(error.candidates)  # type: ignore[attr-defined]
    return parts


def problem_kind(error: Exception) -> str:
    """Return an error's name as a problem's type has it: ``NotHereError`` → ``not_here``."""
    own = getattr(error, "kind", None)
    if own is not None:
        return str(own)
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _http_problem(_request: Request, error: Any) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    zh = {"detail": _HTTP.get(status, f"请求未能处理(HTTP {status.value})。"), "remedy": ""}
    return _response(status, kind="http", headers=error.headers, detail=str(error.detail), remedy="", zh=zh)


def _validation_problem(_request: Request, error: Any) -> JSONResponse:
    faults = [_fault_of(fault) for fault in error.errors()]
    first = faults[0]
    told = {"detail": f"{first['pointer']}: {first['detail']}", "zh": {"detail": f"{first['pointer']}:{first['zh']}"}}
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY, kind="request", **told, errors=faults)


def _fault_of(fault: Mapping[str, Any]) -> dict[str, str]:
    """Return one thing that a request has wrong: where, as a JSON Pointer, and what."""
    place = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in fault["loc"])
    words = _sentences().get(fault["type"])
    zh = fault["msg"] if words is None else words.format_map(fault.get("ctx", {}))
    return {"pointer": place, "detail": fault["msg"], "zh": zh}


@cache
def _sentences() -> dict[str, str]:
    return tomllib.loads(files("api").joinpath("validation.toml").read_text(encoding="utf-8"))


def _unexpected_problem(_request: Request, _error: Exception) -> JSONResponse:
    text = Text("服务出现意外错误。", "Something unexpected went wrong.")
    remedy = Text("请将 request_id 告知管理员。", "Tell the administrator the request_id.")
    # this answer passes by the middleware that would add the id
    return problem(500, "unexpected", text, remedy, headers={"X-Request-Id": REQUEST_ID.get()})


def _response(status: HTTPStatus, *, kind: str, headers: Any = None, **members: Any) -> JSONResponse:
    REFUSALS.labels(kind, str(status.value)).inc()
    body = {"type": _TYPES.get(kind, f"/problems/{kind}"), "title": status.phrase, "status": status.value, **members}
    body |= {"request_id": REQUEST_ID.get()}
    return JSONResponse(body, status.value, headers=headers, media_type="application/problem+json")
