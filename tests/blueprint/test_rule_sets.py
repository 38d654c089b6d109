"""Rule sets: a city changes rules in a file of its own, the version says exactly which, the linter what is doubtful."""

import re
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint import RuleError, load_rules
from blueprint.crosswalk import read_crosswalk
from blueprint.linting import lint_rules
from blueprint.rule_sets import load_rule_set
from geocode.faults import read_sentences
from layers.catalogue import load_catalogue
from tests.blueprint.conftest import make_rule

CITY = """
[[rule]]
id = "R03"
required = [{ value = 5, where = "HXKD < 30" }, { value = 10 }]
confirmed_by = "规划处 2026-05-01"

[[rule]]
id = "R14"
disabled = true

[[rule]]
id = "J01"
title = { zh = "河道管理范围", en = "The footprint keeps away from rivers" }
b = { layer = "XZ1104" }
predicate = "distance"
required = [{ value = 30 }]
severity = "restrict"
basis = [{ doc = "吉林市河道管理办法" }]
confidence = "V"
divisions = ["2202"]
"""


def test_without_changes_the_set_is_the_seed():
    assert load_rule_set().rules == load_rules()


def test_a_city_changes_takes_out_and_adds_rules_without_touching_the_seed():
    changed, seed = load_rule_set(CITY), {rule.id: rule for rule in load_rules()}
    rules = {rule.id: rule for rule in changed.rules}
    assert (rules["R03"].reach_m, rules["R03"].advisory, rules["R03"].title) == (10, False, seed["R03"].title)
    assert seed["R03"].required is None
    assert (changed.disabled, "R14" in rules) == (("R14",), False)
    assert changed.changed["R03"] == ("required", "confirmed_by")
    assert rules.keys() == seed.keys() - {"R14"} | {"J01"}
    assert (rules["J01"].applies_in("220204"), rules["J01"].applies_in("220100")) == (True, False)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[rule]]\nid = "R03"\nrequire = 3', "require"),
        ('[[rule]]\nid = "J01"\nseverity = "warn"', "title"),
        ('[[rule]]\nid = "R03"\n[[rule]]\nid = "R03"', "id"),
        ('[[rule]]\nseverity = "warn"', "id"),
        ('[[rule]]\nid = "R03"\ndisabled = "yes"', "disabled"),
    ],
)
def test_a_change_that_cannot_be_read_is_refused_with_the_name_of_the_citys_file(text, key):
    with pytest.raises(RuleError) as refused:
        load_rule_set(text, file="jilin.toml")
    assert (refused.value.file, refused.value.key) == ("jilin.toml", key)


def test_every_change_changes_the_version_and_comments_and_order_do_not():
    rows = CITY.strip().split("\n\n")
    versions = {load_rule_set(text).version for text in ("", CITY, CITY.replace("30 }", "31 }"), rows[1])}
    assert len(versions) == 4
    reordered = "# a comment\n" + "\n\n".join(reversed(rows)).replace("value = 30", "value = 30.0")
    assert load_rule_set(reordered).version == load_rule_set(CITY).version


def test_the_crosswalk_belongs_to_the_version():
    signed = read_crosswalk('signed_off_by = "规划处"\n[systems."YDYHFL-2023"]\nsea = ["18"]', file="x")
    changed = load_rule_set(crosswalk=signed)
    assert changed.version != load_rule_set().version
    assert not next(rule for rule in changed.rules if rule.id == "C01").advisory


@given(st.permutations(CITY.strip().split("\n\n")))
def test_the_order_of_a_citys_rules_changes_nothing(rows):
    assert load_rule_set("\n\n".join(rows)) == load_rule_set(CITY)


def kinds(*rules):
    return [(found.rule, found.fault.kind) for found in lint_rules(rules, load_catalogue())]


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (make_rule('{ layer = "GH9999" }'), "unknown_layer"),
        (make_rule('{ layer = "GH2201", where = "DLBN = \'01\'" }'), "unknown_attribute"),
        (make_rule('{ layer = "XZ1103" }', predicate="distance", more='required = [{ value = 5, where = "A = 1" }]'),
         "unknown_attribute"),
        (make_rule('{ layer = "XZ1103" }', predicate="distance"), "no_threshold"),
        (make_rule('{ layer = "GH2201" }', confidence="K"), "unconfirmed"),
    ],
)  # fmt: skip
def test_the_linter_tells_what_is_doubtful(rule, kind):
    assert kinds(rule) == [("R1", kind)]


def test_the_linter_tells_two_rules_that_say_the_same():
    one, other = (make_rule('{ layer = "GH2201" }', rule_id=rule_id) for rule_id in ("A1", "A2"))
    assert kinds(one, other) == [("A2", "duplicate")]


def test_the_linter_tells_a_rule_without_a_basis():
    assert kinds(replace(make_rule('{ layer = "GH2201" }'), basis=())) == [("R1", "no_basis")]


def test_the_seed_has_no_faults_but_those_that_wait_for_a_city():
    waiting = {"no_threshold", "no_list", "unconfirmed"}
    assert [found for found in lint_rules(load_rules(), load_catalogue()) if found.fault.kind not in waiting] == []


def test_every_sentence_of_the_linter_is_used():
    source = files("blueprint").joinpath("linting.py").read_text(encoding="utf-8")
    assert set(re.findall(r'_fault\("(\w+)"', source)) == read_sentences("blueprint", "linting.toml").kinds()
