"""`luotu facilities`: roads, bridges, pipes, stations, coded and registered."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.console import (
    EXIT_FOUND,
    EXIT_REFUSED,
    answering,
    complain_rows,
    language,
    notes,
    out,
    print_json,
    row_count,
    speak,
    square_metres,
    table_of,
    tell_written,
)
from cli.desk import at_desk
from cli.forms import Crs, FileLayer, TableForm
from geocode import Text
from workflows.facilities import (
    FacilityOptions,
    code_facilities,
    facility_classes,
    upload_facilities,
)
from workflows.procedures import configured_procedure
from workflows.reports import UploadReport
from workflows.schemes import configured_schemes
from workflows.upload_files import ReportedFile, write_coded

__all__ = ["facilities"]

_OUTCOMES = {
    "new": Text("新建", "new"),
    "same": Text("已在册", "same"),
    "revised": Text("更新", "revised"),
}


def facilities(  # noqa: PLR0913 - one for each option
    source: Annotated[Path | None, typer.Argument(metavar="FILE", help="The delivery: lines, points, areas")] = None,
    *,
    facility_class: Annotated[
        str | None, typer.Option("--class", help="Class of the facilities, where rows state none")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Width of lines' corridors in metres")] = None,
    size: Annotated[float | None, typer.Option(help="Size of points' sites in metres")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the delivery again with its codes; suffix tells format")
    ] = None,
    crs: Crs = None,
    layer: FileLayer = None,
    stage: Annotated[str, typer.Option(help="The stage whose geometry this is")] = "design",
    good_rows: Annotated[bool, typer.Option("--good-rows", help="Register the good rows, leave the others")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Codes as drawn alone: no database is needed")] = False,
    classes: Annotated[bool, typer.Option("--classes", help="List the classes of facilities, and do nothing")] = False,
    form: TableForm = "table",
) -> None:
    """Register municipal facilities: a line by the ground of its corridor, a point by its site, an area as it is."""
    if classes:
        _print_classes(form)
        return
    if source is None:
        raise typer.BadParameter("give a file, or --classes")
    options = FacilityOptions(
        facility_class=facility_class,
        width_m=width,
        size_m=size,
        crs=crs,
        layer=layer,
        stage=stage,
        mode="good" if good_rows else "all",
    )
    with answering():
        report = code_facilities(source, options=options) if dry_run else _register(source, options)
        if output is not None and report.accepted:
            delivered = ReportedFile(path=source, report=report, crs=crs, layer=layer)
            notes(write_coded(delivered, output, language=language()))
            tell_written(output, report.rows)
    if form == "json":
        print_json(report.as_json())
    else:
        _print_report(report)
    if report.refused:
        raise typer.Exit(EXIT_FOUND if report.accepted else EXIT_REFUSED)


def _register(source: Path, options: FacilityOptions) -> UploadReport:
    with at_desk() as desk:
        return upload_facilities(
            desk.database,
            source,
            principal=desk.principal,
            documents=desk.settings.documents,
            options=options,
            file=source.name,
            schemes=configured_schemes(desk.settings),
            procedure=configured_procedure(desk.settings),
        )


def _print_report(report: UploadReport) -> None:
    notes(
        [
            Text(
                f"{report.file}:{report.format},{report.crs['name']}",
                f"{report.file}: {report.format}, {report.crs['name']}",
            )
        ]
    )
    notes(report.notes)
    if report.repeated:
        notes([Text("同一内容此前已上传,返回原结果。", "The same content was uploaded before: this is its answer.")])
    table = table_of(
        (Text("编码", "code"), "left"),
        (Text("名称", "name"), "left"),
        (Text("类别", "class"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("长度 m", "length m"), "right"),
        (Text("宽度 m", "width m"), "right"),
        (Text("面积 m²", "area m²"), "right"),
    )
    for row in report.results:
        if row.code:
            size = square_metres(row.area_m2)
            name, kind = escape(row.name or ""), speak(row.more["class"])
            extent = (_metres(row.more["length_m"]), _metres(row.more["width_m"]), size)
            table.add_row(row.code, name, kind, speak(_OUTCOMES[row.outcome]), *extent)
    if report.accepted:
        out.print(table)
    complain_rows(report)
    kept = f" · {report.id}" if report.id else ""
    notes(
        [
            Text(
                f"{report.rows} 行:接受 {report.accepted},拒绝 {report.refused}{kept}",
                f"{row_count(report.rows)}: {report.accepted} accepted, {report.refused} refused{kept}",
            )
        ]
    )


def _print_classes(form: str) -> None:
    if form == "json":
        print_json({"classes": facility_classes()})
        return
    table = table_of(
        (Text("代号", "code"), "left"),
        (Text("类别", "class"), "left"),
        (Text("图形", "drawn as"), "left"),
        (Text("宽度 m", "width m"), "right"),
        (Text("边长 m", "size m"), "right"),
    )
    for each in facility_classes():
        drawn = ", ".join(each["geometry"])
        table.add_row(each["code"], speak(each["label"]), drawn, _metres(each["width_m"]), _metres(each["size_m"]))
    out.print(table)


def _metres(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
