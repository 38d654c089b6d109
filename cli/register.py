"""`luotu upload`: into the register."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.console import (
    EXIT_FOUND,
    complain_rows,
    language,
    notes,
    out,
    print_json,
    progress_bar,
    row_count,
    speak,
    square_metres,
    table_of,
    tell_written,
)
from cli.desk import at_desk
from cli.findings import brief
from cli.forms import Closing, Column, Crs, Datum, Extent, FileLayer, TableForm, Unit
from cli.previews import look_ahead
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.checking import Terms, check_upload
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedDeliveryError
from workflows.procedures import configured_procedure
from workflows.progress import STEPS
from workflows.reading_settings import configured_reading, with_known
from workflows.reports import RowReport, UploadReport
from workflows.schemes import configured_schemes
from workflows.site_files import check_file as check_target
from workflows.upload_files import ReportedFile, write_coded, write_rejected
from workflows.uploading import upload_file

__all__ = ["upload"]

_TABLE_ROWS = 40
_OUTCOMES = {
    "new": Text("新建", "new"),
    "same": Text("已在册", "same"),
    "revised": Text("更新", "revised"),
    "split": Text("拆分", "split"),
    "merged": Text("合并", "merged"),
    "held": Text("待审", "held"),
    "refused": Text("拒绝", "refused"),
}


def upload(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The delivery")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the delivery again with its codes; suffix tells format")
    ] = None,
    crs: Crs = None,
    layer: FileLayer = None,
    stage: Annotated[str, typer.Option(help="The stage whose geometry this is")] = "design",
    good_rows: Annotated[bool, typer.Option("--good-rows", help="Register the good rows, leave the others")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="It has every building of its area: tell what is gone")
    ] = False,
    column: Column = None,
    closing: Closing = None,
    unit: Unit = None,
    extent: Extent = "",
    datum: Datum = "",
    fix: Annotated[bool, typer.Option("--fix", help="Mend spikes and tiny edges where that is safe")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Write the refused rows to a file, with reasons; suffix tells format")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what an upload would say, row by row; store nothing")
    ] = False,
    form: TableForm = "table",
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
        extent=extent,
        datum=datum,
    )
    if preview:
        look_ahead(source, options, form=form)
        return
    with at_desk() as desk:
        for target in filter(None, (output, rejected)):
            check_target(target)
        known = configured_reading(desk.settings)
        reading = with_known(options.reading, known)
        reported = partial(ReportedFile, path=source, crs=crs, layer=layer, reading=reading)
        with _giving_back(reported, output, rejected), progress_bar(STEPS["reading"]) as move:
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
                progress=lambda step, done=0, total=None: move(done, total, STEPS[step]),
            )
        if output is not None:
            notes(write_coded(reported(report=report), output, language=language()))
            tell_written(output, report.rows)
        if rejected is not None:
            _give_back_refused(reported(report=report), rejected)
        # a million buildings times all rules is for who asks for it
        checked = report if form == "json" else replace(report, results=_shown(report))
        findings = check_upload(desk.database, checked, terms=Terms(desk.principal, desk.settings))
    if form == "json":
        print_json({**report.as_json(), "findings": findings})
    else:
        _print_report(report, findings)
    if report.refused:
        raise typer.Exit(EXIT_FOUND)


@contextmanager
def _giving_back(reported: Callable[..., ReportedFile], output: Path | None, rejected: Path | None) -> Iterator[None]:
    """Give back the refused rows of a delivery that is refused for them, too."""
    try:
        yield
    except RefusedDeliveryError as error:
        if output is not None:
            notes([_unwritten(output, Text("成果未被接受", "The delivery is refused"))])
        if rejected is not None:
            _give_back_refused(reported(report=error.report), rejected)
        raise


def _give_back_refused(delivered: ReportedFile, target: Path) -> None:
    """Write the rows that are refused, or say that there is nothing to write."""
    if not delivered.report.refused:
        notes([_unwritten(target, Text("没有被拒绝的行", "No row is refused"))])
        return
    notes(write_rejected(delivered, target))
    tell_written(target, delivered.report.refused)


def _unwritten(target: Path, why: Text) -> Text:
    return Text(f"{why.zh},未写出 {target}。", f"{why.en}: {target} is not written.")


def _print_report(report: UploadReport, findings: dict[str, list[dict[str, Any]]]) -> None:
    encoding = f", {report.encoding['name']} ({speak(report.encoding['why'])})" if report.encoding else ""
    crs = f"{report.crs['name']} ({speak(report.crs['why'])})"
    notes([Text(f"{report.file}:{report.format}{encoding},{crs}", f"{report.file}: {report.format}{encoding}, {crs}")])
    notes(report.notes)
    if report.repeated:
        notes([Text("同一内容此前已上传,返回原结果。", "The same content was uploaded before: this is its answer.")])
    _print_codes(report, findings)
    complain_rows(report)
    warned = report.warned
    doubts = Text(f",提示 {warned}", f"; {warned} to look at") if warned else Text("", "")
    notes(
        [
            Text(
                f"{report.rows} 行:接受 {report.accepted},待审 {report.held},拒绝 {report.refused}{doubts.zh} · 上传编号 {report.id}",
                f"{row_count(report.rows)}: {report.accepted} accepted, {report.held} held for review, {report.refused} refused"
                f"{doubts.en} · upload {report.id}",
            )
        ]
    )


def _shown(report: UploadReport) -> list[RowReport]:
    """Return the first rows that have codes."""
    return [*islice((row for row in report.results if row.code), _TABLE_ROWS)]


def _print_codes(report: UploadReport, findings: dict[str, list[dict[str, Any]]]) -> None:
    """Print the first rows that have codes, and how many more there are."""
    table = table_of(
        (Text("编码", "code"), "left"),
        (Text("名称", "name"), "left"),
        (Text("结果", "outcome"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("一张蓝图核查", "what the blueprint says"), "left"),
    )
    for column in table.columns[:-1]:
        column.no_wrap = True
    for row in _shown(report):
        told = (escape(row.name or ""), speak(_OUTCOMES[row.outcome]), square_metres(row.area_m2))
        table.add_row(row.code, *told, brief(findings.get(row.code or "", [])))
    out.print(table)
    if rest := max(0, report.accepted - _TABLE_ROWS):
        out.print(
            speak(
                Text(
                    f"… 另有 {rest} 行;用 -o 写出全部,或用 --format json。",
                    f"… and {rest} more: all of them with -o, or with --format json.",
                )
            )
        )
