"""The published vectors: what they say is what the library finds, and what the reference implementation finds."""

import json
import math
import warnings
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from geocode import CodeError, CrsError, decode, encode_many, parse
from geocode.cells import cell_number, cell_parent, is_cell_number, number_cell

FOLDER = Path(__file__).parents[2] / "data" / "vectors"
LINES = (FOLDER / "building_code.jsonl").read_text(encoding="ascii").splitlines()
VECTORS = [json.loads(line) for line in LINES]
FOOTPRINTS = [vector for vector in VECTORS if "geometry" in vector]
TEXTS = [vector for vector in VECTORS if "text" in vector]
TOLD = [vector for vector in VECTORS if "centre" in vector]
COARSER_CELLS = [vector for vector in VECTORS if "cell" in vector]
# minutes of plain Python among them: the reference judged them when the file was written
LARGE_GROUPS = ("large", "too_many_vertices")
EVERY = 25
JUDGED_GROUPS = {
    *("holes", "parts", "folded_rings", "nearly_on_a_line", "judged_in_the_plane"),
    *("crossing", "touching_itself", "too_few_points"),
}
# no geometry of shapely has a position without two numbers, or a hole where it has no shell: its readers refuse the text
UNBUILDABLE_GROUPS = ("no_pair_of_numbers", "hole_without_shell")


def drawn(geometry, follow_rule):
    """Return the shapely geometry of a vector."""
    if geometry is None:
        return None
    if "rule" in geometry:
        return built(follow_rule(geometry))
    try:
        return shapely.from_geojson(json.dumps(geometry))
    except shapely.GEOSException:
        return built(geometry)


def built(geometry):
    """Return also what no reader takes: rings that are not closed, numbers that are not finite, heights that are none."""
    several = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        parts = [[shapely.linearrings(flat(ring)) for ring in part if ring] for part in several]
    return shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in parts if part])


def flat(ring):
    return np.array([position[:2] for position in ring], dtype=float)


@pytest.fixture(scope="module")
def encoded(oracle):
    """Return what the library makes of every footprint: vector, code, cell, area, fault."""
    rows = []
    by_frame = sorted(
        (vector for vector in FOOTPRINTS if vector["group"] not in UNBUILDABLE_GROUPS),
        key=lambda vector: str(frame(vector)),
    )
    for crs, group in groupby(by_frame, key=frame):
        several = list(group)
        geometries = [drawn(vector["geometry"], oracle.rules.follow_rule) for vector in several]
        rows += zip(several, *encoded_in(geometries, crs), strict=True)
    return rows


def frame(vector):
    return vector.get("crs", "EPSG:4490")


def encoded_in(geometries, crs):
    """Return codes, cells, areas and faults of footprints; the frame's fault for each where the frame is refused."""
    try:
        found = encode_many(geometries, crs=crs)
    except CrsError as error:
        count = len(geometries)
        return [""] * count, [""] * count, [math.nan] * count, [error.fault] * count
    return found.codes.tolist(), found.h3.tolist(), found.area_m2.tolist(), found.faults.tolist()


def test_there_are_vectors_of_every_group_and_each_has_a_name_of_its_own():
    names = [vector["id"] for vector in VECTORS]
    assert len(set(names)) == len(names)
    assert len(FOOTPRINTS) >= 3_000
    assert len(TEXTS) >= 300
    assert min(Counter(vector["group"] for vector in VECTORS).values()) >= 2


def test_every_footprint_has_the_code_and_the_cell_of_its_vector(encoded):
    found = [(vector["id"], code, cell) for vector, code, cell, _, _ in encoded]
    assert found == [(vector["id"], vector.get("code", ""), vector.get("h3", "")) for vector, *_ in encoded]


def test_every_refused_footprint_has_the_fault_of_its_vector(encoded):
    found = [(vector["id"], fault and fault.kind) for vector, _, _, _, fault in encoded]
    assert found == [(vector["id"], vector.get("fault")) for vector, *_ in encoded]


def test_every_area_is_that_of_its_vector_within_what_the_specification_allows(encoded):
    for vector, _, _, area_m2, _ in encoded:
        if "area_m2" in vector:
            allowed = max(1e-9, 1e-13 * vector["area_m2"] / max(1e-12, np.cos(np.radians(vector["y"] / 1e8))))
            assert area_m2 == pytest.approx(vector["area_m2"], rel=0, abs=allowed), vector["id"]


def test_the_parts_of_every_code_are_those_of_its_vector():
    for vector in FOOTPRINTS:
        if "code" in vector:
            code = parse(vector["code"])
            assert (code.number, code.size_class, code.h3) == (
                vector["cell_number"],
                vector["size_class"],
                vector["h3"],
            )


def test_one_building_written_in_eight_ways_has_one_code():
    lots = [vector for vector in VECTORS if vector["group"] == "same_drawing"]
    for lot in (lots[i : i + 8] for i in range(0, len(lots), 8)):
        assert len({(vector["code"], vector["double_area"], vector["x"], vector["y"]) for vector in lot}) == 1


def test_both_sides_of_every_edge_between_size_classes_are_there():
    classes = [vector["size_class"] for vector in VECTORS if vector["group"] == "size_classes"]
    assert Counter(zip(classes[::2], classes[1::2], strict=True)).keys() >= {(k, k + 1) for k in range(30)}


def test_every_kind_of_fault_of_footprints_and_codes_that_a_text_or_a_drawing_can_have_has_vectors():
    assert {vector["fault"] for vector in VECTORS if "fault" in vector} == {
        *("no_geometry", "wrong_type", "empty_geometry", "too_many_vertices", "not_finite", "zero_area"),
        *("too_few_points", "self_intersection", "ring_self_intersection", "hole_outside", "nested_holes"),
        *("nested_shells", "disconnected_interior", "out_of_range", "outside_crs", "wide_ring"),
        *("crs_missing", "crs_unknown", "crs_kind", "crs_parameters"),
        *("code_length", "code_letter", "code_check", "code_cell", "code_division"),
    }


def test_every_text_is_read_as_its_vector_says():
    assert [{**vector, **read(vector["text"])} for vector in TEXTS] == TEXTS


def read(text):
    try:
        code = parse(text)
    except CodeError as error:
        return {"fault": error.fault.kind}
    return {"code": str(code), "h3": code.h3, "size_class": code.size_class, "generation": code.generation}


@pytest.mark.parametrize("vector", TOLD, ids=lambda vector: vector["id"])
def test_a_code_alone_tells_what_its_vector_says(vector):
    told = decode(vector["code"])
    assert (told.h3, told.code.size_class, told.generation) == (
        vector["h3"],
        vector["size_class"],
        vector["generation"],
    )
    area_to_m2 = math.inf if vector["area_to_m2"] is None else vector["area_to_m2"]
    assert (told.area_from_m2, told.area_to_m2) == pytest.approx((vector["area_from_m2"], area_to_m2), rel=1e-12)
    assert is_near(told.centre, vector["centre"])
    corners = zip(told.hexagon.exterior.coords[:-1], vector["corners"], strict=True)
    assert all(is_near(*both) for both in corners)


def is_near(place, other):
    """Tell whether two places are within 1e-8 degrees of each other, whatever the writing of their longitudes."""
    (lon, lat), (other_lon, other_lat) = place, other
    east = (lon - other_lon + 180) % 360 - 180
    return math.hypot(east * math.cos(math.radians(lat)), lat - other_lat) <= 1e-8


def test_the_areas_of_the_zones_are_those_that_the_library_asks_for(oracle):
    for code in range(4491, 4555):
        west, south, east, north = pyproj.CRS(code).area_of_use.bounds
        limits = (west - 3, south - 15, east + 3, north + 15)
        assert oracle.plane.limits_deg(f"EPSG:{code}") == pytest.approx(limits, abs=1e-9), code


def test_footprints_near_the_limits_of_a_zone_are_coded_within_and_refused_beyond():
    for group, has_code in (("beside_zones", True), ("outside_zones", False)):
        several = [vector for vector in FOOTPRINTS if vector["group"] == group]
        assert {vector["crs"] for vector in several} == {f"EPSG:{code}" for code in range(4491, 4555)}
        assert {"code" in vector for vector in several} == {has_code}


@pytest.mark.parametrize("vector", COARSER_CELLS, ids=lambda vector: vector["cell"])
def test_a_coarser_cell_is_the_range_of_codes_that_its_vector_says(vector):
    cell, first, last = int(vector["cell"], 16), vector["first"], vector["last"]
    resolution = cell >> 52 & 15
    assert is_cell_number(first)
    assert is_cell_number(last)
    for number in (first - 1, first, last, last + 1):
        is_inside = is_cell_number(number) and cell_parent(number_cell(number), resolution) == cell
        assert is_inside == (first <= number <= last)


def test_the_reference_finds_what_the_vectors_say(oracle):
    small = [vector for vector in FOOTPRINTS if vector["group"] not in LARGE_GROUPS]
    for vector in small[::EVERY]:
        assert {**vector, **found_by(oracle.reference, vector)} == vector


def found_by(reference, vector):
    try:
        coded = reference.encode(vector["geometry"], crs=frame(vector))
    except reference.Refused as refusal:
        return {"fault": str(refusal)}
    return {**coded._asdict(), "double_area": str(coded.double_area)}


def test_the_generator_writes_the_same_bytes_again(oracle):
    again = [json.dumps(vector, separators=(",", ":")) for vector in oracle.generate.vectors(without=LARGE_GROUPS)]
    assert again == [line for line, vector in zip(LINES, VECTORS, strict=True) if vector["group"] not in LARGE_GROUPS]


def test_the_reference_judges_validity_as_geos_does(oracle):
    for vector in FOOTPRINTS:
        if vector["group"] in JUDGED_GROUPS:
            parts = shapely.get_parts(drawn(vector["geometry"], None))
            rings = [[ring.coords for ring in (part.exterior, *part.interiors)] for part in parts]
            plain = [[[vertex[:2] for vertex in ring] for ring in part] for part in rings]
            is_valid = shapely.is_valid(drawn(vector["geometry"], None))
            assert (oracle.validity.find_invalidity(plain) is None) == is_valid, vector["id"]


def test_numbers_of_the_reference_are_those_of_the_library(oracle):
    for vector in FOOTPRINTS[:200]:
        cell = int(vector["h3"], 16)
        assert oracle.reference.number_of_cell(cell) == cell_number(cell) == vector["cell_number"]
