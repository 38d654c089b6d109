"""Statistics: every building counted once, in the cell that H3 puts it in; each office its own."""

from collections import Counter

import h3
import pytest
import shapely
from sqlalchemy import select

from store.database import transaction
from store.schema import footprint
from workflows.delivery_options import DeliveryOptions
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.principals import find_principal, issue_key
from workflows.statistics import FINEST_CELLS, read_cells, read_statistics
from workflows.uploading import upload_file

E, N = 544_000.0, 4_866_000.0
GOOD = DeliveryOptions(mode="good")


@pytest.fixture
def houses(database, principal, deliver, tmp_path):
    """Register houses up to some kilometres apart, one of them on another's ground, and return the report."""
    places = ((0, 0), (30, 0), (900, 400), (9_000, 4_000), (10, 5))
    shapes = [shapely.box(E + x, N + y, E + x + 20, N + y + 12) for x, y in places]
    path = deliver(shapes, "houses.gpkg")
    return upload_file(database, path, principal=principal, documents=tmp_path, options=GOOD)


def test_what_came_to_be_is_counted_by_month_and_name(database, principal, houses):
    told = read_statistics(database, principal=principal)
    (office,) = told["offices"]
    assert (office["buildings"], office["living"]) == (houses.accepted, houses.accepted)
    (registered,) = told["registered"]
    assert (registered["name"], registered["number"]) == ("building", houses.accepted)
    uploaded = {row["name"]: row["number"] for row in told["uploaded"]}
    assert uploaded == Counter(row.outcome for row in houses.results)
    assert {row["month"] for row in told["uploaded"]} == {registered["month"]}


@pytest.mark.parametrize("resolution", range(FINEST_CELLS + 1))
def test_every_building_is_in_the_cell_that_h3_puts_it_in(database, principal, houses, resolution):
    found = read_cells(database, principal=principal, resolution=resolution)["features"]
    with transaction(database) as connection:
        fine = connection.execute(select(footprint.c.h3).where(footprint.c.replaced_at.is_(None))).scalars().all()
    assert len(fine) == houses.accepted
    expected = Counter(h3.cell_to_parent(cell, resolution) for cell in fine)
    assert {each["id"]: each["properties"]["buildings"] for each in found} == expected
    for each in found:
        outline = shapely.geometry.shape(each["geometry"])
        lat, lon = h3.cell_to_latlng(each["id"])
        assert outline.contains(shapely.Point(lon, lat))


def test_cells_that_are_not_counted_are_refused(database, principal):
    with pytest.raises(RefusedOptionError, match="0 to 10"):
        read_cells(database, principal=principal, resolution=11)


def test_who_sees_its_own_alone_counts_its_own_alone(database, houses):
    surveyor, planner, admin = (
        find_principal(database, key=issue_key(database, office=role, name=role, role=role, label=role), local=False)
        for role in ("surveyor", "planner", "admin")
    )
    assert read_statistics(database, principal=surveyor)["offices"] == []
    assert read_cells(database, principal=surveyor, resolution=5)["features"] == []
    assert sum(each["buildings"] for each in read_statistics(database, principal=planner)["offices"]) == houses.accepted
    with pytest.raises(ForbiddenError):
        read_statistics(database, principal=admin)
