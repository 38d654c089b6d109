"""A restore is proof: the same head, the same tables, the same documents; and what is damaged is found and told with its place."""

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from installation import Installation
from streets import delivery, houses

from store.cluster import database_url, remove_cluster
from store.database import transaction
from store.digests import ledger_root
from store.documents import document_digest, document_path
from store.ledger import hold_still
from store.walls import as_system
from workflows import backing_up, running
from workflows.attaching import AttachOptions, attach_file, received
from workflows.backing_up import make_backup, state_of
from workflows.backup_folders import check_backup, find_backup, find_backups
from workflows.databases import opened_database, opened_owned, start_database
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedBackupError
from workflows.failures import ClusterError
from workflows.ledgers import seal_ledger
from workflows.principals import find_principal
from workflows.restoring import restore_backup
from workflows.running import find_lacks, read_standing
from workflows.settings import Settings
from workflows.uploading import upload_file

PDF = b"%PDF-1.7\nas built\n%%EOF\n"


@pytest.fixture(scope="module")
def folder():
    """Return a folder that PostgreSQL's own user can pass; clusters that tests make in it are removed."""
    with TemporaryDirectory(prefix="luotu-backups-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for home in folder.iterdir():
            remove_cluster(home / "pg")


@pytest.fixture(scope="module")
def settings(folder):
    """Return an installation with a street of houses and a document."""
    settings = settings_of(folder / "home")
    settings.home.mkdir()
    start_database(settings)
    code = build(settings, 0)
    with opened_database(settings) as database, received(BytesIO(PDF), "竣工图.pdf", limit_mb=1) as delivered:
        told = {"principal": find_principal(database, key=None, local=True), "options": AttachOptions()}
        attach_file(as_system(database), code, delivered, documents=settings.documents, **told)
    return settings


@pytest.fixture(scope="module")
def backup_and_state(settings, folder):
    """Return a backup that was made while nobody wrote, and what there was then: others write later."""
    start_database(settings)
    return make_backup(settings, folder / "backups"), state(settings)


@pytest.fixture(scope="module")
def backup(backup_and_state):
    """Return a backup that was made while nobody wrote."""
    return backup_and_state[0]


@pytest.fixture
def elsewhere(folder, request):
    """Return the settings of a home that is not there yet."""
    elsewhere = settings_of(folder / request.node.name[:40])
    yield elsewhere
    remove_cluster(elsewhere.cluster)
    shutil.rmtree(elsewhere.home, ignore_errors=True)


def settings_of(home):
    return Settings(home=home, DATABASE_URL="", _env_file=None)


def build(settings, street):
    """Register two houses and return the code of the first; what this returns from is acknowledged."""
    path = settings.home.parent / f"street {street}.geojson"
    path.write_bytes(delivery(houses(2, first=2 * street)))
    with opened_database(settings) as database:
        principal = find_principal(database, key=None, local=True)
        told = {"documents": settings.documents, "options": DeliveryOptions()}
        report = upload_file(as_system(database), path, principal=principal, **told)
        seal_ledger(database, settings)
    return report.results[0].code


def state(settings):
    with opened_owned(settings) as owned, transaction(owned) as connection:
        hold_still(connection)
        return state_of(connection)


def root_at(settings, size):
    with opened_owned(settings) as owned, transaction(owned) as connection:
        return ledger_root(connection, size)[1]


@contextmanager
def building(settings):
    """Have somebody build one street after the other meanwhile; yield the number of streets that were acknowledged."""
    streets, is_over = [0], threading.Event()

    def work():
        while not is_over.is_set():
            build(settings, 100 + streets[0])
            streets[0] += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield streets
    finally:
        is_over.set()
        worker.join()


def test_what_is_restored_is_what_was_backed_up_row_by_row_and_byte_by_byte(backup_and_state, elsewhere):
    backup, before = backup_and_state
    restored = restore_backup(elsewhere, backup.folder.parent)
    start_database(elsewhere)
    assert state(elsewhere) == before
    assert (restored.size, restored.root, restored.tables) == (before.size, before.root, len(before.tables))
    documents = backup.documents()
    assert len(documents) >= 2
    assert all(document_digest(elsewhere.documents, sha256) == sha256 for sha256 in documents)
    assert not restored.has_key
    build(elsewhere, 7)  # and it goes on


def test_a_backup_that_is_made_while_others_write_and_restored_after_a_kill_is_a_ledger_that_the_first_one_extends(
    settings, folder, elsewhere
):
    with building(settings) as streets:
        while not streets[0]:
            time.sleep(0.05)
        made = make_backup(settings, folder / "busy")
    Installation(settings.home).kill_database()
    restored = restore_backup(elsewhere, folder / "busy")
    start_database(settings)
    assert made.facts.begun.size <= restored.size <= made.facts.ended.size
    assert root_at(settings, restored.size) == restored.root


def test_what_was_acknowledged_is_kept_where_the_log_is_followed_and_any_moment_can_be_restored(
    settings, folder, elsewhere
):
    installation = Installation(settings.home)
    follower = installation.luotu("backup", str(folder / "followed"), "--follow", "--synchronous")
    try:
        wait_for_receiver(settings)
        make_backup(settings, folder / "followed")
        build(settings, 50)
        moment, size = datetime.now(UTC), state(settings).size
        build(settings, 51)
        installation.kill_database()
    finally:
        follower.send_signal(signal.SIGTERM)
        follower.wait()
    everything = restore_backup(elsewhere, folder / "followed")
    start_database(settings)
    assert everything.size == state(settings).size > size
    earlier = settings_of(elsewhere.home.with_name("earlier"))
    assert restore_backup(earlier, folder / "followed", until=moment).size == size
    with pytest.raises(RefusedBackupError, match="ended before"):
        restore_backup(settings_of(folder / "never"), folder / "followed", until=moment - timedelta(days=1))


def test_a_receiver_that_died_is_told_while_commits_wait_for_it(settings, folder, monkeypatch):
    monkeypatch.setattr(running, "_MOST_WAIT_S", 0.0)
    installation, followed = Installation(settings.home), str(folder / "died")
    start_database(settings)
    follower = installation.luotu("backup", followed, "--follow", "--synchronous")
    wait_for_receiver(settings)
    receiver = int(subprocess.run(["pgrep", "-P", str(follower.pid)], capture_output=True, check=True).stdout)
    follower.kill()
    follower.wait()
    os.kill(receiver, signal.SIGKILL)
    writer = threading.Thread(target=build, args=(settings, 60))
    writer.start()
    try:
        with opened_database(settings, sealing=False) as database:
            while writer.is_alive() and not find_lacks(database, settings):
                time.sleep(0.05)
            assert [lack.kind for lack in find_lacks(database, settings)] == ["receiver"]
            assert read_standing(database).commit_wait_s > 0
    finally:
        follower = installation.luotu("backup", followed, "--follow", "--synchronous")
        writer.join()
        wait_for_receiver(settings)
        follower.send_signal(signal.SIGTERM)
        follower.wait()
    with opened_database(settings, sealing=False) as database:
        assert (find_lacks(database, settings), read_standing(database).commit_wait_s) == ([], 0)


def wait_for_receiver(settings):
    url = database_url(settings.cluster, "postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        asked = "select from pg_stat_replication where application_name = 'luotu_backup' and sync_state = 'sync'"
        while not connection.execute(asked).rowcount:
            time.sleep(0.05)


@pytest.mark.parametrize(
    "place",
    [
        "database/base/*/1259",
        "database/global/pg_control",
        "database/pg_wal/0*",
        "database/backup_manifest",
        "backup.json",
        "documents.txt",
        "checkpoints/heads.jsonl",
        "keys/ledger.keys",
        "../documents/*/*",
    ],
)
def test_a_flipped_byte_is_found_and_told_with_its_place_in_both_languages(backup, elsewhere, place):
    path = max(backup.folder.glob(place), key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    try:
        with pytest.raises(RefusedBackupError) as refused:
            restore_backup(elsewhere, backup.folder)
    finally:
        path.write_bytes(whole)
    told = [fault.text for fault in refused.value.faults]
    assert all(text.zh != text.en for text in told)
    said = path.name if "documents" in place else str(path.relative_to(backup.folder)).removeprefix("database/")
    assert any(said in text.en and said in text.zh for text in told)
    assert not elsewhere.home.exists()


def test_a_file_that_is_gone_or_new_is_found(backup):
    (backup.folder / "checkpoints/heads.jsonl").rename(backup.folder / "heads.jsonl")
    kinds = {(fault.kind, fault.text.en.rsplit("/", 1)[-1].split()[0]) for fault in check_backup(backup)}
    (backup.folder / "heads.jsonl").rename(backup.folder / "checkpoints/heads.jsonl")
    assert kinds == {("part_missing", "heads.jsonl"), ("part_unknown", "heads.jsonl")}
    assert not list(check_backup(backup))


def test_other_programs_verify_it_too(backup):
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=backup.folder, check=True)


def test_a_backup_that_is_interrupted_is_none_and_the_next_one_clears_it_away(settings, folder, monkeypatch):
    start_database(settings)
    place = folder / "interrupted"
    monkeypatch.setattr(backing_up, "seal_backup", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_backup(settings, place)
    assert [path.name for path in place.iterdir()] == ["documents"]
    (place / ".20261122T000000Z.partial").mkdir()  # as a kill leaves it
    assert find_backups(place) == []
    with pytest.raises(RefusedBackupError, match="no whole backup"):
        find_backup(place)


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_restore_that_is_interrupted_is_no_home_until_it_is_run_again(backup, elsewhere):
    (elsewhere.home / "restoring").mkdir(parents=True)  # as a kill leaves it
    with pytest.raises(ClusterError, match="interrupted"):
        start_database(elsewhere)
    (elsewhere.home / "mine.txt").touch()
    with pytest.raises(RefusedBackupError, match=r"not empty: it holds mine\.txt"):
        restore_backup(elsewhere, backup.folder)


def test_a_document_that_is_damaged_already_is_told_and_the_rest_is_backed_up(settings, folder, backup):
    sha256 = next(sha256 for sha256, size in backup.documents().items() if size == len(PDF))
    path = document_path(settings.documents, sha256)
    path.write_bytes(PDF[:-1])
    try:
        made = make_backup(settings, folder / "damaged")
    finally:
        path.write_bytes(PDF)
    assert made.facts.documents_damaged == [sha256]
    assert sha256 not in made.documents()


def test_an_older_program_does_not_restore_what_a_newer_one_wrote(backup, elsewhere, monkeypatch):
    newer = replace(backup, facts=replace(backup.facts, migration="9999"))
    monkeypatch.setattr("workflows.restoring.find_backup", lambda *_, **__: newer)
    with pytest.raises(RefusedBackupError, match="by a newer program"):
        restore_backup(elsewhere, backup.folder)


def test_the_private_key_is_in_it_only_when_asked_for(settings, folder, backup):
    assert not (backup.folder / "keys/ledger.pem").exists()
    assert (backup.folder / "keys/ledger.keys").read_text() == (settings.keys / "ledger.keys").read_text()
    assert backup.folder.parent.stat().st_mode & 0o777 == 0o700
    made = make_backup(settings, folder / "with key", private_key=True)
    assert (made.folder / "keys/ledger.pem").read_bytes() == (settings.keys / "ledger.pem").read_bytes()
    assert made.facts.private_key
