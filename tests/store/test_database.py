"""The database: its transactions, and what is said when it cannot be reached."""

from pathlib import Path

import pytest
from sqlalchemy import text

import store
from store.database import connect, statement, transaction
from store.errors import DatabaseError
from store.offices import have_office


def show(connection, setting):
    return connection.execute(text(f"show {setting}")).scalar_one()


@pytest.fixture
def strict_database(database, as_owner):
    """Return a database whose administrator prefers another isolation and another time."""
    with as_owner(database).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.dialect.identifier_preparer.quote(database.url.database)
        for setting in (
            "default_transaction_isolation = 'repeatable read'",
            "timezone = 'Asia/Shanghai'",
            "statement_timeout = 0",
        ):
            connection.execute(text(f"alter database {name} set {setting}"))
    engine = connect(database.url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def test_every_transaction_is_as_the_register_needs_it_whatever_the_servers_defaults(strict_database):
    for _ in range(2):
        with transaction(strict_database) as connection:
            assert show(connection, "transaction_isolation") == "read committed"
            assert show(connection, "timezone") == "UTC"
            assert show(connection, "statement_timeout") == "1min"
            assert show(connection, "jit") == "off"


def test_what_a_transaction_wrote_is_kept_at_its_end(database):
    with transaction(database) as connection:
        have_office(connection, code="kept", name_zh="", name_en="")
    with transaction(database) as connection:
        assert connection.execute(text("select code from office")).scalars().all() == ["kept"]


def test_any_error_undoes_all_of_a_transaction(scratch):
    def fail():
        with transaction(scratch) as connection:
            have_office(connection, code="undone", name_zh="", name_en="")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with transaction(scratch) as connection:
        assert connection.execute(text("select count(*) from office where code = 'undone'")).scalar_one() == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://luotu:secret@/luotu?host=/nowhere",
        "postgresql+psycopg://luotu:secret@127.0.0.1:1/luotu",
    ],
    ids=["socket", "port"],
)
def test_a_server_that_is_away_is_named_with_what_to_do_and_without_its_password(url):
    with pytest.raises(DatabaseError, match="luotu db start") as caught, transaction(connect(url)):
        pass
    assert "luotu" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_is_missing_is_named(cluster):
    with (
        pytest.raises(DatabaseError, match='database "nowhere" does not exist'),
        transaction(connect(cluster.database("nowhere"))),
    ):
        pass


@pytest.mark.parametrize("name", sorted(path.stem for path in Path(store.__file__).parent.glob("sql/*.sql")))
def test_a_statement_begins_with_what_it_is_for(name):
    first, *rest = statement(name).text.splitlines()
    assert first.startswith("-- ")
    assert first.endswith((".", "?"))
    assert rest
