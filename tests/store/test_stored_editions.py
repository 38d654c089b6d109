"""Editions of layers: added whole, found by the day on which they hold."""

from datetime import date

import numpy as np
import pytest
import shapely
from sqlalchemy.exc import DBAPIError

from store.editions import (
    add_edition,
    edition_in_effect,
    editions_in_effect,
    features_near,
    find_edition,
    list_editions,
)

FIELD = shapely.box(126.50, 43.80, 126.51, 43.81)
FAR_FIELD = shapely.box(126.90, 43.80, 126.91, 43.81)


@pytest.fixture
def add(connection, desk, plan_edition, plan_features):
    """Return what adds an edition, told how it differs from the usual one, and returns its id."""

    def make(geometries=(FIELD,), features=None, **values):
        edition = {**plan_edition, "office_id": desk.office_id, **values}
        return add_edition(connection, edition, plan_features(geometries, **(features or {})))

    return make


def in_effect(connection, day):
    """Return the title of the farmland's edition on a day, asked in both ways."""
    rows = {row.layer: row for row in editions_in_effect(connection, as_of=day)}
    one = edition_in_effect(connection, "GH2201", as_of=day)
    assert one == (rows["GH2201"].id if "GH2201" in rows else None)
    return rows["GH2201"].title if rows else None


def test_an_edition_holds_from_its_first_day_until_the_next_one_takes_effect(connection, add):
    add(title="old", valid_from=date(2020, 1, 1))
    add(title="new", valid_from=date(2024, 1, 1))
    assert in_effect(connection, date(2019, 12, 31)) is None
    assert in_effect(connection, date(2020, 1, 1)) == "old"
    assert in_effect(connection, date(2023, 12, 31)) == "old"
    assert in_effect(connection, date(2024, 1, 1)) == "new"


def test_an_edition_does_not_hold_on_its_last_day(connection, add):
    add(title="trial", valid_from=date(2024, 1, 1), valid_to=date(2024, 7, 1))
    assert in_effect(connection, date(2024, 6, 30)) == "trial"
    assert in_effect(connection, date(2024, 7, 1)) is None


def test_when_a_short_edition_ends_the_one_before_holds_again(connection, add):
    add(title="long", valid_from=date(2020, 1, 1))
    add(title="short", valid_from=date(2024, 1, 1), valid_to=date(2024, 7, 1))
    assert in_effect(connection, date(2024, 3, 1)) == "short"
    assert in_effect(connection, date(2024, 8, 1)) == "long"


def test_of_two_that_took_effect_on_one_day_the_one_recorded_last_counts(connection, add):
    add(title="first")
    add(title="corrected", source_sha256="1" * 64)
    assert in_effect(connection, date(2024, 1, 1)) == "corrected"


def test_each_layer_has_its_own_edition_in_effect(connection, add):
    add()
    add(layer="GH2103", title="Red line", valid_from=date(2023, 1, 1))
    on_day = editions_in_effect(connection, as_of=date(2023, 6, 1))
    assert [(row.layer, row.title) for row in on_day] == [("GH2103", "Red line")]
    assert [row.layer for row in editions_in_effect(connection, as_of=date(2024, 6, 1))] == ["GH2103", "GH2201"]


def test_an_edition_may_not_end_before_it_begins(add):
    with pytest.raises(DBAPIError, match="edition_check"):
        add(valid_from=date(2024, 1, 1), valid_to=date(2024, 1, 1))


@pytest.mark.parametrize("valid_to", [None, date(2030, 1, 1)])
def test_the_same_edition_is_found_again(connection, desk, add, plan_edition, valid_to):
    values = {**plan_edition, "office_id": desk.office_id, "valid_to": valid_to}
    assert find_edition(connection, values) is None
    added = add(valid_to=valid_to)
    assert find_edition(connection, {**values, "title": "Another title"}) == added
    with pytest.raises(DBAPIError, match="duplicate key"):
        add(valid_to=valid_to)


@pytest.mark.parametrize(
    "change",
    [
        {"layer": "GH2103"},
        {"source_sha256": "1" * 64},
        {"source_layer": "other"},
        {"valid_from": date(2024, 1, 2)},
        {"valid_to": date(2031, 1, 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_source_layer_or_day_is_another_edition(connection, desk, add, plan_edition, change):
    add()
    assert find_edition(connection, {**plan_edition, "office_id": desk.office_id, **change}) is None


def test_another_offices_edition_is_another(connection, other_desk, add, plan_edition):
    add()
    assert find_edition(connection, {**plan_edition, "office_id": other_desk.office_id}) is None


def test_all_editions_are_listed_by_layer_the_newest_first(connection, add):
    add(title="b", valid_from=date(2020, 1, 1))
    add(title="a", valid_from=date(2024, 1, 1))
    add(title="c", layer="GH1101")
    assert [(row.layer, row.title, row.features) for row in list_editions(connection)] == [
        ("GH1101", "c", 1),
        ("GH2201", "a", 1),
        ("GH2201", "b", 1),
    ]


def test_an_edition_may_cover_a_part_only_and_may_be_empty(connection, add):
    covered = shapely.MultiPolygon([FIELD])
    add(geometries=(), completeness=covered)
    (row,) = editions_in_effect(connection, as_of=date(2024, 1, 1))
    assert row.features == 0
    assert shapely.from_wkb(bytes(row.completeness)).equals_exact(covered, 0)


def test_features_are_those_whose_boxes_meet_a_box(connection, add):
    touching = shapely.box(126.51, 43.81, 126.52, 43.82)
    diagonal = shapely.LineString([(126.40, 43.70), (126.60, 43.90)])  # its box holds the field, whatever it crosses
    edition = add([FIELD, FAR_FIELD, touching, diagonal, shapely.Point(126.505, 43.805)], {"name": list("abcde")})
    near = features_near(connection, [edition], np.array([FIELD]))
    assert list(near.name) == ["a", "c", "d", "e"]
    both = features_near(connection, [edition], np.array([FIELD, FAR_FIELD]))
    assert list(both.name) == ["a", "b", "c", "d", "e"]
    assert near.geometry.iloc[0].equals_exact(FIELD, 0)
    assert near.crs == "EPSG:4490"


@pytest.mark.parametrize(("east_m", "north_m"), [(25, 0), (-25, 0), (0, 25), (0, -25)])
def test_a_feature_within_reach_is_near_on_every_side(connection, add, east_m, north_m):
    # 1 degree is 111 km along the meridian, and 80 km along the parallel of 43.8°
    beyond = 126.5 + 1e-4 if east_m > 0 else 126.5, 43.8 + 1e-4 if north_m > 0 else 43.8
    side = shapely.Point(beyond[0] + east_m / 8e4, beyond[1] + north_m / 1.11e5)
    edition = add([side], {"name": ["near"]})
    house = np.array([shapely.box(126.5, 43.8, 126.5001, 43.8001)])
    assert features_near(connection, [edition], house).empty
    assert list(features_near(connection, [edition], house, reach_m=30.0).name) == ["near"]


def test_features_of_other_editions_are_not_near(connection, add):
    add()
    other = add(layer="GH2103", features={"name": ["mine"]})
    assert list(features_near(connection, [other], np.array([FIELD])).name) == ["mine"]
    assert features_near(connection, [], np.array([FIELD])).empty


def test_a_feature_keeps_what_it_was_delivered_with(connection, add):
    told = {"source_id": ["17"], "name": ["东山"], "class_code": ["0101"], "valid_from": [date(2024, 2, 1)]}
    attributes = {"attributes": [{"面积": 12.5, "备注": None}]}
    edition = add([FIELD], told | attributes)
    (feature,) = features_near(connection, [edition], np.array([FIELD])).itertuples()
    assert (feature.name, feature.class_code, feature.edition_id) == ("东山", "0101", edition)
    assert (feature.valid_from, feature.valid_to) == (date(2024, 2, 1), None)
    assert feature.attrs == {"面积": 12.5, "备注": None}


def test_what_a_feature_does_not_have_stays_missing(connection, add):
    (feature,) = features_near(connection, [add()], np.array([FIELD])).itertuples()
    assert (feature.name, feature.class_code, feature.valid_from, feature.attrs) == (None, None, None, {})


def test_near_nothing_are_no_features_but_the_columns(connection):
    near = features_near(connection, [1], np.array([FIELD]))
    assert near.empty
    assert list(near.columns) == ["edition_id", "name", "class_code", "valid_from", "valid_to", "attrs", "geometry"]
    assert near.crs == "EPSG:4490"
