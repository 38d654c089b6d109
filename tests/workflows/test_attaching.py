"""Documents: attached once, given out only whole, read by right, withdrawn and never deleted."""

import io
import logging
from dataclasses import replace

import pytest
from sqlalchemy import text

from layers.errors import RefusedFile
from store.database import transaction
from store.documents import document_path
from store.errors import DamagedDocumentError, NotHereError
from tests.conftest import settings_for
from tests.workflows.conftest import house
from workflows.attaching import (
    AttachOptions,
    attach_file,
    list_documents,
    open_attachment,
    received,
    withdraw_document,
)
from workflows.errors import ForbiddenError, HiddenError, RefusedOptionError
from workflows.ledgers import seal_ledger
from workflows.principals import find_principal, issue_key
from workflows.projects import open_project
from workflows.verifying import verify_database

PDF = b"%PDF-1.7\nas built\n%%EOF\n"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "documents"


@pytest.fixture
def code(register, deliver):
    return register(deliver([house(0, 0)])).results[0].code


@pytest.fixture
def attach(database, principal, folder):
    def run(name, content=PDF, *, by=principal, file="竣工图.pdf", limit_mb=1, **options):
        with received(io.BytesIO(content), file, limit_mb=limit_mb) as delivered:
            return attach_file(
                database, name, delivered, principal=by, documents=folder, options=AttachOptions(**options)
            )

    return run


def events(database):
    with transaction(database) as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("select kind, cast(canonical as jsonb) -> 'body' as body from event order by seq")
            )
        ]


def someone(database, role, office="jl"):
    return find_principal(
        database, key=issue_key(database, office=office, name=office, role=role, label=role), local=False
    )


def test_a_document_is_attached_to_stage_and_building_and_told_by_an_event(attach, code, database, folder):
    told = attach(code, kind="as_built_drawing", stage="completion_survey", title="竣工图")
    assert told["code"] == code
    assert (told["kind"]["code"], told["stage"]["code"], told["title"]) == (
        "as_built_drawing",
        "completion_survey",
        "竣工图",
    )
    assert told["media_type"]["code"] == "application/pdf"
    assert document_path(folder, told["sha256"]).read_bytes() == PDF
    kind, body = events(database)[-1]
    assert kind == "document_attached"
    assert {"attachment": told["id"], "document": told["sha256"], "stage": "completion_survey"}.items() <= body.items()


def test_the_same_document_at_the_same_place_is_the_same_attachment(attach, code, database, folder):
    first = attach(code)
    before = len(events(database))
    second = attach(code, file="another name.pdf")
    assert (second["id"], second["repeated"], first["repeated"]) == (first["id"], True, False)
    assert len(events(database)) == before
    assert attach(code, stage="design")["id"] != first["id"]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2  # the delivery and the document


def test_too_long_a_document_is_refused_while_it_comes_in(attach, code):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"a" * size

    endless = Endless()
    with pytest.raises(RefusedFile) as caught, received(endless, "endless.txt", limit_mb=3):
        pass
    assert caught.value.fault.kind == "document_size"
    assert caught.value.file == "endless.txt"
    assert endless.given < 5_000_000


def test_a_document_that_would_run_is_refused_and_nothing_is_stored(attach, code, database, folder):
    before = len(events(database))
    with pytest.raises(RefusedFile, match="can be run"):
        attach(code, b"MZ\x90\x00", file="竣工图.pdf")
    assert len(events(database)) == before


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(PDF.replace(b"a", b"b"))])
def test_a_document_that_is_damaged_on_disk_is_told_and_not_given_out(
    attach, code, database, principal, folder, damage
):
    told = attach(code)
    with open_attachment(database, told["id"], principal=principal, documents=folder).stream as stream:
        assert stream.read() == PDF
    damage(document_path(folder, told["sha256"]))
    with pytest.raises(DamagedDocumentError, match=told["sha256"]):
        open_attachment(database, told["id"], principal=principal, documents=folder)


def test_a_withdrawn_document_is_kept_listed_and_told_by_an_event(attach, code, database, principal, folder):
    told = attach(code)
    withdrawn = withdraw_document(database, told["id"], principal=principal, reason="wrong building")
    assert withdrawn["withdrawn_at"]
    assert withdraw_document(database, told["id"], principal=principal) == withdrawn
    assert [kind for kind, _ in events(database)].count("document_withdrawn") == 1
    assert events(database)[-1][1]["reason"] == "wrong building"
    (listed,) = list_documents(database, code, principal=principal)["documents"]
    assert listed == withdrawn
    assert document_path(folder, told["sha256"]).exists()
    assert attach(code)["id"] != told["id"]


@pytest.mark.parametrize(
    ("role", "office", "wanted"),
    [
        ("surveyor", "local", None),
        ("surveyor", "jl", HiddenError),
        ("planner", "jl", None),
        ("registrar", "jl", None),
        ("auditor", "jl", None),
        ("admin", "local", ForbiddenError),
    ],
)
def test_documents_are_read_by_right_and_reading_others_is_logged(
    attach, code, database, folder, caplog, role, office, wanted
):
    told = attach(code)
    reader = someone(database, role, office)
    with caplog.at_level(logging.INFO, "luotu.documents"):
        if wanted is not None:
            with pytest.raises(wanted):
                open_attachment(database, told["id"], principal=reader, documents=folder)
            assert not caplog.records
            return
        open_attachment(database, told["id"], principal=reader, documents=folder).stream.close()
    assert [record.message for record in caplog.records] == (["document_read"] if office == "jl" else [])
    assert all(record.document == told["sha256"] and record.actor == role for record in caplog.records)


def test_another_surveyor_sees_none_of_the_documents(attach, code, database):
    attach(code)
    assert list_documents(database, code, principal=someone(database, "surveyor"))["documents"] == []
    assert len(list_documents(database, code, principal=someone(database, "planner"))["documents"]) == 1


def test_who_attached_a_document_does_not_withdraw_it(attach, code, database):
    registrar = someone(database, "registrar")
    told = attach(code, by=registrar)
    with pytest.raises(ForbiddenError, match="does not withdraw it"):
        withdraw_document(database, told["id"], principal=registrar)
    assert withdraw_document(database, told["id"], principal=replace(registrar, actor="another desk"))["withdrawn_at"]


def test_what_is_not_there_is_said(attach, code, database, principal, folder):
    with pytest.raises(NotHereError):
        attach("4E7U5-CKJ1H-E0A")
    with pytest.raises(NotHereError):
        open_attachment(database, "no uuid", principal=principal, documents=folder)
    with pytest.raises(RefusedOptionError, match="no kind of document"):
        attach(code, kind="love_letter")


def test_the_ledger_vouches_for_documents_of_buildings_and_projects(attach, code, database, principal, tmp_path):
    project = open_project(database, name="滨江花园", principal=principal)["id"]
    told = attach(f"project/{project}", kind="planning_permit", stage="planning_permit")
    assert (told["project"], told["code"]) == (project, None)
    withdraw_document(database, attach(code)["id"], principal=principal, reason="test")
    settings = settings_for(database, tmp_path)
    seal_ledger(database, settings)
    found = verify_database(database, settings)
    assert found.is_sound, found.as_json()
