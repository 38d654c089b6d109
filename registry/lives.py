"""Lives: what may happen to a building, and the laws that keep one living building on one ground."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any, NamedTuple

from geocode import Fault, Text, parse
from geocode.faults import read_sentences
from registry.ground import OVERLAP_TOLERANCE, shared_ground
from registry.lineage import Descent, descendants

__all__ = [
    "Act",
    "Life",
    "Reason",
    "Successor",
    "load_acts",
    "load_kinds",
    "load_reasons",
    "refuse_act",
    "refuse_closing",
    "refuse_count",
    "refuse_day",
    "refuse_heir",
    "refuse_merging",
    "refuse_part",
    "refuse_rebuilding",
    "refuse_relocation",
    "refuse_revival",
    "refuse_splitting",
]

SPACES = ("surface", "underground")
# a part lies mostly where its building stood, and a building mostly where it was merged into
_LEAST_SHARE = 0.5
_LARGEST_RESIZING = 0.1
_ADJOINING_M = 1.0
_SENTENCES = read_sentences("registry", "life_faults.toml")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may happen to buildings of some kinds, either to the living or to the closed.

    `codes` and `footprints` are how many it takes; one or more where None.
    """

    code: str
    name: Text
    kinds: tuple[str, ...]
    of_the: str
    codes: int | None
    footprints: int | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a life ended; `by_hand` where the reason is given, and does not come with an act."""

    code: str
    name: Text
    by_hand: bool


class Life(NamedTuple):
    """A building as the laws see it.

    Attributes
    ----------
    code
        In its grouped form.
    kind
        ``building``, ``part`` or ``facility``.
    space
        In which it stands: ``surface``, ``underground``, or the class of a facility.
    closed_as
        The reason of its closure, None where it lives.
    footprint
        The newest one, in a plane in metres.
    """

    code: str
    kind: str
    space: str
    closed_as: str | None
    footprint: Any = None


class Successor(NamedTuple):
    """A building that came after another; `is_survivor` where it stood before and kept its code."""

    code: str
    closed_as: str | None
    is_survivor: bool


@cache
def load_acts() -> dict[str, Act]:
    """Return the acts by their codes."""
    rows = _read_lists()["act"]
    return {
        row["code"]: Act(
            row["code"],
            Text(row["zh"], row["en"]),
            tuple(row["kinds"]),
            row.get("of_the", "living"),
            row.get("codes"),
            row.get("footprints"),
            row.get("by_hand", True),
        )
        for row in rows
    }


@cache
def load_reasons() -> dict[str, Reason]:
    """Return the reasons of closures by their codes."""
    rows = _read_lists()["reason"]
    return {row["code"]: Reason(row["code"], Text(row["zh"], row["en"]), row.get("by_hand", False)) for row in rows}


@cache
def load_kinds() -> dict[str, Text]:
    """Return the names of what a code may stand for."""
    return {row["code"]: Text(row["zh"], row["en"]) for row in _read_lists()["kind"]}


def refuse_act(act: str, life: Life) -> Fault | None:
    """Return why an act is not open to a building, by its state and kind, or None."""
    wanted = load_acts()[act]
    if life.kind not in wanted.kinds:
        return _SENTENCES.fault("wrong_kind", code=life.code, what=load_kinds()[life.kind], act=wanted.name)
    if wanted.of_the == "closed":
        return _SENTENCES.fault("still_living", code=life.code) if life.closed_as is None else None
    if life.closed_as is not None:
        reason = load_reasons()[life.closed_as].name
        return _SENTENCES.fault("not_living", code=life.code, reason=reason, act=wanted.name)
    return None


def refuse_closing(life: Life, reason: str, *, living_parts: Sequence[str] = ()) -> Fault | None:
    """Return why a building cannot be closed for a reason, or None."""
    known = load_reasons()
    if reason not in known or not known[reason].by_hand:
        by_hand = ", ".join(each.code for each in known.values() if each.by_hand)
        return _SENTENCES.fault("unknown_reason", reason=reason, known=by_hand)
    if reason == "mistaken" and living_parts:
        return _SENTENCES.fault("parts_live", code=life.code, part=living_parts[0])
    return refuse_act("close", life)


def refuse_count(act: str, *, codes: int, footprints: int) -> Fault | None:
    """Return why an act is none, or does not take so many codes and footprints, or None."""
    acts = {code: each for code, each in load_acts().items() if each.by_hand}
    if act not in acts:
        return _SENTENCES.fault("unknown_act", act=act, known=", ".join(acts))
    given = ((codes, acts[act].codes), (footprints, acts[act].footprints))
    if all(found == wanted or (wanted is None and found > 0) for found, wanted in given):
        return None
    return _SENTENCES.fault("wrong_count", act=acts[act].name, codes=codes, footprints=footprints)


def refuse_day(on: date) -> Fault | None:
    """Return why nothing can have happened on a day, or None."""
    return _SENTENCES.fault("not_yet", on=on.isoformat()) if on > date.today() else None


def refuse_revival(life: Life, successors: Sequence[Successor]) -> Fault | None:
    """Return why a closed building cannot live again under its code, or None.

    A successor that lives stands on its ground; one that was demolished, split, merged or rebuilt did exist, so the
    closure was no mistake. A survivor was there before: where it stands is for the ground to say.
    """
    fault = refuse_act("revive", life)
    for each in successors:
        if fault is not None or each.is_survivor or each.closed_as == "mistaken":
            continue
        if each.closed_as is None:
            fault = _SENTENCES.fault("successor_lives", code=life.code, successor=each.code)
        else:
            reason = load_reasons()[each.closed_as].name
            fault = _SENTENCES.fault("successor_was", code=life.code, successor=each.code, reason=reason)
    return fault


def refuse_splitting(life: Life, parts: Sequence[Any], *, survivor: int | None = None) -> Fault | None:
    """Return why a building cannot be split into parts, or None.

    Parameters
    ----------
    parts
        Footprints in the plane of the building's own.
    survivor
        The place of the part that keeps the code, from 0.
    """
    fault = refuse_act("split", life) or _refuse_few(parts, survivor)
    return fault or _refuse_parts_elsewhere(life, parts) or _refuse_overlap(parts)


def refuse_merging(lives: Sequence[Life], footprint: Any, *, survivor: int | None = None) -> Fault | None:
    """Return why buildings cannot be merged into one, or None; `survivor` is the place of the one that keeps its code."""
    fault = next(filter(None, (refuse_act("merge", life) for life in lives)), None)
    fault = fault or _refuse_few(lives, survivor)
    codes = [life.code for life in lives]
    if fault is None and len(set(codes)) < len(codes):
        fault = _SENTENCES.fault("named_twice", code=next(code for code in codes if codes.count(code) > 1))
    for life in lives:
        if fault is not None:
            break
        if (life.kind, life.space) != (lives[0].kind, lives[0].space):
            return _SENTENCES.fault("unlike", code=lives[0].code, other=life.code)
        share = life.footprint.intersection(footprint).area / life.footprint.area
        if share < _LEAST_SHARE:
            fault = _SENTENCES.fault("left_out", code=life.code, share=share)
    return fault


def refuse_heir(heir: str, others: Sequence[str], descents: Sequence[Descent]) -> Fault | None:
    """Return why others (compact codes) cannot come after a building that keeps its code, or None."""
    later = set(descendants(heir, descents))
    for other in others:
        if other in later:
            return _SENTENCES.fault("came_after", code=parse(other), heir=parse(heir))
    return None


def refuse_rebuilding(life: Life, footprint: Any) -> Fault | None:
    """Return why a building cannot have been rebuilt with a footprint, or None."""
    fault = refuse_act("rebuild", life)
    if fault is not None:
        return fault
    _, share = shared_ground(life.footprint, footprint)
    return None if share > OVERLAP_TOLERANCE else _SENTENCES.fault("rebuilt_elsewhere", code=life.code, share=share)


def refuse_relocation(life: Life, footprint: Any) -> Fault | None:
    """Return why a building cannot have been moved as a whole to a footprint, or None."""
    fault = refuse_act("relocate", life)
    if fault is not None:
        return fault
    before, after = life.footprint.area, footprint.area
    if abs(after - before) > _LARGEST_RESIZING * before:
        return _SENTENCES.fault("resized", code=life.code, area_m2=after, before_m2=before)
    if life.footprint.equals(footprint):
        return _SENTENCES.fault("not_moved", code=life.code)
    return None


def refuse_part(life: Life, footprint: Any, space: str) -> Fault | None:
    """Return why a building cannot have a separate part with a footprint in a space, or None."""
    fault = refuse_act("add_part", life)
    if fault is None and space not in SPACES:
        fault = _SENTENCES.fault("unknown_space", space=space)
    if fault is not None:
        return fault
    distance = life.footprint.distance(footprint)
    return None if distance <= _ADJOINING_M else _SENTENCES.fault("part_apart", code=life.code, distance_m=distance)


def _refuse_few(given: Sequence[Any], survivor: int | None) -> Fault | None:
    if len(given) < 2:  # noqa: PLR2004 - two are several
        return _SENTENCES.fault("too_few", found=len(given))
    if survivor is not None and not 0 <= survivor < len(given):
        return _SENTENCES.fault("no_such_survivor", survivor=survivor, last=len(given) - 1)
    return None


def _refuse_parts_elsewhere(life: Life, parts: Sequence[Any]) -> Fault | None:
    for place, part in enumerate(parts):
        share = life.footprint.intersection(part).area / part.area
        if share < _LEAST_SHARE:
            return _SENTENCES.fault("part_elsewhere", code=life.code, part=place, share=share)
    return None


def _refuse_overlap(parts: Sequence[Any]) -> Fault | None:
    for (place, part), (other, another) in combinations(enumerate(parts), 2):
        area, share = shared_ground(part, another)
        if share > OVERLAP_TOLERANCE:
            return _SENTENCES.fault("parts_overlap", part=place, other=other, overlap_m2=area, share=share)
    return None


def _read_lists() -> dict[str, Any]:
    return tomllib.loads(files("registry").joinpath("lives.toml").read_text(encoding="utf-8"))
