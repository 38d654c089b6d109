"""How geometries of two stages differ, and what the tolerances make of it."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.differences import MEASURES, Step, Tolerance, judge_differences, load_tolerances, measure_differences

PLANE = "EPSG:4551"
HOUSE = shapely.box(0, 0, 20, 10)
lengths = st.floats(1, 100)
shifts = st.floats(-50, 50)


def frame(*shapes, crs=PLANE, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def differ(before, after, **columns):
    return measure_differences(frame(before), frame(after, **columns)).iloc[0]


def test_the_same_geometry_differs_in_nothing():
    found = differ(HOUSE, shapely.box(0, 0, 20, 10))
    assert found["iou"] == 1
    assert (found["gained"].is_empty, found["lost"].is_empty) == (True, True)
    names = ("area_difference_m2", "area_change", "displacement_m", "hausdorff_m", "gained_m2", "lost_m2", "reach_m")
    assert all(found[name] == 0 for name in names)


def test_a_house_that_grew_on_one_side():
    found = differ(HOUSE, shapely.box(0, 0, 20.5, 10))
    assert found["area_change"] == pytest.approx(0.025)
    assert found["displacement_m"] == pytest.approx(0.25)
    assert found["hausdorff_m"] == found["reach_m"] == pytest.approx(0.5)
    assert found["gained"].equals(shapely.box(20, 0, 20.5, 10))
    assert found["lost_m2"] == 0


def test_a_notch_is_found_between_the_corners():
    notched = HOUSE.difference(shapely.box(9, 8, 11, 10))
    assert differ(HOUSE, notched)["hausdorff_m"] == pytest.approx(2, abs=0.01)
    assert differ(notched, HOUSE)["reach_m"] == pytest.approx(1, abs=0.25)


def test_heights_and_floor_areas_are_compared_where_they_are_known():
    before = frame(HOUSE, HOUSE, HOUSE, height_m=[18.0, None, 0.0], floor_area_m2=[1000.0, 1000.0, 0.0])
    after = frame(HOUSE, HOUSE, HOUSE, height_m=[18.5, 18.5, 3.0], floor_area_m2=[1010.0, None, 10.0])
    found = measure_differences(before, after)
    np.testing.assert_allclose(found["height_difference_m"], [0.5, np.nan, 3.0])
    np.testing.assert_allclose(found["floor_area_change"], [0.01, np.nan, np.nan])


@settings(max_examples=40)
@given(lengths, lengths, shifts, shifts)
def test_the_measures_agree_with_each_other(width, depth, dx, dy):
    after = shapely.box(dx, dy, dx + width, dy + depth)
    there, back = differ(HOUSE, after), differ(after, HOUSE)
    assert there["area_difference_m2"] == pytest.approx(there["gained_m2"] - there["lost_m2"], abs=1e-6)
    assert there["gained_m2"] == pytest.approx(back["lost_m2"], abs=1e-9)
    assert there["iou"] == pytest.approx(back["iou"])
    assert 0 <= there["iou"] <= 1
    assert there["displacement_m"] == pytest.approx(back["displacement_m"])
    assert there["reach_m"] <= there["hausdorff_m"] + 1e-9
    assert there["displacement_m"] <= np.hypot(*np.subtract(HOUSE.bounds, after.bounds).reshape(2, 2)).max() + 1e-9


def test_rows_keep_their_index_and_no_rows_are_none():
    found = measure_differences(frame(HOUSE, HOUSE).set_axis(["a", "b"]), frame(HOUSE, HOUSE))
    assert found.index.tolist() == ["a", "b"]
    none = measure_differences(frame(), frame())
    assert judge_differences(none, load_tolerances()).empty


@pytest.mark.parametrize("crs", [None, "EPSG:4490"])
def test_degrees_are_no_metres(crs):
    with pytest.raises(ValueError, match="projected"):
        measure_differences(frame(HOUSE, crs=crs), frame(HOUSE, crs=crs))


def tolerance(**changes):
    basis = {"id": "X", "title": ("甲", "x"), "between": ("planning_permit", "completion_survey")}
    return Tolerance(**{**basis, "measure": "area_change", "most": 0.02, "severity": "prohibit", **changes})


def judged(after, *tolerances):
    return judge_differences(measure_differences(frame(HOUSE), frame(after)), tolerances).to_dict("records")


def test_a_margin_is_what_is_left_up_to_the_limit():
    (grown,) = judged(shapely.box(0, 0, 20.5, 10), tolerance())
    assert grown["outcome"] == "fail"
    assert grown["margin"] == pytest.approx(-0.005)
    (shrunk,) = judged(shapely.box(0, 0, 19.8, 10), tolerance())
    assert (shrunk["outcome"], shrunk["value"]) == ("pass", pytest.approx(0.01))
    (alike,) = judged(HOUSE, tolerance(measure="iou", most=None, least=0.98))
    assert (alike["outcome"], alike["margin"]) == ("pass", pytest.approx(0.02))
    (unknown,) = judged(HOUSE, tolerance(measure="height_difference_m"))
    assert unknown["outcome"] == "not_evaluated"


def test_a_limit_has_steps_by_size():
    steps = tolerance(most=0.005, steps=(Step(up_to=1000, most=0.03), Step(up_to=5000, most=0.02)))
    np.testing.assert_allclose(
        steps.limits(np.array([0, 1000, 1001, 5000, 5001, np.nan])), [0.03, 0.03, 0.02, 0.02, 0.005, 0.005]
    )


@pytest.mark.parametrize("confidence", ["confirmed", "likely", "unconfirmed"])
def test_only_what_is_confirmed_prohibits(confidence):
    (found,) = judged(shapely.box(0, 0, 25, 10), tolerance(confidence=confidence))
    assert found["severity"] == ("prohibit" if confidence == "confirmed" else "advise")


@pytest.mark.parametrize("limits", [{"most": None}, {"least": 0.5}, {"most": None, "least": 0.5, "steps": [(1, 1)]}])
def test_a_tolerance_has_one_limit(limits):
    with pytest.raises(ValueError, match=r"most|steps|least"):
        tolerance(**limits)


def test_every_tolerance_says_why_and_how_sure_it_is():
    tolerances = load_tolerances()
    assert len({each.id for each in tolerances}) == len(tolerances)
    assert all(each.basis and all(each.title) and each.measure in MEASURES for each in tolerances)
