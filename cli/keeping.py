"""`luotu backup` and `luotu restore`: the installation kept, and brought back."""

import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.console import EXIT_FOUND, answering, complain, notes, out, settings, speak, table_of
from cli.moments import zoned
from geocode import Text
from workflows.backing_up import follow_log, make_backup
from workflows.backup_folders import Backup, check_backup, fault, find_backup, find_backups
from workflows.restoring import restore_backup

__all__ = ["backup", "restore"]

_BYTES_OF_MB = 1_000_000
_SOUND = Text("账本、登记簿和文件均完好。", "Nothing is wrong with ledger, register and documents.")
_NEW_KEY = Text(
    "备份不含签名私钥:下一个账本头将用新密钥签名,请公布新的公钥(luotu ledger keys)。",
    "The backup has no private key: a new one will sign the next head; publish its public half (luotu ledger keys).",
)
_WITH_KEY = Text(
    "其中含签名私钥:请像私钥一样保管此备份。", "It holds the private key that signs: keep this backup as safe as that."
)
_WITHOUT_KEY = Text(
    "不含签名私钥(--private-key 可加入);没有它,恢复后用新密钥签名。",
    "The private key is not in it (--private-key adds it): without it a new one signs after a restore.",
)
_OUTSIDE = Text(
    "DATABASE_URL 的数据库不在其中:请其管理员用 pg_basebackup 或 pg_dump 先行备份;此处记下了账本头和各表的摘要,恢复后据此核对。",
    "The database of DATABASE_URL is not in it: have it backed up first, by pg_basebackup or pg_dump. "
    "Its ledger's head and tables' digests are, and show later that what was restored is the same.",
)


def backup(
    folder: Annotated[
        Path, typer.Argument(help="Folder of backups, made when missing; better on another machine's disk")
    ],
    *,
    listed: Annotated[bool, typer.Option("--list", help="List the backups in it, make none")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read all of the newest one, make none")] = False,
    private_key: Annotated[
        bool,
        typer.Option(
            "--private-key", help="With the key that signs the ledger's heads: keep such a backup as safe as it"
        ),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Receive the database's log into it as it is written, until stopped")
    ] = False,
    synchronous: Annotated[
        bool, typer.Option("--synchronous", help="With --follow: nothing is answered before it is safe there too")
    ] = False,
) -> None:
    """Back up the database, the documents, the ledger's heads and public keys, and verify what was written; the service goes on."""
    if synchronous and not follow:
        raise typer.BadParameter(speak(Text("--synchronous 须与 --follow 同用。", "--synchronous goes with --follow.")))
    with answering():
        if listed:
            _print_backups(find_backups(folder))
        elif verify:
            _print_verified(find_backup(folder))
        elif follow:
            _follow(folder, synchronous=synchronous)
        else:
            _print_made(make_backup(settings(), folder, private_key=private_key))


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A backup, or a folder of backups: the newest then")],
    *,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
            metavar="TIME",
            help="As it was at a time, UTC where it has no zone; for that the log was followed",
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even where something is damaged: it is told, and the exit code is 1")
    ] = False,
) -> None:
    """Restore a backup into the empty folder LUOTU_HOME, verified before and after: all of it, or nothing."""
    with answering():
        restored = restore_backup(settings(), source, until=zoned(until), anyway=anyway)
    for each in restored.faults:
        complain(speak(each.text), speak(each.remedy))
    facts = restored.backup.facts
    notes(
        [
            Text(
                f"已恢复 {restored.backup.folder}:账本 {restored.size} 个事件,根 {restored.root};"
                f"{facts.documents} 个文件;{restored.tables} 张表与备份时逐行相同。",
                f"{restored.backup.folder} is restored: {restored.size} events, root {restored.root}; {facts.documents} documents; "
                f"{restored.tables} tables row by row as they were.",
            ),
            *([] if restored.faults else [_SOUND]),
            *([] if restored.has_key else [_NEW_KEY]),
            Text("用 luotu serve 或 luotu db start 启动。", "luotu serve or luotu db start starts it."),
        ]
    )
    if restored.faults:
        raise typer.Exit(EXIT_FOUND)


def _print_made(made: Backup) -> None:
    facts = made.facts
    said = Text(
        "含数据库" if facts.database else "不含数据库",
        "with the database" if facts.database else "without the database",
    )
    notes(
        [
            Text(
                f"已备份到 {made.folder}({said.zh}):账本 {facts.ended.size} 个事件,{facts.documents} 个文件。已逐一核对。",
                f"{made.folder}, {said.en}: {facts.ended.size} events, {facts.documents} documents. All of it was verified.",
            ),
            *([_WITH_KEY if facts.private_key else _WITHOUT_KEY]),
            *([] if facts.database else [_OUTSIDE]),
        ]
    )
    for sha256 in facts.documents_damaged:
        found = fault("document_damaged", sha256=sha256)
        complain(speak(found.text), speak(found.remedy))
    if facts.documents_damaged:
        raise typer.Exit(EXIT_FOUND)


def _print_backups(backups: list[Backup]) -> None:
    columns = [Text("备份", "backup"), Text("结束于", "ended"), Text("程序", "program"), Text("数据库", "database")]
    numbers = [Text("事件", "events"), Text("文件", "documents"), Text("文件 MB", "documents, MB")]
    table = table_of(*((title, "left") for title in columns), *((title, "right") for title in numbers))
    for each in backups:
        facts = each.facts
        told = (f"{facts.ended_at:%Y-%m-%d %H:%M:%SZ}", facts.program, facts.database or "–")
        counted = (facts.ended.size, facts.documents, f"{facts.documents_bytes / _BYTES_OF_MB:.1f}")
        table.add_row(each.folder.name, *told, *map(str, counted))
    out.print(table)


def _print_verified(found: Backup) -> None:
    wrong = list(check_backup(found))
    for each in wrong:
        complain(speak(each.text), speak(each.remedy))
    if wrong:
        raise typer.Exit(EXIT_FOUND)
    notes([Text(f"{found.folder} 完好。", f"Nothing is wrong with {found.folder}.")])


def _follow(folder: Path, *, synchronous: bool) -> None:
    # systemd ends it so: in order, with the service told to wait for nobody
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    notes([Text(f"正在接收日志到 {folder}(Ctrl+C 停止)。", f"The log is received into {folder} (Ctrl+C stops that).")])
    raise typer.Exit(follow_log(settings(), folder, synchronous=synchronous))
