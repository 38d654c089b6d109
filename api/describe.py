"""The description of the API (OpenAPI 3.1); ``python -m api.describe`` prints it as docs/openapi.json has it."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from fastapi import FastAPI

from api.answers import told_schemas
from api.errors import PROBLEM

__all__ = ["add_description", "description"]

_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or a token of the identity provider; nobody needs one for what is open to anyone",
}
_TAG = {"ETag": {"description": "What an If-None-Match or an If-Match names it by", "schema": {"type": "string"}}}
_NEXT = {"Link": {"description": 'Where there is a next page: `<…>; rel="next"`', "schema": {"type": "string"}}}


def add_description(app: FastAPI) -> None:
    """Have an application describe itself with what FastAPI does not know of it: its problems, its tags, who may ask."""
    app.openapi = partial(_describe, app)  # type: ignore[method-assign]


def description() -> str:
    """Return the OpenAPI document of an installation with the built-in settings, as JSON with sorted keys."""
    from api.app import create_app  # noqa: PLC0415 - which describes itself by this module
    from workflows.settings import Settings  # noqa: PLC0415

    app = create_app(Settings.model_validate({"DATABASE_URL": "postgresql+psycopg://"}))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _describe(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document["components"]["schemas"]
        # requests that are not understood are problems as well, and not what FastAPI would answer
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas |= told_schemas() | {"Problem": PROBLEM}
        document["components"]["securitySchemes"] = {"key": _KEY}
        document["security"] = [{"key": []}, {}]
        for operation in _reading(document):
            _tell_headers(operation)
    return FastAPI.openapi(app)


def _reading(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        if "get" in item:
            yield item["get"]


def _tell_headers(operation: dict[str, Any]) -> None:
    """Tell of the headers that every answer of a reading has, and of the one that says that the client has it already."""
    answered = operation["responses"].get("200", {})
    if not any("json" in media_type for media_type in answered.get("content", ())):
        return
    takes = {each["name"] for each in operation.get("parameters", ())}
    headers = _TAG | (_NEXT if takes & {"cursor", "after"} else {})
    answered["headers"] = answered.get("headers", {}) | headers
    operation["responses"].setdefault("304", {"description": "The client has it already"})


if __name__ == "__main__":
    print(description(), end="")  # noqa: T201 - what it is for
