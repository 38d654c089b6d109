"""Every kind of fault: something causes it, its place is right, and both languages say it in full."""

import math
import re
import string
import tomllib
import warnings
from importlib.resources import files

import numpy as np
import pytest
import shapely

from geocode import CodeError, CrsError, encode_many, find_faults, parse
from geocode import crs_gate as gate
from geocode.alphabet import ALPHABET, check_value
from geocode.faults import read_sentences
from geocode.footprints import MAX_VERTICES, _invalidity

SENTENCES = tomllib.loads(files("geocode").joinpath("faults.toml").read_text(encoding="utf-8"))
GAUSS_KRUEGER = "EPSG:4551"


def square(x, y, size):
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


def with_nan(position):
    vertices = np.array([*square(126, 43, 0.001), (126, 43)])
    vertices[position, 1] = math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return shapely.Polygon(shapely.linearrings(vertices))


def circle(count):
    turns = np.linspace(0, 2 * math.pi, count, endpoint=False)
    return shapely.Polygon(np.column_stack([126 + 0.01 * np.cos(turns), 43 + 0.01 * np.sin(turns)]))


def of_parts(*rings):
    return shapely.MultiPolygon([shapely.Polygon(ring) for ring in rings])


# (what is drawn, its CRS) → (kind, x, y, vertex)
DRAWN = {
    "nothing": (None, "no_geometry", None, None, None),
    "a point": (shapely.Point(126, 43), "wrong_type", None, None, None),
    "a closed line": (shapely.LinearRing(square(126, 43, 1)), "wrong_type", None, None, None),
    "an empty collection": (shapely.GeometryCollection(), "wrong_type", None, None, None),
    "an empty polygon": (shapely.Polygon(), "empty_geometry", None, None, None),
    "parts that are all empty": (shapely.from_wkt("MULTIPOLYGON (EMPTY, EMPTY)"), "empty_geometry", None, None, None),
    "NaN": (with_nan(2), "not_finite", None, None, 2),
    "infinity": (shapely.Polygon([(0, 0), (1, math.inf), (1, 1)]), "not_finite", None, None, 1),
    "too many vertices": (circle(MAX_VERTICES), "too_many_vertices", None, None, None),
    "three vertices on a line": (shapely.Polygon([(1, 1), (2, 2), (4, 4)]), "zero_area", 1, 1, 0),
    "one vertex thrice": (shapely.Polygon([(1, 2), (1, 2), (1, 2)]), "zero_area", 1, 2, 0),
    "there and back": (shapely.from_wkt("POLYGON ((1 1, 2 2, 1 1, 1 1))"), "zero_area", 1, 1, 0),
    "less than a unit": (shapely.Polygon(square(126, 43, 1e-10)), "zero_area", 126, 43, 0),
    "a bow-tie": (shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "self_intersection", 1, 1, None),
    "a bow-tie of unequal wings": (
        shapely.Polygon([(126, 43), (126.5, 43.5), (126.5, 43), (126, 43.25)]),
        "self_intersection",
        126 + 1 / 6,
        43 + 1 / 6,
        None,
    ),
    "a bow-tie with a vertex in the crossing": (
        shapely.Polygon([(0, 0), (1, 1), (2, 2), (2, 0), (1, 1), (0, 2)]),
        "ring_self_intersection",
        1,
        1,
        1,
    ),
    "parts that overlap": (of_parts(square(0, 0, 2), square(1, 1, 2)), "self_intersection", 1, 2, None),
    "a ring that touches itself": (
        shapely.Polygon([(0, 0), (9, 0), (9, 9), (5, 5), (6, 8), (4, 8), (5, 5), (0, 9)]),
        "ring_self_intersection",
        5,
        5,
        3,
    ),
    "a hole beside its shell": (shapely.Polygon(square(0, 0, 1), [square(3, 3, 1)]), "hole_outside", 3, 3, 5),
    "a hole in a hole": (
        shapely.Polygon(square(0, 0, 9), [square(1, 1, 7), square(3, 3, 1)]),
        "nested_holes",
        3,
        3,
        10,
    ),
    "a part in a part": (of_parts(square(0, 0, 9), square(3, 3, 1)), "nested_shells", 3, 3, 5),
    "a hole from wall to wall": (
        shapely.Polygon(square(0, 0, 10), [[(0, 5), (5, 3), (10, 5), (5, 7)]]),
        "disconnected_interior",
        10,
        5,
        7,
    ),
    "the same part twice": (of_parts(square(0, 0, 1), square(0, 0, 1)), "self_intersection", 1, 1, 2),
    "the same hole twice": (
        shapely.Polygon(square(0, 0, 9), [square(1, 1, 1), square(1, 1, 1)]),
        "self_intersection",
        2,
        2,
        7,
    ),
    "a hole of one place": (
        shapely.from_wkt("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 1, 1 1, 1 1))"),
        "too_few_points",
        1,
        1,
        5,
    ),
    "metres taken as degrees": (shapely.Polygon(square(500_000, 4_800_000, 10)), "out_of_range", 500_000, 4_800_000, 0),
    "one vertex north of the pole": (
        shapely.Polygon([(126, 89), (127, 89), (126.5, 90.5)]),
        "out_of_range",
        126.5,
        90.5,
        2,
    ),
    "numbers too large to square": (shapely.Polygon(square(1e300, 0, 1e299)), "out_of_range", 1e300, 0, 0),
    "a ring around the world": (shapely.Polygon([(-170, 0), (170, 0), (170, 1)]), "wide_ring", None, None, None),
}


@pytest.mark.parametrize("drawn", DRAWN)
def test_a_fault_has_its_kind_place_and_vertex(drawn):
    geometry, kind, x, y, vertex = DRAWN[drawn]
    fault = encode_many([geometry]).faults[0]
    assert (fault.kind, fault.vertex) == (kind, vertex)
    assert (fault.x, fault.y) == (x, y) if x is None else (fault.x, fault.y) == pytest.approx((x, y), rel=1e-12)


@pytest.mark.parametrize(
    ("vertices", "vertex"),
    [
        ([*square(500_000, 4_800_000, 10)[:2], (1e20, 4_800_010)], 2),
        (square(1e9, 4_800_000, 10), 0),
        (square(1e30, 4_800_000, 1e29), 0),
    ],
)
def test_a_place_that_the_projection_does_not_know_is_told_in_the_coordinates_as_delivered(vertices, vertex):
    fault = encode_many([shapely.Polygon(vertices)], crs=GAUSS_KRUEGER).faults[0]
    assert (fault.kind, fault.x, fault.y, fault.vertex) == ("outside_crs", *vertices[vertex], vertex)
    assert GAUSS_KRUEGER in fault.text.zh


def test_a_bow_tie_in_metres_is_placed_in_metres():
    vertices = [(500_000, 4_800_000), (500_020, 4_800_020), (500_020, 4_800_000), (500_000, 4_800_020)]
    fault = encode_many([shapely.Polygon(vertices)], crs=GAUSS_KRUEGER).faults[0]
    assert (fault.kind, fault.x, fault.y) == ("self_intersection", 500_010, 4_800_010)


def test_a_vertex_is_counted_over_all_rings_and_parts():
    hole = [(3, 3), (4, 4), (5, 5), (6, 4), (4, 4), (3, 5)]
    geometry = shapely.MultiPolygon([shapely.Polygon(square(20, 0, 9)), shapely.Polygon(square(0, 0, 9), [hole])])
    fault = find_faults(np.array([geometry]))[0]
    assert (fault.x, fault.y, fault.vertex) == (4, 4, 11)


def test_many_misplaced_rows_are_told_row_by_row():
    x = np.arange(500_000, 520_000, 20)
    rows = [*shapely.box(x, 4_800_000, x + 10, 4_800_010), shapely.box(1, 1, 1.001, 1.001)]
    faults = encode_many(rows).faults
    assert [(fault.x, fault.vertex) for fault in faults[:-1]] == [(each + 10.0, 0) for each in x.tolist()]
    assert faults[-1] is None


def test_a_vertex_of_the_largest_footprint_is_no_fault():
    # shapely closes the ring with one more
    assert encode_many([circle(MAX_VERTICES - 1)]).faults[0] is None


def faults_of_texts():
    return [
        ("code_length", lambda: parse("4E7U5")),
        ("code_letter", lambda: parse("4E7U5-CKJ2W-FOJ")),
        ("code_letter", lambda: parse("4E7U5-CKJ2W-F中J")),
        ("code_check", lambda: parse("4E7U5-CKJ2W-F0K")),
        ("code_cell", lambda: parse("YYYYY-YYYYY-00" + ALPHABET[check_value([30] * 10 + [0, 0])])),
        ("code_division", lambda: parse("22020X-4E7U5-CKJ2W-F0J")),
        ("crs_unknown", lambda: gate("EPSG:99999")),
        ("crs_missing", lambda: gate(None)),
        ("crs_parameters", lambda: gate("EPSG:4610")),
        ("crs_accuracy", lambda: gate("EPSG:4301")),
        ("crs_kind", lambda: gate("EPSG:5737")),
    ]


def raised(cause):
    with pytest.raises((CodeError, CrsError)) as caught:
        cause()
    return caught.value.fault


def unseen_by_this_geos():
    # GEOS 3.14 calls repeated rings a self-intersection; its other words stay in our table
    vertices = np.array([(1.0, 2.0), (3.0, 4.0)])
    return [_invalidity("Duplicate Rings[3 4]", vertices), _invalidity("Words of a later GEOS[1 2]", vertices)]


def every_fault():
    drawn = [encode_many([row[0]]).faults[0] for row in DRAWN.values()]
    far = encode_many([shapely.Polygon(square(1e9, 4_800_000, 10))], crs=GAUSS_KRUEGER).faults[0]
    return [*drawn, far, *unseen_by_this_geos(), *(raised(cause) for _, cause in faults_of_texts())]


@pytest.mark.parametrize(("kind", "cause"), faults_of_texts())
def test_a_text_and_a_crs_have_the_kind_of_their_fault(kind, cause):
    assert raised(cause).kind == kind


def test_words_of_geos_are_told_by_our_kinds_and_unknown_words_as_they_are():
    repeated, unknown = unseen_by_this_geos()
    assert (repeated.kind, repeated.x, repeated.y, repeated.vertex) == ("duplicate_rings", 3, 4, 1)
    assert unknown.kind == "invalid"
    assert "Words of a later GEOS" in unknown.text.en


def test_every_kind_is_caused_by_a_test_and_every_caused_kind_has_sentences():
    assert {fault.kind for fault in every_fault()} == set(SENTENCES)
    assert read_sentences("geocode", "faults.toml").kinds() == set(SENTENCES)


def test_every_placeholder_is_filled_in_both_languages():
    for fault in every_fault():
        for sentence in (*fault.text, *fault.remedy):
            assert sentence
            assert not re.search(r"[{}]|\bNone\b|\bnan\b", sentence), (fault.kind, sentence)


@pytest.mark.parametrize("kind", SENTENCES)
def test_both_languages_say_the_same_things(kind):
    row = SENTENCES[kind]
    assert set(row) == {"zh", "en", "remedy_zh", "remedy_en"}
    for zh, en in ((row["zh"], row["en"]), (row["remedy_zh"], row["remedy_en"])):
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh, en)]
        assert names[0] == names[1]
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert zh.endswith("。")
        assert en.endswith(".")
        assert not re.search(r"[\u4e00-\u9fff]", en)


@pytest.mark.parametrize("cause", [cause for _, cause in faults_of_texts()])
def test_an_error_says_what_is_wrong_and_what_to_do(cause):
    with pytest.raises((CodeError, CrsError)) as caught:
        cause()
    assert str(caught.value) == f"{caught.value.fault.text.en} {caught.value.fault.remedy.en}"
    assert isinstance(caught.value, ValueError)
