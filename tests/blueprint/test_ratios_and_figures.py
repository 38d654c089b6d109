"""Ratios of a site and figures of a footprint, against what its block states."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import Outcome, find_findings, load_rules
from blueprint.ratios import area_sigma_m2
from tests.blueprint.conftest import TODAY, make_footprints, make_layer, turned

SEED = {rule.id: rule for rule in load_rules()}
FAR = float("inf")


def box(west, south, east, north):
    return turned([(west, south), (east, south), (east, north), (west, north)])


SITE = box(0, 0, 100, 50)  # 5000 m²; the permit says 4900
BLOCK = {"rjl": 2.0, "jzmd": 30.0, "ldl": 35.0, "jzxg": 54.0, "pjcw": 40}


def surroundings(*others, site=None, block=BLOCK, **more):
    layers = [
        make_layer("GL3105", [SITE], attrs=[{"YDMJ": 4900.0} if site is None else site]),
        make_layer("GH2303", [SITE, box(100, 0, 200, 50)], attrs=[block, {"jzxg": 9.0}]),
        make_layer("XZ1301", others, reach_m=FAR),
    ]
    return {layer.code: layer for layer in layers} | more


def find(rule, layers, *footprints, attrs=None):
    frame = make_footprints(*footprints)
    if attrs is not None:
        frame["attrs"] = attrs if isinstance(attrs, list) else [attrs]
    return find_findings(frame, layers, [SEED[rule]], as_of=TODAY)


def test_coverage_counts_all_buildings_of_the_site_once_over_the_permits_area():
    inside, same, half_out, outside = box(60, 10, 80, 30), box(10, 10, 40, 40), box(95, 0, 115, 20), box(110, 0, 120, 9)
    (finding,) = find("R20", surroundings(inside, same, half_out, outside), box(10, 10, 40, 40))
    assert finding.measured == pytest.approx((900 + 400) / 4900)
    assert (finding.required, finding.unit, finding.outcome) == (pytest.approx(0.3), "1", Outcome.PASS)
    permit, gis = finding.measures
    assert (permit.label, gis.label, gis.measured) == ("permit_area", "gis_area", pytest.approx(1300 / 5000))


def test_several_footprints_on_a_site_count_together():
    found = find("R20", surroundings(), box(10, 10, 40, 40), box(50, 10, 80, 40))
    assert [finding.outcome for finding in found] == [Outcome.FAIL] * 2
    assert found[0].margin == pytest.approx(0.3 - 1800 / 4900)


def test_basements_are_no_ground_built_on():
    attrs = [{"space": "underground"}, {"space": "surface"}]
    found = find("R20", surroundings(), box(50, 10, 80, 40), box(10, 10, 40, 40), attrs=attrs)
    assert [finding.outcome for finding in found] == [Outcome.NOT_APPLICABLE, Outcome.PASS]
    assert found[1].measured == pytest.approx(900 / 4900)
    assert find("R20", surroundings(), box(50, 10, 80, 40), attrs=attrs[0])[0].outcome is Outcome.NOT_APPLICABLE


def test_coverage_that_is_not_all_known_can_only_be_exceeded():
    layers = surroundings(XZ1301=make_layer("XZ1301", [], reach_m=0.0))
    assert find("R20", layers, box(10, 10, 40, 40))[0].outcome is Outcome.NOT_EVALUATED
    assert find("R20", layers, box(10, 10, 60, 45))[0].outcome is Outcome.FAIL
    missing = {code: layer for code, layer in surroundings().items() if code != "XZ1301"}
    assert find("R20", missing, box(10, 10, 40, 40))[0].outcome is Outcome.NOT_EVALUATED


def test_how_sure_a_coverage_is_depends_on_how_accurate_the_walls_are():
    (finding,) = find("R20", surroundings(), box(10, 5, 10 + 1471 / 40, 45))  # 1 m² too much, 2 sigma are about 5
    assert (finding.outcome, finding.certainty) == (Outcome.FAIL_WITHIN_ACCURACY, "within_accuracy")


def test_the_area_of_a_square_is_as_sure_as_the_shoelace_formula_says():
    assert area_sigma_m2(shapely.box(0, 0, 10, 10), 0.05) == pytest.approx(0.05 / 2 * math.sqrt(4 * 200))


@pytest.mark.parametrize(
    ("floor_m2", "outcome"), [(9800.0, Outcome.PASS), (9900.0, Outcome.FAIL), (None, Outcome.NOT_EVALUATED)]
)
def test_floor_area_comes_from_the_report(floor_m2, outcome):
    (finding,) = find("R19", surroundings(), box(10, 10, 40, 40), attrs={"far_area_m2": floor_m2})
    assert finding.outcome is outcome
    if floor_m2:
        assert finding.measured == pytest.approx(floor_m2 / 4900)


def test_another_building_of_unknown_floor_area_leaves_the_ratio_open_unless_it_is_exceeded():
    layers = surroundings(box(60, 10, 80, 30))
    outcomes = [find("R19", layers, box(10, 10, 40, 40), attrs={"far_area_m2": a})[0].outcome for a in (5000.0, 9900.0)]
    assert outcomes == [Outcome.NOT_EVALUATED, Outcome.FAIL]


@pytest.mark.parametrize(("green_m2", "outcome"), [(1715.0, "pass"), (1714.0, "fail"), (None, "not_evaluated")])
def test_green_is_at_least_what_the_block_asks_for(green_m2, outcome):
    assert find("R21", surroundings(site={"YDMJ": 4900, "LDMJ": green_m2}), box(1, 1, 9, 9))[0].outcome == outcome


def test_a_site_without_an_area_on_its_permit_or_a_footprint_without_a_site_has_no_ratio():
    assert find("R20", surroundings(site={}), box(10, 10, 40, 40))[0].outcome is Outcome.NOT_EVALUATED
    assert find("R20", surroundings(), box(300, 10, 340, 40))[0].outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("height_m", "outcome", "margin"),
    [
        (54.0, "pass", 0),
        (54.05, "fail_within_accuracy", -0.05),
        (54.2, "fail", -0.2),
        (12, "pass", 42),
        (None, "not_evaluated", None),
        ("12", "not_evaluated", None),
    ],
)
def test_a_height_is_compared_with_that_of_the_block(height_m, outcome, margin):
    (finding,) = find("R22", surroundings(), box(10, 10, 40, 40), attrs={"height_m": height_m})
    assert (finding.outcome, finding.share) == (outcome, pytest.approx(0, abs=1e-9))
    assert finding.margin_m == (None if margin is None else pytest.approx(margin, abs=1e-6))


def test_the_block_is_the_one_with_the_largest_overlap_and_the_share_outside_is_told():
    (finding,) = find("R22", surroundings(), box(70, 10, 110, 40), attrs={"height_m": 30})
    assert (finding.outcome, finding.required, finding.features[0].id) == (Outcome.PASS, 54, 1)
    assert finding.share == pytest.approx(0.25)


@pytest.mark.parametrize(("shift_m", "outcome"), [(0.0, "pass"), (0.2, "pass"), (0.5, "fail")])
def test_a_footprint_is_the_permitted_one_where_both_cover_nearly_the_same_ground(shift_m, outcome):
    layers = {"GL3106": make_layer("GL3106", [box(10, 10, 40, 40)])}
    (finding,) = find("R33", layers, box(10 + shift_m, 10, 40 + shift_m, 40))
    assert (finding.outcome, finding.measured) == (outcome, pytest.approx((30 - shift_m) / (30 + shift_m)))


def test_a_tolerance_that_nobody_has_set_is_not_evaluated():
    layers = {"GL3106": make_layer("GL3106", [box(10, 10, 40, 40)], attrs=[{"JZMJ": 900}])}
    assert "no limit" in find("R34", layers, box(10, 10, 40, 40), attrs={"floor_area_m2": 900})[0].reason.en


@given(st.permutations([(10, 10), (40, 10), (70, 10), (10, 30)]))
def test_the_order_of_footprints_and_of_other_buildings_changes_no_ratio(corners):
    buildings = [box(x, y, x + 20, y + 15) for x, y in corners]
    found = find("R20", surroundings(*buildings[2:]), *buildings[:2])
    assert [finding.measured for finding in found] == [pytest.approx(1200 / 4900)] * 2
