"""What an extract tells of editions: their papers, those of what they rest on, and the features that bear a name."""

from datetime import date

import pytest
import shapely

from store.editions import add_change, add_edition
from store.extracts import describe_editions, features_named

FIELD, OTHER = shapely.box(126.50, 43.80, 126.51, 43.81), shapely.box(126.52, 43.80, 126.53, 43.81)


@pytest.fixture
def editions(connection, desk, plan_edition, plan_features):
    """Return the ids of an edition of two fields, and of one that replaces the first of them."""
    values = {**plan_edition, "office_id": desk.office_id}
    first = plan_features([FIELD, OTHER], source_id=["a", "b"], name=["Field", "Meadow"])
    base = add_edition(connection, values, first)
    later = {**values, "title": "Changed", "source_sha256": "1" * 64, "valid_from": date(2025, 1, 1)}
    changed = plan_features([FIELD.buffer(0.001)], source_id=["a"], name=["Field"])
    return base, add_change(connection, later, changed, base=base).edition


def test_an_edition_is_told_with_the_papers_of_those_that_it_rests_on(connection, editions):
    base, changed = editions
    first, second = describe_editions(connection, [changed, base])
    assert [row.id for row in (first, second)] == [base, changed]
    assert [paper["title"] for paper in second.documents] == ["Changed", "Basic farmland 2024"]
    assert [paper["title"] for paper in first.documents] == ["Basic farmland 2024"]
    assert second.documents[0]["sha256"] == "1" * 64
    assert second.documents[0]["office"] == {"zh": "survey 测绘院", "en": "survey office"}


def test_nothing_is_told_of_no_editions(connection):
    assert describe_editions(connection, []) == []


def test_a_feature_is_named_by_its_id_its_id_at_the_source_or_its_name(connection, editions):
    _, changed = editions
    (field,) = features_named(connection, changed, "Field")
    (same,) = features_named(connection, changed, "a")
    (by_id,) = features_named(connection, changed, str(field.id))
    assert field.id == same.id == by_id.id


def test_a_feature_that_an_edition_has_ended_is_named_in_the_one_before_alone(connection, editions):
    base, changed = editions
    (then,), (now,) = (features_named(connection, edition, "Field") for edition in (base, changed))
    assert then.id != now.id
    assert features_named(connection, changed, str(then.id)) == []
    assert [row.name for row in features_named(connection, changed, "b")] == ["Meadow"]


@pytest.mark.parametrize("name", ["", "Nobody", "-1", "9" * 30, "²"])
def test_a_name_that_nothing_bears_finds_nothing(connection, editions, name):
    assert features_named(connection, editions[0], name) == []
