"""Gauss–Krüger coordinates of CGCS2000 to longitude and latitude: clause 8.3 of docs/specification.md.

Krüger's series to the sixth power of the third flattening, in doubles: good to some 1e-14 degrees within a zone.
"""

from __future__ import annotations

from math import atan, atan2, atanh, cos, cosh, degrees, hypot, sin, sinh, sqrt

__all__ = ["false_easting_m", "longitude_latitude"]

SEMI_MAJOR_M, FLATTENING = 6378137.0, 1 / 298.257222101
FIRST_MERIDIAN_DEG, FALSE_EASTING_M, ZONE_M = 75, 500_000, 1_000_000
# first EPSG code, last EPSG code, width of a zone in degrees, number of the first zone where eastings begin with it
SERIES = [(4491, 4501, 6, 13), (4502, 4512, 6, None), (4513, 4533, 3, 25), (4534, 4554, 3, None)]

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
    """Return longitude and latitude in degrees of an easting and a northing in metres, crs from EPSG:4491 to 4554."""
    xi, eta = y / RADIUS_M, (x - false_easting_m(crs)) / RADIUS_M
    xi1 = xi - sum(beta * sin(2 * j * xi) * cosh(2 * j * eta) for j, beta in enumerate(BETAS, start=1))
    eta1 = eta - sum(beta * cos(2 * j * xi) * sinh(2 * j * eta) for j, beta in enumerate(BETAS, start=1))
    tau = _geographic_tangent(sin(xi1) / hypot(sinh(eta1), cos(xi1)))
    return _meridian_deg(crs) + degrees(atan2(sinh(eta1), cos(xi1))), degrees(atan(tau))


def false_easting_m(crs: str) -> int:
    """Return the easting of a zone's central meridian."""
    code, (first, _, _, number) = _zone(crs)
    return FALSE_EASTING_M + (0 if number is None else (number + code - first) * ZONE_M)


def _meridian_deg(crs: str) -> int:
    code, (first, _, width, _) = _zone(crs)
    return FIRST_MERIDIAN_DEG + width * (code - first)


def _zone(crs: str) -> tuple[int, tuple[int, int, int, int | None]]:
    """Return the EPSG code of a zone, and the series that it belongs to."""
    code = int(crs.removeprefix("EPSG:"))
    return code, next(series for series in SERIES if series[0] <= code <= series[1])


def _geographic_tangent(conformal: float) -> float:
    """Return the tangent of the latitude whose conformal latitude has a tangent, by Newton's method."""
    tau = conformal / (1 - E2)
    for _ in range(6):
        sigma = sinh(E * atanh(E * tau / hypot(1, tau)))
        found = tau * hypot(1, sigma) - sigma * hypot(1, tau)
        tau += (conformal - found) / hypot(1, found) * (1 + (1 - E2) * tau * tau) / ((1 - E2) * hypot(1, tau))
    return tau
