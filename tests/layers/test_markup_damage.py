"""Damaged KML, GML, JSON-FG, CityJSON and FileGDB are refused, or read as rows: never another error, never fewer rows."""

import copy
import json
import shutil
from xml.etree.ElementTree import tostring

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from gdal_program import NAMES
from making import zipped
from test_cityjson import CITY

from layers.errors import RefusedFile
from layers.reading import read_delivery

FILES = ["kml.kml", "libkml.kmz", "GML3.gml", "GML2_degrees.gml", "curve.gml", "jsonfg.json", "city.json"]
ROWS = {"curve.gml": 1, "city.json": 4}


@pytest.fixture(scope="module")
def sound(gdal_files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    for name in FILES[:-1]:
        shutil.copy(gdal_files / name, folder / name)
    (folder / "city.json").write_text(json.dumps(CITY), encoding="utf-8")
    return folder


def outcome(path):
    """Return the kind of the refusal, or the number of rows."""
    layer = "建筑" if path.suffix in {".kmz", ".zip"} else None
    try:
        return len(read_delivery(path, layer=layer).frame)
    except RefusedFile as error:
        return error.fault.kind if error.file == path.name else pytest.fail(str(error))


def damaged(data, random):
    """Return bytes changed, repeated or left out in up to four places."""
    data = bytearray(data)
    for _ in range(random.integers(1, 5)):
        at, kind = int(random.integers(len(data))), random.integers(3)
        if kind == 0:
            data[at] = int(random.integers(256))
        elif kind == 1:
            data[at:at] = data[int(random.integers(len(data))) :][:40]
        else:
            del data[at : at + int(random.integers(1, 40))]
    return bytes(data)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_or_rows(tmp_path, sound, name):
    random = np.random.default_rng([9, FILES.index(name)])
    whole = (sound / name).read_bytes()
    for number in range(25):
        path = tmp_path / f"{number}{(sound / name).suffix}"
        path.write_bytes(damaged(whole, random))
        outcome(path)


def shuffled(tree, random, texts):
    """Change an XML tree in up to three places: elements gone, twice, renamed, moved into others, with other texts."""
    for _ in range(random.integers(1, 4)):
        pairs = [(parent, child) for parent in tree.iter() for child in parent]
        if not pairs:
            return
        (parent, child), (place, other) = (pairs[int(at)] for at in random.integers(len(pairs), size=2))
        kind = random.integers(5)
        if kind == 0:
            parent.remove(child)
        elif kind == 1:
            place.append(copy.deepcopy(child))
        elif kind == 2:
            child.tag = other.tag
        elif kind == 3:
            child.text = texts[int(random.integers(len(texts)))]
        elif child.attrib:
            child.attrib[min(child.attrib)] = texts[int(random.integers(len(texts)))]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(("kml", "gml"))])
def test_well_formed_nonsense_is_refused_or_rows(tmp_path, sound, name):
    random = np.random.default_rng([11, FILES.index(name)])
    texts = ["", "x", "nan", "1e400", "126.5,43.8", "1 2 3", "urn:ogc:def:crs:EPSG::4490", "3", "#x"]
    for number in range(25):
        tree = fromstring((sound / name).read_bytes())
        shuffled(tree, random, texts)
        path = tmp_path / f"{number}{(sound / name).suffix}"
        path.write_bytes(tostring(tree, encoding="utf-8"))
        outcome(path)


def spots(value):
    """Yield every object or list in a JSON value with every key of it."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from spots(inner)


@pytest.mark.parametrize("name", ["jsonfg.json", "curve.json", "city.json"])
def test_json_with_other_values_in_it_is_refused_or_rows(tmp_path, sound, gdal_files, name):
    values = [None, True, -1, 1.5, 10**30, "", "x", [], {}, [[]], [None], {"type": "Polygon"}, float("nan"), [1, 2]]
    whole = CITY if name == "city.json" else json.loads((gdal_files / name).read_bytes())
    random = np.random.default_rng(12)
    for number in range(40):
        document = copy.deepcopy(whole)
        places = list(spots(document))
        holder, key = places[int(random.integers(len(places)))]
        holder[key] = copy.deepcopy(values[int(random.integers(len(values)))])
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        outcome(path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.9, 0.99])
def test_a_file_cut_short_never_has_fewer_rows(tmp_path, sound, name, share):
    path = tmp_path / f"a{(sound / name).suffix}"
    path.write_bytes((sound / name).read_bytes()[: int((sound / name).stat().st_size * share)])
    assert isinstance(outcome(path), str)


@pytest.mark.parametrize("name", FILES)
def test_the_sound_files_are_read_whole(sound, name):
    assert outcome(sound / name) == ROWS.get(name, len(NAMES))


def test_a_damaged_geodatabase_is_refused_or_all_of_its_rows(tmp_path, gdal_files):
    parts = {f"a.gdb/{part.name}": part.read_bytes() for part in (gdal_files / "现状.gdb").iterdir()}
    random = np.random.default_rng(10)
    for number, name in enumerate(sorted(parts)):
        path = zipped(tmp_path / f"{number}.zip", {**parts, name: damaged(parts[name], random)})
        assert isinstance(found := outcome(path), str) or found == len(NAMES), name
