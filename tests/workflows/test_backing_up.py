"""Backups of what is not on this machine: a database on somebody else's server, documents in a bucket, a second folder."""

import pytest
from sqlalchemy import text

from store.database import transaction
from store.documents import document_digest, document_path, keep_twice
from store.errors import BucketError
from tests.workflows.conftest import house
from workflows.backing_up import follow_log, make_backup
from workflows.databases import opened_database
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedBackupError
from workflows.ledgers import seal_ledger
from workflows.principals import find_principal
from workflows.restoring import restore_backup
from workflows.rights import seen_by
from workflows.settings import Settings
from workflows.uploading import upload_file


def settings_of(database, home, **more):
    url = database.url.render_as_string(hide_password=False)
    return Settings(DATABASE_URL=url, home=home, _env_file=None, **more)


def build(settings, path):
    with opened_database(settings) as database:
        principal = find_principal(database, key=None, local=True)
        told = {"documents": settings.documents, "options": DeliveryOptions()}
        report = upload_file(seen_by(database, lambda: principal), path, principal=principal, **told)
        seal_ledger(database, settings)
    return report


@pytest.fixture
def installation(database, deliver, tmp_path):
    """Return an installation whose database is on a server of somebody else's, with two houses."""
    settings = settings_of(database, tmp_path / "home")
    build(settings, deliver([house(0, 0), house(100, 0)]))
    return settings


def kinds(refused):
    return [fault.kind for fault in refused.value.faults]


def test_all_but_an_outside_database_is_backed_up_and_compared_with_it_when_it_was_restored(
    installation, database, tmp_path
):
    made = make_backup(installation, tmp_path / "backups")
    assert made.facts.database is None
    assert not made.database.exists()
    restored = restore_backup(settings_of(database, tmp_path / "elsewhere"), tmp_path / "backups")
    assert restored.root == made.facts.ended.root
    assert restored.tables == len(made.facts.begun.tables)
    assert (tmp_path / "elsewhere/keys/ledger.keys").exists()


def test_an_outside_database_that_is_another_one_is_refused_and_nothing_is_left(installation, new_database, tmp_path):
    make_backup(installation, tmp_path / "backups")
    elsewhere = settings_of(new_database(), tmp_path / "elsewhere")
    with pytest.raises(RefusedBackupError) as refused:
        restore_backup(elsewhere, tmp_path / "backups")
    assert kinds(refused) == ["other_head"]
    assert list(elsewhere.home.iterdir()) == []


def test_a_table_that_somebody_changed_is_found_and_restored_only_anyway(installation, database, as_owner, tmp_path):
    make_backup(installation, tmp_path / "backups")
    with transaction(as_owner(database)) as connection:
        connection.execute(text("update office set name_en = name_en || '!' where code = 'local'"))
    elsewhere = settings_of(database, tmp_path / "elsewhere")
    with pytest.raises(RefusedBackupError) as refused:
        restore_backup(elsewhere, tmp_path / "backups")
    assert kinds(refused) == ["other_table"]
    assert "table office" in refused.value.faults[0].text.en
    assert [fault.kind for fault in restore_backup(elsewhere, tmp_path / "backups", anyway=True).faults] == [
        "other_table"
    ]


def test_what_was_backed_up_without_a_database_needs_one_named(installation, tmp_path):
    make_backup(installation, tmp_path / "backups")
    elsewhere = Settings(home=tmp_path / "elsewhere", DATABASE_URL="", _env_file=None)
    with pytest.raises(RefusedBackupError) as refused:
        restore_backup(elsewhere, tmp_path / "backups")
    assert kinds(refused) == ["outside_database"]
    with pytest.raises(RefusedBackupError, match="not for this program"):
        follow_log(installation, tmp_path / "backups", synchronous=False)


def test_an_installation_keeps_and_restores_its_documents_in_a_bucket(database, deliver, tmp_path):
    pytest.importorskip("obstore", reason="the extra s3 is not installed")
    for name in ("bucket", "other bucket"):
        (tmp_path / name).mkdir()
    settings = settings_of(database, tmp_path / "home", LUOTU_DOCUMENTS=(tmp_path / "bucket").as_uri())
    report = build(settings, deliver([house(0, 0)]))
    assert not (tmp_path / "home/documents").exists()
    assert document_digest(tmp_path / "bucket", report.sha256) == report.sha256
    made = make_backup(settings, tmp_path / "backups")
    assert list(made.documents()) == [report.sha256]
    other = settings_of(database, tmp_path / "elsewhere", LUOTU_DOCUMENTS=(tmp_path / "other bucket").as_uri())
    restore_backup(other, tmp_path / "backups")
    assert document_digest(tmp_path / "other bucket", report.sha256) == report.sha256


def test_documents_come_into_a_second_folder_before_they_are_acknowledged_or_not_at_all(
    installation, database, deliver, tmp_path
):
    second = tmp_path / "second"
    keep_twice(installation.documents, second)
    report = build(installation, deliver([house(200, 0)], name="more.gpkg"))
    assert document_digest(second, report.sha256) == document_digest(installation.documents, report.sha256)
    second.rename(tmp_path / "away")
    with pytest.raises(BucketError, match="it is not there"):
        build(installation, deliver([house(300, 0)], name="most.gpkg"))
    keep_twice(installation.documents, None)
    report = build(installation, deliver([house(300, 0)], name="most.gpkg"))
    assert not document_path(tmp_path / "away", report.sha256).exists()
