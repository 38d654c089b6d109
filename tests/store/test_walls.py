"""The wall between offices: what a statement sees that does not say whose rows it is about."""

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError

from store.cluster import SERVICE
from store.database import OpenLine, connect, transaction
from store.ledger import append_events
from store.schema import metadata
from store.walls import as_seen, as_system, seeing_all
from tests.store.conftest import Desk, open_desk

# one row of each table behind the wall, of an office whose upload and document are there
ROWS = """
    insert into upload_account (upload_id, office_id, told) select :upload, :office, '{}';
    insert into api_key (office_id, role, label, key_sha256) select :office, 'surveyor', 'x', 'key ' || :office;
    insert into member (office_id, issuer, subject, role, label) select :office, 'i', 's' || :office, 'planner', 'x';
    insert into audit (office_id, route, outcome) select :office, '/x', 'hidden';
    insert into idempotency (office_id, key, request_sha256, answer) select :office, 'a', 'b', '{}';
    insert into layer_mapping (office_id, name, version, layer, content, actor) select :office, 'm', 1, 'GH2201', '{}', 'x';
    with j as (
        insert into job (office_id, kind, actor, role, request) select :office, 'upload', 'x', 'surveyor', '{}' returning id
    )
    insert into job_event (job_id, number, office_id, state, told) select id, 1, :office, 'waiting', '{}' from j;
    with s as (
        insert into subscription (office_id, label, url, secret) select :office, 'x', 'https://example.org', 's' returning id
    )
    insert into outbox (subscription_id, seq, subject) select id, 7, 'building/x' from s;
    with p as (insert into project (office_id, name) select :office, '一期' returning id)
    insert into attachment (document_id, office_id, project_id, kind, title, media_type, actor)
        select :document, :office, id, 'contract', 'x', 'application/pdf', 'x' from p;
    with b as (insert into building (office_id, code) select :office, :code returning id),
    r as (
        insert into review (office_id, upload_id, actor, relation, confidence, evidence)
        select :office, :upload, 'x', 'split', 0.5, '{}' returning id
    ), d as (
        insert into review_decision (review_id, office_id, decision, answer, actor) select id, :office, 'rejected', '{}', 'x' from r
    ), k as (insert into review_building (review_id, building_id, office_id) select r.id, b.id, :office from r, b)
    insert into review_row (review_id, row_number, office_id, drawn, attributes, geom)
        select id, 0, :office, 'x', '{}', ST_GeomFromText('MULTIPOLYGON (((126 43, 127 43, 127 44, 126 43)))', 4490) from r;
"""
# why an office's rows stand in the open: the first wall, in workflows/rights.py, is the only one before them
BY_COPY = "its rows come by COPY, which PostgreSQL refuses under a policy"
OF_BUILDINGS = "belongs to a building whoever entered it; a split, a package, a stage is judged by all of it"
OF_THE_CITY = "the blueprint is one sheet, of whichever office its parts came"
OPEN = {
    "building": f"{BY_COPY}; one code, one building: every delivery and every name is compared with all",
    "footprint": f"{BY_COPY}; no GiST index answers under one; no two may stand on the same ground, whosever",
    "alias": "a name is looked up whoever gave it, and the answer redacted",
    "event": f"{BY_COPY}; one log, whose proofs need all of it",
    "stage_entry": f"{BY_COPY}; {OF_BUILDINGS}",
    "upload_row": f"{BY_COPY}; read by the upload alone, which is behind the wall",
    "closure": OF_BUILDINGS,
    "lineage": OF_BUILDINGS,
    "stage_withdrawal": OF_BUILDINGS,
    "unit": OF_BUILDINGS,
    "project": OF_BUILDINGS,
    "project_building": OF_BUILDINGS,
    "imported": "what was taken over once is not taken over again, by whichever office",
    "edition": OF_THE_CITY,
    "feature": f"{BY_COPY}; {OF_THE_CITY}",
    "run": OF_THE_CITY,
    "coordination_case": OF_THE_CITY,
    "case_entry": OF_THE_CITY,
}


def walled(connection):
    return set(connection.execute(text("select cast(polrelid::regclass as text) from pg_policy")).scalars())


@pytest.fixture(scope="module")
def offices(new_database):
    """Return a database in which two offices have a row in every table behind the wall, and their numbers."""
    database = new_database()
    numbers = {}
    with transaction(database) as connection:
        for name, code in (("ours", "4E7U5CMEPQC1A"), ("theirs", "4E7U5CMEPQC2A")):
            desk = open_desk(connection, office=name)
            values = {"office": desk.office_id, "document": desk.document_id, "upload": desk.upload_id, "code": code}
            for statement in ROWS.split(";\n")[:-1]:
                used = {key: value for key, value in values.items() if f":{key}" in statement}
                connection.execute(text(statement), used)
            numbers[name] = desk.office_id
    return database, numbers


@pytest.fixture
def ours(offices):
    """Return a transaction as the first office sees it, undone at the end."""
    database, numbers = offices
    with transaction(as_seen(database, lambda: frozenset({numbers["ours"]}))) as connection:
        yield connection
        connection.rollback()


def whose(connection, table, numbers):
    """Return whose rows a statement without a condition returns."""
    rows = connection.execute(select(metadata.tables[table])).mappings().all()
    names = {number: name for name, number in numbers.items()}
    if table == "outbox":
        with seeing_all(connection):
            known = dict(connection.execute(text("select cast(id as text), office_id from subscription")).all())
        return {names[known[row["subscription_id"]]] for row in rows}
    return {names[row["office_id"]] for row in rows}


TABLES = sorted({table.name for table in metadata.sorted_tables if "office_id" in table.c} - OPEN.keys() | {"outbox"})


def test_every_table_of_offices_is_behind_the_wall_or_in_the_open_for_a_reason(offices):
    with transaction(offices[0]) as connection:
        assert walled(connection) == set(TABLES)
        forced = connection.execute(text("select relname from pg_class where relrowsecurity and relforcerowsecurity"))
        assert set(forced.scalars()) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
class TestATable:
    def test_shows_one_office_none_of_anothers_rows(self, ours, offices, table):
        assert whose(ours, table, offices[1]) == {"ours"}

    def test_shows_nothing_to_who_does_not_say_what_is_seen(self, offices, table):
        database = connect(offices[0].url)
        with transaction(database) as connection:
            assert whose(connection, table, offices[1]) == set()
        database.dispose()

    def test_shows_nothing_to_the_public_and_all_to_the_system(self, offices, table):
        database, numbers = offices
        with transaction(as_seen(database, frozenset)) as connection:
            assert whose(connection, table, numbers) == set()
        with transaction(as_system(database)) as connection:
            assert whose(connection, table, numbers) == {"ours", "theirs"}

    def test_takes_no_row_of_another_office(self, ours, offices, table):
        target = metadata.tables[table]
        columns = [column for column in target.c if column.identity is None]
        with seeing_all(ours):
            rows = ours.execute(select(*columns)).mappings().all()
        seen = ours.execute(select(*columns)).mappings().all()
        (theirs,) = [row for row in rows if row not in seen]
        with pytest.raises(ProgrammingError, match="row-level security"):
            ours.execute(insert(target).values(dict(theirs)))

    def test_lets_nobody_close_or_change_a_row_of_another_office(self, ours, table):
        changing = {
            "api_key": "revoked_at",
            "member": "revoked_at",
            "subscription": "ended_at",
            "attachment": "withdrawn_at",
            "outbox": "due_at",
        }
        if table in changing:
            changed = ours.execute(text(f"update {table} set {changing[table]} = now()"))
            assert changed.rowcount == 1
        else:
            with pytest.raises(ProgrammingError, match="permission denied"):
                ours.execute(text(f"delete from {table}"))


def test_what_another_office_attached_to_ones_own_project_is_seen_with_its_name(offices):
    database, numbers = offices
    with transaction(as_seen(database, lambda: frozenset({numbers["ours"]}))) as connection:
        seen = text(
            "select a.title, d.office_id from attachment a join document d on d.id = a.document_id order by a.title"
        )
        assert connection.execute(seen).scalars().all() == ["x"]
        with seeing_all(connection):
            connection.execute(
                text("""
                    insert into attachment (document_id, office_id, project_id, kind, title, media_type, actor)
                    select d.id, d.office_id, p.id, 'survey_report', 'for you', 'application/pdf', 'x'
                    from document d, project p where d.office_id = :theirs and p.office_id = :ours
                """),
                numbers,
            )
        assert connection.execute(seen).all() == [("for you", numbers["theirs"]), ("x", numbers["ours"])]
        connection.rollback()


def test_the_wall_stands_before_the_owner_of_the_tables_too(offices, as_owner):
    database, numbers = offices
    with transaction(as_owner(database)) as connection:
        # an ordinary role, as that of a server of somebody else's
        connection.execute(text("create role plain"))
        connection.execute(text("grant usage, create on schema public to plain"))
        connection.execute(text("alter table upload owner to plain"))
        connection.execute(text("set local role plain"))
        seen = "select array_agg(office_id) from upload"
        assert connection.execute(text(seen)).scalar_one() == [numbers["ours"], numbers["theirs"]]
        connection.execute(text(f"set local luotu.offices = '{numbers['theirs']}'"))
        assert connection.execute(text(seen)).scalar_one() == [numbers["theirs"]]
        connection.execute(text("set local luotu.offices = ''"))
        assert connection.execute(text(seen)).scalar_one() is None
        connection.rollback()


def test_a_connection_goes_back_to_the_pool_without_whose_it_was(offices):
    database = connect(offices[0].url, pool_size=1)
    asked = text("select pg_backend_pid(), current_setting('luotu.offices', true)")
    with transaction(as_seen(database, lambda: frozenset({7}))) as connection:
        before = connection.execute(asked).one()
    with transaction(database) as connection:
        after = connection.execute(asked).one()
    assert before[0] == after[0]
    assert (before[1], after[1]) == ("7", "")
    line = OpenLine(as_system(database))
    with line.opened() as connection:
        lasting = connection.execute(asked).one()
    line.close()
    with transaction(database) as connection:
        assert lasting[1] == "all"
        assert connection.execute(asked).one()[0] != lasting[0]
    database.dispose()


def test_who_asks_is_asked_anew_for_each_transaction(offices):
    database, numbers = offices
    seen = [frozenset({numbers["ours"]}), frozenset({numbers["theirs"]})]
    wall = as_seen(database, lambda: seen.pop(0))
    for name in ("ours", "theirs"):
        with transaction(wall) as connection:
            assert whose(connection, "upload", numbers) == {name}


def test_seeing_all_ends_with_what_it_was_for_whether_it_ends_well_or_not(ours, offices):
    numbers = offices[1]
    with seeing_all(ours):
        assert whose(ours, "job", numbers) == {"ours", "theirs"}
    assert whose(ours, "job", numbers) == {"ours"}
    with pytest.raises(LookupError), seeing_all(ours):
        raise LookupError
    assert whose(ours, "job", numbers) == {"ours"}
    with pytest.raises(ProgrammingError), ours.begin_nested(), seeing_all(ours):
        ours.execute(text("select nothing"))
    assert whose(ours, "job", numbers) == {"ours"}


def test_an_event_is_owed_to_every_subscriber_whoever_brings_it(offices):
    database, numbers = offices
    with transaction(as_seen(database, lambda: frozenset({numbers["ours"]}))) as connection:
        append_events(connection, [Desk(numbers["ours"], 0, "").new_event(None, kind="office_changed")])
        with seeing_all(connection):
            owed = "select count(*) from outbox join event using (seq)"
            assert connection.execute(text(owed)).scalar_one() == 2
        connection.rollback()


def test_the_service_is_neither_owner_nor_above_the_wall(offices):
    with transaction(offices[0]) as connection:
        asked = text("select rolsuper or rolbypassrls from pg_roles where rolname = :role")
        assert connection.execute(asked, {"role": SERVICE}).scalar_one() is False
        assert connection.execute(text("select current_user")).scalar_one() == SERVICE
