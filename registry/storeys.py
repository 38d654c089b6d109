"""Storeys as building tables write them: 3, 3F, 第三层, B1, 地下一层, -1, 1~2, 夹层."""

import re
import unicodedata

__all__ = ["HIGHEST", "storey_order", "storey_value", "storeys_of"]

HIGHEST = 300
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_ONE = r"(?P<{0}below>-|负|地下|B)?(?:\+|地上)?(?P<{0}number>[0-9]{{1,3}}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_STOREY = re.compile(
    rf"第?{_ONE.format('from_')}(?:层|楼|F|L)?(?:(?:-|~|—|–|至|到|/)第?{_ONE.format('to_')}(?:层|楼|F|L)?)?"
)
_KEPT = re.compile(r"(-?\d{1,3})(?:~(-?\d{1,3}))?", re.ASCII)


def storey_value(text: str) -> str:
    """Return a storey as it is kept: ``3``, ``-1`` below ground, ``1~2`` over several; a name such as ``夹层`` as it is."""
    plain = "".join(unicodedata.normalize("NFKC", text).upper().split())
    match = _STOREY.fullmatch(plain)
    if match is None:
        return plain
    low = _number(match["from_number"], is_below=bool(match["from_below"]))
    if match["to_number"] is None:
        return str(low)
    # 地下1-2层: what is below stays below; -1~1 says which it means
    high = _number(match["to_number"], is_below=bool(match["to_below"]) or match["from_below"] in {"地下", "B"})
    low, high = min(low, high), max(low, high)
    return str(low) if low == high else f"{low}~{high}"


def storeys_of(storey: str) -> tuple[int, ...]:
    """Return the numbers of the storeys that a kept value means, none where it is a name; there is no storey 0 between."""
    match = _KEPT.fullmatch(storey)
    if match is None:
        return ()
    low, high = int(match[1]), int(match[2] or match[1])
    return tuple(number for number in range(low, high + 1) if number or low == high)


def storey_order(storey: str) -> tuple[int, int, str]:
    """Return the key by which storeys are sorted: numbers from the lowest up, then names."""
    on = storeys_of(storey)
    return (0, on[0], storey) if on else (1, 0, storey)


def _number(text: str, *, is_below: bool) -> int:
    if text.isdigit():
        number = int(text)
    elif "十" in text:
        tens, _, ones = text.partition("十")
        number = 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
    else:
        number = _DIGITS[text]
    return -number if is_below else number
