"""Which buildings bear names of any kind: many names at once, each kind of name in one statement for all that are left."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import shapely

from geocode import BuildingCode, CodeError, Fault, Text, parse
from geocode.faults import read_sentences
from geocode.names import computed_names
from registry.addresses import address_keys, address_text
from registry.coordinates import read_coordinates
from registry.forms import alias_value
from registry.schemes import Scheme, identify, scheme_name
from registry.stages import Stage, load_stages
from store.database import Connection
from store.resolving import (
    NOW,
    Moment,
    aliases_borne,
    building_states,
    buildings_addressed,
    buildings_certified,
    buildings_coded,
    buildings_standing_at,
    projects_named,
)
from workflows.readings import SCHEME_LABELS, is_meant_for, read_computed

__all__ = ["LONGEST_NAME", "Among", "Bearers", "Hit", "Matched", "Sight", "find_bearers", "matched_code"]

Among: TypeAlias = Literal["any", "assigned", "code"]
Sight: TypeAlias = Callable[[int], bool]
"""Whether the whole is seen of the buildings of an office, by its id."""

LONGEST_NAME = 200
_REACH_M = 30.0
# about 500 m: what names more ground than that names no building
_WIDEST_DEG = 0.005
_KINDS = ("building", "part", "facility")
_SENTENCES = read_sentences("workflows", "resolving.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """How a name was understood.

    Attributes
    ----------
    kind
        ``code``, ``alias``, ``ended_alias``, ``certificate``, ``project``, ``coordinates``, ``computed``, ``name`` or
        ``address``.
    scheme, label
        The scheme of an alias or a computed name, or the stage of a certificate, and what it is called.
    text
        The name as the register keeps it.
    unit
        Number of the unit in the building, where the name is a unit's or goes on within the building.
    ended_on
        The day on which an ended alias ended.
    how
        How coordinates were read.
    distance_m
        From the place or ground to the footprint; 0 where they meet.
    """

    kind: str
    label: Text
    text: str
    scheme: str | None = None
    unit: str | None = None
    ended_on: Any = None
    how: Text | None = None
    distance_m: float | None = None


class Hit(NamedTuple):
    """A building that a name leads to, as it is at the moment, and how the name was understood."""

    state: Any
    matched: Matched


@dataclass(frozen=True, slots=True)
class Bearers:
    """The buildings that one name leads to.

    Attributes
    ----------
    hits
        The likeliest first. The first is meant where `is_clear`.
    fault
        Why the name leads to none, or to more than one.
    suggestions
        Compact codes one keystroke away that are in the register.
    is_valid
        Whether the text could be a name at all.
    """

    hits: tuple[Hit, ...] = ()
    is_clear: bool = False
    fault: Fault | None = None
    suggestions: tuple[str, ...] = ()
    is_valid: bool = True


@dataclass(slots=True)
class _Asked:
    """A name that is looked for, and what was found out about it on the way."""

    text: str
    code: BuildingCode | None
    refused: CodeError | None
    names: set[str]
    fault: Fault | None = field(default=None)


_Open: TypeAlias = Mapping[int, _Asked]
_Found: TypeAlias = dict[int, Bearers]


def find_bearers(  # noqa: PLR0913 - what, as of when, what things are called, and who sees them
    connection: Connection,
    texts: Sequence[Any],
    *,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
    sight: Sight | None = None,
    moment: Moment = NOW,
    among: Among = "any",
) -> list[Bearers]:
    """Return which buildings each of some texts leads to, in their order; whatever a text is, it has a row.

    A text is taken for the first of these that the register knows: a code, an alias that holds, a certificate's number, a
    project, a place, a computed name, a name or address, an alias that ended.

    Parameters
    ----------
    schemes
        Of the aliases, as `configured_schemes` returns them; the built-in ones where None.
    stages
        Those of `configured_procedure`, which says what their certificates are called; the built-in ones where None.
    sight
        Of which offices' buildings the whole is seen; the numbers of certificates lead to those alone. All where None.
    among
        ``assigned``: codes and aliases that hold count alone; ``code``: codes do.
    """
    found: _Found = {}
    asked: dict[int, _Asked] = {}
    for n, text in enumerate(texts):
        fault = _unreadable(text)
        if fault is None:
            asked[n] = _read(text, schemes)
        else:
            found[n] = Bearers(fault=fault, is_valid=False)
    looks: tuple[Callable[..., _Found], ...] = (_by_code,) if among == "code" else (_by_code, _by_alias)
    if among == "any":
        looks += (
            partial(_by_certificate, stages=stages, sight=sight),
            _by_project,
            _by_coordinates,
            _by_cell,
            _by_address,
            _by_ended_alias,
        )
    for look in looks:
        left = {n: each for n, each in asked.items() if n not in found}
        if left:
            found |= look(connection, left, moment, schemes)
    found |= _of_nobody(connection, {n: each for n, each in asked.items() if n not in found})
    return [found[n] for n in range(len(texts))]


def _unreadable(text: Any) -> Fault | None:
    if not isinstance(text, str):
        return _SENTENCES.fault("no_text")
    if len(text) > LONGEST_NAME:
        return _SENTENCES.fault("name_long", found=len(text), limit=LONGEST_NAME)
    return None if alias_value(text) else _SENTENCES.fault("no_name")


def _read(text: str, schemes: Sequence[Scheme] | None) -> _Asked:
    # a lone surrogate is in no database text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    fitting, _ = identify(whole, schemes)
    names = {alias_value(whole), *(alias.value for alias in fitting)}
    try:
        return _Asked(whole, parse(whole), None, names)
    except CodeError as error:
        return _Asked(whole, None, error, names)


def _by_code(connection: Connection, asked: _Open, moment: Moment, _schemes: Any) -> _Found:
    codes = {n: each.code.compact for n, each in asked.items() if each.code}
    ids = buildings_coded(connection, set(codes.values()))
    states = building_states(connection, ids.values(), moment)
    found = {}
    for n, compact in codes.items():
        if compact not in ids:
            continue
        state = states[ids[compact]]
        if state.footprint_id is None:
            day, recorded = state.first_day, state.first_known_at
            fault = _SENTENCES.fault(
                "not_yet",
                code=str(parse(compact)),
                day=day,
                recorded=recorded and recorded.isoformat(timespec="seconds"),
            )
            found[n] = Bearers(fault=fault)
        else:
            found[n] = Bearers((Hit(state, matched_code(compact)),), is_clear=True)
    return found


def matched_code(compact: str) -> Matched:
    """Return how a name was understood that is a code."""
    return Matched(kind="code", scheme="code", label=SCHEME_LABELS["code"], text=str(parse(compact)))


def _by_alias(
    connection: Connection, asked: _Open, moment: Moment, schemes: Sequence[Scheme] | None, *, held: bool = True
) -> _Found:
    rows: dict[str, list[Any]] = {}
    for row in aliases_borne(connection, {name for each in asked.values() for name in each.names}, moment):
        if row.is_held == held:
            rows.setdefault(row.value, []).append(row)
    states = building_states(connection, {row.building_id for each in rows.values() for row in each}, moment)
    found = {}
    for n, each in asked.items():
        hits = [
            Hit(states[row.building_id], _alias(row, schemes, held=held))
            for name in sorted(each.names)
            for row in rows.get(name, ())
            if states[row.building_id].footprint_id is not None
        ]
        if hits:
            found[n] = _bearers(each.text, hits)
    return found


def _by_ended_alias(connection: Connection, asked: _Open, moment: Moment, schemes: Sequence[Scheme] | None) -> _Found:
    return _by_alias(connection, asked, moment, schemes, held=False)


def _alias(row: Any, schemes: Sequence[Scheme] | None, *, held: bool) -> Matched:
    return Matched(
        kind="alias" if held else "ended_alias",
        scheme=row.scheme,
        label=scheme_name(row.scheme, schemes),
        text=row.value,
        unit=row.unit,
        ended_on=None if held else row.valid_to,
    )


def _by_certificate(
    connection: Connection,
    asked: _Open,
    moment: Moment,
    _schemes: Any,
    *,
    stages: Sequence[Stage] | None,
    sight: Sight | None,
) -> _Found:
    numbers = {n: alias_value(each.text) for n, each in asked.items()}
    rows: dict[str, list[Any]] = {}
    for row in buildings_certified(connection, set(numbers.values()), moment):
        rows.setdefault(row.asked, []).append(row)
    states = building_states(connection, {row.building_id for each in rows.values() for row in each}, moment)
    labels = {each.code: each.certificate.name for each in stages or load_stages() if each.certificate}
    found = {}
    for n, number in numbers.items():
        hits = [
            Hit(state, _certificate(row, labels))
            for row in rows.get(number, ())
            if (state := states[row.building_id]).footprint_id is not None and (sight is None or sight(state.office_id))
        ]
        if hits:
            found[n] = _bearers(asked[n].text, hits)
    return found


def _certificate(row: Any, labels: Mapping[str, Text]) -> Matched:
    label = labels.get(row.stage, Text("证书编号", "number of a certificate"))
    return Matched(kind="certificate", scheme=row.stage, label=label, text=row.certificate)


def _by_project(connection: Connection, asked: _Open, moment: Moment, _schemes: Any) -> _Found:
    rows: dict[str, list[Any]] = {}
    for row in projects_named(connection, {name for each in asked.values() for name in each.names}, moment):
        rows.setdefault(row.asked, []).append(row)
    states = building_states(
        connection, {row.building_id for each in rows.values() for row in each if row.building_id}, moment
    )
    found = {}
    for n, each in asked.items():
        named = [row for name in sorted(each.names) for row in rows.get(name, ())]
        hits = [
            Hit(states[row.building_id], _project(row))
            for row in named
            if row.building_id and states[row.building_id].footprint_id is not None
        ]
        if hits:
            found[n] = _bearers(each.text, hits)
        elif named:
            found[n] = Bearers(fault=_SENTENCES.fault("empty_project", name=each.text))
    return found


def _project(row: Any) -> Matched:
    return Matched(kind="project", label=Text("项目", "project"), text=row.project_code or row.project_name)


class _Ground(NamedTuple):
    """A ground that a name tells: of which name, its geometry, and what a building there is matched by."""

    n: int
    geometry: Any
    matched: Matched


def _by_coordinates(connection: Connection, asked: _Open, moment: Moment, _schemes: Any) -> _Found:
    grounds = [
        _Ground(
            n,
            shapely.Point(place.lon_deg, place.lat_deg),
            Matched(
                kind="coordinates",
                label=Text("坐标", "coordinates"),
                text=f"{place.lon_deg:.7f} {place.lat_deg:.7f}",
                how=place.how,
            ),
        )
        for n, each in asked.items()
        for place in read_coordinates(each.text)
    ]
    hits = _standing(connection, grounds, moment, reach_m=_REACH_M)
    for ground in grounds:
        how = ground.matched.how
        if ground.n not in hits and asked[ground.n].fault is None and how is not None:
            asked[ground.n].fault = _SENTENCES.fault("nothing_stands", reach_m=_REACH_M, how_zh=how.zh, how_en=how.en)
    return {n: _nearest(asked[n].text, each) for n, each in hits.items()}


def _by_cell(connection: Connection, asked: _Open, moment: Moment, _schemes: Any) -> _Found:
    grounds = []
    for n, each in asked.items():
        for named in read_computed(each.text)[0]:
            if named.scheme == "code" or named.geometry is None:
                continue
            west, south, east, north = named.geometry.bounds
            if max(east - west, north - south) > _WIDEST_DEG:
                each.fault = _SENTENCES.fault("too_wide", name=each.text)
                continue
            matched = Matched(kind="computed", scheme=named.scheme, label=named.label, text=named.value)
            grounds.append(_Ground(n, named.geometry, matched))
    hits = _standing(connection, grounds, moment, reach_m=0.0)
    return {n: _own_first(asked[n].text, each) for n, each in hits.items()}


def _standing(
    connection: Connection, grounds: Sequence[_Ground], moment: Moment, *, reach_m: float
) -> dict[int, list[tuple[Hit, Any]]]:
    """Return the living buildings on or near grounds, with their footprints, the nearest first, by name."""
    if not grounds:
        return {}
    shapes = np.array([ground.geometry for ground in grounds], dtype=object)
    rows = buildings_standing_at(connection, shapes, reaches_m=[reach_m] * len(grounds), past=moment.is_past)
    states = building_states(connection, {row.building_id for row in rows}, moment)
    hits: dict[int, list[tuple[Hit, Any]]] = {}
    for row in rows:
        state, ground = states[row.building_id], grounds[row.n]
        if state.footprint_id == row.footprint_id and state.reason is None:
            matched = replace(ground.matched, distance_m=round(row.distance_m, 3))
            hits.setdefault(ground.n, []).append((Hit(state, matched), row.geom))
    return hits


def _nearest(text: str, standing: Sequence[tuple[Hit, Any]]) -> Bearers:
    """Return buildings near a place: the nearest is meant, a building before its parts, unless readings disagree."""

    def rank(hit: Hit) -> tuple[Any, int]:
        return hit.matched.distance_m, _KINDS.index(hit.state.kind)

    hits = sorted((hit for hit, _ in standing), key=rank)
    disagree = len({hit.matched.text for hit in hits}) > 1
    clear = not disagree and (len(hits) == 1 or rank(hits[0]) < rank(hits[1]))
    return _bearers(text, hits, clear=clear)


def _own_first(text: str, standing: Sequence[tuple[Hit, Any]]) -> Bearers:
    """Return buildings on the ground of a computed name: the one whose own name it is is meant."""
    shapes = shapely.from_wkb(np.array([bytes(wkb) for _, wkb in standing], dtype=object))
    own = computed_names(shapes)._asdict()
    is_own = [
        str(own[hit.matched.scheme][i]).startswith(hit.matched.text) if hit.matched.scheme in own else False
        for i, (hit, _) in enumerate(standing)
    ]
    order = sorted(range(len(standing)), key=lambda i: not is_own[i])
    return _bearers(text, [standing[i][0] for i in order], clear=sum(is_own) == 1 or len(standing) == 1)


def _by_address(connection: Connection, asked: _Open, moment: Moment, _schemes: Any) -> _Found:
    keys = {n: address_keys(each.text) for n, each in asked.items()}
    rows = buildings_addressed(connection, {n: each.keys for n, each in keys.items()})
    states = building_states(connection, {row.building_id for row in rows}, moment)
    hits: dict[int, list[tuple[int, Hit]]] = {}
    for row in rows:
        state = states[row.building_id]
        if state.footprint_id == row.footprint_id:
            text = row.key.removeprefix("^")
            is_name = address_text(state.name or "") == text
            matched = Matched(
                kind="name" if is_name else "address",
                label=Text("建筑名称", "name") if is_name else Text("地址", "address"),
                text=text,
                unit=keys[row.n].within or None,
            )
            hits.setdefault(row.n, []).append((len(text), Hit(state, matched)))
    return {n: _bearers(asked[n].text, _best(each)) for n, each in hits.items()}


def _best(hits: Iterable[tuple[int, Hit]]) -> list[Hit]:
    """Return the hits that agree in most of the text, the living alone where there are any, by code."""
    living = [each for each in hits if each[1].state.reason is None] or list(hits)
    longest = max(length for length, _ in living)
    return sorted((hit for length, hit in living if length == longest), key=lambda hit: hit.state.code)


def _bearers(text: str, hits: Sequence[Hit], *, clear: bool | None = None) -> Bearers:
    once = {hit.state.building_id: hit for hit in reversed(hits)}
    kept = tuple(hit for hit in hits if once[hit.state.building_id] is hit)
    is_clear = len(kept) == 1 if clear is None else clear
    fault = None if is_clear else _SENTENCES.fault("several_bear", name=text, count=len(kept))
    return Bearers(kept, is_clear, fault)


def _of_nobody(connection: Connection, asked: _Open) -> _Found:
    """Return why texts lead to no building, with the codes one keystroke away that are in the register."""
    near = {n: [parse(text).compact for text in _suggested(each)] for n, each in asked.items()}
    there = buildings_coded(connection, {code for codes in near.values() for code in codes})
    return {
        n: Bearers(
            fault=_why_none(each),
            suggestions=tuple(code for code in near[n] if code in there),
            is_valid=each.refused is None or not is_meant_for("code", each.text),
        )
        for n, each in asked.items()
    }


def _suggested(asked: _Asked) -> Iterator[str]:
    yield from asked.refused.suggestions if asked.refused else ()


def _why_none(asked: _Asked) -> Fault:
    if asked.fault is not None:
        return asked.fault
    if asked.refused is not None and is_meant_for("code", asked.text):
        return asked.refused.fault
    return _SENTENCES.fault("nothing_bears", name=asked.text)
