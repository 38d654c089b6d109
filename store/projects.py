"""Projects, and which buildings are in them for which days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Row, any_, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geocode import Text
from registry.stages import stage_codes
from store.database import Connection, statement
from store.errors import NotHereError
from store.pages import behind
from store.schema import building, office, project, project_building

__all__ = [
    "add_project",
    "buildings_of_project",
    "find_projects",
    "get_project",
    "inherit_projects",
    "join_project",
    "leave_project",
    "projects_of_building",
]

_MOST = 100
_COLUMNS = (project, office.c.name_zh, office.c.name_en)


def add_project(connection: Connection, *, office_id: int, code: str | None, name: str) -> str | None:
    """Add a project and return its id, None where another one bears the code."""
    added = upsert(project).values(office_id=office_id, code=code, name=name).on_conflict_do_nothing()
    identity = connection.execute(added.returning(project.c.id)).scalar_one_or_none()
    return None if identity is None else str(identity)


def get_project(connection: Connection, key: str, *, office_id: int | None = None) -> Row[Any]:
    """Return a project by its id or code, of one office where that is told: ``id, code, name, office_id, recorded_at``, ….

    Raises
    ------
    NotHereError
        There is none.
    """
    wanted = select(*_COLUMNS).join(office).where(or_(project.c.code == key, project.c.id == _uuid(key)))
    if office_id is not None:
        wanted = wanted.where(project.c.office_id == office_id)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise NotHereError(Text(f"没有项目“{key}”。", f"There is no project “{key}”."))
    return found


def find_projects(
    connection: Connection, text: str, *, office_id: int | None = None, after: str | None = None, most: int = _MOST
) -> Sequence[Row[Any]]:
    """Return the projects whose code or name holds a text, of one office where that is told, the newest first.

    `after` is the id of one: those that come behind it alone.
    """
    wanted = (
        select(*_COLUMNS)
        .join(office)
        .where(or_(project.c.code.icontains(text, autoescape=True), project.c.name.icontains(text, autoescape=True)))
        .order_by(project.c.recorded_at.desc(), project.c.id)
        .limit(most)
    )
    if office_id is not None:
        wanted = wanted.where(project.c.office_id == office_id)
    if after is not None:
        wanted = wanted.where(behind(project, after))
    return connection.execute(wanted).all()


def join_project(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row[Any]]:
    """Add buildings that are not in a project now: ``project_id, building_id, office_id, valid_from``.

    Returns
    -------
    Rows ``id, building_id`` of those that were added.
    """
    if not rows:
        return []
    added = upsert(project_building).on_conflict_do_nothing()
    return connection.execute(added.returning(project_building.c.id, project_building.c.building_id), list(rows)).all()


def inherit_projects(
    connection: Connection, descents: Iterable[tuple[str, str]], *, office_id: int, on: date
) -> list[tuple[int, str]]:
    """Put buildings that come after others (ids: predecessor, successor) into the projects that those are in now.

    Returns
    -------
    Ids of the rows that were added, each with the building's.
    """
    pairs = list(descents)
    if not pairs:
        return []
    asked = {"predecessors": [pair[0] for pair in pairs], "successors": [pair[1] for pair in pairs]}
    rows = connection.execute(statement("inherit_projects"), {**asked, "office": office_id, "on": on})
    return [(row.id, str(row.building_id)) for row in rows]


def leave_project(connection: Connection, identities: Iterable[int], valid_to: date) -> None:
    """End that buildings are in a project (ids of these rows) on a day."""
    held = project_building.c
    connection.execute(
        update(project_building)
        .where(held.id == any_(literal(list(identities), ARRAY(BigInteger))), held.valid_to.is_(None))
        .values(valid_to=valid_to)
    )


def buildings_of_project(connection: Connection, project_id: str, *, day: date | None = None) -> Sequence[Row[Any]]:
    """Return the buildings that were in a project, on a day where one is told, in code order; see the statement."""
    asked = {"project": project_id, "day": day, "stages": list(stage_codes())}
    return connection.execute(statement("project_buildings"), asked).all()


def projects_of_building(connection: Connection, code: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the projects that a building, by its compact code, is or was in: ``id, code, name, valid_from, valid_to``."""
    held = project_building.c
    return connection.execute(
        select(project.c.id, project.c.code, project.c.name, held.valid_from, held.valid_to)
        .join_from(project, project_building)
        .join(building)
        .where(building.c.code == code)
        .order_by(held.id)
    ).all()


def _uuid(text: str) -> str | None:
    """Return a text as the database takes it, None (the id of nothing) where it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
