"""Where a code leads: who came before a building and after it, and who lives today."""

from typing import Any

from geocode import parse
from registry.lineage import ancestors, descendants, present_of
from store.database import Database, transaction
from store.lives import read_descents, read_lives
from workflows.principals import Principal
from workflows.rights import allow

__all__ = ["read_lineage"]


def read_lineage(database: Database, code: str, *, principal: Principal) -> dict[str, Any]:
    """Return a building's family: ``code, closed_as, predecessors, successors, present, descents``.

    `present` are the living buildings that the code leads to: itself where it lives, else its nearest living successors.

    Raises
    ------
    CodeError, NotHereError
        The text is no code, or nobody's.
    ForbiddenError
        The role may resolve nothing.
    """
    # codes alone, which are nobody's secret: whoever may resolve follows a retired one
    allow(principal, "resolve")
    compact = parse(code).compact
    with transaction(database) as connection:
        (life,) = read_lives(connection, [compact])
        rows = read_descents(connection, [compact])
        family = sorted({compact, *(row.predecessor for row in rows), *(row.successor for row in rows)})
        living = [each["code"] for each in read_lives(connection, family) if each["closed_as"] is None]
    descents = [(row.predecessor, row.successor) for row in rows]
    return {
        "code": _shown(compact),
        "closed_as": life["closed_as"],
        "closed_on": None if life["closed_on"] is None else life["closed_on"].isoformat(),
        "part_of": None if life["part_of"] is None else _shown(life["part_of"]),
        "predecessors": [_shown(each) for each in ancestors(compact, descents)],
        "successors": [_shown(each) for each in descendants(compact, descents)],
        "present": [_shown(each) for each in present_of(compact, descents, living)],
        "descents": [
            {"predecessor": _shown(row.predecessor), "successor": _shown(row.successor), "relation": row.relation}
            for row in rows
        ],
    }


def _shown(compact: str) -> str:
    return str(parse(compact))
