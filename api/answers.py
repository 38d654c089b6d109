"""Answers: a workflow's result as JSON, written at once; and how the description of the API tells of others."""

from typing import Any

import orjson
from fastapi import Response

__all__ = ["CSV", "GEOJSON", "PDF", "answer", "described"]

GEOJSON, PDF, CSV = "application/geo+json", "application/pdf", "text/csv"


def answer(content: dict[str, Any], *, status: int = 200, media_type: str = "application/json") -> Response:
    """Return a result as it is: it is JSON already, and validating it again would cost more than making it."""
    return Response(orjson.dumps(content), status, media_type=media_type)


def described(*media_types: str, statuses: tuple[int, ...] = (200,)) -> dict[int | str, dict[str, Any]]:
    """Return the answers that a route may give, each of these statuses in any of these media types, for its description."""
    content: dict[str, Any] = {media_type: {"schema": {}} for media_type in media_types}
    return {status: {"description": "Answered", **({"content": content} if content else {})} for status in statuses}
