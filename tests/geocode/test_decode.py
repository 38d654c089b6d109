"""What a code alone tells."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geocode import BuildingCode, CodeError, decode
from geocode.cells import CELL_COUNT, is_cell_number
from geocode.decoding import cell_parents, decode_h3, decode_many
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


def decode_alone(text):
    try:
        return decode(text)
    except CodeError as error:
        return error


@given(st.lists(codes.map(str) | st.text(max_size=16)))
def test_many_texts_tell_what_each_tells_alone(texts):
    told = decode_many(texts)
    for row, alone in enumerate(map(decode_alone, texts)):
        if isinstance(alone, CodeError):
            assert (told.errors[row].fault, told.errors[row].suggestions) == (alone.fault, alone.suggestions)
            assert (told.codes[row], told.h3[row], told.generations[row], told.hexagons[row]) == ("", "", -1, None)
            assert np.isnan([told.lon_deg[row], told.area_from_m2[row]]).all()
        else:
            assert told.errors[row] is None
            assert (told.codes[row], told.h3[row]) == (str(alone.code), alone.h3)
            assert (told.lon_deg[row], told.lat_deg[row]) == alone.centre
            assert (told.area_from_m2[row], told.area_to_m2[row]) == (alone.area_from_m2, alone.area_to_m2)
            assert told.generations[row] == alone.generation
            assert told.hexagons[row].equals_exact(alone.hexagon, 0)


@given(codes)
def test_the_parents_of_a_cell_are_cells_one_within_the_other(code):
    parents = [decode_h3(text) for text in cell_parents(code.h3)]
    assert [parent.resolution for parent in parents] == list(range(15))
    assert decode_h3(code.h3.upper()).centre == decode(code).centre


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "h3_form"), ("8f31701895426", "h3_form"), ("8f317018954261g", "h3_form"), ("fffffffffffffff", "h3_cell")],
)
def test_a_text_that_is_no_h3_cell_is_an_error(text, kind):
    with pytest.raises(CodeError) as caught:
        decode_h3(text)
    assert caught.value.fault.kind == kind
