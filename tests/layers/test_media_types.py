"""Media types: told from bytes; what would run is refused, whatever it is called."""

import io
import zipfile

import pytest

from layers.errors import RefusedFile
from layers.media_types import load_media_types, sniff_media_type

DXF = "  0\r\nSECTION\r\n  2\r\nHEADER\r\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1v1z"/></svg>'
OFFICE = "application/vnd.openxmlformats-officedocument."


def packed(*names):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name in names:
            opened.writestr(name, b"x")
    return archive.getvalue()


KEPT = [
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    (packed("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
    (b"AC1032\x00\x00\x00\x00\x00", "image/vnd.dwg"),
    (b"AC1015\x00\x00\x00\x00\x00", "image/vnd.dwg"),
    (DXF.encode(), "image/vnd.dxf"),
    (("999\r\n落图 drew this\r\n" + DXF).encode("gbk"), "image/vnd.dxf"),
    (b"AutoCAD Binary DXF\r\n\x1a\x00\x00SECTION", "image/vnd.dxf"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
    (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
    (b"II+\x00\x08\x00\x00\x00", "image/tiff"),
    (SVG.encode(), "image/svg+xml"),
    (packed("[Content_Types].xml", "word/document.xml"), f"{OFFICE}wordprocessingml.document"),
    (packed("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}spreadsheetml.sheet"),
    (packed("测量.shp", "测量.dbf"), "application/zip"),
    (b"PK\x05\x06" + bytes(18), "application/zip"),
    (b"SQLite format 3\x00".ljust(68, b"\x00") + b"GPKG", "application/geopackage+sqlite3"),
    (b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\n", "application/x-step"),
    (b'{"type": "FeatureCollection", "features": []}', "application/geo+json"),
    (b'{"storeys": 6}', "application/json"),
    (b"[1, 2]", "application/json"),
    (b'<?xml version="1.0"?><survey><point n="1"/></survey>', "application/xml"),
    ('<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"), "application/xml"),
    ("点号,X,Y\nJ1,4856000.1,544000.2\nJ2,4856012.0,544000.9\n".encode("gb18030"), "text/csv; charset=gb18030"),
    (b"n\tx\ty\n1\t2\t3\n", "text/csv; charset=utf-8"),
    ("竣工测量说明。\n第二行。\n".encode(), "text/plain; charset=utf-8"),
    ("竣工测量说明。\n".encode("gbk"), "text/plain; charset=gb18030"),
    ("说明\n".encode("utf-16"), "text/plain; charset=utf-16"),
    (b"first line\r\nsecond, with a comma\r\n\x1a", "text/plain; charset=utf-8"),
]
REFUSED = [
    (b"", "empty_file"),
    (b"MZ\x90\x00\x03\x00\x00\x00", "document_executable"),
    (b"\x7fELF\x02\x01\x01", "document_executable"),
    (b"\xcf\xfa\xed\xfe\x07\x00\x00\x01", "document_executable"),
    (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", "document_executable"),
    (b"#!/bin/sh\nrm -r /\n", "document_executable"),
    (packed("META-INF/MANIFEST.MF", "Main.class"), "document_executable"),
    (packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "document_executable"),
    (b"<!DOCTYPE html><html></html>", "document_active"),
    (b"\xef\xbb\xbf \n<html lang=zh>", "document_active"),
    (SVG.replace("<path", "<script>alert(1)</script><path").encode(), "document_active"),
    (SVG.replace("<path", '<path onload="x()"').encode(), "document_active"),
    (SVG.replace("<path", '<a href="javascript:x()"/><path').encode("utf-16"), "document_active"),
    (SVG.replace("<path", '<image href="https://example.org/a.png"/><path').encode(), "document_active"),
    (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document_active"),
    (b'<a><b:script xmlns:b="http://www.w3.org/1999/xhtml"/></a>', "document_active"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document_foreign"),
    (b"Rar!\x1a\x07\x00", "document_foreign"),
    (b"{\\rtf1 hello}", "document_foreign"),
    (b"SQLite format 3\x00".ljust(100, b"\x00"), "document_foreign"),
    (bytes(range(256)), "document_unknown"),
    (b"\xff\xff\xff\xff", "document_unknown"),
    (b"  \n ", "document_unknown"),
    (b"PK\x03\x04 cut short", "archive_broken"),
]


@pytest.mark.parametrize(("content", "code"), KEPT, ids=[f"{i}-{code}" for i, (_, code) in enumerate(KEPT)])
def test_a_document_is_what_its_bytes_say(tmp_path, content, code):
    # under a name that says something else
    path = tmp_path / "setup.exe"
    path.write_bytes(content)
    assert sniff_media_type(path).code == code


@pytest.mark.parametrize(("content", "kind"), REFUSED, ids=[f"{i}-{kind}" for i, (_, kind) in enumerate(REFUSED)])
def test_what_would_run_and_what_nobody_knows_is_refused(tmp_path, content, kind):
    path = tmp_path / "drawing.pdf"
    path.write_bytes(content)
    with pytest.raises(RefusedFile) as caught:
        sniff_media_type(path)
    assert caught.value.fault.kind == kind


@pytest.mark.parametrize("before", [1 << 20, (1 << 20) - 5, 3 << 20])
def test_a_script_is_found_wherever_it_stands_in_the_file(tmp_path, before):
    path = tmp_path / "plan.svg"
    start = '<svg xmlns="http://www.w3.org/2000/svg">'
    path.write_text(start + " " * (before - len(start)) + "<script>1</script></svg>")
    with pytest.raises(RefusedFile) as caught:
        sniff_media_type(path)
    assert caught.value.fault.kind == "document_active"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("图纸.PDF", "图纸.PDF"),
        ("invoice.pdf.exe", "invoice.pdf.exe.pdf"),
        ("C:\\plans\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("", "document.pdf"),
    ],
)
def test_a_name_loses_its_path_and_ends_as_its_type_does(given, name):
    assert load_media_types()["application/pdf"].file_name(given) == name


def test_every_type_is_named_in_both_languages():
    assert all(kind.name.zh and kind.name.en and kind.suffixes for kind in load_media_types().values())
