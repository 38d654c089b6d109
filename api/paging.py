"""Pages of lists: `limit` and `cursor` wherever there is one, `next` in the answer, and the link to it in its header."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query, Request, Response

from api.addresses import same_with
from api.answers import JSON, answer

__all__ = ["IdCursor", "Limit", "NameCursor", "NumberCursor", "listed", "page_of"]

_ID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_BEGINS = "Where the page begins: the `next` of the one before"
Limit = Annotated[int, Query(ge=1, le=1_000, description="How many are told at most")]
IdCursor = Annotated[str | None, Query(alias="cursor", pattern=_ID, description=_BEGINS)]
NumberCursor = Annotated[int | None, Query(alias="cursor", ge=0, le=2**62, description=_BEGINS)]
NameCursor = Annotated[str | None, Query(alias="cursor", max_length=200, description=_BEGINS)]


def page_of(name: str, rows: Sequence[Mapping[str, Any]], *, limit: int, key: str = "id") -> dict[str, Any]:
    """Return a page: rows under a name, and the key of the last one in ``next``, None where no others come behind.

    Parameters
    ----------
    rows
        One more than `limit`, where there are as many.
    """
    shown = rows[:limit]
    return {name: shown, "next": shown[-1][key] if len(rows) > limit else None}


def listed(request: Request, page: Mapping[str, Any], *, media_type: str = JSON, cursor: str = "cursor") -> Response:
    """Return a page, with the link to the next one in its header.

    Parameters
    ----------
    cursor
        The name of the parameter that takes ``next``.
    """
    told, following = answer(page, media_type=media_type), page["next"]
    if following is not None:
        told.headers["Link"] = f'<{same_with(request, **{cursor: str(following)})}>; rel="next"; type="{media_type}"'
    return told
