"""The catalogue: four kinds of data, eleven groups, sixty-three layers."""

import re

import pytest

from layers.catalogue import load_catalogue
from layers.errors import UnknownLayer

CATALOGUE = load_catalogue()


def test_it_has_4_major_classes_11_mid_classes_and_63_layers():
    assert (len(CATALOGUE.majors), len(CATALOGUE.mids), len(CATALOGUE)) == (4, 11, 63)


def test_codes_tables_orders_and_symbols_are_each_used_once():
    for values in (
        [layer.code for layer in CATALOGUE],
        [layer.table for layer in CATALOGUE],
        [layer.order for layer in CATALOGUE],
        [layer.symbol for layer in CATALOGUE],
    ):
        assert len(set(values)) == 63


@pytest.mark.parametrize("layer", CATALOGUE, ids=lambda layer: layer.code)
def test_every_layer_is_complete(layer):
    assert layer.code.startswith(layer.mid.code)
    assert layer.mid.code.startswith(layer.mid.major.code)
    assert layer.name.zh
    assert layer.name.en
    assert layer.geometry
    assert layer.geometry <= {"Polygon", "Line", "Point", "Raster"}
    assert layer.role in {"constraint", "plan", "status", "administrative"}
    assert layer.security in {"public", "internal", "restricted"}
    assert layer.confidence in {"V", "P"}
    assert layer.accuracy_m > 0
    assert 0 < layer.symbol.opacity <= 1
    assert re.fullmatch("#[0-9a-f]{6}", layer.symbol.fill)
    assert re.fullmatch("#[0-9a-f]{6}", layer.symbol.line)


def test_a_class_field_is_one_of_the_layer_s_own():
    for layer in CATALOGUE:
        if layer.class_field:
            assert any(
                field.startswith(layer.class_field)
                for attribute in layer.key_attributes
                for field in attribute.split("|")
            )


def test_what_must_leave_no_gaps_may_not_overlap():
    assert all(not layer.overlap_allowed for layer in CATALOGUE if layer.coverage_required)


def test_control_lines_are_drawn_above_plans_and_plans_above_what_is_there():
    order = {code: CATALOGUE.layer(code).order for code in ("XZ1201", "GH2103", "GH2303", "GH2201", "GH2209")}
    assert list(order.values()) == sorted(order.values())


@pytest.mark.parametrize("name", ["GH2201", "gh2201", "YJJBNT", "yjjbnt", " GH2201 "])
def test_a_layer_is_found_by_code_or_table_in_any_case(name):
    assert CATALOGUE.layer(name).name.zh == "永久基本农田"
    assert name in CATALOGUE


@pytest.mark.parametrize(("name", "near"), [("GH2210X", "GH2210"), ("YJJBN", "YJJBNT"), ("STBHX", "STBHHX")])
def test_a_name_misspelt_is_answered_with_what_is_near(name, near):
    with pytest.raises(UnknownLayer) as caught:
        CATALOGUE.layer(name)
    assert near in caught.value.suggestions
    assert near in caught.value.fault.remedy.zh
    assert name not in CATALOGUE


@pytest.mark.parametrize("name", ["", "???", "x" * 500])
def test_a_name_like_no_other_says_what_a_name_is(name):
    with pytest.raises(LookupError) as caught:
        CATALOGUE.layer(name)
    assert caught.value.suggestions == ()
    assert len(str(caught.value)) < 300


def test_things_that_are_no_names_are_in_no_catalogue():
    assert 5 not in CATALOGUE
    assert None not in CATALOGUE
