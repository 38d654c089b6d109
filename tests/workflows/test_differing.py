"""Two plans compared on the sample district, kept as a run, told and written again."""

import datetime as dt
import zipfile
from io import BytesIO
from itertools import pairwise

import geopandas as gpd
import pytest
import shapely
from python_calamine import CalamineWorkbook

from tests.conftest import principal_in
from workflows.cases import read_case, start_case
from workflows.difference_files import write_file
from workflows.difference_workbooks import write_workbook
from workflows.differing import DifferenceOptions, compare_plans, list_pieces, read_pieces, show_differences
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.failures import NotHereError
from workflows.layering import LoadOptions, load_layers
from workflows.plan_states import read_extent
from workflows.principals import Principal
from workflows.recomputing import verify_run
from workflows.terms import Terms

TODAY = dt.date(2026, 6, 1)
BOX = "126.56,43.84,126.57,43.85"


@pytest.fixture
def compare(sample_database, settings):
    """Return what compares two layers of the sample district."""

    def run(first, second, *, role=None, key=None, known_at=None, **options):
        principal = principal_in(sample_database)
        if role:
            principal = Principal(principal.office_id, principal.office, principal.actor, role)
        return compare_plans(
            sample_database,
            first,
            second,
            terms=Terms(principal, settings, TODAY, known_at),
            options=DifferenceOptions(**{"within": read_extent(BOX)} | options),
            key=key,
        )

    return run


def load(database, folder, layer, shapes, codes, **columns):
    """Load an edition from shapes in longitude and latitude."""
    path = folder / f"{layer}_{len(list(folder.iterdir()))}.gpkg"
    gpd.GeoDataFrame({"class_code": codes, **columns}, geometry=shapes, crs=4490).to_file(path)
    options = LoadOptions(as_layer=layer, valid_from=dt.date(2025, 1, 1))
    load_layers(database, path, principal=principal_in(database), documents=folder / "documents", options=options)


@pytest.fixture
def sheets(sample_database):
    """Return the maker of a comparison's workbook, as its sheets: lists of rows."""

    def make(run_id):
        written = BytesIO()
        write_workbook(sample_database, run_id, written, principal=principal_in(sample_database))
        book = CalamineWorkbook.from_filelike(BytesIO(written.getvalue()))
        return {name.split(" ")[-1]: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}, written

    return make


def test_a_comparison_fills_its_extent_and_is_told_again_as_it_was(compare, sample_database):
    told = compare("XZ1201", "GH2303")
    assert sum(row["area_m2"] for row in told["by_class"]) == pytest.approx(told["area_m2"], rel=1e-9)
    assert sum(row["ellipsoid_area_m2"] for row in told["by_class"]) == pytest.approx(
        told["ellipsoid_area_m2"], rel=1e-6
    )
    assert show_differences(sample_database, told["run"], principal=principal_in(sample_database)) == told


def test_the_extent_is_where_both_are_complete_unless_one_is_told(compare):
    told = compare("DLTB", "GH2103", within=None)
    assert told["area_m2"] == pytest.approx(62_420_040, abs=0.01)
    assert {row["district"] for row in told["by_district"]} == {"220204"}


def test_a_comparison_is_had_again_from_its_inputs(compare, sample_database, settings):
    told = compare("XZ1201", "GH2303")
    verified = verify_run(sample_database, told["run"], principal=principal_in(sample_database), settings=settings)
    assert verified["verdict"] == "same"


def test_pieces_come_page_by_page_and_by_class(compare, sample_database):
    told, principal = compare("XZ1201", "GH2303"), principal_in(sample_database)
    first = list_pieces(sample_database, told["run"], principal=principal, most=10)
    second = list_pieces(sample_database, told["run"], principal=principal, most=1_000, after=first["next"])
    assert len(first["features"]) + len(second["features"]) == told["pieces"]
    assert second["next"] is None
    missing = list_pieces(sample_database, told["run"], principal=principal, classes=("second_missing",))
    assert {each["properties"]["class"] for each in missing["features"]} == {"second_missing"}
    with pytest.raises(RefusedOptionError, match="nothing"):
        list_pieces(sample_database, told["run"], principal=principal, classes=("nothing",))


def test_pieces_keep_what_lies_on_them_of_control_lines_and_approvals(compare, sample_database):
    told = compare("XZ1201", "GH2103")
    pieces = read_pieces(sample_database, told["run"], principal=principal_in(sample_database))
    assert "GL3101" in told["hit_layers_missing"]
    within = [row["GH2203"]["area_m2"] for row in pieces["hits"] if "GH2203" in row]
    assert within
    assert max(within) == pytest.approx(pieces["area_m2"].max(), abs=1e-5)


def test_two_editions_of_one_plan_are_compared_by_their_ids(compare, sample_database, tmp_path):
    load(sample_database, tmp_path, "GH2103", [read_extent(BOX)], ["0101"])
    told = compare("GH2103@2024-06-01", "GH2103")
    assert told["first"]["edition"] != told["second"]["edition"]
    assert {row["class"] for row in told["by_class"]} <= {"first_only", "neither", "sliver"}
    again = compare(f"GH2103@{told['first']['edition']}", f"GH2103@{told['second']['edition']}")
    assert again["by_class"] == told["by_class"]


@pytest.mark.parametrize("name", ["GH2103@1999-01-01", "GH2103@2026-02-30", "GH2209", "a b"])
def test_a_plan_that_cannot_be_compared_is_refused_with_a_remedy(compare, name):
    with pytest.raises(RefusedOptionError) as caught:
        compare("XZ1201", name)
    assert caught.value.remedy.zh


@pytest.mark.parametrize("said", ["1,1,1,1", "10,10,5,5", {"type": "Point", "coordinates": [1, 1]}])
def test_an_extent_without_ground_is_refused(said):
    with pytest.raises(RefusedOptionError):
        read_extent(said)


def test_a_surveyor_compares_no_plans(compare):
    with pytest.raises(ForbiddenError):
        compare("XZ1201", "GH2103", role="surveyor")


def test_what_will_be_known_is_not_asked(compare):
    with pytest.raises(RefusedOptionError, match="not come"):
        compare("XZ1201", "GH2103", known_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))


def test_a_run_that_is_none_is_not_here(sample_database):
    with pytest.raises(NotHereError):
        show_differences(sample_database, "nothing", principal=principal_in(sample_database))


def test_the_same_request_with_a_key_is_one_run(compare):
    first, second = (compare("XZ1201", "GH2103", key="k") for _ in range(2))
    assert first["run"] == second["run"]


def test_printed_areas_add_up_from_pieces_to_classes_to_the_total(compare, sheets):
    told = compare("XZ1201", "GH2303")
    found, _ = sheets(told["run"])
    header, *rows, total = found["statistics"]
    area, mu = (next(i for i, name in enumerate(header) if name.endswith(unit)) for unit in ("plane, m²", "mu"))
    assert round(sum(row[area] for row in rows), 2) == total[area] == round(told["area_m2"], 2)
    assert round(sum(row[mu] for row in rows), 2) == total[mu]
    title, *pieces = found["pieces"]
    column = next(i for i, name in enumerate(title) if name.endswith("plane, m²"))
    assert round(sum(row[column] for row in pieces), 2) == total[area]
    ellipsoid = column + 1
    assert round(sum(row[ellipsoid] for row in pieces), 2) == total[area + 3]
    assert len(pieces) == told["pieces"]
    assert any(told["sha256"] in row for row in found["basis"])


def test_a_text_that_looks_like_a_formula_stays_a_text(compare, sample_database, tmp_path, sheets):
    load(sample_database, tmp_path, "GH2103", [read_extent(BOX)], ['=HYPERLINK("http://a")'])
    found, written = sheets(compare("XZ1201", "GH2103")["run"])
    assert any('=HYPERLINK("http://a")' in row for row in found["pieces"])
    with zipfile.ZipFile(written) as book:
        pages = [book.read(name) for name in book.namelist() if "worksheets/sheet" in name]
    assert not any(b"<f>" in page or b"hyperlink" in page for page in pages)
    assert all(b'state="frozen"' in page for page in pages)


def test_the_same_comparison_is_the_same_workbook(compare, sheets):
    run_id = compare("XZ1201", "GH2103")["run"]
    assert all(
        one.getvalue() == other.getvalue() for (_, one), (_, other) in pairwise([sheets(run_id), sheets(run_id)])
    )


def test_pieces_are_written_as_a_geopackage(compare, sample_database, tmp_path):
    told = compare("XZ1201", "GH2303")
    write_file(sample_database, told["run"], tmp_path / "pieces.gpkg", principal=principal_in(sample_database))
    written = gpd.read_file(tmp_path / "pieces.gpkg")
    assert len(written) == told["pieces"]
    assert {"class", "left_code", "area_m2", "GH2203_m2"} <= set(written.columns)
    assert shapely.is_valid(written.geometry.to_numpy()).all()


def test_a_case_follows_its_ground_into_the_next_comparison_and_stands_in_the_ledger(
    compare, sample_database, tmp_path, sheets
):
    principal = principal_in(sample_database)
    first = compare("XZ1201", "GH2103")
    pieces = read_pieces(sample_database, first["run"], principal=principal).sort_values("area_m2")
    said = {"reason": "=1+1", "coordination": "keep_first", "opinion": "agreed in the county"}
    case = start_case(sample_database, "difference", int(pieces["id"].iloc[-1]), said, principal=principal)
    second = compare("XZ1201", "GH2103")
    ground = read_case(sample_database, case["id"], principal=principal)["ground"]
    assert (ground["run"], ground["iou"]) == (second["run"], pytest.approx(1))
    for run_id in (first["run"], second["run"]):
        (row,) = sheets(run_id)[0]["cases"][1:]
        assert row[0] == case["id"]
        assert "=1+1" in row
    load(sample_database, tmp_path, "GH2103", [read_extent("126.56,43.84,126.565,43.85")], ["0101"])
    compare("XZ1201", "GH2103", within=read_extent("126.5,43.8,126.51,43.81"))
    assert read_case(sample_database, case["id"], principal=principal)["ground"]["run"] == second["run"]
