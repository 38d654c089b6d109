"""OGC API – Tiles, Part 1: the collections as vector tiles, and the grids that they are cut by."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from api.dependencies import AskingOpenly, Configured, Stored, asker_on_loop
from api.ogc.collections import CollectionId
from api.ogc.links import Link, address, link, tagged
from api.ogc.parameters import JSON_ALONE, format_of, parameters_of, period_of, spoken_in
from api.ogc.schemas import PROPERTY_TYPES
from api.told import ogc as documents
from geocode import Text
from workflows.collections import describe_collection
from workflows.coordinate_references import CRS84
from workflows.errors import RefusedParameterError
from workflows.failures import NotHereError
from workflows.kept_tiles import TilePlace
from workflows.tile_answers import TileAnswers, TileQuestion
from workflows.tile_grids import MatrixSet, find_matrix_set, matrix_sets
from workflows.tilesets import TileLayer, Tileset, place_of, tileset_of
from workflows.upload_files import Language

__all__ = ["CONFORMS_TO", "TileRoute", "router"]

router = APIRouter(prefix="/ogc", tags=["tiles"])
_TILES, _GRIDS = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf", "http://www.opengis.net/spec/tms/2.0/conf"
CONFORMS_TO = (
    *(f"{_TILES}/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "datetime", "mvt")),
    *(
        f"{_GRIDS}/{name}"
        for name in ("tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata")
    ),
)
_RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
_MVT = "application/vnd.mapbox-vector-tile"
# the one grid that TileJSON knows
_TILEJSON_GRID = "WebMercatorQuad"
_DIMENSIONS = {"polygon": 2, "multipolygon": 2, "linestring": 1, "multilinestring": 1, "point": 0, "multipoint": 0}
_LONGEST = 9
_TILE_PATH = "/collections/{collection_id}/tiles/{matrix_set}/{level}/{row}/{column}"
MatrixSetId = Annotated[str, Path(max_length=60, description="WebMercatorQuad, WorldCRS84Quad, CGCS2000Quad")]
_TAGGED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already"}}


@router.get("/tileMatrixSets", response_model=documents.TileMatrixSets, responses=_TAGGED)
def read_matrix_sets(request: Request, _principal: AskingOpenly) -> Response:
    """Return the tile matrix sets by which tiles are cut."""
    said = parameters_of(request)
    format_of(request, said, JSON_ALONE)
    language = spoken_in(request, said)
    told = [
        {"id": each.id, "title": getattr(each.title, language), "crs": each.crs_uri, "links": [_to_grid(request, each)]}
        for each in matrix_sets().values()
    ]
    return tagged(request, {"tileMatrixSets": told, "links": [_itself(request, "/tileMatrixSets")]}, "json")


@router.get("/tileMatrixSets/{matrix_set}", response_model=documents.TileMatrixSet, responses=_TAGGED)
def read_matrix_set(request: Request, matrix_set: MatrixSetId, _principal: AskingOpenly) -> Response:
    """Return a tile matrix set: its coordinate system, and for each level the size of a cell and the number of tiles."""
    said = parameters_of(request)
    format_of(request, said, JSON_ALONE)
    # it is the same for everybody, and never changes
    kept = {"Cache-Control": "public, max-age=86400"}
    return tagged(request, find_matrix_set(matrix_set).as_json(), "json", headers=kept)


@router.get("/collections/{collection_id}/tiles", response_model=documents.Tilesets, responses=_TAGGED)
def read_tilesets(
    request: Request, collection_id: CollectionId, principal: AskingOpenly, database: Stored, settings: Configured
) -> Response:
    """Return the tilesets of a collection, one for each tile matrix set."""
    said = parameters_of(request)
    format_of(request, said, JSON_ALONE)
    language = spoken_in(request, said)
    collection, bounds = describe_collection(database, collection_id, principal=principal, settings=settings)
    told = [_summary(request, tileset_of(collection, bounds, each), language) for each in matrix_sets().values()]
    links = [_itself(request, f"/collections/{collection.id}/tiles")]
    return tagged(request, {"tilesets": told, "links": links}, "json", links=links)


@router.get("/collections/{collection_id}/tiles/{matrix_set}", response_model=documents.Tileset, responses=_TAGGED)
def read_tileset(
    request: Request,
    collection_id: CollectionId,
    matrix_set: MatrixSetId,
    principal: AskingOpenly,
    database: Stored,
    settings: Configured,
    _form: Annotated[str | None, Query(alias="f", description="json, or tilejson for TileJSON 3.0.0")] = None,
) -> Response:
    """Return what a tileset is: its levels, where there are tiles, what they tell of each item; as TileJSON with `?f=tilejson`."""
    said = parameters_of(request)
    as_tilejson = said.get("f") == "tilejson"
    if not as_tilejson:
        format_of(request, said, JSON_ALONE)
    language, grid = spoken_in(request, said), find_matrix_set(matrix_set)
    if as_tilejson and grid.id != _TILEJSON_GRID:
        raise _no_tilejson(grid.id)
    collection, bounds = describe_collection(database, collection_id, principal=principal, settings=settings)
    tileset = tileset_of(collection, bounds, grid)
    if as_tilejson:
        return tagged(request, _tilejson(request, tileset, language), "json")
    return tagged(request, _metadata(request, tileset, language), "json")


@router.get(
    _TILE_PATH,
    responses={
        200: {"content": {_MVT: {}}, "description": "The tile"},
        204: {"description": "There is nothing on that tile"},
        **_TAGGED,
    },
    response_class=Response,
)
async def read_tile(
    request: Request,
    _collection: Annotated[
        str, Path(alias="collection_id", max_length=120, description="Such as buildings, layers.GH2201")
    ],
    _grid: Annotated[
        str, Path(alias="matrix_set", max_length=60, description="WebMercatorQuad, WorldCRS84Quad, CGCS2000Quad")
    ],
    _level: Annotated[str, Path(alias="level", max_length=60, description="A whole number")],
    _row: Annotated[str, Path(alias="row", max_length=60, description="A whole number")],
    _column: Annotated[str, Path(alias="column", max_length=60, description="A whole number")],
    _time: Annotated[
        str | None, Query(alias="datetime", description="A day, an instant, or an interval (a/b, a/.., ../b)")
    ] = None,
) -> Response:
    """Return a vector tile, source layer = the collection's id; mind that the row comes before the column."""
    return await _answer_tile(request)


class TileRoute(Route):
    """``GET`` of a tile, looked at before all other routes.

    It is asked thousands of times a second: to try every route first, and to validate, would take three quarters of the time.
    """

    def __init__(self) -> None:
        super().__init__(f"{router.prefix}{_TILE_PATH}", _answer_tile, methods=["GET"], include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this route; it is for `read_tile` where not."""
        is_ours = scope["type"] == "http" and scope["method"] == "GET"
        match, found = super().matches(scope) if is_ours else (Match.NONE, {})
        return match, {**found, "route": self}


async def _answer_tile(request: Request) -> Response:
    said = parameters_of(request, ("datetime",))
    if said.get("f", "mvt") != "mvt":
        raise _no_format(said["f"])
    asked = request.path_params
    place = _place(**asked)
    tiles: TileAnswers = request.app.state.tiles
    question = TileQuestion(asked["collection_id"], place, period_of(said))
    tile, request.state.principal = await tiles.find(question, await asker_on_loop(request, openly=True))
    # what it shows depends on who asks, and may change at once: a copy may be kept, and is asked about each time
    headers = {"ETag": tile.tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if tile.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not tile.body:
        return Response(status_code=204, headers=headers)
    return Response(tile.body, headers=headers, media_type=_MVT)


def _place(collection_id: str, matrix_set: str, level: str, row: str, column: str) -> TilePlace:
    """Return where the tile of an address lies.

    Raises
    ------
    NotHereError
        The grid has none there, or the collection none of that level.
    """
    grid, place = find_matrix_set(matrix_set), None
    numbers = [
        int(each) for each in (level, row, column) if each.isascii() and each.isdigit() and len(each) <= _LONGEST
    ]
    if len(numbers) == len(("level", "row", "column")):
        place = place_of(collection_id, grid, level=numbers[0], row=numbers[1], column=numbers[2])
    if place is None:
        raise _no_tile(matrix_set, f"{level}/{row}/{column}")
    return place


def _no_tile(matrix_set: str, place: str) -> NotHereError:
    return NotHereError(
        Text(
            f"{matrix_set[:60]} 中没有瓦片 {place[:60]}:级别、行、列(先行后列)见瓦片集说明。",
            f"There is no tile {place[:60]} in {matrix_set[:60]}: the tileset tells levels, rows and columns (row first).",
        )
    )


def _no_format(said: str) -> RefusedParameterError:
    return RefusedParameterError(
        "f",
        Text(f"“{said[:60]}”不是 f 的取值。", f"“{said[:60]}” is no value of f."),
        Text("瓦片只有 mvt。", "Tiles come as mvt alone."),
    )


def _no_tilejson(grid: str) -> RefusedParameterError:
    return RefusedParameterError(
        "f",
        Text(f"TileJSON 不能说明 {grid}。", f"TileJSON cannot describe {grid}."),
        Text("用 WebMercatorQuad,或去掉 f。", "Take WebMercatorQuad, or leave f out."),
    )


# --- the documents


def _summary(request: Request, tileset: Tileset, language: Language) -> dict[str, Any]:
    """Return a tileset as a list of them has it."""
    collection, grid = tileset.collection, tileset.matrix_set
    here = f"/collections/{collection.id}/tiles/{grid.id}"
    links = [link(address(request, here), "self", "json", "Tileset"), _to_grid(request, grid)]
    if grid.id == _TILEJSON_GRID:
        links.append(link(address(request, here, f="tilejson"), "alternate", "tilejson", "TileJSON 3.0.0"))
    template: dict[str, Any] = {
        **link(f"{address(request, here)}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", "mvt"),
        "templated": True,
    }
    uri = {"tileMatrixSetURI": grid.uri} if grid.uri else {}
    return {
        "title": getattr(collection.title, language),
        "dataType": "vector",
        "crs": grid.crs_uri,
        "tileMatrixSetId": grid.id,
        **uri,
        "links": [*links, template],
    }


def _metadata(request: Request, tileset: Tileset, language: Language) -> dict[str, Any]:
    """Return a tileset as OGC 17-083r4 describes it."""
    collection, bounds = tileset.collection, tileset.bounds
    limits = [
        {
            "tileMatrix": str(each.level),
            "minTileRow": each.first_row,
            "maxTileRow": each.last_row,
            "minTileCol": each.first_column,
            "maxTileCol": each.last_column,
        }
        for each in tileset.limits()
    ]
    box = {} if bounds is None else {"boundingBox": {"lowerLeft": bounds[:2], "upperRight": bounds[2:], "crs": CRS84}}
    return {
        **_summary(request, tileset, language),
        "description": getattr(collection.description, language),
        **box,
        "tileMatrixSetLimits": limits,
        "layers": [_layer(each, language) for each in tileset.layers],
    }


def _layer(layer: TileLayer, language: Language) -> dict[str, Any]:
    kind = _DIMENSIONS.get(layer.geometry.rsplit("-", 1)[-1])
    return {
        "id": layer.id,
        "title": getattr(layer.title, language),
        "dataType": "vector",
        **({} if kind is None else {"geometryDimension": kind}),
        "minTileMatrix": str(layer.first_level),
        "maxTileMatrix": str(layer.last_level),
        "propertiesSchema": {
            "type": "object",
            "properties": {name: dict(PROPERTY_TYPES[each]) for name, each in layer.fields.items()},
        },
    }


def _tilejson(request: Request, tileset: Tileset, language: Language) -> dict[str, Any]:
    """Return a tileset as TileJSON 3.0.0, in which y is the row."""
    collection = tileset.collection
    tiles = f"{address(request, f'/collections/{collection.id}/tiles/{tileset.matrix_set.id}')}/{{z}}/{{y}}/{{x}}"
    said = getattr(collection.description, language)
    bounds = {} if tileset.bounds is None else {"bounds": tileset.bounds}
    return {
        "tilejson": "3.0.0",
        "name": getattr(collection.title, language),
        "description": said,
        "scheme": "xyz",
        "tiles": [tiles],
        "minzoom": tileset.first_level,
        "maxzoom": tileset.last_level,
        **bounds,
        "vector_layers": [
            {
                "id": each.id,
                "description": said if each.id == collection.id else getattr(each.title, language),
                "minzoom": each.first_level,
                "maxzoom": each.last_level,
                "fields": {name: _TILEJSON_TYPES.get(kind, "String") for name, kind in each.fields.items()},
            }
            for each in tileset.layers
        ],
    }


_TILEJSON_TYPES = {"number": "Number", "integer": "Number", "boolean": "Boolean"}


def _to_grid(request: Request, grid: MatrixSet) -> Link:
    return link(address(request, f"/tileMatrixSets/{grid.id}"), f"{_RELATIONS}/tiling-scheme", "json")


def _itself(request: Request, path: str) -> Link:
    return link(address(request, path), "self", "json")
