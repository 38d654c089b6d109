"""Damaged files of every format are refused, or read as rows: never another error, never fewer rows without a word."""

import gzip

import numpy as np
import pytest
from making import NAMES, frame_of, parts, shapefile, zipped

from layers.errors import RefusedFile
from layers.reading import read_delivery
from layers.writing import write_frame

SUFFIXES = [".gpkg", ".fgb", ".parquet", ".zip", ".geojson", ".geojsonl", ".geojson.gz", ".shp", ".shx", ".dbf", ".prj"]
ROWS = 12


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Return the bytes of a sound file of each kind."""
    folder = tmp_path_factory.mktemp("sound")
    frame = frame_of({"名称": NAMES * 4, "n": list(range(ROWS))})
    made = {}
    for suffix in (".gpkg", ".fgb", ".parquet", ".zip", ".geojson", ".geojsonl"):
        write_frame(frame, folder / f"a{suffix}")
        made[suffix] = (folder / f"a{suffix}").read_bytes()
    made[".geojson.gz"] = gzip.compress(made[".geojson"])
    shp = shapefile(folder / "set", "a", names=NAMES * 4)
    return made | {part.suffix: part.read_bytes() for part in shp.parent.iterdir()}


def damage(data, random):
    """Return bytes changed, cut or repeated in up to five places."""
    data = bytearray(data)
    for _ in range(random.integers(1, 6)):
        at = int(random.integers(len(data)))
        kind = random.integers(4)
        if kind == 0:
            data[at] = int(random.integers(256))
        elif kind == 1:
            data[at : at + 4] = random.bytes(4)
        elif kind == 2:
            data[at:at] = data[int(random.integers(len(data))) :][:40]
        else:
            del data[max(1, at) :]
    return bytes(data)


def outcome(path):
    try:
        delivery = read_delivery(path)
    except RefusedFile as error:
        return error.fault.kind if error.file == path.name else None
    return len(delivery.frame) + sum("已删除" in note.zh for note in delivery.notes)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_refused_or_rows(tmp_path, sound, suffix, seed):
    random = np.random.default_rng([seed, SUFFIXES.index(suffix)])
    for number in range(3):
        if suffix in {".shp", ".shx", ".dbf", ".prj"}:
            for part in (".shp", ".shx", ".dbf", ".prj"):
                (tmp_path / f"a{part}").write_bytes(damage(sound[part], random) if part == suffix else sound[part])
            path = tmp_path / "a.shp"
        else:
            path = tmp_path / f"{number}{suffix}"
            path.write_bytes(damage(sound[suffix], random))
        assert outcome(path) is not None


@pytest.mark.parametrize(
    "suffix", [".gpkg", ".fgb", ".parquet", ".zip", ".geojson", ".geojson.gz", ".shp", ".shx", ".dbf"]
)
@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999])
def test_a_file_cut_short_never_has_fewer_rows(tmp_path, sound, suffix, share):
    cut = sound[suffix][: int(len(sound[suffix]) * share)]
    if suffix in {".shp", ".shx", ".dbf"}:
        members = {f"a{part}": cut if part == suffix else sound[part] for part in (".shp", ".shx", ".dbf", ".prj")}
        path = zipped(tmp_path / "a.zip", members)
    else:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(cut)
    assert isinstance(outcome(path), str) or outcome(path) == ROWS


def test_the_sound_files_are_read_whole(tmp_path, sound):
    for suffix in (".gpkg", ".fgb", ".parquet", ".zip", ".geojson", ".geojsonl", ".geojson.gz"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(sound[suffix])
        assert outcome(path) == ROWS
    assert len(parts(shapefile(tmp_path / "set"))) == 4
