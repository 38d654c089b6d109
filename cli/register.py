"""`luotu upload`: into the register."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, complain_row, doubt_row, notes, out, print_json, speak
from cli.desk import at_desk
from cli.findings import brief
from cli.forms import Closing, Column, Unit
from cli.previews import look_ahead
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.checking import Terms, check_upload
from workflows.errors import RefusedDeliveryError
from workflows.procedures import configured_procedure
from workflows.reading_settings import ReadOptions, configured_reading, with_known
from workflows.reports import UploadReport
from workflows.schemes import configured_schemes
from workflows.site_files import check_file as check_target
from workflows.upload_files import write_coded, write_rejected
from workflows.uploading import DeliveryOptions, upload_file

__all__ = ["upload"]

_OUTCOMES = {
    "new": Text("新建", "new"),
    "same": Text("已在册", "same"),
    "revised": Text("更新", "revised"),
    "split": Text("拆分", "split"),
    "merged": Text("合并", "merged"),
    "held": Text("待审", "held"),
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
    complete: Annotated[
        bool, typer.Option("--complete", help="It has every building of its area: tell what is gone")
    ] = False,
    column: Column = None,
    closing: Closing = None,
    unit: Unit = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend spikes and tiny edges where that is safe")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Write the refused rows to a file, with reasons; suffix tells format")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what an upload would say, row by row; store nothing")
    ] = False,
    form: Form = "table",
) -> None:
    """Register the footprints of a file: every row a code or a reason. All rows or none, unless --good-rows."""
    mode = "good" if good_rows else "all"
    options = DeliveryOptions(
        crs=crs,
        layer=layer,
        stage=stage,
        mode=mode,
        complete=complete,
        fix=fix,
        columns=column or (),
        closing_m=closing,
        drawing_unit=unit,
    )
    if preview:
        look_ahead(source, options, form=form)
        return
    with at_desk() as desk:
        for target in filter(None, (output, rejected)):
            check_target(target)
        known = configured_reading(desk.settings)
        with _giving_back(source, rejected, options, known):
            report = upload_file(
                desk.database,
                source,
                principal=desk.principal,
                documents=desk.settings.documents,
                file=source.name,
                options=options,
                schemes=configured_schemes(desk.settings),
                procedure=configured_procedure(desk.settings),
                catalogue=configured_catalogue(desk.settings),
                reading=known,
            )
        reading = with_known(options.reading, known)
        if output is not None:
            notes(write_coded(source, output, report, crs=crs, layer=layer, reading=reading))
        if rejected is not None and report.refused:
            notes(write_rejected(source, rejected, report, crs=crs, layer=layer, reading=reading))
        findings = check_upload(desk.database, report, terms=Terms(desk.principal, desk.settings))
    if form == "json":
        print_json({**report.as_json(), "findings": findings})
    else:
        _print_report(report, findings)
    if report.refused:
        raise typer.Exit(EXIT_FOUND)


@contextmanager
def _giving_back(source: Path, rejected: Path | None, options: DeliveryOptions, known: ReadOptions) -> Iterator[None]:
    """Give back the refused rows of a delivery that is refused for them, too."""
    try:
        yield
    except RefusedDeliveryError as error:
        if rejected is not None:
            stated: dict[str, Any] = {
                "crs": options.crs,
                "layer": options.layer,
                "reading": with_known(options.reading, known),
            }
            notes(write_rejected(source, rejected, error.report, **stated))
        raise


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
            complain_row(report.file, row.row, row.feature, row.fault, held=row.review is not None)
        for warning in row.warnings:
            doubt_row(report.file, row.row, row.feature, warning)
    warned = report.warned
    doubts = Text(f",提示 {warned}", f"; {warned} to look at") if warned else Text("", "")
    notes(
        [
            Text(
                f"{report.rows} 行:接受 {report.accepted},待审 {report.held},拒绝 {report.refused}{doubts.zh} · 上传编号 {report.id}",
                f"{report.rows} rows: {report.accepted} accepted, {report.held} held for review, {report.refused} refused"
                f"{doubts.en} · upload {report.id}",
            )
        ]
    )
