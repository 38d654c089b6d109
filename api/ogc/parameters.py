"""What is asked of OGC routes in their query: each parameter known, given once, and of a value that it takes."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Literal, TypeAlias, get_args

from fastapi import Request

from api.dependencies import language_of
from api.queries import repeated_parameter, unknown_parameter
from geocode import Text
from workflows.collections import Period
from workflows.errors import RefusedParameterError
from workflows.items import FILTER_LANGUAGES, ItemsQuestion
from workflows.upload_files import Language

__all__ = [
    "FILTER_LANGUAGES",
    "ITEMS_PARAMETERS",
    "ITEM_PARAMETERS",
    "JSON_ALONE",
    "LARGEST_LIMIT",
    "USUAL_LIMIT",
    "Format",
    "format_of",
    "parameters_of",
    "period_of",
    "question_of",
    "spoken_in",
]

Format: TypeAlias = Literal["json", "html", "jsonfg"]
USUAL_LIMIT, LARGEST_LIMIT = 100, 10_000
JSON_ALONE: tuple[Format, ...] = ("json",)
_EVERYWHERE = ("f", "language")
ITEM_PARAMETERS = ("crs", "datetime")
ITEMS_PARAMETERS = (
    *("limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime"),
    *("filter", "filter-lang", "filter-crs", "sortby", "properties"),
)
_LARGEST_OFFSET = 2**53
_CORNERS, _CORNERS_WITH_HEIGHTS = 4, 6
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MEDIA: Mapping[str, Format] = {
    "text/html": "html",
    "application/vnd.ogc.fg+json": "jsonfg",
    "application/geo+json": "json",
    "application/json": "json",
    "*/*": "json",
}


def parameters_of(request: Request, known: Collection[str] | None = ()) -> dict[str, str]:
    """Return the parameters of a query by name.

    Parameters
    ----------
    known
        Those that there are beside `f` and `language`; None where it is looked at elsewhere.

    Raises
    ------
    RefusedParameterError
        One is given twice, or is none of those known.
    """
    said: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in said:
            raise repeated_parameter(name)
        said[name] = value
    for name in said if known is not None else ():
        if name not in known and name not in _EVERYWHERE:  # type: ignore[operator]
            raise unknown_parameter(name, [*known, *_EVERYWHERE])  # type: ignore[misc]
    return said


def format_of(request: Request, said: Mapping[str, str], formats: Collection[Format] = ("json", "html")) -> Format:
    """Return the format that is asked for: by `f`, else by what the client accepts, JSON where it does not say.

    Raises
    ------
    RefusedParameterError
        `f` is none of the formats.
    """
    if "f" in said:
        found = next((each for each in formats if each == said["f"]), None)
        if found is None:
            raise _no_value("f", said["f"], ", ".join(formats))
        return found
    accepted = []
    for place, text in enumerate(request.headers.get("accept", "").lower().split(",")):
        media, _, options = text.strip().partition(";")
        kind = _MEDIA.get(media.strip())
        if kind in formats:
            accepted.append((-_weight(options), place, kind))
    return min(accepted)[2] if accepted else "json"  # type: ignore[return-value]


def spoken_in(request: Request, said: Mapping[str, str]) -> Language:
    """Return the language that a caller reads, as other routes do.

    Raises
    ------
    RefusedParameterError
        `language` is none that is spoken.
    """
    asked = next((each for each in get_args(Language) if each == said.get("language")), None)
    if "language" in said and asked is None:
        raise _no_value("language", said["language"], ", ".join(get_args(Language)))
    return language_of(request.app.state.settings, request.headers.get("accept-language", ""), asked)


def question_of(said: Mapping[str, str]) -> ItemsQuestion:
    """Return which items a query asks for; what is none of the parameters is the value of a property.

    Raises
    ------
    RefusedParameterError
        A value is none that its parameter takes.
    """
    limit = _whole("limit", said.get("limit", str(USUAL_LIMIT)), least=1)
    return ItemsQuestion(
        limit=min(limit, LARGEST_LIMIT),
        offset=_whole("offset", said.get("offset", "0"), least=0),
        cursor=said.get("cursor"),
        bbox=_box(said["bbox"]) if "bbox" in said else None,
        bbox_crs=said.get("bbox-crs"),
        crs=said.get("crs"),
        filter=said.get("filter"),
        filter_lang=said.get("filter-lang", FILTER_LANGUAGES[0]),
        filter_crs=said.get("filter-crs"),
        sortby=said.get("sortby"),
        properties=said.get("properties"),
        equals={
            name: value for name, value in said.items() if name not in ITEMS_PARAMETERS and name not in _EVERYWHERE
        },
    )


def period_of(said: Mapping[str, str]) -> Period | None:
    """Return the time that `datetime` is about: an instant, a day, or an interval of them; None where nothing is said.

    Raises
    ------
    RefusedParameterError
        It is none of these, or ends before it begins.
    """
    text = said.get("datetime")
    if text is None:
        return None
    first, is_interval, last = text.partition("/")
    try:
        start = _time(first, open_ended=bool(is_interval))
        end = _time(last, open_ended=True) if is_interval else start
    except (ValueError, OverflowError):
        raise _no_time(text) from None
    period = Period(start and start.start, end and end.end)
    if period.start and period.end and period.start > period.end:
        raise _no_time(text)
    return period


def _time(text: str, *, open_ended: bool) -> Period | None:
    """Return one end of a time as what it covers; None where it is open."""
    if open_ended and text in {"", ".."}:
        return None
    if _DAY.fullmatch(text):
        return Period.of_days(date.fromisoformat(text), date.fromisoformat(text))
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    # a leap second is the last one of its minute
    instant = datetime.fromisoformat(text.upper().replace(":60", ":59")).astimezone()
    return Period(instant, instant)


def _box(text: str) -> tuple[float, ...]:
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in {_CORNERS, _CORNERS_WITH_HEIGHTS} or not all(abs(each) < float("inf") for each in numbers):
        raise _no_value("bbox", text, "126.5,43.8,126.6,43.9")
    half = len(numbers) // 2
    # nothing here has a height: a box with heights is the box on the ground
    return (*numbers[:2], *numbers[half : half + 2])


def _whole(name: str, text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= _LARGEST_OFFSET:
        raise _no_value(name, text, f"{least} … {LARGEST_LIMIT if name == 'limit' else _LARGEST_OFFSET}")
    return int(text)


def _weight(options: str) -> float:
    name, _, value = options.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def _no_value(name: str, value: str, takes: str) -> RefusedParameterError:
    return RefusedParameterError(
        name,
        Text(f"“{value[:60]}”不是 {name} 的取值。", f"“{value[:60]}” is no value of {name}."),
        Text(f"取值:{takes}。", f"It takes: {takes}."),
    )


def _no_time(text: str) -> RefusedParameterError:
    return RefusedParameterError(
        "datetime",
        Text(f"“{text[:60]}”不是时间。", f"“{text[:60]}” is no time."),
        Text(
            "给出日期、带时区的时刻,或区间,如 2026-05-01、2026-05-01T08:00:00Z、2026-05-01/..。",
            "Give a day, an instant with its zone, or an interval: 2026-05-01, 2026-05-01T08:00:00Z, 2026-05-01/..",
        ),
    )
