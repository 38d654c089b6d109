"""`luotu ledger`: verify, prove and export the one log of everything that happened."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, answering, complain, notes, out, print_json, settings, speak
from geocode import Text
from workflows.databases import opened_database
from workflows.ledger_exports import export_ledger, read_keys, verify_export, verify_proof
from workflows.ledgers import prove_name, show_keys
from workflows.verifying import VerifiedLedger, verify_database

__all__ = ["ledger"]

ledger = typer.Typer(help="The ledger: verify, prove, export.", no_args_is_help=True)
Heads = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="A file with a signed head from elsewhere; several may be named"),
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="A public key that is trusted, or a file of such; several may be named"),
]


@ledger.command()
def verify(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[EXPORT|PROOF]", help="An export or a proof; without it the database itself"),
    ] = None,
    *,
    checkpoint: Heads = None,
    key: Keys = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON")] = False,
) -> None:
    """Verify the ledger, its signed heads, and the register's rows and documents against it; say what is wrong and where."""
    configured = settings()
    with answering():
        heads = [(str(path), path.read_text(encoding="utf-8")) for path in checkpoint or []]
        keys = [each for text in key or [] for each in read_keys(_text_of(text))]
        remarks: list[Text] = []
        if source is None:
            with opened_database(configured, sealing=False) as database:
                found = verify_database(database, configured, notes=heads, keys=keys)
        else:
            known = keys or read_keys("\n".join(show_keys(configured)))
            if source.suffix == ".json":
                found = verify_proof(_read_proof(source), keys=known, notes=heads)
            else:
                found, remarks = verify_export(source, keys=known, notes=heads)
    notes(remarks)
    if as_json:
        print_json(found.as_json())
    else:
        _print_found(found)
    if not found.is_sound:
        raise typer.Exit(EXIT_FOUND)


@ledger.command()
def prove(
    name: Annotated[str, typer.Argument(help="Number of an event, or the code of a building: its newest event then")],
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the proof to a file (.json)")] = None,
) -> None:
    """Print the proof that an event is in the ledger: the event, its path to the root, and the signed head."""
    configured = settings()
    with answering(), opened_database(configured) as database:
        proof = prove_name(database, configured, name)
    if output is None:
        print_json(proof)
    else:
        with answering():
            output.write_text(json.dumps(proof, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        sentence = f"It is in {output}; luotu ledger verify {output} verifies it."
        notes([Text(f"证明已写入 {output},用 luotu ledger verify {output} 验证。", sentence)])


@ledger.command()
def export(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file that ends with .zip")],
    *,
    since: Annotated[int, typer.Option(help="Number of the first event that is wanted", min=0)] = 0,
) -> None:
    """Write the ledger with all that is needed to verify it anywhere."""
    configured = settings()
    with answering(), opened_database(configured) as database:
        about = export_ledger(database, configured, target, since=since)
        count = about["size"] - about["since"]
        notes([Text(f"已导出 {count} 个事件到 {target}。", f"{count} events exported to {target}.")])


@ledger.command()
def keys() -> None:
    """Print the public keys that sign the ledger's heads, the newest last: publish them."""
    with answering():
        for line in show_keys(settings()):
            typer.echo(line)


def _text_of(named: str) -> str:
    path = Path(named)
    return path.read_text(encoding="utf-8") if path.is_file() else named


def _read_proof(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _print_found(found: VerifiedLedger) -> None:
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    for title, value in (
        (Text("事件", "events"), str(found.size)),
        (Text("根", "root"), found.root or "–"),
        (Text("签名头", "signed heads"), str(found.heads)),
        *((Text(f"表 {name}", name), str(count)) for name, count in found.rows.items() if count),
    ):
        table.add_row(speak(title), value)
    out.print(table)
    for each in found.findings:
        place = " · ".join(
            [
                *([speak(Text(f"事件 {each.seq}", f"event {each.seq}"))] if each.seq is not None else []),
                *([f"{each.table} {each.key or ''}".strip()] if each.table else []),
            ]
        )
        complain(speak(each.fault.text), speak(each.fault.remedy), place=place)
    if found.more:
        notes([Text(f"另有 {found.more} 处。", f"And {found.more} more.")])
    if found.is_sound:
        notes([Text("账本完好。", "Nothing was changed.")])
