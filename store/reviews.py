"""Reviews: rows of deliveries, and acts, that wait for a person; and what people decided."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import func, insert, select

from geocode import Text
from store.database import Connection, statement
from store.errors import NotHereError
from store.schema import building, office, review, review_building, review_decision, review_row, upload

__all__ = ["add_decision", "add_reviews", "get_review", "list_reviews", "lock_review"]

_SRID = 4490


def add_reviews(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Add reviews and return their ids in the same order.

    Parameters
    ----------
    rows
        The columns of each, with ``rows`` (those of its delivered rows, `geom` in EPSG:4490) and ``buildings`` (ids).
    """
    if not rows:
        return []
    ids = [str(uuid4()) for _ in rows]
    own = [
        {"id": identity, **{name: value for name, value in row.items() if name not in {"rows", "buildings"}}}
        for identity, row in zip(ids, rows, strict=True)
    ]
    connection.execute(insert(review), own)
    held, known = [], []
    for identity, row in zip(ids, rows, strict=True):
        common = {"review_id": identity, "office_id": row["office_id"]}
        held += [{**each, **common, "geom": from_shape(each["geom"], srid=_SRID)} for each in row["rows"]]
        known += [{**common, "building_id": each} for each in row["buildings"]]
    if held:
        connection.execute(insert(review_row), held)
    if known:
        connection.execute(insert(review_building), known)
    return ids


def list_reviews(
    connection: Connection,
    *,
    office_id: int | None = None,
    is_open: bool = True,
    upload_id: str | None = None,
    after: str | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:
    """Return reviews, the newest first: of one office or of all, those that wait or all, of one upload or of any.

    `after` is the id of one: those that come behind it alone.
    """
    wanted = {"office_id": office_id, "is_open": is_open, "upload_id": upload_id, "after": after, "most": most}
    return [dict(row) for row in connection.execute(statement("reviews"), wanted).mappings()]


def lock_review(connection: Connection, identity: str) -> None:
    """Hold a review until the transaction ends: two people who decide it at once do so one after the other."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(identity, 78))))


def get_review(connection: Connection, identity: str) -> dict[str, Any]:
    """Return a review, with its ``rows`` in file order, the compact codes of its ``buildings``, and its ``decision`` or None.

    Raises
    ------
    NotHereError
        There is no such review.
    """
    wanted = (
        select(review, office.c.name_zh, office.c.name_en, upload.c.report.label("upload_report"))
        .join(office, office.c.id == review.c.office_id)
        .outerjoin(upload, upload.c.id == review.c.upload_id)
        .where(review.c.id == _uuid(identity))
    )
    found = connection.execute(wanted).mappings().one_or_none()
    if found is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的待审事项。", f"There is no review {identity}."))
    rows = connection.execute(
        select(review_row).where(review_row.c.review_id == found["id"]).order_by(review_row.c.row_number)
    ).mappings()
    codes = connection.execute(
        select(building.c.code)
        .join(review_building, review_building.c.building_id == building.c.id)
        .where(review_building.c.review_id == found["id"])
        .order_by(building.c.code)
    ).scalars()
    decided = connection.execute(select(review_decision).where(review_decision.c.review_id == found["id"]))
    return {
        **found,
        "rows": [{**row, "geom": to_shape(row["geom"])} for row in rows],
        "buildings": list(codes),
        "decision": decided.mappings().one_or_none(),
    }


def add_decision(connection: Connection, values: Mapping[str, Any]) -> None:
    """Add what was decided on a review."""
    connection.execute(insert(review_decision).values(**values))


def _uuid(text: str) -> str | None:
    """Return a text as the database takes it, None (the id of nothing) where it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
