"""What a code alone tells."""

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geocode import BuildingCode, CodeError, decode
from geocode.cells import CELL_COUNT, is_cell_number
from geocode.sizes import size_class_range_m2

codes = st.builds(
    BuildingCode,
    number=st.integers(0, CELL_COUNT - 1).filter(is_cell_number),
    size_class=st.integers(0, 30),
    generation=st.integers(0, 30),
)


@given(codes)
def test_the_hexagon_holds_the_centre(code):
    told = decode(code)
    # a cell on the antimeridian or a pole has corners on both sides of the map
    assume(abs(told.centre[0]) < 179.99 and abs(told.centre[1]) < 89.9)
    assert told.hexagon.is_valid
    assert told.hexagon.exterior.is_ccw
    assert told.hexagon.contains(shapely.Point(told.centre))
    assert told.hexagon.centroid.distance(shapely.Point(told.centre)) < 1e-5


@given(codes)
def test_a_text_tells_what_its_code_tells(code):
    assert decode(str(code)) == decode(code)


@given(codes)
def test_the_parts_of_the_code_are_told(code):
    told = decode(code)
    assert told.code == code
    assert told.h3 == code.h3
    assert told.generation == code.generation
    assert (told.area_from_m2, told.area_to_m2) == size_class_range_m2(code.size_class)


def test_the_code_of_the_specification_says_what_the_specification_says():
    told = decode("4E7U5-CKJ2W-F0J")
    assert (round(told.area_from_m2), round(told.area_to_m2), told.generation) == (631, 1000, 0)
    assert 126 < told.centre[0] < 127
    assert 43 < told.centre[1] < 44.5


def test_a_text_that_is_no_code_is_an_error():
    with pytest.raises(CodeError):
        decode("4E7U5-CKJ2W-F0K")
