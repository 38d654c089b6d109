"""Addresses and names as they are compared."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry.addresses
from registry.addresses import address_keys, address_text, find_addresses, stored_keys


def is_found(asked, **stored):
    return bool(set(address_keys(asked).keys) & set(stored_keys(stored.get("name"), stored)))


def test_the_examples_are_what_python_prints():
    assert doctest.testmod(registry.addresses).failed == 0


@pytest.mark.parametrize(
    "asked",
    [
        "解放路12号",
        "解放路１２号",
        "解放路 12 號",
        "解放路十二号",
        "解放路12#",
        "解放路一二号",
        "解放路012号",
        "船营区解放路12号",
        "吉林市船营区解放路12号",
        "吉林省吉林市船营区解放路12号",
        "解放路12号2单元501室",
        "解放路12号3层",
    ],
)
def test_an_address_is_found_however_it_is_written(asked):
    assert is_found(asked, 地址="吉林市船营区解放路12号")


@pytest.mark.parametrize("asked", ["解放路120号", "解放路1-2号", "昌邑区解放路12号", "放路12号", "12号", "解放路", ""])
def test_another_address_is_not_found(asked):
    assert not is_found(asked, 地址="吉林市船营区解放路12号")


def test_the_end_of_a_name_is_no_division():
    assert address_keys("幸福小区3号楼").keys == ("幸福小区3号楼", "^幸福小区3号楼")
    assert "延吉路100号" in stored_keys(None, {"坐落": "青岛市市北区延吉路100号"})


def test_numerals_count_where_something_counted_follows():
    assert address_text("五一路二十三号") == "五一路23号"
    assert address_text("三里屯一百零五号") == "三里屯105号"
    assert address_text("十里堡二〇三室") == "十里堡203室"


def test_numbers_with_a_mark_between_stay_apart():
    assert address_text("解放路12-3号") == address_text("解放路12 3号") != address_text("解放路123号")


def test_street_and_number_are_an_address():
    assert find_addresses({"addr:street": "解放路", "addr:housenumber": "12"}) == ["解放路12号"]
    assert find_addresses({"addr:street": "Herrengasse", "addr:housenumber": "12"}) == ["Herrengasse 12"]
    assert find_addresses({"ADDRESS": " 甲路1号 ", "zl": None}) == ["甲路1号"]


@given(st.text(max_size=60))
def test_comparing_twice_is_comparing_once(text):
    assert address_text(address_text(text)) == address_text(text)


@given(st.text(alphabet="吉林省市区船营解放路街道小十二百0123456789号楼栋单元室 -#A", max_size=40))
def test_whatever_is_stored_is_found_by_the_same_text(text):
    assert not address_text(text) or is_found(text, name=text) or address_keys(text).within
