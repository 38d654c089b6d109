"""What a transaction does to the register, gathered, then written at once: all that ends before all that begins.

A wall that moves between two neighbours, or a house that becomes three: for a moment old and new would share ground. So the
old versions are closed first, the new ones added in one statement, and the events come last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from geocode import BuildingCode
from geocode.faults import read_sentences
from registry.ledger.events import NewEvent, new_salts
from store.buildings import add_buildings, add_footprints, close_footprints
from store.database import Connection
from store.descriptions import describe_rows, say_rows
from store.keys import draw_key
from store.lives import add_closures, add_descents, revoke_closure, revoke_descents
from store.projects import inherit_projects
from store.stages import DrawnVersion
from workflows.errors import RefusedActError
from workflows.events import moment_of, project_event
from workflows.ground import find_shared_day
from workflows.principals import Principal

__all__ = ["Changes", "write_changes"]

_SENTENCES = read_sentences("registry", "life_faults.toml")

_VERSION: dict[str, Any] = {
    **dict.fromkeys(("stage", "name", "fingerprint", "h3", "area_m2", "plane", "plane_area_m2", "perimeter_m", "geom")),
    **dict.fromkeys(("upload_id", "height_m", "axis", "width_m")),
    "attributes": {},
    "space": "surface",
}


class _Happening(NamedTuple):
    """An event to be, and the rows by their places that it tells of: footprint, closure, lineage."""

    kind: str
    code: str
    building: str
    told: dict[str, Any]
    versions: tuple[int, ...] = ()
    closures: tuple[int, ...] = ()
    descents: tuple[int, ...] = ()


@dataclass(slots=True)
class Changes:
    """Rows to be closed and added, and what happened by them.

    Attributes
    ----------
    principal, on
        Who makes the changes, and the day on which they happened.
    replaced
        Ids of the buildings whose current geometry version ends.
    revoked
        Closures that were mistaken, each with the rows of the lineage that came with it.
    numbers
        Those of the geometry versions, once they are written.
    """

    principal: Principal
    on: date
    replaced: list[str] = field(default_factory=list)
    closures: list[dict[str, Any]] = field(default_factory=list)
    buildings: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    descents: list[dict[str, Any]] = field(default_factory=list)
    revoked: list[tuple[int, list[int]]] = field(default_factory=list)
    happenings: list[_Happening] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def register(
        self,
        code: BuildingCode,
        version: Mapping[str, Any],
        *,
        kind: str = "building",
        part_of: str | None = None,
        facility_class: str | None = None,
        **told: Any,
    ) -> str:
        """Add a building with its first geometry version, and return its id; `part_of` is another's."""
        identity, compact = draw_key(), code.compact
        row = {"id": identity, "code": compact, "kind": kind, "part_of": part_of, "facility_class": facility_class}
        self.buildings.append(row | {"office_id": self.principal.office_id})
        place = self._add_version(identity, 1, version)
        self.happenings.append(_Happening("registered", compact, identity, told, versions=(place,)))
        return identity

    def revise(
        self, life: Mapping[str, Any], version: Mapping[str, Any], *, event: str = "revised", **told: Any
    ) -> None:
        """Replace a building's current geometry version by another; one that was closed has none to replace."""
        if life["closed_as"] is None:
            self.replaced.append(life["building_id"])
        place = self._add_version(life["building_id"], life["version"] + 1, version)
        self.happenings.append(_Happening(event, life["code"], life["building_id"], told, versions=(place,)))

    def revive(self, life: Mapping[str, Any], descents: Sequence[int], **told: Any) -> None:
        """Have a closed building live again with its last footprint; its closure, and who came after it then, are revoked."""
        self.revoked.append((life["closure_id"], list(descents)))
        self.revise(life, life, event="revived", **told)

    def descend(self, predecessor: Mapping[str, Any], successor: str, relation: str) -> None:
        """Have a building (id) come after another."""
        row = {"predecessor_id": predecessor["building_id"], "successor_id": successor, "relation": relation}
        self.descents.append(row | {"office_id": self.principal.office_id})

    def end(self, life: Mapping[str, Any], event: str, *, reason: str | None, **told: Any) -> None:
        """End a building's life for a reason, and give up its ground; with None it lives on, and others come after it."""
        identity = life["building_id"]
        closures: tuple[int, ...] = ()
        if reason is not None:
            self.replaced.append(identity)
            row = {"building_id": identity, "reason": reason, "closed_on": self.on}
            self.closures.append(row | {"office_id": self.principal.office_id})
            closures = (len(self.closures) - 1,)
        descents = tuple(place for place, row in enumerate(self.descents) if row["predecessor_id"] == identity)
        self.happenings.append(_Happening(event, life["code"], identity, told, closures=closures, descents=descents))

    def drawn(self, stage: str) -> list[DrawnVersion]:
        """Return the geometry versions of a stage, once they are written."""
        codes = self.codes()
        new = {row["id"] for row in self.buildings}
        return [
            DrawnVersion(
                number,
                row["version"],
                row["building_id"],
                codes[row["building_id"]],
                is_first=row["building_id"] in new,
            )
            for number, row in zip(self.numbers, self.versions, strict=True)
            if row["stage"] == stage
        ]

    def codes(self) -> dict[str, str]:
        """Return the codes of the buildings to which something happens, by their ids."""
        return {each.building: each.code for each in self.happenings}

    def _add_version(self, building: str, number: int, version: Mapping[str, Any]) -> int:
        own = (
            version
            if version.keys() <= _VERSION.keys()
            else {name: version[name] for name in _VERSION if name in version}
        )
        place = {"building_id": building, "version": number, "office_id": self.principal.office_id}
        self.versions.append({**_VERSION, **own, **place, "valid_from": self.on})
        return len(self.versions) - 1


def write_changes(connection: Connection, changes: Changes) -> list[NewEvent]:
    """Write changes, the ground and the buildings being held, and return the events that tell of them, to be appended.

    Raises
    ------
    GroundTakenError
        Another building stands on the ground of a new version: nothing of the transaction may be kept.
    RefusedActError
        Another stood there on a day gone by on which the new version is to have held: likewise.
    """
    for closure, descents_then in changes.revoked:
        revoke_closure(connection, closure)
        revoke_descents(connection, descents_then)
    close_footprints(connection, changes.replaced)
    closures = describe_rows(connection, "closure", add_closures(connection, changes.closures))
    add_buildings(connection, changes.buildings)
    salts = new_salts(len(changes.versions))
    drawn = [{**row, "salt": salt} for row, salt in zip(changes.versions, salts, strict=True)]
    changes.numbers = add_footprints(connection, drawn)
    versions = say_rows("footprint", drawn, {"building_id": changes.codes()})
    if changes.revoked or changes.on < date.today():
        then = find_shared_day(connection, [row["building_id"] for row in changes.versions])
        if then is not None:
            raise RefusedActError(_SENTENCES.fault("ground_meanwhile" if changes.revoked else "ground_then", **then))
    descents = describe_rows(connection, "lineage", add_descents(connection, changes.descents))
    said = _said_buildings(connection, changes.buildings)
    events, occurred_at = [], moment_of(changes.on)
    for each in changes.happenings:
        body: dict[str, Any] = dict(said[each.building]) if each.kind == "registered" else {}
        for place in each.versions:
            body |= versions[place]
        for place in each.closures:
            body |= closures[place]
        if each.descents:
            body["lineage"] = [descents[place] for place in each.descents]
        events.append(
            NewEvent(
                kind=each.kind,
                subject=f"building/{each.code}",
                building_id=each.building,
                office_id=changes.principal.office_id,
                actor=changes.principal.actor,
                occurred_at=occurred_at,
                body=body | each.told,
            )
        )
    return events + _inherit(connection, changes)


def _said_buildings(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what new buildings say, by their ids."""
    new = [row["id"] for row in rows]
    is_known = all(row["part_of"] is None for row in rows)
    said = say_rows("building", rows, {}) if is_known else describe_rows(connection, "building", new)
    return dict(zip(new, said, strict=True))


def _inherit(connection: Connection, changes: Changes) -> list[NewEvent]:
    """Have those that come after others join their projects, and return the events that tell of it."""
    pairs = [(row["predecessor_id"], row["successor_id"]) for row in changes.descents]
    principal, on = changes.principal, changes.on
    joined = inherit_projects(connection, pairs, office_id=principal.office_id, on=on)
    said = describe_rows(connection, "project_building", [identity for identity, _ in joined])
    return [
        project_event(principal, "project_joined", body["project"], on=on, building_id=building, body=body)
        for (_, building), body in zip(joined, said, strict=True)
    ]
