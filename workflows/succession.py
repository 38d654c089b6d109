"""One building after another: new footprints come after buildings that split, merged or were rebuilt."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geocode import BuildingCode, parse
from geocode.faults import read_sentences
from geocode.planes import to_plane
from registry.generations import issue_codes
from registry.ground import OVERLAP_TOLERANCE, shared_ground
from store.aliases import held_aliases
from store.buildings import former_footprints, highest_generations, living_footprints
from store.database import Connection
from store.errors import GroundTakenError
from store.units import held_units
from workflows.changes import Changes
from workflows.errors import RefusedActError

__all__ = ["issue_all", "refuse_taken", "standing_since", "succeed", "to_reassign"]

_SENTENCES = read_sentences("registry", "life_faults.toml")


def succeed(  # noqa: PLR0913 - who comes after whom, and how
    changes: Changes,
    relation: str,
    before: Sequence[Mapping[str, Any]],
    versions: Sequence[Mapping[str, Any]],
    codes: Sequence[BuildingCode],
    *,
    heir: Mapping[str, Any] | None = None,
    keeping: int = 0,
    told: Sequence[Mapping[str, Any]] = (),
    standing: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Have new geometry versions come after living buildings, whose lives end, and return the ids of whose they are.

    Parameters
    ----------
    relation
        ``split``, ``merged`` or ``rebuilt``.
    before
        The buildings, as `read_lives` returns them, living and held.
    versions, codes
        The new geometry versions, and the code of each; that of the heir is its own.
    heir, keeping
        The one of the buildings that lives on under its code, and which of the versions is its.
    told
        What the event of each version tells besides.
    standing
        Who is known to have come after whom already, by compact codes: an heir that was once split off.
    """
    like = heir or before[0]
    ids = []
    for place, (version, code) in enumerate(zip(versions, codes, strict=True)):
        said = told[place] if told else {}
        if heir is not None and place == keeping:
            changes.revise(heir, version, relation=relation, **said)
            ids.append(heir["building_id"])
        else:
            said = {"relation": relation, "predecessors": [row["code"] for row in before], **said}
            ids.append(changes.register(code, version, kind=like["kind"], part_of=like["part_of_id"], **said))
        for row in before:
            if row["building_id"] != ids[-1] and (row["code"], code.compact) not in standing:
                changes.descend(row, ids[-1], relation)
    successors = [code.compact for code in codes]
    for row in before:
        others = [other["code"] for other in before if other is not row]
        reason = None if row is heir else relation
        on = changes.on.isoformat()
        changes.end(row, relation, reason=reason, on=on, successors=successors, together_with=others)
    return ids


def to_reassign(connection: Connection, changes: Changes) -> dict[str, list[dict[str, str | None]]]:
    """Return the ``units`` and ``aliases`` that hold of buildings whose lives the changes end, and stay with their codes.

    Whose they are now is told by a deed or a building table, and by no outline: a registrar gives them to others.
    """
    ended = [row["building_id"] for row in changes.closures]
    return {
        "units": [{"building": str(parse(row.code)), "number": row.number} for row in held_units(connection, ended)],
        "aliases": [
            {"building": str(parse(row.code)), "scheme": row.scheme, "value": row.value, "unit": row.number}
            for row in held_aliases(connection, ended)
        ],
    }


def issue_all(connection: Connection, drawn: Sequence[BuildingCode]) -> list[BuildingCode]:
    """Return the codes of new buildings, each the next generation on its ground, which is held.

    Raises
    ------
    RefusedActError
        The generations of a ground are used up.
    """
    codes = issue_codes(drawn, highest_generations(connection, [code.ground for code in drawn]))
    for code, issued in zip(drawn, codes, strict=True):
        if issued is None:
            raise RefusedActError(_SENTENCES.fault("no_generation", ground=code.ground))
    return [code for code in codes if code is not None]


def refuse_taken(
    connection: Connection, shapes: Sequence[Any], *, space: str, plane: str, without: Sequence[str]
) -> None:
    """Refuse EPSG:4490 footprints on ground where another building lives, but those (ids) that give it up.

    The database refuses it as well; this names buildings of the very same outline, too.

    Raises
    ------
    GroundTakenError
        With the code of the building.
    """
    wanted = np.array([*shapes, None], dtype=object)[:-1]
    living = living_footprints(connection, wanted, space=space)
    for other in _in_the_way(wanted, living.drop(index=list(without), errors="ignore"), plane):
        raise GroundTakenError(str(parse(other.code)))


def standing_since(
    connection: Connection, shapes: Sequence[Any], *, on: date, space: str, plane: str, without: Sequence[str]
) -> Iterator[tuple[str, date]]:
    """Yield who stood on the ground of EPSG:4490 footprints after a day and does no more, but for some (ids).

    Each by its code, with the day until which it stood there.
    """
    wanted = np.array([*shapes, None], dtype=object)[:-1]
    former = former_footprints(connection, wanted, after=on, space=space)
    for other in _in_the_way(wanted, former.drop(index=list(without), errors="ignore"), plane):
        yield str(parse(other.code)), other.until


def _in_the_way(shapes: NDArray[Any], others: gpd.GeoDataFrame, plane: str) -> Iterator[Any]:
    """Yield the rows of others that share too much ground with one of the footprints."""
    flat, grounds = to_plane(shapes, plane), to_plane(np.asarray(others.geometry.values), plane)
    for other, ground in zip(others.itertuples(), grounds, strict=True):
        if any(shared_ground(shape, ground)[1] > OVERLAP_TOLERANCE for shape in flat):
            yield other
