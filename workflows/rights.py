"""Who may do what: a table of data, and the one question that every use case asks it."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from geocode import Text
from workflows.errors import ForbiddenError, HiddenError
from workflows.principals import Principal

__all__ = ["Right", "allow", "find_right", "load_rights"]


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Right:
    """How far a role's right to an action goes.

    Attributes
    ----------
    reach
        ``own``: what the principal's own office brought. ``district``: whatever is in the register.
    kinds
        The kinds of the action that it is a right to; all of it where None.
    not_own
        Whether the own office's is left out: nobody approves what the own office drew.
    redacted
        Whether the answer leaves out what is not public.
    """

    reach: Literal["own", "district"]
    kinds: tuple[str, ...] | None = None
    not_own: bool = False
    redacted: bool = False


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


def allow(principal: Principal, action: str, *, own: bool = True, kind: str | None = None) -> Right:
    """Return the right by which a principal may do something.

    Parameters
    ----------
    own
        Whether it is about something that the principal's own office brought.
    kind
        As for `find_right`.

    Raises
    ------
    ForbiddenError
        The role has no such right, or none over what its own office brought.
    HiddenError
        It is another office's, and the role sees its own office's alone.
    """
    right = find_right(principal, action, kind=kind)
    if right is None:
        raise ForbiddenError(
            Text(f"角色“{principal.role}”无权进行此操作。", f"The role “{principal.role}” may not do this."),
            Text("请由有权的角色办理。", "Ask somebody whose role it is."),
        )
    if own and right.not_own:
        raise ForbiddenError(
            Text("不得批准本单位提交的内容。", "Nobody approves what the own office has brought."),
            Text("请由另一单位办理。", "Ask another office."),
        )
    if not own and right.reach == "own":
        raise HiddenError
    return right
