"""`luotu conflicts`: where the layers are against each other."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.console import EXIT_FOUND, notes, out, print_json, speak, table_of
from cli.desk import Desk, at_desk
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.conflicts import (
    ConflictFilter,
    ConflictQuestion,
    Reader,
    export_conflicts,
    find_conflicts,
    list_conflicts,
    show_conflicts,
)
from workflows.rule_sets import rule_set

__all__ = ["conflicts", "print_rows", "reader_at"]

Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
_OUTCOMES = {
    "fail": Text("冲突", "conflict"),
    "fail_within_accuracy": Text("精度范围内", "within accuracy"),
    "manual": Text("须人工核查", "for a person"),
    "not_evaluated": Text("无法判定", "not evaluated"),
    "pass": Text("碎斑或低于限值", "sliver or below limits"),
}
_SEVERITIES = {
    "prohibit": Text("禁止", "prohibit"),
    "approval": Text("须审批", "approval"),
    "restrict": Text("限制", "restrict"),
    "reject": Text("退回", "reject"),
    "coordinate": Text("须协调", "coordinate"),
    "warn": Text("提示", "warn"),
    "info": Text("信息", "info"),
}


def conflicts(  # noqa: PLR0913 - one for each option
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="In this box alone, in degrees")] = None,
    run: Annotated[str | None, typer.Option(help="Look at a run that is kept; nothing is computed")] = None,
    rows: Annotated[bool, typer.Option("--rows", help="List the conflicts one by one")] = False,
    rule: Annotated[list[str] | None, typer.Option(help="Of rows: those of this rule alone")] = None,
    layer: Annotated[list[str] | None, typer.Option(help="Of rows: those of this layer alone")] = None,
    outcome: Annotated[
        list[str] | None, typer.Option(help=f"Of rows: those with this alone: {', '.join(_OUTCOMES)}")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Of rows: no more than so many")] = 100,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the conflicts to a file")] = None,
    form: Form = "table",
) -> None:
    """Find where the layers are against each other by the rules. What is found is kept as a run.

    Without a day, a time or a box, it is the standing run that is brought up to date: only what changed is computed.
    """
    box = None if bbox is None else _read_box(bbox)
    for each in outcome or ():
        if each not in _OUTCOMES:
            raise typer.BadParameter(f"{each}: {', '.join(_OUTCOMES)}", param_hint="--outcome")
    wanted = ConflictFilter(rules=rule, layers=layer, outcomes=outcome)
    listed = None
    with at_desk() as desk:
        reader = reader_at(desk)
        if run is None:
            known = zoned(known_at)
            question = ConflictQuestion(as_of=as_of.date() if as_of else None, known_at=known, bbox=box)
            found = find_conflicts(desk.database, question, reader=reader)
        else:
            found = show_conflicts(desk.database, run, reader=reader)
        if rows:
            few = ConflictFilter(rules=rule, layers=layer, outcomes=outcome, most=most)
            listed = list_conflicts(desk.database, found["run"], few, reader=reader)
        if output is not None:
            count, remarks = export_conflicts(desk.database, found["run"], output, wanted, reader=reader)
            notes([Text(f"{count} 行,写入 {output}", f"{count} rows, written to {output}"), *remarks])
    if form == "json":
        print_json({**found, **({} if listed is None else {"rows": listed})})
    else:
        _print_groups(found)
        if listed is not None:
            print_rows([{**row["properties"], "id": row["id"]} for row in listed["features"]])
            if len(listed["features"]) == most:
                notes([Text(f"只列前 {most} 处;更多用 --most", f"no more than {most} are listed; --most lists more")])
    if any(breaks(group) for group in found["rules"]):
        raise typer.Exit(EXIT_FOUND)


def reader_at(desk: Desk) -> Reader:
    """Return who reads at a desk."""
    catalogue = configured_catalogue(desk.settings)
    return Reader(desk.principal, rule_set(desk.settings), catalogue, desk.settings.documents)


def breaks(group: dict[str, Any]) -> bool:
    """Return whether a rule is broken anywhere."""
    return not group["advisory"] and bool({"fail", "fail_within_accuracy"} & set(group["outcomes"]))


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print conflicts one by one, and why some could not be told."""
    table = table_of(
        (Text("编号", "id"), "right"),
        (Text("规则", "rule"), "left"),
        (Text("左", "left"), "left"),
        (Text("右", "right"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("宽 m", "width m"), "right"),
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            row["rule"],
            *(_side(row[side]) for side in ("left", "right")),
            speak(_OUTCOMES.get(row["outcome"], Text(row["outcome"], row["outcome"]))),
            _number(row["area_m2"], 2),
            _number(row["width_m"], 3),
        )
    out.print(table)
    reasons = Counter(Text(**row["reason"]) for row in rows if row["reason"])
    notes(Text(f"{reason.zh}({count} 处)", f"{reason.en} (× {count})") for reason, count in reasons.items())


def _print_groups(found: dict[str, Any]) -> None:
    table = table_of(
        (Text("规则", "rule"), "left"),
        (Text("", ""), "left"),
        (Text("图层", "layers"), "left"),
        (Text("程度", "severity"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("处数", "rows"), "right"),
        (Text("平面面积 m²", "plane m²"), "right"),
        (Text("椭球面积 m²", "ellipsoid m²"), "right"),
    )
    for group in found["rules"]:
        layers = " × ".join(dict.fromkeys((group["left_layer"]["code"], group["right_layer"]["code"])))
        for outcome, each in group["outcomes"].items():
            table.add_row(
                group["rule"],
                speak(group["title"]) if group["title"] else "",
                layers,
                speak(_SEVERITIES[group["severity"]]),
                speak(_OUTCOMES[outcome]),
                str(each["conflicts"]),
                _number(each["area_m2"], 2),
                _number(each["ellipsoid_area_m2"], 2),
            )
    out.print(table)
    silent = len({one["rule"] for one in found["unevaluated"]})
    zh = f"{found['as_of']},{found['plane']},运算 {found['run']};{silent} 条规则因缺图层等未评(--format json 逐条说明)"
    en = (
        f"{found['as_of']}, {found['plane']}, run {found['run']}; "
        f"of {silent} rules nothing is said, for want of layers (--format json tells which)"
    )
    notes([Text(zh, en)])
    if "change" in found:
        change = found["change"]
        zh = f"新增 {change['new']},消失 {change['gone']},变化 {change['changed']}"
        notes([Text(zh, f"{change['new']} new, {change['gone']} gone, {change['changed']} changed")])


def _side(side: dict[str, Any]) -> str:
    feature = side["feature"]
    if feature is None:
        return str(side["layer"]["code"])
    return f"{side['layer']['code']} {feature['name'] or feature['id']}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _read_box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(
            speak(Text("写作 西,南,东,北,以度为单位", "write west,south,east,north in degrees"))
        ) from None
    return west, south, east, north
