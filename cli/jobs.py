"""`luotu worker`: runs jobs. `luotu jobs`: what became of them."""

import signal
from typing import Annotated, Any

import typer

from cli.console import answering, notes, out, print_json, row_count, settings, speak, table_of
from cli.desk import at_desk
from geocode import Text
from workflows.databases import start_database
from workflows.jobs import cancel_job, list_jobs, show_job, work
from workflows.logs import start_logs

__all__ = ["jobs", "worker"]

jobs = typer.Typer(help="Uploads that go on after their request was answered.", no_args_is_help=True)
Identity = Annotated[str, typer.Argument(metavar="ID", help="The job's id, as `luotu jobs list` tells it")]


def worker(
    *, once: Annotated[bool, typer.Option("--once", help="Run the jobs that wait now, and end")] = False
) -> None:
    """Run jobs until stopped; several workers may run at the same time. `luotu serve` has one of its own."""
    configured = settings()
    with answering():
        start_database(configured)
        notes([Text("等待任务(Ctrl+C 停止)", "Waiting for jobs (Ctrl+C stops it)")])
        # at once, also in the middle of a job: the next worker begins it again
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if not once:
            start_logs(configured)
        work(configured, once=once)


@jobs.command("list")
def list_all() -> None:
    """List the newest jobs, and where each of them stands."""
    with at_desk() as desk:
        found = list_jobs(desk.database, principal=desk.principal)
    table = table_of(
        (Text("编号", "id"), "left"),
        (Text("文件", "file"), "left"),
        (Text("提交", "asked for"), "left"),
        (Text("状态", "state"), "left"),
        (Text("进度或结果", "how far, or what became of it"), "left"),
    )
    for job in found:
        table.add_row(job["id"], job["file"], job["recorded_at"][:19], speak(job["text"]), _far(job))
    out.print(table)


@jobs.command()
def show(identity: Identity) -> None:
    """Show a job: what was asked for, where it stands, its result or why there is none."""
    with at_desk() as desk:
        print_json(show_job(desk.database, identity, principal=desk.principal))


@jobs.command()
def cancel(identity: Identity) -> None:
    """Have a job end; nothing of it is stored."""
    with at_desk() as desk:
        job = cancel_job(desk.database, identity, principal=desk.principal)
        notes([Text(f"任务{speak(job['text'])}。", f"The job is {speak(job['text'])}.")])


def _became(result: dict[str, Any]) -> Text:
    """Return what became of the rows of an upload that is done, as the upload itself says it."""
    rows, accepted, held, refused = (result[name] for name in ("rows", "accepted", "held", "refused"))
    zh = "".join(f",{word} {count}" for word, count in (("待审", held), ("拒绝", refused)) if count)
    en = "".join(f", {count} {word}" for count, word in ((held, "held"), (refused, "refused")) if count)
    again = ("(此前已上传)", " (uploaded before)") if result["repeated"] else ("", "")
    return Text(f"{rows} 行:接受 {accepted}{zh}{again[0]}", f"{row_count(rows)}: {accepted} accepted{en}{again[1]}")


def _far(job: dict[str, Any]) -> str:
    if job["problem"] is not None:
        return speak(job["problem"]["text"])
    if job["result"] is not None:
        return speak(_became(job["result"]))
    if job["step"] is None:
        return ""
    rows = f" {job['done']}/{job['total']}" if job["total"] else ""
    return speak(job["step"]) + rows
