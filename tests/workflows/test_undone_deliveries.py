"""A large delivery that was undone leaves a register that the planner takes for empty: the next one is not held up by that."""

import itertools

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from store.database import transaction
from tests.workflows.conftest import house
from workflows.delivery_options import DeliveryOptions
from workflows.uploading import upload_file

# so many that the index of their ground keeps a second level when they are gone
MANY_STREETS, MANY_HOUSES = 150, 150
# as many parts as streets
STREETS, HOUSES = 40, 10
# of each table, by each index: an upload looks at a row a few times; all of them for each part would be more
MOST_A_ROW = 25


def quarter(streets, houses):
    """Return houses along streets far from each other, each a little over its neighbours."""
    return [house(19.95 * i, 500 * j) for j, i in itertools.product(range(streets), range(houses))]


def rows_read(database):
    """Return how many rows were read so far, by table and index."""
    with transaction(database) as connection:
        connection.execute(text("select pg_stat_clear_snapshot()"))
        rows = connection.execute(
            text("""
                select relname, indexrelname, idx_tup_read from pg_stat_user_indexes
                union all
                select relname, 'all rows', seq_tup_read from pg_stat_user_tables
            """)
        ).all()
    return {(row[0], row[1]): row[2] for row in rows}


@pytest.fixture
def upload(database, principal, tmp_path):
    """Return a function that uploads a file in several parts, and tells how many rows the database read by which way."""

    def run(path, *, progress=lambda *_: None, part_rows=HOUSES):
        before = rows_read(database)
        upload_file(
            database,
            path,
            principal=principal,
            documents=tmp_path / "documents",
            options=DeliveryOptions(),
            progress=progress,
            part_rows=part_rows,
        )
        # the sessions tell what they read when they end
        database.dispose()
        return {way: count - before[way] for way, count in rows_read(database).items()}

    return run


@pytest.fixture
def taken_for_empty(database, as_owner, upload, deliver):
    """Make the register one that the planner takes for empty, though its pages are many."""

    def interrupt(step, *_):
        if step == "recording":
            raise InterruptedError

    path = deliver(quarter(MANY_STREETS, MANY_HOUSES), "undone.gpkg")
    with pytest.raises(InterruptedError):
        upload(path, progress=interrupt, part_rows=5_000)
    with as_owner(database).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # the pages stay, as they do where the next delivery is under way already
        connection.execute(text("vacuum (truncate false, analyze)"))
        known = connection.execute(text("select relpages > 0, reltuples from pg_class where relname = 'footprint'"))
        assert tuple(known.one()) == (True, 0)


@pytest.mark.usefixtures("taken_for_empty")
def test_the_next_delivery_and_the_one_after_look_each_row_up_by_an_index(upload, deliver):
    first = upload(deliver(quarter(STREETS, HOUSES), "first.gpkg"))
    moved = [shapely.transform(each, lambda xy: xy + np.array([0.4, -0.3])) for each in quarter(STREETS, HOUSES)]
    second = upload(deliver(moved, "second.gpkg"))
    for read in (first, second):
        assert {way: count for way, count in read.items() if count > MOST_A_ROW * STREETS * HOUSES} == {}
