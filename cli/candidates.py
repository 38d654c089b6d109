"""CRSs that a file may be in, as a table tells them: those that differ by their zone alone in one line."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from geocode import Text

__all__ = ["CandidateLine", "lines_of"]

_KINDS = {
    "meridian": Text("不带带号的 {width} 度带", "Without the number before the easting: {width}° zones"),
    "utm": Text("UTM 带", "UTM zones"),
}


class CandidateLine(NamedTuple):
    """What to state, where the numbers would lie, how plausible that is and why."""

    said: str
    longitudes: str
    latitudes: str
    score: str
    why: Text


def lines_of(candidates: Sequence[Mapping[str, Any]]) -> list[CandidateLine]:
    """Return candidates, the most plausible first, with neighbours that differ by their zone alone as one."""
    groups = groupby(candidates, key=_differing_by_zone)
    return [_line_of([*group]) for _, group in groups]


def _differing_by_zone(candidate: Mapping[str, Any]) -> tuple[Any, ...]:
    zone = candidate["zone"]
    same = ("family", "score", "place", "is_swapped", "unit")
    # a zone whose number stands before the easting is no choice
    if zone is None or candidate["family"] not in _KINDS:
        return (candidate["crs"],)
    return (*(candidate[name] for name in same), zone["width_deg"])


def _line_of(group: Sequence[Mapping[str, Any]]) -> CandidateLine:
    first, last = group[0], group[-1]
    (west, south, east, north), score = first["box"], f"{first['score']:.2f}"
    latitudes = f"{south:.3f}–{north:.3f}"
    if first is last:
        reason = Text(first["reason"]["zh"], first["reason"]["en"])
        return CandidateLine(f"--crs {first['crs']}", f"{west:.3f}–{east:.3f}", latitudes, score, reason)
    return CandidateLine(
        f"--crs {first['crs']} … {last['crs']}",
        f"{west:.3f} … {last['box'][2]:.3f}",
        latitudes,
        score,
        _why_all(first["family"], [each["zone"] for each in group]),
    )


def _why_all(family: str, zones: Sequence[Mapping[str, Any]]) -> Text:
    """Return how several zones differ, and how one is chosen among them."""
    first, last = zones[0], zones[-1]
    zh, en = (text.format(width=first["width_deg"]) for text in (_KINDS[family].zh, _KINDS[family].en))
    numbers, meridians = _spans([zone["number"] for zone in zones]), f"{first['meridian']:g}°–{last['meridian']:g}°"
    return Text(
        f"{zh} {numbers}(中央经线 {meridians}),{len(zones)} 种只差分带:带号在图纸或成果说明上;或用 --extent 说明范围。",
        f"{en} {numbers} (meridians {meridians}): {len(zones)} that differ by their zone alone. Which one is on the "
        "drawing or in its report; or say where the ground is with --extent.",
    )


def _spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers as a person writes them, such as ``25, 42–45``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}" for span in spans)
