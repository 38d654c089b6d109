"""Rows that somebody changed behind the database's back are told by computing their run again."""

import pytest
from sqlalchemy import text

from store.database import transaction
from tests.conftest import principal_in
from tests.workflows.test_differing import BOX, TODAY
from workflows.conflicts import ConflictQuestion, find_conflicts
from workflows.differing import DifferenceOptions, compare_plans
from workflows.plan_states import read_extent
from workflows.recomputing import verify_run
from workflows.terms import Terms

NEWEST = "id = (select max(id) from {table} where geom is not null)"


@pytest.fixture
def tampered(database, settings, principal, as_owner):
    """Return what verifying a run says after the database's superuser changed something, its triggers off."""

    def run(run_id, change=None):
        if change:
            with transaction(as_owner(database)) as connection:
                connection.execute(text("set local session_replication_role = replica"))
                connection.execute(text(change))
        told = verify_run(database, run_id, principal=principal, settings=settings)
        return told["verdict"], {each["path"].rpartition("/")[2] for each in told["differences"]}

    return run


@pytest.fixture
def conflicts(plans, database, publishing):
    """Return the run of the conflicts of two plans, brought up to date once."""
    return find_conflicts(database, ConflictQuestion(), reader=publishing)["run"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("area_m2 = area_m2 / 2", "area_m2"),
        ("ellipsoid_area_m2 = 1", "ellipsoid_area_m2"),
        ("severity = 'info'", "severity"),
        ("outcome = 'pass'", "outcome"),
        ("geom = st_translate(geom, 0.00001, 0)", "geometry"),
    ],
)
def test_a_conflict_that_was_changed_is_told(tampered, conflicts, change, told):
    assert tampered(conflicts) == ("same", set())
    verdict, places = tampered(conflicts, f"update conflict set {change} where {NEWEST.format(table='conflict')}")
    assert verdict == "differs"
    assert told in places


def test_a_conflict_that_was_taken_away_is_told(tampered, conflicts):
    verdict, places = tampered(conflicts, f"delete from conflict where {NEWEST.format(table='conflict')}")
    assert verdict == "differs"
    assert any("C06" in place for place in places)


def test_a_feature_that_was_moved_is_told_by_what_rests_on_it(tampered, conflicts):
    moved = "update feature set geom = st_translate(geom, 0.0001, 0) where source_id = 'B1'"
    assert tampered(conflicts, moved)[0] == "differs"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("area_m2 = 1", "area_m2"),
        ("left_code = '9999'", "left_code"),
        ('hits = \'{"GH2201": {"area_m2": 1}}\'', "hits"),
        ("geom = st_translate(geom, 0.00001, 0)", "geometry"),
    ],
)
def test_a_difference_that_was_changed_is_told(sample_database, settings, as_owner, change, told):
    principal = principal_in(sample_database)
    terms = Terms(principal, settings, TODAY, None)
    options = DifferenceOptions(within=read_extent(BOX))
    run = compare_plans(sample_database, "XZ1201", "GH2303", terms=terms, options=options)["run"]
    with transaction(as_owner(sample_database)) as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(f"update difference set {change} where {NEWEST.format(table='difference')}"))
    said = verify_run(sample_database, run, principal=principal, settings=settings)
    assert said["verdict"] == "differs"
    assert [each["path"].rpartition("/")[2] for each in said["differences"]] == [told]
