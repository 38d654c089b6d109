"""Files that mean harm reach no address and no other file, and take no more than their share."""

import json
import socket
import threading
from contextlib import closing, suppress

import pytest

from layers.confined.confinement import Confinement, Limits, confine_reading, reading_confinement
from layers.confined.reading import read_confined
from layers.errors import RefusedFile
from layers.reading import read_delivery
from tests.layers.hostile import SECRET, hostile_files

FEWEST = 80


@pytest.fixture(scope="module")
def listener():
    """Listen on a port of this machine, and remember who came."""
    came = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def listen():
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    came.append(caller.recv(200))
                    caller.close()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def files(listener, tmp_path_factory):
    """Return the hostile files, and beside their folder a file with a secret, which is a good layer."""
    folder = tmp_path_factory.mktemp("hostile")
    point = {"type": "Point", "coordinates": [126, 43]}
    secret = {"type": "Feature", "properties": {"secret": SECRET}, "geometry": point}
    canary = folder / "canary.geojson"
    canary.write_text(json.dumps({"type": "FeatureCollection", "features": [secret]}))
    made = []
    for name, content in hostile_files(canary, listener[0]):
        path = folder / name.partition("-")[0] / name
        path.parent.mkdir()
        path.write_bytes(content)
        made.append(path)
    return made


@pytest.fixture
def little():
    """Allow little memory and time."""
    before = reading_confinement()
    confine_reading(Confinement(mode=before.mode, limits=Limits(memory_mb=1536, cpu_s=20, wall_s=120)))
    yield
    confine_reading(before)


def told_by(read, path):
    """Return all that is told of a file, as text, and the kind of its refusal."""
    try:
        found = read(path, crs="EPSG:4490")
    except RefusedFile as error:
        return f"{error}{error.fault}", error.fault.kind
    return f"{found.frame.to_csv()}{found.notes}{found.layer}", None


@pytest.mark.usefixtures("little")
def test_in_confinement_they_reach_nothing_and_cost_themselves_alone(files, listener):
    assert len(files) >= FEWEST
    leaked, failed = [], []
    for path in files:
        text, kind = told_by(read_confined, path)
        if SECRET in text or "root:" in text:
            leaked.append(path.name)
        if kind == "reader_failed":
            failed.append(path.name)
    assert leaked == []
    assert listener[1] == []
    assert failed == []


def test_those_that_point_elsewhere_reach_nothing_without_confinement_either(files, listener):
    heavy = ("bomb", "levels", "array", "deep", "view", "quadratic", "laughs", "line", "vertices", "digits", "number")
    leaked = []
    for path in files:
        if not any(word in path.name for word in heavy):
            text, _ = told_by(read_delivery, path)
            if SECRET in text or "root:" in text:
                leaked.append(path.name)
    assert leaked == []
    assert listener[1] == []
