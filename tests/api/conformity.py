"""Whether answers are as the description of the API has them: asked of every answer that any test of this room is given."""

import json
import re
from functools import cache

import jsonschema_rs

from api.describe import description

__all__ = ["conforming", "find_departure"]

_IN_PATHS = re.compile(r"\{(\w+)\}")
_LONG = {"name", "code", "text"}


def find_departure(method, path, status, media_type, body):
    """Return how the body of an answer departs from the description; None where it does not, or is none of its routes'."""
    template = _template(method, path)
    if template is None or status >= 400 or not body or "json" not in media_type:
        return None
    checker = _checker(method, template, str(status), media_type)
    if checker is None:
        return f"{method} {template} answers {status} {media_type}, which is not described"
    fault = next(checker.iter_errors(json.loads(body)), None)
    if fault is None:
        return None
    return f"{method} {template} {status}: {fault.message[:300]} at {'/'.join(map(str, fault.instance_path))}"


def conforming(send):
    """Return what sends requests and looks at the answers."""

    def look(client, request, **options):
        answer = send(client, request, **options)
        if not options.get("stream"):
            media_type = answer.headers.get("content-type", "").partition(";")[0]
            departure = find_departure(request.method, request.url.path, answer.status_code, media_type, answer.content)
            assert departure is None, departure
        return answer

    return look


@cache
def _document():
    return json.loads(description())


@cache
def _template(method, path):
    """Return the route that a path is for: of those that fit, the one that says most."""
    fitting = [each for each, fits in _patterns(method) if fits.fullmatch(path)]
    return max(fitting, key=lambda each: len(_IN_PATHS.sub("", each)), default=None)


@cache
def _patterns(method):
    told = [path for path, item in _document()["paths"].items() if method.lower() in item]
    return [
        (path, re.compile(_IN_PATHS.sub(lambda part: ".+" if part[1] in _LONG else "[^/]+", path))) for path in told
    ]


@cache
def _checker(method, template, status, media_type):
    described = _document()["paths"][template][method.lower()]["responses"].get(status, {}).get("content", {})
    schemas = {each.partition(";")[0]: told.get("schema", {}) for each, told in described.items()}
    if "*/*" in schemas:
        return jsonschema_rs.validator_for({})
    if media_type not in schemas:
        return None
    return jsonschema_rs.validator_for({**schemas[media_type], "components": _document()["components"]})
