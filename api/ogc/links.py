"""Links, and answers that carry them: absolute, each with the type of what it leads to."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypedDict
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response

from api.addresses import same_with
from api.answers import described, described_in
from api.ogc.parameters import Format

__all__ = ["MEDIA_TYPES", "Link", "address", "answers_in", "link", "tagged", "ways_to_read"]

# of header lines, all links together: proxies take no more than twice that
_MOST_HEADER = 3_000
MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "geojson": "application/geo+json",
    "jsonfg": "application/vnd.ogc.fg+json",
    "html": "text/html",
    "schema": "application/schema+json",
    "openapi": "application/vnd.oai.openapi+json;version=3.0",
    "mvt": "application/vnd.mapbox-vector-tile",
    "tilejson": "application/json",
}
_NAMES = {"json": "JSON", "geojson": "GeoJSON", "jsonfg": "JSON-FG", "html": "HTML"}


def answers_in(**told: Any) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route, for its description: by names of `MEDIA_TYPES` a type of `api.told.ogc`, None of HTML."""
    media = {MEDIA_TYPES[name]: each for name, each in told.items()}
    return described_in(media) | described(statuses=(304,))


class Link(TypedDict, total=False):
    """A link as OGC documents hold it."""

    href: str
    rel: str
    type: str
    title: str


def address(request: Request, path: str = "", **query: str) -> str:
    """Return the address of something under ``/ogc``."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{str(request.base_url).rstrip('/')}/ogc{path}{asked}"


def link(href: str, rel: str, media: str, title: str = "") -> Link:
    """Return a link; `media` is a name of `MEDIA_TYPES`."""
    told: Link = {"href": href, "rel": rel, "type": MEDIA_TYPES[media]}
    return {**told, "title": title} if title else told


def ways_to_read(request: Request, form: Format, offered: Mapping[Format, str]) -> list[Link]:
    """Return the links to an answer itself and to its other formats; `offered` tells the media of each."""
    return [
        link(same_with(request, f=each) if each != form else same_with(request), rel, media, _NAMES.get(media, ""))
        for each, media in offered.items()
        for rel in ["self" if each == form else "alternate"]
    ]


def tagged(
    request: Request,
    content: dict[str, Any] | str,
    media: str,
    *,
    links: Sequence[Link] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer with its ETag, and links in its header too; 304 where the client has it already."""
    body = content.encode() if isinstance(content, str) else orjson.dumps(content)
    # what depends on who asks may be kept by who asked, and is asked about each time
    told = {
        "ETag": f'"{sha256(body).hexdigest()[:32]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Language, Authorization",
        **(headers or {}),
    }
    line = _header(links)
    if line:
        told["Link"] = line
    if told["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=told)
    return Response(body, headers=told, media_type=MEDIA_TYPES[media])


def _header(links: Sequence[Link]) -> str:
    """Return links as a header line: where to go on first, and no more of them than proxies take."""
    ordered = sorted(links, key=lambda each: each["rel"] not in {"next", "prev"})
    line = ""
    for each in ordered:
        longer = f"{line}, " if line else ""
        longer += f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"'
        if len(longer) > _MOST_HEADER:
            break
        line = longer
    return line
