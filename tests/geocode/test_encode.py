"""From footprint to code: the specification's promises as laws."""

import json
import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geocode import BuildingCode, CrsError, FootprintError, decode, encode, encode_many, parse

VECTORS = json.loads((Path(__file__).parent / "vectors" / "building_code.json").read_text(encoding="utf-8"))
GEOMETRIES = shapely.from_wkt([row["wkt"] for row in VECTORS])
BOX = shapely.box(126.55, 43.84, 126.5502, 43.8401)
SOME_BAD = [None, shapely.Point(1, 1), shapely.Polygon(), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
BAD = [*SOME_BAD, shapely.box(400, 40, 401, 41), shapely.box(-170, 0, 170, 1), shapely.box(1, 1, 1 + 1e-10, 1 + 1e-10)]


def rows_of(encoded):
    return list(zip(encoded.codes.tolist(), encoded.h3.tolist(), encoded.area_m2.tolist(), strict=True))


def test_all_vectors_at_once():
    encoded = encode_many(GEOMETRIES)
    assert len(VECTORS) == 700
    assert encoded.faults.tolist() == [None] * 700
    assert encoded.codes.tolist() == [row["code"] for row in VECTORS]
    assert encoded.h3.tolist() == [row["h3"] for row in VECTORS]
    assert encoded.area_m2 == pytest.approx([row["area_m2"] for row in VECTORS], abs=1e-6)


def test_all_vectors_one_by_one():
    codes = [encode(geometry) for geometry in GEOMETRIES]
    assert [str(code) for code in codes] == [row["code"] for row in VECTORS]
    assert [code.h3 for code in codes] == [row["h3"] for row in VECTORS]


@settings(max_examples=40)
@given(st.data())
def test_one_by_one_is_all_at_once_to_the_last_bit(drawings, data):
    geometries = [drawing.geometry for drawing in data.draw(st.lists(drawings, min_size=1, max_size=6))]
    together = encode_many(geometries)
    alone = [encode_many([geometry]) for geometry in geometries]
    assert rows_of(together) == [row for encoded in alone for row in rows_of(encoded)]
    assert together.codes.tolist() == [str(encode(geometry)) for geometry in geometries]


def redrawn_ring(draw, ring):
    """Draw the same ring again: another start, another direction, repeated vertices, vertices on its straight edges."""
    start = draw(st.integers(0, len(ring) - 1))
    ring = ring[start:] + ring[:start]
    ring = ring[::-1] if draw(st.booleans()) else ring
    vertices = []
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        vertices += [(x0, y0)] * draw(st.integers(1, 2))
        steps = math.gcd(x1 - x0, y1 - y0)
        if steps > 1 and draw(st.booleans()):
            k = draw(st.integers(1, steps - 1))
            vertices.append((x0 + (x1 - x0) // steps * k, y0 + (y1 - y0) // steps * k))
    return tuple(vertices)


@given(st.data())
def test_ring_start_direction_part_order_and_redundant_vertices_do_not_change_the_code(drawings, data):
    drawing = data.draw(drawings)
    # doubled, so that every edge has at least a middle in whole units
    doubled = [[tuple((2 * (x // 2), 2 * (y // 2)) for x, y in ring) for ring in part] for part in drawing.parts]
    first = type(drawing)(tuple(map(tuple, doubled)))
    again = [tuple(redrawn_ring(data.draw, ring) for ring in part) for part in doubled]
    second = type(drawing)(tuple(data.draw(st.permutations(again))))
    assert rows_of(encode_many([first.geometry])) == rows_of(encode_many([second.geometry]))


@settings(max_examples=50)
@given(st.data())
def test_a_bad_row_changes_no_other(drawings, data):
    good = [drawing.geometry for drawing in data.draw(st.lists(drawings, min_size=1, max_size=4))]
    bad = data.draw(st.lists(st.sampled_from(BAD), min_size=1, max_size=4))
    mixed = data.draw(st.permutations([*good, *bad]))
    encoded = encode_many(mixed)
    for geometry, row, fault in zip(mixed, rows_of(encoded), encoded.faults, strict=True):
        is_good = any(geometry is each for each in good)
        assert (fault is None) == is_good
        assert row == rows_of(encode_many([geometry]))[0] if is_good else row[:2] == ("", "")
        assert is_good != math.isnan(row[2])


@given(st.data())
def test_a_code_tells_the_cell_of_the_centroid_and_a_range_with_the_area(drawings, data):
    drawing = data.draw(drawings)
    encoded = encode_many([drawing.geometry])
    told = decode(str(encoded.codes[0]))
    centroid = drawing.geometry.centroid
    assert told.h3 == encoded.h3[0]
    # the centroid was rounded to a unit of 1e-8 before it had a cell
    assert told.hexagon.distance(centroid) < 1e-8
    assert told.area_from_m2 <= encoded.area_m2[0] < told.area_to_m2
    assert told.generation == 0


@given(st.data())
def test_the_area_is_the_geodesic_area_but_for_the_change_of_scale_across_the_footprint(drawings, data):
    geometry = data.draw(drawings).geometry
    geod = pyproj.Geod(a=6378137, rf=298.257222101)
    area, _ = geod.geometry_area_perimeter(shapely.orient_polygons(geometry))
    assert encode_many([geometry]).area_m2[0] == pytest.approx(abs(area), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(("west", "snapped"), [(50_000_000.5, 50_000_000), (50_000_001.5, 50_000_002)])
def test_an_ordinate_half_way_between_two_units_goes_to_the_even_one(west, snapped):
    assert west / 1e8 * 1e8 == west
    drawn, even = (shapely.box(each / 1e8, 10, 0.500001, 10.000001) for each in (west, snapped))
    assert rows_of(encode_many([drawn])) == rows_of(encode_many([even]))


def test_a_terminal_of_three_kilometres_with_20000_vertices_has_a_code():
    turns = np.linspace(0, 2 * math.pi, 20_000, endpoint=False)
    radius = np.random.default_rng(3).uniform(0.0140, 0.0150, 20_000)
    terminal = shapely.Polygon(np.column_stack([126.4 + radius * np.cos(turns), 44.0 + radius * np.sin(turns)]))
    encoded = encode_many([terminal, BOX])
    assert encoded.faults.tolist() == [None, None]
    assert decode(str(encoded.codes[0])).hexagon.distance(terminal.centroid) < 1e-8
    assert encoded.codes[1] == str(encode(BOX))


def test_a_second_ring_that_starts_and_ends_at_the_first_vertex_of_the_first_is_seen():
    corner = (126.55, 43.84)
    shell = [corner, (126.551, 43.84), (126.551, 43.841), (126.55, 43.841)]
    hole = [corner, (126.5509, 43.8401), (126.5501, 43.8409)]
    part = [corner, (126.549, 43.84), (126.549, 43.839), (126.55, 43.839)]
    geometries = [shapely.Polygon(shell, [hole]), shapely.MultiPolygon([shapely.Polygon(shell), shapely.Polygon(part)])]
    elsewhere = [
        shapely.Polygon(shell[1:] + shell[:1], [hole[1:] + hole[:1]]),
        shapely.MultiPolygon([shapely.Polygon(part[2:] + part[:2]), shapely.Polygon(shell[1:] + shell[:1])]),
    ]
    assert shapely.is_valid(geometries).all()
    assert rows_of(encode_many(geometries)) == rows_of(encode_many(elsewhere))


def test_height_and_measure_are_dropped():
    with_z = shapely.force_3d(BOX, 12.5)
    with_nan = shapely.Polygon([(x, y, math.nan) for x, y in BOX.exterior.coords])
    with_zm = shapely.from_wkt(
        "POLYGON ZM ((126.55 43.84 1 2, 126.5502 43.84 1 2, 126.5502 43.8401 1 2, 126.55 43.8401 9 9, 126.55 43.84 1 2))"
    )
    assert {str(encode(geometry)) for geometry in (with_z, with_nan, with_zm)} == {str(encode(BOX))}


def test_a_part_alone_and_beside_empty_parts_is_the_polygon():
    ring = BOX.wkt.removeprefix("POLYGON ")
    several = shapely.from_wkt(
        [f"MULTIPOLYGON ({ring})", f"MULTIPOLYGON ({ring}, EMPTY)", f"MULTIPOLYGON (EMPTY, {ring})"]
    )
    assert set(encode_many([*several, BOX]).codes.tolist()) == {str(encode(BOX))}


def test_a_courtyard_moves_the_centroid_and_shrinks_the_area():
    shell = [(126.55, 43.84), (126.551, 43.84), (126.551, 43.841), (126.55, 43.841)]
    hole = [(126.5501, 43.8401), (126.5505, 43.8401), (126.5505, 43.8409), (126.5501, 43.8409)]
    encoded = encode_many([shapely.Polygon(shell), shapely.Polygon(shell, [hole])])
    assert encoded.area_m2[1] / encoded.area_m2[0] == pytest.approx(1 - 0.4 * 0.8, rel=1e-6)
    assert encoded.h3[0] != encoded.h3[1]


def test_no_rows_have_no_codes():
    encoded = encode_many([])
    assert {len(column) for column in encoded} == {0}


def test_one_geometry_is_refused_with_an_error_that_carries_the_fault():
    with pytest.raises(FootprintError, match="crosses itself") as caught:
        encode(SOME_BAD[3])
    assert caught.value.fault.kind == "self_intersection"


def test_a_crs_that_the_gate_refuses_stops_the_batch_before_any_row():
    with pytest.raises(CrsError):
        encode_many([None, object()], crs="EPSG:4214")


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:4480", "OGC:CRS84", 4490, pyproj.CRS(4326)])
def test_longitude_and_latitude_of_cgcs2000_and_wgs_84_pass_unchanged(crs):
    assert encode(BOX, crs=crs) == encode(BOX)


@pytest.mark.parametrize("zone", [4502 + 8, 4534 + 17, 4513 + 17, 32652, 3857])
def test_a_footprint_in_metres_has_the_code_of_its_place(zone):
    to_zone = pyproj.Transformer.from_crs(4490 if zone < 5000 else 4326, zone, always_xy=True)
    middle = shapely.box(126.5500003, 43.8400002, 126.5501501, 43.8400801)
    metres = shapely.transform(middle, lambda xy: np.column_stack(to_zone.transform(xy[:, 0], xy[:, 1])))
    assert encode(metres, crs=f"EPSG:{zone}") == encode(middle)


def test_a_code_of_a_geometry_is_of_the_first_generation():
    code = encode(BOX)
    assert code.generation == 0
    assert isinstance(code, BuildingCode)
    assert parse(str(code)) == code


def test_walls_thinner_than_a_unit_have_a_code_within_their_vertices_or_none():
    rng = np.random.default_rng(3)
    frames = []
    for _ in range(400):
        turns = np.sort(rng.uniform(0, 2 * math.pi, 4))
        reach = 10.0 ** rng.uniform(-6, 0) * np.column_stack([np.cos(turns), np.sin(turns)])
        wall_deg = 10.0 ** rng.uniform(-9.5, -8)
        court = reach * (1 - wall_deg / np.abs(reach).max())
        frames.append(shapely.Polygon(np.array([126.55, 80.0]) + reach, [np.array([126.55, 80.0]) + court]))
    encoded = encode_many(frames)
    coded = encoded.codes != ""
    assert 0 < coded.sum() < len(frames)
    assert {fault.kind for fault in encoded.faults[~coded]} >= {"zero_area"}
    west, south, east, north = shapely.bounds(frames)[coded].T
    lon, lat = encoded.lon_deg[coded], encoded.lat_deg[coded]
    assert ((west - 1e-8 < lon) & (lon < east + 1e-8) & (south - 1e-8 < lat) & (lat < north + 1e-8)).all()


def test_walls_of_a_third_of_a_unit_are_refused():
    # what snapping leaves has its centroid 260 m away
    shell = [(126.55018242407, 43.8400819845), (126.54981663378, 43.84007985505), (126.55017563996, 43.8399043412)]
    court = [(126.55018242369, 43.84008198433), (126.54981663416, 43.84007985489), (126.55017563959, 43.8399043414)]
    assert [fault.kind for fault in encode_many([shapely.Polygon(shell, [court])]).faults] == ["zero_area"]
