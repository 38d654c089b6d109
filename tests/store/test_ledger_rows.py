"""Events in the database: appended in one line by however many writers, refused to whoever would change them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import store.ledger
from registry.errors import EventError
from registry.ledger.checking import Stored, check_log
from registry.ledger.events import read_event
from registry.ledger.tree import Frontier
from store.database import transaction
from store.errors import DatabaseError
from store.ledger import (
    append_events,
    events_from,
    ledger_frontier,
    ledger_size,
    newest_event,
    nodes_in_order,
    wrong_columns,
)
from store.rights import grant_rights
from store.rows import copy_columns
from store.schema import metadata
from tests.store.conftest import open_desk

INSUFFICIENT_PRIVILEGE = "42501"


def stored(connection):
    return [Stored(row.seq, row.canonical.encode(), bytes(row.leaf_hash)) for row in events_from(connection, 0)]


def checked(connection):
    return check_log(stored(connection), nodes=nodes_in_order(connection))


def test_events_are_numbered_from_nought_without_a_gap(connection, desk):
    assert not append_events(connection, [])
    assert [*append_events(connection, [desk.new_event()])] == [0]
    assert [*append_events(connection, [desk.new_event() for _ in range(5)])] == [1, 2, 3, 4, 5]
    assert ledger_size(connection) == 6


def test_an_event_is_read_off_its_canonical_text(connection, desk):
    append_events(connection, [desk.new_event(kind="closed", reason="demolished")])
    row = connection.execute(text("select * from event")).one()
    said = read_event(row.canonical)
    assert (row.kind, row.subject, row.actor) == (said["kind"], said["subject"], said["actor"])
    assert (said["office"], row.building_id, said["body"]) == ("survey", None, {"reason": "demolished"})
    assert datetime.fromisoformat(said["recorded_at"]) == row.recorded_at
    assert wrong_columns(connection) == {}


@pytest.mark.parametrize("batches", [[1] * 9, [9], [3, 1, 5], [2, 7]])
def test_the_tree_grows_alike_in_whatever_batches(connection, desk, batches):
    whole = Frontier()
    for count in batches:
        append_events(connection, [desk.new_event() for _ in range(count)])
        for event in stored(connection)[whole.size :]:
            list(whole.append(event.leaf_hash))
        assert ledger_frontier(connection, whole.size).root() == whole.root()
    found = checked(connection)
    assert (found.size, found.root, found.findings) == (9, whole.root(), [])
    assert ledger_frontier(connection, 0) == Frontier()


def test_events_are_read_once_as_they_are_stored(connection, desk, monkeypatch):
    monkeypatch.setattr(store.ledger, "_AT_ONCE", 3)
    waiting = []

    def told():
        for number in range(10):
            waiting.append(number)
            yield desk.new_event(number=number)

    assert append_events(connection, told()) == range(10)
    assert waiting == list(range(10))
    found = checked(connection)
    assert (found.size, found.findings) == (10, [])


def test_recorded_times_never_run_backwards(connection, desk):
    later = datetime.now(UTC) + timedelta(hours=1)
    append_events(connection, [desk.new_event()], recorded_at=later)
    append_events(connection, [desk.new_event()])
    append_events(connection, [desk.new_event()], recorded_at=later - timedelta(days=1))
    times = connection.execute(text("select recorded_at from event order by seq")).scalars().all()
    assert times == [later] * 3


def test_an_event_that_cannot_be_taken_leaves_the_ledger_as_it_was(connection, desk):
    append_events(connection, [desk.new_event()])
    with pytest.raises(EventError):
        append_events(connection, [desk.new_event(), desk.new_event(kind="no such kind")])
    assert ledger_size(connection) == 1


def test_the_newest_event_of_a_subject_is_known(connection, desk):
    append_events(connection, [desk.new_event(), desk.new_event()])
    assert newest_event(connection, "building/4E7U5CKJ2WF0J") == 1
    with pytest.raises(LookupError):
        newest_event(connection, "building/0000000000000")


def test_many_writers_at_once_make_one_chain(database, office_desk):
    def write(writer):
        for batch in range(4):
            with transaction(database) as connection:
                append_events(connection, [office_desk.new_event(writer=writer, batch=batch) for _ in range(3)])

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, range(20)))
    with transaction(database) as connection:
        found = checked(connection)
        assert (found.size, found.findings) == (240, [])
        assert wrong_columns(connection) == {}


def test_a_transaction_that_is_undone_leaves_no_gap(database, office_desk):
    def fail():
        with transaction(database) as connection:
            append_events(connection, [office_desk.new_event()] * 3)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with transaction(database) as connection:
        assert [*append_events(connection, [office_desk.new_event()])] == [0]


def test_a_connection_that_is_lost_while_rows_are_copied_is_told_as_such(database, as_owner):
    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"

    def levels():
        with as_owner(database).connect() as other:
            other.execute(text(f"{others} and pid <> pg_backend_pid()"))
        yield from [1] * 100_000

    def run():
        with transaction(database) as connection:
            nodes = {"level": levels(), "position": range(100_000), "hash": [bytes(32)] * 100_000}
            copy_columns(connection, metadata.tables["ledger_node"], nodes)

    with pytest.raises(DatabaseError, match="Nothing of it is stored"):
        run()
    with transaction(database) as connection:
        assert list(nodes_in_order(connection)) == []


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("seq = seq + 2", "event_seq"),
        ("leaf_hash = sha256(leaf_hash)", "event_leaf"),
        ("canonical = replace(canonical, 'test', 'rest')", "event_leaf"),
    ],
)
def test_an_event_that_is_not_what_its_hash_says_is_refused(owner_connection, desk_of_owner, change, constraint):
    append_events(owner_connection, [desk_of_owner.new_event()])
    owner_connection.execute(text("alter table event disable trigger all"))
    with pytest.raises(DBAPIError, match=constraint):
        owner_connection.execute(text(f"update event set {change}"))


@pytest.fixture
def desk_of_owner(owner_connection):
    return open_desk(owner_connection)


INSERT = """
    insert into event (seq, office_id, kind, subject, actor, previous_hash, occurred_at, recorded_at, canonical, leaf_hash)
    select {seq}, id, 'k', 's', 'a', decode(said::json ->> 'previous', 'hex'), now(), now(), said,
           sha256('\\x00'::bytea || convert_to(said, 'UTF8'))
    from office, (values ('{{"actor":"a","body":{{}},"kind":"k","previous":{previous},"seq":{seq},"subject":"s"}}')) as v (said)
"""


@pytest.mark.parametrize(
    ("seq", "previous"), [(1, '"00"'), (1, "null"), (5, '"00"'), (2, "null")], ids=["wrong", "none", "gap", "far"]
)
def test_an_event_that_does_not_follow_the_last_one_is_refused(connection, desk, seq, previous):
    append_events(connection, [desk.new_event()])
    with pytest.raises(DBAPIError, match="event_follows"):
        connection.execute(text(INSERT.format(seq=seq, previous=previous).replace(":", "\\:").replace("\\:\\:", "::")))


@pytest.mark.parametrize("column", ["'k'", "'s'", "'a'"], ids=["kind", "subject", "actor"])
def test_an_event_whose_columns_say_something_else_is_refused(connection, desk, column):
    row = INSERT.replace(column, "'x'", 1).format(seq=0, previous="null")
    with pytest.raises(DBAPIError, match="does not say what its columns do"):
        connection.execute(text(row.replace('":', '"\\:')))


def test_the_first_event_follows_none(connection, desk):
    with pytest.raises(DBAPIError, match="event_follows"):
        connection.execute(text(INSERT.format(seq=0, previous='"00"').replace('":', '"\\:')))


FORBIDDEN = [
    "update event set occurred_at = now()",
    "update event set canonical = ''",
    "delete from event",
    "truncate event",
    "truncate event cascade",
    "drop trigger refuse_change on event",
    "drop trigger event_follows on event",
    "alter table event disable trigger all",
    "alter table event disable trigger refuse_change",
    "alter table event drop constraint event_leaf",
    "alter table event owner to luotu_service",
    "create trigger mine before insert on event for each row execute function refuse_change()",
    "create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'",
    "create rule mine as on insert to event do instead nothing",
    "set session_replication_role = replica",
    "set role luotu",
    "drop table event cascade",
    "alter table event rename to gone",
    "update ledger_node set hash = sha256(hash)",
    "delete from ledger_node",
    "update checkpoint set note = ''",
    "delete from checkpoint",
    "create table mine (id integer)",
    "update building set code = code",
    "update footprint set geom = geom",
    "delete from outbox",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_services_role_may_not_touch_what_happened(connection, desk, statement):
    append_events(connection, [desk.new_event()] * 2)
    with pytest.raises(DBAPIError) as caught:
        connection.execute(text(statement))
    assert caught.value.orig.sqlstate == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_services_role_adds_and_closes_and_nothing_else(connection, table):
    granted = """
        select privilege_type, null as column_name from information_schema.role_table_grants
        where grantee = current_user and table_name = :table
        union all
        select privilege_type, column_name from information_schema.role_column_grants
        where grantee = current_user and table_name = :table and privilege_type = 'UPDATE'
    """
    rights = {tuple(row) for row in connection.execute(text(granted), {"table": table})}
    whole = {right for right, column in rights if column is None}
    assert whole == {"SELECT", "INSERT"}
    closing = {column for right, column in rights if column is not None}
    if table not in {"office", "outbox"}:
        assert closing <= {"replaced_at", "valid_to", "revoked_at", "withdrawn_at", "ended_at"}


def test_rights_that_somebody_gave_are_taken_back(owner_connection):
    owner_connection.execute(text("grant all on event to luotu_service"))
    grant_rights(owner_connection, "luotu_service")
    owner_connection.execute(text("set local role luotu_service"))
    with pytest.raises(DBAPIError, match="permission denied"):
        owner_connection.execute(text("delete from event"))
