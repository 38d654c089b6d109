"""What stands in a query: only what its route knows, each parameter once unless it is a list."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args, get_origin

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.dependencies import anyone_of, database_of, principal_of
from geocode import Text
from workflows.errors import RefusedParameterError

__all__ = ["refuse_unknown", "repeated_parameter", "unknown_parameter"]

_SHOWN = 60


async def refuse_unknown(request: Request) -> None:
    """Refuse a parameter that the route does not know, or that is given twice: a typing mistake would go unnoticed.

    Raises
    ------
    RefusedParameterError
        There is such a parameter.
    NotAllowedError
        There is, and nobody knows who asks: that is said first.
    """
    dependant = request.scope["route"].dependant
    refusal = _refusal(request, dict(_parameters(dependant)))
    if refusal is None:
        return
    for ask in _askers(dependant):
        await run_in_threadpool(ask, request, database_of(request))
    raise refusal


def _refusal(request: Request, known: Mapping[str, bool]) -> RefusedParameterError | None:
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            return unknown_parameter(name, [*known])
        if name in seen and not known[name]:
            return repeated_parameter(name)
        seen.add(name)
    return None


def unknown_parameter(name: str, known: Collection[str]) -> RefusedParameterError:
    """Return the refusal of a parameter that a route does not know."""
    there_are = Text(f"可用:{'、'.join(known)}。", f"There are {', '.join(known)}.")
    none = Text("该接口没有查询参数。", "This route takes none.")
    return RefusedParameterError(
        name,
        Text(f"没有参数“{name[:_SHOWN]}”。", f"There is no parameter “{name[:_SHOWN]}”."),
        there_are if known else none,
    )


def repeated_parameter(name: str) -> RefusedParameterError:
    """Return the refusal of a parameter that is given twice."""
    return RefusedParameterError(
        name,
        Text(f"参数 {name[:_SHOWN]} 重复。", f"The parameter {name[:_SHOWN]} is given twice."),
        Text("每个参数只给一次。", "Give each parameter once."),
    )


def _parameters(dependant: Any) -> Iterator[tuple[str, bool]]:
    """Yield the names of the parameters that a route asks for, or one of its dependencies, each with whether it is a list."""
    for each in dependant.query_params:
        annotation = each.field_info.annotation
        yield each.alias, any(get_origin(part) is list for part in (annotation, *get_args(annotation)))
    for each in dependant.dependencies:
        yield from _parameters(each)


def _askers(dependant: Any) -> Iterator[Any]:
    """Yield what a route learns by who calls."""
    for each in dependant.dependencies:
        if each.call in {principal_of, anyone_of}:
            yield each.call
        yield from _askers(each)
