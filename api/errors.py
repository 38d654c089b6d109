"""Problems (RFC 9457): the one table from the rooms' errors to HTTP statuses."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from geocode import Fault, GeocodeError, Text
from workflows.errors import (
    ChangedMeanwhileError,
    ForbiddenError,
    HiddenError,
    NotAllowedError,
    RefusedActError,
    RefusedDeliveryError,
    RefusedEntryError,
    StillRunningError,
    WorkflowError,
)
from workflows.failures import (
    AliasError,
    BlueprintError,
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
    PackageError,
    RecordError,
    StageError,
    UnfitValueError,
    UnknownLayer,
)
from workflows.reports import fault_json

__all__ = ["add_error_handlers"]

STATUSES: dict[type[Exception], HTTPStatus] = {
    NotAllowedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    HiddenError: HTTPStatus.NOT_FOUND,
    StillRunningError: HTTPStatus.CONFLICT,
    NotHereError: HTTPStatus.NOT_FOUND,
    UnknownLayer: HTTPStatus.NOT_FOUND,
    GroundTakenError: HTTPStatus.CONFLICT,
    RefusedActError: HTTPStatus.CONFLICT,
    ChangedMeanwhileError: HTTPStatus.CONFLICT,
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
    DatabaseError: HTTPStatus.SERVICE_UNAVAILABLE,
    ClusterError: HTTPStatus.SERVICE_UNAVAILABLE,
}


def add_error_handlers(app: FastAPI) -> None:
    """Have every error of the rooms answered as a problem."""
    for kind, status in STATUSES.items():
        app.add_exception_handler(kind, _handler(status))
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)


def _handler(status: HTTPStatus) -> Any:
    def answer(_request: Request, error: Exception) -> JSONResponse:
        return _response(status, **_parts(error))

    return answer


def _parts(error: Exception) -> dict[str, Any]:
    """Return what a problem says of an error: kind, sentences, place, suggestions, rows."""
    parts: dict[str, Any] = {"kind": _kind(error), "detail": str(error), "remedy": ""}
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
        parts |= {"kind": _kind(error), "detail": error.text.en, "remedy": error.remedy.en}
        parts["zh"] = {"detail": error.text.zh, "remedy": error.remedy.zh}
    if isinstance(error, RefusedDeliveryError):
        parts |= error.report.as_json()
    if isinstance(error, RefusedEntryError):
        parts["faults"] = [fault_json(fault) for fault in error.faults]
    for name in ("suggestions", "nearest", "rows"):
        if hasattr(error, name):
            parts[name] = list(getattr(error, name))
    if getattr(error, "candidates", ()):
        parts["candidates"] = list(error.candidates)  # type: ignore[attr-defined]
    return parts


def _kind(error: Exception) -> str:
    """Return an error's name as a problem's type has it: ``NotHereError`` → ``not_here``."""
    own = getattr(error, "kind", None)
    if own is not None:
        return str(own)
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _http_problem(_request: Request, error: Any) -> JSONResponse:
    return _response(HTTPStatus(error.status_code), kind="http", detail=str(error.detail), headers=error.headers)


def _validation_problem(_request: Request, error: Any) -> JSONResponse:
    faults = [{"pointer": "/" + "/".join(map(str, fault["loc"])), "detail": fault["msg"]} for fault in error.errors()]
    detail = f"{faults[0]['pointer']}: {faults[0]['detail']}" if faults else "The request is not understood."
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY, kind="request", detail=detail, errors=faults)


def _response(status: HTTPStatus, *, kind: str, headers: Any = None, **members: Any) -> JSONResponse:
    body = {"type": f"/problems/{kind}", "title": status.phrase, "status": status.value, **members}
    return JSONResponse(body, status.value, headers=headers, media_type="application/problem+json")
