"""A city's own file of layers: what it changes, what it adds, what is refused, what is doubtful."""

import pytest

from layers.catalogue import load_catalogue, read_catalogue
from layers.catalogue_linting import lint_catalogue
from layers.errors import CatalogueFileError

NEW = """
[[layer]]
code = "GH2601"
table = "DKGD"
name = { zh = "低空管道", en = "Low-altitude corridors" }
mid = "GH24"
geometry = ["Polygon", "Line"]
role = "constraint"
security = "restricted"
accuracy_m = 2
owner = "transport"
key_attributes = ["GDBH", "GDLX"]
class_field = "GDLX"
"""


def read(text):
    return read_catalogue(text, file="city.toml")


def refusal(text):
    with pytest.raises(CatalogueFileError) as caught:
        read(text)
    return caught.value


def doubts(text):
    return [(found.layer, found.fault.kind) for found in lint_catalogue(read(text))]


def test_an_empty_file_changes_nothing():
    assert read("") == load_catalogue()


def test_keys_of_a_layer_are_changed_and_the_others_stay():
    before = load_catalogue().layer("GH2208")
    after = read('[[layer]]\ncode = "GH2208"\naccuracy_m = 1.5\nsymbol = { opacity = 0.9 }').layer("GH2208")
    assert (after.accuracy_m, after.symbol.opacity) == (1.5, 0.9)
    assert (after.name, after.symbol.fill, after.owner) == (before.name, before.symbol.fill, before.owner)


def test_the_catalogue_that_comes_with_the_software_is_left_alone():
    read('[[layer]]\ncode = "GH2208"\naccuracy_m = 1.5')
    assert load_catalogue().layer("GH2208").accuracy_m == 0.5


def test_a_layer_is_added_behind_the_others_and_drawn_above_them():
    catalogue = read(NEW)
    assert len(catalogue) == 64
    assert catalogue.layer("dkgd").order > max(layer.order for layer in load_catalogue())
    assert catalogue.layer("GH2601").owner.name.zh == "交通运输主管部门"


def test_classes_owners_fields_and_codes_are_added_and_changed():
    catalogue = read(
        """
        [[owner]]
        code = "airport"
        name = { zh = "机场", en = "Airport" }
        [[mid]]
        code = "GH26"
        major = "GH"
        name = { zh = "低空规划", en = "Low-altitude plans" }
        [[layer]]
        code = "GH2213"
        owner = "airport"
        mid = "GH26"
        [[field]]
        name = "bsm"
        length = 20
        [[field]]
        name = "XGZ"
        layers = ["GH2213"]
        kind = "integer"
        [[code]]
        system = "GB/T 21010-2017"
        code = "9901"
        zh = "低空设施"
        en = "Low-altitude facilities"
        """
    )
    layer = catalogue.layer("GH2213")
    assert (layer.owner.name.en, layer.mid.name.en) == ("Airport", "Low-altitude plans")
    rules = catalogue.field_rules(layer)
    assert (rules["bsm"].length, rules["xgz"].kind) == (20, "integer")
    assert catalogue.field_rules(catalogue.layer("GH2201"))["xgz"].kind == "number"
    assert catalogue.code_lists["GB/T 21010-2017"].knows("9901")


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("[[layer]]\ncode = x\n", "catalogue_toml", 2),
        ("[[layers]]\ncode = 'x'", "catalogue_key", None),
        ("layer = 5", "catalogue_table", None),
        ("# a comment\n\n[[layer]]\naccuracy_m = 1", "catalogue_row", 3),
        ("[[layer]]\ncode = 'GH2201'\n[[layer]]\ncode = 'gh2201'", "catalogue_twice", 3),
        ("[[layer]]\ncode = 'GH2201'\naccuracy_m = 0", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH2201'\nsecurity = 'secret'", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH2201'\nsymbol = { fill = 'red' }", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH2201'\naccuracy = 1", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH9901'", "catalogue_value", 1),
        ("[[layer]]\ncode = '../x'", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH2201'\nmid = 'GH99'", "catalogue_name", 1),
        ("[[layer]]\ncode = 'GH2201'\nowner = ['water']", "catalogue_name", 1),
        ("[[mid]]\ncode = 'ZZ11'\nmajor = 'ZZ'\nname = { zh = 'x', en = 'x' }", "catalogue_name", 1),
        ("[[field]]\nname = 'x'\nlayers = ['GH9999']", "catalogue_name", 1),
        ("[[code]]\nsystem = 'x'\ncode = '1'\nzh = 'x'", "catalogue_value", 1),
        ("[[layer]]\ncode = 'GH2202'\ntable = 'yjjbnt'", "catalogue_taken", 1),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place_and_a_remedy(text, kind, line):
    error = refusal(text)
    assert (error.fault.kind, error.line, error.file) == (kind, line, "city.toml")
    assert error.fault.remedy.zh
    assert "city.toml" in str(error)


def test_a_layer_that_lacks_a_key_is_refused_with_its_code_and_the_key():
    error = refusal(NEW.replace("accuracy_m = 2\n", ""))
    assert "GH2601" in error.fault.text.zh
    assert "accuracy_m" in error.fault.text.en


def test_the_catalogue_that_comes_with_the_software_has_no_doubts():
    assert lint_catalogue(load_catalogue()) == []


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("[[layer]]\ncode = 'GH2301'\noverlap_allowed = true", ("GH2301", "gaps_and_overlaps")),
        ("[[layer]]\ncode = 'GH2306'\ncoverage_required = true\noverlap_allowed = false", ("GH2306", "gaps_in_lines")),
        ("[[layer]]\ncode = 'GH2306'\norder = 495", ("GH2306", "order_taken")),
        ("[[layer]]\ncode = 'GH2301'\nclass_field = 'DYLX'", ("GH2301", "class_field_unknown")),
        ("[[layer]]\ncode = 'GH2303'\nclass_system = 'YDYHFL-2020'", ("GH2303", "class_system_unknown")),
        ("[[layer]]\ncode = 'GH2213'\nsecurity = 'public'", ("GH2213", "security_lowered")),
        ("[[layer]]\ncode = 'GH2213'\nmid = 'GH24'", ("GH2213", "not_of_mid")),
    ],
)
def test_what_can_be_read_and_is_doubtful_is_told(text, doubt):
    assert doubts(text) == [doubt]


def test_two_layers_that_look_alike_are_told():
    other = load_catalogue().layer("GH2201").symbol
    text = f"[[layer]]\ncode = 'GH2202'\nsymbol = {{ fill = '{other.fill}', line = '{other.line}', opacity = {other.opacity} }}"
    assert doubts(text) == [("GH2202", "symbol_taken")]


@pytest.mark.parametrize(
    ("system", "value", "known"),
    [
        ("GB/T 21010-2017", "0101", True),
        ("GB/T 21010-2017", "01", True),
        ("GB/T 21010-2017", "旱地", True),
        ("GB/T 21010-2017", "0201K", True),
        ("GB/T 21010-2017", "1107A", True),
        ("GB/T 21010-2017", "05H1", True),
        ("GB/T 21010-2017", "0109", False),
        ("GB/T 21010-2017", "1308", False),
        ("YDYHFL-2023", "070102", True),
        ("YDYHFL-2023", "0204", True),
        ("YDYHFL-2023", "1313", False),
        ("GB 50137-2011", "R21", True),
        ("GB 50137-2011", "M4", False),
        ("GB 50137-2011", "", False),
    ],
)
def test_a_code_is_known_if_it_is_listed_or_finer_than_a_last_one(system, value, known):
    assert load_catalogue().code_lists[system].knows(value) is known


def test_every_layer_has_somebody_who_answers_for_it():
    assert all(layer.owner.name.zh and layer.owner.name.en for layer in load_catalogue())
