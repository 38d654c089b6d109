"""One building on one ground: what the database itself refuses, and what it does not."""

import geopandas as gpd
import pytest
import shapely
from shapely.affinity import rotate, translate
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from registry.ground import OVERLAP_TOLERANCE, contested_ground
from store.buildings import close_footprints, lock_ground
from store.database import transaction
from store.errors import GroundTakenError

HOUSE = shapely.box(0, 0, 20, 10)
LOCK_NOT_AVAILABLE = "55P03"
WIDE = shapely.box(74, 18, 134, 53)  # China


def moved(share):
    """Return the house moved so far that it shares a part of its ground with where it stood."""
    return translate(HOUSE, xoff=20 * (1 - share))


def count(connection, what="footprint"):
    return connection.execute(text(f"select count(*) from {what}")).scalar_one()


def lock_count(connection):
    return count(connection, "pg_locks where pid = pg_backend_pid() and locktype = 'advisory'")


def is_locked_out(connection, shapes):
    """Tell whether somebody else holds the ground."""
    try:
        with connection.begin_nested():
            connection.execute(text("set local lock_timeout = '50ms'"))
            lock_ground(connection, shapes)
    except DBAPIError as error:
        if error.orig.sqlstate != LOCK_NOT_AVAILABLE:
            raise
        return True
    return False


def test_another_building_is_refused_by_the_code_of_the_one_that_stands_there(connection, desk, on_ground, house_codes):
    mine, yours = house_codes(2)
    desk.add(connection, on_ground(HOUSE), [mine])
    with pytest.raises(GroundTakenError, match=mine) as caught:
        desk.add(connection, on_ground(moved(0.5)), [yours])
    assert caught.value.code == mine


@pytest.mark.parametrize(("share", "taken"), [(OVERLAP_TOLERANCE - 1e-4, False), (OVERLAP_TOLERANCE + 1e-4, True)])
def test_the_database_has_the_tolerance_of_the_match(connection, desk, house_codes, share, taken):
    # in degrees, as the trigger measures: a rectangle's share is that of its side
    mine, yours = [[shapely.MultiPolygon([moved])] for moved in (HOUSE, moved(share))]
    shapes = shapely.transform([*mine, *yours], lambda xy: xy * 1e-5 + (126.5, 43.8))
    one, other = (gpd.GeoDataFrame({"space": ["surface"]}, geometry=[shape], crs=4490) for shape in shapes)
    assert bool(contested_ground(one, other)) == taken
    desk.add(connection, shapes[:1], house_codes(2)[:1])
    if taken:
        with pytest.raises(GroundTakenError):
            desk.add(connection, shapes[1:], house_codes(2)[1:])
    else:
        desk.add(connection, shapes[1:], house_codes(2)[1:])


def test_two_buildings_on_one_ground_in_one_statement_are_refused(connection, desk, on_ground, house_codes):
    codes = house_codes(2)
    with pytest.raises(GroundTakenError) as caught:
        desk.add(connection, on_ground(HOUSE, moved(0.5)), codes)
    assert caught.value.code in codes


def test_a_large_building_over_a_small_one_is_refused(connection, desk, on_ground, house_codes):
    desk.add(connection, on_ground(shapely.box(1, 1, 2, 2)), house_codes(2)[:1])
    with pytest.raises(GroundTakenError):
        desk.add(connection, on_ground(HOUSE), house_codes(2)[1:])


def pairs(count):
    """Return valid neighbours in every direction: wall to wall, L in L, a house in a courtyard."""
    drawn = []
    for i in range(count):
        width, depth, wing = 6 + i % 17, 5 + i % 11, 2 + i % 3
        l_shape = shapely.Polygon([(0, 0), (width, 0), (width, wing), (wing, wing), (wing, depth), (0, depth)])
        whole = shapely.box(0, 0, width, depth)
        neighbour = [
            translate(whole, width),
            whole.difference(l_shape),
            shapely.box(-5, -5, width + 5, depth + 5).difference(whole),
        ][i % 3]
        mine = l_shape if i % 3 == 1 else whole
        turned = [rotate(shape, 7.3 * i, origin=(0, 0)) for shape in (mine, neighbour)]
        place = (i % 20 * 100, i // 20 * 100)
        drawn.append([translate(shapely.set_precision(shape, 0.001), *place) for shape in turned])
    return drawn


def test_of_300_pairs_of_neighbours_none_is_refused(connection, desk, on_ground, house_codes):
    drawn, codes = pairs(300), house_codes(600)
    left, right = (on_ground(*(pair[side] for pair in drawn)) for side in (0, 1))
    touching = shapely.intersects(left, right) & (shapely.distance(left, right) == 0)
    assert touching.sum() > 200
    desk.add(connection, left, codes[:300])
    desk.add(connection, right, codes[300:])
    assert count(connection) == 600


def test_the_next_version_of_a_building_may_stand_where_it_stood(connection, desk, on_ground, house_codes):
    (building,) = desk.add(connection, on_ground(HOUSE), house_codes(1)).values()
    close_footprints(connection, [building])
    desk.add_versions(connection, on_ground(moved(0.9)), [building], versions=[2])
    assert count(connection, "footprint where replaced_at is null") == 1


def test_ground_that_a_building_gave_up_is_free(connection, desk, on_ground, house_codes):
    mine, yours = house_codes(2)
    (building,) = desk.add(connection, on_ground(HOUSE), [mine]).values()
    close_footprints(connection, [building])
    desk.add(connection, on_ground(HOUSE), [yours])


def test_a_building_has_one_current_footprint(connection, desk, on_ground, house_codes):
    (building,) = desk.add(connection, on_ground(HOUSE), house_codes(1)).values()
    with pytest.raises(IntegrityError, match="footprint_current"):
        desk.add_versions(connection, on_ground(translate(HOUSE, 100)), [building], versions=[2])


def test_the_same_geometry_is_current_once(connection, desk, on_ground, house_codes):
    codes = house_codes(2)
    desk.add(connection, on_ground(HOUSE), codes[:1])
    with pytest.raises(IntegrityError, match="footprint_fingerprint"):
        desk.add(connection, on_ground(HOUSE), codes[1:])


@pytest.mark.parametrize(
    "wrong",
    [shapely.MultiPolygon(), shapely.MultiPolygon([shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])])],
    ids=["empty", "bow-tie"],
)
def test_what_is_no_footprint_is_refused(connection, desk, house_codes, wrong):
    with pytest.raises(IntegrityError, match="check constraint"):
        desk.add(connection, shapely.transform([wrong], lambda xy: xy * 1e-4), house_codes(1))


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_ground_is_locked_and_written_in_read_committed_only(scratch, on_ground, house_codes, isolation):
    # an older snapshot would not see what was registered while this transaction waited
    shapes = on_ground(HOUSE)
    with scratch.connect().execution_options(isolation_level=isolation) as connection:
        with pytest.raises(DBAPIError, match="READ COMMITTED only"), connection.begin():
            lock_ground(connection, shapes)
        with pytest.raises(DBAPIError, match="READ COMMITTED only"), connection.begin():
            connection.execute(
                text("""
                    with office as (
                        insert into office (code, name_zh, name_en) values ('o', 'o', 'o') returning id
                    ), document as (
                        insert into document (office_id, sha256, name, size_bytes)
                        select id, repeat('0', 64), 'd', 0 from office returning id
                    ), upload as (
                        insert into upload (office_id, document_id, options, actor, report)
                        select office.id, document.id, '{}', 'a', '{}' from office, document returning id
                    ), building as (
                        insert into building (office_id, code) select id, :code from office returning id
                    )
                    insert into footprint (building_id, office_id, upload_id, version, stage, fingerprint, h3, area_m2,
                                           plane, plane_area_m2, perimeter_m, geom)
                    select building.id, office.id, upload.id, 1, 'design', 'f', 'h', 1, 'p', 1, 1,
                           ST_GeomFromText(:shape, 4490)
                    from office, upload, building
                """),
                {"code": house_codes(1)[0], "shape": shapes[0].wkt},
            )


def test_ground_is_held_against_others_until_the_transaction_ends(scratch, on_ground):
    mine, beside, far = on_ground(HOUSE, translate(HOUSE, 21), translate(HOUSE, 30_000))
    with transaction(scratch) as other:
        with transaction(scratch) as connection:
            lock_ground(connection, [mine])
            assert is_locked_out(other, [beside])
            assert not is_locked_out(other, [far])
        assert not is_locked_out(other, [beside])


def test_footprints_near_each_other_meet_in_a_cell_whatever_border_lies_between(scratch):
    # the centroids of two may lie 1.3 m apart in one cell of the code: one must wait to be given the next generation
    border = 126.5
    west, east = (shapely.box(border + x, 43.8, border + x + 1e-4, 43.8001) for x in (-1.08e-4, 8e-6))
    with transaction(scratch) as connection, transaction(scratch) as other:
        lock_ground(connection, [west])
        assert is_locked_out(other, [east])


def test_a_small_delivery_holds_no_more_than_its_cells(connection, on_ground):
    lock_ground(connection, on_ground(HOUSE, translate(HOUSE, 30), translate(HOUSE, 60)))
    assert lock_count(connection) <= 5


@pytest.mark.parametrize(
    "wide",
    [[WIDE], [shapely.box(74 + i * 0.02, 43, 74 + i * 0.02, 43) for i in range(2_000)]],
    ids=["one shape", "many places"],
)
def test_wide_ground_is_held_as_a_whole(scratch, on_ground, wide):
    # a lock for each cell would fill the lock table that all sessions share
    house = on_ground(HOUSE)
    with transaction(scratch) as other:
        with transaction(scratch) as connection:
            lock_ground(connection, wide)
            lock_ground(connection, house)
            assert lock_count(connection) == 1
            assert is_locked_out(other, house)
        assert not is_locked_out(other, house)


def test_wide_ground_waits_for_whoever_holds_a_part_of_it(scratch, on_ground):
    with transaction(scratch) as connection, transaction(scratch) as other:
        lock_ground(connection, on_ground(HOUSE))
        assert is_locked_out(other, [WIDE])


def test_no_ground_bars_nobody(scratch, on_ground):
    with transaction(scratch) as connection, transaction(scratch) as other:
        lock_ground(connection, on_ground())
        assert not is_locked_out(other, on_ground(HOUSE))


def test_versions_follow_each_other_in_recorded_time(database, office_desk, on_ground):
    with transaction(database) as early:
        early.execute(text("select 1"))  # this transaction begins before the one whose footprint it replaces
        with transaction(database) as connection:
            office_desk.register(connection, on_ground(HOUSE))
        assert office_desk.register(early, on_ground(moved(0.99)))[0][0] == "revised"
    with transaction(database) as connection:
        first, second = connection.execute(text("select recorded_at, replaced_at from footprint order by version"))
    assert first.recorded_at <= first.replaced_at <= second.recorded_at
    assert second.replaced_at is None
