"""``luotu``: the command line's root."""

from typing import Annotated

import typer

from cli import blueprint, coding, database, naming, register, serving
from geocode import __version__

__all__ = ["app"]

app = typer.Typer(
    name="luotu",
    help="Luotu 落图: drawing is coding. 落图即赋码。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("code")(coding.code)
app.command("decode")(naming.decode)
app.command("alias")(naming.alias)
app.command("upload")(register.upload)
app.command("check")(blueprint.check)
app.command("resolve")(register.resolve)
app.add_typer(blueprint.layers, name="layers")
app.add_typer(database.database, name="db")
app.command("serve")(serving.serve)


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
