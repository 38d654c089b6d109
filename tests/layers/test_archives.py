"""Archives are unpacked by us, under names of ours, within limits."""

import gzip
import io
import struct
import zipfile

import pytest
from making import RawName, collection, feature, frame_of, geojson, geopackage, parts, shapefile, zipped

import layers.archives
from layers.archives import unpack_gzip, unpack_zip
from layers.errors import RefusedFile
from layers.reading import read_delivery

GOOD = b'{"type":"FeatureCollection","features":[]}'


def refused_as(path, folder):
    folder.mkdir()
    with pytest.raises(RefusedFile) as caught:
        unpack_zip(path, folder)
    return caught.value.fault.kind


def test_names_in_gbk_without_the_flag_are_read_as_chinese(tmp_path):
    path = zipped(tmp_path / "a.zip", {"规划/永久基本农田.geojson": GOOD}, names="gbk", flagged=False)
    (member,) = unpack_zip(path, tmp_path)
    assert member.name == "规划/永久基本农田.geojson"


@pytest.mark.parametrize("flagged", [True, False])
def test_names_in_utf_8_are_read_with_the_flag_and_without(tmp_path, flagged):
    path = zipped(tmp_path / "a.zip", {"松花江𠮷.geojson": GOOD}, names="utf-8", flagged=flagged)
    assert [member.name for member in unpack_zip(path, tmp_path)] == ["松花江𠮷.geojson"]


def test_names_that_are_neither_are_read_as_dos(tmp_path):
    path = zipped(tmp_path / "a.zip", {"caf\u00e9\u00ff.geojson": GOOD}, names="latin-1", flagged=False)
    assert unpack_zip(path, tmp_path)[0].name == b"caf\xe9\xff.geojson".decode("cp437")


def test_members_lie_under_ascii_names_that_keep_their_suffix(tmp_path):
    path = zipped(tmp_path / "a.zip", {"现状.GeoJSON": GOOD, "说明.文档": b"x", "无后缀": b"y"})
    assert [member.path.name for member in unpack_zip(path, tmp_path)] == ["000.geojson", "001", "002"]


def test_junk_of_macs_and_windows_is_left_out(tmp_path):
    junk = ["__MACOSX/._a.shp", ".DS_Store", "x/._b.shp", "Thumbs.db", "x/desktop.ini"]
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD, **dict.fromkeys(junk, b"junk")})
    assert [member.name for member in unpack_zip(path, tmp_path)] == ["a.geojson"]


@pytest.mark.parametrize(
    "name", ["../out.geojson", "a/../../out.geojson", "/etc/out.geojson", "..\\out.geojson", "C:\\out.geojson", "C:/x"]
)
def test_a_path_that_leads_out_is_refused(tmp_path, name):
    path = zipped(tmp_path / "a.zip", {name: GOOD})
    assert refused_as(path, tmp_path / "out") == "archive_path"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip", "out"]


def test_backslashes_are_folders(tmp_path):
    path = zipped(tmp_path / "a.zip", {"图层\\现状.geojson": GOOD})
    assert unpack_zip(path, tmp_path)[0].name == "图层/现状.geojson"


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    entry = zipfile.ZipInfo("a.geojson")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert refused_as(path, tmp_path / "out") == "archive_link"


def test_two_names_that_differ_in_case_alone_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD, "A.GEOJSON": GOOD})
    assert refused_as(path, tmp_path / "out") == "archive_duplicate"


def test_an_encrypted_member_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert refused_as(path, tmp_path / "out") == "archive_encrypted"


def test_a_geodatabase_may_have_more_files(tmp_path):
    files = {f"city.gdb/a{number:08x}.gdbtable": b"" for number in range(600)}
    assert len(unpack_zip(zipped(tmp_path / "a.zip", files), tmp_path)) == 600
    files |= {f"{number}.txt": b"" for number in range(201)}
    assert refused_as(zipped(tmp_path / "b.zip", files), tmp_path / "out") == "archive_entries"


def test_too_many_entries_are_refused_before_they_are_listed(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{number}.txt": b"" for number in range(201)})
    assert refused_as(path, tmp_path / "out") == "archive_entries"


def test_a_directory_that_lies_about_its_count_is_refused_all_the_same(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{number}.txt": b"" for number in range(201)})
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 3, 3)
    path.write_bytes(data)
    assert refused_as(path, tmp_path / "out") == "archive_entries"


def test_a_bomb_is_refused_by_what_it_says(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.geojson": b"\x00" * (300 << 20)})
    assert refused_as(path, tmp_path / "out") == "archive_ratio"
    assert not any((tmp_path / "out").iterdir())


def test_a_bomb_that_hides_its_size_is_stopped_while_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr(layers.archives, "MAX_BYTES", 1 << 20)
    path = zipped(tmp_path / "a.zip", {"a.geojson": b"\x00" * (3 << 20)})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    assert refused_as(path, tmp_path / "out") in {"archive_size", "archive_broken"}
    assert sum(part.stat().st_size for part in (tmp_path / "out").iterdir()) <= 1 << 20


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layers.archives, "MAX_BYTES", 1 << 20)
    path = zipped(tmp_path / "a.zip", {"a.bin": b"\x00" * (1 << 20), "b.bin": b"\x00"})
    assert refused_as(path, tmp_path / "out") == "archive_size"


def test_entries_that_overlap_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD, "b.geojson": GOOD})
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 10)
    path.write_bytes(data)
    assert refused_as(path, tmp_path / "out") == "archive_broken"


@pytest.mark.parametrize("keep", [4, 30, 60, -1, -20])
def test_an_archive_cut_short_is_refused(tmp_path, keep):
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD * 20})
    path.write_bytes(path.read_bytes()[:keep])
    assert refused_as(path, tmp_path / "out") == "archive_broken"


def test_a_member_with_wrong_bytes_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.geojson", GOOD)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Collection", b"collection"))
    assert refused_as(path, tmp_path / "out") == "archive_broken"


def test_a_method_that_is_not_supported_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.geojson": GOOD})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = data.index(signature) + offset
        data[start : start + 2] = struct.pack("<H", 9)
    path.write_bytes(data)
    assert refused_as(path, tmp_path / "out") == "archive_method"


def test_an_archive_in_an_archive_is_refused(tmp_path, refusal):
    inner = zipped(tmp_path / "inner.zip", {"a.geojson": GOOD}).read_bytes()
    error = refusal(zipped(tmp_path / "a.zip", {"外层/inner.zip": inner, "b.geojson": GOOD}))
    assert error.fault.kind == "archive_nested"
    assert "外层/inner.zip" in error.fault.text.zh


@pytest.mark.parametrize("inner", [gzip.compress(GOOD), b"PK\x03\x04"], ids=["gzip", "zip"])
def test_an_archive_in_a_gzip_is_refused(tmp_path, refusal, inner):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(inner))
    assert refusal(path).fault.kind == "archive_nested"


def test_a_word_file_beside_the_layer_is_left_aside_and_told(tmp_path):
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    layer = geojson(tmp_path / "a.geojson", collection(feature()))
    path = zipped(tmp_path / "a.zip", {"说明.docx": document.getvalue(), "a.geojson": layer.read_bytes()})
    delivery = read_delivery(path)
    assert len(delivery.frame) == 1
    assert any("说明.docx" in note.zh for note in delivery.notes)


def test_an_archive_without_a_layer_lists_what_is_in_it(tmp_path, refusal):
    error = refusal(zipped(tmp_path / "a.zip", {"读我.txt": b"hello", "metadata.json": b'{"title": "x"}'}))
    assert error.fault.kind == "archive_without_layer"
    assert "读我.txt" in error.fault.text.en


def test_an_empty_archive_is_refused(tmp_path, refusal):
    assert refusal(zipped(tmp_path / "a.zip", {})).fault.kind == "archive_without_layer"


def test_what_is_called_a_layer_and_is_none_is_not_passed_over(tmp_path, refusal):
    layer = geojson(tmp_path / "a.geojson", collection(feature()))
    path = zipped(tmp_path / "a.zip", {"a.geojson": layer.read_bytes(), "b.shp": b"404 not found"})
    assert refusal(path).fault.kind == "format_text"


def test_a_gzip_cut_short_is_refused(tmp_path):
    path = tmp_path / "a.geojson.gz"
    path.write_bytes(gzip.compress(GOOD * 100)[:-20])
    with pytest.raises(RefusedFile) as caught:
        unpack_gzip(path, tmp_path, name=path.name)
    assert caught.value.fault.kind == "archive_broken"


def test_a_gzip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layers.archives, "MAX_BYTES", 1 << 20)
    path = tmp_path / "a.geojson.gz"
    path.write_bytes(gzip.compress(b"\x00" * (2 << 20)))
    with pytest.raises(RefusedFile) as caught:
        unpack_gzip(path, tmp_path, name=path.name)
    assert caught.value.fault.kind == "archive_size"


def test_gzip_wraps_a_geopackage_too(tmp_path):
    inner = geopackage(tmp_path / "a.gpkg", {"buildings": frame_of()})
    path = tmp_path / "a.gpkg.gz"
    path.write_bytes(gzip.compress(inner.read_bytes()))
    delivery = read_delivery(path)
    assert delivery.format == "GeoPackage in gzip"
    assert len(delivery.frame) == 3


def test_shapefile_parts_are_found_whatever_their_case(tmp_path):
    upper = {".shp": ".SHP", ".dbf": ".Dbf", ".shx": ".SHX", ".prj": ".PRJ"}
    path = zipped(tmp_path / "a.zip", parts(shapefile(tmp_path / "set", suffixes=upper)))
    assert read_delivery(path).crs_name == "EPSG:4551"


def test_a_shape_under_another_suffix_is_known_by_its_bytes(tmp_path):
    members = parts(shapefile(tmp_path / "set", "a", suffixes={".shp": ".bin"}))
    assert len(read_delivery(zipped(tmp_path / "a.zip", members)).frame) == 3


def test_a_shapefile_without_its_shp_is_no_layer(tmp_path, refusal):
    members = parts(shapefile(tmp_path / "set", "a"))
    del members["a.shp"]
    assert refusal(zipped(tmp_path / "a.zip", members)).fault.kind == "archive_without_layer"


def test_two_shapefiles_in_folders_keep_their_own_parts(tmp_path):
    one = parts(shapefile(tmp_path / "1", "建筑", names=["甲"]))
    two = parts(shapefile(tmp_path / "2", "建筑", names=["乙", "丙"]))
    members = {f"一/{name}": data for name, data in one.items()} | {f"二/{name}": data for name, data in two.items()}
    path = zipped(tmp_path / "a.zip", members, names="gbk", flagged=False)
    assert read_delivery(path, layer="二/建筑.shp/建筑").frame["名称"].tolist() == ["乙", "丙"]


class TestSeveralLayers:
    @pytest.fixture
    def two(self, tmp_path):
        points = geojson(
            tmp_path / "界址点.geojson", collection(feature({"type": "Point", "coordinates": [126.5, 43.8]}))
        )
        polygons = geojson(tmp_path / "建筑.geojson", collection(feature()))
        return {part.name: part.read_bytes() for part in (points, polygons)}

    def test_the_only_layer_of_polygons_is_taken_and_the_others_are_told(self, tmp_path, two):
        delivery = read_delivery(zipped(tmp_path / "a.zip", two))
        assert delivery.layer == "建筑"
        assert any("界址点" in note.zh for note in delivery.notes)

    def test_any_layer_can_be_asked_for(self, tmp_path, two):
        delivery = read_delivery(zipped(tmp_path / "a.zip", two), layer="界址点")
        assert delivery.frame.geometry.iloc[0].geom_type == "Point"

    def test_more_than_one_layer_of_polygons_must_be_chosen_from(self, tmp_path, two, refusal):
        error = refusal(zipped(tmp_path / "a.zip", {**two, "旧/地块.geojson": two["建筑.geojson"]}))
        assert error.fault.kind == "layer_choice"
        assert "建筑" in error.fault.text.zh
        assert "地块" in error.fault.text.zh

    def test_layers_of_the_same_name_are_told_apart_by_their_file(self, tmp_path, two):
        path = zipped(
            tmp_path / "a.zip", {"旧/建筑.geojson": two["建筑.geojson"], "新/建筑.geojson": two["建筑.geojson"]}
        )
        assert read_delivery(path, layer="新/建筑.geojson/建筑").layer == "新/建筑.geojson/建筑"

    def test_a_name_that_is_not_there_is_answered_with_those_that_are(self, tmp_path, two, refusal):
        error = refusal(zipped(tmp_path / "a.zip", two), layer="道路")
        assert error.fault.kind == "layer_unknown"
        assert "界址点, 建筑" in error.fault.text.en


def test_an_entry_can_be_named_by_us():
    assert RawName(b"x", flagged=False)._encodeFilenameFlags() == (b"x", 0)
