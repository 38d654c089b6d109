"""A city's own stages, deadlines, tolerances and calendar."""

import datetime as dt
import string
import tomllib
from pathlib import Path

import pytest

from registry.errors import CityFileError, StageFileError
from registry.procedures import load_procedure, read_procedure

REGISTRY = Path(__file__).resolve().parents[2] / "registry"
SENTENCES = tomllib.loads((REGISTRY / "stage_faults.toml").read_text(encoding="utf-8"))
SAME = load_procedure()


def read(text):
    return read_procedure(text, file="city.toml")


def test_an_empty_file_changes_nothing():
    assert read("") == SAME


def test_the_example_of_a_citys_file_is_taken():
    own = read((REGISTRY / "stages.example.toml").read_text(encoding="utf-8"))
    assert own != SAME
    assert dt.date(2026, 10, 1) in own.calendar.holidays


def test_a_city_says_what_differs_and_the_rest_stays():
    own = read(
        """
        [[stage]]
        code = "setting_out"
        height = true
        [[deadline]]
        id = "T02"
        within = { working_days = 20 }
        [[deadline]]
        id = "city_1"
        name = { zh = "验线", en = "Check the lines" }
        start = "setting_out"
        until = ["completion_survey"]
        within = { days = 7 }
        [[tolerance]]
        id = "D03"
        most = 0.3
        confidence = "confirmed"
        """
    )
    assert [stage.code for stage in own.stages] == [stage.code for stage in SAME.stages]
    changed = {stage.code for stage, same in zip(own.stages, SAME.stages, strict=True) if stage != same}
    assert changed == {"setting_out"}
    assert own.deadlines[1].within.working_days == 20
    assert own.deadlines[1].basis == SAME.deadlines[1].basis
    assert own.deadlines[-1].id == "city_1"
    assert (own.tolerances[2].most, own.tolerances[2].shown_severity) == (0.3, "prohibit")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("a =", "procedure_toml", "no TOML"),
        ("[[rule]]\nid = 1", "procedure_key", "“rule”"),
        ("stage = 1", "procedure_row", "“code”"),
        ("[[deadline]]\nname = 1", "procedure_row", "“id”"),
        ('[[stage]]\ncode = "own"\nname = ["甲", "a"]\nkind = "survey"', "procedure_stage", "“own”"),
        ('[[stage]]\ncode = "design"\nhight = true', "procedure_value", "design.hight"),
        ('[[stage]]\ncode = "design"\nkind = "king"', "procedure_value", "design.kind"),
        ('[[stage]]\ncode = "design"\nafter = ["desing"]', "procedure_name", "“desing”"),
        ('[[stage]]\ncode = "design"\ndocuments = ["letter"]', "procedure_name", "“letter”"),
        ('[[deadline]]\nid = "T01"\nwithin = { days = 1, months = 1 }', "procedure_value", "T01.within"),
        ('[[deadline]]\nid = "T01"\nwithin = { days = 0 }', "procedure_value", "T01.within.days"),
        ('[[deadline]]\nid = "T01"\nstart = "begin"', "procedure_name", "“begin”"),
        ('[[tolerance]]\nid = "D01"\nmeasure = "size"', "procedure_value", "D01.measure"),
        ('[[tolerance]]\nid = "D01"\nbetween = ["design", "end"]', "procedure_name", "“end”"),
        ("[calendar]\nholidays = [1]", "procedure_value", "calendar.holidays"),
        (
            '[[stage]]\ncode = "acceptance"\ncertificate = { name = ["号", "no"], pattern = "(a+)+", example = "a" }',
            "procedure_value",
            "acceptance.certificate.pattern",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(text, kind, said):
    with pytest.raises(StageFileError, match=r"city\.toml") as refused:
        read(text)
    assert refused.value.fault.kind == kind
    assert said in refused.value.fault.text.en
    assert isinstance(refused.value, CityFileError)


def test_a_line_that_is_no_toml_is_named():
    with pytest.raises(StageFileError, match=r"city\.toml, line 2"):
        read('[[stage]]\ncode = "design\n')


def placeholders(text):
    return {field.split(".")[0] for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_of_stages_says_the_same_in_both_languages(kind):
    sentence = SENTENCES[kind]
    assert set(sentence) == {"zh", "en", "remedy_zh", "remedy_en"}
    assert placeholders(sentence["zh"]) == placeholders(sentence["en"])
    assert placeholders(sentence["remedy_zh"]) == placeholders(sentence["remedy_en"])
