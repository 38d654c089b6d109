"""Lives in the database: who is held, what ended, who came after whom."""

import threading
from datetime import date

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.buildings import close_footprints, living_footprints, lock_buildings
from store.database import transaction
from store.errors import NotHereError
from store.lives import (
    add_closures,
    add_descents,
    closure_descents,
    living_parts,
    read_descents,
    read_lives,
    revoke_closure,
    revoke_descents,
)

HOUSE = shapely.box(0, 0, 20, 10)


@pytest.fixture
def family(connection, desk, on_ground, house_codes):
    """Register three houses in a row and return their ids by code."""
    shapes = on_ground(*(shapely.affinity.translate(HOUSE, 30 * i) for i in range(3)))
    return desk.add(connection, shapes, house_codes(3))


def close(connection, desk, building, reason):
    close_footprints(connection, [building])
    row = {"building_id": building, "office_id": desk.office_id, "reason": reason, "closed_on": date(2026, 1, 2)}
    return add_closures(connection, [row])[0]


def descend(connection, desk, before, after, relation="split"):
    row = {"predecessor_id": before, "successor_id": after, "relation": relation, "office_id": desk.office_id}
    return add_descents(connection, [row])[0]


def held_locks(connection):
    query = "select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'"
    return connection.execute(text(query)).scalar_one()


def test_a_building_that_somebody_holds_is_waited_for(database):
    order, entered = [], threading.Event()

    def second():
        with transaction(database) as other:
            entered.set()
            lock_buildings(other, ["b", "a"])
            order.append("second")

    with transaction(database) as connection:
        lock_buildings(connection, ["a", "b"])
        waiting = threading.Thread(target=second)
        waiting.start()
        entered.wait()
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_city_of_buildings_is_held_by_one_lock(connection):
    lock_buildings(connection, [str(n) for n in range(70_000)])
    assert held_locks(connection) == 1
    lock_buildings(connection, [])
    assert held_locks(connection) == 1


def test_lives_come_in_the_order_of_their_codes_with_their_newest_footprint(connection, desk, family):
    first, second, third = family
    close(connection, desk, family[second], "demolished")
    rows = read_lives(connection, [third, first, second])
    assert [(row["code"], row["closed_as"], row["version"]) for row in rows] == [
        (third, None, 1),
        (first, None, 1),
        (second, "demolished", 1),
    ]
    assert rows[2]["geom"].area > 0
    with pytest.raises(NotHereError, match="0000"):
        read_lives(connection, [first, "0000"])


def test_a_closure_that_is_revoked_leaves_no_trace_on_the_living(connection, desk, family):
    first, second, _ = family
    closure = close(connection, desk, family[first], "split")
    edge = descend(connection, desk, family[first], family[second])
    (row,) = closure_descents(connection, family[first])
    assert (row.id, row.code, row.closed_as, row.is_survivor) == (edge, second, None, False)
    revoke_descents(connection, [edge])
    revoke_closure(connection, closure)
    assert list(closure_descents(connection, family[first])) == []
    assert read_lives(connection, [first])[0]["closed_as"] is None
    assert list(read_descents(connection, [first])) == []


def test_who_came_before_the_closure_did_not_come_by_it(connection, desk, family):
    first, second, third = family
    descend(connection, desk, family[first], family[second])
    close(connection, desk, family[first], "merged")
    descend(connection, desk, family[first], family[third], "merged")
    assert [row.code for row in closure_descents(connection, family[first])] == [third]


def test_a_family_is_found_from_each_of_its_members(connection, desk, family):
    first, second, third = family
    descend(connection, desk, family[first], family[second])
    descend(connection, desk, family[second], family[third], "rebuilt")
    expected = {(first, second, "split"), (second, third, "rebuilt")}
    for code in family:
        assert {tuple(row) for row in read_descents(connection, [code])} == expected


def test_nobody_comes_after_themselves_at_any_remove(connection, desk, family):
    first, second, third = family.values()
    descend(connection, desk, first, second)
    descend(connection, desk, second, third)
    with pytest.raises(DBAPIError, match="come after itself"):
        descend(connection, desk, third, first)


def test_what_lies_below_ground_is_asked_for_by_its_space(connection, desk, family, on_ground, house_codes):
    (house, *_), (code, *_) = family.values(), family
    below = house_codes(4)[3]
    insert = """
        with part as (
            insert into building (office_id, code, kind, part_of) values (:office, :below, 'part', :house) returning id
        )
        insert into footprint (building_id, office_id, version, stage, fingerprint, h3, area_m2, plane, plane_area_m2,
                               perimeter_m, geom, space)
        select part.id, :office, 1, 'design', fingerprint, h3, 1, plane, 1, 4, geom, 'underground'
        from part, footprint where building_id = :house
    """
    connection.execute(text(insert), {"office": desk.office_id, "below": below, "house": house})
    assert list(living_footprints(connection, on_ground(HOUSE)).code) == [code]
    assert list(living_footprints(connection, on_ground(HOUSE), space="underground").code) == [below]
    assert living_parts(connection, house) == [below]
