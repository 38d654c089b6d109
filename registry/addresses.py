"""Addresses and names of buildings as they are compared: however somebody writes them, and with or without the division.

A Chinese address goes from the large to the small, so one that leaves the province, the city or the district out is the end
of one that has them. Two addresses are the same where one is the other, or what is left of it without its first divisions.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["ADDRESS_FIELDS", "AddressKeys", "address_keys", "address_text", "find_addresses", "stored_keys"]

ADDRESS_FIELDS = ("地址", "坐落", "address", "addr:full", "zl", "dz", "jzdz", "门牌地址", "标准地址")
_STREET_FIELDS = ("addr:street", "addr:housenumber")
_LONGEST = 200
# before a text that is the whole of an address or name, so that it is told from the ends of longer ones
_WHOLE = "^"

_VARIANTS = str.maketrans("號樓棟幢層號門東馬龍雲華廣園區縣鎮鄉灣橋", "号楼栋栋层号门东马龙云华广园区县镇乡湾桥")
_NUMERALS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
# a numeral counts where something counted follows: 十二号 is 12号, 五一路 and 三里屯 stay what they are called
_COUNTED = re.compile(rf"[{''.join((*_NUMERALS, *_UNITS))}]+(?=[号栋楼层室座单弄门期组])")
_NUMBER_SIGN = re.compile(r"(?<=[0-9])(#|NO\.?)(?=号)?")
_MARKS = r"[\s,.;:·'\"()\[\]{}<>《》【】、。!?_/\\|-]+"
_NUMBERS_APART = re.compile(rf"(?<=[0-9]){_MARKS}(?=[0-9])")
_NEEDLESS = re.compile(rf"(?<![0-9]){_MARKS}|{_MARKS}(?![0-9])|(?<![0-9])0+(?=[1-9])")
# ends of words that are no divisions: 小区, 社区, 园区, 校区
_DIVISION = re.compile(
    r".{2,8}?(?:特别行政区|自治区|自治州|自治县|自治旗|街道|省|市|(?<![小社园校院厂景库片片住])区|县|旗|镇|乡)(?![路街巷弄里号楼栋])"
)
_WITHIN = re.compile(
    r"(?<=[号栋楼座])(?:[0-9A-Z]{1,4}(?:单元|门)(?:[0-9]{1,6}$)?)?(?:[0-9]{1,3}层)?(?:[0-9A-Z]{1,6}[室户])?$"
)


class AddressKeys(NamedTuple):
    """What is looked for among the stored keys of an address or name.

    Attributes
    ----------
    keys
        Any of them is a hit, in any order.
    within
        The part of the text that tells a place within a building, such as ``2单元501室``; it is no part of the keys.
    """

    keys: tuple[str, ...]
    within: str


def address_text(text: str) -> str:
    """Return an address or name as it is compared: NFKC, upper case, no blanks or marks, plain characters and digits.

    Examples
    --------
    >>> address_text("解放路 十二號"), address_text("解放路12#楼"), address_text("五一路3號")
    ('解放路12号', '解放路12号楼', '五一路3号')
    """
    # NUL is in no database text
    plain = text.replace("\0", "")
    if plain.isascii():
        plain = plain.upper()
    else:
        plain = unicodedata.normalize("NFKC", plain).upper().translate(_VARIANTS)
        plain = _COUNTED.sub(lambda match: str(_number(match[0])), plain)
    plain = _NUMBER_SIGN.sub("号", plain)
    return _NEEDLESS.sub("", _NUMBERS_APART.sub("-", plain))


def address_keys(text: str) -> AddressKeys:
    """Return the keys by which stored addresses and names are found that are the same as a text.

    Examples
    --------
    >>> address_keys("船营区解放路12号")
    AddressKeys(keys=('船营区解放路12号', '^船营区解放路12号', '^解放路12号'), within='')
    """
    whole = address_text(text[:_LONGEST])
    place = _WITHIN.search(whole)
    building = whole[: place.start()] if place else whole
    if not building:
        return AddressKeys((), "")
    return AddressKeys((building, *(_WHOLE + end for end in _ends(building))), whole[len(building) :])


def stored_keys(name: str | None, attributes: Mapping[str, Any]) -> list[str]:
    """Return the keys that a footprint is stored with: of its name, and of the addresses that its attributes hold."""
    keys: dict[str, None] = {}
    for text in (name or "", *find_addresses(attributes)):
        if whole := address_text(text[:_LONGEST]):
            keys |= dict.fromkeys((_WHOLE + whole, *_ends(whole)))
    return list(keys)


def find_addresses(attributes: Mapping[str, Any]) -> list[str]:
    """Return the addresses that a row's fields hold, as they are written."""
    fields = _address_fields(tuple(attributes))
    if not fields:
        return []
    folded = {field: attributes[name] for field, name in fields}
    street, number = (str(folded.get(field) or "").strip() for field in _STREET_FIELDS)
    joined = f"{street}{number}号" if number.isdigit() and not street.isascii() else f"{street} {number}"
    found = [str(folded.get(field) or "").strip() for field in ADDRESS_FIELDS]
    return [text for text in (*found, joined if street and number else "") if text]


@lru_cache(maxsize=256)
def _address_fields(names: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """Return the fields that addresses are in, each with the name that a row has it by; rows of a file have the same ones."""
    folded = {str(name).casefold(): name for name in names}
    return [(field, folded[field]) for field in (*ADDRESS_FIELDS, *_STREET_FIELDS) if field in folded]


def _ends(whole: str) -> list[str]:
    """Return a text and what is left of it without its first division, its first two, and so on."""
    ends = [whole]
    while match := _DIVISION.match(ends[-1]):
        rest = ends[-1][match.end() :]
        if len(rest) < 3:  # noqa: PLR2004 - a street and its number
            break
        ends.append(rest)
    return ends


def _number(numeral: str) -> int | str:
    """Return the number that a Chinese numeral writes, in units (二十三) or digit by digit (二〇三)."""
    if not any(letter in _UNITS for letter in numeral):
        return "".join(str(_NUMERALS[letter]) for letter in numeral)
    total, digit = 0, 0
    for letter in numeral:
        if letter in _UNITS:
            # 十二 begins with a unit: one ten
            total += (digit or 1) * _UNITS[letter]
            digit = 0
        else:
            digit = _NUMERALS[letter]
    return total + digit
