"""Setbacks: each side of a site has its class, its distance and its margin."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint import Outcome, find_findings
from tests.blueprint.conftest import TODAY, make_footprints, make_layer, make_rule, turned

SITE = [(0, 0), (60, 0), (60, 40), (0, 40)]
RULE = make_rule(
    '{ layer = "GL3105" }',
    predicate="setback",
    more="""
block = "GH2303"
edges = { attribute = "BJLX", within_m = 1, beside = { street = ["GH2209"], water = ["GH2204"], rail = ["GH2401"] } }
required = [
    { value = 8, where = "edge = 'street'" },
    { value = 12, where = "edge = 'water'" },
    { value = 15, where = "edge = 'rail'" },
    { attribute = "block.jztr", where = "edge = 'rear'" },
    { value = 4 },
]
""",
)
FAR = float("inf")
STREET = make_layer("GH2209", [turned([(-50, -20), (110, -20), (110, -0.5), (-50, -0.5)])], reach_m=FAR)  # south


def box(west, south, east, north, *, angle_rad=0.3):
    return turned([(west, south), (east, south), (east, north), (west, north)], angle_rad=angle_rad)


def surroundings(*, site=SITE, attrs=None, jztr=6.0, **more):
    layers = [
        make_layer("GL3105", [turned(site)], attrs=[attrs or {}]),
        make_layer("GH2303", [turned(site)], attrs=[{"jztr": jztr}]),
        STREET,
        make_layer("GH2204", [], reach_m=FAR),
        make_layer("GH2401", [], reach_m=FAR),
    ]
    return {layer.code: layer for layer in layers} | more


def find(footprint, layers=None, rule=RULE):
    return find_findings(make_footprints(footprint), layers or surroundings(), [rule], as_of=TODAY)[0]


def margins(finding):
    return sorted(
        (each.label, round(each.measured, 6), each.required, round(each.margin, 6)) for each in finding.measures
    )


def test_every_side_has_its_class_distance_and_margin():
    finding = find(box(10, 9, 50, 33))
    assert margins(finding) == [
        ("rear", 7, 6, 1), ("side", 10, 4, 6), ("side", 10, 4, 6), ("street", 9, 8, 1),
    ]  # fmt: skip
    assert (finding.outcome, finding.margin_m) == (Outcome.PASS, pytest.approx(1, abs=1e-6))


def test_the_side_that_is_missed_most_is_told_with_the_line_and_the_side():
    finding = find(box(10, 3, 50, 36))  # 5 m short of the street, 2 of the rear
    worst, second = finding.measures[:2]
    assert (finding.outcome, worst.label, second.label) == (Outcome.FAIL, "street", "rear")
    assert (finding.margin_m, second.margin) == (pytest.approx(-5, abs=1e-6), pytest.approx(-2, abs=1e-6))
    assert finding.witness.length == pytest.approx(3, abs=1e-6)
    assert worst.edge.equals(shapely.LineString(turned(SITE).exterior.coords[:2]))


def test_a_footprint_beyond_a_side_is_as_far_below_zero_as_it_sticks_out():
    finding = find(box(10, -2.5, 50, 20))
    assert (finding.measured, finding.margin_m) == (pytest.approx(-2.5, abs=1e-6), pytest.approx(-10.5, abs=1e-6))
    assert finding.witness.area == pytest.approx(100)


def test_a_site_that_names_the_classes_of_its_sides_is_believed():
    finding = find(box(10, 13, 50, 33), surroundings(attrs={"BJLX": "water,side,rear,rail"}))
    assert sorted(each.label for each in finding.measures) == ["rail", "rear", "side", "water"]
    assert (finding.outcome, finding.required) == (Outcome.FAIL, 15)  # west


def test_sides_along_water_and_rail_are_told_by_their_neighbours():
    layers = surroundings(
        GH2204=make_layer("GH2204", [box(60.2, -10, 90, 50)], reach_m=FAR),
        GH2401=make_layer("GH2401", [shapely.LineString(box(-0.9, -9, 0, 60).exterior.coords[-2:])], reach_m=FAR),
    )
    assert {each.label: each.required for each in find(box(20, 10, 40, 30), layers).measures} == {
        "street": 8, "rear": 6, "water": 12, "rail": 15,
    }  # fmt: skip


def test_where_a_layer_is_missing_a_side_may_be_anything_it_could_make_it():
    layers = {code: layer for code, layer in surroundings().items() if code != "GH2401"}
    assert find(box(16, 16, 44, 24), layers).outcome is Outcome.PASS  # far enough even from a railway
    open_ = find(box(10, 9, 50, 33), layers)
    assert (open_.outcome, "edge" in open_.reason.en) == (Outcome.NOT_EVALUATED, True)
    assert find(box(10, 3, 50, 33), layers).outcome is Outcome.FAIL  # the street is known


def test_a_layer_that_was_not_loaded_so_far_around_leaves_sides_unknown():
    layers = surroundings(GH2401=make_layer("GH2401", [], reach_m=5.0))
    assert find(box(10, 9, 50, 33), layers).outcome is Outcome.NOT_EVALUATED


def test_a_block_that_says_nothing_leaves_the_rule_open():
    assert find(box(10, 9, 50, 33), surroundings(jztr=None)).outcome is Outcome.NOT_EVALUATED


def test_a_footprint_on_no_site_has_no_sides():
    assert find(box(100, 9, 120, 33)).outcome is Outcome.NOT_APPLICABLE
    unknown = surroundings(GL3105=make_layer("GL3105", [], complete=None))
    assert find(box(10, 9, 50, 33), unknown).outcome is Outcome.NOT_EVALUATED


def test_without_a_street_no_side_is_the_rear():
    layers = surroundings(GH2209=make_layer("GH2209", [], reach_m=FAR))
    assert {each.label for each in find(box(10, 9, 50, 33), layers).measures} == {"side"}


def test_several_footprints_on_several_sites_keep_to_their_own():
    far = [(x + 200, y) for x, y in SITE]
    layers = surroundings(GL3105=make_layer("GL3105", [turned(far), turned(SITE)]))
    found = find_findings(
        make_footprints(box(205, 5, 255, 35), box(10, 9, 50, 33), box(500, 0, 510, 10), box(206, 9, 255, 35)),
        layers, [RULE], as_of=TODAY,
    )  # fmt: skip
    assert [finding.outcome for finding in found] == ["pass", "pass", "not_applicable", "pass"]
    assert [round(finding.margin, 6) for finding in found if finding.margin is not None] == [1, 1, 1]
    assert [len(finding.measures) for finding in found] == [4, 4, 0, 4]


def test_a_hole_in_a_site_has_sides_too():
    ring = shapely.Polygon(SITE, [[(25, 15), (35, 15), (35, 25), (25, 25)]])
    drawn = shapely.affinity.translate(ring, 546_000, 4_855_000)
    layers = surroundings(GL3105=make_layer("GL3105", [drawn]), GH2209=make_layer("GH2209", [], reach_m=FAR))
    finding = find(shapely.affinity.translate(shapely.box(10, 15, 22, 25), 546_000, 4_855_000), layers)
    assert (len(finding.measures), finding.measured) == (8, pytest.approx(3, abs=1e-6))


@settings(max_examples=30)
@given(st.floats(-3, 25), st.floats(0, 9), st.floats(0, 6.3))
def test_moving_a_footprint_inward_raises_the_margin_of_that_side_by_as_much(south_m, inward_m, angle_rad):
    layers = surroundings() | {
        "GL3105": make_layer("GL3105", [turned(SITE, angle_rad=angle_rad)]),
        "GH2209": make_layer("GH2209", [box(-50, -20, 110, -0.5, angle_rad=angle_rad)], reach_m=FAR),
    }
    by_side = [
        {each.label: each.margin for each in find(box(20, y, 40, y + 5, angle_rad=angle_rad), layers).measures}
        for y in (south_m, south_m + inward_m)
    ]
    assert by_side[1]["street"] - by_side[0]["street"] == pytest.approx(inward_m, abs=1e-6)
