"""The names that a footprint has by computation, all at once."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode import encode_many, to_storage
from geocode.beidou import beidou_codes_3d, decode_beidou
from geocode.names import ComputedNames, computed_names, load_name_schemes
from geocode.plus_codes import decode_plus_code
from geocode.ubids import decode_ubid

HOUSE = shapely.box(126.55, 43.84, 126.5502, 43.8401)
SCHEMES = {scheme.code: scheme for scheme in load_name_schemes()}


def test_the_examples_of_the_table_are_the_names_of_one_footprint():
    encoded = encode_many([HOUSE])
    found = {scheme: names.tolist()[0] for scheme, names in computed_names([HOUSE], encoded)._asdict().items()}
    found["beidou3d"] = beidou_codes_3d(encoded.lon_deg, encoded.lat_deg, np.zeros(1)).tolist()[0]
    assert found == {code: scheme.example for code, scheme in SCHEMES.items()}


def test_a_coarser_beidou_code_is_the_beginning_of_a_finer_one():
    coarse, fine = (computed_names([HOUSE], beidou_level=level).beidou.tolist()[0] for level in (8, 10))
    assert (len(coarse), len(fine)) == (16, 20)
    assert fine.startswith(coarse)


def test_every_computed_column_has_its_scheme():
    assert set(ComputedNames._fields) < set(SCHEMES)
    assert len(SCHEMES) == len(load_name_schemes())


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_scheme_is_described_in_both_languages(scheme):
    for text in (scheme.name, scheme.meaning):
        assert text.zh
        assert text.en
        assert text.zh != text.en or text.zh.isascii()


@pytest.mark.parametrize("bad", [None, shapely.Point(1, 1), shapely.Polygon(), shapely.box(0, 0, 400, 1)])
def test_a_refused_row_has_no_names_and_costs_no_other_row(bad):
    alone = [names.tolist() for names in computed_names([HOUSE])]
    for names, (name,) in zip(computed_names([bad, HOUSE, bad]), alone, strict=True):
        assert names.tolist() == ["", name, ""]


def test_no_footprints_have_no_names():
    assert [names.tolist() for names in computed_names([])] == [[], [], [], []]


def test_metres_that_were_encoded_have_the_names_of_their_degrees():
    metres = np.array([shapely.box(500_000, 4_850_000, 500_020, 4_850_015)])
    degrees = to_storage(metres, "EPSG:4534")
    from_metres = computed_names(degrees, encode_many(metres, crs="EPSG:4534"))
    assert all(names.tolist()[0] for names in from_metres)
    assert [names.tolist() for names in from_metres] == [names.tolist() for names in computed_names(degrees)]


def test_the_geometries_given_are_left_as_they_were():
    given_rows = np.array([shapely.Point(1, 1), HOUSE], dtype=object)
    computed_names(given_rows)
    assert given_rows[0] == shapely.Point(1, 1)


@given(st.data())
def test_the_named_cells_hold_the_centroid_and_the_ubids_box_the_footprint(drawings, data):
    geometry = data.draw(drawings).geometry
    encoded = encode_many([geometry])
    names = computed_names([geometry], encoded)
    (lon,), (lat,) = encoded.lon_deg.tolist(), encoded.lat_deg.tolist()
    area = decode_plus_code(names.pluscode[0])
    assert area.west_deg <= lon <= area.east_deg
    assert area.south_deg <= lat <= area.north_deg
    # in whole units of both grids: where the centroid stands on an edge, its double may not
    x, y = (round(degrees * 10**8) * 7_372_800 for degrees in (lon, lat))
    west, south, east, north = (edge * 10**8 for edge in decode_beidou(names.beidou[0]).bounds_units)
    assert west <= x <= east
    assert south <= y <= north
    box = decode_ubid(names.ubid[0])
    assert shapely.box(box.west_deg, box.south_deg, box.east_deg, box.north_deg).covers(geometry)


@given(st.data())
def test_where_a_ring_starts_and_which_way_it_runs_changes_no_cells(drawings, data):
    geometry = data.draw(drawings).geometry
    names, others = computed_names([geometry]), computed_names([shapely.normalize(geometry.reverse())])
    for scheme in ("h3", "beidou", "pluscode"):
        assert getattr(names, scheme).tolist() == getattr(others, scheme).tolist()
