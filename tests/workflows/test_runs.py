"""What a run rests on, and how its numbers are stated."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.events import canonical_json
from workflows.runs import engine_versions, run_inputs, settled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="ascii")), inner, max_size=3)
    ),
)


def test_everything_that_computes_is_named_with_its_version():
    versions = engine_versions()
    assert versions.keys() == {"luotu", "python", "numpy", "shapely", "geos", "proj", "proj_database"}
    assert all(versions.values())


def test_inputs_say_what_was_asked_when_by_which_editions_and_rules():
    said = run_inputs(
        {"n": 1},
        as_of=date(2026, 6, 1),
        known_at=datetime(2026, 6, 2, tzinfo=UTC),
        editions={"GH2201": 7},
        tolerances={"site_accuracy_m": 0.05},
        rule_set_version="a",
    )
    assert (said["question"], said["editions"], said["rule_set"]) == ({"n": 1}, {"GH2201": 7}, "a")
    assert (said["as_of"], said["known_at"]) == ("2026-06-01", "2026-06-02T00:00:00+00:00")
    assert said["tolerances"] == {"grid_per_m": 10_000, "site_accuracy_m": 0.05}


def test_the_last_digits_of_a_measure_do_not_change_how_it_is_stated():
    assert settled({"area_m2": 0.1 + 0.2}) == settled({"area_m2": 0.3}) == {"area_m2": 0.3}
    assert str(settled(-1e-9)) == "0.0"
    assert settled([float("nan"), float("inf"), 2, True, "x"]) == [None, None, 2, True, "x"]


@given(JSON)
def test_whatever_is_settled_can_be_hashed_and_stays_as_it_is(value):
    told = settled(value)
    assert settled(told) == told
    canonical_json(told)
