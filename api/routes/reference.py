"""The description of the API as a page for people, which loads nothing from elsewhere; the same as ``/openapi.json``."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.dependencies import Spoken
from api.ogc.pages import Crumb, page, table_page

router = APIRouter(tags=["description"])
_METHODS = ("get", "post", "put", "patch", "delete")
_HEADS = {"zh": ("参数", "在", "必需", "取值", "说明"), "en": ("parameter", "in", "required", "values", "what it is")}
_BODY = {"zh": "请求体", "en": "Body"}


@router.get("/openapi.html", include_in_schema=False)
def read_reference(request: Request, language: Spoken) -> HTMLResponse:
    """Return every route with its parameters, bodies and answers, as a page."""
    document = request.app.openapi()
    body = "\n".join(_operations(document, _HEADS[language], _BODY[language]))
    crumbs = [Crumb("/", document["info"]["title"]), Crumb("/openapi.json", "openapi.json"), Crumb("/ogc/", "OGC API")]
    return HTMLResponse(page("API", body, language=language, style="/ogc/style.css", crumbs=crumbs))


def _operations(document: Mapping[str, Any], heads: tuple[str, ...], body: str) -> Iterator[str]:
    """Yield each operation as HTML, in the order of the document."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            told = item[method]
            name = f"{method.upper()} {path}"
            yield f'<h2 id="{escape(told["operationId"])}"><code>{escape(name)}</code></h2>'
            yield f"<p>{escape(told.get('description', told.get('summary', '')))}</p>"
            if told.get("parameters"):
                yield table_page(heads, [_parameter(each, document) for each in told["parameters"]])
            for media_type, content in told.get("requestBody", {}).get("content", {}).items():
                said = json.dumps(_resolved(content.get("schema", {}), document), ensure_ascii=False, indent=2)
                yield (
                    f"<details><summary>{body}: <code>{escape(media_type)}</code></summary>"
                    f"<pre>{escape(said)}</pre></details>"
                )
            yield f"<p>{', '.join(_answers(told['responses']))}</p>"


def _parameter(told: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, ...]:
    schema = _resolved(told.get("schema", {}), document)
    return (
        told["name"],
        told["in"],
        "✓" if told.get("required") else "",
        json.dumps({key: schema[key] for key in schema if key not in {"title", "description"}}, ensure_ascii=False),
        told.get("description", schema.get("description", "")),
    )


def _answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, told in responses.items():
        yield " ".join([f"<b>{escape(status)}</b>", *map(escape, told.get("content", {}))])


def _resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place; none of ours refers to itself."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            return _resolved(document["components"]["schemas"][name], document)
        return {key: _resolved(each, document) for key, each in schema.items()}
    return [_resolved(each, document) for each in schema] if isinstance(schema, list) else schema
