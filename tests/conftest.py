"""What every test may ask for: a PostGIS cluster of the tests' own, databases in it, the sample district, a server."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest

from layers.confined.confinement import Confinement, confine_reading, missing_layers
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.database import Database, connect, migrate, transaction
from store.walls import as_system

PROJECT = Path(__file__).resolve().parents[1]
SAMPLES = PROJECT / "data" / "samples"
SHARED = PROJECT.parent / "shared" / "data"

# the same examples every time, on any machine and at any speed; --hypothesis-profile=search looks for new ones
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile("steady")

# a kernel that cannot confine the reading of files, as in some containers: limits alone then, and the header says so
_LACKS = missing_layers()
if _LACKS:
    os.environ.setdefault("LUOTU_CONFINE", "limits")
    confine_reading(Confinement(mode="limits"))


def pytest_report_header() -> str:
    """Say how far files are read in confinement here."""
    return (
        f"reading: confined without {' and '.join(_LACKS)}, which the kernel lacks" if _LACKS else "reading: confined"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the stories be told at their full size."""
    parser.addoption("--full-size", action="store_true", help="tell the stories at their full size: minutes each")


@pytest.fixture
def full_size(request: pytest.FixtureRequest) -> bool:
    """Tell whether stories are wanted at their full size."""
    return bool(request.config.getoption("--full-size"))


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return the path of real data of other people; skip the test where it is not at hand."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{name} is not at hand")
        return path

    return find


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Start a PostGIS cluster for the session, with a migrated database to copy."""
    with TemporaryDirectory(prefix="luotu-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        directory = Path(folder) / "pg"
        try:
            address = start_cluster(directory)
            _forgo_safety(address.database("postgres"))
            create_database(address.database("pattern"))
            database = connect(address.database("pattern"))
            migrate(database, service=SERVICE)
            database.dispose()
            yield address
        finally:
            remove_cluster(directory)


def _forgo_safety(url: str) -> None:
    """Have the tests' cluster not wait for the disk, nor tidy a thousand databases: what it holds dies with the session."""
    from sqlalchemy import create_engine, text  # noqa: PLC0415

    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            connection.execute(text(f"alter system set {setting} = off"))
        connection.execute(text("select pg_reload_conf()"))
    server.dispose()


@pytest.fixture(scope="session")
def new_database(cluster: Any) -> Iterator[Callable[..., Database]]:
    """Return the maker of databases: a copy of the migrated one, or of another that nobody is connected to.

    They are opened as the service opens them, by the role that owns nothing.
    """
    from sqlalchemy import create_engine, text  # noqa: PLC0415

    numbers = count(1)
    server = create_engine(cluster.database("postgres"), isolation_level="AUTOCOMMIT")
    made: list[Database] = []

    def make(pattern: str = "pattern") -> Database:
        name = f"test_{os.getpid()}_{next(numbers)}"
        with server.connect() as connection:
            # a third of the processor's time that the log takes, where nothing waits for the disk
            connection.execute(text(f'create database "{name}" template "{pattern}" strategy file_copy'))
            # a test looks behind the wall; what the program does says itself what it sees
            connection.execute(text(f"alter database \"{name}\" set luotu.offices = 'all'"))
        made.append(as_system(connect(cluster.database(name, role=SERVICE))))
        return made[-1]

    yield make
    for database in made:
        database.dispose()
    server.dispose()


@pytest.fixture
def as_owner(cluster: Any) -> Iterator[Callable[[Database], Database]]:
    """Return what opens a test's database as its owner, who is the cluster's superuser."""
    made: list[Database] = []

    def reopen(database: Database) -> Database:
        made.append(as_system(connect(cluster.database(str(database.url.database)))))
        return made[-1]

    yield reopen
    for database in made:
        database.dispose()


@pytest.fixture
def database(new_database: Callable[..., Database]) -> Iterator[Database]:
    """Return an empty, migrated database of the test's own."""
    fresh = new_database()
    yield fresh
    fresh.dispose()


@pytest.fixture(scope="session")
def district(new_database: Callable[..., Database], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Load the sample district once and return the name of a database to copy."""
    from workflows.layering import LoadOptions, load_layers  # noqa: PLC0415

    loaded, documents = new_database(), tmp_path_factory.mktemp("documents")
    load_layers(
        loaded, SAMPLES / "district.gpkg", principal=principal_in(loaded), documents=documents, options=LoadOptions()
    )
    loaded.dispose()
    return str(loaded.url.database)


@pytest.fixture(scope="session")
def conflicting_district(
    new_database: Callable[..., Database], district: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Find the conflicts of the sample district once and return the name of a database to copy."""
    from blueprint.rule_sets import load_rule_set  # noqa: PLC0415
    from layers.catalogue import load_catalogue  # noqa: PLC0415
    from workflows.conflicts import ConflictQuestion, Reader, find_conflicts  # noqa: PLC0415

    found, documents = new_database(district), tmp_path_factory.mktemp("documents")
    reader = Reader(principal_in(found), load_rule_set(), load_catalogue(), documents)
    find_conflicts(found, ConflictQuestion(), reader=reader)
    found.dispose()
    return str(found.url.database)


@pytest.fixture
def sample_database(new_database: Callable[..., Database], district: str) -> Iterator[Database]:
    """Return a database of the test's own that holds the sample district."""
    fresh = new_database(district)
    yield fresh
    fresh.dispose()


@pytest.fixture
def principal(database: Database) -> Any:
    """Return the local demonstration office in the test's empty database."""
    return principal_in(database)


def principal_in(database: Database) -> Any:
    from workflows.principals import resolve_principal  # noqa: PLC0415

    with transaction(database) as connection:
        return resolve_principal(connection, key=None, local=True)


@pytest.fixture
def settings(tmp_path: Path, sample_database: Database) -> Any:
    """Return the settings of an installation that uses the test's sample database."""
    return settings_for(sample_database, tmp_path)


def settings_for(database: Database, home: Path) -> Any:
    from workflows.settings import Settings  # noqa: PLC0415

    url = database.url.render_as_string(hide_password=False)
    return Settings(DATABASE_URL=url, home=home, _env_file=None)


@pytest.fixture(scope="session")
def served_url(
    new_database: Callable[..., Database], district: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Serve page and API over the sample district and return the address."""
    database = new_database(district)
    with serving(settings_for(database, tmp_path_factory.mktemp("served"))) as address:
        yield address
    database.dispose()


@contextmanager
def serving(settings: Any, *, seen_by: Callable[[Any], Any] = lambda app: app) -> Iterator[str]:
    """Serve an installation in a thread of this process and yield its address; `seen_by` may put something before it."""
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = seen_by(create_app(settings))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError(port)
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
