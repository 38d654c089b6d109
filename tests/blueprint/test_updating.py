"""Conflicts brought up to date: what is computed again is what changed, and the result is that of computing it all."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint import find_conflicts
from blueprint.conflicts import Conflict
from blueprint.layer_state import Edition
from blueprint.outcomes import Outcome
from blueprint.updating import list_changed, standing_conflicts, update_conflicts
from tests.blueprint.conftest import TODAY, make_layer, make_rule, turned

LATER = dt.date(2027, 1, 1)
RULES = (
    make_rule('{ layer = "GH2202" }', a='{ layer = "GH2201" }', rule_id="C06", more="min_area_m2 = 1"),
    make_rule('{ layer = "GH2201" }', a='{ layer = "GH2202" }', rule_id="C08", predicate="outside"),
    make_rule('{ layer = "GL3105" }', a='{ layer = "GL3105" }', rule_id="C39"),
    make_rule(
        '{ layer = "GL3105" }',
        a='{ layer = "GH2201", where = "USE = 1" }',
        rule_id="C40",
        predicate="outside",
        more='container = "largest"\nwithout = "not_applicable"',
    ),
)
CODES = ("GH2201", "GH2202", "GL3105")


def square(x, y=0.0, side=10.0):
    return turned([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])


def bow_tie(x):
    return turned([(x, 0), (x + 10, 10), (x + 10, 0), (x, 10)])


def layer(code, features):
    """Return a layer of features: by id, geometry, first and last day, use."""
    rows = list(features.values())
    return make_layer(
        code,
        [row[0] for row in rows],
        ids=list(features),
        edition=Edition(1, "any"),
        valid_from=[row[1] for row in rows],
        valid_to=[row[2] for row in rows],
        attrs=[{} if row[3] is None else {"USE": row[3]} for row in rows],
    )


def plain(*shapes, first=1):
    return {first + i: (shape, None, None, 1) for i, shape in enumerate(shapes)}


def state(**features):
    return {code: layer(code, features.get(code, {})) for code in CODES}


def update(before, after, *, rules=RULES, days=(TODAY, TODAY), afresh=()):
    previous = find_conflicts(before, rules, as_of=days[0])
    previous.index = pd.Index([f"c{i}" for i in range(len(previous))], dtype=object)
    changed = {code: list_changed(before[code], after[code], days=days) for code in CODES}
    return update_conflicts(previous, after, rules, changed=changed, as_of=days[1], afresh=afresh)


def assert_alike(one, other):
    assert one["rule"].tolist() == other["rule"].tolist()
    for name in Conflict._fields:
        a, b = one[name], other[name]
        if name in {"area_m2", "width_m"}:
            assert a.tolist() == pytest.approx(b.tolist(), abs=2e-6, nan_ok=True)
        elif name == "geometry":
            assert [s is None for s in a] == [s is None for s in b]
            pairs = [(s, t) for s, t in zip(a, b, strict=True) if s is not None]
            assert all(shapely.symmetric_difference(s, t).area < 1e-6 for s, t in pairs)
        elif name != "reason":
            assert [None if pd.isna(v) else v for v in a] == [None if pd.isna(v) else v for v in b]


YEARS = st.sampled_from([None, "2020-01-01", "2026-09-01", "2027-01-01"])
SHAPES = st.one_of(
    st.builds(square, st.integers(0, 40), st.integers(0, 20), st.sampled_from([6.0, 10.0, 25.0])),
    st.builds(bow_tie, st.integers(0, 40)),
)


@st.composite
def features(draw):
    ids = draw(st.lists(st.integers(0, 7), max_size=5, unique=True))
    drawn = {}
    for each in ids:
        began, ended = draw(YEARS), draw(YEARS)
        if began and ended and ended <= began:
            ended = None
        drawn[each] = (draw(SHAPES), began, ended, draw(st.sampled_from([None, 1, 2])))
    return drawn


@st.composite
def two_states(draw):
    before, after = {}, {}
    for code in CODES:
        before[code] = draw(features())
        kept = {each: row for each, row in before[code].items() if draw(st.booleans())}
        after[code] = kept | {each + 100: row for each, row in draw(features()).items()}
    return state(**before), state(**after)


@settings(max_examples=40)
@given(two_states(), st.sampled_from([(TODAY, TODAY), (TODAY, LATER), (LATER, TODAY)]))
def test_what_is_brought_up_to_date_is_what_computing_it_all_finds(states, days):
    before, after = states
    delta = update(before, after, days=days)
    assert_alike(standing_conflicts(delta, RULES), find_conflicts(after, RULES, as_of=days[1]))
    told = len(delta.kept) + len(delta.gone) + len(delta.changed)
    assert told == len(find_conflicts(before, RULES, as_of=days[0]))


def test_nothing_changed_is_nothing_new():
    before = state(GH2201=plain(square(0)), GH2202=plain(square(5)))
    delta = update(before, before)
    assert (len(delta.new), len(delta.gone), len(delta.changed)) == (0, 0, 0)
    assert len(delta.kept) == 2


def test_a_conflict_of_features_that_did_not_change_keeps_its_index():
    before = state(GH2201=plain(square(0), square(100)), GH2202=plain(square(5), square(106)))
    after = state(GH2201=plain(square(0), square(100)), GH2202=plain(square(5)))
    delta = update(before, after, rules=RULES[:1])
    assert (delta.kept.index.tolist(), delta.gone.index.tolist()) == (["c0"], ["c1"])


def test_a_feature_drawn_anew_changes_its_conflict_if_half_of_the_ground_is_the_same():
    before = state(GH2201=plain(square(0)), GH2202=plain(square(5)))
    moved, away = (state(GH2201=plain(square(0)), GH2202=plain(square(x), first=9)) for x in (6, 9))
    changed = update(before, moved, rules=RULES[:1]).changed.iloc[0]
    assert (changed["before"], changed["right"], changed["iou"]) == ("c0", 9, pytest.approx(4 / 5))
    delta = update(before, away, rules=RULES[:1])
    assert (len(delta.new), len(delta.gone), len(delta.changed)) == (1, 1, 0)


def test_what_a_container_leaves_outside_changes_with_the_container():
    before = state(GH2202=plain(square(0)), GH2201=plain(square(0, side=25)))
    after = state(GH2202=plain(square(0)), GH2201=plain(square(4, side=25), first=9))
    delta = update(before, after, rules=RULES[1:2])
    assert (delta.new["left"].tolist(), delta.new["area_m2"].tolist()) == ([1], pytest.approx([40]))


def test_a_rule_that_changed_is_computed_in_full():
    before = state(GH2201=plain(square(0)), GH2202=plain(square(5)))
    previous = find_conflicts(before, RULES[:1], as_of=TODAY)
    (looser,) = [make_rule('{ layer = "GH2202" }', a='{ layer = "GH2201" }', rule_id="C06", more="min_area_m2 = 99")]
    delta = update_conflicts(previous, before, [looser], changed={}, as_of=TODAY, afresh={"C06"})
    assert delta.changed["outcome"].tolist() == [Outcome.PASS]
    assert update_conflicts(previous, before, [looser], changed={}, as_of=TODAY).changed.empty


def test_a_rule_that_is_no_longer_in_force_has_no_conflicts():
    before = state(GH2201=plain(square(0)), GH2202=plain(square(5)))
    previous = find_conflicts(before, RULES[:2], as_of=TODAY)
    delta = update_conflicts(previous, before, RULES[:1], changed={}, as_of=TODAY)
    assert (delta.gone["rule"].tolist(), delta.kept["rule"].tolist()) == (["C08"], ["C06"])


def test_only_pairs_with_a_changed_feature_are_cut(monkeypatch):
    cut = []
    from blueprint import conflicts  # noqa: PLC0415 - looked into

    def watched(a, b, shared, **options):
        cut.append(len(shared.left))
        return cut_pairs(a, b, shared, **options)

    cut_pairs = conflicts.cut_pairs
    many = [square(20 * i) for i in range(50)]
    shifted = [square(20 * i + 5) for i in range(50)]
    before = state(GH2201=plain(*many), GH2202=plain(*shifted))
    after = state(GH2201=plain(*many[:-1]) | plain(square(983), first=99), GH2202=plain(*shifted))
    monkeypatch.setattr(conflicts, "cut_pairs", watched)
    delta = update(before, after, rules=RULES[:1])
    assert cut == [50, 1]
    assert (len(delta.changed), len(delta.kept)) == (1, 49)


def test_layers_that_were_never_there_have_no_changes():
    assert list_changed(None, None, days=(TODAY, TODAY)).empty
    now = layer("GH2201", plain(square(0)))
    assert list_changed(None, now, days=(TODAY, TODAY)).index.tolist() == [1]


def test_a_pair_that_the_overlay_raises_for_is_one_row_and_stops_no_other(monkeypatch):
    shapes = [square(30 * i) for i in range(4)]
    layers = state(GH2201=plain(*shapes), GH2202=plain(*(square(30 * i + 5) for i in range(4))))

    def raising(a, b, **options):
        if shapes[2] in np.atleast_1d(a):
            raise shapely.GEOSException("TopologyException: side location conflict")
        return intersection(a, b, **options)

    intersection = shapely.intersection
    monkeypatch.setattr(shapely, "intersection", raising)
    rows = find_conflicts(layers, RULES[:1], as_of=TODAY)
    assert rows["outcome"].tolist() == [Outcome.FAIL, Outcome.FAIL, Outcome.NOT_EVALUATED, Outcome.FAIL]


@pytest.mark.parametrize("rule", RULES[:2], ids=["overlap", "outside"])
def test_ground_whose_width_cannot_be_found_is_one_row_and_stops_no_other(monkeypatch, rule):
    layers = state(
        GH2201=plain(*(square(30 * i) for i in range(4))), GH2202=plain(*(square(30 * i + 5) for i in range(4)))
    )
    poison = find_conflicts(layers, [rule], as_of=TODAY).geometry.iloc[1]

    def raising(polygons):
        if any(each.equals(poison) for each in polygons):
            raise shapely.GEOSException("TopologyException: found non-noded intersection")
        return measure(polygons)

    from blueprint import overlay  # noqa: PLC0415 - looked into

    measure = overlay.measure_widths
    monkeypatch.setattr(overlay, "measure_widths", raising)
    rows = find_conflicts(layers, [rule], as_of=TODAY)
    assert rows["outcome"].tolist() == [Outcome.FAIL, Outcome.NOT_EVALUATED, Outcome.FAIL, Outcome.FAIL]
    assert "non-noded" in rows["reason"][1].en


def test_no_conflicts_before_are_none_to_compare_with():
    after = state(GH2201=plain(square(0)), GH2202=plain(square(5)))
    previous = find_conflicts({}, RULES, as_of=TODAY)
    changed = {code: list_changed(None, after[code], days=(TODAY, TODAY)) for code in CODES}
    delta = update_conflicts(previous, after, RULES, changed=changed, as_of=TODAY)
    assert_alike(standing_conflicts(delta, RULES), find_conflicts(after, RULES, as_of=TODAY))
    assert isinstance(delta.new, gpd.GeoDataFrame)
