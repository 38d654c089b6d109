"""`luotu layers`: the catalogue, the editions that are loaded, and what is wrong with those that are not."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.console import (
    EXIT_FOUND,
    answering,
    complain,
    complain_refused,
    notes,
    out,
    print_json,
    progress_bar,
    settings,
    speak,
    table_of,
    tell_written,
)
from cli.desk import at_desk
from cli.forms import Crs, FileLayer, TableForm
from cli.mappings import mappings
from cli.moments import AsOf, day_option
from cli.publishing import publish
from geocode import Text
from workflows.catalogues import configured_catalogue, doubts_of_catalogue
from workflows.coverages import (
    CoverageOptions,
    CoverageReport,
    check_layer_file,
    check_stored_layer,
    write_cleaned,
    write_faults,
)
from workflows.layer_files import FileLayers, read_area
from workflows.layering import LoadedLayer, LoadOptions, list_layers, load_layers
from workflows.rastering import RasterOptions, is_raster_file, load_raster

__all__ = ["layers"]

layers = typer.Typer(help="The blueprint's layers.", no_args_is_help=True)
layers.command("publish")(publish)
layers.add_typer(mappings, name="map")
_KINDS = {
    "unusable": Text("无法检查", "cannot be checked"),
    "overlap": Text("重叠", "overlap"),
    "gap": Text("缝隙", "gap"),
    "protrusion": Text("越界", "protrusion"),
    "vertex": Text("缺少节点", "missing vertex"),
    "edge": Text("边界不密合", "edges not matched"),
}
AsLayer = Annotated[
    str | None, typer.Option("--as", help="Code of the catalogue's layer, where the file's own name does not tell")
]


@layers.command("list")
def list_all(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also layers without data")] = False,
    form: TableForm = "table",
) -> None:
    """List the layers and their editions."""
    with at_desk() as desk:
        found = list_layers(desk.database, principal=desk.principal, catalogue=configured_catalogue(desk.settings))
    if form == "json":
        print_json(found)
        return
    table = table_of(
        (Text("图层", "layer"), "left"),
        (Text("名称", "name"), "left"),
        (Text("版本", "edition"), "left"),
        (Text("生效", "valid from"), "left"),
        (Text("编号", "id"), "right"),
        (Text("要素", "features"), "right"),
    )
    for one in found:
        for edition in one["editions"]:
            told = (edition["title"], edition["valid_from"], str(edition["id"]), str(edition["features"]))
            table.add_row(one["code"], speak(one["name"]), *told)
        if everything and not one["editions"]:
            table.add_row(one["code"], speak(one["name"]), f"[dim]{speak(Text('无数据', 'no data'))}[/]")
    out.print(table)


@layers.command("load")
def load(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file of one layer or of several")],
    *,
    as_layer: AsLayer = None,
    layer: FileLayer = None,
    crs: Crs = None,
    where: Annotated[
        str | None, typer.Option(help="Take only features for which this CQL2 text holds, such as “landuse = 'grass'”")
    ] = None,
    valid_from: Annotated[datetime | None, day_option("When it takes effect")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the edition")] = None,
    accuracy: Annotated[
        float | None, typer.Option(min=0, help="Positional accuracy in metres (standard deviation)")
    ] = None,
    band: Annotated[int | None, typer.Option(min=1, help="Of a raster: the band, where it has several")] = None,
    vertical: Annotated[
        str | None, typer.Option(help="Of a raster: what its heights refer to, such as EPSG:5737 (1985国家高程基准)")
    ] = None,
    nodata: Annotated[float | None, typer.Option(help="Of a raster: the value that stands for none")] = None,
    unit: Annotated[str | None, typer.Option(help="Of a raster: the unit of its values, such as m, deg or dB")] = None,
    value_accuracy: Annotated[
        float | None,
        typer.Option(min=0, help="Of a raster: accuracy of its values, in their unit (standard deviation)"),
    ] = None,
    says: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Of a raster: what is known of it, such as SD=昼间"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse polygons that are not valid, mend none")] = False,
    mapping: Annotated[
        str | None, typer.Option(help="Name of the mapping by which its fields and codes become the layer's")
    ] = None,
    valid_to: Annotated[datetime | None, day_option("When it ends, where that is known")] = None,
    currency: Annotated[datetime | None, day_option("The day that its data are of")] = None,
    document: Annotated[str | None, typer.Option(help="The document that it is from, such as its approval")] = None,
    complete_in: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the area in which it has everything")
    ] = None,
) -> None:
    """Load editions of layers. A file layers.json beside it tells titles, dates, accuracies and completeness.

    A GeoTIFF is loaded as a raster: height limits, terrain, slope, floods, noise.
    """
    if is_raster_file(source):
        if as_layer is None:
            raise typer.BadParameter(speak(Text("栅格须用 --as 指明图层", "of a raster, --as says which layer it is")))
        if mapping is not None or complete_in is not None:
            told = Text("栅格没有 --mapping 和 --complete-in", "a raster takes no --mapping and no --complete-in")
            raise typer.BadParameter(speak(told))
        _load_raster(
            source,
            RasterOptions(
                as_layer=as_layer,
                band=band,
                crs=crs,
                vertical=vertical,
                nodata=nodata,
                unit=unit,
                accuracy_m=accuracy,
                value_accuracy=value_accuracy,
                valid_from=valid_from.date() if valid_from else None,
                valid_to=valid_to.date() if valid_to else None,
                currency=currency.date() if currency else None,
                title=title,
                source=document,
                says=dict(each.partition("=")[::2] for each in says or []),
            ),
        )
        return
    with at_desk() as desk, progress_bar(Text("加载图层", "Loading layers")) as move:
        loaded = load_layers(
            desk.database,
            source,
            principal=desk.principal,
            documents=desk.settings.documents,
            options=LoadOptions(
                as_layer=as_layer,
                layer=layer,
                crs=crs,
                where=where,
                valid_from=valid_from.date() if valid_from else None,
                title=title,
                accuracy_m=accuracy,
                strict=strict,
                mapping=mapping,
                valid_to=valid_to.date() if valid_to else None,
                currency=currency.date() if currency else None,
                source=document,
                complete_in=None if complete_in is None else read_area(complete_in),
            ),
            catalogue=configured_catalogue(desk.settings),
            on_progress=move,
        )
    refused = 0
    for one in loaded:
        plural = "" if one.features == 1 else "s"
        state = Text(f"{one.features} 个要素,已加载", f"{one.features} feature{plural}, loaded")
        if not one.added:
            state = Text("该版本已存在", "this edition is already there")
        notes([Text(f"{one.layer} {one.name.zh}:{state.zh}", f"{one.layer} {one.name.en}: {state.en}")])
        _tell_account(one)
        complain_refused(one.layer, one.faults)
        refused += len(one.faults)
    if refused:
        raise typer.Exit(EXIT_FOUND)


def _load_raster(source: Path, options: RasterOptions) -> None:
    with at_desk() as desk:
        one = load_raster(
            desk.database,
            source,
            principal=desk.principal,
            documents=desk.settings.documents,
            options=options,
            catalogue=configured_catalogue(desk.settings),
        )
    state = (
        Text("栅格,已加载", "raster, loaded") if one.added else Text("该版本已存在", "this edition is already there")
    )
    notes([Text(f"{one.layer} {one.name.zh}:{state.zh}", f"{one.layer} {one.name.en}: {state.en}")])
    if tiled := one.account.get("cloud_optimised"):
        notes(
            [
                Text(
                    f"已另存为云优化 GeoTIFF(SHA-256 {tiled[:12]}…),数值相同;原文件原样保存。",
                    f"Kept as a cloud-optimised GeoTIFF as well (SHA-256 {tiled[:12]}…), the same cells; the file as it came is kept.",
                )
            ]
        )


@layers.command("check")
def check(  # noqa: PLR0913 - one for each option
    subject: Annotated[str, typer.Argument(metavar="FILE|LAYER", help="A file of layers, or the code of a loaded one")],
    *,
    as_layer: AsLayer = None,
    layer: FileLayer = None,
    crs: Crs = None,
    within: Annotated[
        str | None, typer.Option(metavar="FILE|LAYER", help="What the features must lie in, and fill if they must tile")
    ] = None,
    gap_width: Annotated[
        float | None,
        typer.Option(
            min=0, help="Narrow gaps between neighbours, up to so many metres; 1 where a layer must leave none"
        ),
    ] = None,
    as_of: AsOf = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the faults to a file; suffix tells format")
    ] = None,
    propose: Annotated[
        Path | None, typer.Option(help="Write the features without gaps and overlaps to a file, to look at")
    ] = None,
    form: TableForm = "table",
) -> None:
    """Find gaps, overlaps, protrusions and missing vertices between the polygons of a layer. Nothing is stored."""
    place = Path(within) if within is not None and Path(within).is_file() else within
    options = CoverageOptions(within=place, gap_width_m=gap_width, as_of=as_of.date() if as_of else None)
    with answering():
        reports = _coverages(subject, FileLayers(as_layer, layer, crs), options)
        for one in reports:
            if output is not None:
                beside = _beside(output, one, reports)
                notes(write_faults(one, beside))
                tell_written(beside, len(one.faults))
            if propose is not None:
                beside = _beside(propose, one, reports)
                notes(write_cleaned(one, beside, options=options))
                tell_written(beside)
    if form == "json":
        print_json([one.as_json() for one in reports])
    else:
        _print_coverages(reports)
        for one in reports:
            complain_refused(one.layer.code, one.refused)
    if any(one.serious or one.refused for one in reports):
        raise typer.Exit(EXIT_FOUND)


def _beside(path: Path, report: CoverageReport, reports: list[CoverageReport]) -> Path:
    """Return the file for one of the layers that were checked: where there are several, each has its own."""
    return path if len(reports) == 1 else path.with_stem(f"{path.stem}_{report.layer.code}")


@layers.command("lint")
def lint(*, form: TableForm = "table") -> None:
    """Tell what is doubtful in the catalogue, the city's own file (LUOTU_LAYERS) included."""
    with answering():
        found = doubts_of_catalogue(configured_catalogue(settings()))
    if form == "json":
        print_json(found)
    else:
        for one in found:
            complain(speak(one["text"]), speak(one["remedy"]), place=one["layer"])
    if found:
        raise typer.Exit(EXIT_FOUND)


def _tell_account(loaded: LoadedLayer) -> None:
    """Say what features have against their contract, what was done to geometries, and what lies between them."""
    code = loaded.layer
    for warning in loaded.account.get("warnings", ()):
        rows = f" (× {warning['count']})" if warning["count"] > 1 else ""
        notes([Text(*(f"{code} {warning['text'][language]}{rows}" for language in ("zh", "en")))])
    for change in loaded.account.get("changes", ()):
        zh, en = change["text"]["zh"], change["text"]["en"]
        notes([Text(f"{code} 第 {change['row']} 行:{zh}", f"{code} row {change['row']}: {en}")])
    for kind, row in loaded.between.items():
        told = _KINDS[kind]
        zh, en = f"{code} {told.zh}:{row['count']} 处", f"{code} {told.en}: {row['count']}"
        tolerated = f",其中容许 {row['tolerated']} 处", f", {row['tolerated']} of them tolerated"
        notes([Text(zh + tolerated[0], en + tolerated[1]) if row["tolerated"] else Text(zh, en)])
    if loaded.between:
        notes(
            [
                Text(
                    f"位置见 luotu layers check {code} -o faults.gpkg",
                    f"luotu layers check {code} -o faults.gpkg tells where",
                )
            ]
        )


def _coverages(subject: str, said: FileLayers, options: CoverageOptions) -> list[CoverageReport]:
    """Return what is wrong in a file or a loaded layer; the database is asked only where it is needed."""
    catalogue = configured_catalogue(settings())
    is_file = Path(subject).is_file()
    if is_file and not isinstance(options.within, str):
        return check_layer_file(Path(subject), said=said, options=options, catalogue=catalogue)
    with at_desk() as desk:
        if not is_file:
            report = check_stored_layer(
                desk.database, subject, principal=desk.principal, options=options, catalogue=catalogue
            )
            return [report]
        return check_layer_file(
            Path(subject),
            said=said,
            options=options,
            catalogue=catalogue,
            database=desk.database,
            principal=desk.principal,
        )


def _print_coverages(reports: list[CoverageReport]) -> None:
    table = table_of(
        (Text("图层", "layer"), "left"),
        (Text("问题", "fault"), "left"),
        (Text("处", "places"), "right"),
        (Text("其中容许", "tolerated"), "right"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("最宽 m", "widest m"), "right"),
    )
    for one in reports:
        for kind, row in one.summary().items():
            figures = [f"{row['area_m2']:,.3f}", f"{row['width_m']:,.3f}"] if row["width_m"] is not None else ["", ""]
            table.add_row(one.layer.code, speak(_KINDS[kind]), str(row["count"]), str(row["tolerated"]), *figures)
        if not len(one.faults):
            table.add_row(one.layer.code, speak(Text("无问题", "nothing")), "0")
    out.print(table)
