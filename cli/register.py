"""`luotu upload` and `luotu resolve`: into the register, and out of it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, answering, complain_row, notes, out, print_json, settings, speak
from cli.findings import brief
from geocode import Text
from workflows.checking import check_upload
from workflows.databases import opened_database
from workflows.principals import find_principal
from workflows.reports import UploadReport
from workflows.resolving import resolve_building
from workflows.schemes import configured_schemes
from workflows.uploading import DeliveryOptions, upload_file, write_coded

__all__ = ["resolve", "upload"]

_OUTCOMES = {
    "new": Text("新建", "new"),
    "same": Text("已在册", "same"),
    "revised": Text("更新", "revised"),
    "refused": Text("拒绝", "refused"),
}
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]


def upload(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The delivery")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the delivery again with its codes; suffix tells format")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates, where the file tells none")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer to read, where the file holds several")] = None,
    stage: Annotated[str, typer.Option(help="The stage whose geometry this is")] = "design",
    good_rows: Annotated[bool, typer.Option("--good-rows", help="Register the good rows, leave the others")] = False,
    form: Form = "table",
) -> None:
    """Register the footprints of a file: every row a code or a reason. All rows or none, unless --good-rows."""
    configured = settings()
    with answering(), opened_database(configured) as database:
        principal = find_principal(database, key=None, local=True)
        options = DeliveryOptions(crs=crs, layer=layer, stage=stage, mode="good" if good_rows else "all")
        report = upload_file(
            database,
            source,
            principal=principal,
            documents=configured.documents,
            file=source.name,
            options=options,
            schemes=configured_schemes(configured),
        )
        if output is not None:
            notes(write_coded(source, output, report, options))
        findings = check_upload(database, report, accuracy_m=configured.footprint_accuracy_m)
    if form == "json":
        print_json({**report.as_json(), "findings": findings})
    else:
        _print_report(report, findings)
    if report.refused:
        raise typer.Exit(EXIT_FOUND)


def resolve(
    name: Annotated[list[str], typer.Argument(help="A code, leniently typed, or any other name of the building")],
    form: Form = "table",
) -> None:
    """Find the building that bears a code or an alias, with its history."""
    configured = settings()
    with answering(), opened_database(configured) as database:
        feature = resolve_building(database, " ".join(name), schemes=configured_schemes(configured))
    if form == "json":
        print_json(feature)
    else:
        _print_building(feature)


def _print_report(report: UploadReport, findings: dict[str, list[dict[str, Any]]]) -> None:
    encoding = f", {report.encoding['name']} ({speak(report.encoding['why'])})" if report.encoding else ""
    crs = f"{report.crs['name']} ({speak(report.crs['why'])})"
    notes([Text(f"{report.file}:{report.format}{encoding},{crs}", f"{report.file}: {report.format}{encoding}, {crs}")])
    notes(report.notes)
    if report.repeated:
        notes([Text("同一内容此前已上传,返回原结果。", "The same content was uploaded before: this is its answer.")])
    table = Table(box=None, header_style="bold")
    for title, justify in (
        (Text("编码", "code"), "left"),
        (Text("名称", "name"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("一张蓝图核查", "what the blueprint says"), "left"),
    ):
        table.add_column(speak(title), justify=justify, no_wrap=title.en != "what the blueprint says")  # type: ignore[arg-type]
    for row in report.results:
        if row.code:
            said = brief(findings.get(row.code, []))
            table.add_row(row.code, row.name or "", speak(_OUTCOMES[row.outcome]), f"{row.area_m2:.2f}", said)
    out.print(table)
    for row in report.results:
        if row.fault:
            complain_row(report.file, row.row, row.feature, row.fault)
    notes(
        [
            Text(
                f"{report.rows} 行:接受 {report.accepted},拒绝 {report.refused} · 上传编号 {report.id}",
                f"{report.rows} rows: {report.accepted} accepted, {report.refused} refused · upload {report.id}",
            )
        ]
    )


def _print_building(feature: dict[str, Any]) -> None:
    said = feature["properties"]
    west, south, east, north = feature["bbox"]
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    plane = said["plane"]
    for title, value in (
        (Text("编码", "code"), f"[bold]{said['code']}[/]"),
        (Text("名称", "name"), said["name"] or "–"),
        (Text("阶段", "stage"), speak(said["stage"])),
        (Text("面积", "area"), f"{said['area_m2']:.2f} m² (CGCS2000), {plane['area_m2']:.2f} m² ({plane['crs']})"),
        (Text("位置", "place"), f"{(west + east) / 2:.7f}, {(south + north) / 2:.7f}"),
        (Text("图形版本", "geometry version"), str(said["version"])),
        (Text("单位", "office"), speak(said["office"])),
    ):
        table.add_row(speak(title), value)
    for alias in said["aliases"]:
        table.add_row(speak(alias["label"]), alias["value"])
    for event in said["events"]:
        table.add_row(event["recorded_at"][:19].replace("T", " "), f"{speak(event['label'])} · {event['actor']}")
    out.print(table)
