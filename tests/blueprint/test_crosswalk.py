"""The crosswalk: codes of three systems brought to four classes of land, and the rules that read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint import Outcome, RuleError, find_conflicts, list_unevaluated, load_rules, read_rules
from blueprint.crosswalk import LandClass, load_crosswalk, read_crosswalk
from blueprint.rule_sets import load_rule_set
from layers.catalogue import load_catalogue, read_catalogue
from tests.blueprint.conftest import TODAY, make_layer, turned

GROUND = turned([(0, 0), (40, 0), (40, 30), (0, 30)])
SEED = {rule.id: rule for rule in load_rules()}


@pytest.mark.parametrize(
    ("system", "code", "land_class"),
    [
        ("YDYHFL-2023", "070102", "construction"),
        ("YDYHFL-2023", "100101", "construction"),
        ("YDYHFL-2023", "1003", "unused"),
        ("YDYHFL-2023", "0101", "agricultural"),
        ("YDYHFL-2023", "0403", "unused"),
        ("YDYHFL-2023", "04", None),
        ("YDYHFL-2023", "1704", "agricultural"),
        ("YDYHFL-2023", "17", None),
        ("YDYHFL-2023", "1805", "sea"),
        ("GB/T 21010-2017", "0701", "construction"),
        ("GB/T 21010-2017", "05H1", "construction"),
        ("GB/T 21010-2017", "1006", "agricultural"),
        ("GB/T 21010-2017", "0404", "unused"),
        ("GB 50137-2011", "R21", "construction"),
        ("GB 50137-2011", "E2", "agricultural"),
        ("GB 50137-2011", "E", None),
        ("TD/T 1027-2010", "2121", "construction"),
        ("TD/T 1027-2010", "111", "agricultural"),
        ("a system of nowhere", "07", None),
        ("YDYHFL-2023", None, None),
        ("YDYHFL-2023", 7, None),
    ],
)
def test_a_code_has_the_class_of_the_longest_beginning_that_is_listed(system, code, land_class):
    assert load_crosswalk().land_class(system, code) == land_class


def test_every_system_of_the_catalogue_that_says_what_land_is_for_is_listed():
    land = {layer.class_system for layer in load_catalogue() if layer.code in {"XZ1201", "GH2103", "GH2502", "GH2503"}}
    assert land == set(load_crosswalk().classes)


@given(st.sampled_from(sorted(load_crosswalk().classes)), st.text(max_size=6))
def test_any_code_has_one_class_or_none_and_longer_codes_keep_it_unless_told_apart(system, code):
    crosswalk = load_crosswalk()
    found = crosswalk.land_class(system, code)
    assert found is None or isinstance(found, LandClass)
    assert crosswalk.land_class(system, code + "~") == (
        found if code == code.strip() else crosswalk.land_class(system, code + "~")
    )


def test_a_beginning_under_two_classes_is_refused():
    with pytest.raises(RuleError, match="stands under construction"):
        read_crosswalk('[systems."X"]\nconstruction = ["07"]\nsea = ["07"]', file="city.toml")


def conflicts(rule, *layers):
    return find_conflicts({layer.code: layer for layer in layers}, [rule], as_of=TODAY)


@pytest.mark.parametrize(
    ("master", "old", "rule", "outcome"),
    [
        ("R2", "1110", "C01", Outcome.FAIL),
        ("R2", "2110", "C01", None),
        ("E2", "2110", "C01", None),
        ("E2", "2110", "C02", Outcome.FAIL),
        ("E", "2110", "C02", Outcome.NOT_EVALUATED),
        ("R2", None, "C01", Outcome.NOT_EVALUATED),
    ],
)
def test_two_plans_in_two_systems_differ_where_only_one_has_construction(master, old, rule, outcome):
    city = make_layer("GH2503", [GROUND], attrs=[{"YDDM": master}])
    land = make_layer("GH2502", [GROUND], class_code=[old])
    found = conflicts(SEED[rule], city, land)
    assert found["outcome"].tolist() == ([] if outcome is None else [outcome])


def test_a_rule_that_reads_the_crosswalk_advises_until_it_is_signed_off():
    assert SEED["C01"].advisory
    text = """
[[rule]]
id = "C01"
title = { zh = "一", en = "One" }
a = { layer = "GH2503", where = "land_class = 'construction'" }
b = { layer = "GH2502" }
predicate = "overlap"
severity = "coordinate"
basis = [{ doc = "多规合一" }]
confidence = "V"
"""
    signed = read_crosswalk('signed_off_by = "规划处 2026-05-01"\n[systems."GB 50137-2011"]\nsea = ["R"]', file="x")
    rule = read_rules(text, file="city.toml", crosswalk=signed)[0]
    assert (rule.advisory, rule.shown_severity) == (False, "coordinate")
    assert conflicts(rule, make_layer("GH2503", [GROUND], attrs=[{"YDDM": "R2"}]), make_layer("GH2502", [GROUND])).empty


@pytest.mark.parametrize(
    ("level", "outcome"),
    [("Ⅰ级", [Outcome.FAIL]), ("III级", []), ("特级", [Outcome.NOT_EVALUATED]), (None, [Outcome.NOT_EVALUATED])],
)
def test_a_value_that_no_rule_knows_leaves_it_open(level, outcome):
    forest = make_layer("GH2406", [GROUND], attrs=[{"BHDJ": level}])
    plan = make_layer("GH2103", [GROUND], attrs=[{"YDYHFLDM": "0701"}])
    assert conflicts(SEED["C09"], forest, plan)["outcome"].tolist() == outcome


@pytest.mark.parametrize(
    ("plan", "block", "outcome"),
    [("0701", "0901", [Outcome.FAIL]), ("0701", "0703", []), ("0701", None, [Outcome.NOT_EVALUATED])],
)
def test_a_parcel_of_another_main_class_than_the_plan_is_told(plan, block, outcome):
    layers = (
        make_layer("GH2103", [GROUND], attrs=[{"YDYHFLDM": plan}]), make_layer("GH2303", [GROUND], attrs=[{"yddm": block}]),
    )  # fmt: skip
    assert conflicts(SEED["C24"], *layers)["outcome"].tolist() == outcome


def test_seed_rules_between_layers_name_what_keeps_them_from_being_evaluated():
    rules = [rule for rule in load_rules() if rule.a is not None]
    assert {each.rule.id for each in list_unevaluated({}, rules, as_of=TODAY)} == {rule.id for rule in rules}


def test_a_city_s_layer_is_classed_by_the_city_s_catalogue():
    text = """
    [[layer]]
    code = "GH2601"
    name = { zh = "乡镇规划", en = "Township plan" }
    mid = "GH21"
    geometry = ["Polygon"]
    role = "plan"
    security = "internal"
    accuracy_m = 1
    owner = "resources"
    key_attributes = ["YDDM"]
    class_field = "YDDM"
    class_system = "GB 50137-2011"
    """
    crosswalk = load_rule_set(catalogue=read_catalogue(text, file="city.toml")).vocabulary.crosswalk
    assert crosswalk.land_class_of("GH2601", {"YDDM": "R21"}) == LandClass.CONSTRUCTION
    assert crosswalk.land_class_of("XZ1201", {"DLBM": "0101"}) == LandClass.AGRICULTURAL
    assert load_rule_set().vocabulary.crosswalk == crosswalk
