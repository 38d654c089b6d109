"""The wheel: all that the program reads is in it, and it runs where no checkout is."""

import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from geocode import __version__

PROJECT = Path(__file__).resolve().parents[1]
PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = PROJECT_FILE["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
ON_A_BARE_MACHINE = """
import io, json, sys
from contextlib import redirect_stdout
from pathlib import Path

def said(*command):
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as out:
        app(command, standalone_mode=False)
    out.flush()
    return out.buffer.getvalue().decode()

from cli.main import app
version, coded = said("--version"), said("code", sys.argv[1], "--format", "csv")
from fastapi.testclient import TestClient
import api.app, store.upgrading, workflows.settings
settings = workflows.settings.Settings()
page = TestClient(api.app.create_app(settings), base_url="http://127.0.0.1").get("/")
print(json.dumps({
    "version": version, "coded": coded, "page": [page.status_code, page.text], "home": str(settings.home),
    "place": str(Path(api.app.__file__).parents[1]),
    "migrations": [store.upgrading.known_migration(), len(store.upgrading._scripts())],
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel, with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("luotu-*.whl")
    return built


@pytest.fixture(scope="module")
def told(wheel, tmp_path_factory):
    """Return what the wheel does in an environment of its own, in which what it depends on is found but no checkout."""
    place = tmp_path_factory.mktemp("machine")
    venv.create(place / "venv", with_pip=False, symlinks=True)
    (site,) = (place / "venv").glob("lib/python*/site-packages")
    with ZipFile(wheel) as packed:
        packed.extractall(site)
    here = next(folder for folder in sys.path if folder.endswith("site-packages"))
    (site / "what_it_depends_on.pth").write_text(f"{here}\n")
    home = place / "home"
    home.mkdir()
    own = {"HOME": str(home), "DATABASE_URL": "postgresql+psycopg://nobody@/none?host=/nowhere", "LUOTU_LANGUAGE": "en"}
    told = subprocess.run(
        [place / "venv/bin/python", "-c", ON_A_BARE_MACHINE, PROJECT / "data/samples/survey.zip"],
        env={name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "LUOTU_HOME"}} | own,
        cwd=home,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(told.stdout)


def names_of(wheel):
    with ZipFile(wheel) as packed:
        return set(packed.namelist())


def test_it_holds_every_file_of_the_packages_code_and_data_alike(wheel):
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *SHIPPED],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if not files:
        pytest.skip("no checkout")
    there = {name for name in files if (PROJECT / name).is_file()}
    assert there - names_of(wheel) == set()
    kinds = {Path(name).suffix for name in there}
    assert {".py", ".toml", ".sql"} <= kinds


def test_it_holds_the_page_as_it_was_built(wheel):
    page = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "web/dist").rglob("*") if path.is_file()}
    if not page:
        pytest.skip("the page is not built")
    assert page <= names_of(wheel)


def test_it_holds_nothing_that_the_program_does_not_need(wheel):
    tops = {name.split("/")[0] for name in names_of(wheel)}
    assert tops == {*(name.split("/")[0] for name in SHIPPED), f"luotu-{__version__}.dist-info"}
    assert not [name for name in names_of(wheel) if "__pycache__" in name or "node_modules" in name]


def test_it_names_every_extra_and_none_that_is_not_there(wheel):
    with ZipFile(wheel) as packed:
        told = packed.read(f"luotu-{__version__}.dist-info/METADATA").decode()
    extras = {
        line.removeprefix("Provides-Extra: ") for line in told.splitlines() if line.startswith("Provides-Extra: ")
    }
    assert extras == PROJECT_FILE["project"]["optional-dependencies"].keys()


def test_a_bare_machine_gives_codes(told):
    assert told["place"].endswith("site-packages")
    assert told["version"] == f"luotu {__version__}\n"
    assert len(told["coded"].splitlines()) > 10


def test_a_bare_machine_has_its_home_with_the_user_and_migrations_of_its_own(told):
    known, count = told["migrations"]
    assert int(known) == count > 0
    assert told["home"].endswith("/home/.local/share/luotu")


def test_a_bare_machine_serves_the_page(told):
    status, page = told["page"]
    if (PROJECT / "web/dist/index.html").exists():
        assert status == 200
        assert "<script" in page
