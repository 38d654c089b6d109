"""Buildings, aliases and events: found by any name, with all that is known of them."""

import pytest
import shapely
from shapely.affinity import translate
from sqlalchemy import text

from geocode import parse
from store.buildings import (
    add_aliases,
    add_buildings,
    add_footprints,
    close_footprints,
    existing_codes,
    highest_generations,
    living_footprints,
)
from store.descriptions import describe_rows

HOUSE = shapely.box(0, 0, 20, 10)
UNIT = "220202001001GB00001F00010001"


@pytest.fixture
def house(connection, desk, on_ground, house_codes):
    """Register a house and return its code and id."""
    return next(iter(desk.add(connection, on_ground(HOUSE), house_codes(1)).items()))


def alias_row(desk, building, *, scheme="bdcdyh", value=UNIT):
    return {
        "building_id": building,
        "office_id": desk.office_id,
        "scheme": scheme,
        "value": value,
        "source": "a.zip",
    }


def test_only_aliases_that_are_news_are_added(connection, desk, house):
    building = house[1]
    first, second = alias_row(desk, building), alias_row(desk, building, scheme="zrzh", value="3")
    ((one, of_one),) = add_aliases(connection, [first, first])
    ((other, of_other),) = add_aliases(connection, [first, second])
    assert add_aliases(connection, [first, second]) == []
    assert of_one == of_other == building
    assert [row["value"] for row in describe_rows(connection, "alias", [other, one])] == ["3", UNIT]


def test_a_closed_alias_may_be_given_again(connection, desk, house):
    add_aliases(connection, [alias_row(desk, house[1])])
    connection.execute(text("update alias set valid_to = current_date"))
    assert len(add_aliases(connection, [alias_row(desk, house[1])])) == 1


def test_the_highest_generation_counts_the_living_and_the_gone(connection, desk, on_ground):
    first = parse("4E7U5-CKJ2W-F0J")
    generations = [0, 9, 10, 30]  # the digits and letters of the alphabet in their order
    codes = [first.with_generation(generation).compact for generation in generations]
    rows = [translate(HOUSE, 30 * i) for i in range(len(codes))]
    ids = desk.add(connection, on_ground(*rows), codes)
    close_footprints(connection, [ids[codes[-1]]])
    assert highest_generations(connection, [first.ground, "0" * 11]) == {first.ground: 30}


def test_the_codes_that_exist_are_told_from_those_that_do_not(connection, house, house_codes):
    assert existing_codes(connection, house_codes(5)) == [house[0]]
    assert existing_codes(connection, []) == []


def test_a_city_of_codes_fits_one_question(connection, house, house_codes):
    # a statement holds 65,535 parameters
    codes = house_codes(70_000)
    assert existing_codes(connection, codes) == [house[0]]
    assert highest_generations(connection, {code[:11] for code in codes}) == {house[0][:11]: 0}


def test_living_footprints_are_those_around_by_building(connection, desk, house, on_ground, house_codes):
    code, building = house
    codes = house_codes(4)
    gone, touching, far = desk.add(
        connection, on_ground(translate(HOUSE, 0, 10), translate(HOUSE, 20), translate(HOUSE, 60)), codes[1:]
    ).values()
    close_footprints(connection, [gone])
    around = living_footprints(connection, on_ground(HOUSE))
    assert list(around.index) == [building, touching]
    assert far not in around.index
    assert list(around.code) == [code, codes[2]]
    assert list(around.columns) == ["code", "version", "stage", "fingerprint", "geometry"]
    assert around.crs == "EPSG:4490"
    assert around.geometry[building].equals_exact(on_ground(HOUSE)[0], 0)


def test_what_neighbours_find_together_is_what_each_finds_alone(connection, desk, on_ground, house_codes):
    houses = [translate(HOUSE, 25 * (place % 8), 25 * (place // 8)) for place in range(64)]
    desk.add(connection, on_ground(*houses), house_codes(64))
    # a street of houses is looked for in a few boxes of a grid, which hold more than touches any of them
    street = on_ground(*(translate(HOUSE, 25 * (place % 4) + 3, 25 * (place // 4)) for place in range(16)))
    together = living_footprints(connection, street)
    alone = [living_footprints(connection, street[[place]]) for place in range(16)]
    assert set(together.index) == {building for each in alone for building in each.index}
    assert 16 <= len(together) < 64
    assert together.code.is_monotonic_increasing


def test_around_nothing_stands_nothing(connection, on_ground):
    for shapes in (on_ground(HOUSE), on_ground()):
        around = living_footprints(connection, shapes)
        assert around.empty
        assert around.crs == "EPSG:4490"


def test_no_rows_are_no_statement(connection):
    assert add_buildings(connection, []) == {}
    assert add_aliases(connection, []) == []
    assert add_footprints(connection, []) == []
    assert close_footprints(connection, []) is None
