"""How fast events are appended to the ledger, verified, and proved.

``python benchmarks/ledger.py [--events 100000]``: in a private cluster of its own, on disk, with fsync. Events have the
size that those of an upload have. Verified is the log with all that goes with it: hashes, chain, tree, stored nodes, heads;
then an export of it. The rows of the register are not counted: there are none here.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.ledger.checking import Stored, check_log
from registry.ledger.events import NewEvent
from store.cluster import remove_cluster
from store.database import Database, transaction
from store.ledger import append_events, events_from, hold_still, nodes_in_order
from store.offices import have_office
from store.walls import as_system
from workflows.databases import open_database, start_database
from workflows.ledger_exports import export_ledger, verify_export
from workflows.ledgers import prove_event, seal_ledger
from workflows.settings import Settings

BATCHES = (1, 200, 10_000)
BODY = {
    "building": "4E7U5CKJ2WF0J",
    "kind": "building",
    "part_of": None,
    "facility_class": None,
    "upload": "0f6a3b52-7d7e-4a3e-9a3c-6f1d2a9b8c7d",
    "version": 1,
    "stage": "design",
    "name": "3号楼",
    "fingerprint": "ab" * 32,
    "h3": "8f31aa0c2d1b6a3",
    "area_m2": 1234.56789012345,
    "plane": "EPSG:4551",
    "plane_area_m2": 1234.01234567891,
    "perimeter_m": 145.123456789,
    "attributes": "cd" * 32,
    "valid_from": "2026-11-22",
    "space": "surface",
    "height_m": None,
    "axis": None,
    "width_m": None,
    "sha256": "ef" * 32,
    "row": 17,
    "iou": 0.0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    wanted = parser.parse_args().events
    with TemporaryDirectory() as folder, installed(Path(folder)) as (database, settings):
        for batch in BATCHES:
            count = min(wanted, 300 * batch)
            with measured(f"appended, {batch} a transaction, signed after each", count):
                for _ in range(count // batch):
                    append(database, batch)
                    seal_ledger(database, settings)
        with measured("appended by 16 writers, 1 a transaction", 1_000), ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: append(database, 1), range(1_000)))
        seal_ledger(database, settings)
        size = verify(database)
        with transaction(database) as connection, measured("proved", 1_000):
            for seq in range(0, size, max(1, size // 1_000)):
                prove_event(connection, seq)
        with measured("exported", size):
            export_ledger(database, settings, Path(folder) / "export")
        with measured("verified, the export", size):
            assert verify_export(Path(folder) / "export")[0].is_sound


def verify(database: Database) -> int:
    with transaction(database) as connection:
        hold_still(connection)
        started = time.perf_counter()
        rows = events_from(connection, 0)
        events = (Stored(seq, canonical.encode(), bytes(leaf)) for seq, canonical, leaf in rows)
        checked = check_log(events, nodes=nodes_in_order(connection))
        took_s = time.perf_counter() - started
    assert not checked.findings
    report("verified, the log in the database", checked.size, took_s)
    return checked.size


def append(database: Database, count: int) -> None:
    with transaction(database) as connection:
        office = have_office(connection, code="bench", name_zh="测", name_en="Bench").id
        said = {"kind": "registered", "subject": "building/4E7U5CKJ2WF0J", "office_id": office, "actor": "bench"}
        append_events(connection, [NewEvent(**said, occurred_at=datetime.now(UTC), body=BODY) for _ in range(count)])


@contextmanager
def installed(home: Path) -> Iterator[tuple[Database, Settings]]:
    home.chmod(0o755)
    settings = Settings(home=home, _env_file=None)
    try:
        start_database(settings)
        database = open_database(settings)
        yield as_system(database), settings
        database.dispose()
    finally:
        remove_cluster(settings.cluster)


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    started = time.perf_counter()
    yield
    report(what, count, time.perf_counter() - started)


def report(what: str, count: int, took_s: float) -> None:
    print(
        f"{what:50} {count:>9,} in {took_s:7.2f} s = {count / took_s:>9,.0f}/s, {took_s / count * 1e6:6.1f} s a million"
    )


if __name__ == "__main__":
    main()
