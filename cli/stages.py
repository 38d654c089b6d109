"""`luotu stage`: where a building stands in its life, entering a stage, withdrawing an entry, and what is due."""

from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from cli.console import EXIT_FOUND, notes, out, print_json, speak
from cli.desk import Desk, at_desk
from geocode import Text
from workflows.attaching import AttachOptions, attach_file, received
from workflows.chains import list_deadlines, read_chain
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes
from workflows.stage_geometries import read_footprint
from workflows.stages import Asked, EntryRequest, enter_stage, required_documents, withdraw_entry

__all__ = ["stage"]

stage = typer.Typer(help="The stages of a building: show, enter, withdraw, due.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Name = Annotated[str, typer.Argument(metavar="CODE", help="A code, leniently typed, or an alias")]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DAY", help="The day; today if left out")
]
_STATES = {
    "yellow": ("yellow", Text("黄灯", "yellow")),
    "reminder": ("cyan", Text("提醒", "reminder")),
    "due": ("dim", Text("未到期", "due")),
}
_OUTCOMES = {
    "pass": ("green", Text("符合", "pass")),
    "fail": ("red", Text("超出", "fail")),
    "not_evaluated": ("dim", Text("无数据", "no data")),
}


@stage.command()
def enter(  # noqa: PLR0913 - one for each option
    name: Name,
    code: Annotated[str, typer.Argument(metavar="STAGE", help="Such as planning_permit")],
    *,
    on: Day = None,
    certificate: Annotated[str | None, typer.Option(help="The certificate's number")] = None,
    document: Annotated[
        list[str] | None, typer.Option(metavar="[KIND=]FILE", help="A document to attach; several are taken")
    ] = None,
    height: Annotated[float | None, typer.Option(min=0, help="Height in metres")] = None,
    floor_area: Annotated[float | None, typer.Option(min=0, help="Floor area in m²")] = None,
    geometry: Annotated[Path | None, typer.Option(help="File with the geometry drawn for the stage")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of its coordinates, where the file tells none")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="The geometry version that is the stage's")] = None,
    form: Form = "table",
) -> None:
    """Have a building enter a stage, with its documents attached."""
    with at_desk() as desk:
        asked = _asked(name, desk)
        drawn = None if geometry is None else read_footprint(geometry, crs=crs)
        documents = _attach(desk, asked, code, document or [])
        request = EntryRequest(
            stage=code,
            occurred_on=_day(on),
            certificate=certificate,
            documents=documents,
            height_m=height,
            floor_area_m2=floor_area,
            version=version,
            geometry=drawn,
        )
        told = enter_stage(desk.database, asked, request)
    if form == "json":
        print_json(told)
        return
    after = ", ".join(told["next"])
    notes([Text(f"条目 {told['entry']};其后可进入 {after}", f"entry {told['entry']}; after it may come {after}")])


@stage.command()
def show(name: Name, *, on: Day = None, form: Form = "table") -> None:
    """Show a building's stages, how its geometries differ, and what is due."""
    with at_desk() as desk:
        told = read_chain(desk.database, _asked(name, desk), day=_day(on))
    if form == "json":
        print_json(told)
    else:
        _print_chain(told)


@stage.command()
def withdraw(
    name: Name,
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="Its number, as show prints it")],
    reason: Annotated[str, typer.Option(help="Why")],
) -> None:
    """Withdraw an entry; others must not rest on it."""
    with at_desk() as desk:
        told = withdraw_entry(desk.database, _asked(name, desk), entry, reason=reason)
    done = (
        Text("已撤回。", "It is withdrawn."),
        Text("已提出,待他人确认。", "It is proposed: somebody else confirms it."),
    )
    notes([done[not told["withdrawn"]]])


@stage.command()
def due(
    *,
    on: Day = None,
    everything: Annotated[bool, typer.Option("--all", help="Tell what is not yet in sight too")] = False,
    form: Form = "table",
) -> None:
    """List reminders and yellow flags over all buildings. Exit code 1 where something is late."""
    with at_desk() as desk:
        told = list_deadlines(
            desk.database,
            desk.principal,
            procedure=configured_procedure(desk.settings),
            day=_day(on),
            everything=everything,
        )
    if form == "json":
        print_json(told)
    else:
        _print_due(told["deadlines"])
        if not told["deadlines"]:
            notes([Text("没有临期或逾期的事项。", "Nothing is due soon, and nothing is late.")])
    if told["counts"]["yellow"]:
        raise typer.Exit(EXIT_FOUND)


def _asked(name: str, desk: Desk) -> Asked:
    return Asked(
        name=name,
        principal=desk.principal,
        procedure=configured_procedure(desk.settings),
        schemes=configured_schemes(desk.settings),
    )


def _day(on: datetime | None) -> date:
    return date.today() if on is None else on.date()


def _attach(desk: Desk, asked: Asked, code: str, given: list[str]) -> list[str]:
    """Attach documents and return their ids; those without a kind are what the stage asks for, in its order."""
    rest = iter(required_documents(asked.procedure, code))
    ids = []
    for each in given:
        kind, mark, path = each.partition("=")
        source = Path(path if mark else each)
        options = AttachOptions(kind=kind if mark else next(rest, "other"), stage=code)
        with ExitStack() as opened:
            stream = opened.enter_context(source.open("rb"))
            delivered = opened.enter_context(received(stream, source.name, limit_mb=desk.settings.document_limit_mb))
            told = attach_file(
                desk.database,
                asked.name,
                delivered,
                principal=asked.principal,
                documents=desk.settings.documents,
                options=options,
                schemes=asked.schemes,
            )
        ids.append(told["id"])
    return ids


def _table(*titles: Text) -> Table:
    table = Table(box=None, header_style="bold")
    for title in titles:
        table.add_column(speak(title))
    return table


def _print_chain(told: dict[str, Any]) -> None:
    table = _table(
        Text("阶段", "stage"),
        Text("条目", "entry"),
        Text("日期", "day"),
        Text("证书编号", "certificate"),
        Text("图形版本", "version"),
        Text("经办", "by"),
    )
    for each in told["stages"]:
        for entry in each["entries"]:
            version = "" if entry["geometry"] is None else str(entry["geometry"]["version"])
            gone = speak(Text("(已撤回)", " (withdrawn)")) if entry["withdrawn_at"] else ""
            day = f"≤ {entry['occurred_on']}" if entry["at_latest"] else entry["occurred_on"]
            cells = (speak(each) + gone, str(entry["id"]), day, entry["certificate"] or "", version, entry["actor"])
            table.add_row(*map(escape, cells))
    out.print(table)
    for difference in told["differences"]:
        _print_difference(difference)
    _print_due(told["deadlines"])
    following = ", ".join(told["next"])
    notes([Text(f"其后可进入:{following}", f"after it may come: {following}")])


def _print_difference(difference: dict[str, Any]) -> None:
    measures = difference["measures"]
    out.print(
        f"[bold]{difference['from']['stage']} → {difference['to']['stage']}[/]  "
        f"{measures['area_difference_m2']:+.2f} m² · {measures['displacement_m']:.3f} m · IoU {measures['iou']:.4f} · "
        f"Hausdorff {measures['hausdorff_m']:.3f} m"
    )
    for finding in difference["findings"]:
        style, word = _OUTCOMES[finding["outcome"]]
        size = "" if finding["value"] is None else f" {finding['value']:.4g} / {finding['limit']:.4g}"
        out.print(f"  [{style}]{speak(word)}[/] {finding['id']} {escape(speak(finding['title']))}{size}")


def _print_due(deadlines: list[dict[str, Any]]) -> None:
    if not deadlines:
        return
    table = _table(
        Text("状态", "state"),
        Text("期限", "due on"),
        Text("建筑", "building"),
        Text("事项", "what"),
        Text("依据", "basis"),
    )
    for each in deadlines:
        style, word = _STATES[each["state"]]
        basis = "; ".join(f"{one['doc']} {one['article']}".strip() for one in each["basis"])
        state = f"[{style}]{speak(word)}[/]"
        table.add_row(state, each["due_on"], each.get("building", ""), escape(speak(each["label"])), escape(basis))
    out.print(table)
