"""Editions of layers: added whole, found by the day on which they hold."""

from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy.exc import DBAPIError

from store.editions import (
    add_change,
    add_edition,
    changed_feature_rows,
    edition_in_effect,
    editions_in_effect,
    editions_named,
    features_near,
    features_of,
    find_edition,
    list_editions,
)
from store.errors import UnfitValueError
from store.tiles import layer_tile

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


def titles(connection, edition):
    """Return what the features of an edition are called."""
    return sorted(features_of(connection, [edition])["name"])


def fields(*names):
    """Return features of a layer, each a field of its own, by name."""
    shapes = [shapely.box(126.50 + 0.01 * i, 43.80, 126.505 + 0.01 * i, 43.805) for i in range(len(names))]
    return shapes, {"name": list(names), "source_id": list(names)}


def test_a_change_keeps_what_it_says_nothing_of(connection, desk, add, plan_edition, plan_features):
    base = add(*fields("a", "b", "c"))
    values = {**plan_edition, "office_id": desk.office_id, "source_sha256": "1" * 64}
    moved = plan_features([FAR_FIELD], source_id=["b"], name=["B"])
    change = add_change(connection, values, moved, base=base, ended=["c"])
    assert sorted(change.added.values()) == ["b"]
    assert sorted(change.ended.values()) == ["b", "c"]
    assert titles(connection, change.edition) == ["B", "a"]
    assert titles(connection, base) == ["a", "b", "c"]


def test_a_feature_that_stays_is_the_same_feature_in_every_edition(connection, add):
    base = add(*fields("a", "b", "c", "d"))
    later = add(*fields("a", "b", "c", "e"), source_sha256="1" * 64, valid_from=date(2025, 1, 1))
    before, after = (features_of(connection, [each]) for each in (base, later))
    assert len(before.index.intersection(after.index)) == 3
    assert titles(connection, later) == ["a", "b", "c", "e"]


def test_a_whole_delivery_that_has_little_in_common_is_stored_whole(connection, add):
    add(*fields("a", "b"))
    later = add(*fields("c", "d", "e"), source_sha256="1" * 64, valid_from=date(2025, 1, 1))
    (row,) = editions_named(connection, [later])
    assert (row.base_id, row.features) == (None, 3)


def test_an_edition_counts_the_features_that_it_has_not_those_that_it_brings(connection, add):
    add(*fields("a", "b", "c", "d"))
    later = add(*fields("a", "b", "c", "e", "f"), source_sha256="1" * 64, valid_from=date(2025, 1, 1))
    (row,) = editions_named(connection, [later])
    assert row.base_id is not None
    assert row.features == 5


def test_two_features_that_say_the_same_are_two(connection, add):
    shapes, told = [FIELD, FIELD], {"name": ["a", "a"], "source_id": ["1", "1"]}
    base = add(shapes, told)
    later = add([FIELD], {"name": ["a"], "source_id": ["1"]}, source_sha256="1" * 64, valid_from=date(2025, 1, 1))
    assert (len(features_of(connection, [base])), len(features_of(connection, [later]))) == (2, 1)


def test_a_change_of_a_change_is_near_a_place_and_on_its_tile(connection, desk, add, plan_edition, plan_features):
    shapes, told = fields("a", "b", "c")
    base = add(shapes, told)
    for number, name in enumerate("ab", start=1):
        values = {**plan_edition, "office_id": desk.office_id, "source_sha256": str(number) * 64}
        moved = plan_features([FAR_FIELD], source_id=[name], name=[name.upper()])
        base = add_change(connection, values, moved, base=base).edition
    assert titles(connection, base) == ["A", "B", "c"]
    assert list(features_near(connection, [base], np.array([shapes[0]])).name) == []
    near = features_near(connection, [base], np.array([FAR_FIELD]))
    assert (list(near.name), set(near.edition_id)) == (["A", "B"], {base})
    tile = layer_tile(connection, "GH2201", z=8, x=218, y=93, as_of=date(2024, 6, 1))
    assert b"A" in tile
    assert len(tile) > 100


def test_what_differs_between_editions_is_what_came_and_what_went(connection, desk, add, plan_edition, plan_features):
    base = add(*fields("a", "b", "c"))
    values = {**plan_edition, "office_id": desk.office_id, "source_sha256": "1" * 64}
    later = add_change(connection, values, plan_features([FIELD], source_id=["b"], name=["B"]), base=base, ended=["c"])
    days = (date(2024, 6, 1), date(2024, 6, 1))
    rows = changed_feature_rows(connection, base, later.edition, days=days)
    assert sorted(row.name for row in rows) == ["B", "b", "c"]
    assert sorted(row.name for row in changed_feature_rows(connection, later.edition, base, days=days)) == [
        "B",
        "b",
        "c",
    ]
    assert changed_feature_rows(connection, base, base, days=days) == []


def test_what_begins_or_ends_between_two_days_differs(connection, add):
    shapes, told = fields("a", "b", "c")
    told |= {"valid_from": [None, date(2024, 6, 1), None], "valid_to": [None, None, date(2024, 7, 1)]}
    base = add(shapes, told)

    def differ(*days):
        return sorted(row.name for row in changed_feature_rows(connection, base, base, days=days))

    assert differ(date(2024, 5, 1), date(2024, 8, 1)) == ["b", "c"]
    assert differ(date(2024, 8, 1), date(2024, 5, 1)) == ["b", "c"]
    assert differ(date(2024, 5, 1), date(2024, 6, 1)) == ["b"]
    assert differ(date(2024, 6, 1), date(2024, 6, 30)) == []


def test_editions_without_a_common_ground_differ_in_everything(connection, add):
    base, other = add(), add(layer="GH2103")
    assert changed_feature_rows(connection, base, other, days=(date(2024, 1, 1), date(2024, 1, 1))) is None


def test_what_was_recorded_later_was_not_known_before(connection, add):
    add()
    (row,) = editions_in_effect(connection, as_of=date(2024, 1, 1))
    earlier = row.recorded_at - timedelta(seconds=1)
    assert editions_in_effect(connection, as_of=date(2024, 1, 1), known_at=earlier) == []
    assert len(editions_in_effect(connection, as_of=date(2024, 1, 1), known_at=row.recorded_at)) == 1


def test_a_value_that_no_row_holds_is_refused(add):
    with pytest.raises(UnfitValueError):
        add([FIELD], {"name": ["a\x00b"]})
