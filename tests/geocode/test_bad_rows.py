"""One bad row in a million costs that row alone."""

import numpy as np
import shapely

from geocode import encode_many
from geocode.faults import are_sound

ROWS = 1_000_000
BOX = [(126.55, 43.84), (126.5504, 43.84), (126.5504, 43.8401), (126.55, 43.8401)]
HOLE = [(126.5501, 43.84002), (126.5502, 43.84002), (126.5502, 43.84004)]
BAD = {
    "no_geometry": None,
    "wrong_type": shapely.Point(126.55, 43.84),
    "empty_geometry": shapely.Polygon(),
    "not_finite": shapely.from_wkt("POLYGON ((0 0, 1 0, 1 Infinity, 0 0))"),
    "zero_area": shapely.Polygon([(126.55, 43.84), (126.56, 43.84), (126.57, 43.84)]),
    "self_intersection": shapely.Polygon([BOX[0], BOX[2], BOX[1], BOX[3]]),
    "hole_outside": shapely.Polygon(BOX, [[(127, 43), (127.1, 43), (127.1, 43.1)]]),
    "out_of_range": shapely.box(544_000, 4_856_000, 544_020, 4_856_010),
    "wide_ring": shapely.box(-170, 0, 170, 1),
}


def test_each_bad_row_in_a_million_has_its_own_fault_and_changes_no_other():
    moves = np.arange(1000) * 1e-3
    good = np.array([shapely.Polygon([(x + by, y) for x, y in BOX], []) for by in moves], dtype=object)
    good[::7] = [shapely.Polygon([(x + by, y) for x, y in BOX], [[(x + by, y) for x, y in HOLE]]) for by in moves[::7]]
    expected = encode_many(good)
    rows = np.tile(good, ROWS // len(good))
    places = np.random.default_rng(9).choice(ROWS, len(BAD), replace=False)
    rows[places] = list(BAD.values())
    encoded = encode_many(rows)
    assert [fault.kind for fault in encoded.faults[places]] == list(BAD)
    sound = are_sound(encoded.faults)
    assert np.flatnonzero(~sound).tolist() == sorted(places.tolist())
    for column, expected_column in zip(encoded, expected, strict=True):
        if column is not encoded.faults:
            assert (column[sound] == np.tile(expected_column, ROWS // len(good))[sound]).all()
    assert not encoded.codes[~sound].any()
    assert not encoded.h3[~sound].any()
    assert np.isnan([encoded.area_m2[~sound], encoded.lon_deg[~sound], encoded.lat_deg[~sound]]).all()
