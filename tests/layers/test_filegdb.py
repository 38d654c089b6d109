"""FileGDB, zipped or loose: layers and rows as its own tables tell them, whatever GDAL says."""

import struct

import pytest
import shapely
from gdal_program import NAMES, STOREYS, footprints
from making import zipped

from layers.filegdb import is_part, list_feature_classes
from layers.formats import Format, sniff
from layers.reading import list_layers, read_delivery


@pytest.fixture
def parts(gdal_files):
    """Return the bytes of each file of a geodatabase by name."""
    return {part.name: part.read_bytes() for part in (gdal_files / "现状.gdb").iterdir()}


def packed(path, parts, base="数据/现状.gdb/", **others):
    return zipped(path, {**{f"{base}{name}": content for name, content in parts.items()}, **others})


def laid_out(folder, parts):
    folder.mkdir()
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return folder


class TestReading:
    @pytest.mark.parametrize("base", ["数据/现状.gdb/", "现状.gdb/", "", "export/"])
    def test_a_zip_of_it_is_read_from_any_folder(self, tmp_path, parts, base):
        delivery = read_delivery(packed(tmp_path / "a.zip", parts, base=base))
        assert (delivery.format, delivery.layer, delivery.crs_name) == ("FileGDB in zip", "建筑", "EPSG:4551")
        assert delivery.frame["名称"].tolist() == NAMES
        assert delivery.frame["层数"].tolist() == STOREYS
        assert delivery.frame["source_id"].tolist() == ["1", "2", "3", "4"]
        drawn = shapely.normalize(shapely.multipolygons(shapely.get_parts(footprints()), indices=[0, 1, 2, 2, 3]))
        read = shapely.normalize(delivery.frame.geometry.to_numpy())
        assert shapely.equals_exact(read, drawn, tolerance=0.0002).all()

    def test_the_folder_itself_is_read(self, gdal_files, parts):
        delivery = read_delivery(gdal_files / "现状.gdb")
        assert delivery.format == "FileGDB"
        assert len(delivery.frame) == 4
        assert delivery.size == sum(map(len, parts.values()))
        assert delivery.sha256 == read_delivery(gdal_files / "现状.gdb").sha256

    def test_tables_without_geometry_are_no_layers(self, gdal_files):
        found = [(entry.name, entry.geometry, entry.rows) for entry in list_layers(gdal_files / "现状.gdb")]
        assert found == [("建筑", "MultiPolygon", 4), ("道路", "MultiLineString", 1)]

    def test_the_layer_left_aside_is_told(self, gdal_files):
        assert any("道路" in note.zh for note in read_delivery(gdal_files / "现状.gdb").notes)
        assert read_delivery(gdal_files / "现状.gdb", layer="道路").frame["路名"].tolist() == ["江湾路"]

    def test_other_files_beside_it_are_told_or_read(self, tmp_path, parts):
        path = packed(tmp_path / "a.zip", parts, **{"说明.txt": b"x", "数据/现状.gdb/_gdb.PC.sr.lock": b""})
        notes = " ".join(note.zh for note in read_delivery(path).notes)
        assert "说明.txt" in notes
        assert "sr.lock" in notes

    def test_names_in_capitals_are_found(self, tmp_path, parts):
        path = packed(tmp_path / "a.zip", {name.upper(): content for name, content in parts.items()}, base="A.GDB/")
        assert len(read_delivery(path).frame) == 4

    def test_two_geodatabases_in_one_zip_are_told_apart(self, tmp_path, parts):
        both = {f"{base}.gdb/{name}": content for base in "AB" for name, content in parts.items()}
        names = [entry.name for entry in list_layers(zipped(tmp_path / "a.zip", both))]
        assert names == ["A.gdb/建筑", "A.gdb/道路", "B.gdb/建筑", "B.gdb/道路"]


class TestCounting:
    def test_rows_are_counted_by_the_table_s_own_header(self, tmp_path, parts):
        (table,) = [name for name in parts if name.endswith("9.gdbtable")]
        lying = bytearray(parts[table])
        assert struct.unpack_from("<i", lying, 4) == (4,)
        struct.pack_into("<i", lying, 4, 7)
        folder = laid_out(tmp_path / "a.gdb", {**parts, table: bytes(lying)})
        assert list_feature_classes(folder)[0].rows == 7

    def test_fewer_rows_than_the_header_says_are_refused(self, tmp_path, parts, refusal):
        (table,) = [name for name in parts if name.endswith("9.gdbtable")]
        index = table.replace(".gdbtable", ".gdbtablx")
        gone = bytearray(parts[index])
        struct.pack_into("<i", gone, 16 + 4, 0)
        error = refusal(packed(tmp_path / "a.zip", {**parts, index: bytes(gone)}))
        assert error.fault.kind in {"rows_lost", "unreadable"}

    def test_a_table_with_wide_ids_has_its_count_elsewhere(self, tmp_path, parts):
        (table,) = [name for name in parts if name.endswith("9.gdbtable")]
        wide = bytearray(parts[table])
        struct.pack_into("<i", wide, 0, 4)
        struct.pack_into("<iq", wide, 4, 1, 0)
        struct.pack_into("<q", wide, 16, 5_000_000_000)
        folder = laid_out(tmp_path / "a.gdb", {**parts, table: bytes(wide)})
        assert list_feature_classes(folder)[0].rows == 5_000_000_000


class TestRefusals:
    @pytest.mark.parametrize("keep", [0.3, 0.9])
    def test_a_table_cut_short_is_refused_by_its_name(self, tmp_path, parts, refusal, keep):
        (table,) = [name for name in parts if name.endswith("9.gdbtable")]
        error = refusal(packed(tmp_path / "a.zip", {**parts, table: parts[table][: int(len(parts[table]) * keep)]}))
        assert error.fault.kind == "filegdb_cut"
        assert table in error.fault.text.zh

    @pytest.mark.parametrize("end", ["1.gdbtablx", "9.gdbtable"])
    def test_a_missing_part_is_named(self, tmp_path, parts, refusal, end):
        left = {name: content for name, content in parts.items() if not name.endswith(end)}
        error = refusal(packed(tmp_path / "a.zip", left))
        assert error.fault.kind == "filegdb_part_missing"
        assert end in error.fault.text.zh

    def test_a_broken_catalog_is_refused(self, tmp_path, parts, refusal):
        broken = parts["a00000001.gdbtablx"][:16] + b"\xff" * 5000
        path = packed(tmp_path / "a.zip", {**parts, "a00000001.gdbtablx": broken})
        assert refusal(path).fault.kind == "filegdb_broken"

    def test_a_compressed_one_is_refused_with_the_way_out(self, tmp_path, parts, refusal):
        error = refusal(packed(tmp_path / "a.zip", {**parts, "a0000000a.cdf": b"x"}))
        assert error.fault.kind == "filegdb_compressed"
        assert "Uncompress" in error.fault.remedy.zh

    def test_any_other_folder_is_refused(self, tmp_path, refusal):
        (tmp_path / "a.gdb").mkdir()
        assert refusal(tmp_path / "a.gdb").fault.kind == "format_folder"


def test_its_folder_is_known_by_its_catalog(gdal_files):
    assert sniff(gdal_files / "现状.gdb") is Format.FILEGDB


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a00000001.gdbtable", True),
        ("A0000000B.GDBINDEXES", True),
        ("gdb", True),
        ("timestamps", True),
        ("../gdb", False),
        ("x.vrt", False),
        ("a00000001.gdbtable.vrt", False),
    ],
)
def test_of_its_folder_nothing_but_its_own_files_is_laid_out(name, expected):
    assert is_part(name) is expected
