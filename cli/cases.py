"""`luotu cases`: what is to become of conflicts and differences."""

from typing import Annotated, Any, Literal

import typer

from cli.console import out, print_json, speak, square_metres, table_of
from cli.desk import at_desk
from geocode import Text
from workflows.cases import add_to_case, find_cases, read_case, start_case

__all__ = ["cases"]

cases = typer.Typer(help="Cases of conflicts and differences: list, open, say, show.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Identity = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, as list prints it")]
Reason = Annotated[str | None, typer.Option(help="Why the two differ")]
Coordination = Annotated[
    str | None, typer.Option(help="What is to hold: keep_first, keep_second, return_to_farmland, pending")
]
Opinion = Annotated[str | None, typer.Option(help="The opinion of the own role")]
EffectiveFrom = Annotated[str | None, typer.Option(metavar="DAY", help="From when it is to hold, such as 2027-01-01")]
Status = Annotated[str | None, typer.Option(help="open, coordinating, agreed, closed")]


@cases.command("list")
def list_(
    *,
    subject: Annotated[Literal["conflict", "difference"] | None, typer.Option(help="Both without it")] = None,
    status: Status = None,
    form: Form = "table",
) -> None:
    """List the cases, the newest first."""
    with at_desk() as desk:
        found = find_cases(desk.database, principal=desk.principal, subject=subject, status=status)
    if form == "json":
        print_json(found)
        return
    table = table_of(
        (Text("编号", "case"), "left"),
        (Text("事项", "about"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("状态", "status"), "left"),
        (Text("协调方式", "coordination"), "left"),
        (Text("缘由", "reason"), "left"),
    )
    for case in found:
        ground = case["ground"]
        area = "" if ground is None or ground["area_m2"] is None else square_metres(ground["area_m2"], grouped=True)
        agreed = speak(case["coordination"]) if case["coordination"] else ""
        table.add_row(case["id"], _about(case), area, speak(case["status"]), agreed, case["reason"] or "")
    out.print(table)


@cases.command("open")
def open_(  # noqa: PLR0913 - one for each option
    ground: Annotated[int, typer.Argument(metavar="CONFLICT", help="Id of the conflict, as luotu conflicts prints it")],
    *,
    difference: Annotated[bool, typer.Option("--difference", help="The id is that of a difference")] = False,
    reason: Reason = None,
    coordination: Coordination = None,
    opinion: Opinion = None,
    effective_from: EffectiveFrom = None,
    status: Status = None,
    form: Form = "table",
) -> None:
    """Open the case of a conflict or a difference; one that is open already is gone on with."""
    said = _said(reason, coordination, opinion, effective_from, status)
    subject = "difference" if difference else "conflict"
    with at_desk() as desk:
        case = start_case(desk.database, subject, ground, said, principal=desk.principal)
    _print_case(case, form)


@cases.command()
def say(  # noqa: PLR0913 - one for each option
    identity: Identity,
    *,
    reason: Reason = None,
    coordination: Coordination = None,
    opinion: Opinion = None,
    effective_from: EffectiveFrom = None,
    status: Status = None,
    form: Form = "table",
) -> None:
    """Add entries to a case: what was said before stays, and the last of each kind counts."""
    said = _said(reason, coordination, opinion, effective_from, status)
    with at_desk() as desk:
        case = add_to_case(desk.database, identity, said, principal=desk.principal)
    _print_case(case, form)


@cases.command()
def show(identity: Identity, *, form: Form = "table") -> None:
    """Show a case with everything that was said, and where it lies now."""
    with at_desk() as desk:
        case = read_case(desk.database, identity, principal=desk.principal)
    _print_case(case, form)


def _said(
    reason: str | None, coordination: str | None, opinion: str | None, effective_from: str | None, status: str | None
) -> dict[str, str]:
    names = ("reason", "coordination", "opinion", "effective_from", "status")
    values = (reason, coordination, opinion, effective_from, status)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _print_case(case: dict[str, Any], form: str) -> None:
    if form == "json":
        print_json(case)
        return
    out.print(f"{case['id']}  {_about(case)}  [bold]{speak(case['status'])}[/]")
    table = table_of(
        (Text("时间", "when"), "left"),
        (Text("角色", "role"), "left"),
        (Text("项目", "field"), "left"),
        (Text("内容", "what"), "left"),
    )
    for entry in case["entries"]:
        value = speak(entry["value"]) if isinstance(entry["value"], dict) else entry["value"]
        table.add_row(entry["recorded_at"][:16], entry["role"], entry["field"], value)
    out.print(table)


def _about(case: dict[str, Any]) -> str:
    """Return what a case is about, in a few words."""
    ground = case["ground"]
    if ground is None:
        return speak(Text("冲突已消失", "the conflict is gone"))
    if case["subject"] == "difference":
        return f"{ground['left_class'] or '–'} / {ground['right_class'] or '–'}"
    return f"{ground['rule']} {ground['left_layer']} × {ground['right_layer']}"
