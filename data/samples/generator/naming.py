"""Made-up Chinese names, each given out once."""

from __future__ import annotations

from collections.abc import Iterator

from generator.frame import stream

_STREETS = ("松柏云桦榆柳桃梅兰枫岭晨霞星月雪冰春秋鹿鹤雁溪石", "安宁和泰兴康平庆丰明阳林泉湖祥瑞荣盛")
_PLACES = ("锦翠金碧嘉颐景华雅怡澜清朗瀚望听观枕临依融悦承启", "园苑庭城府岸湾洲峰谷坡墅邻里居寓台榭廊桥")


def street_names() -> Iterator[str]:
    """Yield names for streets, without their ending (街, 路)."""
    return _pairs("street names", _STREETS)


def place_names() -> Iterator[str]:
    """Yield names for blocks, without their ending (小区, 学校)."""
    return _pairs("place names", _PLACES)


def _pairs(purpose: str, syllables: tuple[str, str]) -> Iterator[str]:
    pairs = [first + second for first in syllables[0] for second in syllables[1]]
    stream(purpose).shuffle(pairs)
    return iter(pairs)
