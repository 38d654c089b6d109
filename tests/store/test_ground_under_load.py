"""One building, one code, whoever comes at the same time."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate, translate
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from geocode import BuildingCode, parse
from store.database import connect, transaction
from store.errors import GroundTakenError

CLIENTS = 16
TURN_DEG = 17
# six terraces of four houses, wall to wall; the terraces lie in different cells
HOUSES = [shapely.box(west, 0, west + 9, 11) for i in range(24) for west in [i // 4 * 1_500 + i % 4 * 9]]
STREET = [rotate(house, TURN_DEG, origin=(0, 0)) for house in HOUSES]


@pytest.fixture
def clients(database):
    """Return what runs a function in sixteen threads at once, each with its number, and gathers what they return."""
    engine = connect(database.url.render_as_string(hide_password=False), pool_size=CLIENTS)

    def run(work):
        start = threading.Barrier(CLIENTS)

        def wait_and_work(number):
            start.wait()
            return work(engine, number)

        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(wait_and_work, range(CLIENTS)))

    yield run
    engine.dispose()


def as_delivered(shapes, number, *, by_m):
    """Return a client's own survey of some buildings: shuffled, each moved by up to so many metres."""
    rng = np.random.default_rng(number)
    moves = rng.uniform(-1, 1, (len(shapes), 2)) * by_m / np.sqrt(2)
    rows = [translate(shape, *move) for shape, move in zip(shapes, moves, strict=True)]
    random.Random(number).shuffle(rows)
    return rows


def ask(database, query):
    with transaction(database) as connection:
        return connection.execute(text(query)).scalar_one()


def breaches(database):
    """Count what must not be: overlaps beyond tolerance, buildings without exactly one current footprint."""
    overlaps = ask(
        database,
        """
        select count(*) from footprint a join footprint b on a.geom && b.geom and a.building_id < b.building_id
        where a.replaced_at is null and b.replaced_at is null
          and ST_Area(ST_Intersection(a.geom, b.geom)) > 0.05 * least(ST_Area(a.geom), ST_Area(b.geom))
        """,
    )
    without = ask(
        database,
        """
        select count(*) from building b
        where 1 <> (select count(*) from footprint f where f.building_id = b.id and f.replaced_at is null)
        """,
    )
    return overlaps + without


@pytest.mark.parametrize("by_m", [0.0, 0.02], ids=["identical", "shifted"])
def test_sixteen_uploads_of_one_building_are_one_building(database, office_desk, on_ground, clients, by_m):
    def upload(engine, number):
        with transaction(engine) as connection:
            shapes = on_ground(*as_delivered(STREET[:1], number, by_m=by_m))
            return office_desk.register(connection, shapes)[0]

    answers = clients(upload)
    relations = Counter(relation for relation, _ in answers)
    assert relations == {"new": 1, ("revised" if by_m else "same"): CLIENTS - 1}
    assert len({code for _, code in answers}) == 1
    assert ask(database, "select count(*) from building") == 1
    assert breaches(database) == 0


@pytest.mark.parametrize("by_m", [0.0, 0.02], ids=["identical", "shifted"])
def test_shuffled_batches_of_one_street_are_one_street(database, office_desk, on_ground, clients, by_m):
    def upload(engine, number):
        with transaction(engine) as connection:
            return office_desk.register(connection, on_ground(*as_delivered(STREET, number, by_m=by_m)))

    answers = clients(upload)
    assert Counter(relation for batch in answers for relation, _ in batch)["new"] == len(STREET)
    assert len({frozenset(code for _, code in batch) for batch in answers}) == 1
    assert ask(database, "select count(*) from building") == len(STREET)
    assert breaches(database) == 0


@pytest.mark.parametrize("by_m", [0.0, 0.02], ids=["identical", "shifted"])
def test_a_writer_who_takes_no_lock_and_asks_nothing_is_stopped_by_the_database(
    database, office_desk, on_ground, clients, by_m
):
    """Every building of the street is inserted sixteen times under sixteen codes, each time in a transaction."""

    def insert(engine, number):
        taken = 0
        for i, shape in enumerate(on_ground(*as_delivered(STREET, number, by_m=by_m))):
            code = BuildingCode(parse("4E7U5-CKJ2W-F0J").number + i, 5, number)
            try:
                with transaction(engine) as connection:
                    office_desk.add(connection, np.array([shape]), [code.compact])
            except GroundTakenError:
                taken += 1
            except IntegrityError as error:
                if "footprint_fingerprint" not in str(error):
                    raise
                taken += 1
        return taken

    assert sum(clients(insert)) == (CLIENTS - 1) * len(STREET)
    assert ask(database, "select count(*) from building") == len(STREET)
    assert breaches(database) == 0


def test_batches_that_take_no_lock_wait_for_each_other_and_one_is_written(database, office_desk, on_ground, clients):
    def insert(engine, number):
        shapes = on_ground(*as_delivered(STREET, number, by_m=0.02))
        codes = [BuildingCode(parse("4E7U5-CKJ2W-F0J").number + i, 5, number).compact for i in range(len(STREET))]
        try:
            with transaction(engine) as connection:
                office_desk.add(connection, shapes, codes)
        except GroundTakenError:
            return False
        return True

    assert Counter(clients(insert)) == {True: 1, False: CLIENTS - 1}
    assert ask(database, "select count(*) from building") == len(STREET)
    assert breaches(database) == 0


def test_buildings_of_one_centroid_and_size_are_given_a_generation_each(database, office_desk, on_ground, clients):
    tower, inner_yard, inner, outer_yard, outer = (shapely.box(-r, -r, r, r) for r in (5.5, 5.6, 7.849, 7.95, 9.667))
    rings = [tower, inner.difference(inner_yard), outer.difference(outer_yard)]

    def upload(engine, number):
        with transaction(engine) as connection:
            return office_desk.register(connection, on_ground(rings[number % len(rings)]))[0]

    codes = {parse(code) for _, code in clients(upload)}
    assert len({code.ground for code in codes}) == 1
    assert {code.generation for code in codes} == {0, 1, 2}
    assert ask(database, "select count(*) from building") == len(rings)
