"""Tables out of CSV files and workbooks, and files that are none."""

import zipfile

import pytest

from layers.errors import RefusedFile
from layers.sheets import MAX_COLUMNS, MAX_ROWS, read_sheet

ROWS = [["户号", "面积"], ["101", "89.5"]]
NAMES = "http://schemas.openxmlformats.org"


@pytest.fixture
def write(tmp_path):
    """Return the function that writes bytes to a file."""

    def run(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return run


@pytest.fixture
def workbook(tmp_path):
    """Return the maker of workbooks: the XML of cells by sheet, and what else a sheet has behind them."""

    def run(behind="", **sheets):
        path = tmp_path / "book.xlsx"
        main, rels = f"{NAMES}/spreadsheetml/2006/main", f"{NAMES}/officeDocument/2006/relationships"
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        numbered = list(enumerate(sheets.items(), start=1))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
            parts = "".join(
                f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
                for n, _ in numbered
            )
            book.writestr(
                "[Content_Types].xml",
                f'<Types xmlns="{NAMES}/package/2006/content-types"><Override PartName="/xl/workbook.xml" '
                f'ContentType="{kind}.sheet.main+xml"/>{parts}</Types>',
            )
            book.writestr(
                "_rels/.rels",
                f'<Relationships xmlns="{NAMES}/package/2006/relationships"><Relationship Id="r" '
                f'Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            )
            names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, (name, _) in numbered)
            book.writestr(
                "xl/workbook.xml",
                f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>{names}</sheets></workbook>',
            )
            targets = "".join(
                f'<Relationship Id="r{n}" Type="{rels}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                for n, _ in numbered
            )
            book.writestr(
                "xl/_rels/workbook.xml.rels",
                f'<Relationships xmlns="{NAMES}/package/2006/relationships">{targets}</Relationships>',
            )
            for n, (_, cells) in numbered:
                book.writestr(
                    f"xl/worksheets/sheet{n}.xml",
                    f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>{behind}</worksheet>',
                )
        return path

    return run


def text(place, value):
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def number(place, value):
    return f'<c r="{place}"><v>{value}</v></c>'


TABLE = (
    f'<row r="1">{text("A1", "户号")}{text("B1", "面积")}</row><row r="2">{number("A2", 101)}{number("B2", 89.5)}</row>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_and_with_the_marks_that_offices_use(write, encoding, mark):
    content = "\r\n".join(mark.join(row) for row in ROWS).encode(encoding)
    sheet = read_sheet(write(content))
    assert sheet.rows == ROWS
    assert (sheet.name, sheet.size) == (None, len(content))


def test_blank_lines_keep_their_place_and_quotes_their_commas(write):
    assert read_sheet(write('a,b\n\n"1,5", \n')).rows == [["a", "b"], [], ["1,5", None]]


def test_a_workbook_has_numbers_as_numbers_and_whole_ones_whole(workbook):
    sheet = read_sheet(workbook(楼盘表=TABLE))
    assert sheet.rows == [["户号", "面积"], [101, 89.5]]
    assert sheet.name == "楼盘表"


def test_rows_are_counted_from_the_first_even_if_it_is_empty(workbook):
    cells = f'<row r="3">{text("B3", "x")}</row>'
    assert read_sheet(workbook(a=cells)).rows[2] == [None, "x"]


def test_merged_cells_have_their_value_in_each(workbook):
    cells = (
        f'<row r="1">{text("A1", "1")}{text("B1", "101")}</row><row r="2">{text("B2", "102")}</row>'
        f'<row r="3">{text("B3", "103")}</row>'
    )
    merged = '<mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells>'
    assert read_sheet(workbook(a=cells, behind=merged)).rows == [["1", "101"], ["1", "102"], [None, "103"]]


def test_one_of_several_sheets_is_chosen_by_name(workbook):
    path = workbook(one=TABLE, two=f'<row r="1">{text("A1", "2")}</row>')
    assert read_sheet(path, sheet="two").rows == [["2"]]
    for sheet, kind in ((None, "sheet_choice"), ("three", "sheet_unknown")):
        with pytest.raises(RefusedFile) as caught:
            read_sheet(path, sheet=sheet)
        assert caught.value.fault.kind == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet_old_excel"),
        (b"PK\x03\x04 and no more", "archive_broken"),
        (b'a,"b\n', "sheet_broken"),
        (b"\xff\xfe\xff", "encoding_unknown"),
        (b"a\n" * (MAX_ROWS + 1), "sheet_extent"),
        (b"," * MAX_COLUMNS, "sheet_extent"),
    ],
)
def test_what_is_no_table_says_why(write, content, kind):
    with pytest.raises(RefusedFile) as caught:
        read_sheet(write(content), name="楼盘表.csv")
    assert (caught.value.fault.kind, caught.value.file) == (kind, "楼盘表.csv")


def test_a_zip_of_something_else_is_no_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(RefusedFile) as caught:
        read_sheet(path)
    assert caught.value.fault.kind == "sheet_format"


@pytest.mark.parametrize("place", ["XFD1048576", "A99999999999", "ZZZZ1", "IW1"])
def test_a_cell_far_away_does_not_make_room_for_all_before_it(workbook, place):
    with pytest.raises(RefusedFile) as caught:
        read_sheet(workbook(a=f'<row r="1">{text("A1", "x")}{text(place, "y")}</row>'))
    assert caught.value.fault.kind == "sheet_extent"


def test_a_merged_range_beyond_the_table_fills_what_is_there(workbook):
    merged = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    assert read_sheet(workbook(a=TABLE, behind=merged)).rows == [["户号", "户号"], ["户号", "户号"]]


def test_damage_is_a_refusal(workbook):
    path = workbook(a=TABLE)
    whole = path.read_bytes()
    for position in range(30, len(whole), 97):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            read_sheet(path)
        except RefusedFile:
            continue
