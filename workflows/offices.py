"""Offices as whoever installs the software sees them: which there is, and where it works."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geocode import Text
from store.database import Database, transaction
from store.ledger import append_events
from store.offices import add_office, change_office, find_office, have_office, list_offices
from workflows.errors import ForbiddenError, HiddenError, RefusedOptionError
from workflows.idempotency import once
from workflows.identity_events import identity_event
from workflows.placing import place_office
from workflows.principals import LOCAL_OFFICE, Principal
from workflows.rights import allow, is_at_home, offices_seen, reaches

__all__ = [
    "LOCAL_CODE",
    "OfficeExtent",
    "open_office",
    "read_office",
    "read_offices",
    "rename_office",
    "set_office_extent",
    "show_office_extent",
]

LOCAL_CODE = LOCAL_OFFICE["code"]
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.IGNORECASE | re.ASCII)
_DIVISION = re.compile(r"[0-9]{6}", re.ASCII)
_MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class OfficeExtent:
    """An office, and where it works: west, south, east, north in degrees; None where that is not set."""

    code: str
    name: Text
    extent: tuple[float, float, float, float] | None


def open_office(  # noqa: PLR0913 - one for each thing that is said
    database: Database,
    code: str,
    *,
    name_zh: str,
    name_en: str | None = None,
    division: str | None = None,
    principal: Principal,
    key: str | None = None,
) -> dict[str, Any]:
    """Add an office and return it.

    Who is bound to a district adds offices that work in it; who is bound to none adds none, but at this machine's desk.

    Parameters
    ----------
    code
        Short code, of letters, digits, ``_``, ``.`` and ``-``; it never changes.
    division
        Code of the division that it works in, six digits.
    key
        The client's Idempotency-Key.

    Raises
    ------
    ForbiddenError
        It is not the principal's to add.
    RefusedOptionError
        A code, name or division that no office could have, or another office has the code.
    """
    allow(principal, "administer")
    _refuse_elsewhere(principal, division)
    values = {"name_zh": name_zh, "name_en": name_en or name_zh, "division": division}
    _refuse_unfit({"code": code, **values})

    def add() -> dict[str, Any]:
        row = add_office(connection, code=code, **values)
        if row is None:
            raise _refused(
                f"代码“{code}”已有单位使用。", f"Another office has the code “{code}”.", "换一个代码。", "Take another."
            )
        said = _office_json(row)
        append_events(connection, [_event("office_added", code, said, principal)])
        return said

    with transaction(database) as connection:
        return once(connection, principal, key, {"act": "open_office", "code": code, **values}, add)


def rename_office(
    database: Database, code: str, values: Mapping[str, str | None], *, principal: Principal, key: str | None = None
) -> dict[str, Any]:
    """Change an office's ``name_zh``, ``name_en`` or ``division``, and return it.

    Raises
    ------
    HiddenError, ForbiddenError
        There is no such office that the principal administers, or it would leave the principal's district.
    RefusedOptionError
        A name or division that no office could have.
    """
    right = allow(principal, "administer")
    _refuse_unfit(values)
    if "division" in values:
        _refuse_elsewhere(principal, values["division"])

    def change() -> dict[str, Any]:
        before = find_office(connection, code)
        if before is None or not reaches(principal, right, before.id):
            raise HiddenError
        row = change_office(connection, code, values) if values else before
        append_events(connection, [_event("office_changed", code, dict(values), principal)] if values else [])
        return _office_json(row)

    with transaction(database) as connection:
        return once(connection, principal, key, {"act": "rename_office", "code": code, **values}, change)


def read_office(database: Database, code: str, *, principal: Principal) -> dict[str, Any]:
    """Return an office that a principal administers.

    Raises
    ------
    HiddenError
        There is no such office that the principal administers.
    """
    right = allow(principal, "administer")
    with transaction(database) as connection:
        row = find_office(connection, code)
    if row is None or not reaches(principal, right, row.id):
        raise HiddenError
    return _office_json(row)


def read_offices(
    database: Database, *, principal: Principal, after: str | None = None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the offices that a principal administers, by their codes; those behind a code, where one is told."""
    offices = offices_seen(principal, allow(principal, "administer"))
    with transaction(database) as connection:
        return [_office_json(row) for row in list_offices(connection, offices, after=after, most=most)]


def show_office_extent(database: Database, code: str) -> OfficeExtent:
    """Return where an office works.

    Raises
    ------
    RefusedOptionError
        There is no such office.
    """
    with transaction(database) as connection:
        found = have_office(connection, **LOCAL_OFFICE) if code == LOCAL_CODE else find_office(connection, code)
    if found is None:
        raise RefusedOptionError(
            Text(f"没有单位“{code[:60]}”。", f"There is no office “{code[:60]}”."),
            Text(
                f"本机的单位是 {LOCAL_CODE};其他单位先用 luotu office add 建立。",
                f"This machine's own is {LOCAL_CODE}; add another first with luotu office add.",
            ),
        )
    box = None if found.extent is None else tuple(found.extent)
    return OfficeExtent(found.code, Text(found.name_zh, found.name_en), box)


def set_office_extent(database: Database, code: str, said: str) -> OfficeExtent:
    """Set where an office works, nowhere in particular where the text is empty, and return it.

    Raises
    ------
    RefusedOptionError
        There is no such office, or the text is no extent.
    """
    show_office_extent(database, code)
    place_office(database, code, said)
    return show_office_extent(database, code)


def _refuse_elsewhere(principal: Principal, division: str | None) -> None:
    """Refuse who may not say that an office works in a division."""
    is_within = principal.division is None or (division or "").startswith(principal.division)
    if is_at_home(principal) or not is_within:
        raise ForbiddenError(
            Text(
                "单位的增加和辖区由该辖区的管理员办理。",
                "Offices are added, and moved, by who administers the district.",
            ),
            Text(
                "请由辖区管理员或在本机用 luotu office 办理。", "Ask them, or use luotu office at the machine itself."
            ),
        )


def _refuse_unfit(values: Mapping[str, str | None]) -> None:
    """Refuse what no office could have."""
    code, division = values.get("code"), values.get("division")
    if code is not None and not _CODE.fullmatch(code):
        raise _refused(
            f"“{code[:60]}”不能作为单位代码。",
            f"“{code[:60]}” cannot be an office's code.",
            "用 1 至 40 个字母、数字、_、. 或 -。",
            "Use 1 to 40 letters, digits, _, . or -.",
        )
    if division is not None and not _DIVISION.fullmatch(division):
        raise _refused(
            f"“{division[:60]}”不是行政区划代码。",
            f"“{division[:60]}” is no division's code.",
            "给出六位数字,例如 220202。",
            "Give six digits, such as 220202.",
        )
    for name in ("name_zh", "name_en"):
        said = values.get(name, "x")
        if said is None or not 0 < len(said) <= _MOST_NAME or not said.isprintable():
            raise _refused(
                "单位名称须为 1 至 200 个可显示的字符。",
                "An office's name has 1 to 200 characters that show.",
                "给出名称。",
                "Give one.",
            )


def _refused(zh: str, en: str, zh_remedy: str, en_remedy: str) -> RefusedOptionError:
    return RefusedOptionError(Text(zh, en), Text(zh_remedy, en_remedy))


def _event(kind: str, code: str, body: Mapping[str, Any], principal: Principal) -> Any:
    return identity_event(kind, f"office/{code}", body, office_id=principal.office_id, actor=principal.actor)


def _office_json(row: Any) -> dict[str, Any]:
    return {"office": row.code, "name_zh": row.name_zh, "name_en": row.name_en, "division": row.division}
