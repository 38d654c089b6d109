"""The CRS finder: right, or asked; never wrong. Every Gauss–Krüger zone of CGCS2000 that EPSG has, in either order of axes."""

import itertools
from collections import Counter

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import shapefile, squares
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from layers.crs import are_degrees
from layers.crs_candidates import find_candidates
from layers.crs_finding import check_stated, find_crs
from layers.entries import ReadOptions
from layers.reading import open_delivery, read_delivery

ZONES = range(4491, 4555)
# where offices lie in a zone, from the west edge of its strip to its east edge; a box of 1° around either edge straddles two
ACROSS = (-1.0, -0.5, 0.0, 0.5, 1.0)
LATITUDES = (17.5, 34.0, 52.5)
SAID = {"datum": "CGCS2000"}
ORDERS = ((False, False), (True, False), (False, True), (True, True))


def meridian_and_strip(epsg):
    if epsg < 4513:
        return 75 + 6 * ((epsg - 4491) % 11), 6
    return 75 + 3 * ((epsg - 4513) % 21), 3


def has_number(epsg):
    return epsg < 4502 or 4513 <= epsg < 4534


def same_plane(name, epsg):
    """Return whether a CRS has every place where another has it: a 3° zone and the 6° zone of its meridian have."""
    found = int(name.removeprefix("EPSG:"))
    if found not in ZONES:
        return False
    return found == epsg or (
        not (has_number(found) or has_number(epsg)) and meridian_and_strip(found)[0] == meridian_and_strip(epsg)[0]
    )


def town(lon, lat, *, seed=0):
    """Return the places of a delivery about a tenth of a degree across."""
    return np.array([lon, lat]) + np.random.default_rng(seed).uniform(-0.05, 0.05, (40, 2))


def cases():
    """Yield every zone with offices all over it: the code, the delivery's coordinates, and the office's box of 1°."""
    for epsg in ZONES:
        meridian, strip = meridian_and_strip(epsg)
        to_plane = pyproj.Transformer.from_crs(4490, epsg, always_xy=True)
        for across, lat in itertools.product(ACROSS, LATITUDES):
            middle = meridian + across * strip / 2
            seed = epsg + int(100 * across) + int(lat)
            # within the zone's own half of an office that straddles two
            lon = middle - 0.3 * across
            places = town(lon, lat + 0.2, seed=seed)
            yield (
                epsg,
                np.column_stack(to_plane.transform(*places.T)),
                (middle - 0.5, lat - 0.5, middle + 0.5, lat + 0.5),
            )


def turned(xy, is_swapped, is_millimetres):
    return (xy[:, ::-1] if is_swapped else xy) * (1000 if is_millimetres else 1)


def judge(finding, epsg, order):
    """Return whether a finding is right, asked with the right one among the candidates, or wrong."""
    right = [each for each in finding.candidates if same_plane(each.name, epsg)]
    are_turned = [(each.is_swapped, each.is_millimetres) for each in right] == [order]
    if finding.verdict == "found":
        return "right" if are_turned and len(finding.candidates) == 1 else "wrong"
    return "asked" if finding.verdict == "ask" and are_turned else "wrong"


class TestEveryZone:
    def test_in_the_extent_of_an_office_every_zone_and_order_of_axes_is_found(self):
        told = Counter(
            judge(find_crs(turned(xy, *order), extent=[box], **SAID), epsg, order)
            for epsg, xy, box in cases()
            for order in ORDERS[:2]
        )
        assert told == {"right": 64 * 5 * 3 * 2}

    def test_of_numbers_alone_a_zone_without_its_number_is_asked_for_and_the_others_are_found(self):
        told = Counter(
            (has_number(epsg), judge(find_crs(turned(xy, *order), **SAID), epsg, order))
            for epsg, xy, _ in itertools.islice(cases(), 0, None, 6)
            for order in ORDERS[:2]
        )
        # the zones 13 and 14 have the size of Web Mercator
        assert set(told) == {(True, "right"), (True, "asked"), (False, "asked")}
        assert told[True, "asked"] <= told[True, "right"] / 8

    def test_millimetres_are_seen(self):
        told = Counter(
            judge(find_crs(turned(xy, *order), extent=[box], **SAID), epsg, order)
            for epsg, xy, box in itertools.islice(cases(), 0, None, 11)
            for order in ORDERS[2:]
        )
        assert set(told) == {"right"}

    def test_where_nobody_says_the_datum_nothing_is_found(self):
        told = Counter(
            judge(find_crs(turned(xy, *order), extent=extent), epsg, order)
            for epsg, xy, box in itertools.islice(cases(), 0, None, 11)
            for order in ORDERS
            for extent in ([], [box])
        )
        assert set(told) == {"asked"}

    def test_an_office_that_is_wider_than_a_zone_is_asked(self):
        told = Counter()
        for epsg, xy, (west, south, east, north) in itertools.islice(cases(), 0, None, 11):
            told[judge(find_crs(xy, extent=[(west - 3, south, east + 3, north)], **SAID), epsg, (False, False))] += 1
        assert set(told) == {"right", "asked"}

    def test_another_office_s_file_is_asked_for_or_found_where_it_lies(self):
        told = Counter()
        for _, xy, (west, south, east, north) in itertools.islice(cases(), 0, None, 11):
            finding = find_crs(xy, extent=[(west + 1.2, south, east + 1.2, north)], **SAID)
            told[finding.verdict] += 1
        assert told["found"] == 0


class TestWhatLooksAlike:
    @given(st.integers(43, 53), st.floats(-2.9, 2.9), st.floats(18, 53), st.booleans())
    def test_utm_is_never_taken_for_gauss(self, zone, off, lat, is_swapped):
        lon = 6 * zone - 183 + off
        to_plane = pyproj.Transformer.from_crs(4326, 32600 + zone, always_xy=True)
        xy = turned(np.column_stack(to_plane.transform(*town(lon, lat).T)), is_swapped, is_millimetres=False)
        finding = find_crs(xy, extent=[(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5)])
        assert finding.verdict == "ask"
        assert f"EPSG:{32600 + zone}" in [each.name for each in finding.candidates]

    @given(st.floats(75, 134), st.floats(18, 53), st.booleans())
    def test_web_mercator_is_asked_for_and_never_taken_for_a_zone(self, lon, lat, is_swapped):
        to_plane = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
        xy = turned(np.column_stack(to_plane.transform(*town(lon, lat).T)), is_swapped, is_millimetres=False)
        for extent in ([], [(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5)]):
            finding = find_crs(xy, extent=extent, **SAID)
            assert finding.verdict == "ask"
            assert "EPSG:3857" in [each.name for each in finding.candidates]

    def test_a_zone_in_the_far_west_is_told_from_web_mercator_by_the_extent(self):
        to_plane = pyproj.Transformer.from_crs(4490, 4491, always_xy=True)
        xy = np.column_stack(to_plane.transform(*town(76.0, 39.5).T))
        assert find_crs(xy, **SAID).verdict == "ask"
        assert find_crs(xy, extent=[(75.5, 39, 76.5, 40)], **SAID).candidates[0].name == "EPSG:4491"

    @given(
        st.floats(113.6, 117), st.floats(4, 15.5), st.sampled_from([4545, 4546, 4547, 4548, 4524, 4526]), st.booleans()
    )
    def test_in_the_far_south_where_northings_have_the_size_of_eastings_nothing_is_wrong(
        self, lon, lat, epsg, is_swapped
    ):
        to_plane = pyproj.Transformer.from_crs(4490, epsg, always_xy=True)
        xy = turned(np.column_stack(to_plane.transform(*town(lon, lat).T)), is_swapped, is_millimetres=False)
        finding = find_crs(xy, extent=[(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5)], **SAID)
        if finding.verdict == "found":
            assert judge(finding, epsg, (is_swapped, False)) == "right"

    @pytest.mark.parametrize("meridian", [113.6667, 118.8333, 121.4667])
    def test_a_city_s_own_meridian_is_never_found_and_asked_for_where_it_is_registered(self, meridian):
        own = ProjectedCRS(
            TransverseMercatorConversion(longitude_natural_origin=meridian, false_easting=500_000),
            "城建",
            geodetic_crs=4490,
        )
        xy = np.column_stack(pyproj.Transformer.from_crs(4490, own, always_xy=True).transform(*town(meridian, 31).T))
        extent = [(meridian - 0.5, 30.5, meridian + 0.5, 31.5)]
        assert find_crs(xy, extent=extent).verdict == "ask"
        finding = find_crs(xy, extent=extent, systems={"城建": own}, **SAID)
        assert "城建" in [each.name for each in finding.candidates]
        assert finding.candidates[0].name == "城建" or finding.verdict == "ask"

    @pytest.mark.parametrize("constant", [(0, 3_000_000), (400_000, 3_000_000), (450_000, 0)])
    def test_where_a_constant_was_taken_away_nothing_is_found(self, constant):
        to_plane = pyproj.Transformer.from_crs(4490, 4549, always_xy=True)
        xy = np.column_stack(to_plane.transform(*town(118.8, 32).T)) - constant
        assert find_crs(xy, extent=[(118.3, 31.5, 119.3, 32.5)], **SAID).verdict in {"none", "ask"}

    @pytest.mark.parametrize("datum", ["XIAN80", "BEIJING54", "GCJ02"])
    def test_another_datum_that_is_said_is_refused(self, datum):
        assert find_crs(town(118.8, 32), datum=datum).verdict == "refused"

    def test_two_zones_in_one_file_are_no_zone(self):
        xy = np.array([[38_500_000.0, 3_500_000], [39_400_000, 3_500_000]] * 20)
        assert find_crs(xy, **SAID).verdict == "none"

    @pytest.mark.parametrize("point", [(0, 0), (1e9, 1e9), (1e308, 1e308), (np.nan, 1), (-500_000, 4_850_000)])
    def test_anything_else_is_not_forced_into_a_system(self, point):
        assert find_crs(np.array([point]), **SAID).verdict == "none"

    @given(st.lists(st.tuples(st.floats(), st.floats())))
    def test_any_numbers_have_a_verdict_and_a_sentence(self, points):
        xy = np.array(points, dtype=float).reshape(-1, 2)
        assert find_crs(xy).hint.zh
        assert isinstance(are_degrees(xy), bool)


JILIN = ReadOptions(extent=[(126, 43.4, 127, 44.4)], datum="CGCS2000")


def numbers(path, *, is_swapped=False, is_millimetres=False, prj=None):
    """Return a shapefile of squares near Jilin in EPSG:4551, its numbers turned, and the squares."""
    shapes = squares()
    turned_shapes = shapely.transform(shapes, lambda xy: turned(xy, is_swapped, is_millimetres))
    return shapefile(path, prj=prj, geometry=turned_shapes), shapes


def are_equal(frame, shapes):
    """Return whether a frame has the squares, whichever way round a shapefile or exchanged axes have them."""
    return bool(shapely.equals_exact(shapely.normalize(frame.geometry.values), shapely.normalize(shapes), 1e-6).all())


class TestDeliveries:
    @pytest.mark.parametrize("order", ORDERS)
    def test_what_is_found_is_told_and_read_with_east_first_in_metres(self, tmp_path, order):
        path, shapes = numbers(tmp_path / "set", is_swapped=order[0], is_millimetres=order[1])
        delivery = read_delivery(path, options=JILIN)
        assert delivery.crs_name == "EPSG:4551"
        assert "CGCS2000" in delivery.crs_why.zh
        assert are_equal(delivery.frame, shapes)
        again = read_delivery(path, crs=delivery.crs_said)
        assert again.crs_said == delivery.crs_said
        assert are_equal(again.frame, shapes)
        with open_delivery(path, options=JILIN) as opened:
            (batch,) = opened.batches
            assert are_equal(batch.frame, shapes)

    def test_where_nobody_says_the_datum_the_one_candidate_is_shown_with_its_place(self, tmp_path, refusal):
        path, _ = numbers(tmp_path / "set")
        error = refusal(path, options=ReadOptions(extent=JILIN.extent))
        (candidate,) = error.candidates
        assert (error.fault.kind, candidate["crs"], candidate["epsg"]) == ("crs_ask", "EPSG:4551", 4551)
        assert candidate["alike"] == ["EPSG:2387", "EPSG:2439"]
        west, south, east, north = candidate["box"]
        assert 126 <= west <= east < 127
        assert 43.4 < south <= north < 44.4
        assert 0 < candidate["score"] <= 1

    def test_the_box_of_a_candidate_is_told_to_a_tenth_of_a_metre_and_holds_where_the_numbers_lie(self):
        plane = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4551", always_xy=True)
        rows = np.column_stack(plane.transform([126.5500001, 126.5504321], [43.8400007, 43.8404444]))
        for candidate in find_candidates(rows, extent=JILIN.extent):
            told, exact = np.array(candidate.as_json()["box"]), np.array(candidate.box)
            assert (told[:2] <= exact[:2]).all()
            assert (told[2:] >= exact[2:]).all()
            assert np.abs(told - exact).max() < 1.1e-6

    def test_exchanged_axes_of_a_stated_crs_are_seen_and_told(self, tmp_path):
        path, shapes = numbers(tmp_path / "set", is_swapped=True, prj="EPSG:4551")
        for crs in (None, "EPSG:4551", "EPSG:4551/yx"):
            delivery = read_delivery(path, crs=crs)
            assert are_equal(delivery.frame, shapes)
            assert "北坐标" in delivery.crs_why.zh

    def test_a_stated_zone_that_the_numbers_contradict_is_asked_about_and_can_be_insisted_on(self, tmp_path, refusal):
        path = shapefile(tmp_path / "set", prj="EPSG:4526", geometry=squares(x=42_500_000.0))
        error = refusal(path)
        assert error.fault.kind == "crs_contradicted"
        assert [each["crs"] for each in error.candidates] == ["EPSG:4530"]
        assert read_delivery(path, crs="EPSG:4526").crs_name == "EPSG:4526"

    def test_a_number_of_the_zone_that_is_missing_leads_to_the_same_meridian_first(self, tmp_path, refusal):
        error = refusal(shapefile(tmp_path / "set", prj="EPSG:4530"))
        assert error.candidates[0]["crs"] == "EPSG:4551"

    def test_another_office_s_zone_that_is_stated_is_asked_about(self, tmp_path, refusal):
        error = refusal(shapefile(tmp_path / "set", prj="EPSG:4550"), options=JILIN)
        assert [each["crs"] for each in error.candidates] == ["EPSG:4551"]

    def test_latitude_first_in_the_far_west_is_not_taken_for_the_arctic(self):
        assert [each.said for each in check_stated(town(43.8, 87.6), pyproj.CRS(4490))] == ["EPSG:4490/yx"]

    def test_other_countries_degrees_are_left_alone(self):
        assert check_stated(town(24.9, 60.2), pyproj.CRS(4326)).is_plain
        assert check_stated(town(-87.6, 41.9), pyproj.CRS(4326)).is_plain

    def test_what_the_gate_refuses_is_for_the_gate(self):
        assert check_stated(town(24.9, 60.2), pyproj.CRS(2385)).is_plain

    @given(st.lists(st.tuples(st.floats(), st.floats())), st.sampled_from([4490, 4549, 4528, 2385, 3857]))
    def test_any_numbers_are_read_in_any_stated_crs_or_have_candidates(self, points, epsg):
        judged = check_stated(np.array(points, dtype=float).reshape(-1, 2), pyproj.CRS(epsg))
        assert judged is not None
