"""History cannot be changed quietly: the database refuses, whoever writes."""

from datetime import UTC, datetime

import pytest
import shapely
from geoalchemy2 import Geometry
from sqlalchemy import Boolean, Date, DateTime, Double, Integer, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import DBAPIError

from store.buildings import add_aliases
from store.editions import add_edition
from store.offices import add_key
from store.schema import metadata
from store.uploads import add_upload_rows

# an office may get another name, and an outbox is work in progress; nothing else may change
GUARDED = sorted(set(metadata.tables) - {"office", "outbox"})
NOT_IN_PREREQUISITE_STATE, FOREIGN_KEY_VIOLATION = "55000", "23503"
CHANGES = {
    Text: "coalesce({}, '') || 'x'",
    Boolean: "not {}",
    Integer: "coalesce({}, 0) + 1",
    Double: "coalesce({}, 1) + 1e-9",
    Date: "{} + 1",
    DateTime: "{} + interval '1 microsecond'",
    UUID: "gen_random_uuid()",
    JSONB: """{} || '{{"a": 1}}'""",
    Geometry: "ST_Translate(coalesce({}, geom), 1e-13, 0)",
}
CLOSED_ONCE = {
    "footprint": "replaced_at",
    "alias": "valid_to",
    "api_key": "revoked_at",
    "member": "revoked_at",
    "closure": "revoked_at",
    "lineage": "revoked_at",
    "stage_entry": "withdrawn_at",
    "project_building": "valid_to",
    "unit": "valid_to",
    "attachment": "withdrawn_at",
    "subscription": "ended_at",
}
# a row of each table that a building has after it is registered
LATER_ROWS = """
    insert into building (office_id, code) select :office, '4E7U5CMEPQC1A';
    insert into closure (building_id, office_id, reason, closed_on) select :building, :office, 'rebuilt', '2026-01-01';
    insert into lineage (predecessor_id, successor_id, office_id, relation)
        select :building, id, :office, 'rebuilt' from building where code = '4E7U5CMEPQC1A';
    insert into stage_entry (building_id, office_id, stage, occurred_on, actor)
        select :building, :office, 'design', '2026-01-01', 'test';
    insert into stage_withdrawal (stage_entry_id, office_id, actor, reason)
        select id, :office, 'test', 'another building''s' from stage_entry;
    insert into project (office_id, name) select :office, '一期';
    insert into project_building (project_id, building_id, office_id) select id, :building, :office from project;
    insert into unit (building_id, office_id, number, storey, area_m2, use) select :building, :office, '101', '1', 90, '住宅';
    insert into attachment (document_id, office_id, building_id, kind, title, media_type, actor)
        select id, :office, :building, 'survey_report', '竣工测量报告', 'application/pdf', 'test' from document;
    insert into review (upload_id, office_id, actor, relation, confidence, evidence)
        select id, :office, 'test', 'split', 0.5, '{}' from upload;
    insert into review_row (review_id, row_number, office_id, drawn, attributes, geom)
        select review.id, 0, :office, '4E7U5CMEPQC1A', '{}', footprint.geom from review, footprint;
    insert into review_building (review_id, building_id, office_id) select id, :building, :office from review;
    insert into review_decision (review_id, office_id, decision, answer, actor)
        select id, :office, 'rejected', '{}', 'test' from review;
    insert into imported (leaf_hash, office_id, origin_seq) select sha256('a'), :office, 0;
    insert into idempotency (office_id, key, request_sha256, answer) select :office, 'a', 'b', '{}';
    insert into subscription (office_id, label, url, secret) select :office, '登记中心', 'https://example.org', 's';
    insert into ledger_node (level, position, hash) select 1, 0, leaf_hash from event;
    insert into checkpoint (size, root, signed_at, key_id, note) select 1, leaf_hash, recorded_at, 'k', 'n' from event;
    insert into outbox (subscription_id, seq, subject) select id, 0, 'building/4E7U5CMEPQC1A' from subscription;
    insert into feature_end (edition_id, feature_id) select edition_id, id from feature;
    insert into rule_set (version, content) select repeat('0', 64), '{}';
    insert into run (office_id, kind, rule_set_version, as_of, known_at, actor, inputs, inputs_sha256, result, result_sha256)
        select :office, 'conflicts', version, '2026-01-01', now(), 'test', '{}', version, '{}', version from rule_set;
    insert into conflict (run_id, rule, severity, advisory, left_layer, left_id, right_layer, outcome, geom)
        select run.id, 'C03', 'prohibit', false, 'GH2103', feature.id, 'GH2201', 'fail', feature.geom from run, feature;
    insert into conflict_end (run_id, conflict_id) select run_id, id from conflict;
    insert into difference (run_id, class, area_m2, ellipsoid_area_m2, width_m, is_sliver, geom)
        select run_id, 'both', 1, 1, 1, false, geom from conflict;
    insert into coordination_case (office_id, subject, actor) select :office, 'conflict', 'test';
    insert into case_ground (case_id, run_id, conflict_id)
        select coordination_case.id, run_id, conflict.id from coordination_case, conflict;
    insert into case_entry (case_id, office_id, actor, role, field, value)
        select id, :office, 'test', 'planner', 'status', '"open"' from coordination_case;
    insert into upload_account (upload_id, office_id, told) select id, :office, '{}' from upload;
    insert into layer_mapping (office_id, name, version, layer, content, actor)
        select :office, '农田', 1, 'GH2201', '{}', 'test';
    insert into member (office_id, issuer, subject, role, label) select :office, 'https://id', '7f', 'planner', 'desk 2';
    insert into audit (office_id, actor, role, route, outcome) select :office, 'a', 'planner', 'GET /reviews', 'read';
    insert into job (office_id, kind, actor, role, request) select :office, 'upload', 'test', 'surveyor', '{}';
    insert into job_event (job_id, number, office_id, state, told) select id, 1, :office, 'waiting', '{}' from job
"""


@pytest.fixture
def connection(owner_connection):
    """Return the owner's connection: the guards stand against everybody."""
    return owner_connection


@pytest.fixture
def history(connection, desk, on_ground, house_codes, plan_edition, plan_features):
    """Write a row into every table and return the connection."""
    (building,) = desk.add(connection, on_ground(shapely.box(0, 0, 20, 10)), house_codes(1)).values()
    desk.add_event(connection, building)
    names = {"building_id": building, "office_id": desk.office_id}
    add_aliases(connection, [{**names, "scheme": "zrzh", "value": "3", "source": "a.zip"}])
    end = datetime(2999, 1, 1, tzinfo=UTC)
    add_key(connection, office_id=desk.office_id, role="surveyor", label="field laptop", expires_at=end)
    row = {**names, "upload_id": desk.upload_id, "row_number": 0, "source_id": None, "name": None, "outcome": "new"}
    add_upload_rows(connection, {name: [value] for name, value in (row | {"area_m2": 1.0, "fault": None}).items()})
    add_edition(connection, {**plan_edition, "office_id": desk.office_id}, plan_features([shapely.Point(126, 43)]))
    for statement in LATER_ROWS.split(";"):
        connection.execute(text(statement), {"office": desk.office_id, "building": building})
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
    "statement", ["update {0} set {1} = {1}", "delete from {0}", "truncate {0} cascade"], ids=lambda s: s[:6]
)
def test_no_row_is_changed_deleted_or_swept_away(history, table, statement):
    column = [column.name for column in metadata.tables[table].c if not (column.computed or column.identity)][-1]
    assert is_refused(history, statement.format(table, column))


def test_every_table_is_filled_by_these_tests(history):
    counts = {table: history.execute(text(f"select count(*) from {table}")).scalar_one() for table in metadata.tables}
    assert min(counts.values()) == 1, counts


@pytest.mark.parametrize("statement", ["delete from outbox", "truncate outbox"])
def test_nothing_is_taken_out_of_the_outbox(history, statement):
    assert is_refused(history, statement)


def test_a_building_cannot_come_after_itself(history):
    with pytest.raises(DBAPIError, match="lineage_is_acyclic"):
        history.execute(
            text("""insert into lineage (predecessor_id, successor_id, office_id, relation)
                    select successor_id, predecessor_id, office_id, 'merged' from lineage""")
        )


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
        history.execute(insert(metadata.tables["closure"]).values(id=1))


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


NAMES = [
    (table.name, key.parent.name)
    for table in metadata.sorted_tables
    for key in table.foreign_keys
    if key.info.get("at_once")
]


@pytest.mark.parametrize(("table", "column"), sorted(NAMES))
def test_a_row_that_names_what_is_not_there_is_refused(history, table, column):
    source = metadata.tables[table]
    kept = [each.name for each in source.c if each.name not in {column, "id"} and not each.computed]
    nobody = "gen_random_uuid()" if isinstance(source.c[column].type, UUID) else "-1"
    changed = {
        "building": {"code": "'4E7U5CKJ2WF1H'", "kind": "'part'", "part_of": "id", "facility_class": "null"},
        "footprint": {"version": "9", "replaced_at": "now()"},
        "alias": {"value": "'other'"},
        "upload_row": {"row_number": "9"},
        "event": {
            "seq": "seq + 1",
            "previous_hash": "leaf_hash",
            "canonical": "said",
            "leaf_hash": "sha256('\\x00' || convert_to(said, 'UTF8'))",
        },
    }.get(table, {}) | {column: nobody}
    said = """replace(replace(canonical, '"seq":0', '"seq":1'), '"previous":null', '"previous":"' || encode(leaf_hash, 'hex') || '"')"""
    values = [changed.get(name, name) for name in [*kept, column]]
    source_rows = f"(select *, {said} as said from event)" if table == "event" else table
    statement = f"insert into {table} ({', '.join([*kept, column])}) select {', '.join(values)} from {source_rows} as one limit 1"
    with pytest.raises(DBAPIError, match="not there") as caught:
        history.execute(text(statement.replace(":", "\\:").replace("\\:\\:", "::")))
    assert (caught.value.orig.sqlstate, caught.value.orig.diag.column_name) == (FOREIGN_KEY_VIOLATION, column)


def test_names_are_asked_for_by_the_statement_where_the_schema_says_so(connection):
    asked = connection.execute(
        text(
            """select tgrelid::regclass::text, encode(tgargs, 'escape') from pg_trigger where tgname = 'names_are_known'"""
        )
    )
    found = {(table, name) for table, names in asked for name in names.split("\\000")[::2] if name}
    assert found == set(NAMES)


def test_an_office_stays(history):
    assert is_refused(history, "delete from office")
    assert is_refused(history, "truncate office cascade")
