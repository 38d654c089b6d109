"""Stages: where a building stands in its life, what follows what, and what each asks for. The list is data.

The order of a life is told by two lists of each stage. One of `after` must have been entered before it; and once one of
`closed_by` has been entered since the newest of those, it is too late, until another of them opens the way again (a new
design, a new permit). So a permit may be renewed and a house presold in parts, and nothing is presold that is registered.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, TypeAdapter

from geocode import Fault, Text
from geocode.faults import read_sentences
from registry.errors import StageError
from registry.forms import alias_value
from registry.patterns import compile_pattern

__all__ = [
    "Basis",
    "Certificate",
    "Confidence",
    "Entry",
    "Stage",
    "check_chain",
    "check_entry",
    "document_kinds",
    "get_stage",
    "load_stages",
    "next_stages",
    "put_in_order",
    "read_rows",
    "stage_codes",
    "stage_name",
]

Confidence = Literal["confirmed", "likely", "unconfirmed"]
_SENTENCES = read_sentences("registry", "stage_faults.toml")


class Basis(NamedTuple):
    """Where something comes from: the document, and the article in it (empty where it has none)."""

    doc: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The number of a stage's certificate: what it is called, its form as a pattern, an example, whether it is asked for."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Text
    pattern: str
    example: str
    required: bool = False

    def is_like(self, number: str) -> bool:
        """Tell whether a number, as `alias_value` writes it, is of the form."""
        return compile_pattern(self.pattern).fullmatch(number) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage.

    Attributes
    ----------
    code, order, name
        Its code, its place in the list from 0, what it is called.
    kind
        Who may enter it, as the rights name it.
    after, first, closed_by, ends
        Its place in a life: see the module. `first`: a known life may begin here. `ends`: nothing comes later.
    by_upload
        Whether footprints uploaded at this stage enter it by themselves.
    geometry
        ``own``: drawn for this stage. ``current``: the one that holds, if no other is named. ``none``.
    height, floor_area, certificate, documents
        What an entry must bring; `documents` are kinds.
    basis, confidence
        Why, and how sure that is.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    code: str
    order: int
    name: Text
    kind: Literal["planning", "survey", "registry"]
    after: tuple[str, ...] = ()
    first: bool = False
    closed_by: tuple[str, ...] = ()
    ends: bool = False
    by_upload: bool = False
    geometry: Literal["own", "current", "none"] = "none"
    height: bool = False
    floor_area: bool = False
    certificate: Certificate | None = None
    documents: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()
    confidence: Confidence = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A building's entry into a stage.

    Attributes
    ----------
    number
        Entries recorded later have a higher one; None: not recorded yet.
    at_latest
        Whether the day is only known to be no later than `occurred_on`, as with a design that was uploaded that day.
    certificate, documents
        The certificate's number; the kinds of the documents.
    drawn_at
        The stage for which its geometry was drawn; None where it has none.
    """

    stage: str
    occurred_on: dt.date
    number: int | None = None
    at_latest: bool = False
    certificate: str | None = None
    documents: tuple[str, ...] = ()
    drawn_at: str | None = None
    height_m: float | None = None
    floor_area_m2: float | None = None


def read_rows(name: str, table: str) -> list[dict[str, Any]]:
    """Return the rows of one of this room's tables in TOML."""
    rows: list[dict[str, Any]] = tomllib.loads(files("registry").joinpath(name).read_text(encoding="utf-8"))[table]
    return rows


@cache
def load_stages() -> tuple[Stage, ...]:
    """Return all stages in order, as they are where no city changes them."""
    rows = [{**row, "order": order} for order, row in enumerate(read_rows("stages.toml", "stage"))]
    return TypeAdapter(tuple[Stage, ...]).validate_python(rows)


@cache
def stage_codes() -> tuple[str, ...]:
    """Return the codes of all stages in order, which no city changes."""
    return tuple(stage.code for stage in load_stages())


@cache
def document_kinds() -> dict[str, Text]:
    """Return the kinds of documents that may be attached, by code."""
    return {row["code"]: Text(row["zh"], row["en"]) for row in read_rows("documents.toml", "kind")}


def get_stage(code: str, stages: Sequence[Stage] | None = None) -> Stage:
    """Return the stage of a code.

    Raises
    ------
    StageError
        No stage bears the code.
    """
    known = {stage.code: stage for stage in stages or load_stages()}
    if code not in known:
        raise StageError(code, list(known))
    return known[code]


def stage_name(code: str, stages: Sequence[Stage] | None = None) -> Text:
    """Return what a stage is called; one that is in no list is called by its code."""
    return next((stage.name for stage in stages or load_stages() if stage.code == code), Text(code, code))


def put_in_order(entries: Iterable[Entry], stages: Sequence[Stage]) -> list[Entry]:
    """Return entries in the order of life: by day, those of a day in the order of their stages, then as recorded.

    An entry whose day is known `at_latest` comes before those recorded after it that are of an earlier day.
    """
    rank = {stage.code: stage.order for stage in stages}
    recorded = sorted(entries, key=_recorded)
    day = dt.date.max
    keys: list[tuple[dt.date, int, float]] = []
    for entry in reversed(recorded):
        own = min(entry.occurred_on, day) if entry.at_latest else entry.occurred_on
        keys.append((own, rank[entry.stage], _recorded(entry)))
        day = min(day, own)
    order = sorted(zip(reversed(keys), range(len(recorded)), strict=True))
    return [recorded[position] for _, position in order]


def check_chain(entries: Iterable[Entry], stages: Sequence[Stage]) -> list[tuple[Entry, Fault]]:
    """Return the entries that break the order of a building's life, each with the reason, in that order."""
    ordered = put_in_order(entries, stages)
    known = {stage.code: stage for stage in stages}
    found = ((entry, _order_fault(ordered[:i], entry, known)) for i, entry in enumerate(ordered))
    return [(entry, fault) for entry, fault in found if fault is not None]


def check_entry(entries: Sequence[Entry], entry: Entry, *, stages: Sequence[Stage], today: dt.date) -> list[Fault]:
    """Return why a building may not enter a stage so: its place in the order, then what is missing; empty where it may.

    Parameters
    ----------
    entries
        Those that stand.
    today
        No entry may be of a later day.
    """
    stage = get_stage(entry.stage, stages)
    faults = [_fault("stage_in_future", stage, day=entry.occurred_on)] if entry.occurred_on > today else []
    for broken, fault in check_chain([*entries, entry], stages):
        if broken is entry:
            faults.append(fault)
        elif all(broken is not known for known, _ in check_chain(entries, stages)):
            other = get_stage(broken.stage, stages)
            faults.append(_fault("stage_breaks", stage, other=other.name, other_day=broken.occurred_on, why=fault.text))
    return [*faults, *_missing(stage, entry)]


def next_stages(entries: Iterable[Entry], stages: Sequence[Stage]) -> list[Stage]:
    """Return the stages that may come after some entries, as far as their order goes."""
    ordered = put_in_order(entries, stages)
    known = {stage.code: stage for stage in stages}
    last = [Entry(stage=stage.code, occurred_on=dt.date.max) for stage in stages]
    return [known[entry.stage] for entry in last if _order_fault(ordered, entry, known) is None]


def _recorded(entry: Entry) -> float:
    return float("inf") if entry.number is None else entry.number


def _order_fault(earlier: Sequence[Entry], entry: Entry, known: dict[str, Stage]) -> Fault | None:
    """Return why an entry may not come after some others, None where it may."""
    stage = known[entry.stage]
    for before in earlier:
        if known[before.stage].ends:
            return _fault("stage_after_end", stage, other=known[before.stage].name, other_day=before.occurred_on)
    support = max((i for i, before in enumerate(earlier) if before.stage in stage.after), default=None)
    if stage.after and support is None:
        if not earlier and stage.first:
            return None
        wanted = _joined([known[code].name for code in stage.after if code != stage.code])
        return _fault("stage_too_early", stage, wanted=wanted, day=entry.occurred_on)
    since = earlier if support is None else earlier[support + 1 :]
    for before in since:
        if before.stage in stage.closed_by:
            again = _joined([known[code].name for code in stage.after])
            other = known[before.stage].name
            return _fault("stage_too_late", stage, other=other, other_day=before.occurred_on, wanted=again)
    return None


def _missing(stage: Stage, entry: Entry) -> list[Fault]:
    """Return what an entry should bring and does not."""
    faults = []
    if stage.geometry == "own" and entry.drawn_at != stage.code:
        faults.append(_fault("geometry_missing", stage))
    if stage.geometry == "current" and entry.drawn_at is None:
        faults.append(_fault("geometry_missing", stage))
    if stage.height and entry.height_m is None:
        faults.append(_fault("height_missing", stage))
    if stage.floor_area and entry.floor_area_m2 is None:
        faults.append(_fault("floor_area_missing", stage))
    kinds = document_kinds()
    faults += [
        _fault("document_missing", stage, kind_name=kinds[kind], kind_code=kind)
        for kind in stage.documents
        if kind not in entry.documents
    ]
    number = stage.certificate and _number_fault(stage, stage.certificate, entry.certificate)
    return [*faults, number] if number else faults


def _number_fault(stage: Stage, certificate: Certificate, number: str | None) -> Fault | None:
    if number is None:
        called, example = certificate.name, certificate.example
        return _fault("certificate_missing", stage, called=called, example=example) if certificate.required else None
    if certificate.is_like(alias_value(number)):
        return None
    return _fault("certificate_form", stage, called=certificate.name, number=number, example=certificate.example)


def _joined(names: Sequence[Text]) -> Text:
    return Text("或".join(name.zh for name in names), " or ".join(name.en.lower() for name in names))


def _fault(kind: str, stage: Stage, **values: Any) -> Fault:
    return _SENTENCES.fault(kind, stage=stage.name, **values)
