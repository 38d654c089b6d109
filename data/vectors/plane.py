"""Gauss–Krüger coordinates of CGCS2000 to longitude and latitude: clause 8.3 of docs/specification.md.

Krüger's series to the sixth power of the third flattening, in doubles: good to some 1e-14 degrees within a zone.
"""

from __future__ import annotations

from math import atan, atan2, atanh, cos, cosh, degrees, hypot, inf, sin, sinh, sqrt

__all__ = ["false_easting_m", "limits_deg", "longitude_latitude", "meridian_deg"]

SEMI_MAJOR_M, FLATTENING = 6378137.0, 1 / 298.257222101
FIRST_MERIDIAN_DEG, FALSE_EASTING_M, ZONE_M = 75, 500_000, 1_000_000
# first EPSG code, last EPSG code, width of a zone in degrees, number of the first zone where eastings begin with it
SERIES = [(4491, 4501, 6, 13), (4502, 4512, 6, None), (4513, 4533, 3, 25), (4534, 4554, 3, None)]
# west, south, east and north of the zones of either width, and how far outside of them is too far
AREAS_DEG = {
    6: [
        (73.62, 35.42, 78.01, 41.07),
        (77.98, 29.16, 84.0, 47.23),
        (84.0, 27.32, 90.0, 49.18),
        (90.0, 27.71, 96.01, 47.9),
        (96.0, 21.13, 102.01, 43.18),
        (102.0, 17.75, 108.0, 42.47),
        (108.0, 16.7, 114.0, 45.11),
        (114.0, 19.02, 120.0, 51.52),
        (120.0, 24.64, 126.0, 53.56),
        (126.0, 29.7, 132.0, 52.79),
        (132.0, 45.02, 134.77, 48.4),
    ],
    3: [
        (73.62, 35.81, 76.5, 40.65),
        (76.5, 31.03, 79.5, 41.83),
        (79.5, 29.95, 82.51, 45.88),
        (82.5, 28.26, 85.5, 47.23),
        (85.5, 27.8, 88.5, 49.18),
        (88.49, 27.32, 91.51, 48.42),
        (91.5, 27.71, 94.5, 45.13),
        (94.5, 28.23, 97.51, 44.5),
        (97.5, 21.43, 100.5, 42.76),
        (100.5, 21.13, 103.5, 42.69),
        (103.5, 22.5, 106.51, 42.21),
        (106.5, 18.19, 109.51, 42.47),
        (109.5, 18.11, 112.5, 45.11),
        (112.5, 21.52, 115.5, 45.45),
        (115.5, 22.6, 118.5, 49.88),
        (118.5, 24.43, 121.5, 53.33),
        (121.5, 28.22, 124.5, 53.56),
        (124.5, 40.19, 127.5, 53.2),
        (127.5, 41.37, 130.5, 50.25),
        (130.5, 42.42, 133.5, 48.88),
        (133.5, 45.85, 134.77, 48.4),
    ],
}
MARGIN_LON_DEG, MARGIN_LAT_DEG = 3, 15

E2 = FLATTENING * (2 - FLATTENING)
E = sqrt(E2)
N = FLATTENING / (2 - FLATTENING)
RADIUS_M = SEMI_MAJOR_M / (1 + N) * (1 + N**2 / 4 + N**4 / 64 + N**6 / 256)
BETAS = [
    N / 2 - 2 * N**2 / 3 + 37 * N**3 / 96 - N**4 / 360 - 81 * N**5 / 512 + 96199 * N**6 / 604800,
    N**2 / 48 + N**3 / 15 - 437 * N**4 / 1440 + 46 * N**5 / 105 - 1118711 * N**6 / 3870720,
    17 * N**3 / 480 - 37 * N**4 / 840 - 209 * N**5 / 4480 + 5569 * N**6 / 90720,
    4397 * N**4 / 161280 - 11 * N**5 / 504 - 830251 * N**6 / 7257600,
    4583 * N**5 / 161280 - 108847 * N**6 / 3991680,
    20648693 * N**6 / 638668800,
]


def longitude_latitude(x: float, y: float, *, crs: str) -> tuple[float, float]:
    """Return longitude and latitude in degrees of an easting and a northing in metres, crs from EPSG:4491 to 4554.

    Both are infinite for an easting so far out that there is no use in asking.
    """
    xi, eta = y / RADIUS_M, (x - false_easting_m(crs)) / RADIUS_M
    if abs(eta) > 1:
        return inf, inf
    xi1 = xi - sum(beta * sin(2 * j * xi) * cosh(2 * j * eta) for j, beta in enumerate(BETAS, start=1))
    eta1 = eta - sum(beta * cos(2 * j * xi) * sinh(2 * j * eta) for j, beta in enumerate(BETAS, start=1))
    tau = _geographic_tangent(sin(xi1) / hypot(sinh(eta1), cos(xi1)))
    return meridian_deg(crs) + degrees(atan2(sinh(eta1), cos(xi1))), degrees(atan(tau))


def false_easting_m(crs: str) -> int:
    """Return the easting of a zone's central meridian."""
    code, (first, _, _, number) = _zone(crs)
    return FALSE_EASTING_M + (0 if number is None else (number + code - first) * ZONE_M)


def meridian_deg(crs: str) -> int:
    """Return the longitude of a zone's central meridian."""
    code, (first, _, width, _) = _zone(crs)
    return FIRST_MERIDIAN_DEG + width * (code - first)


def limits_deg(crs: str) -> tuple[float, float, float, float]:
    """Return the westernmost, southernmost, easternmost and northernmost degree of what a zone's frame may hold."""
    code, (first, _, width, _) = _zone(crs)
    west, south, east, north = AREAS_DEG[width][code - first]
    return west - MARGIN_LON_DEG, south - MARGIN_LAT_DEG, east + MARGIN_LON_DEG, north + MARGIN_LAT_DEG


def _zone(crs: str) -> tuple[int, tuple[int, int, int, int | None]]:
    """Return the EPSG code of a zone, and the series that it belongs to."""
    code = int(crs.removeprefix("EPSG:"))
    return code, next(series for series in SERIES if series[0] <= code <= series[1])


def _geographic_tangent(conformal: float) -> float:
    """Return the tangent of the latitude whose conformal latitude has a tangent, by Newton's method."""
    tau = conformal / (1 - E2)
    for _ in range(10):
        before = tau
        sigma = sinh(E * atanh(E * tau / hypot(1, tau)))
        found = tau * hypot(1, sigma) - sigma * hypot(1, tau)
        tau += (conformal - found) / hypot(1, found) * (1 + (1 - E2) * tau * tau) / ((1 - E2) * hypot(1, tau))
        if tau == before:
            break
    return tau
