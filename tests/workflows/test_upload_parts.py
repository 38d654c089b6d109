"""A large delivery in parts: what becomes of each row is the same, however many are worked on at once."""

import itertools
from datetime import date
from threading import BoundedSemaphore

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from registry.ledger.events import NewEvent, SaidEvent, say_event
from store.ahead import one_ahead
from store.database import transaction
from store.errors import DatabaseError
from store.ledger import ledger_size
from tests.workflows.conftest import house
from workflows import uploading
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedDeliveryError
from workflows.events import moment_of
from workflows.kept_events import KeptEvents
from workflows.kept_reports import KeptReports
from workflows.parts import divide
from workflows.placing import open_placed
from workflows.reading_settings import configured_reading
from workflows.reports import RowReport, UploadReport
from workflows.settings import Settings
from workflows.upload_previews import preview_upload
from workflows.uploading import upload_file
from workflows.verifying import verify_database

ALL_AT_ONCE = 1_000


def quarter(count=9):
    """Return houses along streets: some share a wall, some overlap, one stands twice, one crosses itself."""
    draw = np.random.default_rng(7)
    sizes = draw.uniform(9, 22, (count, count, 2))
    houses = [house(40 * i, 35 * j, *sizes[i, j]) for i, j in itertools.product(range(count), range(count))]
    walls = [
        shapely.affinity.translate(houses[k], shapely.bounds(houses[k])[2] - shapely.bounds(houses[k])[0])
        for k in (3, 40)
    ]
    x, y = house(1000, 0).bounds[:2]
    crossed = shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)])
    odd = [houses[17], shapely.affinity.translate(houses[60], 5, 5), crossed, shapely.Polygon(), None]
    order = draw.permutation(len(houses) + len(walls) + len(odd))
    return [[*houses, *walls, *odd][k] for k in order]


def aside(shapes):
    """Return a second survey of houses: all of them aside, each a little rough, one cut in two."""
    draw = np.random.default_rng(8)
    moved = [
        None
        if shape is None
        else shapely.transform(shape, lambda xy: xy + np.array([0.4, -0.3]) + draw.uniform(-0.02, 0.02, 2))
        for shape in shapes
    ]
    whole = next(k for k, shape in enumerate(shapes) if shape is not None and shape.area > 200 and shape.is_valid)
    west, south, east, north = moved[whole].bounds
    middle = (west + east) / 2
    return [
        *moved[:whole],
        shapely.box(west, south, middle, north),
        *moved[whole + 1 :],
        shapely.box(middle, south, east, north),
    ]


@pytest.fixture
def look(database, principal):
    """Return a function that previews a file with so many rows at once."""

    def run(path, part_rows):
        options = DeliveryOptions(mode="good")
        return preview_upload(database, path, principal=principal, options=options, part_rows=part_rows)

    return run


@pytest.fixture
def upload(database, principal, tmp_path):
    """Return a function that uploads a file with so many rows at once."""

    def run(path, part_rows, *, mode="good"):
        options, documents = DeliveryOptions(mode=mode), tmp_path / "documents"
        return upload_file(
            database, path, principal=principal, documents=documents, options=options, part_rows=part_rows
        )

    return run


def told(rows):
    """Return what is said of rows, but for what only a written one has."""
    return [{key: value for key, value in row.items() if key not in {"review", "geometry"}} for row in rows]


@pytest.mark.parametrize("part_rows", [5, 30])
def test_parts_give_what_the_whole_gives(look, upload, deliver, database, tmp_path, part_rows):
    first = deliver(quarter(), "first.gpkg")
    whole = look(first, ALL_AT_ONCE)
    assert whole["refused"] == 5
    assert told(look(first, part_rows)["results"]) == told(whole["results"])
    assert {**look(first, part_rows), "results": ()} == {**whole, "results": ()}
    report = upload(first, part_rows)
    assert told(report.as_json()["results"]) == told(whole["results"])
    assert {row.outcome for row in report.results} == {"new", "refused"}
    second = deliver(aside(quarter()), "second.gpkg")
    whole = look(second, ALL_AT_ONCE)
    parts = look(second, 30)
    assert [row["outcome"] for row in parts["results"]] == [row["outcome"] for row in whole["results"]]
    assert parts["shift"]["dx_m"] == pytest.approx(whole["shift"]["dx_m"], abs=0.05)
    report = upload(second, 30)
    assert [row.outcome for row in report.results] == [row["outcome"] for row in whole["results"]]
    assert [row.code for row in report.results if row.outcome == "revised"] == [
        row["code"] for row in whole["results"] if row["outcome"] == "revised"
    ]
    assert not verify_database(database, settings=Settings(home=tmp_path, _env_file=None)).findings


def test_what_touches_is_in_one_part_and_every_row_in_one(database, principal, deliver):
    shapes = quarter()
    path = deliver(shapes, "quarter.gpkg")
    reading = configured_reading(Settings(_env_file=None))
    with open_placed(database, path, principal=principal, reading=reading) as kept, transaction(database) as connection:
        parts = divide(connection, kept, hold=True, part_rows=10).parts
    assert len(parts) > 5
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(shapes)))
    part_of = {row: number for number, rows in enumerate(parts) for row in rows.tolist()}
    for i, j in itertools.combinations(range(len(shapes)), 2):
        if shapes[i] is not None and shapes[j] is not None and shapes[i].is_valid and shapes[j].is_valid:
            assert part_of[i] == part_of[j] or not shapes[i].intersects(shapes[j])


@pytest.mark.parametrize("offset_m", [0, 300, 600])
def test_a_split_is_a_split_wherever_in_a_cell_the_building_stands(look, upload, deliver, offset_m):
    # the database holds ground by cells of 0.01 degrees: what is looked up there has no such edges
    x, y = offset_m, offset_m
    upload(deliver([house(x, y, 20, 12), house(x + 200, y, 20, 12)], "known.gpkg"), ALL_AT_ONCE)
    halves = [house(x, y, 9.4, 12), house(x + 10.6, y, 9.4, 12), house(x + 200, y, 20, 12)]
    path = deliver(halves, "halves.gpkg")
    outcomes = [row["outcome"] for row in look(path, ALL_AT_ONCE)["results"]]
    assert outcomes == ["split", "split", "same"]
    assert [row["outcome"] for row in look(path, 1)["results"]] == outcomes
    assert [row.outcome for row in upload(path, 1).results] == outcomes


def test_two_halves_that_name_the_building_are_related_together(upload, deliver):
    (row,) = upload(deliver([house(0, 0, 20, 12)], "known.gpkg"), ALL_AT_ONCE).results
    halves = [house(0, 0, 9.4, 12), house(10.6, 0, 9.4, 12), house(300, 0), house(600, 0)]
    path = deliver(halves, "halves.gpkg", code=[row.code, row.code, None, None])
    assert [row.outcome for row in upload(path, 1).results] == ["split", "split", "new", "new"]


def test_a_mended_outline_meets_its_neighbours_in_its_part(upload, deliver, database, principal, tmp_path):
    x, y, east, north = house(0, 0, 20, 12).bounds
    spiked = shapely.Polygon(
        [(x, y), (east, y), (east, north), (x + 10, north), (x + 10, north + 5), (x + 10, north), (x, north)]
    )
    far = [house(3000 + 100 * i, 0) for i in range(4)]
    path = deliver([*far, house(2, 0, 20, 12), spiked], "spiked.gpkg")
    options = DeliveryOptions(mode="good", fix=True)
    said = {"principal": principal, "documents": tmp_path / "documents", "options": options, "part_rows": 1}
    report = upload_file(database, path, **said)
    assert [row.outcome for row in report.results] == ["new"] * 5 + ["refused"]
    assert report.results[5].fault["kind"] == "overlaps_row"


def test_what_is_refused_for_its_width_leaves_the_parts_as_they_are(database, principal, deliver):
    shapes = [house(100 * i, 0) for i in range(12)]
    parts = {}
    for name, more in (("plain", []), ("wide", [house(-20_000, -20_000, 60_000, 60_000)])):
        path = deliver([*shapes, *more], f"{name}.gpkg")
        with open_placed(database, path, principal=principal) as kept, transaction(database) as connection:
            parts[name] = divide(connection, kept, hold=True, part_rows=3).parts
            held = "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'"
            assert connection.execute(text(held)).scalar_one() < 10
    assert len(parts["plain"]) == 4
    assert len(parts["wide"]) >= 4


def test_what_is_refused_as_a_whole_tells_of_no_review(upload, deliver):
    upload(deliver([house(0, 0, 20, 12)], "known.gpkg"), ALL_AT_ONCE)
    path = deliver([house(8, 0, 20, 12), house(5000, 0), house(9000, 0), house(9002, 1)], "mixed.gpkg")
    for part_rows in (1, ALL_AT_ONCE):
        with pytest.raises(RefusedDeliveryError) as caught:
            upload(path, part_rows, mode="all")
        assert [row.outcome for row in caught.value.report.results] == ["held", "new", "new", "refused"]
        assert [row.review for row in caught.value.report.results] == [None] * 4


def test_few_large_deliveries_are_worked_on_at_once(look, deliver, monkeypatch):
    monkeypatch.setattr(uploading, "_places", BoundedSemaphore(1))
    monkeypatch.setattr(uploading, "_PATIENCE_S", 0.05)
    path = deliver(quarter(), "quarter.gpkg")
    assert look(path, 10)["rows"] == 88
    with uploading._places, pytest.raises(DatabaseError, match="large deliveries"):
        look(path, 10)
    assert look(path, ALL_AT_ONCE)["rows"] == 88


def test_one_bad_row_in_any_part_keeps_all_of_them_out(upload, deliver, database):
    path = deliver(quarter(), "quarter.gpkg")
    with pytest.raises(RefusedDeliveryError) as caught:
        upload(path, 10, mode="all")
    report = caught.value.report
    assert report.refused == 5
    assert not report.stored
    assert [row.row for row in report.results] == list(range(report.rows))
    with transaction(database) as connection:
        assert ledger_size(connection) == 0


def test_reports_come_back_in_the_order_of_the_rows():
    reports = [
        RowReport(row, f"f{row}", None, outcome, fault={"kind": "k", "x": 1.5}, warnings=[{"kind": "w"}] * (row % 2))
        for row, outcome in enumerate(["new", "held", "refused", "same", "new"])
    ]
    kept = KeptReports(5)
    kept.keep([reports[k] for k in (3, 0)])
    with pytest.raises(LookupError):
        kept[1]
    kept.keep([reports[k] for k in (4, 1, 2)])
    assert list(kept) == reports
    assert kept[1:3] == reports[1:3]
    report = UploadReport("f", "0", "GeoJSON", None, {}, "design", "good", (), kept)
    assert (report.rows, report.accepted, report.held, report.refused, report.warned) == (5, 3, 1, 1, 2)


def test_events_come_back_as_they_were_however_many_there_are(principal):
    said = {"kind": "registered", "office_id": 1, "actor": "who", "occurred_at": moment_of(date(2026, 1, 2))}
    events = [NewEvent(subject=f"building/{k}", body={"area_m2": 0.1 + k, "name": None}, **said) for k in range(7)]
    kept = KeptEvents(in_memory=2)
    for event in events:
        kept.add([event])
    assert [event if isinstance(event, SaidEvent) else say_event(event) for event in kept] == [*map(say_event, events)]


def test_what_goes_wrong_ahead_is_told_where_it_is_taken():
    closed = []

    def items():
        try:
            yield 1
            message = "no more"
            raise ValueError(message)
        finally:
            closed.append(True)

    with one_ahead(items()) as taken:
        assert next(taken) == 1
        with pytest.raises(ValueError, match="no more"):
            next(taken)
    assert closed == [True]


def test_who_stops_early_ends_what_is_made_ahead():
    closed = []

    def items():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    with one_ahead(items()) as taken:
        assert next(taken) == 0
    assert closed == [True]
