"""The description of the API as a page for people, which loads nothing from elsewhere; the same as ``/openapi.json``."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.dependencies import Spoken
from api.pages import Crumb, page, table_page
from api.schema_words import schema_words
from workflows.upload_files import Language

router = APIRouter(tags=["description"])
_METHODS = ("get", "post", "put", "patch", "delete")
_HEADS = {"zh": ("参数", "在", "必需", "取值", "说明"), "en": ("parameter", "in", "required", "values", "what it is")}
_BODY = {"zh": "请求体", "en": "Body"}
_ANSWER = {"zh": "应答", "en": "Answer"}


@router.get("/openapi.html", include_in_schema=False)
def read_reference(request: Request, language: Spoken) -> HTMLResponse:
    """Return every route with its parameters, bodies and answers, as a page."""
    document = request.app.openapi()
    body = "\n".join(_operations(document, language))
    crumbs = [Crumb("/", document["info"]["title"]), Crumb("/openapi.json", "openapi.json"), Crumb("/ogc/", "OGC API")]
    return HTMLResponse(page("API", body, language=language, style="/ogc/style.css", crumbs=crumbs))


def _operations(document: Mapping[str, Any], language: Language) -> Iterator[str]:
    """Yield each operation as HTML, in the order of the document, then the schemas of what is sent and answered."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            told = item[method]
            name = f"{method.upper()} {path}"
            yield f'<h2 id="{escape(told["operationId"])}"><code>{escape(name)}</code></h2>'
            yield f"<p>{escape(told.get('description', told.get('summary', '')))}</p>"
            if told.get("parameters"):
                yield table_page(
                    _HEADS[language], [_parameter(each, document, language) for each in told["parameters"]]
                )
            for media_type, content in told.get("requestBody", {}).get("content", {}).items():
                yield f"<p>{_BODY[language]}: {_media(media_type, content)}</p>"
            yield f"<p>{_ANSWER[language]}: {'; '.join(_answers(told['responses']))}</p>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        said = json.dumps(schema, ensure_ascii=False, indent=2)
        yield f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary><pre>{escape(said)}</pre></details>'


def _parameter(told: Mapping[str, Any], document: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    schema = _resolved(told.get("schema", {}), document)
    return (
        told["name"],
        told["in"],
        "✓" if told.get("required") else "",
        schema_words(schema, language),
        told.get("description", schema.get("description", "")),
    )


def _answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, told in responses.items():
        media = [_media(media_type, content) for media_type, content in told.get("content", {}).items()]
        yield " ".join([f"<b>{escape(status)}</b>", ", ".join(media)]).strip()


def _media(media_type: str, content: Mapping[str, Any]) -> str:
    """Return a media type, with the link to the schema of what comes in it."""
    name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    link = f' <a href="#schema-{escape(name)}">{escape(name)}</a>' if name else ""
    return f"<code>{escape(media_type)}</code>{link}"


def _resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            return _resolved(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], document)
        return {key: _resolved(each, document) for key, each in schema.items()}
    return [_resolved(each, document) for each in schema] if isinstance(schema, list) else schema
