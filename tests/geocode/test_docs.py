"""What the documentation says of the code is so."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import geocode
from geocode.alphabet import ALPHABET, LOOK_ALIKES
from geocode.faults import read_sentences

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "code.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENGLISH, CHINESE = ((DOCS / name).read_text(encoding="utf-8") for name in ("specification.md", "specification.zh.md"))
MODULES = ["geocode", *(f"geocode.{module.name}" for module in pkgutil.iter_modules(geocode.__path__))]


@pytest.mark.parametrize("name", ["code.md", "specification.md", "specification.zh.md"])
def test_every_figure_of_the_examples_is_what_python_prints(name):
    result = doctest.testfile(str(DOCS / name), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS)
    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_what_python_prints(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "kind",
    sorted(kind for name in ("faults.toml", "name_faults.toml") for kind in read_sentences("geocode", name).kinds()),
)
def test_every_kind_of_fault_is_documented(kind):
    assert f"`{kind}`" in TEXT


def test_both_languages_name_the_alphabet_and_its_look_alikes():
    english, chinese = TEXT.split("## 中文")
    for language in (english, chinese):
        assert f"`{ALPHABET}`" in language
        assert all(f"{stranger}→{meant}" in language for stranger, meant in LOOK_ALIKES.items())


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"(?m)^#+ (\d+(?:\.\d+)?|\S+ [AB])\b", id="chapters"),
        pytest.param(r"\*\*([\dB]+\.\d+)", id="clauses"),
        pytest.param(r"(?m)^ *(\d+)\. ", id="rules"),
        pytest.param(r"`([^`\n]+)`", id="names"),
        pytest.param(r"U\+[0-9A-F]{4}", id="code points"),
        pytest.param(r"EPSG:\d+", id="frames"),
        pytest.param(r"\d[\d.]{2,}\d", id="figures"),
        pytest.param(r"(?m)^    (\S.*?)\.?$", id="formulas"),
    ],
)
def test_both_languages_of_the_specification_have_the_same(pattern):
    english, chinese = (sorted(re.findall(pattern, without_words(text))) for text in (ENGLISH, CHINESE))
    assert english
    assert english == chinese


def without_words(text):
    """Return a text of either language with the few words and marks that the patterns meet brought into one."""
    words = {
        "附录 ": "Annex ",
        "(": " (",
        "。": ".",
        "   至   ": "   to   ",
        "面积 =": "area =",
        ",其中 τ 满足": ", where τ solves",
    }
    for chinese, english in {**words, ",σ =": " with σ ="}.items():
        text = text.replace(chinese, english)
    return text


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "中文"])
def test_the_specification_names_the_alphabet_its_look_alikes_and_every_kind_of_refusal(text):
    assert f"`{ALPHABET}`" in text
    assert all(f"{stranger}→{meant}" in text for stranger, meant in LOOK_ALIKES.items())
    assert all(f"`{kind}`" in text for kind in read_sentences("geocode", "faults.toml").kinds())


def test_every_group_of_vectors_is_described_in_both_languages():
    vectors = (DOCS.parent / "data" / "vectors" / "building_code.jsonl").read_text(encoding="ascii")
    groups = set(re.findall(r'"group":"(\w+)"', vectors))
    assert all(f"`{group}`" in text for group in groups for text in (ENGLISH, CHINESE))


def test_both_languages_give_the_area_of_every_zone(oracle):
    for width, first, other in ((6, 4491, 4502), (3, 4513, 4534)):
        for zone, bounds in enumerate(oracle.plane.AREAS_DEG[width]):
            row = " | ".join(f"{bound:g}" for bound in bounds)
            assert all(f"| {first + zone}, {other + zone} | {row} |" in text for text in (ENGLISH, CHINESE))


def test_every_public_name_has_a_docstring():
    public = [getattr(geocode, name) for name in geocode.__all__ if not name.startswith("__")]
    assert all(each.__doc__ for each in public if callable(each))
