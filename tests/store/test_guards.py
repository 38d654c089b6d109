"""History cannot be changed quietly: the database refuses, whoever writes."""

import pytest
import shapely
from geoalchemy2 import Geometry
from sqlalchemy import Date, DateTime, Double, Integer, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import DBAPIError

from store.buildings import add_aliases
from store.editions import add_edition
from store.offices import add_key
from store.schema import metadata
from store.uploads import add_upload_rows

# an office may get another name; nothing else may change
GUARDED = sorted(set(metadata.tables) - {"office"})
NOT_IN_PREREQUISITE_STATE = "55000"
CHANGES = {
    Text: "coalesce({}, '') || 'x'",
    Integer: "{} + 1",
    Double: "{} + 1e-9",
    Date: "{} + 1",
    DateTime: "{} + interval '1 microsecond'",
    UUID: "gen_random_uuid()",
    JSONB: """{} || '{{"a": 1}}'""",
    Geometry: "ST_Translate({}, 1e-13, 0)",
}
CLOSED_ONCE = {"footprint": "replaced_at", "alias": "valid_to", "api_key": "revoked_at"}


@pytest.fixture
def history(connection, desk, on_ground, house_codes, plan_edition, plan_features):
    """Write a row into every table and return the connection."""
    (building,) = desk.add(connection, on_ground(shapely.box(0, 0, 20, 10)), house_codes(1)).values()
    desk.add_event(connection, building)
    names = {"building_id": building, "office_id": desk.office_id}
    add_aliases(connection, [{**names, "scheme": "zrzh", "value": "3", "source": "a.zip"}])
    add_key(connection, office_id=desk.office_id, role="surveyor", label="field laptop")
    row = {**names, "upload_id": desk.upload_id, "row_number": 0, "source_id": None, "name": None, "outcome": "new"}
    add_upload_rows(connection, [{**row, "area_m2": 1.0, "fault": None}])
    add_edition(connection, {**plan_edition, "office_id": desk.office_id}, plan_features([shapely.Point(126, 43)]))
    return connection


def is_refused(connection, statement, **values):
    """Tell whether the database refuses a statement; what was written before stands."""
    try:
        with connection.begin_nested():
            assert connection.execute(text(statement), values).rowcount
    except DBAPIError as error:
        if error.orig.sqlstate != NOT_IN_PREREQUISITE_STATE:
            raise
        return True
    return False


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize(
    "statement", ["update {} set office_id = office_id", "delete from {}", "truncate {} cascade"], ids=lambda s: s[:6]
)
def test_no_row_is_changed_deleted_or_swept_away(history, table, statement):
    assert is_refused(history, statement.format(table))


def test_every_table_is_filled_by_these_tests(history):
    counts = {table: history.execute(text(f"select count(*) from {table}")).scalar_one() for table in metadata.tables}
    assert min(counts.values()) == 1, counts


@pytest.mark.parametrize(("table", "column"), CLOSED_ONCE.items())
def test_a_row_is_closed_once(history, table, column):
    assert not is_refused(history, f"update {table} set {column} = now()")
    assert is_refused(history, f"update {table} set {column} = now() + interval '1 day'")
    assert is_refused(history, f"update {table} set {column} = null")


@pytest.mark.parametrize(("table", "column"), CLOSED_ONCE.items())
def test_closing_a_row_changes_nothing_else(history, table, column):
    for other in metadata.tables[table].columns:
        change = CHANGES.get(type(other.type))
        if change and other.name not in {column, "id"}:
            changed = f"{other.name} = {change.format(other.name)}"
            assert is_refused(history, f"update {table} set {column} = now(), {changed}"), changed


def test_a_row_cannot_choose_its_number(history):
    with pytest.raises(DBAPIError, match="GENERATED ALWAYS"):
        history.execute(insert(metadata.tables["event"]).values(seq=1))


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("insert into building (office_id, code) select id, '4E7U5CKJ2WF0I' from office", "building_code_check"),
        ("insert into building (office_id, code) select id, '4e7u5ckj2wf0j' from office", "building_code_check"),
        ("insert into building (office_id, code) select office_id, code from building", "building_code_key"),
        (
            "insert into document (office_id, sha256, name, size_bytes) select id, '../etc', 'x', 1 from office",
            "document_sha256_check",
        ),
        (
            "insert into api_key (office_id, role, label, key_sha256) select id, 'king', 'x', 'y' from office",
            "api_key_role_check",
        ),
    ],
)
def test_a_row_of_the_wrong_form_is_refused(history, statement, constraint):
    with pytest.raises(DBAPIError, match=constraint):
        history.execute(text(statement))
