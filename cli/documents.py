"""`luotu document` and `luotu certificate`: the papers of buildings."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, answering, notes, out, print_json, settings, speak
from cli.desk import at_desk
from geocode import Text
from workflows.attaching import AttachOptions, attach_file, list_documents, open_attachment, received, withdraw_document
from workflows.certifying import issue_certificate, verify_certificate
from workflows.ledgers import show_keys
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes

__all__ = ["certificate", "document"]

document = typer.Typer(help="Drawings, reports, certificates: attach, list, get, withdraw.", no_args_is_help=True)
certificate = typer.Typer(help="Certificates of codes: issue, verify.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Name = Annotated[str, typer.Argument(help="A code, leniently typed, an alias, or project/ and a project's id or code")]
Identity = Annotated[str, typer.Argument(metavar="ID", help="The attachment's id, as list prints it")]


@document.command()
def attach(
    name: Name,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The drawing, report or certificate")],
    *,
    kind: Annotated[str, typer.Option(help="What it is, such as as_built_drawing")] = "other",
    title: Annotated[str, typer.Option(help="What people call it; the file's name where it is left out")] = "",
    stage: Annotated[str | None, typer.Option(help="The stage it belongs to")] = None,
    form: Form = "table",
) -> None:
    """Attach a document to a building or a project. Its type is told from its bytes."""
    with (
        at_desk() as desk,
        source.open("rb") as stream,
        received(stream, source.name, limit_mb=desk.settings.document_limit_mb) as delivered,
    ):
        told = attach_file(
            desk.database,
            name,
            delivered,
            principal=desk.principal,
            documents=desk.settings.documents,
            options=AttachOptions(kind=kind, title=title, stage=stage),
            schemes=configured_schemes(desk.settings),
            stages=configured_procedure(desk.settings).stages,
        )
    if told["repeated"]:
        notes([Text("同一文件此前已附加于此。", "The same document was attached here before.")])
    _print([told], form)


@document.command(name="list")
def list_(name: Name, form: Form = "table") -> None:
    """List the documents of a building or a project."""
    with at_desk() as desk:
        schemes, stages = configured_schemes(desk.settings), configured_procedure(desk.settings).stages
        told = list_documents(desk.database, name, principal=desk.principal, schemes=schemes, stages=stages)
    _print(told["documents"], form)


@document.command()
def get(
    identity: Identity,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; its own name by default")] = None,
) -> None:
    """Write a document to a file, once its bytes are found to be those that were kept."""
    with at_desk() as desk:
        opened = open_attachment(desk.database, identity, principal=desk.principal, documents=desk.settings.documents)
        target = output or Path(opened.name)
        with closing(opened.stream) as stream, target.open("wb" if output else "xb") as copy:
            shutil.copyfileobj(stream, copy)
    notes([Text(f"{target} · SHA-256 {opened.sha256}", f"{target} · SHA-256 {opened.sha256}")])


@document.command()
def withdraw(
    identity: Identity,
    reason: Annotated[str, typer.Option(help="Why")] = "",
    form: Form = "table",
) -> None:
    """Withdraw a document: it is kept, and listed as withdrawn."""
    with at_desk() as desk:
        stages = configured_procedure(desk.settings).stages
        told = withdraw_document(desk.database, identity, principal=desk.principal, reason=reason, stages=stages)
    _print([told], form)


@certificate.command()
def issue(
    name: Annotated[str, typer.Argument(help="A code, leniently typed, or an alias")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The PDF to write; by its code and number by default")
    ] = None,
) -> None:
    """Issue the certificate of a building's code: a PDF that anyone can verify, kept with the building's documents."""
    with at_desk() as desk:
        issued = issue_certificate(
            desk.database,
            name,
            principal=desk.principal,
            settings=desk.settings,
            schemes=configured_schemes(desk.settings),
        )
        target = output or Path(issued.file_name)
        target.write_bytes(issued.pdf)
    notes([Text(f"{target} · 文件编号 {issued.document['id']}", f"{target} · document {issued.document['id']}")])


@certificate.command()
def verify(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The PDF, or the certificate.json out of it")],
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="A public key that is trusted, or a file of such, as `luotu ledger keys` prints them"
        ),
    ] = None,
    form: Form = "table",
) -> None:
    """Verify a certificate, without database or network: content, event, ledger, signature, page."""
    configured = settings()
    with answering():
        lines = [line for text in key or [] for line in _key_lines(text)]
        known = show_keys(configured)
        told = verify_certificate(source.read_bytes(), keys=lines, known=known, fonts=configured.fonts)
    if form == "json":
        print_json(told)
    else:
        _print_verification(told)
    if told["verdict"] == "false":
        raise typer.Exit(EXIT_FOUND)


def _key_lines(text: str) -> list[str]:
    """Return the keys that an option names: itself, or the lines of a file, in which at least one has to be."""
    lines = Path(text).read_text(encoding="utf-8").splitlines() if Path(text).is_file() else [text]
    return [line for line in lines if line.strip()] or [""]


_VERDICTS = {
    "genuine": Text("[bold green]证书真实[/]", "[bold green]The certificate is genuine[/]"),
    "consistent": Text(
        "[bold yellow]证书内部一致,但未核对签名密钥:请用 --key 指定登记单位的公钥[/]",
        "[bold yellow]Nothing in it is wrong, but its key is not known: name the office's public key with --key[/]",
    ),
    "false": Text("[bold red]证书不真实[/]", "[bold red]The certificate is false[/]"),
}
_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def _print_verification(told: dict[str, Any]) -> None:
    out.print(speak(_VERDICTS[told["verdict"]]))
    # whatever is in the file, it is no markup
    out.print(f"{told['code']} · {told['issued_at']} · {told['key']}", markup=False)
    for check in told["checks"]:
        out.print(f" {_MARKS[check['passed']]} {speak(check['name'])}")
        for fault in check["faults"]:
            out.print(f"   {speak(fault['text'])}", markup=False)


def _print(documents: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print_json(documents)
        return
    table = Table(box=None, header_style="bold")
    for title in (
        Text("编号", "id"),
        Text("类型", "kind"),
        Text("标题", "title"),
        Text("阶段", "stage"),
        Text("格式", "format"),
        Text("大小 kB", "size kB"),
        Text("记录于", "recorded"),
        Text("撤回于", "withdrawn"),
    ):
        table.add_column(speak(title))
    for row in documents:
        table.add_row(
            row["id"],
            speak(_pair(row["kind"])),
            row["title"],
            speak(_pair(row["stage"])) if row["stage"] else "–",
            speak(_pair(row["media_type"])),
            f"{row['size_bytes'] / 1000:.1f}",
            row["recorded_at"][:10],
            (row["withdrawn_at"] or "")[:10],
        )
    out.print(table)


def _pair(row: dict[str, str]) -> dict[str, str]:
    return {"zh": row["zh"], "en": row["en"]}
