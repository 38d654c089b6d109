"""The description of the API (OpenAPI 3.1); ``python -m api.describe`` prints it as docs/openapi.json has it."""

import json
from functools import partial
from typing import Any

from fastapi import FastAPI

from api.errors import PROBLEM

__all__ = ["add_description", "description"]


def add_description(app: FastAPI) -> None:
    """Have an application describe itself with what FastAPI does not know of it: what its problems are."""
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
        schemas["Problem"] = PROBLEM
    return FastAPI.openapi(app)


if __name__ == "__main__":
    print(description(), end="")  # noqa: T201 - what it is for
