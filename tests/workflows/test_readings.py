"""What a text is the name of."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode import encode
from geocode.beidou import beidou_codes, beidou_codes_3d
from geocode.names import computed_names
from registry.schemes import load_schemes
from workflows.errors import UnknownNameError
from workflows.readings import SCHEME_LABELS, identify_name

lons, lats = st.floats(-179.9, 179.9), st.floats(-87.9, 87.9)
SCHEMES = {*SCHEME_LABELS, *(scheme.code for scheme in load_schemes())}


def read(text):
    try:
        return identify_name(text)
    except UnknownNameError as error:
        return error


@given(st.text() | st.text("0123456789ABCDEFGHJKLMNPQRTUWXY+-NS ", max_size=40))
def test_any_text_is_a_name_or_an_unknown_name(text):
    found = read(text)
    if isinstance(found, UnknownNameError):
        assert found.text.zh
        assert found.text.en
        assert {refused["scheme"] for refused in found.nearest} <= SCHEMES
    else:
        assert {named.scheme for named in found} <= SCHEMES
        assert all(named.value and named.parts and named.label.zh for named in found)
        # what it is kept as is the same name
        assert found[0] == identify_name(found[0].value)[0]


@given(lons, lats)
def test_the_names_of_a_footprint_lead_back_to_its_ground(lon, lat):
    house = shapely.box(lon, lat, lon + 2e-4, lat + 1e-4)
    names = {scheme: str(column[0]) for scheme, column in computed_names([house])._asdict().items()}
    for scheme, name in {**names, "code": str(encode(house))}.items():
        named = identify_name(name.lower())[0]
        assert named.scheme == scheme
        assert named.geometry.distance(house.centroid) < 1e-8
        assert named.geometry.contains(shapely.Point(named.centre))


@given(lons, lats, st.floats(-400, 9000), st.integers(1, 10))
def test_a_beidou_code_of_any_level_on_the_ground_or_in_space_tells_its_cell(lon, lat, height_m, level):
    place = np.array([lon]), np.array([lat])
    flat, solid = beidou_codes(*place, level=level)[0], beidou_codes_3d(*place, np.array([height_m]), level=level)[0]
    for scheme, text in (("beidou", flat), ("beidou3d", solid)):
        (named,) = identify_name(str(text))
        assert (named.scheme, named.parts[0].text) == (scheme, str(level))
        assert named.geometry.distance(shapely.Point(lon, lat)) < 1e-9


def test_a_form_that_any_text_has_tells_nothing():
    with pytest.raises(UnknownNameError):
        identify_name("12号楼")


def test_a_chosen_scheme_alone_is_told():
    (named,) = identify_name("4E7U5-CKJ2W-F0J", chosen=["beidou"], beidou_level=4)
    assert (named.scheme, len(named.value)) == ("beidou", 9)
    with pytest.raises(UnknownNameError):
        identify_name("4E7U5-CKJ2W-F0J", chosen=["bdcdyh"])
