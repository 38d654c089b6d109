"""What may happen to a building, law by law."""

import tomllib
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from registry import lives
from registry.lives import (
    Life,
    Successor,
    load_acts,
    load_kinds,
    load_reasons,
    refuse_act,
    refuse_closing,
    refuse_count,
    refuse_day,
    refuse_merging,
    refuse_part,
    refuse_rebuilding,
    refuse_relocation,
    refuse_revival,
    refuse_splitting,
)

HOUSE = shapely.box(0, 0, 20, 10)
LEFT, RIGHT = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
FOLDER = Path(lives.__file__).parent
reasons = st.sampled_from([None, *load_reasons()])
kinds = st.sampled_from(list(load_kinds()))


def life(code="A", *, kind="building", space="surface", closed_as=None, footprint=HOUSE):
    return Life(code, kind, space, closed_as, footprint)


def kind_of(fault):
    return None if fault is None else fault.kind


@given(act=st.sampled_from(list(load_acts())), kind=kinds, closed_as=reasons)
def test_an_act_is_open_to_the_living_or_to_the_closed_and_to_some_kinds(act, kind, closed_as):
    wanted = load_acts()[act]
    is_open = kind in wanted.kinds and (closed_as is None) == (wanted.of_the == "living")
    assert (refuse_act(act, life(kind=kind, closed_as=closed_as)) is None) == is_open


def test_only_a_revival_is_for_the_closed():
    assert [code for code, act in load_acts().items() if act.of_the == "closed"] == ["revive"]


@given(st.lists(st.tuples(reasons, st.booleans()), max_size=5))
def test_a_building_lives_again_when_none_of_its_successors_ever_was(successors):
    after = [Successor(f"S{i}", *each) for i, each in enumerate(successors)]
    may = all(is_survivor or reason == "mistaken" for reason, is_survivor in successors)
    assert (refuse_revival(life(closed_as="split"), after) is None) == may


def test_what_lives_needs_no_revival():
    assert kind_of(refuse_revival(life(), [])) == "still_living"


@given(wall_m=st.floats(0.5, 19.5), survivor=st.sampled_from([None, 0, 1]))
def test_a_building_may_be_split_at_any_wall(wall_m, survivor):
    parts = [shapely.box(0, 0, wall_m, 10), shapely.box(wall_m, 0, 20, 10)]
    assert refuse_splitting(life(), parts, survivor=survivor) is None


@pytest.mark.parametrize(
    ("parts", "options", "kind"),
    [
        ([HOUSE], {}, "too_few"),
        ([LEFT, RIGHT], {"survivor": 2}, "no_such_survivor"),
        ([LEFT, shapely.box(16, 0, 30, 10)], {}, "part_elsewhere"),
        ([LEFT, shapely.box(9, 0, 20, 10)], {}, "parts_overlap"),
    ],
)
def test_parts_are_several_lie_where_the_building_stood_and_share_no_ground(parts, options, kind):
    assert kind_of(refuse_splitting(life(), parts, **options)) == kind


def test_buildings_that_are_merged_are_of_one_kind_and_lie_in_what_they_become():
    pair = [life("A", footprint=LEFT), life("B", footprint=RIGHT)]
    assert refuse_merging(pair, HOUSE) is None
    assert refuse_merging(pair, HOUSE, survivor=1) is None
    assert kind_of(refuse_merging(pair, HOUSE, survivor=2)) == "no_such_survivor"
    assert kind_of(refuse_merging(pair, LEFT)) == "left_out"
    assert kind_of(refuse_merging(pair[:1], HOUSE)) == "too_few"
    assert kind_of(refuse_merging([pair[0], pair[0]], HOUSE)) == "named_twice"
    below = life("C", kind="part", space="underground")
    assert kind_of(refuse_merging([pair[0], below], HOUSE)) == "unlike"


def test_what_is_rebuilt_stands_on_the_ground_of_the_old_one():
    assert refuse_rebuilding(life(), shapely.box(15, 0, 40, 10)) is None
    assert kind_of(refuse_rebuilding(life(), shapely.box(20, 0, 40, 10))) == "rebuilt_elsewhere"


def test_a_building_that_is_moved_keeps_its_size():
    assert refuse_relocation(life(), shapely.box(100, 0, 121, 10)) is None
    assert kind_of(refuse_relocation(life(), shapely.box(100, 0, 123, 10))) == "resized"
    assert kind_of(refuse_relocation(life(), HOUSE)) == "not_moved"


def test_a_part_adjoins_its_building_in_a_space_that_there_is():
    assert refuse_part(life(), shapely.box(20.5, 0, 30, 10), "underground") is None
    assert kind_of(refuse_part(life(), shapely.box(22, 0, 30, 10), "underground")) == "part_apart"
    assert kind_of(refuse_part(life(), HOUSE, "sky")) == "unknown_space"


@pytest.mark.parametrize(
    ("reason", "parts", "kind"),
    [
        ("demolished", ["P"], None),
        ("mistaken", [], None),
        ("mistaken", ["P"], "parts_live"),
        ("split", [], "unknown_reason"),
        ("boredom", [], "unknown_reason"),
    ],
)
def test_a_life_ends_for_a_reason(reason, parts, kind):
    assert kind_of(refuse_closing(life(), reason, living_parts=parts)) == kind


def test_nothing_has_happened_tomorrow():
    assert refuse_day(date.today()) is None
    assert kind_of(refuse_day(date.today() + timedelta(days=1))) == "not_yet"


@pytest.mark.parametrize(
    ("act", "codes", "footprints", "kind"),
    [
        ("split", 1, 2, None),
        ("split", 2, 2, "wrong_count"),
        ("split", 1, 0, "wrong_count"),
        ("merge", 2, 1, None),
        ("merge", 0, 1, "wrong_count"),
        ("close", 1, 0, None),
        ("close", 1, 1, "wrong_count"),
        ("revise", 1, 1, "unknown_act"),
        ("paint", 1, 1, "unknown_act"),
    ],
)
def test_an_act_takes_so_many_codes_and_footprints(act, codes, footprints, kind):
    assert kind_of(refuse_count(act, codes=codes, footprints=footprints)) == kind


def test_every_reason_kind_and_act_has_a_name_in_both_languages():
    for name in (*(each.name for each in (*load_acts().values(), *load_reasons().values())), *load_kinds().values()):
        assert name.zh
        assert name.en


def test_every_sentence_says_the_same_in_both_languages():
    rows = tomllib.loads((FOLDER / "life_faults.toml").read_text(encoding="utf-8"))
    for kind, (zh, en) in product(rows, (("zh", "en"), ("remedy_zh", "remedy_en"))):
        fields = [
            {part.split("}")[0].split(".")[0].split(":")[0] for part in rows[kind][tongue].split("{")[1:]}
            for tongue in (zh, en)
        ]
        assert fields[0] == fields[1], kind
        assert rows[kind][zh].endswith("。")
        assert rows[kind][en].endswith(".")
