"""Runs and sets of rules: kept with their hashes, found by id, never changed."""

from datetime import date

import pytest

from blueprint.rule_sets import load_rule_set
from registry.errors import EventError
from store.errors import NotHereError
from store.rule_sets import kept_rule_set
from store.runs import add_run, canonical_sha256, known_now, read_run

INPUTS = {"question": {"n": 1}, "tolerances": {"grid_m": 1e-4}}
RESULT = {"area_m2": 0.036, "whole": 2.0, "nothing": None, "names": ["东岸一路"]}


@pytest.fixture
def keep(connection, desk):
    """Return the function that adds a run."""

    def add(**given):
        values = {"kind": "extract", "inputs": INPUTS, "result": RESULT, **given}
        now = known_now(connection)
        return add_run(
            connection, office_id=desk.office_id, actor="test", as_of=date(2026, 6, 1), known_at=now, **values
        )

    return add


def test_what_comes_back_has_the_hash_that_was_kept(connection, keep):
    row = read_run(connection, keep())
    assert (row.inputs, row.result) == (INPUTS, RESULT)
    assert row.result_sha256 == canonical_sha256(row.result) == canonical_sha256(RESULT)
    assert row.inputs_sha256 == canonical_sha256(INPUTS)


def test_the_order_of_keys_and_the_form_of_numbers_do_not_change_a_hash():
    assert canonical_sha256({"a": 1.0, "b": [2]}) == canonical_sha256({"b": [2.0], "a": 1})


def test_a_set_of_rules_is_kept_once_with_the_texts_that_make_it_again(connection, keep):
    rules = load_rule_set()
    first, second = (read_run(connection, keep(rule_set=rules)) for _ in range(2))
    assert first.rule_set_version == second.rule_set_version == rules.version
    assert kept_rule_set(connection, rules.version) == dict(rules.texts)


def test_a_run_may_bring_another_up_to_date(connection, keep):
    base = keep(kind="conflicts")
    assert read_run(connection, keep(kind="conflicts", base_id=base)).base_id == base


@pytest.mark.parametrize("identity", ["", "abc", "00000000-0000-0000-0000-000000000000"])
def test_a_run_that_is_not_there_is_told_as_such(connection, identity):
    with pytest.raises(NotHereError, match="no run"):
        read_run(connection, identity)


def test_a_set_of_rules_that_was_never_used_is_not_there(connection):
    with pytest.raises(NotHereError, match="no set of rules"):
        kept_rule_set(connection, "0" * 64)


def test_a_result_that_json_cannot_say_is_refused(keep):
    with pytest.raises(EventError):
        keep(result={"area_m2": float("nan")})
