"""The private PostGIS cluster: one directory, one unix socket, no TCP, open to its owner and root alone.

PostgreSQL refuses to run as root: a cluster that root makes belongs to Debian's user ``postgres``. Where that user cannot
reach the directory (a parent without search permission), the files live under ``/var/lib/luotu`` and ``data`` in the
directory is a symbolic link to them. Every function finds the cluster, and who runs it, through ``data``.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from store.errors import ClusterError
from store.postgres import (
    READY_S,
    Cluster,
    find_binaries,
    reload_server,
    run_as,
    run_for,
    server_pid,
    start_server,
    stop_server,
    wait_until_ready,
)

OWNER, SERVICE = "luotu", "luotu_service"
"""The roles of a private cluster: the first owns its databases and changes their tables, the second works in them."""
_DEBIAN_USER = "postgres"
_AWAY = Path("/var/lib/luotu")
_PORT = 5432  # a part of the socket's name; nothing listens on it
_SOCKET_PATH_BYTES = 103  # sun_path holds 104 bytes on macOS and 108 on Linux, the final NUL included
_PRIVATE = 0o700
_SETTINGS = """
# Luotu's private cluster; where its socket is stands on the server's command line
listen_addresses = ''
unix_socket_permissions = 0700
fsync = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class ClusterUrl:
    """The address of a running cluster."""

    sockets: Path

    def database(self, name: str, *, role: str = OWNER) -> str:
        """Return the SQLAlchemy URL of one of the cluster's databases, for its owner or for the service."""
        # The port is named because libpq would else take it from the caller's PGPORT.
        return f"postgresql+psycopg://{role}@/{quote(name)}?host={quote(str(self.sockets))}&port={_PORT}"

    def replication(self, name: str) -> str:
        """Return how PostgreSQL's own programs read the cluster's write-ahead log, under an application's name."""
        return f"host={self.sockets} port={_PORT} user={OWNER} application_name={name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """Whether there is a cluster, whether it runs, and where its files are."""

    state: Literal["absent", "stopped", "running"]
    pid: int | None = None
    data: Path | None = None
    log: Path | None = None


def start_cluster(directory: Path, *, most_s: float = READY_S) -> ClusterUrl:
    """Start the cluster of a directory and return its address; make it first if there is none.

    Returns at once when it runs. The server outlives the caller. Several processes may call this at the same time.

    Parameters
    ----------
    directory
        The cluster's own directory, made when missing.
    most_s
        How long its server may take to read what it has to recover.

    Raises
    ------
    ClusterError
        No PostgreSQL with PostGIS is installed, the directory belongs to somebody else or holds something else, or the
        server does not start (the message ends with its log).
    """
    directory = directory.resolve()
    with _locked(directory):
        cluster = _find(directory) or _make(directory)
        sockets = _socket_directory(cluster)
        is_news = _admit_roles(cluster)
        if server_pid(cluster) is None:
            start_server(cluster, sockets=sockets, port=_PORT, most_s=most_s)
        elif is_news:
            reload_server(cluster)
        wait_until_ready(cluster, most_s=most_s)
    return ClusterUrl(sockets)


def stop_cluster(directory: Path) -> bool:
    """Stop the cluster of a directory and return whether it ran; open transactions are rolled back.

    Raises
    ------
    ClusterError
        The cluster belongs to somebody else, or does not stop.
    """
    directory = directory.resolve()
    if _find(directory) is None:
        return False
    with _locked(directory):
        cluster = _find(directory)
        if cluster is None or server_pid(cluster) is None:
            return False
        stop_server(cluster)
    return True


def remove_cluster(directory: Path) -> None:
    """Stop the cluster of a directory and delete it with all its data, wherever they are.

    Raises
    ------
    ClusterError
        The cluster belongs to somebody else, or does not stop.
    """
    directory = directory.resolve()
    stop_cluster(directory)
    cluster = _find(directory)
    if cluster is not None:
        for place in {_socket_directory(cluster), cluster.home, directory}:
            shutil.rmtree(place, ignore_errors=True)


def move_cluster(directory: Path, target: Path) -> None:
    """Move a cluster, which is stopped, to another directory in the same folder; its files stay where they are if they are away."""
    directory.resolve().rename(target)


def cluster_status(directory: Path) -> ClusterStatus:
    """Return whether the cluster of a directory is absent, stopped or running.

    Raises
    ------
    ClusterError
        The cluster belongs to somebody else.
    """
    cluster = _find(directory.resolve())
    if cluster is None:
        return ClusterStatus(state="absent")
    pid = server_pid(cluster)
    return ClusterStatus(state="running" if pid else "stopped", pid=pid, data=cluster.data, log=cluster.log)


def database_url(directory: Path, database: str, *, role: str = OWNER) -> str:
    """Return the SQLAlchemy URL of a database in the cluster of a directory, whether it runs or not.

    Raises
    ------
    ClusterError
        There is no cluster, or it belongs to somebody else.
    """
    cluster = _find(directory.resolve())
    if cluster is None:
        message = f"There is no PostGIS cluster in {directory}: start one with `luotu db start`."
        raise ClusterError(message)
    return ClusterUrl(_socket_directory(cluster)).database(database, role=role)


def adopt_cluster(directory: Path, fill: Callable[[Path], None]) -> Cluster:
    """Make the cluster of a directory out of files from elsewhere, all of it or nothing, and return it; it is not started.

    Parameters
    ----------
    fill
        Puts the files into a folder that is there and empty; they are given to who runs the cluster.

    Raises
    ------
    ClusterError
        The directory holds something already, or cannot be written.
    """
    directory = directory.resolve()
    with _locked(directory):
        return _fill(directory, lambda _, partial: fill(partial))


def create_database(url: str) -> None:
    """Create the database that a URL names, with PostGIS and btree_gist, and the service's role, unless they are there.

    Parameters
    ----------
    url
        A URL as `database_url` makes it; its role must be allowed to create databases and extensions.

    Raises
    ------
    ClusterError
        The server cannot be reached or refuses.
    """
    target = urlsplit(url.replace("+psycopg", "", 1))
    name = unquote(target.path.lstrip("/"))
    database = sql.Identifier(name)
    try:
        with psycopg.connect(urlunsplit(target._replace(path="/postgres")), autocommit=True) as server:
            # CREATE DATABASE and even CREATE EXTENSION IF NOT EXISTS fail when two processes run them at once.
            server.execute("SELECT pg_advisory_lock(hashtext('create_database'))")
            if not server.execute("SELECT FROM pg_roles WHERE rolname = %s", [SERVICE]).rowcount:
                server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(SERVICE)))
            if not server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
                server.execute(sql.SQL("CREATE DATABASE {}").format(database))
            # Compiling costs more than it saves on spatial queries: off for every server, not only for ours.
            server.execute(sql.SQL("ALTER DATABASE {} SET jit = off").format(database))
            with psycopg.connect(urlunsplit(target), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
                connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    except psycopg.Error as error:
        message = f"The database {name} cannot be created: {error}. Is the server running (`luotu db status`)?"
        raise ClusterError(message) from error


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold a directory's lock, so that no two processes make, start or stop the same cluster."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
    except OSError as error:
        message = (
            f"{directory} cannot hold a PostGIS cluster ({error}): make room there, or run as its owner or as root."
        )
        raise ClusterError(message) from error


def _find(directory: Path) -> Cluster | None:
    data = (directory / "data").resolve()
    owner = "another user"
    with suppress(PermissionError, KeyError):
        if not (data / "PG_VERSION").exists():
            return None
        cluster = Cluster(data, pwd.getpwuid(data.stat().st_uid))
        if os.geteuid() in {0, cluster.owner.pw_uid}:
            return cluster
        owner = cluster.owner.pw_name
    message = f"The PostGIS cluster in {directory} belongs to {owner}: run as {owner} or as root."
    raise ClusterError(message)


def _make(directory: Path) -> Cluster:
    initdb = find_binaries() / "initdb"
    options = [f"--username={OWNER}", "--encoding=UTF8", "--no-locale", "--auth-local=peer", "--auth-host=reject"]

    def fill(cluster: Cluster, partial: Path) -> None:
        run_for(cluster, initdb, "--data-checksums", *options, partial.name)
        with (partial / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)

    return _fill(directory, fill)


def _fill(directory: Path, fill: Callable[[Cluster, Path], None]) -> Cluster:
    if any(entry.name not in {"data.partial", "server.log"} for entry in directory.iterdir()):
        message = f"{directory} holds other files and no PostGIS cluster: name an empty directory."
        raise ClusterError(message)
    owner = _server_user()
    cluster = Cluster(_home(directory, owner) / "data", owner)
    partial = cluster.home / "data.partial"  # what is killed half-way must not leave half a cluster
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=_PRIVATE)
    _give(partial, owner)
    fill(cluster, partial)
    _give(partial, owner)
    partial.rename(cluster.data)
    if cluster.home != directory:
        (directory / "data").symlink_to(cluster.data)
    return cluster


def _give(folder: Path, owner: pwd.struct_passwd) -> None:
    """Give a folder and all that is in it to who runs the cluster: to be done, and possible, for root alone."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def _admit_roles(cluster: Cluster) -> bool:
    """Let the cluster's owner and root in, as either role and as no other; return whether that is news to the cluster."""
    users = ["root", cluster.owner.pw_name]
    wanted = {
        # “all” are databases, and the write-ahead log, which backups read, is none
        "pg_hba.conf": f"local all {OWNER},{SERVICE} peer map={OWNER}\nlocal replication {OWNER} peer map={OWNER}\n",
        "pg_ident.conf": "".join(f'{OWNER} "{user}" {role}\n' for user in users for role in (OWNER, SERVICE)),
    }
    news = [name for name, text in wanted.items() if (cluster.data / name).read_text() != text]
    for name in news:
        (cluster.data / name).write_text(wanted[name])
    return bool(news)


def _server_user() -> pwd.struct_passwd:
    uid = os.geteuid()
    with suppress(KeyError):
        return pwd.getpwuid(uid) if uid else pwd.getpwnam(_DEBIAN_USER)
    reason = f"the user {uid} has no name" if uid else f"root needs a user {_DEBIAN_USER} to run it"
    message = f"PostgreSQL cannot run: {reason}. Run as an ordinary user."
    raise ClusterError(message)


def _home(directory: Path, owner: pwd.struct_passwd) -> Path:
    """Return a private directory of the owner's for the cluster's files: the given one if its parent can be passed."""
    home = directory
    if os.geteuid() == 0:
        if run_as(["test", "-x", directory.parent], user=owner).returncode:
            _AWAY.mkdir(exist_ok=True)
            _AWAY.chmod(0o755)
            home = Path(tempfile.mkdtemp(prefix="cluster-", dir=_AWAY))
        os.chown(home, owner.pw_uid, owner.pw_gid)
    home.chmod(_PRIVATE)
    return home


def _socket_directory(cluster: Cluster) -> Path:
    """Return the directory of the socket: the cluster's home, or one in /tmp when that path is long or needs quoting."""
    home, owner = cluster.home, cluster.owner
    socket = os.fsencode(home / f".s.PGSQL.{_PORT}")
    if len(socket) <= _SOCKET_PATH_BYTES and re.fullmatch(rb"[\w./-]+", socket):
        return home
    # Not XDG_RUNTIME_DIR: it ends with the login, the server does not.
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    directory = Path(f"/tmp/luotu-{owner.pw_uid}-{digest}")  # noqa: S108 (its owner is checked)
    with suppress(FileExistsError):
        directory.mkdir(mode=_PRIVATE)
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    found = directory.lstat()
    if (stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode), found.st_uid) != (
        stat.S_IFDIR,
        _PRIVATE,
        owner.pw_uid,
    ):
        message = f"{directory} must be a private directory of {owner.pw_name}, and it is not: remove it."
        raise ClusterError(message)
    return directory
