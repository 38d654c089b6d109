"""Vector tiles of the buildings and of the layers."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from api.answers import described
from api.dependencies import Asking, Configured, Stored
from workflows.catalogues import configured_catalogue
from workflows.tiling import cut_building_tile, cut_layer_tile

router = APIRouter(prefix="/tiles", tags=["tiles"])
_MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
_TILE = described(_MEDIA_TYPE) | described(statuses=(204,))
Zoom = Annotated[int, Path(ge=0, le=24)]
Index = Annotated[int, Path(ge=0, lt=2**24)]


@router.get("/buildings/{z}/{x}/{y}.mvt", response_class=Response, responses=_TILE)
def read_building_tile(
    z: Zoom,
    x: Index,
    y: Index,
    principal: Asking,
    database: Stored,
    _asked: Annotated[
        str,
        Query(alias="asked", max_length=40, description="Anything: with another, clients that keep tiles ask again"),
    ] = "",
) -> Response:
    """Return a tile of the living buildings, source layer ``buildings``; 204 where none stands."""
    _refuse_outside(z, x, y)
    return _answer(cut_building_tile(database, z=z, x=x, y=y, principal=principal))


@router.get("/layers/{layer}/{z}/{x}/{y}.mvt", response_class=Response, responses=_TILE)
def read_layer_tile(  # noqa: PLR0913 - a tile has three coordinates
    layer: str,
    z: Zoom,
    x: Index,
    y: Index,
    principal: Asking,
    database: Stored,
    settings: Configured,
    as_of: Annotated[date | None, Query()] = None,
) -> Response:
    """Return a tile of a layer, source layer = the layer's code; 204 where there is nothing, 403 where it is not for the role."""
    _refuse_outside(z, x, y)
    catalogue, day = configured_catalogue(settings), as_of or date.today()
    return _answer(cut_layer_tile(database, layer, z=z, x=x, y=y, as_of=day, principal=principal, catalogue=catalogue))


def _refuse_outside(z: int, x: int, y: int) -> None:
    if max(x, y) >= 2**z:
        raise HTTPException(404, f"There is no tile {z}/{x}/{y}.")


def _answer(tile: bytes) -> Response:
    return Response(tile or None, 200 if tile else 204, media_type=_MEDIA_TYPE)
