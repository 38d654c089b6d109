"""Who may do what: a table of data, and the one question that every use case asks it."""

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from geocode import Text
from store.database import Connection, Database
from store.errors import NotHereError
from store.walls import Offices, as_seen, seeing_all
from workflows.errors import ForbiddenError, HiddenError
from workflows.noting import note_read
from workflows.principals import Principal

__all__ = [
    "Right",
    "allow",
    "find_allowed",
    "find_right",
    "is_at_home",
    "load_rights",
    "offices_seen",
    "only_office",
    "reaches",
    "seen_by",
    "shown_to",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Right:
    """How far a role's right to an action goes.

    Attributes
    ----------
    reach
        ``own``: what the principal's own office brought. ``district``: whatever is in the register, or, where the principal
        is bound to a district, what the offices brought that work in it.
    kinds
        The kinds of the action that it is a right to; all of it where None.
    not_own
        Whether the own office's is left out: nobody approves what the own office drew.
    redacted
        Whether the answer leaves out what is not public.
    bound
        Whether it reaches beyond the own office only for who is bound to a district.
    logged
        Whether its use is put on record; that of some kinds where they are named.
    """

    reach: Literal["own", "district"]
    kinds: tuple[str, ...] | None = None
    not_own: bool = False
    redacted: bool = False
    bound: bool = False
    logged: bool | tuple[str, ...] = False


@cache
def load_rights() -> dict[str, dict[str, Right]]:
    """Return the rights by action, then by role."""
    table = tomllib.loads(files("workflows").joinpath("rights.toml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, dict[str, Right]]).validate_python(table)


def find_right(principal: Principal, action: str, *, kind: str | None = None) -> Right | None:
    """Return a principal's right to an action, or None.

    Parameters
    ----------
    kind
        Which kind of the action is meant; a right to some kinds is none to the action as a whole.
    """
    right = load_rights()[action].get(principal.role)
    if right is None or (right.kinds is not None and kind not in right.kinds):
        return None
    return right


def reaches(principal: Principal, right: Right, office_id: int | None) -> bool:
    """Tell whether a right of a principal reaches what an office brought."""
    if office_id == principal.office_id:
        return True
    if right.reach == "own":
        return False
    return not right.bound if principal.offices is None else office_id in principal.offices


def offices_seen(principal: Principal, right: Right) -> frozenset[int] | None:
    """Return the offices whose things a right of a principal reaches, None where it is all."""
    if right.reach == "own":
        return frozenset({principal.office_id})
    if principal.offices is not None:
        return principal.offices | {principal.office_id}
    return frozenset({principal.office_id}) if right.bound else None


def shown_to(principal: Principal | None) -> Offices:
    """Return the offices whose rows the database shows a principal at all: none to the public, or while nobody is known."""
    right = None if principal is None else find_right(principal, "see")
    return frozenset() if principal is None or right is None else offices_seen(principal, right)


def seen_by(database: Database, asked: Callable[[], Principal | None]) -> Database:
    """Return a database as whoever asks sees it; who that is, is asked whenever a transaction begins."""
    return as_seen(database, lambda: shown_to(asked()))


def is_at_home(principal: Principal) -> bool:
    """Tell whether a principal administers the own office alone."""
    return allow(principal, "administer").bound and principal.division is None


def only_office(principal: Principal, right: Right) -> int | None:
    """Return the office whose things alone a list shows by a right, None where it shows all.

    Who is bound to a district is shown the own office's, for these lists do not know where another office works.
    """
    return None if offices_seen(principal, right) is None else principal.office_id


def allow(
    principal: Principal, action: str, *, own: bool | None = None, office_id: int | None = None, kind: str | None = None
) -> Right:
    """Return the right by which a principal may do something.

    Parameters
    ----------
    own
        Whether it is about something that the principal's own office brought; by `office_id` where it is None.
    office_id
        Which office brought it: of another's it counts whether it works in the district that the principal is bound to. None
        where it is about nothing that an office brought.
    kind
        As for `find_right`.

    Raises
    ------
    ForbiddenError
        The role has no such right, or none over what its own office brought.
    HiddenError
        It is another office's, and the role sees its own office's alone, or that office works elsewhere.
    """
    if own is None:
        own = office_id is None or office_id == principal.office_id
    right = find_right(principal, action, kind=kind)
    if right is None:
        raise _refused(
            ForbiddenError(
                Text(f"角色“{principal.role}”无权进行此操作。", f"The role “{principal.role}” may not do this."),
                Text("请由有权的角色办理。", "Ask somebody whose role it is."),
            ),
            principal,
            action,
        )
    if own and right.not_own:
        raise _refused(
            ForbiddenError(
                Text("不得批准本单位提交的内容。", "Nobody approves what the own office has brought."),
                Text("请由另一单位办理。", "Ask another office."),
            ),
            principal,
            action,
        )
    if not own and not reaches(principal, right, office_id):
        raise _refused(HiddenError(), principal, action)
    if right.logged is True or (right.logged and kind in right.logged):
        note_read(principal, action, kind)
    return right


def find_allowed(connection: Connection, find: Callable[[], _T], judge: Callable[[_T], object]) -> _T:
    """Return what there is, once it is judged to be the principal's to see.

    What the database does not show is judged too, so that a refusal is on record, and is then as if it were not there.

    Parameters
    ----------
    find
        Raises NotHereError where there is nothing.
    judge
        Raises where it is not for the principal, as `allow` does.
    """
    try:
        found = find()
    except NotHereError:
        with seeing_all(connection):
            judge(find())
        raise
    judge(found)
    return found


def _refused(error: ForbiddenError, principal: Principal, action: str) -> ForbiddenError:
    """Return an error that says for the record whom it refused what."""
    error.principal, error.action = principal, action
    return error
