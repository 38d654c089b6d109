"""Migrations: they make the tables that the code knows, whoever runs them, however often."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from store import database as store_database
from store.cluster import create_database
from store.database import connect, migrate, migration_drift, transaction
from store.schema import metadata

MIGRATE = "import sys; from store.database import connect, migrate; migrate(connect(sys.argv[1]))"


@pytest.fixture
def bare_database(cluster, request):
    """Return a database with PostGIS and nothing of ours, as an address."""
    url = cluster.database(f"bare_{request.node.name}"[:60])
    create_database(url)
    return url


def objects(connection):
    """Return everything that migrations made, with what defines it."""
    rows = connection.execute(
        text("""
            select 'relation', relname::text, relkind::text, oid::text from pg_class
            where relnamespace = 'public'::regnamespace
            union all select 'function', proname::text, pg_get_functiondef(oid), oid::text from pg_proc
            where pronamespace = 'public'::regnamespace and prokind = 'f' and proname !~ '^_?(st|postgis|geo|gbt|pgis|box)'
            union all select 'trigger', tgname::text, pg_get_triggerdef(oid), oid::text from pg_trigger
            union all select 'constraint', conname::text, pg_get_constraintdef(oid), oid::text from pg_constraint
        """)
    )
    return {tuple(row) for row in rows}


def migrate_in_another_process(url):
    root = Path(store_database.__file__).parents[1]
    subprocess.run([sys.executable, "-c", MIGRATE, url], cwd=root, timeout=120, check=True)


def newest():
    return max(path.name[:4] for path in (Path(store_database.__file__).parent / "migrations/versions").glob("*.py"))


def migrate_here(url):
    engine = connect(url)
    migrate(engine)
    engine.dispose()


def test_the_tables_are_those_of_the_schema(connection):
    assert migration_drift(connection) == []


def test_a_table_that_no_migration_made_is_drift(connection):
    connection.execute(text("alter table event drop column kind"))
    assert len(migration_drift(connection)) == 1


def test_tables_of_postgis_are_no_drift_and_are_left_alone(connection):
    assert connection.execute(text("select count(*) from spatial_ref_sys where srid = 4490")).scalar_one() == 1
    assert "spatial_ref_sys" not in metadata.tables


def test_migrating_again_changes_nothing(database):
    with transaction(database) as connection:
        before = objects(connection)
    migrate(database)
    with transaction(database) as connection:
        assert objects(connection) == before


def test_processes_and_threads_may_migrate_at_once(bare_database):
    with ThreadPoolExecutor() as pool:
        runs = [migrate_in_another_process, migrate_in_another_process, migrate_here, migrate_here]
        list(pool.map(lambda run: run(bare_database), runs))
    engine = connect(bare_database)
    with transaction(engine) as connection:
        assert migration_drift(connection) == []
        assert connection.execute(text("select version_num from alembic_version")).scalars().all() == [newest()]
    engine.dispose()
