"""Schemes of a city's own, from a file that people edit."""

from contextlib import suppress
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.aliases import Alias, find_aliases, get_scheme, identify, load_schemes, scheme_name
from registry.city_schemes import read_city_schemes
from registry.errors import AliasError, RegistryError, SchemeFileError

EXAMPLE = files("registry").joinpath("city_schemes.example.toml").read_text(encoding="utf-8")
SCHEME = """
# the city's own
[[scheme]]
code = "own"
zh = "本市编码"
en = "Own code"
fields = ["own_code"]
pattern = '[0-9]{4}'
examples = ["0123"]
"""


def refusal(text):
    with pytest.raises(SchemeFileError) as caught:
        read_city_schemes(text, file="city.toml")
    assert caught.value.fault.remedy.zh
    return caught.value


def test_the_example_is_read_and_stands_before_the_schemes_that_need_no_configuration():
    schemes = read_city_schemes(EXAMPLE, file="example")
    assert [scheme.code for scheme in schemes[:3]] == ["zj_dt", "sz_jzw", "dtbm"]
    assert [scheme.code for scheme in schemes[3:]] == [scheme.code for scheme in load_schemes()]


def test_a_name_of_a_pattern_tells_its_parts():
    alias = get_scheme("sz_jzw", read_city_schemes(EXAMPLE, file="example")).parse("440306 008001 48 00062")
    assert alias == Alias("sz_jzw", "4403060080014800062")
    assert [(part.label.en, part.text) for part in alias.parts] == [
        ("district", "440306"),
        ("subdistrict and community", "008001"),
        ("grid", "48"),
        ("building number", "00062"),
    ]


def test_a_field_of_the_city_no_longer_carries_the_built_in_scheme():
    schemes = read_city_schemes(EXAMPLE, file="example")
    assert find_aliases({"DTBM": "01"}, schemes) == ([Alias("dtbm", "01")], [])
    assert find_aliases({"city_code": "ABC123"}, schemes) == ([Alias("city", "ABC123")], [])
    assert [alias.scheme for alias in find_aliases({"房屋码": "ABC123"}, schemes)[1]] == ["zj_dt"]


def test_without_a_file_the_generic_scheme_stays():
    assert find_aliases({"dtbm": "440303-0001"}) == ([Alias("city", "440303-0001")], [])
    assert read_city_schemes("", file="empty") == load_schemes()


def test_a_text_is_identified_under_the_citys_schemes_as_well():
    schemes = read_city_schemes(EXAMPLE, file="example")
    assert "sz_jzw" in {alias.scheme for alias in identify("4403060080014800062", schemes)[0]}
    (near,) = [refused for refused in identify("4401060080014800062", schemes)[1] if refused.scheme == "sz_jzw"]
    assert near.fault.kind == "alias_pattern"
    assert scheme_name("sz_jzw", schemes).zh == "深圳市建筑物编码"


@pytest.mark.parametrize(
    ("old", "new", "kind", "line"),
    [
        ('code = "own"\n', "", "scheme_key", 3),
        ('code = "own"', 'code = "Own Code"', "scheme_key", 3),
        ('code = "own"', 'code = "bdcdyh"', "scheme_taken", 3),
        ('zh = "本市编码"', "zh = 1", "scheme_key", 3),
        ('["own_code"]', '"own_code"', "scheme_key", 3),
        ('["own_code"]', "[]", "scheme_key", 3),
        ('["0123"]', '["123"]', "scheme_example", 3),
        ('["0123"]', "[123]", "scheme_key", 3),
        ("'[0-9]{4}'", "'[0-9]{4'", "scheme_pattern", 3),
        ("'[0-9]{4}'", "'[a-f]{4}'", "scheme_example", 3),
        ("'[0-9]{4}'", "'([0-9]+)+'", "scheme_pattern", 3),
        ("pattern =", "patern =", "scheme_unknown_key", 3),
        ("pattern =", 'parts.x = "x"\npattern =', "scheme_key", 3),
        ("pattern =", 'parts.x = ["x"]\npattern =', "scheme_key", 3),
        ("[[scheme]]", "[[schemes]]", "scheme_unknown_key", None),
        ("[[scheme]]", "[scheme]", "scheme_unknown_key", None),
        ('en = "Own code"', "en = Own code", "schemes_toml", 6),
        ("'[0-9]{4}'", "'''[0-9]{4}", "schemes_toml", None),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_line_and_remedy(old, new, kind, line):
    assert old in SCHEME
    error = refusal(SCHEME.replace(old, new))
    assert (error.fault.kind, error.file, error.line) == (kind, "city.toml", line)
    assert str(error).startswith("city.toml")
    assert isinstance(error, (ValueError, RegistryError))


def test_the_second_scheme_of_a_file_is_refused_at_its_own_line():
    twice = refusal(SCHEME + SCHEME)
    assert (twice.fault.kind, twice.line) == ("scheme_taken", 12)
    assert str(twice).startswith("city.toml, line 12: There is a scheme “own” already.")
    again = refusal(SCHEME + SCHEME.replace('"own"', '"other"').replace("own_code", "OWN_CODE"))
    assert (again.fault.kind, again.line) == ("scheme_field", 12)


@given(st.text("\n[]=\"'#schemcodezhnflpattrx {}0123", max_size=60))
def test_any_file_is_a_list_of_schemes_or_is_refused(text):
    with suppress(SchemeFileError):
        assert read_city_schemes(text, file="city.toml") == load_schemes()


@given(st.text())
def test_any_text_is_a_name_of_the_city_or_an_alias_error(text):
    for scheme in read_city_schemes(EXAMPLE, file="example")[:3]:
        with suppress(AliasError):
            alias = scheme.parse(text)
            assert scheme.parse(alias.value) == alias
