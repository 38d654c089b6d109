"""Rules: data that is checked when it is loaded, and that only advises where its basis is not confirmed."""

import datetime as dt

import pytest

from blueprint import RuleError, Severity, load_rules, read_rules, rules_in_force
from tests.blueprint.conftest import make_rule

GOOD = """
[[rule]]
id = "R07"
title = { zh = "不占永久基本农田", en = "Keeps off farmland" }
b = { layer = "GH2201" }
predicate = "overlap"
severity = "prohibit"
basis = [{ doc = "土地管理法", article = "33-35" }]
confidence = "V2"
"""


def test_the_seed_rules_load():
    rules = load_rules()
    assert [rule.id for rule in rules] == sorted(rule.id for rule in rules)
    assert len({rule.id for rule in rules}) == len(rules)


def test_every_seed_rule_has_a_title_and_a_basis_in_words():
    for rule in load_rules():
        assert all(rule.title), rule.id
        assert all(basis.doc for basis in rule.basis), rule.id


def test_no_seed_rule_of_general_knowledge_prohibits():
    for rule in load_rules():
        assert rule.advisory or rule.confidence not in {"K", "P"}
        assert not (rule.advisory and rule.shown_severity is Severity.PROHIBIT)


@pytest.mark.parametrize(("confidence", "shown"), [("V", "prohibit"), ("V2", "prohibit"), ("K", "warn"), ("P", "warn")])
def test_a_rule_whose_basis_is_not_confirmed_warns_at_most(confidence, shown):
    assert make_rule('{ layer = "GH2201" }', confidence=confidence).shown_severity == shown


def test_a_confirmed_rule_is_as_hard_as_it_says():
    rule = make_rule('{ layer = "GH2201" }', confidence="K", more='confirmed_by = "王工 2026-05-01"')
    assert not rule.advisory
    assert rule.shown_severity is Severity.PROHIBIT


def test_an_advisory_rule_that_informs_still_informs():
    assert make_rule('{ layer = "GH2201" }', confidence="K", severity="info").shown_severity is Severity.INFO


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('severity = "prohibit"', 'severity = "forbid"', "severity"),
        ('predicate = "overlap"', 'predicate = "touches"', "predicate"),
        ('confidence = "V2"', 'confidence = "V2/K"', "confidence"),
        ('confidence = "V2"', "", "confidence"),
        ('layer = "GH2201"', 'layer = "GH22"', "b.layer"),
        ('layer = "GH2201"', 'layer = "GH2201", where = "a ="', "b.where"),
        ('layer = "GH2201"', 'layer = "GH2201", were = "a = 1"', "b.were"),
        ('layer = "GH2201"', 'layers = ["GH2201", "GH2201"]', "b.layers"),
        ('b = { layer = "GH2201" }', "b = 3", "b"),
        ('b = { layer = "GH2201" }', 'a = { layers = ["GH2201", "GH2202"] }\nb = { layer = "GH2201" }', "b"),
        (', en = "Keeps off farmland"', "", "title.en"),
        ("basis = [{", "basis = [] # [{", "basis"),
        ('article = "33-35"', "article = 33", "basis[0].article"),
        ('confidence = "V2"', 'confidence = "V2"\nminimum_area = 3', "minimum_area"),
        ('confidence = "V2"', 'confidence = "V2"\nmin_area_m2 = -1', "min_area_m2"),
        ('confidence = "V2"', 'confidence = "V2"\nmin_area_m2 = true', "min_area_m2"),
        ('confidence = "V2"', 'confidence = "V2"\nmin_width_m = nan', "min_width_m"),
        ('confidence = "V2"', 'confidence = "V2"\nwithout = "fail"', "without"),
        ('confidence = "V2"', 'confidence = "V2"\nvalid_from = 2024-01-01T00:00:00', "valid_from"),
        ('confidence = "V2"', 'confidence = "V2"\nvalid_from = 2024-01-01\nvalid_to = 2024-01-01', "valid_to"),
        ('id = "R07"', "id = 7", "id"),
    ],
)
def test_a_rule_file_with_a_mistake_is_refused_with_its_place(old, new, key):
    assert old in GOOD
    with pytest.raises(RuleError) as refused:
        read_rules(GOOD.replace(old, new), file="city.toml")
    place = refused.value
    assert (place.file, place.key) == ("city.toml", key)
    assert place.rule == ("no. 1" if key == "id" else "R07")
    assert str(place).startswith(f"city.toml, rule {place.rule}, key '{key}': ")


def test_a_file_that_is_no_toml_is_refused():
    with pytest.raises(RuleError, match="no TOML"):
        read_rules("[[rule", file="city.toml")


def test_two_rules_with_one_id_are_refused(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match="R07"):
        load_rules(tmp_path)


def test_a_rule_holds_from_its_first_day_to_before_its_last():
    rule = make_rule('{ layer = "GH2201" }', more="valid_from = 2024-01-01\nvalid_to = 2025-01-01")
    days = [dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 12, 31), dt.date(2025, 1, 1)]
    assert [rule.holds_on(day) for day in days] == [False, True, True, False]
    assert rules_in_force([rule], days[0]) == ()
    assert rules_in_force([rule], None) == (rule,)
