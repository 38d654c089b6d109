"""Uses against uses: a city's matrix, codes that begin alike, words that stand for codes; and pairs of plans."""

import pytest
import shapely

from blueprint import Outcome, RuleError, find_conflicts, find_findings, list_unevaluated
from blueprint.rule_sets import load_rule_set
from blueprint.vocabulary import Fit, Matrix
from tests.blueprint.conftest import TODAY, make_footprints, make_layer

MATRIX = """
[matrices.uses_on_ground]
signed_off_by = "规划处"
[matrices.uses_on_ground.rows."07"]
allowed = ["07"]
conditional = ["09"]
forbidden = ["10", "0902"]
"""
ZONES = """
[matrices.uses_in_zones.rows."111"]
allowed = ["07"]
conditional = ["09"]
forbidden = ["10"]
"""


def rule(rule_id, city=""):
    return next(rule for rule in load_rule_set(city).rules if rule.id == rule_id)


def finding(one, site, layers, **attributes):
    footprints = make_footprints(site).assign(attrs=[attributes])
    return find_findings(footprints, layers, [one], as_of=TODAY)[0]


@pytest.mark.parametrize(
    ("use", "outcome"),
    [
        ("0701", Outcome.PASS),
        ("0901", Outcome.MANUAL),
        ("0902", Outcome.FAIL),
        ("1001", Outcome.FAIL),
        ("1401", Outcome.NOT_EVALUATED),
        (None, Outcome.NOT_EVALUATED),
    ],
)
def test_a_use_is_held_against_that_of_the_ground_by_the_citys_matrix(site, use, outcome):
    parcels = {"GH2303": make_layer("GH2303", [site], attrs=[{"yddm": "0701"}])}
    found = finding(rule("R24", MATRIX), site, parcels, use=use)
    assert found.outcome is outcome
    assert (found.witness is not None) == outcome.breaks


def test_without_the_citys_matrix_nothing_is_judged(site):
    parcels = {"GH2303": make_layer("GH2303", [site], attrs=[{"yddm": "0701"}])}
    found = finding(rule("R24"), site, parcels, use="0701")
    assert (found.outcome, "uses_on_ground" in found.reason.en) == (Outcome.NOT_EVALUATED, True)


def test_of_two_layers_the_second_is_asked_where_the_first_is_not_loaded(site):
    plan = {"GH2103": make_layer("GH2103", [site], attrs=[{"YDYHFLDM": "0701"}])}
    found = finding(rule("R24", MATRIX), site, plan, use="0701")
    assert (found.layer, found.outcome) == ("GH2103", Outcome.PASS)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("城镇住宅用地", Outcome.PASS),
        ("0702", Outcome.PASS),
        ("工业用地", Outcome.FAIL),
        ("住宅兼商业", Outcome.NOT_EVALUATED),
        (None, Outcome.NOT_EVALUATED),
    ],
)
def test_the_words_of_a_permit_stand_for_codes(site, words, outcome):
    layers = {
        "GL3105": make_layer("GL3105", [site], attrs=[{"YDXZ": words}]),
        "GH2303": make_layer("GH2303", [site], attrs=[{"yddm": "0701"}]),
    }
    assert finding(rule("R25"), site, layers).outcome is outcome


def test_a_city_adds_words_of_its_own(site):
    layers = {
        "GL3105": make_layer("GL3105", [site], attrs=[{"YDXZ": "住宅兼商业"}]),
        "GH2303": make_layer("GH2303", [site], attrs=[{"yddm": "0701"}]),
    }
    city = '[words.land_uses]\n"住宅兼商业" = "0701"'
    assert finding(rule("R25", city), site, layers).outcome is Outcome.PASS


def test_zones_and_uses_that_do_not_go_together_are_a_conflict_and_those_on_conditions_are_looked_at(site):
    parts = [shapely.box(546_000 + 20 * i, 4_855_000, 546_020 + 20 * i, 4_855_020) for i in range(4)]
    zones = make_layer("GH2101", [shapely.box(546_000, 4_855_000, 546_080, 4_855_020)], attrs=[{"GHFQDM": "111"}])
    uses = make_layer("GH2103", parts, attrs=[{"YDYHFLDM": code} for code in ("0701", "0901", "1001", "1401")])
    layers = {"GH2101": zones, "GH2103": uses}
    rows = find_conflicts(layers, [rule("C25", ZONES)], as_of=TODAY)
    assert dict(zip(rows["right"], rows["outcome"], strict=True)) == {
        2: Outcome.MANUAL,
        3: Outcome.FAIL,
        4: Outcome.NOT_EVALUATED,
    }


def test_without_the_matrix_of_zones_the_rule_is_told_as_not_evaluated(site):
    layers = {code: make_layer(code, [site]) for code in ("GH2101", "GH2103")}
    assert find_conflicts(layers, [rule("C25")], as_of=TODAY).empty
    reasons = {each.reason.en for each in list_unevaluated(layers, [rule("C25")], as_of=TODAY)}
    assert all("uses_in_zones" in reason for reason in reasons)
    assert reasons


def test_the_longest_beginning_counts_in_rows_and_in_columns():
    matrix = Matrix({"07": {"09": Fit.ALLOWED, "0902": Fit.FORBIDDEN}, "0703": {"09": Fit.CONDITIONAL}})
    uses = [("0701", "0901"), ("0701", "0902"), ("0703", "0902"), ("08", "09"), (None, "09")]
    assert [matrix.fit(*use) for use in uses] == [Fit.ALLOWED, Fit.FORBIDDEN, Fit.CONDITIONAL, None, None]


def test_a_matrix_that_nobody_has_signed_off_only_advises():
    city = '[[rule]]\nid = "R24"\nconfidence = "V"\n'
    assert rule("R24", city + MATRIX.replace("规划处", "")).advisory
    assert not rule("R24", city + MATRIX).advisory


def test_a_use_that_stands_twice_in_a_row_is_refused():
    with pytest.raises(RuleError, match="10"):
        load_rule_set(MATRIX.replace('["07"]', '["07", "10"]'), file="city.toml")
