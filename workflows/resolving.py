"""From a code, or any other name, to the building: one with all that is known of it, or thousands with a row each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from geocode import BuildingCode, Text, parse
from registry.aliases import Scheme
from registry.ledger.events import load_kinds
from registry.lineage import present_of
from registry.lives import load_reasons
from registry.schemes import scheme_name
from registry.stages import Stage
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from store.resolving import NOW, Moment, building_states, families, read_record
from workflows.bearers import Among, Bearers, Hit, Matched, Sight, find_bearers, matched_code
from workflows.naming import computed_aliases
from workflows.principals import Principal
from workflows.redacting import redacted, redacted_brief
from workflows.reports import alias_json, fault_json, geometry_json, stage_json, text_json
from workflows.rights import allow, find_right, reaches

__all__ = [
    "MOST_NAMES",
    "Moment",
    "Sight",
    "building_code",
    "building_codes",
    "building_feature",
    "code_row",
    "resolve_building",
    "resolve_names",
    "sight_of",
]

MOST_NAMES = 10_000
_MOST_CANDIDATES = 20


def resolve_building(  # noqa: PLR0913 - what, for whom, as of when, and what things are called
    database: Database,
    name: str,
    *,
    principal: Principal | None = None,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> dict[str, Any]:
    """Return the building that bears a name of any kind, as a GeoJSON feature.

    Parameters
    ----------
    name
        As people type it: a code, an alias, a project with one building, coordinates, a computed name, an address.
    principal
        Who asks, and is told no more than may be; the whole is told where it is None.
    schemes
        Of the aliases, as `configured_schemes` returns them; the built-in ones where None.
    stages
        Those of `configured_procedure`, which says what they are called; the built-in ones where None.
    as_of, known_at
        The day on which it is to be shown, and the time whose knowledge counts; the latest where they are None.

    Raises
    ------
    NotHereError
        Nothing bears that name, or several buildings do; suggestions are codes that are in the register.
    """
    with transaction(database) as connection:
        moment = Moment(as_of, known_at)
        return building_feature(connection, name, principal=principal, schemes=schemes, stages=stages, moment=moment)


def building_feature(
    connection: Connection,
    name: str,
    *,
    principal: Principal | None = None,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
    moment: Moment = NOW,
) -> dict[str, Any]:
    """Return the building that bears a name as `resolve_building` does, in a transaction under way.

    Raises
    ------
    NotHereError
        As `resolve_building`.
    """
    sees_whole = sight_of(principal)
    (found,) = find_bearers(connection, [name], schemes=schemes, stages=stages, sight=sees_whole, moment=moment)
    _refuse_unclear(found)
    hit = found.hits[0]
    record = read_record(connection, hit.state.building_id, moment)
    feature = _feature(record, hit, _lineage(connection, hit.state, moment), schemes, stages)
    return feature if sees_whole(record["office_id"]) else redacted(feature)


def resolve_names(  # noqa: PLR0913 - as above
    database: Database,
    names: Sequence[Any],
    *,
    principal: Principal | None = None,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return what each of up to 10,000 names leads to, a row each in their order, whatever they are.

    A row has ``asked``, ``status`` (``found``, ``several``, ``not_found``, ``invalid``), the building's ``code`` where one is
    found, how the name was ``matched``, the ``building`` in brief, the ``successors`` that live where it is closed, other
    ``candidates``, a ``suggestion`` (a code one keystroke away), and the ``fault`` that says why it is not found.
    Who may resolve codes alone, as the public, finds nothing by any other name. The options are those of `resolve_building`.
    """
    moment, sees_whole = Moment(as_of, known_at), sight_of(principal, kind="code")
    among: Among = "any" if principal is None or find_right(principal, "resolve") else "code"
    with transaction(database) as connection:
        bearers = find_bearers(
            connection, names, schemes=schemes, stages=stages, sight=sees_whole, moment=moment, among=among
        )
        closed = {hit.state.building_id for each in bearers for hit in each.hits if hit.state.reason}
        present = _present(connection, closed, moment)
    return [_row(name, each, present, sees_whole, stages) for name, each in zip(names, bearers, strict=True)]


def code_row(text: str, state: Any, *, is_whole: bool, stages: Sequence[Stage] | None = None) -> dict[str, Any]:
    """Return the row of a code of a living building, as `resolve_names` does, from the building's state."""
    found = Bearers((Hit(state, matched_code(state.code)),), is_clear=True)
    return _row(text, found, {}, lambda _office: is_whole, stages)


def building_code(connection: Connection, name: str, *, schemes: Sequence[Scheme] | None = None) -> BuildingCode:
    """Return the code of the building that bears a code, leniently typed, or an alias, as any of the schemes reads it.

    Raises
    ------
    NotHereError
        As `resolve_building`.
    """
    (code,) = building_codes(connection, [name], schemes=schemes)
    return code


def building_codes(
    connection: Connection, names: Sequence[str], *, schemes: Sequence[Scheme] | None = None
) -> list[BuildingCode]:
    """Return the codes of the buildings that bear some names, in the order of the names, as `building_code` does for one.

    Raises
    ------
    NotHereError
        As `resolve_building`, for the first name that leads to no building, or to several.
    """
    bearers = find_bearers(connection, names, schemes=schemes, among="assigned")
    for found in bearers:
        _refuse_unclear(found)
    return [parse(found.hits[0].state.code) for found in bearers]


def sight_of(principal: Principal | None, *, kind: str | None = None) -> Sight:
    """Return what tells whether a principal sees the whole of an office's buildings; who does not sees what the public does.

    Parameters
    ----------
    kind
        ``code`` where nothing but codes is resolved.

    Raises
    ------
    ForbiddenError
        The role may resolve nothing.
    """
    if principal is None:
        return lambda _office: True
    right = allow(principal, "resolve", kind=kind)
    return lambda office: not right.redacted and reaches(principal, right, office)


def _refuse_unclear(found: Bearers) -> None:
    """Raise on a name that leads to no building, or to several."""
    if not found.is_clear:
        said = found.fault.text if found.fault else Text("", "")
        codes = [hit.state.code for hit in found.hits] or found.suggestions
        raise NotHereError(said, [str(parse(code)) for code in codes])


def _row(
    name: Any,
    found: Bearers,
    present: Mapping[str, Sequence[str]],
    sees_whole: Sight,
    stages: Sequence[Stage] | None,
) -> dict[str, Any]:
    status = "found" if found.is_clear else "several" if found.hits else "not_found" if found.is_valid else "invalid"
    first = found.hits[0] if found.is_clear else None
    others = found.hits[1:] if found.is_clear else found.hits

    def brief(state: Any) -> dict[str, Any]:
        told = _brief(state, stages)
        return told if sees_whole(state.office_id) else redacted_brief(told)

    return {
        "asked": name,
        "status": status,
        "code": first and str(parse(first.state.code)),
        "matched": first and _matched(first.matched),
        "building": first and brief(first.state),
        "successors": list(present.get(first.state.code, ())) if first else [],
        "candidates": [{**brief(hit.state), "matched": _matched(hit.matched)} for hit in others[:_MOST_CANDIDATES]],
        "more": max(0, len(others) - _MOST_CANDIDATES),
        "suggestion": str(parse(found.suggestions[0])) if found.suggestions else None,
        "fault": None if found.fault is None else fault_json(found.fault),
    }


def _brief(state: Any, stages: Sequence[Stage] | None) -> dict[str, Any]:
    """Return a building in a few words: what it is, whether it lives, a place within its footprint."""
    return {
        "code": str(parse(state.code)),
        "name": state.name,
        "kind": state.kind,
        "life": _life(state.reason, state.closed_on),
        "stage": stage_json(state.stage, stages),
        "version": state.version,
        "lon": state.lon,
        "lat": state.lat,
    }


def _matched(matched: Matched) -> dict[str, Any]:
    return {
        "as": matched.kind,
        "scheme": matched.scheme,
        "label": text_json(matched.label),
        "text": matched.text,
        "unit": matched.unit,
        "ended_on": None if matched.ended_on is None else matched.ended_on.isoformat(),
        "how": None if matched.how is None else text_json(matched.how),
        "distance_m": matched.distance_m,
    }


def _life(reason: str | None, closed_on: Any) -> dict[str, Any]:
    """Return whether a building lives, and if not, why and since when."""
    if reason is None:
        return {"state": "living", "reason": None, "closed_on": None}
    label = load_reasons()[reason].name
    return {"state": "closed", "reason": {"code": reason, **text_json(label)}, "closed_on": closed_on.isoformat()}


def _present(connection: Connection, closed: Iterable[str], moment: Moment) -> dict[str, list[str]]:
    """Return the living buildings that closed ones (ids) lead to, by compact code."""
    rows = families(connection, sorted(closed), moment)
    states = building_states(
        connection, {each for row in rows for each in (row.predecessor_id, row.successor_id)}, moment
    )
    descents = [(row.predecessor, row.successor) for row in rows]
    living = [state.code for state in states.values() if state.footprint_id is not None and state.reason is None]
    return {
        state.code: [str(parse(code)) for code in present_of(state.code, descents, living)]
        for state in states.values()
        if state.reason is not None
    }


def _lineage(connection: Connection, state: Any, moment: Moment) -> dict[str, Any]:
    """Return who came before and after a building, at any remove, and the living ones that it leads to."""
    rows = families(connection, [state.building_id], moment)
    ids = {each for row in rows for each in (row.predecessor_id, row.successor_id)}
    states = {state.code: state} | {each.code: each for each in building_states(connection, ids, moment).values()}
    descents = [(row.predecessor, row.successor) for row in rows]
    living = [code for code, each in states.items() if each.footprint_id is not None and each.reason is None]
    return {
        "predecessors": [_relative(row, states[row.predecessor]) for row in _beyond(state.code, rows, back=True)],
        "successors": [_relative(row, states[row.successor]) for row in _beyond(state.code, rows, back=False)],
        "living": [str(parse(code)) for code in present_of(state.code, descents, living)],
    }


def _beyond(code: str, rows: Sequence[Any], *, back: bool) -> list[Any]:
    """Return the rows of a lineage that lead away from a building in one direction, the nearest first."""
    here, there = ("successor", "predecessor") if back else ("predecessor", "successor")
    found: list[Any] = []
    reached, waiting = {code}, [code]
    while waiting:
        step = [row for row in rows if getattr(row, here) in waiting]
        found += step
        waiting = [each for each in dict.fromkeys(getattr(row, there) for row in step) if each not in reached]
        reached.update(waiting)
    return found


def _relative(row: Any, state: Any) -> dict[str, Any]:
    """Return one step of a lineage: whom it leads to, from whom, how and since when."""
    return {
        "code": str(parse(state.code)),
        "relation": row.relation,
        "predecessor": str(parse(row.predecessor)),
        "successor": str(parse(row.successor)),
        "life": _life(state.reason, state.closed_on),
        "recorded_at": row.recorded_at.isoformat(),
    }


def _feature(
    record: Mapping[str, Any],
    hit: Hit,
    lineage: Mapping[str, Any],
    schemes: Sequence[Scheme] | None,
    stages: Sequence[Stage] | None,
) -> dict[str, Any]:
    code = parse(record["code"])
    return {
        "type": "Feature",
        "id": str(code),
        "bbox": list(record["geom"].bounds),
        "geometry": geometry_json(record["geom"]),
        "properties": {
            "code": str(code),
            "matched": _matched(hit.matched),
            "kind": record["kind"],
            "part_of": record["part_of"] and str(parse(record["part_of"])),
            "facility_class": record["facility_class"],
            "life": _life(record["reason"], record["closed_on"]),
            "lineage": lineage,
            "h3": record["h3"],
            "area_m2": record["area_m2"],
            "plane": {
                "crs": record["plane"],
                "area_m2": record["plane_area_m2"],
                "perimeter_m": record["perimeter_m"],
            },
            "height_m": record["height_m"],
            "space": record["space"],
            "stage": stage_json(hit.state.stage, stages),
            "stages": [{**entry, "stage": stage_json(entry["stage"], stages)} for entry in record["stages"]],
            "drawn_at": stage_json(record["stage"], stages),
            "projects": record["projects"],
            "units": record["units"],
            "generation": code.generation,
            "name": record["name"],
            "office": {"zh": record["name_zh"], "en": record["name_en"]},
            "version": record["version"],
            "valid_from": record["valid_from"].isoformat(),
            "recorded_at": record["recorded_at"].isoformat(),
            "attributes": record["attributes"],
            "aliases": [
                *(_assigned(alias, schemes) for alias in record["aliases"]),
                *computed_aliases(record["geom"]),
            ],
            "events": [_event(event) for event in record["events"]],
        },
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    label = load_kinds().get(event["kind"]) or Text(event["kind"], event["kind"])
    return {**event, "label": text_json(label), "version": event["body"].get("version")}


def _assigned(alias: Mapping[str, Any], schemes: Sequence[Scheme] | None) -> dict[str, Any]:
    label = scheme_name(alias["scheme"], schemes)
    days = alias["valid_from"], alias["valid_to"]
    told = alias_json(alias["scheme"], label, alias["value"], computed=False, source=alias["source"], days=days)
    return {**told, "unit": alias["unit"]}
