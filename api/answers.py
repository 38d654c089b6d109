"""Answers: a workflow's result as JSON, written at once."""

from typing import Any

import orjson
from fastapi import Response

__all__ = ["answer"]


def answer(content: dict[str, Any], *, status: int = 200, media_type: str = "application/json") -> Response:
    """Return a result as it is: it is JSON already, and validating it again would cost more than making it."""
    return Response(orjson.dumps(content), status, media_type=media_type)
