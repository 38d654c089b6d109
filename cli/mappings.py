"""`luotu layers map`: how the fields and codes of delivered layers become the catalogue's."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import notes, out, print_json, speak, table_of
from cli.desk import at_desk
from cli.forms import Crs, FileLayer, TableForm
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.errors import RefusedOptionError
from workflows.mappings import list_mappings, mapping_of, propose, save_mapping, show_mapping

__all__ = ["mappings"]

mappings = typer.Typer(help="How delivered fields and codes become a layer's: said once, used by its name.")
# what a person has to say
_UNTOLD = "?"


@mappings.command("propose")
def propose_mapping(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A delivery of the layer")],
    *,
    as_layer: Annotated[str, typer.Option("--as", help="Code of the catalogue's layer")],
    layer: FileLayer = None,
    crs: Crs = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=ATTRIBUTE", help="What a field is; empty: it keeps its name")
    ] = None,
    code: Annotated[
        list[str] | None, typer.Option(metavar="CODE=CLASS", help="What a code means; empty: it stays as it is")
    ] = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep it under a name")] = None,
    form: TableForm = "table",
) -> None:
    """Tell what the fields and codes of a file seem to be, by their names and values; --save keeps it."""
    with at_desk() as desk:
        catalogue = configured_catalogue(desk.settings)
        told = propose(
            source,
            as_layer=as_layer,
            principal=desk.principal,
            layer=layer,
            crs=crs,
            fields=_pairs(field),
            catalogue=catalogue,
        )
        told["mapping"]["codes"] = _said_of(told["mapping"]["codes"], _pairs(code))
        if save is not None:
            kept = save_mapping(
                desk.database, save, mapping_of(told["mapping"]), principal=desk.principal, catalogue=catalogue
            )
    if form == "json":
        print_json(told)
    else:
        _print_proposal(told)
    if save is not None:
        _tell_kept(kept)


@mappings.command("save")
def save(
    name: Annotated[str, typer.Argument(help="What to call it")],
    source: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: layer, fields, codes")],
) -> None:
    """Keep a mapping that is written in a file, as `propose --format json` and `show` print it."""
    with at_desk() as desk:
        said = _read_json(source)
        mapping = mapping_of(
            said.get("mapping", {key: said[key] for key in ("layer", "fields", "codes") if key in said})
        )
        kept = save_mapping(
            desk.database, name, mapping, principal=desk.principal, catalogue=configured_catalogue(desk.settings)
        )
    _tell_kept(kept)


@mappings.command("list")
def list_all(*, form: TableForm = "table") -> None:
    """List the office's mappings."""
    with at_desk() as desk:
        found = list_mappings(desk.database, principal=desk.principal)
    if form == "json":
        print_json(found)
        return
    table = table_of(
        (Text("名称", "name"), "left"),
        (Text("版本", "version"), "right"),
        (Text("图层", "layer"), "left"),
        (Text("字段", "fields"), "right"),
        (Text("代码", "codes"), "right"),
    )
    for each in found:
        sizes = (str(len(each["fields"])), str(len(each["codes"])))
        table.add_row(each["name"], str(each["version"]), each["layer"], *sizes)
    out.print(table)


@mappings.command("show")
def show(
    name: Annotated[str, typer.Argument(help="What it is called")],
    *,
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version")] = None,
    form: TableForm = "table",
) -> None:
    """Show a mapping: what each field is, and what each code means."""
    with at_desk() as desk:
        found = show_mapping(desk.database, name, principal=desk.principal, version=version)
    if form == "json":
        print_json(found)
        return
    table = table_of((Text("交付", "delivered"), "left"), (Text("图层", found["layer"]), "left"))
    for pairs in (found["fields"], found["codes"]):
        for delivered, meant in pairs.items():
            table.add_row(delivered, meant)
    out.print(table)


def _pairs(said: list[str] | None) -> dict[str, str]:
    return {delivered: meant for delivered, _, meant in (each.partition("=") for each in said or ())}


def _said_of(codes: dict[str, str], said: dict[str, str]) -> dict[str, str]:
    """Return what codes mean, what a person says before what was told from their names."""
    return {code: meant for code, meant in {**codes, **said}.items() if meant}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as error:
        raise _not_json(path) from error
    if not isinstance(said, dict):
        raise _not_json(path)
    return said


def _not_json(path: Path) -> RefusedOptionError:
    return RefusedOptionError(
        Text(f"{path.name} 不是 JSON 对象。", f"{path.name} is no JSON object."),
        Text(
            "用 luotu layers map propose --format json 的输出改写。",
            "Begin with what luotu layers map propose --format json prints.",
        ),
    )


def _print_proposal(told: dict[str, Any]) -> None:
    codes = told["mapping"]["codes"]
    table = table_of(
        (Text("字段", "field"), "left"), (Text("属性", "attribute"), "left"), (Text("依据", "why"), "left")
    )
    for each in told["fields"]:
        table.add_row(each["name"], each["attribute"] or _UNTOLD, speak(each["why"]))
    out.print(table)
    if told["codes"]:
        table = table_of(
            (Text("代码", "code"), "left"),
            (Text("行", "rows"), "right"),
            (Text("类", "class"), "left"),
            (Text("名称", "called"), "left"),
        )
        for each in told["codes"]:
            called = speak(each["called"]) if each["called"] else ""
            table.add_row(each["code"], str(each["rows"]), codes.get(each["code"], each["meaning"] or _UNTOLD), called)
        out.print(table)
    if told["missing"]:
        missing = ", ".join(told["missing"])
        notes([Text(f"没有字段对应:{missing}", f"no field is {missing}")])


def _tell_kept(kept: dict[str, Any]) -> None:
    name, version = kept["name"], kept["version"]
    notes([Text(f"已保存:{name},第 {version} 版", f"kept: {name}, version {version}")])
