"""What rows say of themselves: which known building they are, and whether the ground bears it out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.relating.errors import SurveyError
from registry.relating.overlaps import Pairs, are_among
from registry.relating.surveys import Survey

__all__ = ["CERTAIN", "Statements", "hear_statements", "stated_positions"]

CERTAIN = 20.0
_STATED_SHARE = 0.25
_CLEARLY_ANOTHER = 2.0


class Statements(NamedTuple):
    """What was stated.

    Attributes
    ----------
    odds
        For each pair its log-odds, those of rows whose statement is borne out being certain.
    are_stated, are_borne_out
        For each pair: the row names the building; and the ground bears it out.
    denied
        Rows, by position, whose building stands elsewhere, with that building.
    """

    odds: NDArray[np.float64]
    are_stated: NDArray[np.bool_]
    are_borne_out: NDArray[np.bool_]
    denied: dict[int, int]


def hear_statements(
    pairs: Pairs, odds: NDArray[np.float64], named: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> Statements:
    """Return what comes of the statements that rows (positions) are buildings (positions)."""
    stated = are_among(pairs.delivered, pairs.known, *named)
    borne_out = stated & _is_borne_out(pairs, odds)
    return Statements(_follow_stated(pairs, odds, borne_out), stated, borne_out, _denied(pairs, named, borne_out))


def stated_positions(
    ours: Survey, theirs: Survey, stated: Mapping[Any, Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the rows that name a building, and of the buildings.

    Raises
    ------
    SurveyError
        A statement is about a row or a building that is in neither survey.
    """
    if not stated:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    rows = {index: place for place, index in enumerate(ours.names)}
    buildings = {index: place for place, index in enumerate(theirs.names)}
    strange = [
        f"{row} → {building}" for row, building in stated.items() if row not in rows or building not in buildings
    ]
    if strange:
        raise SurveyError(f"Statements about what is in neither frame: {', '.join(strange[:3])}.")
    places = sorted((rows[row], buildings[building]) for row, building in stated.items())
    return np.array([row for row, _ in places]), np.array([building for _, building in places])


def _is_borne_out(pairs: Pairs, odds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for which pairs the ground would bear a statement out: enough shared, and nothing else clearly better."""
    plausible = (pairs.share_of_smaller >= _STATED_SHARE) | (odds > 0)
    best = np.full(int(pairs.delivered.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, pairs.delivered, odds)
    clearly_another = (best[pairs.delivered] > _CLEARLY_ANOTHER) & (odds < best[pairs.delivered]) & (odds < 0)
    return np.asarray(plausible & ~(clearly_another & (pairs.share_of_smaller < 2 * _STATED_SHARE)))


def _follow_stated(pairs: Pairs, odds: NDArray[np.float64], is_borne_out: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return odds by which rows whose statement is borne out are what they say, and nothing else."""
    rows = np.zeros(int(pairs.delivered.max(initial=-1)) + 1, dtype=bool)
    rows[pairs.delivered[is_borne_out]] = True
    followed = np.where(rows[pairs.delivered], -CERTAIN, odds)
    followed[is_borne_out] = CERTAIN + np.clip(odds[is_borne_out], -CERTAIN, CERTAIN) / 2
    return np.asarray(followed)


def _denied(
    pairs: Pairs, named: tuple[NDArray[np.intp], NDArray[np.intp]], is_borne_out: NDArray[np.bool_]
) -> dict[int, int]:
    """Return the rows, by position, whose stated building stands elsewhere, with that building's position."""
    borne_out = set(pairs.delivered[is_borne_out].tolist())
    stated = zip(named[0].tolist(), named[1].tolist(), strict=True)
    return {row: building for row, building in stated if row not in borne_out}
