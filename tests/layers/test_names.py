"""Names made distinct: none lost, none changed without need."""

from hypothesis import given
from hypothesis import strategies as st

from layers.names import make_distinct

NAMES = st.lists(st.text(alphabet="aAbB_2", max_size=4), max_size=8)


def short(name, ending):
    return name[: 3 - len(ending)] + ending


@given(NAMES, st.sets(st.sampled_from(["a", "b", "fid"])), st.sampled_from([str, str.casefold]))
def test_no_two_names_are_equal(names, taken, fold):
    renamed = make_distinct(names, taken=taken, fold=fold)
    folded = [fold(name) for name in renamed.names]
    assert len(set(folded)) == len(names) == len(folded)
    assert not set(folded) & {fold(name) for name in taken}


@given(NAMES)
def test_names_that_differ_already_stay_as_they_are(names):
    distinct = list(dict.fromkeys(names))
    assert make_distinct(distinct) == (distinct, [])


@given(NAMES)
def test_the_first_of_equal_names_keeps_it(names):
    renamed = make_distinct(names)
    for name in set(names):
        assert renamed.names[names.index(name)] == name


@given(NAMES)
def test_changes_tell_every_name_that_differs(names):
    renamed = make_distinct(names, fold=str.casefold)
    assert renamed.changes == [(old, new) for old, new in zip(names, renamed.names, strict=True) if old != new]


@given(NAMES)
def test_shortened_names_are_short_and_distinct(names):
    renamed = make_distinct(names, shorten=short)
    assert all(len(name) <= 3 for name in renamed.names)
    assert len(set(renamed.names)) == len(names)


def test_a_name_that_fits_is_not_taken_by_one_that_is_cut():
    assert make_distinct(["abcd", "abc"], shorten=short).names == ["a_2", "abc"]
