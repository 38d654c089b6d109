"""The private PostGIS cluster, on real ones in directories of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from store import cluster
from store.cluster import (
    SERVICE,
    cluster_status,
    create_database,
    database_url,
    remove_cluster,
    start_cluster,
    stop_cluster,
)
from store.errors import ClusterError
from store.postgres import find_binaries, start_server

START = (
    "import sys; from pathlib import Path; from store.cluster import start_cluster; start_cluster(Path(sys.argv[1]))"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the cluster as another user")


@pytest.fixture(scope="module")
def open_directory() -> Iterator[Path]:
    """Return a directory that every user can pass, unlike pytest's own."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def running(open_directory: Path) -> Iterator[Path]:
    directory = open_directory / "running"
    start_cluster(directory)
    yield directory
    remove_cluster(directory)


@pytest.fixture
def absent(open_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Return a directory without a cluster, which is removed with the cluster that the test makes there."""
    directory = open_directory / request.node.name
    yield directory
    remove_cluster(directory)


def ask(directory: Path, query: str, *, database: str = "postgres") -> object:
    url = database_url(directory, database).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(query)
        return answer.fetchone()[0] if answer.description else None


def start_in_another_process(directory: Path) -> subprocess.CompletedProcess[str]:
    root = Path(cluster.__file__).parents[1]
    command = [sys.executable, "-c", START, directory]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("server_encoding", "UTF8"),
        ("jit", "off"),
    ],
)
def test_a_cluster_keeps_its_data_safe_and_itself_private(running: Path, setting: str, value: str):
    assert ask(running, f"SHOW {setting}") == value


def test_its_directory_is_open_to_its_owner_alone(running: Path):
    assert running.stat().st_mode & 0o777 == 0o700


def test_another_role_is_not_let_in(running: Path):
    url = database_url(running, "postgres").replace("+psycopg", "").replace("luotu@", "postgres@")
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(url)


def test_a_database_is_entered_by_its_owner_and_by_the_services_role_which_owns_nothing(running: Path):
    create_database(database_url(running, "postgres"))
    url = database_url(running, "postgres", role=SERVICE).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert role.fetchone() == (False, False, False)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_cluster_that_was_made_before_there_were_two_roles_lets_the_second_in(absent: Path, *, is_running: bool):
    start_cluster(absent)
    data = cluster_status(absent).data
    (data / "pg_hba.conf").write_text("local all luotu peer map=luotu\n")
    (data / "pg_ident.conf").write_text("".join(f'luotu "{user}" luotu\n' for user in ("root", data.owner())))
    stop_cluster(absent)
    if is_running:
        made = cluster._find(absent)
        start_server(made, sockets=cluster._socket_directory(made), port=5432)
    create_database(start_cluster(absent).database("postgres"))
    with psycopg.connect(database_url(absent, "postgres", role=SERVICE).replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (SERVICE,)


def test_a_created_database_has_postgis_and_is_created_once(running: Path):
    url = database_url(running, "building 建筑")
    create_database(url)
    ask(running, "CREATE TABLE kept ()", database="building 建筑")
    create_database(url)
    extensions = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"
    assert ask(running, extensions, database="building 建筑") == "btree_gist plpgsql postgis"
    assert ask(running, "SELECT count(*) FROM kept", database="building 建筑") == 0


def test_many_may_create_one_database_at_once(running: Path):
    with ThreadPoolExecutor() as pool:
        list(pool.map(create_database, [database_url(running, "wanted")] * 4))
    assert ask(running, "SELECT postgis_lib_version()", database="wanted")


def test_a_database_on_a_server_that_is_away_is_a_cluster_error(open_directory: Path):
    with pytest.raises(ClusterError, match="Is the server running"):
        create_database(f"postgresql+psycopg://luotu@/x?host={open_directory}")


def test_a_second_start_leaves_the_server_alone(running: Path):
    before = cluster_status(running)
    assert start_cluster(running).database("x") == database_url(running, "x")
    assert cluster_status(running) == before


def test_a_cluster_that_was_stopped_starts_again_with_its_data(absent: Path):
    start_cluster(absent)
    ask(absent, "CREATE TABLE building AS SELECT '4E7U5' AS code")
    assert stop_cluster(absent)
    assert cluster_status(absent).state == "stopped"
    assert not stop_cluster(absent)
    start_cluster(absent)
    assert ask(absent, "SELECT code FROM building") == "4E7U5"


def test_a_process_that_took_the_number_of_a_dead_server_is_not_the_server(absent: Path):
    start_cluster(absent)
    pid_file = cluster_status(absent).data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    stop_cluster(absent)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert cluster_status(absent).state == "stopped"
    start_cluster(absent)
    assert ask(absent, "SELECT 1") == 1


def test_postgres_variables_of_the_caller_mislead_nobody(absent: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPORT", "9")
    monkeypatch.setenv("PGDATA", "/nowhere")
    start_cluster(absent)
    assert ask(absent, "SHOW port") == "5432"


def test_two_starts_at_once_give_one_server(absent: Path):
    with ThreadPoolExecutor() as pool:
        list(pool.map(start_in_another_process, [absent] * 2))
    assert cluster_status(absent).state == "running"
    assert ask(absent, "SHOW data_directory") == str(absent / "data")


def test_the_server_outlives_the_process_that_started_it_and_holds_none_of_its_pipes(absent: Path):
    assert start_in_another_process(absent).stdout == ""  # with a pipe held open, this would wait for the server to end
    assert cluster_status(absent).state == "running"


@pytest.mark.parametrize("name", ["long " * 20, "落图 '$HOME' \"x\"", "a,b c"], ids=["long", "quotes", "comma"])
def test_any_path_will_do(open_directory: Path, name: str):
    directory = open_directory / name
    try:
        start_cluster(directory)
        sockets = Path(ask(directory, "SHOW unix_socket_directories"))
        assert ask(directory, "SHOW data_directory") == str(directory / "data")
        assert sockets.parent == Path("/tmp")
        assert sockets.stat().st_mode & 0o777 == 0o700
    finally:
        remove_cluster(directory)
    assert not directory.exists()
    assert not sockets.exists()


def test_a_socket_directory_that_others_can_write_to_is_refused(absent: Path, monkeypatch: pytest.MonkeyPatch):
    start_cluster(absent)
    stop_cluster(absent)
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "_SOCKET_PATH_BYTES", 0)
        sockets = cluster._socket_directory(cluster._find(absent))
        sockets.chmod(0o777)
        with pytest.raises(ClusterError, match="must be a private directory"):
            start_cluster(absent)
        sockets.rmdir()


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(ClusterError, match="holds other files"):
        start_cluster(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


def test_a_server_that_does_not_start_shows_its_log(absent: Path):
    start_cluster(absent)
    stop_cluster(absent)
    with (cluster_status(absent).data / "postgresql.conf").open("a") as settings:
        settings.write("colour = 'blue'\n")
    with pytest.raises(ClusterError, match='unrecognized configuration parameter "colour"'):
        start_cluster(absent)


def test_a_cluster_of_a_server_that_is_gone_names_the_package():
    with pytest.raises(ClusterError, match="postgresql-9-postgis-3"):
        find_binaries(major=9)


def test_where_nothing_is_nothing_runs(tmp_path: Path):
    assert cluster_status(tmp_path / "none").state == "absent"
    assert not stop_cluster(tmp_path / "none")
    with pytest.raises(ClusterError, match="luotu db start"):
        database_url(tmp_path / "none", "luotu")
    assert not (tmp_path / "none").exists()


@as_root
def test_root_puts_the_files_elsewhere_when_the_server_cannot_reach_the_path(tmp_path: Path):
    tmp_path.chmod(0o700)
    directory = tmp_path / "private" / "pg"
    try:
        start_cluster(directory)
        data = cluster_status(directory).data
        assert data.is_relative_to("/var/lib/luotu")
        assert ask(directory, "SHOW data_directory") == str(data)
        assert stop_cluster(directory)
        start_cluster(directory)
        assert cluster_status(directory).data == data
    finally:
        remove_cluster(directory)
    assert not data.exists()
