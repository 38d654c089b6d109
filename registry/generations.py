"""Generations: which of the buildings with the same first eleven characters, living or gone."""

from collections.abc import Iterable, Mapping

from geocode.codes import LAST_GENERATION, BuildingCode

__all__ = ["issue_codes"]


def issue_codes(drawn: Iterable[BuildingCode], taken: Mapping[str, int]) -> list[BuildingCode | None]:
    """Return the codes of new buildings, each of the next generation on its ground.

    Parameters
    ----------
    drawn
        Codes as drawn, in the order in which they are issued.
    taken
        The highest generation the register already holds, by the first eleven characters.

    Returns
    -------
    list of BuildingCode or None
        None where all 31 generations are used up.
    """
    latest = dict(taken)
    issued: list[BuildingCode | None] = []
    for code in drawn:
        ground = code.ground
        generation = latest.get(ground, -1) + 1
        latest[ground] = min(generation, LAST_GENERATION)
        issued.append(code.with_generation(generation) if generation <= LAST_GENERATION else None)
    return issued
