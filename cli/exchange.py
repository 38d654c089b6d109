"""`luotu exchange`, `luotu webhook` and `luotu work`: packages, sister systems, and the worker that tells them."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import EXIT_FOUND, answering, notes, out, print_json, settings
from cli.desk import at_desk
from geocode import Text
from workflows.databases import opened_database, start_database
from workflows.exporting import export_package
from workflows.importing import import_package, trusted_keys
from workflows.logs import start_logs
from workflows.webhooks import deliver_due, end_webhook, open_webhook, read_webhooks

__all__ = ["exchange", "webhook", "work"]

_REST_S = 1.0
exchange = typer.Typer(help="Packages for and from sister systems.", no_args_is_help=True)
webhook = typer.Typer(help="Sister systems that are told of every event.", no_args_is_help=True)


@exchange.command("export")
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The package to be made")],
    *,
    project: Annotated[str | None, typer.Option(help="Code or id of a project; everything without it")] = None,
    after: Annotated[int, typer.Option(help="Position that the last package reached, its `to`")] = -1,
    approval: Annotated[str | None, typer.Option(help="Number of the approval of an export beyond the cap")] = None,
) -> None:
    """Write a package: events, proofs, geometries and documents, signed by this ledger's key."""
    wanted: dict[str, Any] = {"project": project, "after": after, "approval": approval}
    with at_desk() as desk:
        print_json(export_package(desk.database, desk.settings, target, principal=desk.principal, **wanted))


@exchange.command("import")
def take(
    source: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The package")],
    *,
    key: Annotated[
        list[str] | None, typer.Option(help="Public key of the sender, as its `luotu ledger keys` tells it")
    ] = None,
) -> None:
    """Take over what a package tells; what was taken over before is left alone. Exit code 1 where events are refused."""
    with at_desk() as desk:
        keys = trusted_keys(desk.settings, key or [])
        taken = import_package(desk.database, desk.settings, source, principal=desk.principal, keys=keys)
        print_json(taken)
    if taken["refused"]:
        raise typer.Exit(EXIT_FOUND)


@webhook.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where to; its host must be in LUOTU_WEBHOOK_HOSTS")],
    label: Annotated[str, typer.Option(help="Who is told")] = "webhook",
) -> None:
    """Tell a sister system of every event from now on, and print the secret that signs: the only time it is seen."""
    with at_desk() as desk:
        print_json(
            open_webhook(
                desk.database, principal=desk.principal, label=label, url=url, hosts=desk.settings.callable_hosts
            )
        )


@webhook.command("list")
def list_all() -> None:
    """List the subscriptions, and how much each is still owed."""
    with at_desk() as desk:
        print_json({"subscriptions": read_webhooks(desk.database, principal=desk.principal)})


@webhook.command("end")
def end(identity: Annotated[str, typer.Argument(metavar="ID", help="As `luotu webhook list` tells it")]) -> None:
    """End a subscription; it stays on record."""
    with at_desk() as desk:
        end_webhook(desk.database, identity, principal=desk.principal)
        notes([Text("订阅已结束。", "The subscription has ended.")])


def work(*, once: Annotated[bool, typer.Option("--once", help="Send what is due now, and end")] = False) -> None:
    """Send webhooks until stopped; several workers may run at the same time."""
    configured = settings()
    if not once:
        start_logs(configured)
    with answering():
        start_database(configured)
        with opened_database(configured) as database:
            while True:
                sent = deliver_due(database)
                if sent.delivered or sent.failed:
                    out.print(f"{sent.delivered} ✓  {sent.failed} ✗")
                if once:
                    return
                # a full round may have more behind it
                time.sleep(0.0 if sent.delivered else _REST_S)
