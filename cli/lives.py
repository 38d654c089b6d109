"""`luotu building`: what happens to buildings — split, merged, rebuilt, closed, revived, moved, given a part."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli.console import notes, out, print_json, speak
from cli.desk import at_desk
from geocode import Text
from workflows.drawings import read_footprints
from workflows.lineages import read_lineage
from workflows.lives import ActRequest
from workflows.proposals import carry_out

__all__ = ["building"]

building = typer.Typer(
    help="Lives of buildings: split, merge, rebuild, close, revive, relocate, part, lineage.", no_args_is_help=True
)
Code = Annotated[str, typer.Argument(metavar="CODE", help="The building's code, leniently typed")]
Drawn = Annotated[Path, typer.Argument(metavar="FILE", help="File with the new footprint, or footprints")]
Crs = Annotated[str | None, typer.Option("--crs", help="CRS of its coordinates, where the file tells none")]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DAY", help="The day; today if left out")
]
Survivor = Annotated[int | None, typer.Option(min=0, help="Which of them, from 0, keeps the code; none if left out")]
Stage = Annotated[str | None, typer.Option(help="The stage whose geometry it is; as before if left out")]
Name = Annotated[str | None, typer.Option(help="Its name")]
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
_ACTS = {
    "split": Text("已拆分", "Split"),
    "merge": Text("已合并", "Merged"),
    "rebuild": Text("已登记重建", "Rebuilt"),
    "close": Text("已注销", "Closed"),
    "revive": Text("已恢复", "Revived"),
    "relocate": Text("已登记平移", "Relocated"),
    "add_part": Text("已增加部分", "Part added"),
}


@building.command()
def split(  # noqa: PLR0913 - one for each option
    code: Code,
    source: Drawn,
    *,
    survivor: Survivor = None,
    on: Day = None,
    stage: Stage = None,
    crs: Crs = None,
    form: Form = "table",
) -> None:
    """Split a building into the parts of a file: all codes are new, unless one part keeps it."""
    _carry_out("split", [code], source, crs=crs, on=on, form=form, survivor=survivor, stage=stage)


@building.command()
def merge(  # noqa: PLR0913 - one for each option
    source: Drawn,
    codes: Annotated[list[str], typer.Argument(metavar="CODE...", help="Of the buildings that became one")],
    *,
    survivor: Survivor = None,
    on: Day = None,
    stage: Stage = None,
    name: Name = None,
    crs: Crs = None,
    form: Form = "table",
) -> None:
    """Merge buildings into the one of a file."""
    _carry_out("merge", codes, source, crs=crs, on=on, form=form, survivor=survivor, stage=stage, name=name)


@building.command()
def rebuild(  # noqa: PLR0913 - one for each option
    code: Code,
    source: Drawn,
    *,
    on: Day = None,
    stage: Stage = None,
    name: Name = None,
    crs: Crs = None,
    form: Form = "table",
) -> None:
    """Register what was built where a building stood: the next generation on its ground."""
    _carry_out("rebuild", [code], source, crs=crs, on=on, form=form, stage=stage, name=name)


@building.command()
def close(
    code: Code,
    reason: Annotated[Literal["demolished", "mistaken"], typer.Argument(help="mistaken: it never was a building")],
    *,
    on: Day = None,
    form: Form = "table",
) -> None:
    """End a building's life; its code resolves for ever."""
    _carry_out("close", [code], None, on=on, form=form, reason=reason)


@building.command()
def revive(code: Code, *, on: Day = None, form: Form = "table") -> None:
    """Revoke a closure: the building lives again under its code."""
    _carry_out("revive", [code], None, on=on, form=form)


@building.command()
def relocate(
    code: Code, source: Drawn, *, on: Day = None, stage: Stage = None, crs: Crs = None, form: Form = "table"
) -> None:
    """Have a building that was moved as a whole stand elsewhere, under its code."""
    _carry_out("relocate", [code], source, crs=crs, on=on, form=form, stage=stage)


@building.command()
def part(  # noqa: PLR0913 - one for each option
    code: Code,
    source: Drawn,
    *,
    space: Annotated[Literal["underground", "surface"], typer.Option(help="Where it lies")] = "underground",
    on: Day = None,
    name: Name = None,
    crs: Crs = None,
    form: Form = "table",
) -> None:
    """Give a separate part, such as a basement that reaches beyond its house, a code of its own."""
    _carry_out("add_part", [code], source, crs=crs, on=on, form=form, space=space, name=name)


@building.command()
def lineage(code: Code, *, form: Form = "table") -> None:
    """Print who came before and after a building, and where its code leads today."""
    with at_desk() as desk:
        found = read_lineage(desk.database, code, principal=desk.principal)
    if form == "json":
        print_json(found)
        return
    table = Table(box=None, header_style="bold")
    for title in (Text("前身", "before"), Text("关系", "relation"), Text("后继", "after")):
        table.add_column(speak(title), no_wrap=True)
    for row in found["descents"]:
        table.add_row(row["predecessor"], row["relation"], row["successor"])
    out.print(table)
    present = ", ".join(found["present"]) or "–"
    notes([Text(f"{found['code']} 现为 {present}", f"{found['code']} is now {present}")])


def _carry_out(
    act: str,
    codes: list[str],
    source: Path | None,
    *,
    on: datetime | None,
    form: str,
    crs: str | None = None,
    **options: Any,
) -> None:
    with at_desk() as desk:
        drawn = [] if source is None else read_footprints(source, crs=crs)
        request = ActRequest(act=act, codes=codes, footprints=drawn, on=on.date() if on else date.today(), **options)
        done = carry_out(desk.database, request, principal=desk.principal)
    if form == "json":
        print_json(done)
        return
    before, after = (" ".join(done[name]) for name in ("predecessors", "successors"))
    notes([Text(f"{_ACTS[act].zh}:{before} → {after or '–'}", f"{_ACTS[act].en}: {before} → {after or '–'}")])
    if "review" in done:
        notes([Text(f"待他人确认:{done['review']}", f"It waits for another to confirm it: {done['review']}")])
