"""The codes of administration: parcels, buildings on them, projects, real-estate units."""

from __future__ import annotations

from collections.abc import Sequence

from generator.regions import Region

DISTRICT_CODE = "220204"
_WITHOUT_PARCEL = {"reserve", "verge"}


def parcel_code(serial: int) -> str:
    """Return a parcel code of 19 symbols: district, cadastral area, sub-area, state land, serial number."""
    return f"{DISTRICT_CODE}{serial // 200 + 1:03d}{serial // 40 % 5 + 1:03d}GB{serial % 40 + 1:05d}"


def parcel_lots(ground: Sequence[Region]) -> dict[str, Region]:
    """Return the lots that are cadastral parcels by their parcel codes: the town's, planted ground excepted."""
    lots = [region for region in ground if region.core < 2 and region.use not in _WITHOUT_PARCEL]
    return {parcel_code(serial): lot for serial, lot in enumerate(lots)}


def project_code(serial: int, day: str) -> str:
    """Return the project code of a site (YYMM-district-department-kind-number) whose permit is of this ISO day."""
    return f"{day[2:4]}{day[5:7]}-{DISTRICT_CODE}-47-01-{(serial * 7_919 + 104_729) % 1_000_000:06d}"


def real_estate_unit(site_serial: int, building_number: int) -> str:
    """Return the real-estate unit code (28 symbols) of a whole building on a site's parcel."""
    return f"{parcel_code(1_000 + site_serial)}F{building_number:04d}0001"
