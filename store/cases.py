"""Cases: what people make of conflicts and differences, entry by entry, and the ground that each is about in each run."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from geocode import Text
from store.arrays import among
from store.database import Connection
from store.errors import NotHereError
from store.pages import behind
from store.schema import case_entry, case_ground, conflict, coordination_case, difference, office

__all__ = ["add_entries", "carry_cases", "get_case", "list_cases", "open_case", "read_entries"]


def open_case(connection: Connection, *, office_id: int, actor: str, subject: str, ground_id: int) -> str:
    """Open the case of a conflict or a difference and return its id; the one that is open for it where there is one.

    Parameters
    ----------
    subject
        ``conflict`` or ``difference``.
    ground_id
        The id of the conflict or the difference.

    Raises
    ------
    NotHereError
        There is none of that id.
    """
    table, column = (conflict, "conflict_id") if subject == "conflict" else (difference, "difference_id")
    # two who open it at once open one
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"case:{subject}", ground_id))))
    run_id = connection.execute(select(table.c.run_id).where(table.c.id == ground_id)).scalar_one_or_none()
    if run_id is None:
        zh = "冲突" if subject == "conflict" else "差异图斑"
        raise NotHereError(Text(f"没有编号为 {ground_id} 的{zh}。", f"There is no {subject} of the id {ground_id}."))
    known = connection.execute(
        select(case_ground.c.case_id).where(case_ground.c[column] == ground_id).order_by(case_ground.c.id).limit(1)
    ).scalar_one_or_none()
    if known is not None:
        return str(known)
    values = {"office_id": office_id, "subject": subject, "actor": actor}
    case = connection.execute(insert(coordination_case).values(**values).returning(coordination_case.c.id)).scalar_one()
    connection.execute(insert(case_ground).values(case_id=case, run_id=run_id, iou=1.0, **{column: ground_id}))
    return str(case)


def add_entries(connection: Connection, case_id: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add entries to a case: ``field, value, office_id, actor, role`` of each."""
    connection.execute(insert(case_entry), [{"case_id": case_id, **entry} for entry in entries])


def carry_cases(
    connection: Connection, run_id: str, *, moved: Mapping[int, tuple[int, float | None]], gone: Sequence[int]
) -> dict[str, int]:
    """Have the cases of conflicts follow them into a run, and return how many ``moved`` and how many have ``lost`` them.

    Parameters
    ----------
    moved
        By the conflict of before: the one that it is now, and how much of the ground is the same.
    gone
        The conflicts that are there no more: their cases have no ground in this run.
    """
    if not moved and not gone:
        return {"moved": 0, "lost": 0}
    latest = _latest_grounds().subquery()
    concerned = select(latest.c.case_id, latest.c.conflict_id).where(among(latest.c.conflict_id, [*moved, *gone]))
    cases = connection.execute(concerned).all()
    rows = []
    for case_id, before in cases:
        now, iou = moved.get(before, (None, None))
        rows.append({"case_id": case_id, "run_id": run_id, "conflict_id": now, "iou": iou})
    if rows:
        connection.execute(insert(case_ground), rows)
    lost = sum(row["conflict_id"] is None for row in rows)
    return {"moved": len(rows) - lost, "lost": lost}


def list_cases(
    connection: Connection,
    *,
    subject: str | None = None,
    office_id: int | None = None,
    case_id: str | None = None,
    after: str | None = None,
) -> Sequence[Row[Any]]:
    """Return cases, the newest first, each with its office, the ground that it was last known on, and what that is.

    Parameters
    ----------
    subject
        ``conflict`` or ``difference``; both where None.
    after
        The id of a case: those that come behind it alone.
    """
    latest = _latest_grounds().subquery()
    on_conflict = [conflict.c[name].label(f"conflict_{name}") for name in _OF_CONFLICT]
    on_difference = [difference.c[name].label(f"difference_{name}") for name in _OF_DIFFERENCE]
    wanted = (
        select(
            coordination_case,
            office.c.name_zh,
            office.c.name_en,
            latest.c.run_id,
            latest.c.conflict_id,
            latest.c.difference_id,
            latest.c.iou,
            *on_conflict,
            *on_difference,
            func.ST_AsBinary(func.coalesce(conflict.c.geom, difference.c.geom)).label("geom"),
        )
        .join(office, office.c.id == coordination_case.c.office_id)
        .join(latest, latest.c.case_id == coordination_case.c.id)
        .outerjoin(conflict, conflict.c.id == latest.c.conflict_id)
        .outerjoin(difference, difference.c.id == latest.c.difference_id)
        .order_by(coordination_case.c.recorded_at.desc(), coordination_case.c.id)
    )
    for column, value in (
        (coordination_case.c.subject, subject),
        (coordination_case.c.office_id, office_id),
        (coordination_case.c.id, case_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if after is not None:
        wanted = wanted.where(behind(coordination_case, after))
    return connection.execute(wanted).all()


def get_case(connection: Connection, identity: str) -> Row[Any]:
    """Return a case as `list_cases` does.

    Raises
    ------
    NotHereError
        There is none of that id.
    """
    found = list_cases(connection, case_id=identity) if _is_uuid(identity) else []
    if not found:
        raise NotHereError(Text(f"没有编号为 {identity} 的协调事项。", f"There is no case of the id {identity}."))
    return found[0]


def read_entries(connection: Connection, cases: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the entries of cases in the order in which they were made, by case."""
    rows = connection.execute(
        select(case_entry, office.c.name_zh, office.c.name_en)
        .join(office, office.c.id == case_entry.c.office_id)
        .where(among(case_entry.c.case_id, cases))
        .order_by(case_entry.c.id)
    ).all()
    found: dict[str, list[Row[Any]]] = {case: [] for case in cases}
    for row in rows:
        found[str(row.case_id)].append(row)
    return found


_OF_CONFLICT = ("rule", "severity", "left_layer", "left_id", "right_layer", "right_id", "outcome", "area_m2")
_OF_DIFFERENCE = ("class", "left_id", "right_id", "left_class", "right_class", "district", "area_m2")


def _latest_grounds() -> Any:
    """Return the ground of each case in the newest run that knows of it."""
    newest = select(case_ground).order_by(case_ground.c.case_id, case_ground.c.id.desc())
    return newest.ext(distinct_on(case_ground.c.case_id))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
