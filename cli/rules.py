"""`luotu rules`: the rules that the blueprint judges by, and what is doubtful in them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.console import EXIT_FOUND, answering, notes, out, print_json, settings, speak, table_of
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.rule_sets import doubts_of_rules, list_rules, read_rule_file, rule_set, show_rule

__all__ = ["rules"]

rules = typer.Typer(help="The rules that the blueprint judges by.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]


@rules.command("list")
def list_all(*, form: Form = "table") -> None:
    """List the rules: what each measures, how hard it is, and how sure its basis."""
    with answering():
        found = list_rules(settings())
    if form == "json":
        print_json(found)
        return
    table = table_of(
        (Text("规则", "rule"), "left"),
        (Text("内容", "what"), "left"),
        (Text("判定", "measures"), "left"),
        (Text("图层", "layers"), "left"),
        (Text("程度", "severity"), "left"),
        (Text("依据", "basis"), "left"),
        (Text("状态", "state"), "left"),
    )
    for one in found["rules"]:
        table.add_row(
            one["id"],
            speak(one["title"]),
            one["predicate"],
            " ".join(one["layers"]),
            one["shown_severity"],
            f"{_basis(one)} ({one['confidence']})",
            speak(_state(one)),
        )
    out.print(table)
    notes([_summary(found)])


@rules.command("show")
def show(rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, such as R03")]) -> None:
    """Tell all that a rule says, as its file has it."""
    with answering():
        print_json(show_rule(settings(), rule))


@rules.command("lint")
def lint(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A city's file; the configured one without")
    ] = None,
    *,
    form: Form = "table",
) -> None:
    """Tell what is doubtful in the rules: unknown layers and attributes, no limit, no basis, unconfirmed, duplicates."""
    with answering():
        configured = settings()
        read = rule_set(configured) if file is None else read_rule_file(file)
        found = doubts_of_rules(read, configured_catalogue(configured))
    if form == "json":
        print_json(found)
    else:
        table = table_of(
            (Text("规则", "rule"), "left"), (Text("疑点", "doubt"), "left"), (Text("处理", "what to do"), "left")
        )
        for one in found:
            table.add_row(one["rule"], speak(one["text"]), speak(one["remedy"]))
        out.print(table)
    if found:
        raise typer.Exit(EXIT_FOUND)


def _basis(one: dict[str, Any]) -> str:
    return "; ".join(f"{basis['doc']} {basis['article']}".strip() for basis in one["basis"])


def _state(one: dict[str, Any]) -> Text:
    kinds = {doubt["kind"] for doubt in one["doubts"]}
    if kinds & {"no_threshold", "no_list"}:
        return Text("等待城市数据", "waits for the city")
    if one["changed"]:
        return Text("城市已修改", "changed by the city")
    return Text("仅提示", "advises") if one["advisory"] else Text("", "")


def _summary(found: dict[str, Any]) -> Text:
    count, version = len(found["rules"]), found["version"][:12]
    off = ", ".join(found["disabled"])
    zh, en = f"{count} 条规则,版本 {version}", f"{count} rules, version {version}"
    return Text(f"{zh};停用 {off}", f"{en}; out of force: {off}") if off else Text(zh, en)
