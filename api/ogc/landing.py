"""OGC API: where everything begins, what it conforms to, and its description."""

from fastapi import APIRouter, Request, Response

from api.dependencies import AskingOpenly, Configured, Stored
from api.ogc import processes, tiles
from api.ogc.filtering import FILTER_CONFORMANCE
from api.ogc.geojson import JSON_FG
from api.ogc.links import Link, address, answers_in, link, tagged, ways_to_read
from api.ogc.openapi import describe_features
from api.ogc.parameters import JSON_ALONE, format_of, parameters_of, spoken_in
from api.pages import STYLE, list_page, page
from api.told import ogc as documents
from geocode import Text
from workflows.collections import list_collections

__all__ = ["router"]

router = APIRouter(prefix="/ogc", tags=["features"])
_TITLE = Text("落图 OGC API", "Luotu OGC API")
_SPEC = "http://www.opengis.net/spec"
CONFORMS_TO = (
    *(f"{_SPEC}/ogcapi-common-1/1.0/conf/{name}" for name in ("core", "landing-page", "json", "html", "oas30")),
    f"{_SPEC}/ogcapi-common-2/1.0/conf/collections",
    *(f"{_SPEC}/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{_SPEC}/ogcapi-features-2/1.0/conf/crs",
    *FILTER_CONFORMANCE,
    *JSON_FG,
    *processes.CONFORMS_TO,
    *tiles.CONFORMS_TO,
)


@router.get("", include_in_schema=False)
@router.get("/", response_class=Response, responses=answers_in(json=documents.Landing, html=None))
def read_landing(request: Request, _principal: AskingOpenly) -> Response:
    """Return what there is, as links."""
    said = parameters_of(request)
    form, language = format_of(request, said), spoken_in(request, said)
    links = [*ways_to_read(request, form, {"json": "json", "html": "html"}), *_ways_on(request)]
    title = getattr(_TITLE, language)
    if form == "html":
        rows = [(each["href"], each.get("title", each["rel"]), each["type"]) for each in links]
        body = page(title, list_page(rows), language=language, style=address(request, "/style.css"))
        return tagged(request, body, "html", links=links)
    return tagged(request, {"title": title, "description": title, "links": links}, "json", links=links)


@router.get("/conformance", response_class=Response, responses=answers_in(json=documents.Conformance, html=None))
def read_conformance(request: Request, _principal: AskingOpenly) -> Response:
    """Return the classes of the standards that are implemented."""
    said = parameters_of(request)
    form, language = format_of(request, said), spoken_in(request, said)
    links = ways_to_read(request, form, {"json": "json", "html": "html"})
    if form == "html":
        rows = [(uri, uri.removeprefix(f"{_SPEC}/"), "") for uri in CONFORMS_TO]
        body = page("conformsTo", list_page(rows), language=language, style=address(request, "/style.css"))
        return tagged(request, body, "html", links=links)
    return tagged(request, {"conformsTo": [*CONFORMS_TO]}, "json", links=links)


@router.get("/api", response_class=Response, responses=answers_in(openapi=documents.OpenApi))
def read_description(request: Request, principal: AskingOpenly, database: Stored, settings: Configured) -> Response:
    """Return the OpenAPI document of the collections that one may see, with the properties that each can be asked for."""
    said = parameters_of(request)
    format_of(request, said, JSON_ALONE)
    language = spoken_in(request, said)
    collections = list_collections(database, principal=principal, settings=settings, fields=True)
    document = describe_features(
        collections, server=address(request), title=getattr(_TITLE, language), language=language
    )
    return tagged(request, document, "openapi")


@router.get("/style.css", include_in_schema=False)
def read_style() -> Response:
    """Return how the pages look."""
    return Response(STYLE, media_type="text/css")


def _ways_on(request: Request) -> list[Link]:
    return [
        link(address(request, "/api"), "service-desc", "openapi", "OpenAPI"),
        link(address(request, "/conformance"), "conformance", "json", "Conformance"),
        link(address(request, "/collections"), "data", "json", "Collections"),
        link(
            address(request, "/tileMatrixSets"),
            f"{_SPEC.replace('/spec', '/def')}/rel/ogc/1.0/tiling-schemes",
            "json",
            "Tile matrix sets",
        ),
        link(
            address(request, "/processes"),
            f"{_SPEC.replace('/spec', '/def')}/rel/ogc/1.0/processes",
            "json",
            "Processes",
        ),
    ]
