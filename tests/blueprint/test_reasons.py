"""Reasons: every sentence is there in both languages, and no one is left without use."""

import re
from importlib.resources import files

from blueprint.reasons import explain, reason_kinds


def test_every_sentence_is_used_and_every_use_has_its_sentence():
    sources = [
        entry.read_text(encoding="utf-8")
        for room in ("blueprint", "workflows")
        for entry in files(room).iterdir()
        if entry.name.endswith(".py")
    ]
    used = {kind for source in sources for kind in re.findall(r'(?:explain\(\s*|refuse\([^,]+, )"(\w+)"', source)}
    assert used == reason_kinds()


def test_a_sentence_is_filled_in_in_both_languages():
    assert explain("noise", width_mm=1.04).en == "It is 1.0 mm wide, which is noise."
    assert "1.0 毫米" in explain("noise", width_mm=1.04).zh
