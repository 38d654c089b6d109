"""`luotu review`: the queue of what a person decides."""

import re
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli.console import EXIT_USAGE, ROW, complain, notes, out, print_json, speak
from cli.desk import at_desk
from geocode import Text
from workflows.procedures import configured_procedure
from workflows.reviews import Assignment, decide_review, find_reviews, read_review

__all__ = ["review"]

review = typer.Typer(help="Reviews: list, show, accept, reject, relate.", no_args_is_help=True)
Identity = Annotated[str, typer.Argument(metavar="REVIEW", help="Id of the review, as list prints it")]
Reason = Annotated[str | None, typer.Option(help="Why; kept with the decision")]
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
_RELATION = re.compile(r"(?P<relation>[a-z]+):(?P<rows>\d+(,\d+)*)(=(?P<codes>.+))?")
_DECISIONS = {
    "accepted": Text("已接受", "accepted"),
    "rejected": Text("已退回", "rejected"),
    "related": Text("已指定关系", "related"),
}


@review.command("list")
def list_(
    *,
    upload: Annotated[str | None, typer.Option(help="Those of one upload alone")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided, too")] = False,
    form: Form = "table",
) -> None:
    """List the reviews that wait, the newest first."""
    with at_desk() as desk:
        found = find_reviews(desk.database, principal=desk.principal, is_open=not everything, upload=upload)
    if form == "json":
        print_json(found)
        return
    table = Table(box=None, header_style="bold")
    titles = (
        ("编号", "review"),
        ("关系", "relation"),
        ("置信度", "confidence"),
        ("行数", "rows"),
        ("建筑", "buildings"),
    )
    for zh, en in (*titles, ("文件", "file"), ("结果", "decision")):
        table.add_column(speak(Text(zh, en)), no_wrap=en == "review")
    for row in found:
        decided = speak(_DECISIONS[row["decision"]]) if row["decision"] else ""
        known = " ".join(row["buildings"])
        sure = f"{row['confidence']:.2f}"
        table.add_row(row["id"], row["relation"], sure, str(row["rows"]), known, row["file"] or "", decided)
    out.print(table)


@review.command()
def show(identity: Identity, *, form: Form = "table") -> None:
    """Show a review: its rows, the buildings as they stand now, and the measures."""
    with at_desk() as desk:
        found = read_review(desk.database, identity, principal=desk.principal)
    if form == "json":
        print_json(found)
    else:
        _print_review(found)


@review.command()
def accept(identity: Identity, *, reason: Reason = None, form: Form = "table") -> None:
    """Accept what the match, or who proposed it, says; it is carried out at once."""
    _decide(identity, "accept", [], reason, form)


@review.command()
def reject(identity: Identity, *, reason: Reason = None, form: Form = "table") -> None:
    """Reject a review: nothing is registered."""
    _decide(identity, "reject", [], reason, form)


@review.command()
def relate(
    identity: Identity,
    relations: Annotated[
        list[str], typer.Argument(metavar="RELATION:ROWS[=CODES]...", help="Such as split:3,4=CODE or new:5")
    ],
    *,
    reason: Reason = None,
    form: Form = "table",
) -> None:
    """Say what rows are to buildings: new, same, revised, rebuilt, split, merged."""
    _decide(identity, "relate", [_read_relation(text) for text in relations], reason, form)


def _read_relation(text: str) -> Assignment:
    match = _RELATION.fullmatch(text)
    if match is None:
        complain(
            speak(Text(f"无法识别“{text}”。", f"“{text}” is not understood.")),
            speak(
                Text("写作 关系:行号=编码,例如 split:3,4=CODE。", "Write RELATION:ROWS=CODES, such as split:3,4=CODE.")
            ),
        )
        raise typer.Exit(EXIT_USAGE)
    codes = match["codes"].split(",") if match["codes"] else []
    return Assignment(relation=match["relation"], rows=[int(row) for row in match["rows"].split(",")], codes=codes)


def _decide(identity: str, decision: str, relations: list[Assignment], reason: str | None, form: str) -> None:
    with at_desk() as desk:
        done = decide_review(
            desk.database,
            identity,
            principal=desk.principal,
            decision=decision,
            relations=relations,
            reason=reason,
            procedure=configured_procedure(desk.settings),
        )
    if form == "json":
        print_json(done)
        return
    notes([_DECISIONS[done["decision"]]])
    for each in done.get("relations", ()):
        known, codes = " ".join(each["known"]) or "–", " ".join(each["codes"])
        rows = ", ".join(map(str, each["rows"]))
        notes(
            [
                Text(
                    f"{each['relation']}:第 {rows} 行,{known} → {codes}",
                    f"{each['relation']}: rows {rows}, {known} → {codes}",
                )
            ]
        )


def _print_review(found: dict[str, Any]) -> None:
    notes(
        [
            Text(
                f"{found['relation']},置信度 {found['confidence']:.2f}",
                f"{found['relation']}, confidence {found['confidence']:.2f}",
            )
        ]
    )
    if found["reason"]:
        notes([Text(*(found["reason"]["text"][tongue] for tongue in ("zh", "en")))])
    table = Table(box=None, header_style="bold")
    for title in (ROW, Text("名称", "name"), Text("绘制编码", "code as drawn")):
        table.add_column(speak(title))
    for row in found["rows"]:
        table.add_row(str(row["row"]), row["name"] or "", row["drawn"])
    out.print(table)
    measures = Table(box=None, header_style="bold")
    titles = ((ROW.zh, ROW.en), ("建筑", "building"), ("交并比", "IoU"), ("占行", "of row"), ("占建筑", "of building"))
    for zh, en in (*titles, ("形心距 m", "centroids m"), ("最大偏差 m", "Hausdorff m")):
        measures.add_column(speak(Text(zh, en)))
    for each in found["measures"]:
        shares = [f"{each[name]:.3f}" for name in ("iou", "share_of_delivered", "share_of_known")]
        ways = [f"{each[name]:.2f}" for name in ("centroid_shift_m", "hausdorff_m")]
        measures.add_row(str(each["row"]), each["code"], *shares, *ways)
    out.print(measures)
    changed = [each["code"] for each in found["buildings"] if each["changed"]]
    if changed:
        codes = ", ".join(changed)
        notes([Text(f"此后已变更:{codes}", f"Changed since: {codes}")])
    if found["decision"]:
        notes([_DECISIONS[found["decision"]["decision"]]])
