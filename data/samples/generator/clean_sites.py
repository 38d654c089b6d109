"""Sites whose surveyed buildings stand clear of everything: the ordinary rows of a delivery."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.affinity import translate

from generator.buildings import Building, set_out
from generator.frame import Area, placed, stream
from generator.model import Feature, Spot, Surveyed
from generator.quarter import BLOCK_HEIGHT_M, BLOCK_WIDTH_M, Block
from generator.regions import Region
from generator.shapes import court, ell, party_row, point_block, slab, tee, twins, you

PLACES_M = ((-58, -32), (0, -32), (58, -32), (-58, 32), (0, 32), (58, 32))  # six to a block, from its middle
FAULTY_SITE, FAULTY_GOOD, FAULTY_BAD = "云帆三期用地", Block(0, 3), Block(1, 3)
_WEST_SITES, _WEST_BUILDINGS = 2, 6


def plant_clean_sites() -> Spot:
    """Return two sites of the new quarter with six buildings each, and an empty third for the faulty delivery."""
    first: list[Area] = [
        slab(44, 13),
        ell(40, 12.5, 30),
        tee(42, 12.5, 18),
        you(44, 11, 32),
        court(40, 11, 36),
        twins(16, 10),
    ]
    row: list[Area] = [translate(house, *PLACES_M[0]) for house in party_row(3, 14, 12)]
    second: list[Area] = [slab(46, 13.2), point_block(26, 4), ell(42, 13, 28)]
    clean = (
        _site(Block(0, 2), "云帆一期用地", "云帆", [translate(s, *at) for s, at in zip(first, PLACES_M, strict=True)]),
        _site(
            Block(1, 2),
            "云帆二期用地",
            "锦帆",
            [*row, *(translate(s, *at) for s, at in zip(second, PLACES_M[1:4], strict=True))],
        ),
    )
    both = FAULTY_GOOD.box(0, 0, 2 * BLOCK_WIDTH_M + 20, BLOCK_HEIGHT_M)
    third = Feature("GL3105", FAULTY_SITE, both, {"FZRQ": "2023-09-01"}, "2023-09-01")
    return Spot.join([*clean, Spot((_lot(FAULTY_GOOD), _lot(FAULTY_BAD)), (third,))])


def middle_of(block: Block) -> tuple[float, float]:
    """Return the middle of a block of the new quarter."""
    return block.corner_m[0] + BLOCK_WIDTH_M / 2, block.corner_m[1] + BLOCK_HEIGHT_M / 2


def _lot(block: Block) -> Region:
    return Region("residential", f"东岸{'ABCDEF'[block.column]}{block.row + 1}地块", block.whole())


def _site(block: Block, site: str, stem: str, plans: Sequence[Area]) -> Spot:
    shapes = [placed(plan, middle_of(block), (1.0, 0.0)) for plan in plans]
    surveyed = tuple(Surveyed(f"{stem}{i + 1}号楼", site, shape, 11, 33.6) for i, shape in enumerate(shapes))
    permit = Feature("GL3105", site, block.whole(), {"FZRQ": "2023-09-01"}, "2023-09-01")
    return Spot((_lot(block),), (permit,), surveyed)


def west_bank_lots(ground: Sequence[Region], buildings: Sequence[Building]) -> list[Region]:
    """Return two empty residential lots of the west bank, where the orange line has no data."""
    built = {building.lot.name for building in buildings}
    empty = [
        lot for lot in ground if lot.use == "residential" and lot.name not in built and lot.shape.centroid.x < 543_500
    ]
    return sorted(empty, key=lambda lot: (lot.core, lot.name))[:_WEST_SITES]


def west_bank_buildings(lots: Sequence[Region]) -> list[Surveyed]:
    """Return up to six surveyed bars on each of these lots, turned as their streets are."""
    rng = stream("west bank")
    return [
        Surveyed(f"{lot.name}{i + 1}号楼", f"{lot.name}用地", shape)
        for lot in lots
        for i, shape in enumerate(set_out(lot, "slabs", rng)[:_WEST_BUILDINGS])
    ]
