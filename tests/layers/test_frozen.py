"""What goes through a file comes back as it was, in value and type; what is no answer of ours is not taken."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode.faults import Fault, Text
from layers.confined.frozen import (
    UnsoundAnswerError,
    freeze_json,
    freeze_refusal,
    thaw_json,
    thaw_refusal,
)
from layers.curves import Linearised
from layers.entries import FoundLayer, ReadOptions
from layers.errors import refused

_ANY_TEXT = st.text(st.characters(codec=None))
# a file has no hour that comes twice
_TIMES, _NAIVE, _AWARE = (
    some.map(lambda time: time.replace(fold=0))
    for some in (st.times(), st.datetimes(), st.datetimes(timezones=st.just(dt.UTC)))
)
_SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), _ANY_TEXT, st.binary(), st.dates()),
    *(_TIMES, _NAIVE, _AWARE, st.timedeltas()),
    st.decimals(allow_nan=False, allow_infinity=False),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_ANY_TEXT, inner, max_size=4), st.tuples(inner, inner)
    ),
    max_leaves=12,
)


def through(value, path):
    freeze_json(value, path)
    return thaw_json(path)


@given(value=_VALUES)
def test_a_value_comes_back_as_it_was(tmp_path_factory, value):
    found = through(value, tmp_path_factory.getbasetemp() / "value.json")
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        Text("字", "word"),
        Fault("a", Text("", ""), Text("", ""), x=1.5, vertex=3),
        FoundLayer("a", None, 4),
        ReadOptions(extent=((1.0, 2.0, 3.0, 4.0),), systems={"a": "b"}),
        pd.Timestamp("2024-01-01 00:00:00.123456789"),
        pd.Timedelta(1, "ns"),
        np.float32(1.5),
        Decimal("NaN"),
        float("inf"),
        {"dict": [], "Text": ["a", "b"], 1: ()},
    ],
)
def test_a_value_of_this_projects_types_comes_back_as_it_was(tmp_path, value):
    found = through(value, tmp_path / "value.json")
    assert repr(found) == repr(value)
    assert type(found) is type(value)


def test_a_geometry_comes_back_vertex_by_vertex(tmp_path):
    curve = Linearised(shapely.Point(0.1, 1 / 3).buffer(1 / 7), 3, 0.001, 0.06)
    found = through(curve, tmp_path / "value.json")
    assert shapely.equals_identical(found.geometry, curve.geometry)
    assert found[1:] == curve[1:]


def test_a_type_that_is_not_known_is_not_written(tmp_path):
    with pytest.raises(TypeError, match="object"):
        freeze_json(object(), tmp_path / "value.json")


def test_a_refusal_comes_back_with_all_that_it_holds(tmp_path):
    error = refused("json_broken", line=3, column=4, reason="x")
    error.file, error.candidates = "a.geojson", ({"crs": "EPSG:4490"},)
    found = thaw_refusal(through(freeze_refusal(error), tmp_path / "value.json"))
    assert vars(found) == vars(error)
    assert str(found) == str(error)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", '{"a": 1, "b": 2}', '{"object": []}', '{"Text": ["a"]}', '{"geometry": "zz"}', '{"crs": "x"}'),
        *("[" * 100_000, '{"date": 1}', '{"number": ["O", 1]}', '{"bytes": 1}', '{"json": "{"}', "\ud800"),
        *('{"dict": [[[], 1]]}', "{}"),
    ],
)
def test_what_is_no_answer_is_not_taken(tmp_path, text):
    (tmp_path / "value.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(UnsoundAnswerError):
        thaw_json(tmp_path / "value.json")
