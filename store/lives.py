"""The lives of buildings: how they ended, who came after whom."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy import Row, Table, func, insert, select, update

from geocode import Text
from store.database import Connection, statement
from store.errors import NotHereError
from store.schema import building, closure, footprint, lineage

__all__ = [
    "add_closures",
    "add_descents",
    "closure_descents",
    "living_parts",
    "read_descents",
    "read_lives",
    "read_standings",
    "revoke_closure",
    "revoke_descents",
]


def read_lives(connection: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return buildings by their compact codes, in that order, living or not.

    Each has its newest footprint (`geom` and `axis` in EPSG:4490; `drawn_by`, the office that brought it), and the reason of the closure that stands
    (`closed_as`, None where it lives).

    Raises
    ------
    NotHereError
        A code is in nobody's hands.
    """
    rows = connection.execute(statement("lives"), {"codes": list(codes)}).mappings()
    return _in_order(codes, ({**row, "geom": _shape(row["geom"]), "axis": _shape(row["axis"])} for row in rows))


def read_standings(connection: Connection, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return of buildings, by their compact codes and in that order, what many can be asked about in a moment.

    Each has ``building_id, code, kind, part_of_id, closed_as, version, stage``, as `read_lives` has them.

    Raises
    ------
    NotHereError
        A code is in nobody's hands.
    """
    return _in_order(codes, map(dict, connection.execute(statement("standings"), {"codes": list(codes)}).mappings()))


def living_parts(connection: Connection, identity: str) -> list[str]:
    """Return the compact codes of a building's separate parts that live."""
    wanted = (
        select(building.c.code)
        .join(footprint, (footprint.c.building_id == building.c.id) & footprint.c.replaced_at.is_(None))
        .where(building.c.part_of == identity)
        .order_by(building.c.code)
    )
    return list(connection.execute(wanted).scalars())


def add_closures(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add closures (``building_id, office_id, reason, closed_on``) and return their ids in the same order."""
    return _add(connection, closure, rows)


def revoke_closure(connection: Connection, identity: int) -> None:
    """Revoke a closure."""
    connection.execute(update(closure).where(closure.c.id == identity).values(revoked_at=func.statement_timestamp()))


def add_descents(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add who came after whom (``predecessor_id, successor_id, office_id, relation``), and return the rows' ids in order."""
    return _add(connection, lineage, rows)


def closure_descents(connection: Connection, identity: str) -> Sequence[Row[Any]]:
    """Return who came after a building (id) by the closure that stands: ``id, code, relation, closed_as, is_survivor``."""
    return connection.execute(statement("descents_of_closure"), {"building": identity}).all()


def revoke_descents(connection: Connection, identities: Iterable[int]) -> None:
    """Revoke rows of the lineage."""
    connection.execute(
        update(lineage).where(lineage.c.id.in_(list(identities))).values(revoked_at=func.statement_timestamp())
    )


def read_descents(connection: Connection, codes: Iterable[str]) -> Sequence[Row[Any]]:
    """Return who came after whom in the families of some buildings, by compact codes.

    Returns
    -------
    Rows ``predecessor, successor, relation``, in the order of the codes.
    """
    return connection.execute(statement("descents"), {"codes": list(codes)}).all()


def _add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    if not rows:
        return []
    added = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.execute(added, list(rows)).scalars())


def _in_order(codes: Sequence[str], lives: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {life["code"]: life for life in lives}
    for code in codes:
        if code not in found:
            raise NotHereError(Text(f"没有编码为 {code} 的建筑。", f"No building bears the code {code}."))
    return [found[code] for code in codes]


def _shape(wkb: Any) -> Any:
    return None if wkb is None else shapely.from_wkb(bytes(wkb))
