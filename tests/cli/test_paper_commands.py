"""`luotu document` and `luotu certificate`, as a person uses them."""

import json

import pytest

from registry.certificates.errors import FontError
from registry.certificates.fonts import find_chinese
from registry.certificates.records import extract_record
from tests.conftest import SAMPLES

PDF = b"%PDF-1.7\nas built\n"


@pytest.fixture
def luotu(command_line, database):
    """Return the function that runs the command line over an empty register."""
    return command_line(database)


@pytest.fixture
def code(luotu):
    return json.loads(luotu("upload", SAMPLES / "survey.zip", "--format", "json").stdout)["results"][0]["code"]


def told(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_document_is_attached_listed_got_and_withdrawn(luotu, code, tmp_path):
    source = tmp_path / "as-built.dat"
    source.write_bytes(PDF)
    (row,) = told(luotu("document", "attach", code, source, "--kind", "as_built_drawing", "--format", "json"))
    assert (row["media_type"]["code"], row["name"]) == ("application/pdf", "as-built.dat.pdf")
    assert "As-built drawing" in luotu("document", "list", code).stdout
    assert luotu("document", "get", row["id"]).exit_code == 0
    assert (tmp_path / "as-built.dat.pdf").read_bytes() == PDF
    again = luotu("document", "get", row["id"])
    assert again.exit_code == 3  # what is there is not overwritten
    (withdrawn,) = told(luotu("document", "withdraw", row["id"], "--reason", "test", "--format", "json"))
    assert withdrawn["withdrawn_at"]
    assert "attached here before" not in luotu("document", "attach", code, source).stderr
    assert "attached here before" in luotu("document", "attach", code, source).stderr


def test_a_refusal_is_one_sentence_with_the_file(luotu, code, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"MZ\x90\x00")
    refused = luotu("document", "attach", code, tmp_path / "a.pdf")
    assert refused.exit_code == 3
    assert "a.pdf: The file holds a program" in refused.stderr
    assert luotu("document", "get", "nothing").exit_code == 3


def test_a_certificate_is_issued_and_verified_without_a_database(luotu, code, tmp_path, monkeypatch):
    try:
        find_chinese()
    except FontError:
        pytest.skip("no Chinese font is installed")
    paper, key = tmp_path / "c.pdf", tmp_path / "office.key"
    assert luotu("certificate", "issue", code, "-o", paper).exit_code == 0
    key.write_text(luotu("ledger", "keys").stdout)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nowhere.invalid/none")
    assert "is genuine" in luotu("certificate", "verify", paper).stdout
    monkeypatch.setenv("LUOTU_HOME", str(tmp_path / "elsewhere"))
    alone = luotu("certificate", "verify", paper)
    assert (alone.exit_code, "its key is not known" in alone.stdout) == (0, True)
    assert told(luotu("certificate", "verify", paper, "--key", key, "--format", "json"))["verdict"] == "genuine"
    key.write_text("")
    assert luotu("certificate", "verify", paper, "--key", key).exit_code == 3
    record = extract_record(paper.read_bytes())
    record["content"]["area_m2"] += 0.01
    (tmp_path / "forged.json").write_text(json.dumps(record), encoding="utf-8")
    forged = luotu("certificate", "verify", tmp_path / "forged.json")
    assert forged.exit_code == 1
    assert "The content was changed" in forged.stdout
