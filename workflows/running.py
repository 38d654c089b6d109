"""Running it: whether the service can answer, how it stands in figures, and how many connections each process may have."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from geocode import Text
from layers.confined.reading import check_readers, reading_load
from layers.errors import ConfinementError
from registry.errors import HeadError
from registry.ledger.heads import read_head
from store.database import Connection, Database, transaction
from store.errors import DatabaseError
from store.figures import commit_wait_s, is_migrated, most_connections, read_figures, used_connections
from store.ledger import ledger_frontier, ledger_size, newest_checkpoint
from store.seals import newest_kept, public_keys
from store.walls import as_system
from workflows.databases import opened_database
from workflows.errors import RefusedOptionError
from workflows.reports import text_json
from workflows.settings import Settings

__all__ = ["Figures", "Lack", "Load", "Standing", "find_lacks", "fit_connections", "process_load", "read_standing"]

_FRESH_S = 10.0
# for the process that runs jobs, and for people with psql
_OTHERS, _FEWEST = 30, 4
# a receiver of the log that lives answers within moments
_MOST_WAIT_S = 10.0


class Lack(NamedTuple):
    """What the service cannot answer without: its kind, what is wrong, what to do."""

    kind: str
    text: Text
    remedy: Text

    def as_json(self) -> dict[str, Any]:
        """Return it as an answer tells it."""
        return {"kind": self.kind, "text": text_json(self.text), "remedy": text_json(self.remedy)}


_DATABASE = Lack(
    "database",
    Text("无法连接数据库。", "The database cannot be reached."),
    Text("查看日志;启动数据库。", "See the log; start the database."),
)
_MIGRATIONS = Lack(
    "migrations",
    Text("数据库尚未升级到本版本。", "The database is not at this release's migrations yet."),
    Text("运行 `luotu db start`。", "Run `luotu db start`."),
)
_LEDGER = Lack(
    "ledger",
    Text("账本与其签名的头不符。", "The ledger is not the one whose head was signed."),
    Text("运行 `luotu ledger verify`,它指出位置。", "Run `luotu ledger verify`: it says where."),
)
_READERS = Lack(
    "readers",
    Text("无法隔离读取外来文件。", "Files from others cannot be read in confinement."),
    Text("查看日志与 LUOTU_CONFINE。", "See the log, and LUOTU_CONFINE."),
)
_RECEIVER = Lack(
    "receiver",
    Text("提交正在等待接收数据库日志的程序。", "Commits wait for the receiver of the database's log."),
    Text(
        "启动 `luotu backup 目录 --follow --synchronous`;或正常停止它,不再等待。",
        "Start `luotu backup FOLDER --follow --synchronous` again; started and then stopped in order, nothing waits for it.",
    ),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """How the register stands.

    Attributes
    ----------
    jobs, rows
        Jobs by state, and rows of all uploads by outcome.
    queued
        Jobs that wait for a worker.
    owed, owed_for_s
        Messages that subscribers have not taken yet, and the age of the oldest.
    events, unsigned, head_age_s
        Events in the ledger, those that no head covers, and how long ago the newest head was signed.
    commit_wait_s
        For how long the oldest commit has waited for the receiver of the log.
    """

    jobs: Mapping[str, int]
    rows: Mapping[str, int]
    queued: int
    owed: int
    owed_for_s: float
    events: int
    unsigned: int
    head_age_s: float
    commit_wait_s: float


class Load(NamedTuple):
    """What of this process is in use: connections to the database; files being read, and waiting for that."""

    connections: int
    reading: int
    waiting: int


def find_lacks(database: Database, settings: Settings) -> list[Lack]:
    """Return what is missing for the service to answer: nothing where it can. No address or key is told."""
    return [*_database_lacks(database, settings), *_reader_lacks()]


def read_standing(database: Database) -> Figures:
    """Return how the register stands.

    Raises
    ------
    DatabaseError
        The database does not answer.
    """
    with transaction(as_system(database)) as connection:
        row, waited_s = read_figures(connection), commit_wait_s(connection)
    names = ("jobs", "rows", "queued", "owed", "owed_for_s", "events", "head_age_s")
    return Figures(
        **{name: getattr(row, name) for name in names}, unsigned=row.events - row.signed, commit_wait_s=waited_s
    )


class Standing:
    """How the register stands, read anew when it is asked for after some seconds: whoever scrapes often costs no more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._figures: Figures | None = None
        self._read_at = float("-inf")

    def __call__(self) -> Figures | None:
        """Return the figures, None where the database does not answer."""
        if time.monotonic() - self._read_at > _FRESH_S:
            try:
                self._figures = read_standing(self._database)
            except DatabaseError:
                self._figures = None
            self._read_at = time.monotonic()
        return self._figures


def process_load(database: Database) -> Load:
    """Return what of this process is in use."""
    return Load(used_connections(database), *reading_load())


def fit_connections(settings: Settings, workers: int) -> int:
    """Return how many connections each of some processes may have: as many as set, or fewer where the server takes fewer.

    Raises
    ------
    RefusedOptionError
        The server takes too few for so many processes.
    DatabaseError
        It does not answer.
    """
    with opened_database(settings, sealing=False) as database, transaction(database) as connection:
        most = most_connections(connection)
    fitting = min(settings.connections, max(0, most - _OTHERS) // workers)
    if fitting < _FEWEST:
        needed = workers * _FEWEST + _OTHERS
        raise RefusedOptionError(
            Text(
                f"数据库只接受 {most} 个连接,不足以供 {workers} 个进程使用。",
                f"The database takes {most} connections: too few for {workers} processes.",
            ),
            Text(
                f"减少进程,或将 PostgreSQL 的 max_connections 提高到 {needed} 以上。",
                f"Use fewer processes, or raise PostgreSQL's max_connections above {needed}.",
            ),
        )
    return fitting


def _database_lacks(database: Database, settings: Settings) -> Iterator[Lack]:
    try:
        with transaction(database) as connection:
            if not is_migrated(connection):
                yield _MIGRATIONS
            elif not _is_ledger_whole(connection, settings):
                yield _LEDGER
            if commit_wait_s(connection) > _MOST_WAIT_S:
                yield _RECEIVER
    except DatabaseError:
        yield _DATABASE


def _is_ledger_whole(connection: Connection, settings: Settings) -> bool:
    """Tell whether the newest head is signed by a key of ours and is that of the ledger's tree, and no newer one is kept outside."""
    head, size = newest_checkpoint(connection), ledger_size(connection)
    try:
        kept = newest_kept(settings.checkpoints)
        if head is not None:
            read_head(head.note, public_keys(settings.keys))
    except HeadError:
        return False
    if kept is not None and kept[0] > size:
        return False
    return head is None or (head.size <= size and ledger_frontier(connection, head.size).root() == head.root)


def _reader_lacks() -> Iterator[Lack]:
    try:
        check_readers()
    except (ConfinementError, OSError):
        yield _READERS
