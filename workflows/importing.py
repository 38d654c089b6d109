"""Packages of sister systems taken over: proved first, then event by event; what was taken over before is left alone.

Every event is carried out here as it was there, under the office's own name with its ledger's, and told in our ledger
with where it is from. An event that cannot stand beside what is registered here is refused with the reason, and so are the
later ones of the same subject; the others go on. When the cause is settled the same package is imported again.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geocode.faults import Fault
from layers.confined.reading import read_records_confined
from layers.records import WKB
from layers.temporary import temporary_folder
from layers.wkb import geometries_of_wkb
from registry.errors import PackageError
from registry.fingerprints import fingerprints
from registry.ground import contested_ground
from registry.ledger.events import NewEvent, digest
from registry.ledger.heads import VerifyingKey, read_key
from registry.ledger.vouching import VOUCHERS, head_and_body
from registry.packages import (
    CONTENT,
    EVENTS,
    MANIFEST,
    PROOFS,
    SIGNATURE,
    Manifest,
    PackedEvent,
    check_events,
    group_acts,
    package_fault,
    read_manifest,
)
from store.buildings import current_ground, existing_codes, lock_buildings, lock_ground
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.documents import add_document, keep_bytes
from store.exchange import (
    PRIVATE_TABLES,
    Imported,
    NotHeldError,
    RefusedRowError,
    add_imported,
    attempting,
    building_here,
    close_row,
    give_up_ground,
    known_leaves,
    local_entry,
    make_row,
)
from store.ledger import append_events
from store.offices import have_office
from workflows.ground import find_shared_day
from workflows.principals import Principal
from workflows.reports import fault_json
from workflows.rights import allow
from workflows.settings import Settings

__all__ = ["import_package", "trusted_keys"]

_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 50_000_000
# told and carried out; the others (certificates, reviews, subscriptions) concern the other register alone
_TABLES = [table for table in VOUCHERS if table not in {"review_decision", "subscription"}]
_CONCERNING = {kind for table in _TABLES for kind in VOUCHERS[table].made_by | VOUCHERS[table].closed_by}


@dataclass(frozen=True, slots=True)
class _Package:
    """A package that was proved: its manifest, who signed it, its events, and the private values by table and event."""

    manifest: Manifest
    signer: VerifyingKey
    sha256: str
    events: list[PackedEvent]
    private: Mapping[tuple[str, int], Mapping[str, Any]]


@dataclass(slots=True)
class _Import:
    """What an import has done so far."""

    connection: Connection
    package: _Package
    offices: dict[str, int] = field(default_factory=dict)
    told: list[NewEvent] = field(default_factory=list)
    taken: list[Imported] = field(default_factory=list)
    refused: dict[str, Fault] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def office(self, code: str) -> int:
        """Return the id here of an office of the sister system."""
        if code not in self.offices:
            name = f"{code}@{self.package.signer.id}"
            self.offices[code] = have_office(self.connection, code=name, name_zh=code, name_en=code).id
        return self.offices[code]


def trusted_keys(settings: Settings, lines: Sequence[str] = ()) -> list[VerifyingKey]:
    """Return the public keys that packages may be signed with: those of the settings' file, and some more.

    Raises
    ------
    HeadError
        A line is no key.
    """
    listed = Path(settings.trusted_keys).read_text(encoding="utf-8").splitlines() if settings.trusted_keys else []
    return [read_key(line) for line in [*listed, *lines] if line.strip()]


def import_package(
    database: Database, settings: Settings, path: Path, *, principal: Principal, keys: Sequence[VerifyingKey]
) -> dict[str, Any]:
    """Take over what a package tells and return what became of each of its events.

    Parameters
    ----------
    keys
        Public keys of the ledgers that are trusted.

    Raises
    ------
    PackageError
        It is no package, nobody who is trusted signed it, or something in it was changed: nothing is taken over.
    """
    allow(principal, "exchange")
    with temporary_folder() as folder:
        package = _open(path, folder, keys)
        for part in package.manifest.parts:
            if part.name.startswith("documents/"):
                keep_bytes(settings.documents, folder / part.name, part.sha256)
        with transaction(database) as connection:
            return _take_over(connection, package, principal)


def _take_over(connection: Connection, package: _Package, principal: Principal) -> dict[str, Any]:
    shapes = [values["geom"] for (table, _), values in package.private.items() if table == "footprint"]
    if shapes:
        lock_ground(connection, np.array(shapes, dtype=object))
    subjects = {event.content["subject"] for event in package.events}
    here = (building_here(connection, subject) for subject in sorted(subjects))
    lock_buildings(connection, [identity for identity in here if identity is not None])
    work = _Import(connection, package)
    for event in package.events:
        # before any attempt, which would take a new office back with it
        work.office(event.content["office"])
    known = known_leaves(connection, [event.leaf_hash for event in package.events])
    for event in package.events:
        if event.leaf_hash in known:
            work.rows.append({"seq": event.seq, "subject": event.content["subject"], "outcome": "known"})
    fresh = [event for event in package.events if event.leaf_hash not in known and event.content["kind"] in _CONCERNING]
    for _, each in groupby(fresh, key=lambda event: event.content["recorded_at"]):
        moment = list(each)
        for act in group_acts(moment, exchanges=_exchanges(work, moment)):
            _carry_out(work, act)
    work.rows.sort(key=lambda row: row["seq"])
    counts = {name: sum(row["outcome"] == name for row in work.rows) for name in ("taken", "known", "refused")}
    if work.taken:
        add_imported(connection, work.taken, office_id=principal.office_id)
        append_events(connection, [*work.told, _import_event(work, principal, counts)])
    return {
        "sha256": package.sha256,
        "signer": package.signer.id,
        "subject": package.manifest.subject,
        "after": package.manifest.after,
        "to": package.manifest.to,
        **counts,
        "results": work.rows,
    }


def _exchanges(work: _Import, moment: Sequence[PackedEvent]) -> list[tuple[str, str]]:
    """Return pairs of codes: in one moment the first building takes ground that the second, as it stands here, gives up."""
    begun = [event for event in moment if ("footprint", event.seq) in work.package.private]
    ended = [_code(event) for event in moment if _ends_version(event)]
    if not begun or len(ended) == 1:
        return []
    standing = current_ground(work.connection, ended)
    shapes = [work.package.private["footprint", event.seq]["geom"] for event in begun]
    spaces = [event.content["body"]["space"] for event in begun]
    taking = gpd.GeoDataFrame({"space": spaces}, geometry=shapes, crs=standing.crs)
    return [(_code(begun[taker]), standing.index[giver]) for taker, giver in contested_ground(taking, standing)]


def _carry_out(work: _Import, act: Sequence[PackedEvent]) -> None:
    """Carry out here what happened at once, or say why not."""
    follows = next((event for event in act if event.content["subject"] in work.refused), None)
    fault = _attempt(work, act) if follows is None else package_fault("follows_refused", seq=follows.seq)
    for event in act:
        subject = event.content["subject"]
        row = {"seq": event.seq, "subject": subject, "kind": event.content["kind"]}
        if fault is None:
            work.rows.append({**row, "outcome": "taken"})
        else:
            work.refused.setdefault(subject, fault)
            work.rows.append({**row, "outcome": "refused", "fault": fault_json(fault)})


def _attempt(work: _Import, act: Sequence[PackedEvent]) -> Fault | None:
    """Carry out what happened at once, the whole of it, or return why nothing of it was done."""
    told, taken = len(work.told), len(work.taken)
    event = act[0]
    try:
        with attempting(work.connection):
            if len(act) > 1:
                # all that ends gives up its ground before anything begins there, as where it happened
                give_up_ground(work.connection, [_code(each) for each in act if _ends_version(each)])
            for event in act:
                _do(work, event)
            _refuse_shared_days(work, act)
    except (PackageError, NotHeldError, RefusedRowError) as error:
        del work.told[told:], work.taken[taken:]
        return _fault(error, event)
    return None


def _refuse_shared_days(work: _Import, act: Sequence[PackedEvent]) -> None:
    drawn = {each.content["subject"] for each in act if ("footprint", each.seq) in work.package.private}
    ids = (building_here(work.connection, subject) for subject in sorted(drawn))
    then = find_shared_day(work.connection, [identity for identity in ids if identity])
    if then is not None:
        raise PackageError(package_fault("ground_then", **then))


def _code(event: PackedEvent) -> str:
    return str(event.content["subject"]).removeprefix("building/")


def _ends_version(event: PackedEvent) -> bool:
    """Tell whether a building's current geometry version ends by an event: by another one, or with its life."""
    said = head_and_body(event.content)
    return any(
        event.content["kind"] in VOUCHERS[table].made_by and VOUCHERS[table].made(said)
        for table in ("footprint", "closure")
    )


def _do(work: _Import, event: PackedEvent) -> None:
    """Make and close the rows that an event vouches for, and tell of it."""
    kind, said = event.content["kind"], head_and_body(event.content)
    office = work.office(said["office"])
    entry = _entry_here(work, said)
    if kind == "registered" and existing_codes(work.connection, [said["building"]]):
        raise PackageError(package_fault("code_held", code=said["building"]))
    body = {**event.content["body"]}
    made_entry = None
    for table in _TABLES:
        if kind in VOUCHERS[table].made_by:
            made = _make(work, table, event, said, office, entry)
            if table == "stage_entry" and made:
                entry = made_entry = made[0]["stage_entry"]
            listed = VOUCHERS[table].listed
            if listed in body and made:
                body[listed] = made
            elif made:
                body |= made[0]
    for table in _TABLES:
        if kind in VOUCHERS[table].closed_by:
            _close(work, table, said, office, entry)
    if "stage_entry" in body and entry is not None:
        body["stage_entry"] = entry
    _tell(work, event, body, office)
    work.taken.append(
        Imported(event.leaf_hash, event.seq, _said_of("stage_entry", event).get("stage_entry"), made_entry)
    )


def _make(
    work: _Import, table: str, event: PackedEvent, said: Mapping[str, Any], office: int, entry: int | None
) -> list[dict[str, Any]]:
    """Make the rows of a table that an event says, and return what they say here."""
    keys = []
    for row in VOUCHERS[table].made(said):
        private = work.package.private.get((table, event.seq), {})
        if table == "attachment":
            _have_document(work, row, office)
        keys.append(make_row(work.connection, table, row, private, office_id=office, entry=entry))
    return describe_rows(work.connection, table, keys)


def _close(work: _Import, table: str, said: Mapping[str, Any], office: int, entry: int | None) -> None:
    voucher = VOUCHERS[table]
    for row in voucher.made(said) if voucher.listed is not None else [said]:
        close_row(work.connection, table, row, office_id=office, entry=entry)


def _have_document(work: _Import, said: Mapping[str, Any], office: int) -> None:
    sizes = {part.sha256: part.size_bytes for part in work.package.manifest.parts}
    sha256 = said["document"]
    if sha256 not in sizes:
        raise NotHeldError("document", sha256)
    add_document(work.connection, office_id=office, sha256=sha256, name=said["title"], size_bytes=sizes[sha256])


def _entry_here(work: _Import, said: Mapping[str, Any]) -> int | None:
    """Return our number of the stage entry that an event is about, None where it is about none or makes one."""
    theirs = said.get("stage_entry")
    if theirs is None:
        return None
    for taken in work.taken:
        if taken.origin_entry == theirs and taken.stage_entry_id is not None:
            return taken.stage_entry_id
    return local_entry(work.connection, str(said.get("building")), theirs)


def _tell(work: _Import, event: PackedEvent, body: Mapping[str, Any], office: int) -> None:
    content = event.content
    origin = {"ledger": work.package.signer.id, "seq": event.seq, "leaf_hash": event.leaf_hash.hex()}
    work.told.append(
        NewEvent(
            kind=content["kind"],
            subject=content["subject"],
            building_id=building_here(work.connection, content["subject"]),
            office_id=office,
            actor=content["actor"],
            occurred_at=datetime.fromisoformat(content["occurred_at"]),
            body={**body, "origin": origin},
        )
    )


def _import_event(work: _Import, principal: Principal, counts: Mapping[str, int]) -> NewEvent:
    manifest = work.package.manifest
    return NewEvent(
        kind="package_imported",
        subject=f"package/{work.package.sha256}",
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.now(UTC),
        body={
            "ledger": work.package.signer.id,
            "subject": manifest.subject,
            "after": manifest.after,
            "to": manifest.to,
            **counts,
        },
    )


def _fault(error: Exception, event: PackedEvent) -> Fault:
    """Return why an event was not carried out."""
    if isinstance(error, PackageError):
        return error.fault
    if isinstance(error, NotHeldError):
        return package_fault("not_held", seq=event.seq, table=error.table, name=error.name)
    code = getattr(error, "code", None)
    if code is not None:
        return package_fault("ground_taken", code=code)
    return package_fault("not_possible", seq=event.seq, reason=error)


def _open(path: Path, folder: Path, keys: Sequence[VerifyingKey]) -> _Package:
    """Unpack a package into a folder, every file compared with the signed manifest, and prove its events."""
    with _archive(path) as archive:
        raw, signature = _read_small(archive, MANIFEST), _read_small(archive, SIGNATURE)
        manifest, signer = read_manifest(raw, signature, keys)
        (folder / "documents").mkdir()
        for part in manifest.parts:
            _unpack(archive, part.name, part.sha256, part.size_bytes, folder)
    with (folder / EVENTS).open("rb") as lines:
        proofs = json.loads((folder / PROOFS).read_bytes())
        events = check_events(lines, proofs, manifest.head, [signer])
    private = dict(_private_values(folder / CONTENT, {event.seq: event for event in events}))
    return _Package(manifest, signer, hashlib.sha256(raw).hexdigest(), events, private)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise PackageError(package_fault("no_package")) from error
    with archive:
        yield archive


def _read_small(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as stream:
            return stream.read(_SMALL_BYTES)
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise PackageError(package_fault("part_missing", name=name)) from error


def _unpack(archive: zipfile.ZipFile, name: str, sha256: str, size_bytes: int, folder: Path) -> None:
    """Write a file of a package; its name is one that the manifest's reader knows to lie in the folder."""
    hashed, left = hashlib.sha256(), size_bytes
    try:
        with archive.open(name) as stream, (folder / name).open("wb") as file:
            while left >= 0 and (chunk := stream.read(_CHUNK_BYTES)):
                left -= len(chunk)
                hashed.update(chunk)
                file.write(chunk)
    except (KeyError, OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise PackageError(package_fault("part_missing", name=name)) from error
    if left or hashed.hexdigest() != sha256:
        raise PackageError(package_fault("part_changed", name=name))


def _private_values(
    content: Path, events: Mapping[int, PackedEvent]
) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """Yield the private values by table and event, each found to be what its event vouches for."""
    for table, records in read_records_confined(content, tables=PRIVATE_TABLES).items():
        shapes = geometries_of_wkb(np.array([record[WKB] for record in records], dtype=object), arcs=False)
        prints = fingerprints(shapes) if table == "footprint" and len(records) else []
        for place, record in enumerate(records):
            seq = int(record["seq"])
            told = {
                name: shapely.from_wkb(value["wkb"]) if isinstance(value, dict) and set(value) == {"wkb"} else value
                for name, value in json.loads(record["private"]).items()
            }
            said = _said_of(table, events.get(seq))
            is_same = digest(told["attributes"], record["salt"]) == said.get("attributes")
            if table == "footprint":
                is_same = is_same and said.get("fingerprint") == prints[place]
                told["geom"] = shapes[place]
            if not is_same:
                raise PackageError(package_fault("content_changed", seq=seq))
            yield (table, seq), {**told, "salt": record["salt"]}


def _said_of(table: str, event: PackedEvent | None) -> Mapping[str, Any]:
    """Return what an event says of the one row of a table that it makes or is about, nothing where there is none."""
    rows = [] if event is None else VOUCHERS[table].made(head_and_body(event.content))
    return rows[0] if rows else {}
