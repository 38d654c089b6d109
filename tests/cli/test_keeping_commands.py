"""`luotu backup`, `luotu restore` and `luotu db upgrade` as a person uses them; the drill itself is a story."""

import pytest
from sqlalchemy import text

from store.database import transaction


@pytest.fixture
def luotu(command_line, database):
    """Return the function that runs the command line over a register of its own."""
    return command_line(database)


@pytest.fixture
def backed_up(luotu, tmp_path):
    """Return the folder of a backup that was made over the command line."""
    result = luotu("backup", tmp_path / "backups")
    assert result.exit_code == 0
    assert "All of it was verified." in result.stderr
    assert "The private key is not in it" in result.stderr
    assert "have it backed up first" in result.stderr
    (folder,) = (tmp_path / "backups").glob("*Z")
    return folder


def test_backups_are_listed_with_what_they_hold(luotu, backed_up):
    listed = luotu("backup", backed_up.parent, "--list").output
    assert backed_up.name in listed
    assert listed.splitlines()[0].split()[:2] == ["backup", "ended"]
    assert luotu("backup", backed_up.parent / "nothing", "--list").exit_code == 0


def test_a_backup_is_verified_again_and_what_is_wrong_is_told_with_its_place(luotu, backed_up, monkeypatch):
    assert luotu("backup", backed_up.parent, "--verify").exit_code == 0
    with (backed_up / "backup.json").open("ab") as stream:
        stream.write(b" ")
    result = luotu("backup", backed_up.parent, "--verify")
    assert result.exit_code == 1
    assert f"{backed_up}/backup.json is not as it was written" in result.stderr
    monkeypatch.setenv("LUOTU_LANGUAGE", "zh")
    assert f"{backed_up}/backup.json:内容已改变" in luotu("backup", backed_up.parent, "--verify").stderr


def test_a_restore_says_what_is_there_now_and_refuses_a_home_that_is_not_empty(luotu, backed_up, tmp_path, monkeypatch):
    monkeypatch.setenv("LUOTU_HOME", str(tmp_path / "elsewhere"))
    result = luotu("restore", backed_up)
    assert result.exit_code == 0
    assert "tables row by row as they were" in result.stderr
    assert "Nothing is wrong with ledger, register and documents." in result.stderr
    again = luotu("restore", backed_up)
    assert again.exit_code == 3
    assert "is not empty" in again.stderr
    assert luotu("restore", tmp_path / "nothing").exit_code == 3


def test_an_upgrade_says_that_there_is_nothing_to_do(luotu):
    for command in (["upgrade", "--check"], ["upgrade"]):
        result = luotu("db", *command)
        assert result.exit_code == 0
        assert "at this version already" in result.stderr


def test_every_command_refuses_a_database_of_a_newer_program_in_a_sentence(luotu, database, as_owner):
    with transaction(as_owner(database)) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
        connection.execute(text("comment on table alembic_version is '9999'"))
    for command in (["ledger", "verify"], ["layers", "list"], ["db", "upgrade", "--check"], ["db", "start"]):
        result = luotu(*command)
        assert result.exit_code == 3, command
        assert "made by a newer program" in result.stderr


def test_only_what_follows_can_be_waited_for(luotu, tmp_path):
    result = luotu("backup", tmp_path / "backups", "--synchronous")
    assert result.exit_code == 2
    assert "goes with --follow" in result.stderr
    assert not (tmp_path / "backups").exists()
