"""Base backups of the private cluster by PostgreSQL's own programs: taken, verified, followed by its log, recovered from."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from store.cluster import ClusterUrl, adopt_cluster, cluster_status, start_cluster
from store.errors import ClusterError
from store.postgres import Cluster, find_binaries, run_as

__all__ = ["damaged_parts", "forget_receiver", "log_gap", "receive_log", "recover_cluster", "take_base_backup"]

_RECOVERY_S = 24 * 3600.0
_SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?")
# a segment has 16 MB, and what PostgreSQL calls a log 256 of them
_SEGMENTS_OF_LOG = 256
_SIGNAL, _AUTOMATIC = "recovery.signal", "postgresql.auto.conf"
# the last segment is one that was still being received; paths are the server's own, from its data folder
_RESTORE = "test -f ../log/%f && cp ../log/%f %p || cp ../log/%f.partial %p"


def take_base_backup(address: ClusterUrl, folder: Path) -> None:
    """Copy a running cluster's files into a new folder with as much of its log as makes them whole, safe on disk.

    Raises
    ------
    ClusterError
        The server cannot be reached or its files cannot be read: ``pg_basebackup`` says why.
    """
    words = ["--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password"]
    source = f"--dbname={address.replication('luotu_base_backup')}"
    _run(find_binaries() / "pg_basebackup", *words, source, f"--pgdata={folder}")


def damaged_parts(folder: Path) -> list[str]:
    """Return what ``pg_verifybackup`` finds wrong with a base backup, a sentence each; nothing where it is whole."""
    program = find_binaries(major=_major(folder)) / "pg_verifybackup"
    result = run_as([program, folder])
    if not result.returncode:
        return []
    return [line.partition("error: ")[2] or line for line in result.stdout.splitlines() if line.strip()]


def receive_log(address: ClusterUrl, folder: Path, *, slot: str) -> int:
    """Receive a cluster's log into a folder, each commit as it comes and safe on disk, until ended; return the exit code.

    The server keeps, in the slot, what was not received yet. It reconnects by itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = find_binaries() / "pg_receivewal"
    words = [f"--dbname={address.replication(slot)}", f"--directory={folder}", f"--slot={slot}", "--no-password"]
    _run(program, *words, "--create-slot", "--if-not-exists")
    with subprocess.Popen([program, *words, "--synchronous"]) as receiver:  # noqa: S603 - found, never given
        try:
            return receiver.wait()
        finally:
            receiver.terminate()


def forget_receiver(directory: Path) -> None:
    """Have the cluster of a directory, where it is stopped, wait for no receiver of its log when it starts."""
    status = cluster_status(directory)
    if status.state == "stopped" and status.data is not None:
        _await_nobody(status.data)


def log_gap(base: Path, log: Path) -> tuple[str, str] | None:
    """Return the names of the first and the last segment that are missing between a base backup and the log's end."""
    had = {_number(name) for name in (*_segments(base / "pg_wal"), *_segments(log))}
    missing = sorted(set(range(min(had), max(had))) - had) if had else []
    timeline = max(_segments(base / "pg_wal"))[:8]
    return (_name(timeline, missing[0]), _name(timeline, missing[-1])) if missing else None


def recover_cluster(directory: Path, base: Path, *, log: Path, until: datetime | None) -> ClusterUrl:
    """Make the cluster of a directory out of a base backup and the log that follows it, and start it.

    It begins a timeline of its own: nothing that it writes can be taken for what the first one wrote later.

    Parameters
    ----------
    log
        Folder of the received log; what is of before the base backup is left alone. It may be absent.
    until
        The last moment that is wanted; the log's end where it is None.

    Raises
    ------
    ClusterError
        The directory holds something already, the log ends before the moment that is wanted, or the server does not start.
    """
    find_binaries(major=_major(base))  # said before anything is written
    first = min(_segments(base / "pg_wal"), default="")

    def fill(partial: Path) -> None:
        shutil.copytree(base, partial, dirs_exist_ok=True)
        received = partial.parent / "log"
        shutil.rmtree(received, ignore_errors=True)
        received.mkdir()
        for name in _segments(log):
            if name >= first:
                shutil.copy(log / name, received / name)
                (received / name).chmod(0o644)
        received.chmod(0o755)
        _ask_recovery(partial, until)

    cluster = adopt_cluster(directory, fill)
    address = start_cluster(directory, most_s=_RECOVERY_S)
    _refuse_early_end(cluster, until)
    _forget_recovery(cluster, base)
    return address


def _ask_recovery(data: Path, until: datetime | None) -> None:
    with (data / _AUTOMATIC).open("a", encoding="utf-8") as settings:
        # nobody is let in before all of it is recovered
        settings.write(f"restore_command = '{_RESTORE}'\nhot_standby = off\nsynchronous_standby_names = ''\n")
        if until is not None:
            settings.write(f"recovery_target_time = '{until.isoformat()}'\nrecovery_target_action = 'promote'\n")
    (data / _SIGNAL).touch()


def _forget_recovery(cluster: Cluster, base: Path) -> None:
    """Leave the settings as they were, but for the wish that somebody else receives each commit: nobody does yet."""
    shutil.copyfile(base / _AUTOMATIC, cluster.data / _AUTOMATIC)
    _await_nobody(cluster.data)
    shutil.rmtree(cluster.home / "log")


def _await_nobody(data: Path) -> None:
    lines = (data / _AUTOMATIC).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith("synchronous_standby_names"))
    (data / _AUTOMATIC).write_text(kept, encoding="utf-8")


def _refuse_early_end(cluster: Cluster, until: datetime | None) -> None:
    """Raise where the recovery ended before the last segment: what it could not read was damaged."""
    last = max(_segments(cluster.home / "log"), default=None)
    if last is None or until is not None:
        return
    newest = max((cluster.data / "pg_wal").glob("*.history"))
    *_, (_, position, *_) = (line.split("\t") for line in newest.read_text().splitlines() if line.strip())
    high, low = (int(half, 16) for half in position.split("/"))
    ended = high * _SEGMENTS_OF_LOG + (low >> 24)
    if ended < _number(last):
        message = f"The log could be read up to {position} and goes on to {last}: a segment between them is damaged."
        raise ClusterError(message)


def _segments(folder: Path) -> Sequence[str]:
    found = folder.iterdir() if folder.is_dir() else ()
    return [path.name for path in found if _SEGMENT.fullmatch(path.name)]


def _number(segment: str) -> int:
    return int(segment[8:16], 16) * _SEGMENTS_OF_LOG + int(segment[16:24], 16)


def _name(timeline: str, number: int) -> str:
    return f"{timeline}{number // _SEGMENTS_OF_LOG:08X}{number % _SEGMENTS_OF_LOG:08X}"


def _major(data: Path) -> int:
    """Return the major version of the server that wrote a data folder."""
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        message = f"{data} is no PostgreSQL data folder."
        raise ClusterError(message) from error


def _run(program: Path, *options: str | Path) -> None:
    result = run_as([program, *options])
    if result.returncode:
        message = f"{program} failed: {result.stdout.strip()}"
        raise ClusterError(message)
