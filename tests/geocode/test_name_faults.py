"""Every way of misspelling a computed name has its own kind, sentence and remedy."""

import re
import string
import tomllib
from importlib.resources import files

import pytest

from geocode import CodeError
from geocode.beidou import decode_beidou
from geocode.decoding import decode_h3
from geocode.plus_codes import decode_plus_code
from geocode.ubids import decode_ubid

SENTENCES = tomllib.loads(files("geocode").joinpath("name_faults.toml").read_text(encoding="utf-8"))
MISSPELT = [
    (decode_h3, "8f31701895g5cd00", "h3_form"),
    (decode_h3, "8f317018955cd0f", "h3_cell"),
    (decode_plus_code, "8QM8RHR2+22A", "plus_code_letter"),
    (decode_plus_code, "8QM8RHR222H", "plus_code_form"),
    (decode_plus_code, "RHR2+22H", "plus_code_short"),
    (decode_plus_code, "F2222222+", "plus_code_place"),
    (decode_ubid, "8QM8RHR2+22H-2-3-2", "ubid_form"),
    (decode_ubid, "8QM8RHR2+22H-2-3-2-300000000", "ubid_place"),
    (decode_beidou, "W50J47539", "beidou_hemisphere"),
    (decode_beidou, "N50J4753", "beidou_length"),
    (decode_beidou, "N50J4753X", "beidou_symbol"),
    (decode_beidou, "N61J47539", "beidou_column"),
    (decode_beidou, "N000", "beidou_pole"),
    (decode_beidou, "N036J57", "beidou_height"),
]


@pytest.mark.parametrize(("read", "text", "kind"), MISSPELT)
def test_a_misspelt_name_is_refused_with_its_kind(read, text, kind):
    with pytest.raises(CodeError) as caught:
        read(text)
    fault = caught.value.fault
    assert fault.kind == kind
    for sentence in (*fault.text, *fault.remedy):
        assert sentence
        assert not re.search(r"[{}]|\bNone\b|\bnan\b", sentence)


def test_every_kind_is_caused():
    assert {kind for _, _, kind in MISSPELT} == set(SENTENCES)


@pytest.mark.parametrize("kind", SENTENCES)
def test_both_languages_fill_in_the_same(kind):
    row = SENTENCES[kind]
    for zh, en in ((row["zh"], row["en"]), (row["remedy_zh"], row["remedy_en"])):
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh, en)]
        assert names[0] == names[1]
        assert re.search(r"[\u4e00-\u9fff]", zh)
