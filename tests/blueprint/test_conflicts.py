"""Conflicts: pairs of features that share ground against a rule, on a day that both hold."""

import datetime as dt

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import FrameCrsError, Outcome, find_conflicts, list_unevaluated
from blueprint.layer_state import LayerState
from tests.blueprint.conftest import TODAY, make_layer, make_rule, turned

THREE_LINES = make_rule('{ layer = "GH2202" }', a='{ layer = "GH2201" }', rule_id="C06", more="min_area_m2 = 1")
TWO_PERMITS = make_rule('{ layer = "GL3105" }', a='{ layer = "GL3105" }', rule_id="C39")
BOUNDARY = make_rule(
    '{ layer = "GH2203" }',
    a='{ layer = "GH2103", where = "YDYHFLDM LIKE \'07%\'" }',
    rule_id="C05",
    predicate="outside",
)


def squares(*offsets_m):
    return [turned([(x, 0), (x + 10, 0), (x + 10, 10), (x, 10)]) for x in offsets_m]


def find(*layers, rule=THREE_LINES, as_of=TODAY):
    return find_conflicts({layer.code: layer for layer in layers}, [rule], as_of=as_of)


def test_two_features_that_share_ground_are_one_row():
    rows = find(make_layer("GH2201", squares(0, 30)), make_layer("GH2202", squares(7)))
    assert len(rows) == 1
    row = rows.iloc[0]
    assert (row["rule"], row["left_layer"], row["left"], row["right_layer"], row["right"]) == (
        "C06", "GH2201", 1, "GH2202", 1,
    )  # fmt: skip
    assert (row["outcome"], row["severity"], row["advisory"]) == (Outcome.FAIL, "prohibit", False)
    assert (row["area_m2"], row["width_m"]) == (pytest.approx(30), pytest.approx(3))
    assert (row["certainty"], row["engine_mode"], row["reason"]) == ("certain", "float", None)
    assert rows.crs.to_epsg() == 4551
    assert rows.geometry.iloc[0].area == pytest.approx(30)


def test_neighbours_that_only_touch_do_not_conflict():
    assert find(make_layer("GH2201", squares(0)), make_layer("GH2202", squares(10, 20))).empty


def test_what_is_small_is_a_row_that_passes():
    rows = find(make_layer("GH2201", squares(0)), make_layer("GH2202", squares(9.999, -9.95)))
    assert rows["outcome"].tolist() == [Outcome.PASS, Outcome.PASS]
    assert rows["certainty"].tolist() == ["noise", "within_accuracy"]
    assert all(reason.en for reason in rows["reason"])


def test_features_of_one_layer_are_paired_once_and_never_with_themselves():
    rows = find(make_layer("GL3105", squares(0, 9, 18), ids=["c", "a", "b"]), rule=TWO_PERMITS)
    assert list(zip(rows["left"], rows["right"], strict=True)) == [("a", "b"), ("a", "c")]


def test_rows_are_in_rule_order_then_by_ids():
    layers = {
        "GH2201": make_layer("GH2201", squares(0, 5), ids=[20, 3]),
        "GH2202": make_layer("GH2202", squares(2, 4), ids=[9, 8]),
    }
    other = make_rule('{ layer = "GH2201" }', a='{ layer = "GH2202" }', rule_id="C99")
    rows = find_conflicts(layers, [THREE_LINES, other], as_of=TODAY)
    assert rows["rule"].tolist() == ["C06"] * 4 + ["C99"] * 4
    assert list(zip(rows["left"], rows["right"], strict=True))[:4] == [(3, 8), (3, 9), (20, 8), (20, 9)]


@pytest.mark.parametrize(
    ("left", "right", "as_of", "found"),
    [
        (("2016-01-01", "2021-01-01"), ("2022-03-01", None), None, False),
        (("2016-01-01", "2022-03-01"), ("2022-03-01", None), None, False),
        (("2016-01-01", "2022-03-02"), ("2022-03-01", None), None, True),
        (("2016-01-01", "2022-03-02"), ("2022-03-01", None), TODAY, False),
        (("2016-01-01", "2022-03-02"), ("2022-03-01", None), dt.date(2022, 3, 1), True),
        (("2016-01-01", None), (None, None), TODAY, True),
    ],
)
def test_features_conflict_only_on_days_that_both_hold(left, right, as_of, found):
    a, b = (
        make_layer(code, squares(0), valid_from=[began], valid_to=[ended])
        for code, (began, ended) in (("GH2201", left), ("GH2202", right))
    )
    assert len(find(a, b, as_of=as_of)) == found


def test_a_conflict_says_since_when_and_until_when():
    a = make_layer("GH2201", squares(0), valid_from=["2016-01-01"], valid_to=["2030-01-01"])
    b = make_layer("GH2202", squares(0), valid_from=["2022-03-01"], valid_to=[None])
    row = find(a, b).iloc[0]
    assert (row["valid_from"], row["valid_to"]) == (dt.date(2022, 3, 1), dt.date(2030, 1, 1))


def test_one_poisoned_feature_is_one_row():
    bow_tie = turned([(0, 0), (10, 10), (10, 0), (0, 10)])
    rows = find(make_layer("GH2201", [*squares(0), bow_tie]), make_layer("GH2202", squares(7)))
    assert rows["outcome"].tolist() == [Outcome.FAIL, Outcome.NOT_EVALUATED]
    assert (rows["left"][1], rows["right"][1]) == (2, None)
    assert "Self-intersection" in rows["reason"][1].en


def test_a_feature_that_lacks_the_attributes_a_rule_reads_is_not_evaluated():
    rule = make_rule('{ layer = "GH2202" }', a='{ layer = "GH2103", where = "YDYHFLDM LIKE \'07%\'" }')
    a = make_layer("GH2103", squares(0, 0, 0), attrs=[{"YDYHFLDM": "0701"}, {}, {"YDYHFLDM": "01"}])
    rows = find(a, make_layer("GH2202", squares(5)), rule=rule)
    assert rows["left"].tolist() == [1, 2]
    assert rows["outcome"].tolist() == [Outcome.FAIL, Outcome.NOT_EVALUATED]
    assert "YDYHFLDM" in rows["reason"][1].zh


def test_an_advisory_conflict_warns():
    rule = make_rule('{ layer = "GH2202" }', a='{ layer = "GH2201" }', confidence="K")
    row = find(make_layer("GH2201", squares(0)), make_layer("GH2202", squares(5)), rule=rule).iloc[0]
    assert (row["severity"], row["advisory"], row["outcome"]) == ("warn", True, Outcome.FAIL)


def test_a_feature_outside_what_must_hold_it_is_one_row_without_a_right_one():
    plan = make_layer("GH2103", squares(0, 8, 50), attrs=[{"YDYHFLDM": code} for code in ("0701", "0701", "0101")])
    rows = find(plan, make_layer("GH2203", squares(0)), rule=BOUNDARY)
    assert (rows["left"].tolist(), rows["right"].tolist()) == ([2], [None])
    assert (rows["area_m2"][0], rows["width_m"][0]) == (pytest.approx(80), pytest.approx(8))


def test_outside_of_a_layer_that_is_not_complete_is_not_evaluated():
    plan = make_layer("GH2103", squares(0), attrs=[{"YDYHFLDM": "0701"}])
    rows = find(plan, make_layer("GH2203", [], complete=None), rule=BOUNDARY)
    assert rows["outcome"].tolist() == [Outcome.NOT_EVALUATED]


def test_rules_whose_layers_are_missing_are_named():
    layers = {"GH2201": make_layer("GH2201", squares(0))}
    named = list_unevaluated(layers, [THREE_LINES, TWO_PERMITS], as_of=TODAY)
    assert [(one.rule.id, one.layer) for one in named] == [("C06", "GH2202"), ("C39", "GL3105")]
    assert find_conflicts(layers, [THREE_LINES, TWO_PERMITS], as_of=TODAY).empty


def test_a_rule_of_the_kind_outside_needs_a_day():
    layers = {code: make_layer(code, squares(0)) for code in ("GH2103", "GH2203")}
    assert list_unevaluated(layers, [BOUNDARY], as_of=TODAY) == ()
    assert {one.reason.en for one in list_unevaluated(layers, [BOUNDARY], as_of=None)} == {
        'A rule of the kind "outside" needs a day to be evaluated for.'
    }
    assert find_conflicts(layers, [BOUNDARY], as_of=None).empty


def test_layers_in_different_planes_are_refused():
    a = make_layer("GH2201", squares(0))
    b = LayerState("GH2202", a.edition, 0.05, a.features.to_crs("EPSG:4550"))
    with pytest.raises(FrameCrsError, match="layer GH2202"):
        find(a, b)


def test_no_layers_have_no_conflicts():
    assert find_conflicts({}, [THREE_LINES], as_of=TODAY).empty


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.randoms())
def test_conflicts_do_not_depend_on_the_order_of_features_nor_of_sides(offsets, random):
    ids = list(range(len(offsets)))
    shuffled = random.sample(ids, len(ids))
    shapes = squares(*offsets)
    left, right = make_layer("GH2201", shapes, ids=ids), make_layer("GH2202", squares(3, 21), ids=[0, 1])
    mixed = make_layer("GH2201", [shapes[i] for i in shuffled], ids=shuffled)
    turned_round = make_rule('{ layer = "GH2201" }', a='{ layer = "GH2202" }', more="min_area_m2 = 1")
    rows, again = find(left, right), find(mixed, right)
    swapped = find(left, right, rule=turned_round)
    assert rows[["left", "right", "area_m2"]].equals(again[["left", "right", "area_m2"]])
    assert sorted(zip(rows["left"], rows["right"], strict=True)) == sorted(
        zip(swapped["right"], swapped["left"], strict=True)
    )
    assert sorted(rows["width_m"]) == pytest.approx(sorted(swapped["width_m"]), abs=1e-6)


def test_the_ground_of_conflicts_is_that_of_both(site):
    a, b = make_layer("GH2201", [site]), make_layer("GH2202", [shapely.affinity.translate(site, 4, 4)])
    row = find(a, b).iloc[0]
    assert row["geometry"].equals(site.intersection(shapely.affinity.translate(site, 4, 4)))
