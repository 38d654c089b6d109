"""Migrations: they make the tables that the code knows, whoever runs them, however often."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.ledger.checking import Stored, check_log
from registry.ledger.events import read_event
from registry.ledger.vouching import VOUCHERS, Vouching
from store import database as store_database
from store.cluster import SERVICE, create_database
from store.database import connect, migrate, migration_drift, transaction
from store.descriptions import all_rows, fields
from store.ledger import events_from, nodes_in_order, wrong_columns
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


def test_a_table_that_no_migration_made_is_drift(owner_connection):
    owner_connection.execute(text("alter table event drop column previous_hash"))
    assert len(migration_drift(owner_connection)) == 1


def test_tables_of_postgis_are_no_drift_and_are_left_alone(connection):
    assert connection.execute(text("select count(*) from spatial_ref_sys where srid = 4490")).scalar_one() == 1
    assert "spatial_ref_sys" not in metadata.tables


def test_migrating_again_changes_nothing(database, as_owner):
    with transaction(database) as connection:
        before = objects(connection)
    migrate(as_owner(database), service=SERVICE)
    with transaction(database) as connection:
        assert objects(connection) == before


def test_whoever_works_in_a_database_of_the_newest_migration_need_not_own_it(database):
    migrate(database)


def test_processes_and_threads_may_migrate_at_once(bare_database):
    with ThreadPoolExecutor() as pool:
        runs = [migrate_in_another_process, migrate_in_another_process, migrate_here, migrate_here]
        list(pool.map(lambda run: run(bare_database), runs))
    engine = connect(bare_database)
    with transaction(engine) as connection:
        assert migration_drift(connection) == []
        assert connection.execute(text("select version_num from alembic_version")).scalars().all() == [newest()]
    engine.dispose()


BEFORE = """
    insert into office (code, name_zh, name_en) values ('survey', '测绘院', 'Survey office');
    insert into document (office_id, sha256, name, size_bytes) select id, repeat('0', 64), 'a.zip', 1 from office;
    insert into upload (office_id, document_id, options, actor, report) select office_id, id, '{}', 'test', '{}' from document;
    insert into building (office_id, code) select id, unnest(array['4E7U5CKJ2WF0J', '4E7U5CMEPQC1A']) from office;
    insert into footprint (building_id, office_id, upload_id, version, stage, name, fingerprint, h3, area_m2, plane,
                           plane_area_m2, perimeter_m, attributes, geom, replaced_at)
        select b.id, b.office_id, u.id, version, 'design', '甲', b.code || version, '8f', 1.5, 'EPSG:4551', 1.25, 4.0,
               '{"业主": "张三", "id": 12345678901234567890}',
               ST_Multi(ST_MakeEnvelope(n, 43, n + 0.0001, 43.0001, 4490)),
               case when version = 1 then now() end
        from (select *, 126 + row_number() over (order by code) as n from building) b, upload u, (values (1), (2)) v (version);
    insert into alias (building_id, office_id, scheme, value, source) select id, office_id, 'zrzh', '3', 'a.zip' from building;
    insert into event (building_id, office_id, kind, actor, body, occurred_at, recorded_at)
        select b.id, b.office_id, e.kind, 'test', body::jsonb, timestamptz '2026-01-01 08:00+08', timestamptz '2026-01-02' + n * interval '1 day'
        from building b, (values
            (0, 'registered', '{"version": 1, "stage": "design"}'),
            (1, 'alias_added', '{"scheme": "zrzh", "value": "3"}'),
            (2, 'revised', '{"version": 2, "stage": "design"}')) as e (n, kind, body)
        order by n, b.code
"""


@pytest.fixture
def bare_engine(bare_database):
    engine = connect(bare_database)
    yield engine
    engine.dispose()


def test_events_of_before_are_carried_over_into_the_chain_in_their_order(bare_engine):
    told = text("select kind, building_id, occurred_at, recorded_at from event order by seq")
    migrate(bare_engine, to="0002")
    with transaction(bare_engine) as connection:
        connection.connection.cursor().execute(BEFORE)
        before = connection.execute(told).all()
    migrate(bare_engine)
    with transaction(bare_engine) as connection:
        assert connection.execute(told).all() == before
        log = [Stored(row.seq, row.canonical.encode(), bytes(row.leaf_hash)) for row in events_from(connection, 0)]
        checked = check_log(log, nodes=nodes_in_order(connection))
        assert (checked.size, checked.findings) == (6, [])
        assert wrong_columns(connection) == {}
        assert migration_drift(connection) == []
        assert "张三" not in str(log)


def test_events_of_before_say_all_that_their_rows_say(bare_engine):
    migrate(bare_engine, to="0002")
    with transaction(bare_engine) as connection:
        connection.connection.cursor().execute(BEFORE)
    migrate(bare_engine)
    with transaction(bare_engine) as connection:
        vouching = Vouching({table: fields(table) for table in VOUCHERS})
        for row in events_from(connection, 0):
            vouching.read(row.seq, read_event(row.canonical))
        for table in ("building", "footprint", "alias"):
            wrong = vouching.compare(table, all_rows(connection, table), lambda seqs: {})
            # the rows were recorded today, the events say when they were
            assert {found.fault.kind for found in wrong} <= {"row_time", "row_closed_then"}
