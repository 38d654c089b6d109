"""`luotu run`: kept answers of the blueprint, shown and computed again."""

from typing import Annotated, Any, Literal

import typer

from cli.console import EXIT_FOUND, notes, out, print_json, speak, table_of
from cli.desk import at_desk
from geocode import Text
from workflows.recomputing import verify_run
from workflows.runs import show_run

__all__ = ["run"]

run = typer.Typer(
    help="Kept answers of the blueprint: what they rest on, and whether they can be had again.", no_args_is_help=True
)
Identity = Annotated[str, typer.Argument(metavar="ID", help="The id of the run, as its answer tells it")]
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
_STYLES = {"same": "green", "differs": "red", "damaged": "red"}


@run.command()
def show(identity: Identity, *, form: Form = "json") -> None:
    """Show a run: the question, what its answer rests on, the answer and the hashes of both."""
    with at_desk() as desk:
        told = show_run(desk.database, identity, principal=desk.principal)
    if form == "json":
        print_json(told)
        return
    facts = table_of((Text("项", "what"), "left"), (Text("内容", "is"), "left"))
    for name, value in _facts(told).items():
        facts.add_row(name, value)
    out.print(facts)


@run.command()
def verify(identity: Identity, *, form: Form = "table") -> None:
    """Compute a run again from what it rests on, and name what differs."""
    with at_desk() as desk:
        told = verify_run(desk.database, identity, principal=desk.principal, settings=desk.settings)
    if form == "json":
        print_json(told)
    else:
        _print_verdict(told)
    if told["verdict"] != "same":
        raise typer.Exit(EXIT_FOUND)


def _facts(told: dict[str, Any]) -> dict[str, str]:
    editions = ", ".join(f"{layer} {edition}" for layer, edition in sorted(told["inputs"]["editions"].items()))
    engine = ", ".join(f"{name} {version}" for name, version in told["inputs"]["engine"].items())
    names = ("id", "kind", "as_of", "known_at", "recorded_at", "base", "rule_set", "inputs_sha256", "sha256")
    return {
        **{name: str(told[name] or "–") for name in names},
        "office": speak(told["office"]),
        "editions": editions,
        "engine": engine,
    }


def _print_verdict(told: dict[str, Any]) -> None:
    out.print(f"[bold {_STYLES[told['verdict']]}]{speak(told['text'])}[/]")
    out.print(f"{told['kind']} · {told['as_of']} · SHA-256 {told['sha256']}", markup=False)
    for each in told["engine"]:
        now, then = each["now"] or "–", each["then"] or "–"
        notes([Text(f"{each['name']}:当时 {then},现在 {now}", f"{each['name']}: then {then}, now {now}")])
    if told["differences"]:
        found = table_of(
            (Text("位置", "where"), "left"), (Text("保存的", "kept"), "left"), (Text("重算的", "again"), "left")
        )
        for each in told["differences"]:
            found.add_row(each["path"], str(each["kept"]), str(each["recomputed"]))
        out.print(found, markup=False)
