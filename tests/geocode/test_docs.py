"""What the documentation says of the code is so."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import geocode
from geocode.alphabet import ALPHABET, LOOK_ALIKES
from geocode.faults import read_sentences

PAGE = Path(__file__).parents[2] / "docs" / "code.md"
TEXT = PAGE.read_text(encoding="utf-8")
MODULES = ["geocode", *(f"geocode.{module.name}" for module in pkgutil.iter_modules(geocode.__path__))]


def test_every_figure_of_the_examples_is_what_python_prints():
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS)
    assert result.attempted > 30
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_what_python_prints(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("kind", sorted(read_sentences("geocode", "faults.toml").kinds()))
def test_every_kind_of_fault_is_documented(kind):
    assert f"`{kind}`" in TEXT


def test_both_languages_name_the_alphabet_and_its_look_alikes():
    english, chinese = TEXT.split("## 中文")
    for language in (english, chinese):
        assert f"`{ALPHABET}`" in language
        assert all(f"{stranger}→{meant}" in language for stranger, meant in LOOK_ALIKES.items())


def test_every_public_name_has_a_docstring():
    public = [getattr(geocode, name) for name in geocode.__all__ if not name.startswith("__")]
    assert all(each.__doc__ for each in public if callable(each))
