"""The overlay: it conserves area, is the same from both sides and anywhere, and one bad pair is one row."""

import gzip
import xml.etree.ElementTree as ET
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import FrameCrsError, measure_outside, measure_overlaps
from blueprint.cutting import cut
from blueprint.overlay import list_parts
from tests.blueprint.conftest import CRS, turned

JTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "nasty_jts" / "general"

units = st.integers(-40, 40).map(lambda n: n / 2)
sizes = st.integers(1, 60).map(lambda n: n / 2)


@st.composite
def shapes(draw):
    """Draw an L, or the rectangle that it is without a notch, at any angle."""
    x, y, w, h = draw(units), draw(units), draw(sizes), draw(sizes)
    notch = draw(st.floats(0.1, 0.9))
    points = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    if draw(st.booleans()):
        points[2:3] = [(x + w, y + h * notch), (x + w * notch, y + h * notch), (x + w * notch, y + h)]
    return turned(points, angle_rad=draw(st.sampled_from([0.0, 0.3, 1.1])))


def series(*geometries):
    return gpd.GeoSeries(list(geometries), crs=CRS, index=[f"s{i}" for i in range(len(geometries))])


def measure(a, b):
    rows = measure_overlaps(series(a), series(b), [("s0", "s0")])
    return (0.0, 0.0) if rows.empty else (rows["area_m2"][0], rows["width_m"][0])


@given(shapes(), shapes())
def test_an_overlap_is_the_same_from_both_sides(a, b):
    assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-6)


@given(shapes(), shapes())
def test_what_is_inside_and_what_is_outside_make_the_whole(a, b):
    inside, outside = measure(a, b)[0], measure_outside(series(a), series(b))["area_m2"].sum()
    assert inside + outside == pytest.approx(a.area, rel=1e-9, abs=1e-6 * a.length)


@given(shapes(), shapes(), st.integers(-50_000, 50_000), st.integers(-50_000, 50_000))
def test_an_overlap_is_the_same_anywhere_in_the_plane(a, b, dx_m, dy_m):
    moved = [shapely.affinity.translate(shape, dx_m, dy_m) for shape in (a, b)]
    assert measure(*moved) == pytest.approx(measure(a, b), abs=1e-5)


@given(st.lists(shapes(), min_size=2, max_size=6), st.randoms())
def test_the_order_of_the_pairs_is_the_order_of_the_rows_and_changes_nothing_else(drawn, random):
    polygons = series(*drawn)
    pairs = [(a, b) for a in polygons.index for b in polygons.index if a < b]
    shuffled = random.sample(pairs, len(pairs))
    rows, again = (measure_overlaps(polygons, polygons, p) for p in (pairs, shuffled))
    assert [p for p in shuffled if p in set(zip(rows["left"], rows["right"], strict=True))] == list(
        zip(again["left"], again["right"], strict=True)
    )
    by_pair = {(row.left, row.right): row for row in rows.itertuples()}
    for row in again.itertuples():
        assert row.area_m2 == by_pair[row.left, row.right].area_m2
        assert row.width_m == pytest.approx(by_pair[row.left, row.right].width_m, abs=1e-9)


def test_neighbours_that_only_touch_share_no_ground(site):
    beside, corner = shapely.affinity.translate(site, 10, 3), shapely.affinity.translate(site, 10, 10)
    assert measure_overlaps(series(site), series(beside, corner), [("s0", "s0"), ("s0", "s1")]).empty


def test_neighbours_along_a_slanting_wall_share_no_ground():
    a = turned([(0, 0), (10, 0), (10, 10), (0, 10)])
    b = turned([(10, 3), (20, 3), (20, 7), (10, 7)])  # its corners are rounded onto the other's wall
    assert measure(a, b) == (0.0, 0.0)


@pytest.mark.parametrize("sliver_m", [0.001, 0.005, 0.05])
def test_slivers_are_measured_and_marked_but_never_dropped(sliver_m):
    a = turned([(0, 0), (100, 0), (100, 20), (0, 20)])
    b = turned([(0, 20 - sliver_m), (100, 20 - sliver_m), (100, 50), (0, 50)])
    row = measure_overlaps(series(a), series(b), [("s0", "s0")], sigma_m=0.01).iloc[0]
    assert row["area_m2"] == pytest.approx(100 * sliver_m, abs=1e-6)
    assert row["width_m"] == pytest.approx(sliver_m, abs=1e-6)
    assert row["certainty"] == {0.001: "noise", 0.005: "within_accuracy", 0.05: "certain"}[sliver_m]
    assert row["engine_mode"] == "float"


def test_the_widest_part_counts_and_all_parts_are_summed():
    comb = shapely.Polygon([(0, 0), (10, 0), (10, 5), (7, 5), (7, 1), (2, 1), (2, 5), (0, 5)])
    row = measure_overlaps(series(comb), series(shapely.box(-1, 4, 11, 9)), [("s0", "s0")]).iloc[0]
    assert (row["parts"], row["area_m2"], row["width_m"]) == (2, 5.0, pytest.approx(1.0))


POISON = {
    "nan": shapely.set_coordinates(shapely.Polygon([(0, 0), (1, 0), (1, 1)]), [[0, 0], [np.nan, 0], [1, 1], [0, 0]]),
    "bow-tie": shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]),
    "hole outside": shapely.Polygon([(0, 0), (9, 0), (9, 9)], [[(20, 20), (21, 20), (21, 21)]]),
    "empty": shapely.Polygon(),
    "missing": None,
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_one_bad_geometry_is_one_row_with_an_error(poison):
    left = series(shapely.box(0, 0, 5, 5), poison, shapely.box(2, 2, 3, 3))
    rows = measure_overlaps(left, series(shapely.box(1, 1, 9, 9)), [(i, "s0") for i in left.index])
    assert rows["left"].tolist() == ["s0", "s1", "s2"]
    assert rows["area_m2"].tolist() == [16, 0, 1]
    assert rows["error"].isna().tolist() == [True, False, True]
    assert rows["error"][1].endswith(".")


def test_a_pair_that_geos_cannot_overlay_does_not_stop_the_others(monkeypatch):
    real, bad = shapely.intersection, shapely.box(0, 0, 5, 5)

    def moody(left, right, grid_size=None):
        if np.any(shapely.equals_exact(left, bad)) and grid_size != 1e-3:
            raise shapely.GEOSException("TopologyException: side location conflict")
        return real(left, right, grid_size=grid_size)

    monkeypatch.setattr(shapely, "intersection", moody)
    left, right = np.array([shapely.box(2, 2, 3, 3), bad]), np.array([shapely.box(1, 1, 9, 9)] * 2)
    result = cut(left, right)
    assert result.engine_mode.tolist() == ["float", "grid_1e-3"]
    assert list_parts(result.inside).area_m2.tolist() == [1, 16]


def test_an_overlay_that_swallows_ground_is_an_error(monkeypatch):
    monkeypatch.setattr(
        shapely, "difference", lambda left, right, grid_size=None: np.full(len(left), shapely.Polygon())
    )
    result = cut(np.array([shapely.box(0, 0, 5, 5)]), np.array([shapely.box(1, 1, 9, 9)]))
    assert result.error[0].startswith("The overlay does not conserve the area")
    assert result.inside[0].is_empty


def test_frames_that_do_not_count_in_metres_are_refused(site):
    degrees = gpd.GeoSeries([site], crs="EPSG:4490")
    nowhere = gpd.GeoSeries([site])
    elsewhere = gpd.GeoSeries([site], crs="EPSG:4550")
    for left, right in ((degrees, degrees), (nowhere, nowhere), (series(site), elsewhere)):
        with pytest.raises(FrameCrsError):
            measure_overlaps(left, right, [(left.index[0], right.index[0])])


def jts_cases(operations):
    """Yield the published overlays of two areas: JTS's file and the number of the case, a, b, the operation, the result."""
    for name in ("TestNGOverlayA.xml", "TestOverlayAA.xml", "TestOverlayEmpty.xml.gz"):
        text = (JTS / name).read_bytes()
        for number, case in enumerate(
            ET.fromstring(gzip.decompress(text) if name.endswith(".gz") else text).iter("case")
        ):
            a, b = (shapely.from_wkt(" ".join(case.findtext(side, "POINT EMPTY").split())) for side in "ab")
            areal = all(shape.geom_type.endswith("Polygon") and not shape.is_empty for shape in (a, b))
            for op in case.iter("op"):
                operation = op.get("name").removesuffix("NG")
                if areal and operation in operations and op.get("arg1") == "A":
                    yield f"{name} {number}", a, b, operation, shapely.from_wkt(" ".join(op.text.split()))


@pytest.mark.skipif(not JTS.exists(), reason="the published cases are not at hand")
@pytest.mark.parametrize(("operation", "side"), [("intersection", "inside"), ("difference", "outside")])
def test_the_published_overlays_of_jts_come_out(operation, side):
    names, a, b, _, expected = zip(*jts_cases({operation}), strict=True)
    result = cut(np.array(a), np.array(b))
    assert not {name: why for name, why in zip(names, result.error, strict=True) if why is not None}
    assert shapely.area(getattr(result, side)) == pytest.approx(shapely.area(expected), rel=1e-9, abs=1e-9)
    assert len(names) > 20
