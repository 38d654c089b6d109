"""A shapefile is checked by arithmetic: what GDAL would lose without a word is a refusal."""

import numpy as np
import pytest
import shapely
from making import NAMES, ZONE_126, cut, frame_of, parts, patch, shapefile, squares, zipped

from layers.reading import list_layers, read_delivery
from layers.tables import BATCH_ROWS


@pytest.fixture
def shp(tmp_path):
    return shapefile(tmp_path / "set")


def test_every_row_is_there_in_the_order_of_the_file(shp):
    delivery = read_delivery(shp)
    assert delivery.frame.index.tolist() == [0, 1, 2]
    assert delivery.frame["名称"].tolist() == NAMES
    assert delivery.frame["source_id"].tolist() == ["0", "1", "2"]
    assert shapely.equals(delivery.frame.geometry.to_numpy(), squares()).all()
    assert list(delivery.frame.columns) == ["source_id", "名称", "geometry"]


def test_the_zone_is_identified_from_esri_s_wkt(shp):
    delivery = read_delivery(shp)
    assert delivery.crs_name == ZONE_126
    assert delivery.crs.to_epsg() == 4551
    assert "prj" in delivery.crs_why.en


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_a_missing_part_is_named(shp, refusal, suffix):
    shp.with_suffix(suffix).unlink()
    error = refusal(shp)
    assert error.fault.kind == "shapefile_part_missing"
    assert suffix in error.fault.text.zh


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_part_cut_short_is_refused(shp, refusal, suffix, share):
    part = shp.with_suffix(suffix)
    cut(part, max(4, int(part.stat().st_size * share)))
    assert refusal(shp).fault.kind in {"shapefile_cut", "shapefile_broken"}


def test_a_table_that_ends_early_is_refused_by_its_bytes(tmp_path, refusal):
    path = shapefile(tmp_path / "set", names=[f"第{number}号楼" for number in range(100)])
    table = path.with_suffix(".dbf")
    cut(table, table.stat().st_size // 2)
    error = refusal(path)
    assert error.fault.kind == "shapefile_cut"
    assert ".dbf" in error.fault.text.en


def test_more_shapes_than_records_is_refused_with_both_numbers(shp, refusal):
    patch(shp.with_suffix(".dbf"), 4, (2).to_bytes(4, "little"))
    error = refusal(shp)
    assert error.fault.kind == "shapefile_counts"
    assert "3" in error.fault.text.zh
    assert "2" in error.fault.text.zh


def test_shapes_that_no_index_lists_are_not_passed_over(shp, refusal):
    index = shp.with_suffix(".shx")
    patch(index, 24, ((100 + 2 * 8) // 2).to_bytes(4, "big"))
    cut(index, 100 + 2 * 8)
    patch(shp.with_suffix(".dbf"), 4, (2).to_bytes(4, "little"))
    assert refusal(shp).fault.kind == "shapefile_unindexed"


def test_an_index_that_points_elsewhere_is_refused(shp, refusal):
    patch(shp.with_suffix(".shx"), 108, (60).to_bytes(4, "big"))
    assert refusal(shp).fault.kind == "shapefile_broken"


def test_rows_marked_as_deleted_are_left_out_and_told(shp):
    table = shp.with_suffix(".dbf").read_bytes()
    first_record = int.from_bytes(table[8:10], "little")
    patch(shp.with_suffix(".dbf"), first_record + int.from_bytes(table[10:12], "little"), b"*")
    delivery = read_delivery(shp)
    assert delivery.frame["名称"].tolist() == [NAMES[0], NAMES[2]]
    assert delivery.frame.index.tolist() == [0, 1]
    assert delivery.frame["source_id"].tolist() == ["0", "2"]
    assert any("1" in note.zh and "删除" in note.zh for note in delivery.notes)


def test_a_row_without_a_shape_stays_a_row(tmp_path):
    shapes = np.array([*squares(2), None], dtype=object)
    delivery = read_delivery(shapefile(tmp_path / "set", geometry=shapes))
    assert delivery.frame.geometry.isna().tolist() == [False, False, True]
    assert delivery.faults.tolist() == [None, None, None]


def test_a_shape_that_gdal_cannot_build_is_a_fault_of_its_row(shp):
    record = int.from_bytes(shp.with_suffix(".shx").read_bytes()[108:112], "big") * 2
    # the number of its points, which no longer fits the record
    patch(shp, record + 8 + 4 + 32 + 4, (2**30).to_bytes(4, "little"))
    delivery = read_delivery(shp)
    assert delivery.frame.geometry.isna().tolist() == [False, True, False]
    assert [fault and fault.kind for fault in delivery.faults] == [None, "geometry_broken", None]


def test_bytes_after_the_last_shape_are_told(shp):
    shp.write_bytes(shp.read_bytes() + b"\x00" * 7)
    assert any("7" in note.en and "end of the data" in note.en for note in read_delivery(shp).notes)


def test_heights_are_dropped_and_told(tmp_path):
    shapes = shapely.force_3d(squares(), 12.5)
    delivery = read_delivery(shapefile(tmp_path / "set", geometry=shapes))
    assert not shapely.has_z(delivery.frame.geometry.to_numpy()).any()
    assert any("高程" in note.zh and "3" in note.zh for note in delivery.notes)


def test_the_name_of_the_file_may_be_anything_that_a_folder_allows(tmp_path):
    for name in ("现状 建筑?a=1", "GPKG:x", "a'b\"c;d"):
        assert len(read_delivery(shapefile(tmp_path / "set", name)).frame) == 3
        for part in (tmp_path / "set").iterdir():
            part.unlink()


def test_a_loose_shapefile_is_digested_with_all_its_parts(shp):
    before = read_delivery(shp)
    shp.with_suffix(".prj").write_text(shp.with_suffix(".prj").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    after = read_delivery(shp)
    assert before.sha256 != after.sha256
    assert after.size == sum(len(content) for content in parts(shp).values())


def test_fields_of_the_same_name_are_both_there(tmp_path):
    path = shapefile(tmp_path / "set")
    frame = frame_of({"a": ["1", "2", "3"], "b": ["4", "5", "6"]})
    from layers.writing import write_frame  # noqa: PLC0415

    write_frame(frame, tmp_path / "two.zip")
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    table = bytearray(members["two.dbf"])
    table[32 + 32 : 32 + 33] = b"a"
    again = zipped(tmp_path / "again.zip", {**members, "two.dbf": bytes(table)})
    delivery = read_delivery(again)
    assert delivery.frame["a"].tolist() == ["1", "2", "3"]
    assert delivery.frame["a_2"].tolist() == ["4", "5", "6"]
    assert any("a → a_2" in note.zh for note in delivery.notes)
    assert path.exists()


def test_the_layer_is_listed_without_reading_rows(shp):
    (entry,) = list_layers(shp)
    assert (entry.name, entry.geometry, entry.rows) == ("建筑", "Polygon", 3)


def test_a_shapefile_without_rows_is_refused(tmp_path, refusal):
    path = shapefile(tmp_path / "set", names=[], geometry=None)
    assert refusal(path).fault.kind == "no_features"


def test_the_encoding_is_that_of_all_rows_however_many_batches_they_come_in(tmp_path):
    names = [f"No. {number}" for number in range(BATCH_ROWS)] + ["丽水花园", "丽水花园", "No. 7"]
    delivery = read_delivery(shapefile(tmp_path / "long", names=names, encoding="GBK"))
    assert delivery.frame["名称"].tolist() == names
    assert delivery.encoding.name == "GB18030"


def test_values_cut_inside_a_character_are_counted_over_all_batches(tmp_path):
    full = "丽" * 40
    path = shapefile(tmp_path / "cut", names=[full, *["x"] * BATCH_ROWS, full], encoding="GBK")
    table = path.with_suffix(".dbf")
    content, raw = table.read_bytes(), full.encode("gbk")
    # as wide as its text, a field that begins with one byte more ends with half a character
    table.write_bytes(content.replace(raw, (b"x" + raw)[: len(raw)]))
    delivery = read_delivery(path)
    assert delivery.frame["名称"].iloc[[0, -1]].tolist() == ["x" + "丽" * 39] * 2
    assert [note.en for note in delivery.notes if "half character: 2." in note.en]
