"""From a code, or any other name, to the building."""

from collections.abc import Sequence
from typing import Any

from geocode import BuildingCode, CodeError, Text, parse, suggest
from registry.aliases import alias_value
from registry.schemes import Scheme, identify, scheme_name
from registry.stages import get_stage
from store.buildings import existing_codes, find_buildings, get_building
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from workflows.naming import computed_aliases
from workflows.reports import alias_json, geometry_json, text_json

__all__ = ["building_code", "resolve_building"]

_EVENTS = {
    "registered": Text("登记", "Registered"),
    "revised": Text("更新图形", "Geometry revised"),
    "alias_added": Text("增加别名", "Alias added"),
}


def resolve_building(database: Database, name: str, *, schemes: Sequence[Scheme] | None = None) -> dict[str, Any]:
    """Return the building that bears a code or an alias, as a GeoJSON feature.

    Parameters
    ----------
    name
        As people type it; an alias is read as the scheme it fits reads it.
    schemes
        Of the aliases, as `configured_schemes` returns them; the built-in ones where None.

    Raises
    ------
    NotHereError
        Nothing bears that name, or several buildings bear that alias; suggestions are codes that are in the register.
    """
    with transaction(database) as connection:
        code = building_code(connection, name, schemes=schemes)
        return _feature(get_building(connection, code.compact), schemes)


def building_code(connection: Connection, name: str, *, schemes: Sequence[Scheme] | None = None) -> BuildingCode:
    """Return the code of the building that bears a code, leniently typed, or an alias, as any of the schemes reads it.

    Raises
    ------
    NotHereError
        As `resolve_building`.
    """
    code, wrong = _read(name)
    fitting, _ = identify(name, schemes)
    values = {alias_value(name), *(alias.value for alias in fitting)}
    found = find_buildings(connection, code=code.compact if code else None, alias_values=values)
    if len(found) == 1:
        return parse(found[0])
    if found:
        several = Text(
            f"有 {len(found)} 幢建筑名为“{name}”:请用编码选定一幢。",
            f"{len(found)} buildings bear the name “{name}”: choose one by its code.",
        )
        raise NotHereError(several, [str(parse(compact)) for compact in found])
    near = existing_codes(connection, [parse(text).compact for text in suggest(name)])
    nothing = Text(f"没有名为“{name}”的建筑。{wrong.zh}", f"No building bears the name “{name}”. {wrong.en}".rstrip())
    raise NotHereError(nothing, [str(parse(compact)) for compact in near])


def _read(name: str) -> tuple[BuildingCode | None, Text]:
    """Return a name as a code, or why it is none."""
    try:
        return parse(name), Text("", "")
    except CodeError as error:
        return None, error.fault.text


def _feature(record: dict[str, Any], schemes: Sequence[Scheme] | None) -> dict[str, Any]:
    code = parse(record["code"])
    stage = get_stage(record["stage"])
    return {
        "type": "Feature",
        "id": str(code),
        "bbox": list(record["geom"].bounds),
        "geometry": geometry_json(record["geom"]),
        "properties": {
            "code": str(code),
            "h3": record["h3"],
            "area_m2": record["area_m2"],
            "plane": {
                "crs": record["plane"],
                "area_m2": record["plane_area_m2"],
                "perimeter_m": record["perimeter_m"],
            },
            "stage": {"code": stage.code, **text_json(stage.name)},
            "generation": code.generation,
            "name": record["name"],
            "office": {"zh": record["name_zh"], "en": record["name_en"]},
            "version": record["version"],
            "recorded_at": record["recorded_at"].isoformat(),
            "attributes": record["attributes"],
            "aliases": [
                *(_assigned(alias, schemes) for alias in record["aliases"]),
                *computed_aliases(record["geom"]),
            ],
            "events": [
                {
                    "kind": event.kind,
                    "label": text_json(_EVENTS[event.kind]),
                    "occurred_at": event.occurred_at.isoformat(),
                    "recorded_at": event.recorded_at.isoformat(),
                    "actor": event.actor,
                    "version": event.body.get("version"),
                    "body": event.body,
                }
                for event in record["events"]
            ],
        },
    }


def _assigned(alias: Any, schemes: Sequence[Scheme] | None) -> dict[str, Any]:
    days = alias.valid_from.isoformat(), alias.valid_to.isoformat() if alias.valid_to else None
    label = scheme_name(alias.scheme, schemes)
    return alias_json(alias.scheme, label, alias.value, computed=False, source=alias.source, days=days)
