"""The rows of the faulty delivery: six good buildings, and six rows that a reader must say something about."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely import Polygon
from shapely.affinity import translate

from generator.clean_sites import FAULTY_BAD, FAULTY_GOOD, FAULTY_SITE, PLACES_M, middle_of
from generator.frame import Area, Floats, box, placed
from generator.model import Surveyed
from generator.shapes import ell, slab, tee

_HEIGHT_M = 193.52


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A row: the number its building's name has, its shape, and what must be said about it.

    ``fault`` is why the row is refused, ``note`` what is said of one that is accepted; ``twin`` is the row it repeats.
    """

    number: int
    shape: Area | None
    zh: str = "完好"
    en: str = "good"
    fault: str | None = None
    note: str | None = None
    twin: int | None = None

    @property
    def building(self) -> Surveyed:
        """The row as any other row of a delivery; without a geometry its shape is empty."""
        return Surveyed(f"云帆三期{self.number}号楼", FAULTY_SITE, Polygon() if self.shape is None else self.shape)

    def expected(self, row: int) -> dict[str, object]:
        """Return what must be found in this row of the delivery."""
        measured = self.shape is not None and self.fault is None
        return {
            "row": row,
            "building": self.building.name,
            "fault": self.fault,
            "note": self.note,
            "same_as_row": self.twin,
            "bounds": None if self.shape is None else [round(value, 3) for value in self.shape.bounds],
            "area_m2": round(self.building.shape.area, 6) if measured else None,
            "sentence": {"zh": self.zh, "en": self.en},
        }


def faulty_rows() -> list[FaultyRow]:
    """Return the rows in the delivery's order; the good ones stand in one block, the others in the next."""
    good = _good_shapes()
    x, y = middle_of(FAULTY_BAD)
    bow_tie = Polygon([(x - 70, y - 40), (x - 40, y - 20), (x - 40, y - 40), (x - 70, y - 20)])
    flat = Polygon([(x - 20, y - 40), (x, y - 40), (x + 20, y - 40)])
    tall = shapely.force_3d(box(x + 40, y - 40, 30, 12), _HEIGHT_M)
    return [
        *(FaultyRow(i + 1, good[i]) for i in range(3)),
        FaultyRow(4, bow_tie, "领结形自相交", "a bow-tie", fault="self_intersection"),
        FaultyRow(5, flat, "面积为零", "no area", fault="zero_area"),
        FaultyRow(6, tall, "三维面, 接受并舍去高程", "a 3D polygon: accepted without its heights", note="z_dropped"),
        FaultyRow(7, None, "无图形", "no geometry", fault="no_geometry"),
        FaultyRow(2, good[1], "与第 1 行 (从 0 计) 重复", "row 1 (counted from 0) again", note="duplicate", twin=1),
        *(FaultyRow(i + 6, good[i]) for i in (3, 4)),
        FaultyRow(11, _swapped(good[5]), "东坐标与北坐标颠倒", "easting and northing swapped", fault="outside_crs"),
        FaultyRow(12, good[5]),
    ]


def _good_shapes() -> list[Area]:
    plans: tuple[Area, ...] = (
        slab(40, 13),
        slab(44, 12),
        ell(40, 12, 28),
        tee(42, 12, 16),
        slab(36, 14),
        slab(46, 13.2),
    )
    middle = middle_of(FAULTY_GOOD)
    return [placed(translate(plan, *at), middle, (1.0, 0.0)) for plan, at in zip(plans, PLACES_M, strict=True)]


def _swapped(shape: Area) -> Area:
    def swap(xy: Floats) -> Floats:
        return xy[:, ::-1]

    swapped: Area = shapely.transform(shape, swap)
    return swapped
