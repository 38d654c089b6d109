"""`luotu ledger` as people type it: verify, prove, export, keys."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.conftest import SAMPLES


@pytest.fixture
def run(settings, monkeypatch):
    """Return what runs a command in an installation over the sample district."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUOTU_HOME", str(settings.home))
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def uploaded(run):
    report = run("upload", SAMPLES / "survey.zip", "--format", "json", "--good-rows")
    return json.loads(report.stdout)["results"]


def test_a_ledger_is_proved_exported_and_verified(run, uploaded, tmp_path):
    code = next(row["code"] for row in uploaded if row["code"])
    proved = run("ledger", "prove", code, "-o", tmp_path / "proof.json")
    assert (proved.exit_code, proved.stdout) == (0, "")
    assert str(tmp_path / "proof.json") in proved.stderr.replace("\n", "")
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert json.loads(proof["event"])["subject"] == f"building/{code.replace('-', '')}"
    assert run("ledger", "verify", tmp_path / "proof.json").exit_code == 0
    assert json.loads(run("ledger", "prove", "0").stdout)["index"] == 0
    for target in (tmp_path / "export", tmp_path / "export.zip"):
        assert run("ledger", "export", target).exit_code == 0
        assert run("ledger", "verify", target).exit_code == 0
    key = run("ledger", "keys").stdout.strip()
    told = json.loads(run("ledger", "verify", tmp_path / "export", "--key", key, "--json").stdout)
    assert told["sound"]
    assert told["size"] > len([row for row in uploaded if row["code"]])


def test_what_was_tampered_with_is_told_with_its_place(run, uploaded, tmp_path):
    run("ledger", "export", tmp_path / "export")
    events = tmp_path / "export" / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join([*lines[:2], lines[2].replace(b'"local"', b'"other"'), *lines[3:]]))
    told = run("ledger", "verify", tmp_path / "export")
    assert told.exit_code == 1
    assert "event 2: Event 2 was changed." in told.stderr


@pytest.mark.parametrize(
    "arguments", [("verify", "nowhere"), ("verify", "nothing.json"), ("prove", "99999"), ("prove", "x")]
)
def test_what_is_not_there_is_refused(run, tmp_path, arguments):
    (tmp_path / "nothing.json").write_text("[]")
    command, name = arguments
    path = tmp_path / name if command == "verify" else name
    assert run("ledger", command, path).exit_code == 3
