"""What the tests of the store share: ground to build on, a surveying office, a transaction that leaves nothing behind."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geocode import BuildingCode, encode_many, parse
from geocode.planes import from_plane, to_plane
from registry.fingerprints import fingerprints
from registry.generations import issue_codes
from registry.ledger.events import NewEvent
from registry.settling import settle
from store.buildings import (
    add_buildings,
    add_footprints,
    close_footprints,
    highest_generations,
    living_footprints,
    lock_buildings,
    lock_ground,
)
from store.database import Connection, Database, transaction
from store.documents import add_document
from store.ledger import append_events
from store.offices import have_office
from store.uploads import add_upload

PLANE = "EPSG:4551"
ORIGIN = (540_000.0, 4_850_000.0)


@dataclass(frozen=True, slots=True)
class Desk:
    """A surveying office with a delivery open, as the rows of the register want it."""

    office_id: int
    document_id: int
    upload_id: str

    def add(self, connection: Connection, shapes: Any, codes: Sequence[str]) -> dict[str, str]:
        """Add new buildings without asking what stands there, and return their ids by code."""
        ids = add_buildings(connection, [{"code": code, "office_id": self.office_id} for code in codes])
        self.add_versions(connection, shapes, [ids[code] for code in codes])
        return ids

    def add_versions(
        self, connection: Connection, shapes: Any, buildings: Sequence[str], *, versions: Sequence[int] | None = None
    ) -> None:
        """Add geometry versions of buildings."""
        common = {"office_id": self.office_id, "upload_id": self.upload_id, "stage": "design", "attributes": {}}
        measures = {"h3": "8f", "area_m2": 1.0, "plane": PLANE, "plane_area_m2": 1.0, "perimeter_m": 4.0}
        prints = fingerprints(shapes)
        rows = [
            {
                **common,
                **measures,
                "building_id": building,
                "version": version,
                "name": None,
                "fingerprint": prints[i],
                "geom": shapes[i],
            }
            for i, (building, version) in enumerate(zip(buildings, versions or [1] * len(buildings), strict=True))
        ]
        add_footprints(connection, rows)

    def register(self, connection: Connection, shapes: Any) -> list[tuple[str, str]]:
        """Register footprints, new or known, as an upload does, and return the relation and the code of each."""
        lock_ground(connection, shapes)
        living = living_footprints(connection, shapes)
        delivered = in_plane(gpd.GeoDataFrame({"fingerprint": fingerprints(shapes)}, geometry=shapes))
        done = {each.delivered[0]: each for each in settle(delivered, in_plane(living)).done}
        lock_buildings(connection, [each.known[0] for each in done.values() if each.known])
        new = [i for i in sorted(done) if done[i].kind == "new"]
        drawn = [parse(str(code)) for code in encode_many(shapes[new]).codes]
        issued = issue_codes(drawn, highest_generations(connection, [code.ground for code in drawn]))
        codes = {i: code.compact for i, code in zip(new, issued, strict=True)}
        self.add(connection, shapes[new], list(codes.values()))
        revised = [i for i in sorted(done) if done[i].kind == "revised"]
        buildings = [done[i].known[0] for i in revised]
        close_footprints(connection, buildings)
        versions = [int(living.version[building]) + 1 for building in buildings]
        self.add_versions(connection, shapes[revised], buildings, versions=versions)
        return [(done[i].kind, codes[i] if i in codes else living.code[done[i].known[0]]) for i in range(len(shapes))]

    def add_event(self, connection: Connection, building: str | None, *, kind: str = "registered") -> None:
        """Append an event."""
        append_events(connection, [self.new_event(building, kind=kind)])

    def new_event(self, building: str | None = None, *, kind: str = "registered", **body: Any) -> NewEvent:
        """Return an event of the office's."""
        return NewEvent(
            kind=kind,
            subject="building/4E7U5CKJ2WF0J",
            building_id=building,
            office_id=self.office_id,
            actor="test",
            occurred_at=datetime.now(UTC),
            body=body,
        )


def in_plane(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(to_plane(np.asarray(frame.geometry.values), PLANE)).set_crs(PLANE, allow_override=True)


def open_desk(connection: Connection, *, office: str = "survey", content: bytes = b"delivery") -> Desk:
    named = have_office(connection, code=office, name_zh=f"{office} 测绘院", name_en=f"{office} office")
    sha256 = hashlib.sha256(content).hexdigest()
    document = add_document(connection, office_id=named.id, sha256=sha256, name="a.zip", size_bytes=len(content))
    values = {"office_id": named.id, "document_id": document, "options": {"n": office}, "actor": "test", "report": {}}
    return Desk(named.id, document, add_upload(connection, values))


@pytest.fixture(scope="session")
def scratch(new_database: Callable[..., Database]) -> Database:
    """Return a database that stays empty: what is written there is never committed."""
    return new_database()


@pytest.fixture
def connection(scratch: Database) -> Iterator[Connection]:
    """Return a connection in a transaction that is undone at the end of the test."""
    with scratch.connect() as opened, opened.begin() as begun:
        yield opened
        begun.rollback()


@pytest.fixture
def owner_connection(scratch: Database, as_owner: Callable[[Database], Database]) -> Iterator[Connection]:
    """Return a connection of the owner's, a superuser, in a transaction that is undone at the end of the test."""
    with as_owner(scratch).connect() as opened, opened.begin() as begun:
        yield opened
        begun.rollback()


@pytest.fixture
def desk(connection: Connection) -> Desk:
    """Return an office's desk in the test's transaction."""
    return open_desk(connection)


@pytest.fixture
def other_desk(connection: Connection) -> Desk:
    """Return the desk of another office, with a delivery of the same bytes."""
    return open_desk(connection, office="rival")


@pytest.fixture
def office_desk(database: Database) -> Desk:
    """Return an office's desk in the test's own database, committed."""
    with transaction(database) as connection:
        return open_desk(connection)


@pytest.fixture(scope="session")
def on_ground() -> Callable[..., Any]:
    """Return what brings footprints, drawn in metres from a corner of the city, to EPSG:4490 as MultiPolygons."""

    def bring(*footprints: Any) -> Any:
        shapes = np.empty(len(footprints), dtype=object)
        shapes[:] = [shapely.MultiPolygon([shape]) for shape in footprints]
        return from_plane(shapely.transform(shapes, lambda xy: xy + ORIGIN), PLANE)

    return bring


@pytest.fixture(scope="session")
def house_codes() -> Callable[[int], list[str]]:
    """Return a maker of codes that differ, for houses whose place does not matter."""

    def make(count: int) -> list[str]:
        first = parse("4E7U5-CKJ2W-F0J")
        return [BuildingCode(first.number + i, first.size_class).compact for i in range(count)]

    return make


@pytest.fixture
def plan_edition() -> dict[str, Any]:
    """Return the columns of a layer's edition, its office to be added."""
    return {
        "layer": "GH2201",
        "title": "Basic farmland 2024",
        "source": "district.gpkg",
        "source_layer": "YJJBNT",
        "source_sha256": "0" * 64,
        "accuracy_m": 0.5,
        "currency": None,
        "valid_from": date(2024, 1, 1),
        "valid_to": None,
        "completeness": None,
    }


@pytest.fixture(scope="session")
def plan_features() -> Callable[..., gpd.GeoDataFrame]:
    """Return a maker of a layer's features from geometries in EPSG:4490."""

    def make(geometries: Sequence[Any], **columns: Sequence[Any]) -> gpd.GeoDataFrame:
        empty = {
            name: [None] * len(geometries) for name in ("source_id", "name", "class_code", "valid_from", "valid_to")
        }
        attributes = {"attributes": [{} for _ in geometries]}
        return gpd.GeoDataFrame(
            {**empty, **attributes, **columns}, geometry=list(geometries), crs="EPSG:4490", dtype=object
        )

    return make
