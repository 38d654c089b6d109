"""Which program may work in which database, and what it says where it may not."""

import pytest
from sqlalchemy import text

from store import upgrading
from store.cluster import create_database
from store.database import connect, migrate, transaction
from store.errors import OtherSchemaError
from store.upgrading import known_migration, migration_of, pending_migrations, refuse_other_schema


@pytest.fixture
def engine(cluster):
    """Return a database that nobody has migrated, with PostGIS, for its owner."""
    url = cluster.database("upgraded")
    create_database(url)
    engine = connect(url)
    yield engine
    with transaction(engine) as connection:
        connection.execute(text("drop schema public cascade; create schema public; create extension postgis"))
        connection.execute(text("create extension btree_gist"))
    engine.dispose()


def test_a_database_that_lacks_migrations_names_them_in_order_and_is_refused_until_they_are_run(engine):
    migrate(engine, to="0008")
    with transaction(engine) as connection:
        lacking = pending_migrations(connection)
        assert lacking[0].name == "0009"
        assert lacking[-1].name == known_migration()
        assert all(each.brings.endswith(".") for each in lacking)
        with pytest.raises(OtherSchemaError, match="is at migration 0008, and this program") as refused:
            refuse_other_schema(connection)
        assert "luotu db upgrade" in refused.value.text.zh
    migrate(engine)
    with transaction(engine) as connection:
        assert pending_migrations(connection) == []
        refuse_other_schema(connection)


def test_a_bare_database_lacks_every_migration(engine):
    with transaction(engine) as connection:
        assert migration_of(connection) == ""
        assert pending_migrations(connection)[0].name == "0001"
        with pytest.raises(OtherSchemaError, match="at migration none"):
            refuse_other_schema(connection)


@pytest.mark.parametrize(("serves_from", "may_work"), [("9999", False), ("0001", True), (None, False)])
def test_a_database_of_a_newer_program_lets_an_older_one_work_only_where_it_says_so(
    database, as_owner, serves_from, may_work
):
    owned = as_owner(database)
    with transaction(owned) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
        said = "null" if serves_from is None else f"'{serves_from}'"
        connection.execute(text(f"comment on table alembic_version is {said}"))
    with transaction(database) as connection:
        if may_work:
            refuse_other_schema(connection)
        else:
            with pytest.raises(OtherSchemaError, match=r"made by a newer program.*Install the newer one"):
                refuse_other_schema(connection)
    if may_work:
        migrate(owned)
    else:
        with pytest.raises(OtherSchemaError):
            migrate(owned)
    with transaction(owned) as connection:
        assert migration_of(connection) == "9999"


def test_the_newest_migration_says_from_which_on_programs_may_work(database, as_owner, monkeypatch):
    scripts = upgrading._scripts()
    monkeypatch.setattr(scripts[-1].module, "serves_from", scripts[-2].revision, raising=False)
    monkeypatch.setattr(upgrading, "_scripts", lambda: scripts)
    with transaction(as_owner(database)) as connection:
        upgrading.tell_oldest(connection)
        monkeypatch.setattr(upgrading, "known_migration", lambda: scripts[-2].revision)
        refuse_other_schema(connection)
        monkeypatch.setattr(upgrading, "known_migration", lambda: scripts[-3].revision)
        with pytest.raises(OtherSchemaError):
            refuse_other_schema(connection)
