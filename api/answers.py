"""Answers: a workflow's result as JSON, written at once; and how the description of the API tells of others."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

__all__ = [
    "CSV",
    "GEOJSON",
    "JSON",
    "PDF",
    "GeoJson",
    "answer",
    "described",
    "described_in",
    "told_schemas",
]

JSON, GEOJSON, PDF, CSV = "application/json", "application/geo+json", "application/pdf", "text/csv"
_REFERENCE = "#/components/schemas/{model}"
# what is told in one of several media, by its name: FastAPI describes those of routes with one alone
_TOLD: dict[str, Any] = {}


class GeoJson(JSONResponse):
    """The class of an answer that is GeoJSON, for the description of a route."""

    media_type = GEOJSON


def answer(content: Mapping[str, Any], *, status: int = 200, media_type: str = JSON) -> Response:
    """Return a result as it is: it is JSON already, and validating it again would cost more than making it."""
    return Response(orjson.dumps(content), status, media_type=media_type)


def described(
    *media_types: str, statuses: tuple[int, ...] = (200,), model: Any = None
) -> dict[int | str, dict[str, Any]]:
    """Return the answers that a route may give, each of these statuses in any of these media types, for its description.

    Parameters
    ----------
    model
        What is told in these statuses in the route's usual media type: a type of `api.told`.
    """
    content: dict[str, Any] = {media_type: {} for media_type in media_types}
    told = {**({"content": content} if content else {}), **({"model": model} if model else {})}
    return {status: {"description": "Answered", **told} for status in statuses}


def described_in(media: Mapping[str, Any], *, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return an answer that a route gives in one of several media, for its description.

    Parameters
    ----------
    media
        What is told in each: a type of `api.told`, or None where it is no JSON.
    """
    return {status: {"description": "Answered", "content": {each: _content(told) for each, told in media.items()}}}


def told_schemas() -> dict[str, Any]:
    """Return the schemas of everything that is told in one of several media, and of its parts, by name."""
    wanted: Any = [(name, "serialization", TypeAdapter(told)) for name, told in _TOLD.items()]
    _, schemas = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE)
    return dict(schemas.get("$defs", {}))


def _content(told: Any) -> dict[str, Any]:
    if told is None:
        return {}
    _TOLD[told.__name__] = told
    return {"schema": {"$ref": _REFERENCE.format(model=told.__name__)}}
