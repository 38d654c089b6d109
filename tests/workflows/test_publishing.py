"""Publishing: a change of a layer, with what it does to the conflicts; or would do, as a draft."""

from datetime import date, datetime, timedelta

import geopandas as gpd
import pytest

from blueprint.rule_sets import load_rule_set
from store.conflicts import conflict_rows, standing_run
from store.database import transaction
from store.editions import editions_in_effect, features_of
from store.errors import NotHereError
from tests.workflows.conftest import field, on_ground
from workflows.conflicting import Asking, conflicts_again, update_standing
from workflows.conflicts import ConflictQuestion, find_conflicts, show_conflicts
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.principals import Principal
from workflows.publishing import PublishOptions, publish

TODAY = date.today()
RULES = load_rule_set()


def counts(report):
    return {name: report["conflicts"]["counts"][name] for name in ("new", "gone", "changed", "all")}


def standing(database, rule="C06"):
    with transaction(database) as connection:
        rows = conflict_rows(connection, str(standing_run(connection).id))
    return {row.id: row for row in rows if row.rule == rule}


def in_full(database, documents):
    with transaction(database) as connection:
        run = standing_run(connection)
        return run.result, conflicts_again(connection, run.inputs, RULES, documents=documents)


def features_in_effect(database, layer):
    with transaction(database) as connection:
        (edition,) = [row.id for row in editions_in_effect(connection, as_of=TODAY) if row.layer == layer]
        return features_of(connection, [edition])


def test_the_first_edition_of_a_layer_is_published_whole(plans):
    assert plans["features"] == {"added": 3, "changed": 0, "ended": 0, "same": 0}
    assert plans["edition"]["key"] == "BSM"
    assert counts(plans) == {"new": 2, "gone": 0, "changed": 0, "all": 2}
    assert [row["rule"] for row in plans["conflicts"]["new"]] == ["C06", "C06"]


def test_a_changed_feature_changes_its_conflict_and_no_other(put, plans, database):
    before = standing(database)
    report = put("GH2202", {"B1": field(40)}, name="change.gpkg")
    assert report["features"] == {"added": 0, "changed": 1, "ended": 0, "same": 0}
    assert counts(report) == {"new": 0, "gone": 0, "changed": 1, "all": 2}
    assert report["conflicts"]["changed"][0]["before"] == next(iter(before))
    after = standing(database)
    assert list(before)[1] in after
    assert sorted(row.area_m2 for row in after.values()) == pytest.approx([6000, 9000])
    assert len(features_in_effect(database, "GH2202")) == 3


def test_a_feature_that_ends_takes_its_conflict_with_it(put, plans):
    report = put("GH2202", {"B9": field(2000)}, name="change.gpkg", ended=["B1"])
    assert report["features"] == {"added": 1, "changed": 0, "ended": 1, "same": 0}
    assert counts(report) == {"new": 0, "gone": 1, "changed": 0, "all": 1}


def test_features_end_that_the_delivery_says_end(put, plans, database):
    columns = {"columns": {"WHLX": ["调出", "调入"]}}
    report = put("GH2202", {"B1": field(50), "B9": field(420)}, name="c.gpkg", ended_where="WHLX = '调出'", **columns)
    assert report["features"] == {"added": 1, "changed": 0, "ended": 1, "same": 0}
    assert counts(report) == {"new": 1, "gone": 1, "changed": 0, "all": 2}


def test_a_whole_delivery_ends_what_it_does_not_have_and_keeps_what_is_the_same(put, plans):
    report = put("GH2202", {"B1": field(50), "B2": field(220)}, name="whole.gpkg", whole=True)
    assert report["features"] == {"added": 0, "changed": 1, "ended": 1, "same": 1}
    assert counts(report) == {"new": 0, "gone": 0, "changed": 1, "all": 2}


def test_a_draft_tells_what_would_be_and_leaves_everything_as_it_is(put, plans, database):
    before = standing(database)
    report = put("GH2202", {"B1": field(40)}, name="change.gpkg", draft=True)
    assert counts(report)["changed"] == 1
    assert list(standing(database)) == list(before)
    again = put("GH2202", {"B1": field(40)}, name="change.gpkg")
    assert (counts(again)["changed"], again["repeated"]) == (1, False)


def test_the_same_delivery_twice_is_published_once(plans, database, publishing, deliver_layer):
    path, options = deliver_layer({"B1": field(40)}, name="change.gpkg"), PublishOptions(as_layer="GH2202")
    first, again = (publish(database, path, options=options, by=publishing) for _ in range(2))
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["edition"] == first["edition"]


def test_what_takes_effect_later_is_told_and_changes_nothing_today(put, plans, database):
    before = standing(database)
    report = put("GH2202", {"B1": field(40)}, name="c.gpkg", valid_from=TODAY + timedelta(days=30))
    assert (counts(report)["changed"], report["conflicts"]["run"]) == (1, None)
    assert list(standing(database)) == list(before)


def test_a_run_brought_up_to_date_has_the_result_of_one_computed_in_full(put, plans, database, publishing):
    put("GH2202", {"B1": field(40), "B7": field(380)}, name="one.gpkg", ended=["B2"])
    put("GH2201", {"A2": field(120), "A8": field(20, 20, 10)}, name="two.gpkg")
    put("GH2103", {"C1": field(390)}, name="three.gpkg", columns={"YDYHFLDM": ["0701"]})
    put("GH2203", {"D1": field(380)}, name="four.gpkg", columns={"GHFQDM": ["110"]})
    updated, whole = in_full(database, publishing.documents)
    assert updated == whole
    assert updated["conflicts"] > 4


def test_an_edition_loaded_otherwise_is_caught_up_with(put, plans, database, publishing):
    with transaction(database) as connection:
        base = standing_run(connection)
        tomorrow = TODAY + timedelta(days=1)
        asking = Asking(as_of=tomorrow, known_at=base.known_at, rules=RULES, documents=publishing.documents)
        updated = update_standing(connection, asking, principal=publishing.principal)
    assert (updated.new, updated.gone, updated.changed) == ([], [], {})
    assert updated.result["conflicts"] == 2


def test_a_rule_that_the_city_changes_is_computed_again(put, plans, database, publishing):
    rules = load_rule_set('[[rule]]\nid = "C06"\nmin_area_m2 = 99999\n')
    report = publish_with(database, publishing._replace(rules=rules), {"B3": field(901)})
    assert counts(report) == {"new": 0, "gone": 0, "changed": 2, "all": 2}
    assert {row.outcome for row in standing(database).values()} == {"pass"}


def test_a_rule_that_the_city_disables_has_no_conflicts(put, plans, database, publishing):
    rules = load_rule_set('[[rule]]\nid = "C06"\ndisabled = true\n')
    report = publish_with(database, publishing._replace(rules=rules), {"B3": field(901)})
    assert counts(report) == {"new": 0, "gone": 2, "changed": 0, "all": 0}


def publish_with(database, by, features):
    path = by.documents.parent / "again.gpkg"
    gpd.GeoDataFrame({"BSM": list(features)}, geometry=list(features.values()), crs=4551).to_file(path)
    return publish(database, path, options=PublishOptions(as_layer="GH2202"), by=by)


def test_a_key_that_names_no_feature_is_refused_and_nothing_is_stored(put, plans, database):
    before = standing(database)
    with pytest.raises(RefusedOptionError, match="B99"):
        put("GH2202", {"B1": field(40)}, name="change.gpkg", ended=["B99"])
    assert list(standing(database)) == list(before)


def test_a_key_that_is_no_attribute_is_refused(put, plans):
    with pytest.raises(RefusedOptionError, match="NUMMER"):
        put("GH2202", {"B1": field(40)}, name="change.gpkg", key="NUMMER")


def test_a_row_without_its_key_is_told_and_left_out(put, plans, database):
    report = put("GH2202", {"B1": field(40), None: field(2000)}, name="change.gpkg")
    assert [fault["fault"]["kind"] for fault in report["faults"]] == ["key_missing"]
    assert report["features"]["changed"] == 1


def test_a_surveyor_publishes_nothing(put, publishing, database, deliver_layer):
    surveyor = Principal(publishing.principal.office_id, publishing.principal.office, "s", "surveyor")
    with pytest.raises(ForbiddenError):
        publish(
            database,
            deliver_layer({"B1": field(0)}),
            options=PublishOptions(),
            by=publishing._replace(principal=surveyor),
        )


def test_features_without_numbers_are_replaced_by_none(put, plans, database, publishing, tmp_path):
    path = tmp_path / "nameless.gpkg"
    gpd.GeoDataFrame(geometry=[field(0)], crs=4551).to_file(path)
    asked = PublishOptions(as_layer="GH2203")
    publish(database, path, options=asked, by=publishing)
    gpd.GeoDataFrame(geometry=[field(5)], crs=4551).to_file(path)
    with pytest.raises(RefusedOptionError, match="no number of their own"):
        publish(database, path, options=asked, by=publishing)
    told = publish(database, path, options=PublishOptions(as_layer="GH2203", key="source_id"), by=publishing)
    assert told["features"]["changed"] == 1


def test_other_features_that_end_are_another_edition_of_the_same_bytes(plans, database, publishing, deliver_layer):
    path = deliver_layer({"B9": field(2000)}, name="change.gpkg")
    first, second = (
        publish(database, path, options=PublishOptions(as_layer="GH2202", ended=(key,)), by=publishing)
        for key in ("B1", "B2")
    )
    assert not second["repeated"]
    assert (first["features"]["ended"], second["features"]["ended"]) == (1, 1)


def test_what_was_not_known_yet_is_in_no_conflict(put, plans, database, publishing):
    known_at = datetime.fromisoformat(show_conflicts(database, None, reader=publishing)["known_at"])
    put("GH2202", {"B1": field(5000)}, name="change.gpkg")
    then = find_conflicts(database, ConflictQuestion(known_at=known_at), reader=publishing)
    now = find_conflicts(database, ConflictQuestion(), reader=publishing)
    assert (then["conflicts"], now["conflicts"]) == (2, 1)
    assert show_conflicts(database, None, reader=publishing)["run"] == now["run"]


def test_a_box_has_the_conflicts_on_its_ground_whatever_holds_them_beyond_it(put, plans, database, publishing):
    put("GH2203", {"D1": field(-2000, -2000, 9000)}, name="boundary.gpkg", columns={"GHFQDM": ["110"]})
    put("GH2103", {"C1": field(3000)}, name="plan.gpkg", columns={"YDYHFLDM": ["0701"]})
    west, south, east, north = on_ground(field(-10, 0, 200))[0].bounds
    box = ConflictQuestion(bbox=(west, south, east, north))
    few = find_conflicts(database, box, reader=publishing)
    assert {group["rule"] for group in few["rules"]} == {"C06", "C08"}
    assert few["conflicts"] < find_conflicts(database, ConflictQuestion(), reader=publishing)["conflicts"]


def test_nothing_is_shown_before_it_was_looked_for(database, publishing):
    with pytest.raises(NotHereError, match="luotu conflicts"):
        show_conflicts(database, None, reader=publishing)
