"""Candidates for a CRS as the table on the command line tells them."""

import numpy as np

from cli.candidates import lines_of
from layers.crs_candidates import find_candidates

HOUSES = np.array([[x, 4_866_000.0 + y] for x in (544_000.0, 544_100.0) for y in (0.0, 50.0)])


def lines(xy, **known):
    return lines_of([each.as_json() for each in find_candidates(xy, **known)])


def test_candidates_that_differ_by_their_zone_alone_are_one_line():
    found = lines(HOUSES)
    assert [line.said for line in found] == [
        "--crs EPSG:4536 … EPSG:4553",
        "--crs EPSG:4534 … EPSG:4554",
        "--crs EPSG:32643 … EPSG:32653",
    ]
    assert "3° zones 27–32, 37–44 (meridians 81°–132°): 14" in found[0].why.en
    assert "3° zones 25–26, 33–36, 45 (" in found[1].why.en
    assert [line.score for line in found] == ["0.50", "0.25", "0.25"]


def test_far_from_the_meridian_zones_of_six_degrees_are_told_apart():
    found = lines(HOUSES - np.array([190_000, 0]))
    assert any("6° zones 1" in line.why.en for line in found)
    assert [line.score for line in found] == sorted((line.score for line in found), reverse=True)


def test_numbers_with_a_zone_before_them_and_degrees_have_their_own_reason():
    (zone,) = lines(HOUSES + np.array([40_000_000, 0]))
    assert zone.said == "--crs EPSG:4528"
    assert "begin with 40" in zone.why.en
    (degrees,) = lines(np.array([[126.5, 43.8], [126.6, 43.9]]))
    assert (degrees.said, degrees.longitudes) == ("--crs EPSG:4490", "126.502–126.598")


def test_in_an_extent_the_zone_that_lies_there_is_first():
    first, *others = lines(HOUSES, extent=[(126, 43.4, 127, 44.4)])
    assert (first.said, first.score) == ("--crs EPSG:4551", "1.00")
    assert all(line.score < "0.2" for line in others)
