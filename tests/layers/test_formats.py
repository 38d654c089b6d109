"""The bytes decide what a file is; its name is a hint."""

import gzip

import pytest
from making import collection, feature, geojson, shapefile, zipped

from layers.errors import RefusedFile
from layers.formats import Format, identify, sniff

ONE = '{"type":"Feature","properties":{},"geometry":null}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04rest", Format.ZIP),
        (b"\x1f\x8brest", Format.GZIP),
        (b"fgb\x03fgb\x00rest", Format.FLATGEOBUF),
        (b"\x00\x00\x27\x0a" + b"\x00" * 96, Format.SHAPEFILE),
        (b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG" + b"\x00" * 28, Format.GEOPACKAGE),
        (b'{"type":"FeatureCollection"}', Format.GEOJSON),
        (b' \r\n\t{"type":"Feature"}', Format.GEOJSON),
        (b"\xef\xbb\xbf" + ONE.encode(), Format.GEOJSON),
        (ONE.encode("utf-16"), Format.GEOJSON),
        (f"{ONE}\n{ONE}\n".encode(), Format.GEOJSONSEQ),
        (f"\xef\xbb\xbf{ONE}\n{ONE}".encode("latin-1"), Format.GEOJSONSEQ),
        (f"\x1e{ONE}\n".encode(), Format.GEOJSONSEQ),
        (f"{ONE}\n\n".encode(), Format.GEOJSON),
        (b"{\n}\n{", Format.GEOJSON),
        (b'{"type": "CityJSON"}', Format.CITYJSON),
        (b'{"type":"FeatureCollection","coordRefSys":"x"}', Format.JSONFG),
        (b'<?xml version="1.0"?><kml xmlns="x">', Format.KML),
        (b'<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="x">', Format.GML),
        (b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));", Format.IFC),
    ],
)
def test_the_content_tells_the_format_under_any_name(tmp_path, content, expected):
    for name in ("a.bin", "a.shp", "a"):
        path = tmp_path / name
        path.write_bytes(content)
        assert sniff(path) is expected


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\n<HTML><body>", "HTML"),
        (b'<?xml version="1.0"?><core:CityModel xmlns:gml="http://www.opengis.net/gml">', "CityGML"),
        (b"<OGRVRTDataSource>", "XML"),
        (b"SQLite format 3\x00" + b"\x00" * 84, "SQLite"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\x00" * 257 + b"ustar", "tar"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(tmp_path, content, found):
    path = tmp_path / "upload.gpkg"
    path.write_bytes(content)
    with pytest.raises(RefusedFile) as caught:
        sniff(path)
    assert caught.value.fault.kind == "format_foreign"
    assert found in caught.value.fault.text.zh
    assert found in caught.value.fault.text.en


def test_a_text_called_shp_is_refused_by_its_first_words(tmp_path, refusal):
    path = tmp_path / "survey.shp"
    path.write_text("楼号,面积\n1,120\n", encoding="utf-8")
    error = refusal(path)
    assert error.fault.kind == "format_text"
    assert "楼号,面积" in error.fault.text.zh
    assert str(error).startswith("survey.shp: ")


def test_an_empty_file_is_refused(tmp_path, refusal):
    path = tmp_path / "empty.geojson"
    path.touch()
    error = refusal(path)
    assert error.fault.kind == "empty_file"
    assert error.file == "empty.geojson"


def test_bytes_without_a_meaning_are_refused(tmp_path, refusal):
    path = tmp_path / "zeros.shp"
    path.write_bytes(b"\x00" * 500)
    assert refusal(path).fault.kind == "format_unknown"


@pytest.mark.parametrize("suffix", [".shx", ".dbf", ".prj"])
def test_one_part_of_a_shapefile_asks_for_the_others(tmp_path, refusal, suffix):
    path = shapefile(tmp_path / "set").with_suffix(suffix)
    error = refusal(path)
    assert error.fault.kind == "format_part"
    assert suffix in error.fault.text.en


def test_a_folder_is_refused(tmp_path, refusal):
    (tmp_path / "a.gdb").mkdir()
    error = refusal(tmp_path / "a.gdb")
    assert error.fault.kind == "format_folder"
    assert "FileGDB" in error.fault.remedy.zh


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sniff(tmp_path / "missing.gpkg")


def test_identify_is_silent_about_what_it_does_not_know(tmp_path):
    path = tmp_path / "readme.txt"
    path.write_text("hello", encoding="utf-8")
    assert identify(path) is None


@pytest.mark.parametrize("wrap", [gzip.compress, lambda data: data])
def test_the_person_s_name_for_the_file_is_used_in_the_refusal(tmp_path, refusal, wrap):
    path = tmp_path / "upload-4711"
    path.write_bytes(wrap(b"<html>not found</html>"))
    assert refusal(path, name="现状.geojson.gz").file == "现状.geojson.gz"


def test_geojson_named_as_a_zip_is_read(tmp_path):
    from layers.reading import read_delivery  # noqa: PLC0415

    path = geojson(tmp_path / "data.zip", collection(feature()))
    assert read_delivery(path).format == "GeoJSON"


def test_a_zip_named_as_geojson_is_read(tmp_path):
    from layers.reading import read_delivery  # noqa: PLC0415

    inner = geojson(tmp_path / "a.geojson", collection(feature()))
    path = zipped(tmp_path / "data.geojson", {"a.geojson": inner.read_bytes()})
    assert read_delivery(path).format == "GeoJSON in zip"
