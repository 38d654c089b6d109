"""PostgreSQL's own programs: where they are, how they run for a cluster's owner, and whether its server lives."""

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.errors import ClusterError

_DEBIAN_BINARIES = Path("/usr/lib/postgresql")
READY_S = 120
_LOG_LINES = 12


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory that initdb made, and the user who runs it."""

    data: Path
    owner: pwd.struct_passwd

    @property
    def home(self) -> Path:
        """The directory around the data: it holds the log and, where its path is short enough, the socket."""
        return self.data.parent

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.home / "server.log"


def find_binaries(*, major: int | None = None) -> Path:
    """Find the directory of the newest PostgreSQL binaries that have PostGIS, or of those of one major version.

    Raises
    ------
    ClusterError
        There are none.
    """
    # Never by PATH alone: Debian keeps servers out of it, and a psql there says nothing about a server.
    debian = sorted(_DEBIAN_BINARIES.glob("*/bin"), key=lambda folder: _major(folder.parent.name), reverse=True)
    on_path = shutil.which("pg_config")
    for folder in [*debian, *([Path(_ask(on_path, "--bindir"))] if on_path else [])]:
        pg_config = folder / "pg_config"
        if not (folder / "initdb").exists() or major not in {None, _major(_ask(pg_config, "--version"))}:
            continue
        if Path(_ask(pg_config, "--sharedir"), "extension", "postgis.control").exists():
            return folder
    wanted, package = "PostgreSQL", "postgresql-postgis"
    if major is not None:
        wanted, package = f"PostgreSQL {major}, which made this cluster,", f"postgresql-{major}-postgis-3"
    message = f"{wanted} with PostGIS is not installed: install Debian's package {package} (`setup/debian.sh postgis`)."
    raise ClusterError(message)


def run_for(cluster: Cluster, program: Path, *options: str | Path) -> None:
    """Run one of PostgreSQL's programs as the cluster's owner.

    Raises
    ------
    ClusterError
        It fails; the message ends with what it printed and the end of the server's log.
    """
    try:
        result = run_as([program, *options], user=cluster.owner, directory=cluster.home)
    except OSError as error:
        message = f"{program} cannot be run as {cluster.owner.pw_name}: {error}."
        raise ClusterError(message) from error
    if result.returncode:
        message = f"{program} failed: {result.stdout.strip()}{_log_tail(cluster)}"
        raise ClusterError(message)


def run_as(
    command: Sequence[str | Path], *, user: pwd.struct_passwd | None = None, directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command, for root as another user, and return its exit code and what it printed.

    It stands away from the caller's terminal, pipes and environment: a server that it leaves behind keeps none of them,
    and no PGPORT or PGDATA misleads it.
    """
    identity: dict[str, Any] = {}
    if user is not None and os.geteuid() == 0:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return subprocess.run(  # noqa: S603 (the programs are found, never given)
        command,
        **identity,
        cwd=directory,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
        check=False,
    )


def start_server(cluster: Cluster, *, sockets: Path, port: int, most_s: float = READY_S) -> None:
    """Start a cluster's server in the background, with its socket in a directory whose name needs no quoting."""
    pid, _ = _recorded(cluster)
    if _is_alive(pid) and server_pid(cluster) is None:
        # After a restart of the machine the number is some other program's, and PostgreSQL would wait for that to end.
        (cluster.data / "postmaster.pid").unlink()
    settings = f"-c unix_socket_directories={sockets} -p {port}"
    _pg_ctl(cluster, "start", "-l", cluster.log.name, "-t", f"{most_s:.0f}", "-o", settings)


def stop_server(cluster: Cluster) -> None:
    """Stop a cluster's server; its clients are disconnected and open transactions rolled back."""
    _pg_ctl(cluster, "stop", "-m", "fast")


def reload_server(cluster: Cluster) -> None:
    """Have a cluster's server read its settings again."""
    run_for(cluster, _pg_ctl_of(cluster), "reload", "-D", cluster.data.name)


def server_pid(cluster: Cluster) -> int | None:
    """Return the process id of a cluster's running server, or none when postmaster.pid is missing or left over."""
    pid, sockets = _recorded(cluster)
    if not _is_alive(pid):
        return None
    with suppress(FileNotFoundError):  # no /proc: the number has to do
        if b"unix_socket_directories=" + sockets not in Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0"):
            return None
    return pid


def wait_until_ready(cluster: Cluster, *, most_s: float = READY_S) -> None:
    """Wait for a server that recovers from a crash or out of a backup, or that somebody else has just started.

    Raises
    ------
    ClusterError
        It ends, or is not ready in time.
    """
    deadline = time.monotonic() + most_s
    while [line.strip() for line in _pid_file(cluster)][7:] != [b"ready"]:
        if server_pid(cluster) is None or time.monotonic() > deadline:
            message = f"The PostGIS server in {cluster.data} does not become ready.{_log_tail(cluster)}"
            raise ClusterError(message)
        time.sleep(0.1)


def _pg_ctl(cluster: Cluster, action: str, *options: str | Path) -> None:
    # By names in the current directory: pg_ctl hands them to a shell, which would take a dollar in a path for its own.
    run_for(cluster, _pg_ctl_of(cluster), action, "-D", cluster.data.name, "-w", *options)


def _pg_ctl_of(cluster: Cluster) -> Path:
    return find_binaries(major=_major((cluster.data / "PG_VERSION").read_text())) / "pg_ctl"


def _pid_file(cluster: Cluster) -> list[bytes]:
    with suppress(FileNotFoundError):
        return (cluster.data / "postmaster.pid").read_bytes().splitlines()
    return []


def _recorded(cluster: Cluster) -> tuple[int, bytes]:
    """Return the process id and socket directory that the server wrote down when it started; 0 when there are none."""
    lines = _pid_file(cluster)
    return (int(lines[0]), lines[4]) if len(lines) > 4 else (0, b"")  # noqa: PLR2004 (the file's order of lines)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return pid > 0


def _major(version: str) -> int:
    number = re.search(r"\d+", version)
    return int(number[0]) if number else 0


def _ask(pg_config: str | Path, question: str) -> str:
    return run_as([pg_config, question]).stdout.strip()


def _log_tail(cluster: Cluster) -> str:
    if not cluster.log.exists():
        return ""
    lines = cluster.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([f"\nThe end of {cluster.log}:", *lines])
