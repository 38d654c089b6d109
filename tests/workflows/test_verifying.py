"""The register tampered with by a superuser, in every table and every column: found, and the place named."""

import io
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest
from geoalchemy2 import Geometry
from sqlalchemy import Date, DateTime, Double, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import IntegrityError

from registry.ledger.vouching import VOUCHERS
from store.database import connect
from store.schema import metadata
from tests.conftest import principal_in, settings_for
from tests.workflows.conftest import house, on_ground
from workflows.attaching import AttachOptions, attach_file, received, withdraw_document
from workflows.delivery_options import DeliveryOptions
from workflows.identities import Access, add_user, end_key, end_user, issue_access
from workflows.ledgers import seal_ledger
from workflows.lives import ActRequest
from workflows.offices import open_office, rename_office
from workflows.projects import join_project, leave_project, open_project
from workflows.proposals import carry_out
from workflows.units import TableOptions, replace_units
from workflows.uploading import upload_file
from workflows.verifying import verify_connection, verify_database

CHANGES = {
    Text: "coalesce({}, '') || 'x'",
    Integer: "coalesce({}, 0) + 1",
    Double: "coalesce({}, 1) + 0.001",
    Date: "coalesce({}, current_date) + 1",
    DateTime: "coalesce({}, now()) + interval '1 day'",
    UUID: "gen_random_uuid()",
    JSONB: """{} || '{{"a": 1}}'""",
    LargeBinary: "sha256({})",
    Geometry: "ST_Translate(coalesce({0}, ST_SetSRID(ST_Point(126, 43), 4490)), 1e-6, 0)",
}
# what rows say to nobody: the numbers that only the database knows, and the search keys that follow from name and attributes
PRIVATE = {
    *((table, "id") for table in ("footprint", "alias", "closure", "lineage", "stage_withdrawal", "project_building")),
    ("footprint", "addresses"),
    ("alias", "salt"),
}
UNITS = "户号,层,建筑面积,用途\n101,1,110.5,商业\n201,2,88.2,住宅\n"


class Town:
    """A register in which something of every kind happened, its head signed."""

    def __init__(self, database, owner, home):
        self.database, self.owner, self.home = database, owner, home
        self.settings = settings_for(database, home)
        self.principal = principal_in(database)

    def upload(self, name, shapes, **columns):
        path = self.home / name
        gpd.GeoDataFrame(columns, geometry=shapes, crs=4551).to_file(path)
        options = DeliveryOptions(stage="design")
        kept = {"principal": self.principal, "documents": self.settings.documents, "options": options}
        return [row.code for row in upload_file(self.database, path, **kept).results]

    def act(self, what, *codes, footprints=(), **options):
        request = ActRequest(act=what, codes=codes, footprints=on_ground(*footprints), **options)
        return carry_out(self.database, request, principal=self.principal)

    def seal(self):
        return seal_ledger(self.database, self.settings)

    def attach(self, code):
        with received(io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "图.pdf", limit_mb=1) as delivered:
            options = AttachOptions(kind="as_built_drawing", stage="completion_survey", title="竣工图")
            kept = {"principal": self.principal, "documents": self.settings.documents, "options": options}
            return attach_file(self.database, code, delivered, **kept)

    def keep_units(self, code, content):
        path = self.home / "units.csv"
        path.write_text(content, encoding="utf-8")
        kept = {"principal": self.principal, "documents": self.settings.documents, "options": TableOptions()}
        replace_units(self.database, code, path, **kept)


def build(town):
    """Have something of every kind happen."""
    shapes = [house(40 * i, 0) for i in range(6)]
    codes = town.upload("survey.gpkg", shapes, 名称=list("甲乙丙丁戊己"), 房屋代码=["37010501200201000010017519"] * 6)
    town.seal()
    town.upload("again.gpkg", [house(0.1, 0)], 建筑编码=codes[:1])
    town.act("split", codes[1], footprints=[house(40, 0, 10), house(50, 0, 10)])
    town.act("close", codes[2], reason="demolished")
    town.act("close", codes[3], reason="mistaken")
    town.act("revive", codes[3])
    town.seal()
    project = open_project(town.database, name="江畔花园", principal=town.principal)["id"]
    join_project(town.database, project, codes[4:], principal=town.principal)
    leave_project(town.database, project, codes[5:], principal=town.principal)
    town.keep_units(codes[4], UNITS)
    town.keep_units(codes[4], UNITS.replace("110.5", "111.5"))
    withdraw_document(town.database, town.attach(codes[4])["id"], principal=town.principal)
    town.attach(codes[5])
    let_in(town)
    town.seal()


def let_in(town):
    """Have an office, and two keys and users of it, of which one each is revoked."""
    by = {"principal": town.principal}
    open_office(town.database, "bureau", name_zh="规划局", division="220202", **by)
    rename_office(town.database, "bureau", {"name_zh": "自然资源局"}, **by)
    for desk in ("desk 1", "desk 2"):
        access, until = (
            Access(office="bureau", role="planner", label=desk, division="2202"),
            datetime(2099, 1, 1, tzinfo=UTC),
        )
        issue_access(town.database, access, expires_at=until, **by)
        add_user(town.database, access, issuer="https://id", subject=desk, **by)
    end_key(town.database, 2, **by)
    end_user(town.database, 2, **by)


@pytest.fixture(scope="module")
def town(new_database, cluster, tmp_path_factory):
    database = new_database()
    owner = connect(cluster.database(database.url.database))
    made = Town(database, owner, tmp_path_factory.mktemp("town"))
    build(made)
    yield made
    database.dispose()
    owner.dispose()


@pytest.fixture
def tampered(town):
    """Return what runs statements as a superuser whom no trigger stops, and then verifies; all of it is undone."""
    with town.owner.connect() as connection, connection.begin() as begun:
        connection.execute(text("set local session_replication_role = replica"))

        def run(*statements):
            changed = [connection.execute(text(statement)).rowcount for statement in statements]
            assert changed[-1], "nothing was tampered with"
            return verify_connection(connection, town.settings).findings

        yield run
        begun.rollback()


def kinds(findings):
    return {each.fault.kind for each in findings}


def test_an_honest_register_is_verified_to_the_last_row(town):
    found = verify_database(town.database, town.settings)
    assert found.findings == []
    assert found.heads == 6  # three in the database, the same three outside
    empty = {table for table, count in found.rows.items() if not count}
    assert empty == {"stage_withdrawal", "review_decision", "subscription"}


def columns():
    for table in VOUCHERS:
        for column in metadata.tables[table].columns:
            if (table, column.name) not in PRIVATE and column.computed is None and type(column.type) in CHANGES:
                yield table, column.name


@pytest.mark.parametrize(("table", "column"), list(columns()))
def test_a_changed_column_is_found_in_its_row(town, tampered, table, column):
    kind = CHANGES[type(metadata.tables[table].c[column].type)]
    first = f"(select ctid from {table} order by recorded_at, ctid limit 1)"
    try:
        findings = tampered(f"update {table} set {column} = {kind.format(column)} where ctid = {first}")
    except AssertionError:
        pytest.skip(f"the town has no {table}")
    except IntegrityError:
        return  # what is unique or checked is so for superusers as well
    # another key of a building is found in all that belongs to it
    tables = VOUCHERS if (table, column) == ("building", "id") else {table}
    assert any(each.table in tables and each.key for each in findings), kinds(findings)


@pytest.mark.parametrize("table", VOUCHERS)
def test_a_deleted_row_is_missed(town, tampered, table):
    try:
        findings = tampered(
            f"delete from {table} where ctid = (select ctid from {table} order by recorded_at desc limit 1)"
        )
    except AssertionError:
        pytest.skip(f"the town has no {table}")
    assert any(each.table == table and each.key and each.seq is not None for each in findings)


INSERTED = {
    "building": "insert into building (office_id, code) select id, '4E7U5CMEPQC1A' from office limit 1",
    "alias": """insert into alias (building_id, office_id, scheme, value, source)
        select id, office_id, 'zrzh', '99', 'nowhere' from building limit 1""",
    "closure": """insert into closure (building_id, office_id, reason, closed_on)
        select building_id, office_id, 'demolished', current_date from footprint where replaced_at is null limit 1""",
    "footprint": """insert into footprint (building_id, office_id, version, stage, fingerprint, h3, area_m2, plane,
        plane_area_m2, perimeter_m, geom, replaced_at)
        select building_id, office_id, 77, stage, fingerprint, h3, area_m2, plane, plane_area_m2, perimeter_m, geom, now()
        from footprint limit 1""",
    "project": "insert into project (office_id, name) select id, '无中生有' from office limit 1",
    "stage_entry": """insert into stage_entry (building_id, office_id, stage, occurred_on, actor)
        select id, office_id, 'registration', current_date, 'nobody' from building limit 1""",
    "unit": """insert into unit (building_id, office_id, number, storey, area_m2, use)
        select id, office_id, '999', '9', 50, '住宅' from building limit 1""",
    "attachment": """insert into attachment (document_id, office_id, building_id, kind, title, media_type, actor)
        select d.id, d.office_id, b.id, 'contract', 'x', 'application/pdf', 'x' from document d, building b limit 1""",
    "lineage": """insert into lineage (predecessor_id, successor_id, office_id, relation)
        select a.id, b.id, a.office_id, 'merged' from building a, building b where a.code < b.code limit 1""",
}


@pytest.mark.parametrize("table", INSERTED)
def test_a_row_that_was_slipped_in_has_no_event(tampered, table):
    findings = tampered(INSERTED[table])
    assert any(each.fault.kind == "row_unknown" and each.table == table and each.key for each in findings)


@pytest.mark.parametrize(
    "statement",
    [
        "update alias set valid_to = current_date where id = (select min(id) from alias)",
        "update footprint set replaced_at = now() where replaced_at is null and version = 2",
        "update stage_entry set withdrawn_at = now() where id = (select min(id) from stage_entry)",
        "update closure set revoked_at = now() where reason = 'demolished'",
        "update attachment set withdrawn_at = now() where withdrawn_at is null",
    ],
)
def test_a_row_that_was_closed_without_an_event_is_named(tampered, statement):
    assert kinds(tampered(statement)) == {"row_closed"}


@pytest.mark.parametrize(
    "statement",
    [
        "update footprint set replaced_at = null where version = 1 and replaced_at is not null",
        "update closure set revoked_at = null where reason = 'mistaken'",
        "update project_building set valid_to = null where valid_to is not null",
        "update unit set valid_to = null where valid_to is not null",
        "update attachment set withdrawn_at = null where withdrawn_at is not null",
    ],
)
def test_a_row_that_was_opened_again_without_an_event_is_named(tampered, statement):
    try:
        found = tampered(statement)
    except IntegrityError:
        return  # what came after it stands in its way
    assert kinds(found) == {"row_open"}


@pytest.mark.parametrize(
    ("statement", "kind", "table"),
    [
        ("update office set division = '370102' where code = 'bureau'", "row_changed", "office"),
        ("update office set name_zh = '规划局' where code = 'bureau'", "row_changed", "office"),
        ("update office set code = 'other' where code = 'bureau'", "row_missing", "office"),
        ("update office set recorded_at = '2020-01-01' where code = 'bureau'", "row_time", "office"),
        ("update api_key set role = 'admin' where id = 1", "row_changed", "api_key"),
        ("update api_key set label = 'desk 9' where id = 1", "row_changed", "api_key"),
        ("update api_key set division = null where id = 1", "row_changed", "api_key"),
        ("update api_key set expires_at = null where id = 1", "row_changed", "api_key"),
        ("update api_key set office_id = (select min(id) from office) where id = 1", "row_changed", "api_key"),
        ("update api_key set key_sha256 = 'mine' where id = 1", "row_changed", "api_key"),
        ("update api_key set revoked_at = null where id = 2", "row_open", "api_key"),
        ("update api_key set revoked_at = now() where id = 1", "row_closed", "api_key"),
        ("update api_key set revoked_at = '2099-01-01' where id = 2", "row_closed_then", "api_key"),
        ("delete from api_key where id = 1", "row_missing", "api_key"),
        (
            "insert into api_key (office_id, role, label, key_sha256) select id, 'admin', 'x', 'y' from office limit 1",
            "row_unknown",
            "api_key",
        ),
        ("update member set role = 'admin' where id = 1", "row_changed", "member"),
        ("update member set division = '22' where id = 1", "row_changed", "member"),
        ("update member set subject = 'somebody' where id = 1", "row_changed", "member"),
        ("update member set salt = 'x' where id = 1", "row_changed", "member"),
        ("update member set issuer = 'https://other' where id = 1", "row_changed", "member"),
        ("update member set revoked_at = null where id = 2", "row_open", "member"),
        ("delete from member where id = 2", "row_missing", "member"),
    ],
)
def test_who_may_come_in_is_as_the_events_say(tampered, statement, kind, table):
    assert (kind, table) in {(each.fault.kind, each.table) for each in tampered(statement)}


def events(town):
    with town.owner.connect() as connection:
        return connection.execute(text("select count(*) from event")).scalar_one()


UNHASHED = "alter table event drop constraint event_leaf"
OTHER_BODY = "jsonb_set(canonical::jsonb, '{{body}}', '{{\"version\": 99}}')::text"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_a_changed_event_is_named(town, tampered, share):
    seq = round(share * (events(town) - 1))
    findings = tampered(UNHASHED, f"update event set canonical = {OTHER_BODY.format()} where seq = {seq}")
    assert ("event_changed", seq) in {(each.fault.kind, each.seq) for each in findings}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8])
def test_a_changed_event_with_a_new_hash_is_named(town, tampered, share):
    seq = round(share * (events(town) - 1))
    new = f"(select {OTHER_BODY.format()} from event where seq = {seq})"
    findings = tampered(
        f"update event set canonical = {new}, leaf_hash = sha256('\\x00'::bytea || convert_to({new}, 'UTF8'))"
        f" where seq = {seq}"
    )
    assert ("event_changed", seq) in {(each.fault.kind, each.seq) for each in findings}


@pytest.mark.parametrize("share", [0.0, 0.4, 0.7])
def test_a_deleted_event_is_missed(town, tampered, share):
    seq = round(share * (events(town) - 1))
    findings = tampered(f"delete from event where seq = {seq}")
    assert ("event_missing", seq) in {(each.fault.kind, each.seq) for each in findings}


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_tail_that_was_cut_off_with_its_nodes_and_heads_is_missed_by_a_head_kept_outside(town, tampered, count):
    size = events(town) - count
    findings = tampered(
        f"delete from checkpoint where size > {size}",
        f"delete from ledger_node where (position + 1) << level > {size}",
        f"delete from event where seq >= {size}",
    )
    assert ("tail_cut", size) in {(each.fault.kind, each.seq) for each in findings}
    assert "head_missing" in kinds(findings)


REWRITE = """
do $$
declare
    before bytea := (select leaf_hash from event where seq = {first} - 1);
    e record;
    said text;
begin
    for e in select seq, canonical from event where seq >= {first} order by seq loop
        -- its keys in the order that they had: only what stands behind them is new
        said := regexp_replace(e.canonical, '"previous":(null|"[0-9a-f]*")',
            '"previous":' || coalesce('"' || encode(before, 'hex') || '"', 'null'));
        said := regexp_replace(said, '"actor":"[^"]*"', '"actor":"somebody"');
        before := sha256('\\x00'::bytea || convert_to(said, 'UTF8'));
        update event set canonical = said, leaf_hash = before where seq = e.seq;
    end loop;
end
$$
"""


@pytest.mark.parametrize("with_heads", [True, False])
@pytest.mark.parametrize("first", [0, 5, 20])
def test_a_ledger_that_was_written_anew_with_all_its_hashes_is_not_the_one_that_was_signed(tampered, first, with_heads):
    findings = tampered(
        REWRITE.format(first=first), "delete from ledger_node", "delete from checkpoint" if with_heads else "select 1"
    )
    (found,) = [each for each in findings if each.fault.kind == "rewritten"]
    assert found.seq <= first


@pytest.mark.parametrize("column", ["office_id", "building_id", "occurred_at", "recorded_at"])
def test_a_column_that_says_something_else_than_the_event_is_named(town, tampered, column):
    new = {
        "office_id": "(select id from office where code = 'other')",
        "building_id": "(select id from building where id <> event.building_id limit 1)",
    }.get(column, f"{column} + interval '1 second'")
    findings = tampered(
        "insert into office (code, name_zh, name_en) values ('other', '', '')",
        f"update event set {column} = {new} where seq = 4",
    )
    (found,) = findings
    assert (found.fault.kind, found.seq) == ("event_column", 4)
    assert column in found.fault.text.en


@pytest.mark.parametrize("column", ["kind", "subject", "actor", "previous_hash"])
def test_a_column_that_does_not_say_what_the_event_does_is_named(tampered, column):
    new = {"previous_hash": "sha256('')"}.get(column, "'x'")
    (found,) = tampered(f"update event set {column} = {new} where seq = 4")
    assert (found.fault.kind, found.seq) == ("event_column", 4)


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_node set hash = sha256(hash) where (level, position) = (1, 2)",
        "delete from ledger_node where (level, position) = (1, 2)",
        "insert into ledger_node values (1, 4000, sha256(''))",
    ],
)
def test_a_node_that_was_tampered_with_is_named(tampered, statement):
    (found,) = tampered(statement)
    assert found.table == "ledger_node"
    assert found.key in {"1/2", "1/4000"}


@pytest.mark.parametrize(
    "change",
    ["root = sha256(root)", "signed_at = now()", "key_id = 'x'", "note = note || 'x'", "note = 'x'", "size = 1"],
)
def test_a_head_that_was_tampered_with_is_named(tampered, change):
    findings = tampered(f"update checkpoint set {change} where size = (select min(size) from checkpoint)")
    assert any(each.table == "checkpoint" and each.key for each in findings)


def test_a_head_that_was_taken_out_is_named(town, tampered):
    (found,) = tampered("delete from checkpoint where size = (select min(size) from checkpoint)")
    assert (found.fault.kind, found.table) == ("head_missing", "checkpoint")


@pytest.mark.parametrize("content", [b"another document", None])
def test_a_document_that_was_changed_or_lost_is_named(town, tampered, content):
    path = next(path for path in Path(town.settings.documents).rglob("*") if path.is_file())
    before = path.read_bytes()
    try:
        path.unlink() if content is None else path.write_bytes(content)
        (found,) = tampered("select 1")
    finally:
        path.write_bytes(before)
    assert found.fault.kind == ("document_missing" if content is None else "document_changed")
    assert found.key == path.name


def test_a_head_from_elsewhere_finds_what_the_installations_own_do_not(town):
    note = town.seal().note
    forged = note.replace(str(events(town)), "7")
    found = verify_database(town.database, town.settings, notes=[("a printed sheet", forged)])
    assert [(each.fault.kind, each.key) for each in found.findings] == [("head_untrusted", "a printed sheet")]
    assert verify_database(town.database, town.settings, notes=[("a printed sheet", note)]).is_sound


@pytest.mark.parametrize("acts", [0, 1], ids=["as it is", "after one more act"])
def test_nothing_more_is_signed_once_the_ledger_is_not_the_one_that_was_signed(town, new_database, acts):
    # another database, with the keys and heads of this one
    other = new_database()
    somebody = Town(other, None, town.home)
    for _ in range(acts):
        open_project(other, name="x", principal=somebody.principal)
    with pytest.raises(ValueError, match="luotu ledger verify"):
        somebody.seal()
    other.dispose()
