"""``luotu``: the command line's root. A command's module is loaded when the command is asked for."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from geocode import __version__

__all__ = ["app"]

_COMMANDS = {
    "code": "cli.coding",
    "decode": "cli.naming",
    "alias": "cli.naming",
    "upload": "cli.register",
    "check": "cli.blueprint",
    "extract": "cli.extracts",
    "run": "cli.runs",
    "resolve": "cli.resolving",
    "review": "cli.reviews",
    "building": "cli.lives",
    "stage": "cli.stages",
    "project": "cli.projects",
    "units": "cli.units",
    "aliases": "cli.units",
    "facilities": "cli.facilities",
    "layers": "cli.layers",
    "conflicts": "cli.conflicts",
    "cases": "cli.cases",
    "differences": "cli.differences",
    "sites": "cli.sites",
    "rules": "cli.rules",
    "statistics": "cli.statistics",
    "document": "cli.documents",
    "certificate": "cli.documents",
    "ledger": "cli.ledger",
    "db": "cli.database",
    "office": "cli.identities",
    "key": "cli.identities",
    "user": "cli.identities",
    "audit": "cli.identities",
    "backup": "cli.keeping",
    "restore": "cli.keeping",
    "exchange": "cli.exchange",
    "webhook": "cli.exchange",
    "serve": "cli.serving",
    "work": "cli.exchange",
    "worker": "cli.jobs",
    "jobs": "cli.jobs",
}


class Commands(TyperGroup):
    """The commands by name: most of the time a command takes to start goes into what other commands need."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command, with nothing to read or nowhere to write where the shell has closed a stream (``<&-``)."""
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as we run
        return super().main(*arguments, **options)

    def list_commands(self, _context: Any) -> list[str]:
        """Return the names in the order in which help lists them."""
        return list(_COMMANDS)

    def get_command(self, _context: Any, name: str) -> Any:
        """Return a command, loaded, or None where there is none of that name."""
        if name not in _COMMANDS:
            return None
        found = getattr(import_module(_COMMANDS[name]), "database" if name == "db" else name)
        alone = typer.Typer(rich_markup_mode=None, callback=_keep_group)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=name)
        else:
            alone.command(name)(found)
        return get_group(alone).commands[name]


def _keep_group() -> None:
    """Keep Typer from making one command of a group of one."""


app = typer.Typer(
    name="luotu",
    cls=Commands,
    help="Luotu 落图: drawing is coding. 落图即赋码。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer's callback
    if wanted:
        typer.echo(f"luotu {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False
) -> None:
    """Luotu 落图: drawing is coding. Exit codes: 0 ok, 1 faults or findings, 2 usage, 3 input refused."""


if __name__ == "__main__":
    app()
