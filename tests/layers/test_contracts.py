"""What a layer's fields are to hold: what is missing, unreadable, too long, no code, or another area than drawn."""

import pandas as pd
import pytest
import shapely
from making import collection, feature, frame_of, geojson, geopackage

from geocode.planes import ellipsoid_areas_m2
from layers.catalogue import load_catalogue, read_catalogue
from layers.contracts import contract_of
from layers.editions import prepare_edition
from layers.reading import read_delivery

CATALOGUE = load_catalogue()
FARMLAND, UNIT = CATALOGUE.layer("GH2201"), CATALOGUE.layer("GH2301")
# squares of 20 m
AREA_M2 = 400.0


def prepared(tmp_path, columns, *, layer=FARMLAND, catalogue=CATALOGUE, **options):
    delivery = read_delivery(geopackage(tmp_path / "a.gpkg", {"a": frame_of(columns, **options)}))
    return prepare_edition(delivery, layer=catalogue.layer(layer.code), contract=contract_of(layer, catalogue))


def told(edition):
    """Return row, field and kind of what features have against the contract, what is missing left aside."""
    return [(each.row, each.field, each.fault.kind) for each in edition.warnings if each.row is not None]


def faults(edition):
    return [fault and fault.kind for fault in edition.faults]


def test_a_delivery_that_keeps_its_contract_is_told_nothing(tmp_path):
    columns = {name: ["甲"] for names in UNIT.attributes for name in names} | {"PFRQ": ["2024-01-31"]}
    assert prepared(tmp_path, columns, layer=UNIT).warnings == ()


def test_fields_that_are_missing_are_told_once_and_alternatives_count(tmp_path):
    missing = [each.field for each in prepared(tmp_path, {"dybh": ["1", "2"]}, layer=UNIT).warnings]
    assert missing == ["PFWH", "PFRQ"]
    purple = CATALOGUE.layer("GH2206")
    assert [each.field for each in prepared(tmp_path, {"JKDD": ["x"]}, layer=purple).warnings] == ["XGKZ"]


def test_nothing_is_asked_without_a_contract(tmp_path):
    path = geojson(tmp_path / "a.geojson", collection(feature(properties={"MJ": 1})))
    edition = prepare_edition(read_delivery(path), layer=CATALOGUE.layer("GH2202"))
    assert (edition.warnings, faults(edition)) == ((), [None])


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("DLBM", ["0101", None, " "], [(1, "field_empty"), (2, "field_empty")]),
        ("DLBM", ["0101", "0109", "旱地"], [(1, "code_unknown")]),
        ("DLBM", [101.0, 1207.0, 1308.0], [(0, "code_unknown"), (2, "code_unknown")]),
        ("TBBH", ["00000001", "000000001", None], [(1, "field_too_long")]),
        ("SJNF", ["2023", "2023年", "2023.5"], [(1, "field_no_integer"), (2, "field_no_integer")]),
        ("YJJBNTMJ", ["1.5", "约1.5", None], [(1, "field_no_number")]),
        ("BHKSSJ", ["2024-01-31", "20240131", "明年"], [(2, "date_unreadable")]),
    ],
)
def test_values_are_held_against_what_the_field_holds(tmp_path, column, values, found):
    edition = prepared(tmp_path, {column: values})
    kinds = [(row, kind) for row, name, kind in told(edition) if name == column]
    kinds += [(row, kind) for row, kind in enumerate(faults(edition)) if kind]
    assert kinds == found


@pytest.mark.parametrize(
    ("stated", "kind", "blocks"),
    [
        (AREA_M2, None, False),
        (AREA_M2 * 1.009, None, False),
        (AREA_M2 * 1.02, "area_differs", False),
        (AREA_M2 * 0.95, "area_differs", False),
        (AREA_M2 * 1.11, "area_wrong", True),
        (AREA_M2 * 0.5, "area_wrong", True),
        (0, "area_zero", False),
        (0.04, "area_unit", False),
        (0.6, "area_unit", False),
    ],
)
def test_an_area_is_held_against_the_geometry(tmp_path, stated, kind, blocks):
    edition = prepared(tmp_path, {"YJJBNTTBMJ": [stated]})
    if blocks:
        assert (faults(edition), len(edition.frame)) == ([kind], 0)
    else:
        assert [found for _, _, found in told(edition)] == ([kind] if kind else [])
        assert len(edition.frame) == 1


def test_the_nearer_basis_is_the_one_that_is_told(tmp_path):
    """At the edge of its zone a square is 440 ppm larger in the plane than on the ellipsoid."""
    ground = shapely.box(127.49, 43.8, 127.4905, 43.8005)
    ellipsoid_m2 = float(ellipsoid_areas_m2([ground])[0])
    texts = []
    for stated in (ellipsoid_m2 * 1.0205, ellipsoid_m2 * 0.98):
        path = geojson(
            tmp_path / "a.geojson", collection(feature(shapely.geometry.mapping(ground), {"YJJBNTTBMJ": stated}))
        )
        edition = prepare_edition(read_delivery(path), layer=FARMLAND, contract=contract_of(FARMLAND, CATALOGUE))
        texts += [each.fault.text.en for each in edition.warnings if each.fault.kind == "area_differs"]
    assert "in the plane EPSG:4551" in texts[0]
    assert "on the ellipsoid" in texts[1]


def test_a_city_says_what_a_field_holds_and_what_its_faults_mean(tmp_path):
    text = """
    field = [
        { name = "YJJBNTTBMJ", layers = ["GH2201"], kind = "number" },
        { name = "DLBM", layers = ["GH2201"], length = 6, level = "error" },
    ]
    """
    columns = {"YJJBNTTBMJ": [1.0, 1.0], "DLBM": ["0101", "9999"]}
    edition = prepared(tmp_path, columns, catalogue=read_catalogue(text, file="city.toml"))
    assert faults(edition) == [None, "code_unknown"]
    assert told(edition) == []


def test_rows_that_are_no_features_are_told_once_as_faults(tmp_path):
    edition = prepared(tmp_path, {"YJJBNTTBMJ": [AREA_M2, 1.0], "DLBM": ["0109", "0109"]})
    assert faults(edition) == [None, "area_wrong"]
    assert told(edition) == [(0, "DLBM", "code_unknown")]


def test_a_fault_says_what_stands_there_and_what_to_do(tmp_path):
    (warning,) = [each for each in prepared(tmp_path, {"DLBM": ["0109"]}).warnings if each.row == 0]
    assert "0109" in warning.fault.text.zh
    assert "GB/T 21010-2017" in warning.fault.text.en
    assert "[[code]]" in warning.fault.remedy.en


def test_attributes_stay_as_they_were_delivered(tmp_path):
    edition = prepared(tmp_path, {"DLBM": ["0109", None], "TBBH": ["x" * 20, "1"]})
    assert edition.frame["attrs"].tolist() == [{"DLBM": "0109", "TBBH": "x" * 20}, {"DLBM": None, "TBBH": "1"}]
    assert not pd.isna(edition.frame["class_code"].iloc[0])
