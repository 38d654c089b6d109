"""Where to draw: ground that is free of buildings, and how metres there become pixels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from math import asinh, atan, cos, degrees, pi, radians, sin, sinh, tan
from typing import Any
from urllib.request import Request, urlopen

EQUATOR_M = 40_075_016.686
TILE_PX = 512
VIEW_ZOOM = 17.3
# a tile of this zoom is about 110 m wide: room for one building with a yard
YARD_ZOOM = 18
TILES_TRIED = 400
SITES_TRIED = 60

# an L of 1,736 m², 56 m by 40 m, around its middle; x to the east, y to the north
L_SHAPE_M = [(-28, -20), (28, -20), (28, 2), (0, 2), (0, 20), (-28, 20)]
L_AREA_M2 = 56 * 40 - 28 * 18
TURNED_DEG = 9


@dataclass(frozen=True, slots=True)
class Site:
    """A place on the ground that stands in the middle of the window."""

    lon: float
    lat: float

    @property
    def address(self) -> str:
        """The address of the page that shows the place."""
        return f"#map={VIEW_ZOOM}/{self.lat:.7f}/{self.lon:.7f}"

    def pixels(self, width_px: int, height_px: int) -> list[tuple[float, float]]:
        """Return the corners of the L in a window of that size."""
        metre_px = TILE_PX * 2**VIEW_ZOOM / (EQUATOR_M * cos(radians(self.lat)))
        return [(width_px / 2 + x * metre_px, height_px / 2 - y * metre_px) for x, y in turned_shape()]

    def ring(self) -> list[list[float]]:
        """Return the corners of the L as longitude and latitude, closed."""
        degree_m = EQUATOR_M / 360
        lon_degree_m = degree_m * cos(radians(self.lat))
        corners = [[self.lon + x / lon_degree_m, self.lat + y / degree_m] for x, y in turned_shape()]
        return [*corners, corners[0]]


def turned_shape() -> list[tuple[float, float]]:
    """Return the L in metres, turned a little, as buildings are."""
    c, s = cos(radians(TURNED_DEG)), sin(radians(TURNED_DEG))
    return [(x * c - y * s, x * s + y * c) for x, y in L_SHAPE_M]


def find_site(url: str) -> Site:
    """Return free ground in the sample district where a building would best show what findings are."""
    best, most = None, -1
    for site in islice(_free_sites(url), SITES_TRIED):
        shown = _worth_showing(read_json(f"{url}/codes", {"type": "Polygon", "coordinates": [site.ring()]}))
        if shown > most:
            best, most = site, shown
        if most == 2:
            break
    assert best is not None, "no free ground in the middle of the sample district"
    return best


def _worth_showing(preview: dict[str, Any]) -> int:
    """Return 2 where a confirmed rule is broken by a part of the building, 1 where any rule is, -1 on taken ground."""
    if preview["building"] is not None:
        return -1
    broken = [finding for finding in preview["findings"] if finding["outcome"] == "fail" and finding["witness"]]
    partly = [f for f in broken if not f["advisory"] and 0.05 < (f["share"] or 0) < 0.6]
    return 2 if partly else 1 if broken else 0


def _free_sites(url: str) -> Iterator[Site]:
    """Yield the middles of tiles without buildings, from the middle of the district outwards."""
    west, south, east, north = read_json(f"{url}/session")["extent"]
    rows, columns = range(_row(north), _row(south) + 1), range(_column(west), _column(east) + 1)
    x0, y0 = _column((west + east) / 2), _row((south + north) / 2)
    tiles = sorted(product(columns, rows), key=lambda tile: (tile[0] - x0) ** 2 + (tile[1] - y0) ** 2)
    return (_site(x, y) for x, y in tiles[:TILES_TRIED] if _is_free(url, x, y))


def read_json(url: str, body: Any = None) -> Any:
    """Return the answer to a GET, or to a POST of a JSON body."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data=data, headers={"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def _is_free(url: str, x: int, y: int) -> bool:
    """Tell whether neither the register nor the layer of existing buildings has one in a tile."""
    return all(_is_empty(f"{url}/tiles/{tiles}/{YARD_ZOOM}/{x}/{y}.mvt") for tiles in ("buildings", "layers/XZ1301"))


def _is_empty(url: str) -> bool:
    with urlopen(url) as answer:
        return answer.status == 204


def _site(x: int, y: int) -> Site:
    """Return the middle of a tile."""
    lat = degrees(atan(sinh(pi * (1 - 2 * (y + 0.5) / 2**YARD_ZOOM))))
    return Site((x + 0.5) / 2**YARD_ZOOM * 360 - 180, lat)


def _column(lon: float) -> int:
    return int((lon + 180) / 360 * 2**YARD_ZOOM)


def _row(lat: float) -> int:
    return int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**YARD_ZOOM)
