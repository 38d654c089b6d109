"""What is said of units, facilities and names: in both languages, filled with the same values, and used."""

import re
import string
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import registry

ROOMS = [Path(registry.__file__).parent, Path(registry.__file__).parents[1] / "workflows"]
SOURCE = "\n".join(path.read_text(encoding="utf-8") for room in ROOMS for path in sorted(room.glob("*.py")))
SENTENCES = [
    (kind, row)
    for name in ("unit_faults.toml", "facility_faults.toml", "keeping_faults.toml")
    for kind, row in tomllib.loads(files("registry").joinpath(name).read_text(encoding="utf-8")).items()
]


def placeholders(text):
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("kind", "row"), SENTENCES, ids=[kind for kind, _ in SENTENCES])
class TestSentences:
    def test_both_languages_are_there_and_end_as_sentences_do(self, kind, row):
        assert set(row) == {"zh", "en", "remedy_zh", "remedy_en"}
        for name, said in row.items():
            assert said[-1] == ("。" if name.endswith("zh") else ".")

    def test_both_languages_are_filled_with_the_same_values(self, kind, row):
        for zh, en in (("zh", "en"), ("remedy_zh", "remedy_en")):
            assert placeholders(row[zh]) == placeholders(row[en])

    def test_it_is_used(self, kind, row):
        assert f'"{kind}"' in SOURCE
