"""Mappings of delivered layers: what names and values tell, and what becomes of a delivery by one."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import frame_of, geopackage

from layers.catalogue import load_catalogue
from layers.errors import RefusedFile, UnknownLayer
from layers.mappings import LayerMapping, apply_mapping, check_mapping, propose_mapping
from layers.reading import read_delivery

CATALOGUE = load_catalogue()
LAND_USE = CATALOGUE.layer("GH2103")


def frame(**columns):
    size = len(next(iter(columns.values())))
    shapes = [shapely.box(126 + n, 43, 126.1 + n, 43.1) for n in range(size)]
    return gpd.GeoDataFrame({"source_id": [None] * size, **columns}, geometry=shapes, crs=4490)


def proposed(layer=LAND_USE, said=None, **columns):
    return propose_mapping(frame(**columns), layer, CATALOGUE, said=said)


def test_a_field_is_told_by_its_own_name_by_an_alias_and_by_what_a_shapefile_leaves_of_it():
    proposal = proposed(ydyhfldm=["0701"], 容积率上限=[2.0], 行政区名=["甲"], 备注=["x"])
    assert proposal.mapping.fields == {"ydyhfldm": "YDYHFLDM", "容积率上限": "RJLSX"}
    assert [each.attribute for each in proposal.fields] == ["YDYHFLDM", "RJLSX", None, None]
    cut = proposed(规划用地代=["0701"])
    assert cut.mapping.fields == {"规划用地代": "YDYHFLDM"}
    assert "规划用地代码" in cut.fields[0].why.zh


def test_an_exact_name_counts_before_another_for_the_same_attribute():
    proposal = proposed(用地代码=["R2"], YDYHFLDM=["0701"])
    assert proposal.mapping.fields == {}
    assert [each.attribute for each in proposal.fields] == [None, "YDYHFLDM"]


def test_the_field_of_classes_is_told_by_its_values():
    proposal = proposed(分类=["0701", "商业用地", "0803 教育用地", "13"], 编号=["1", "2", "3", "4"])
    assert proposal.mapping.fields == {"分类": "YDYHFLDM"}
    assert proposal.fields[1].attribute is None
    assert "YDYHFL-2023" in proposal.fields[0].why.en


@pytest.mark.parametrize(
    ("delivered", "meant"),
    [
        ("0701", "0701"),
        ("商业用地", "0901"),
        ("0901商业用地", "0901"),
        ("0901 商业用地", "0901"),
        ("901", "0901"),
        (901.0, "0901"),
        ("07010201", "07010201"),
        ("R2", None),
    ],
)
def test_a_code_is_told_as_deliveries_write_it(delivered, meant):
    proposal = proposed(YDYHFLDM=["0101", "0702", delivered])
    assert {each.code: each.meaning for each in proposal.codes}[str(delivered).removesuffix(".0")] == meant


def test_codes_are_told_with_their_rows_and_what_they_are_called():
    proposal = proposed(YDYHFLDM=["701", "701", "R2"])
    assert [(each.code, each.rows) for each in proposal.codes] == [("701", 2), ("R2", 1)]
    assert proposal.codes[0].name.zh == "城镇住宅用地"
    assert proposal.mapping.codes == {"701": "0701"}


def test_what_a_person_says_counts_first():
    proposal = proposed(said={"面积": "", "用途": "YDYHFLDM"}, 面积=[1.0], 用途=["701"])
    assert proposal.mapping.fields == {"用途": "YDYHFLDM"}
    assert proposal.mapping.codes == {"701": "0701"}
    with pytest.raises(RefusedFile):
        proposed(said={"没有": "MJ"}, 面积=[1.0])


def test_attributes_that_no_field_is_are_told():
    assert "YDYHFLDM" in proposed(x=["1"]).missing


def test_a_delivery_takes_the_names_and_codes_of_the_catalogue_and_loses_none_of_its_own(tmp_path):
    path = geopackage(
        tmp_path / "a.gpkg",
        {"a": frame_of({"用途": ["R2", "0901", None], "MJ": ["甲", "乙", "丙"], "面积": [1.0, 2, 3]})},
    )
    mapping = LayerMapping("GH2103", {"用途": "YDYHFLDM", "面积": "MJ"}, {"R2": "0701"})
    mapped = apply_mapping(read_delivery(path), mapping, LAND_USE).frame
    assert mapped["YDYHFLDM"].tolist() == ["0701", "0901", None]
    assert mapped["YDYHFLDM_delivered"].tolist() == ["R2", "0901", None]
    assert (mapped["MJ"].tolist(), mapped["MJ_delivered"].tolist()) == ([1.0, 2.0, 3.0], ["甲", "乙", "丙"])
    assert mapped.columns[0] == "source_id"
    assert mapped.columns[-1] == mapped.geometry.name


def test_a_delivery_without_a_field_of_the_mapping_is_refused(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"x": ["1"]})})
    with pytest.raises(RefusedFile) as caught:
        apply_mapping(read_delivery(path), LayerMapping("GH2103", {"用途": "YDYHFLDM"}), LAND_USE)
    assert caught.value.fault.kind == "mapping_field_missing"


@pytest.mark.parametrize(
    ("mapping", "kind"),
    [
        (LayerMapping("GH2103", {"a": "MJ", "b": "mj"}), "mapping_twice"),
        (LayerMapping("GH2103", codes={"R2": "9999"}), "mapping_code"),
        (LayerMapping("XZ1103", codes={"R2": "0701"}), "mapping_code"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(mapping, kind):
    with pytest.raises(RefusedFile) as caught:
        check_mapping(mapping, CATALOGUE)
    assert caught.value.fault.kind == kind


def test_a_mapping_to_no_layer_is_refused_and_one_by_its_table_has_the_layers_code():
    with pytest.raises(UnknownLayer):
        check_mapping(LayerMapping("GH9999"), CATALOGUE)
    assert check_mapping(LayerMapping("zxcqghydyh"), CATALOGUE).layer == "GH2103"


@given(st.lists(st.sampled_from(["0701", "R2", "商业用地", "801", None]), min_size=1, max_size=8))
def test_what_is_proposed_can_be_kept(values):
    proposal = propose_mapping(frame(用地代码=pd.Series(values, dtype=object).tolist()), LAND_USE, CATALOGUE)
    assert check_mapping(proposal.mapping, CATALOGUE) == proposal.mapping
