"""Every refusal, fault and remark has its sentence in both languages, filled, and is used."""

import re
import string
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import layers
from layers.errors import CannotWrite, LayersError, RefusedFile, UnknownLayer, cannot_write, refused
from layers.remarks import remark, remark_kinds

ROOM = Path(layers.__file__).parent
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOM.rglob("*.py")))
# and workflows that take files in refuse them by the same tables
USED = SOURCE + "".join(
    (ROOM.parent / "workflows" / name).read_text(encoding="utf-8") for name in ("attaching.py", "catalogues.py")
)
TABLES = {
    name: tomllib.loads(files("layers").joinpath(name).read_text(encoding="utf-8"))
    for name in (
        "refusals.toml",
        "faults.toml",
        "remarks.toml",
        "changes.toml",
        "catalogue_faults.toml",
        "contract_faults.toml",
        "footprint_checks.toml",
    )
}
# what reading did and found: there is nothing to do about it
TOLD = {"remarks.toml", "changes.toml"}
SENTENCES = [(table, kind, row) for table, rows in TABLES.items() for kind, row in rows.items()]
BUILT = re.compile(r"encoding_(utf8|gb18030)_(no_cpg|agrees|against)|field_no_(number|integer|date)")


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("table", "kind", "row"), SENTENCES, ids=lambda value: value if isinstance(value, str) else "")
class TestSentences:
    def test_both_languages_are_there_and_end_as_sentences_do(self, table, kind, row):
        texts = {name: row[name] for name in ("zh", "en", "remedy_zh", "remedy_en") if name in row}
        assert len(texts) == (2 if table in TOLD else 4)
        for name, text in texts.items():
            end = "。?;" if name.endswith("zh") else ".?"
            assert text[-1] in end, f"{kind}.{name}"

    def test_both_languages_are_filled_with_the_same_values(self, table, kind, row):
        pairs = [("zh", "en"), ("remedy_zh", "remedy_en")] if table not in TOLD else [("zh", "en")]
        for zh, en in pairs:
            # a Chinese sentence may leave out what the English one needs, and hints come in their own language
            told = {
                name.removesuffix("_zh").removesuffix("_en") for name in placeholders(row[zh]) | placeholders(row[en])
            }
            assert {name.removesuffix("_zh") for name in placeholders(row[zh])} <= told
            assert {name.removesuffix("_en") for name in placeholders(row[en])} <= told | {"text"}

    def test_it_is_used(self, table, kind, row):
        assert f'"{kind}"' in USED or BUILT.fullmatch(kind), f"{table}: {kind}"


def test_every_kind_that_is_raised_has_a_sentence():
    for kind in re.findall(r'refused\(\s*"(\w+)"', SOURCE) + re.findall(r'cannot_write\(\s*"(\w+)"', SOURCE):
        assert kind in TABLES["refusals.toml"]
    for kind in re.findall(r'_SENTENCES\.fault\(\s*"(\w+)"', SOURCE) + re.findall(
        r'_CannotBuildError\(\s*"(\w+)"', SOURCE
    ):
        assert kind in TABLES["faults.toml"]
    for kind in re.findall(r'remark\(\s*"(\w+)"', SOURCE):
        assert kind in remark_kinds()


def test_the_errors_are_the_built_in_ones_that_fit():
    assert issubclass(RefusedFile, LayersError)
    assert issubclass(RefusedFile, ValueError)
    assert issubclass(CannotWrite, ValueError)
    assert issubclass(UnknownLayer, LookupError)


def test_a_refusal_says_where_what_and_what_to_do():
    error = refused("empty_file", layer="建筑", feature=7, line=3)
    error.file = "a.zip"
    assert (
        str(error) == "a.zip, layer 建筑, feature 7, line 3: The file is empty (0 bytes). Export it or copy it again."
    )
    assert (error.layer, error.feature, error.line) == ("建筑", 7, 3)


def test_an_error_of_writing_holds_what_was_asked_for():
    error = cannot_write("suffix_unknown", name="a.kml", known=".gpkg")
    assert "a.kml" in str(error)


def test_braces_in_a_value_do_no_harm():
    assert "{x}" in refused("layer_unknown", wanted="{x}", names="{}").fault.text.en
    assert "{0}" in remark("reader_said", text="{0}").zh
