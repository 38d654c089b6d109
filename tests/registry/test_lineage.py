"""Who came after whom."""

from hypothesis import given
from hypothesis import strategies as st

from registry.lineage import ancestors, descendants, find_circle, present_of

codes = st.sampled_from("ABCDEFGH")
pairs = st.lists(st.tuples(codes, codes).filter(lambda pair: pair[0] != pair[1]), max_size=14)
# a later letter after an earlier one: no circle can be
forward = pairs.map(lambda found: [(min(pair), max(pair)) for pair in found])


def test_a_code_leads_to_the_nearest_living_successors_on_every_line():
    # A was split, its first part merged with X, its second rebuilt
    descents = [("A", "B"), ("A", "C"), ("B", "M"), ("X", "M"), ("C", "D")]
    assert present_of("A", descents, {"M", "D"}) == ("M", "D")
    assert present_of("X", descents, {"M", "D"}) == ("M",)
    assert present_of("M", descents, {"M"}) == ("M",)
    assert list(descendants("A", descents)) == ["B", "C", "M", "D"]
    assert list(ancestors("M", descents)) == ["B", "X", "A"]


def test_a_code_whose_lines_have_ended_leads_nowhere():
    assert present_of("A", [("A", "B")], set()) == ()
    assert present_of("A", [], set()) == ()


def test_a_survivor_is_where_its_code_leads():
    assert present_of("A", [("A", "B")], {"A", "B"}) == ("A",)


def test_a_circle_is_found():
    assert set(find_circle([("A", "B"), ("B", "C"), ("C", "A"), ("C", "D")])) == {"A", "B", "C"}


@given(forward)
def test_where_each_comes_after_another_there_is_no_circle(descents):
    assert find_circle(descents) is None


@given(pairs)
def test_there_is_a_circle_where_somebody_comes_after_itself(descents):
    is_circle = any(code in {after for after, _ in _steps(code, descents)} for code in "ABCDEFGH")
    found = find_circle(descents)
    assert (found is not None) == is_circle
    if found is not None:
        ring = zip(found, (*found[1:], found[0]), strict=True)
        assert all(step in descents for step in ring)


@given(pairs, codes, st.sets(codes))
def test_what_a_code_leads_to_lives_and_comes_after_it(descents, code, living):
    found = present_of(code, descents, living)
    assert len(set(found)) == len(found)
    assert set(found) <= living & {code, *descendants(code, descents)}
    if code in living:
        assert found == (code,)


@given(pairs, codes, codes)
def test_before_is_the_other_way_round_than_after(descents, one, other):
    assert (other in descendants(one, descents)) == (one in ancestors(other, descents))


def _steps(code, descents):
    """Yield what comes after a code, at any remove, itself among it where there is a circle."""
    reached: set[str] = set()
    waiting = [code]
    while waiting:
        here = waiting.pop()
        for before, after in descents:
            if before == here and after not in reached:
                reached.add(after)
                waiting.append(after)
                yield after, before
