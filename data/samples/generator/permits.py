"""The GL layers: permits, enforcement and cadastral parcels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.codes import parcel_lots
from generator.editions import uses
from generator.frame import box, stream
from generator.model import Feature
from generator.regions import Region

_PERMITS = 12


def permit_features(ground: Sequence[Region], sites: Sequence[Region]) -> list[Feature]:
    """Return the features of the GL layers, planted ones excepted; the sites have a permit for their whole lot."""
    lots = [region for region in ground if region.core < 2]
    return [*_parcels(lots), *_permits(lots, sites), *_enforcement(ground)]


def _parcels(lots: Sequence[Region]) -> Iterator[Feature]:
    for code, lot in parcel_lots(lots).items():
        attributes = {"ZDDM": code, "BDCDYH": f"{code}W00000000", "YT": uses()[lot.use].dlmc}
        yield Feature("GL3201", f"{lot.name}宗地", lot.shape, attributes)


def _permits(lots: Sequence[Region], sites: Sequence[Region]) -> Iterator[Feature]:
    rng = stream("permits")
    free = [lot for lot in lots if lot.use == "residential" and lot not in sites and not lot.name.startswith("东岸")]
    for lot in [*sites, *rng.sample(free, _PERMITS)]:
        day = f"20{rng.randint(20, 23)}-{rng.randint(1, 12):02d}-15" if lot not in sites else "2023-09-01"
        yield Feature("GL3105", f"{lot.name}用地", lot.shape, {"FZRQ": day}, day)


def _enforcement(ground: Sequence[Region]) -> Iterator[Feature]:
    fields = [region for region in ground if region.name.startswith("农田") and region.shape.area > 80_000]
    for i, region in enumerate(stream("enforcement").sample(fields, 5)):
        place = region.shape.representative_point()
        shape = box(round(place.x), round(place.y), 36, 24)
        state = "已销案" if i < 3 else "未销案"
        attributes = {"WFXWZJ": "违法占地", "WFDKXH": f"WF2022-{i + 31:03d}", "QSSJ": "2022-08-09", "GXZT": state}
        yield Feature("GL3108", f"违法占地{i + 1}", shape, attributes, "2022-08-09")
