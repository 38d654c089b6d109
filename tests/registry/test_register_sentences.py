"""The sentences of the register: each used by code that fills its placeholders."""

import ast
import string
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SENTENCES = tomllib.loads((PROJECT / "registry" / "sentences.toml").read_text(encoding="utf-8"))
TEXTS = ("zh", "en", "remedy_zh", "remedy_en")
GIVEN_ALWAYS = {"x", "y", "vertex"}


def calls():
    """Return the names of the values that code gives each sentence, one set for each call."""
    found = defaultdict(list)
    for room in ("registry", "workflows"):
        for path in (PROJECT / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    found[node.args[0].value].append({keyword.arg for keyword in node.keywords})
    return found


def placeholders(text):
    # a value in both languages is {part.zh} in one sentence and {part.en} in the other
    return {field.split(".")[0] for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_is_used_and_its_placeholders_are_filled(kind):
    used = calls()[kind]
    wanted = set().union(*(placeholders(SENTENCES[kind][text]) for text in TEXTS))
    assert used
    assert all(wanted <= given | GIVEN_ALWAYS for given in used)


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_says_the_same_in_both_languages(kind):
    sentence = SENTENCES[kind]
    assert set(sentence) == set(TEXTS)
    assert placeholders(sentence["zh"]) == placeholders(sentence["en"])
    assert placeholders(sentence["remedy_zh"]) == placeholders(sentence["remedy_en"])
    assert all(sentence[text].endswith(("。", ".")) for text in TEXTS)
