"""One building after another: new footprints come after buildings that split, merged or were rebuilt."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from geocode import BuildingCode, parse
from geocode.faults import read_sentences
from registry.generations import issue_codes
from store.aliases import held_aliases
from store.buildings import highest_generations
from store.database import Connection
from store.units import held_units
from workflows.changes import Changes
from workflows.errors import RefusedActError

__all__ = ["issue_all", "succeed", "to_reassign"]

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
