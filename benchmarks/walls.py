"""What the wall between offices costs: the same work with it and without it, turn by turn, in CPU time.

``python benchmarks/walls.py [--rows 20000] [--times 1000]``: two databases of a private cluster, in one of which the policies are
taken down and transactions say nothing of whose they are. Into each the same two deliveries of a made-up town are registered, all
new and then those between, as a surveyor; then each is asked the same, many times, as a surveyor and as a planner. Jobs are those
of fifty offices.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from sqlalchemy import text
from uploading import city, server_cpu_s, write

from store import database as store_database
from store.cluster import SERVICE, create_database, remove_cluster, start_cluster
from store.database import Database, connect, migrate, transaction
from store.walls import as_system
from workflows.delivery_options import DeliveryOptions
from workflows.jobs import list_jobs
from workflows.principals import Principal, find_principal, issue_key
from workflows.resolving import resolve_names
from workflows.reviews import find_reviews
from workflows.rights import seen_by
from workflows.tiling import cut_building_tile
from workflows.uploading import upload_file

JOBS = """
    with j as (
        insert into job (office_id, kind, actor, role, request)
        select o.id, 'upload', 'x', 'surveyor', '{"file": "a", "sha256": "b", "options": {}}'
        from office o, generate_series(1, 200) returning id, office_id
    )
    insert into job_event (job_id, number, office_id, state, told)
    select j.id, n, j.office_id, case n when 1 then 'waiting' else 'running' end, '{}' from j, generate_series(1, 2) n
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=1_000)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="luotu-walls-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        try:
            measure(home, options.rows, options.times)
        finally:
            remove_cluster(home / "pg")


def measure(home: Path, rows: int, times: int) -> None:
    shapes = city(None, 2 * rows)
    files = {"all new": write(home / "new.gpkg", shapes[::2]), "those between": write(home / "b.gpkg", shapes[1::2])}
    with opened(home, "walled") as walled, opened(home, "open") as free:
        take_down(home)
        sides = {"walled": (walled, as_whom(walled)), "open": (free, as_whom(free))}
        print(f"{'CPU, process + server':<40}{'with the wall':>22}{'without':>22}{'ratio':>8}")
        for name, path in files.items():
            compare(home, f"upload, {rows:,} rows, {name}", sides, lambda db, who, p=path: upload(home, db, who, p), 1)
        for database, _ in sides.values():
            with transaction(as_system(database)) as connection:
                connection.execute(text(JOBS))
        for name, role, work in questions(walled):
            compare(
                home,
                f"{name} ({role})",
                sides,
                lambda db, who, r=role, w=work: w(seen_by(db, lambda: who[r]), who[r]),
                times,
            )


def questions(database: Database) -> Iterator[tuple[str, str, Callable[[Database, Principal], Any]]]:
    with transaction(as_system(database)) as connection:
        code = connection.execute(text("select code from building limit 1")).scalar_one()
    yield "a transaction", "surveyor", lambda db, _: nothing(db)
    yield "who asks", "surveyor", lambda db, _: find_principal(db, key=None, local=True)
    yield "a code, whole", "planner", lambda db, who: resolve_names(db, [code], principal=who)
    yield (
        "a tile of buildings",
        "planner",
        lambda db, who: cut_building_tile(db, z=15, x=27_953, y=11_900, principal=who),
    )
    yield "jobs", "surveyor", lambda db, who: list_jobs(db, principal=who)
    yield "jobs", "planner", lambda db, who: list_jobs(db, principal=who)
    yield "reviews", "surveyor", lambda db, who: find_reviews(db, principal=who)


def compare(home: Path, name: str, sides: dict[str, Any], work: Callable[..., Any], times: int) -> None:
    """Print what work costs on either side, done in turns of up to fifty."""
    spent = dict.fromkeys(sides, 0.0)
    for start in range(0, times, 50):
        # who comes first has the caches cold
        for side in sorted(sides, reverse=bool(start // 50 % 2)):
            database, who = sides[side]
            with mock.patch.object(
                store_database, "raise_wall", store_database.raise_wall if side == "walled" else silent
            ):
                began = time.process_time() + server_cpu_s(home / "pg")
                for _ in range(min(50, times - start)):
                    work(database, who)
                spent[side] += time.process_time() + server_cpu_s(home / "pg") - began
    shown = [f"{each / times * 1000:>19,.2f} ms" for each in spent.values()]
    print(f"{name:<40}{''.join(shown)}{spent['walled'] / spent['open']:>8.3f}", flush=True)


def silent(*_given: Any, **_named: Any) -> None:
    """Say nothing of whose a transaction is."""


def nothing(database: Database) -> None:
    with transaction(database) as connection:
        connection.execute(text("select 1"))


def upload(home: Path, database: Database, who: dict[str, Principal], path: Path) -> None:
    by = who["surveyor"]
    options = DeliveryOptions(mode="good")
    upload_file(seen_by(database, lambda: by), path, principal=by, documents=home / "documents", options=options)


def as_whom(database: Database) -> dict[str, Principal]:
    """Return a surveyor and a planner, of fifty offices that are there."""
    for number in range(48):
        issue_key(database, office=f"o{number}", name=f"office {number}", role="surveyor", label="x")
    keys = {
        role: issue_key(database, office=role, name=role, role=role, label=role) for role in ("surveyor", "planner")
    }
    return {role: find_principal(database, key=key, local=False) for role, key in keys.items()}


@contextmanager
def opened(home: Path, name: str) -> Iterator[Database]:
    address = start_cluster(home / "pg")
    create_database(address.database(name))
    owned = connect(address.database(name))
    migrate(owned, service=SERVICE)
    owned.dispose()
    database = connect(address.database(name, role=SERVICE))
    yield as_system(database)
    database.dispose()


def take_down(home: Path) -> None:
    """Take down the policies of the open database."""
    owned = connect(start_cluster(home / "pg").database("open"))
    with transaction(owned) as connection:
        for table in connection.execute(text("select polrelid::regclass::text from pg_policy")).scalars().all():
            connection.execute(text(f"alter table {table} disable row level security"))
    owned.dispose()


if __name__ == "__main__":
    main()
