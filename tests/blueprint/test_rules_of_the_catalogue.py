"""The seed has every rule of the catalogue."""

from blueprint import load_rules

CONFLICTS = {f"C{number:02}" for number in range(1, 45)}
COMPLIANCE = {f"R{number:02}" for number in range(1, 37)}


def test_the_seed_has_the_44_conflict_rules_and_the_36_compliance_rules():
    rules = {rule.id: rule for rule in load_rules()}
    assert rules.keys() == CONFLICTS | COMPLIANCE
    assert {rule_id for rule_id, rule in rules.items() if rule.a is not None} == CONFLICTS


def test_the_ids_are_those_of_the_catalogue_as_it_was_delivered(shared_data):
    folder = shared_data("README.md").parents[1] / "catalogue"
    listed = {
        line.split(",", 1)[0]
        for name in ("conflict_rules.csv", "compliance_rules.csv")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()[1:]
    }
    assert {rule.id for rule in load_rules()} == listed
