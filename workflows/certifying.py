"""Certificates of codes: issued with an event, proved by the ledger, kept as documents, verified by anyone."""

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geocode import Text, parse
from geocode.planes import from_plane, to_plane
from registry.aliases import Scheme
from registry.certificates.content import (
    CertificateContent,
    CertifiedName,
    CertifiedRelation,
    CertifiedStage,
    content_sha256,
)
from registry.certificates.extracts import draw_extract, extract_bounds_m
from registry.certificates.fonts import find_chinese
from registry.certificates.records import certificate_record, extract_record, read_record
from registry.certificates.rendering import render_certificate
from registry.certificates.verification import Check, verify_page, verify_record
from registry.ledger.events import NewEvent, canonical_json, read_event
from registry.ledger.heads import read_head, read_key
from registry.ledger.tree import hash_leaf
from registry.stages import Stage
from store.attachments import find_attachments, is_attached
from store.buildings import living_footprints, lock_buildings
from store.database import Connection, Database, transaction
from store.documents import open_document
from store.errors import NotHereError
from store.ledger import append_events, events_by_number, ledger_frontier, ledger_size
from store.lives import read_lives
from store.resolving import building_states
from store.walls import seeing_all
from workflows.attaching import AttachOptions, Place, attach_file, document_json, find_place, received
from workflows.idempotency import once
from workflows.ledgers import prove_event, seal_ledger, show_keys
from workflows.principals import Principal
from workflows.procedures import configured_procedure
from workflows.reports import fault_json, text_json
from workflows.resolving import building_feature
from workflows.rights import allow
from workflows.settings import Settings

__all__ = ["IssuedCertificate", "find_issue", "issue_certificate", "verify_certificate", "verify_paper"]

_PDF = b"%PDF-"
_KIND = "code_certificate"
_LAST_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate: its PDF, the record that is embedded in it, and the document that it is kept as."""

    pdf: bytes
    record: dict[str, Any]
    document: dict[str, Any]

    @property
    def file_name(self) -> str:
        """The name that the PDF is kept under."""
        return self.document["name"]  # type: ignore[no-any-return]


def issue_certificate(
    database: Database,
    name: str,
    *,
    principal: Principal,
    settings: Settings,
    schemes: Sequence[Scheme] | None = None,
    key: str | None = None,
) -> IssuedCertificate:
    """Issue the certificate of a building's code as it stands now.

    The event of the issue is committed first, since a head is signed over what is committed only; then the page is made with
    its proof, and attached to the building. Where that second half fails, the same request with its key makes up for it.

    Parameters
    ----------
    key
        The client's own; the same key is the same certificate.

    Raises
    ------
    NotHereError, NotAllowedError
        Nothing bears the name, or the role issues none.
    FontError
        No Chinese font is installed; nothing is issued.
    """
    find_chinese(settings.fonts)
    stages = configured_procedure(settings).stages
    with transaction(database) as connection:
        request = {"issue": "certificate", "name": name}
        issue = once(connection, principal, key, request, lambda: _issued(connection, name, principal, schemes, stages))
    content, title = issue["content"], f"建筑编码证书 No. {issue['seq']}"
    kept = None if key is None else _kept(database, content["code"], title, stages)
    if kept is not None:
        with open_document(settings.documents, kept["sha256"]) as stream:
            pdf = stream.read()
        return IssuedCertificate(pdf, extract_record(pdf), kept)
    record = _record(database, content, issue["seq"], settings)
    pdf = render_certificate(record, fonts=settings.fonts)
    file = f"{content['code']}-{issue['seq']}.pdf"
    with received(io.BytesIO(pdf), file, limit_mb=settings.document_limit_mb) as delivered:
        document = attach_file(
            database,
            content["code"],
            delivered,
            principal=principal,
            documents=settings.documents,
            options=AttachOptions(kind=_KIND, title=title, stage=content["stage"]),
            stages=stages,
        )
    return IssuedCertificate(pdf, record, document)


def verify_certificate(
    paper: bytes, *, keys: Sequence[str] = (), known: Sequence[str] = (), fonts: Path | None = None
) -> dict[str, Any]:
    """Return whether a certificate, or the record out of one, is genuine, and what is wrong with it if not.

    Parameters
    ----------
    paper
        The PDF, or its record as JSON.
    keys
        The office's public keys, had from elsewhere, as lines of text. Without any the signature is verified by the key in
        the certificate itself, which anyone could have made.
    known
        Keys that are trusted where none is given and the certificate's is one of them: the installation's own.
    fonts
        Folder of fonts beside those of the system, to set the page anew.

    Returns
    -------
    dict
        ``verdict``: ``genuine``, ``false``, or ``consistent`` where nothing is wrong but no key was given to trust; the
        ``checks`` with their faults; what the content says of itself.

    Raises
    ------
    RecordError, HeadError
        It is no certificate; a key is none.
    """
    record = _record_of(paper)
    trusted = [read_key(line) for line in keys or [line for line in known if line == record["key"]]]
    checks = verify_record(record, trusted=trusted)
    if paper.startswith(_PDF):
        checks.append(verify_page(record, paper, fonts=fonts))
    return {"verdict": _verdict(checks), **_told(record), "checks": [_check_json(check) for check in checks]}


def find_issue(
    database: Database, seq: int, leaf: str, *, size: int | None = None, root: str | None = None
) -> dict[str, Any]:
    """Return what the ledger says of the certificate that an event issued, to whoever holds it.

    Parameters
    ----------
    leaf, size, root
        What the certificate's QR code says: the event's leaf hash, and the tree of the signed head (hashes in hexadecimal).

    Returns
    -------
    dict
        ``verdict``: ``genuine``, or ``false`` with the names of what differs in ``differences``. Where the leaf is the right
        one: the ``event`` with its ``proof`` and ``head``, and ``present``, what the register says of the building today.

    Raises
    ------
    NotHereError
        The ledger has no such event, or it issued no certificate.
    """
    with transaction(database) as connection:
        event = _issue(connection, seq)
        told = {"leaf": leaf, "root": root}
        own = {"leaf": hash_leaf(canonical_json(event)).hex()}
        if size is not None and root is not None:
            own["root"] = ledger_frontier(connection, size).root().hex() if size <= ledger_size(connection) else ""
        differences = [name for name, value in own.items() if (told[name] or "").lower() != value]
        answer = {"verdict": "false" if differences else "genuine", "differences": differences}
        if "leaf" in differences:
            return {**answer, "event": None, "proof": None, "head": None, "present": None}
        proved = prove_event(connection, seq)
        present = _present(connection, event)
    return {**answer, "event": event, "proof": proved["proof"], "head": proved["head"], "present": present}


def verify_paper(database: Database, paper: bytes, *, settings: Settings) -> dict[str, Any]:
    """Return what `verify_certificate` does by the installation's own keys, and whether the register knows the paper.

    Beside that: ``in_ledger``, whether the event is the ledger's own; ``is_kept``, whether this very file was issued;
    ``present``, what the register says of the building today.

    Raises
    ------
    RecordError
        It is no certificate.
    """
    answer = verify_certificate(paper, keys=show_keys(settings), fonts=settings.fonts)
    with transaction(database) as connection:
        known: dict[str, Any] = {"in_ledger": False, "present": None}
        with suppress(NotHereError):
            event = _issue(connection, answer["event"])
            known = {"in_ledger": event == _record_of(paper)["event"], "present": _present(connection, event)}
        with seeing_all(connection):
            kept = is_attached(connection, sha256(paper).hexdigest(), kind=_KIND)
    verdict = answer["verdict"] if known["in_ledger"] else "false"
    return {**answer, "verdict": verdict, **known, "is_kept": kept}


def _issued(
    connection: Connection,
    name: str,
    principal: Principal,
    schemes: Sequence[Scheme] | None,
    stages: Sequence[Stage],
) -> dict[str, Any]:
    """Append the event of an issue, and return its number and the certificate's content."""
    place = find_place(connection, name, schemes=schemes)
    allow(principal, "issue_certificate", office_id=place.office_id)
    lock_buildings(connection, [place.building_id or ""])
    content = _content(connection, place, principal, schemes, stages).as_json()
    (seq,) = append_events(connection, [_issue_event(content, place, principal)])
    return {"seq": seq, "content": content}


def _kept(database: Database, code: str, title: str, stages: Sequence[Stage]) -> dict[str, Any] | None:
    """Return the certificate of a building that is kept under a title, None where there is none."""
    with transaction(database) as connection:
        place = find_place(connection, code)
        rows = find_attachments(connection, building_id=place.building_id)
    return next((document_json(row, stages) for row in rows if (row["kind"], row["title"]) == (_KIND, title)), None)


def _content(
    connection: Connection,
    place: Place,
    principal: Principal,
    schemes: Sequence[Scheme] | None,
    stages: Sequence[Stage],
) -> CertificateContent:
    """Return what the register says of a building, that is held by a lock, at this moment."""
    compact = place.subject.removeprefix("building/")
    (life,) = read_lives(connection, [compact])
    feature = building_feature(connection, compact, schemes=schemes, stages=stages)["properties"]
    centroid = shapely.centroid(life["geom"])
    closed = feature["life"]["reason"]
    return CertificateContent(
        code=feature["code"],
        kind=feature["kind"],
        name=feature["name"],
        version=feature["version"],
        fingerprint=life["fingerprint"],
        stage=feature["stage"]["code"],
        stage_name={tongue: feature["stage"][tongue] for tongue in ("zh", "en")},
        area_m2=round(feature["area_m2"], 4),
        plane=feature["plane"]["crs"],
        plane_area_m2=round(feature["plane"]["area_m2"], 4),
        perimeter_m=round(feature["plane"]["perimeter_m"], 3),
        centroid=(round(centroid.x, 7), round(centroid.y, 7)),
        stages=[_stage(entry) for entry in feature["stages"]],
        names=[_name(alias) for alias in feature["aliases"] if _is_own(alias)],
        predecessors=_relations(feature, "predecessor"),
        successors=_relations(feature, "successor"),
        closed=None if closed is None else {**closed, "closed_on": feature["life"]["closed_on"]},
        extract=_extract(connection, life),
        office={"zh": principal.office.zh, "en": principal.office.en},
        actor=principal.actor,
        issued_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )


def _extract(connection: Connection, life: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map extract: a building's newest footprint, and what lives around it."""
    plane = life["plane"]
    (footprint,) = to_plane(np.array([life["geom"]], dtype=object), plane)
    sheet = from_plane(np.array([shapely.box(*extract_bounds_m(footprint))], dtype=object), plane)
    living = living_footprints(connection, sheet, space="surface")
    around = living[living.code != life["code"]].geometry
    return draw_extract(footprint, to_plane(np.asarray(around.values), plane))


def _issue_event(content: Mapping[str, Any], place: Place, principal: Principal) -> NewEvent:
    told = {name: content[name] for name in ("code", "version", "fingerprint", "stage")}
    return NewEvent(
        kind="certificate_issued",
        subject=place.subject,
        building_id=place.building_id,
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.fromisoformat(content["issued_at"]),
        body={**told, "content_sha256": content_sha256(dict(content))},
    )


def _stage(entry: Mapping[str, Any]) -> CertifiedStage:
    stage = entry["stage"]
    return CertifiedStage(stage["code"], stage["zh"], stage["en"], entry["occurred_on"], entry["certificate"])


def _is_own(alias: Mapping[str, Any]) -> bool:
    """Tell whether a name is held today, and the building's own: those of its units are the building table's."""
    return alias["valid_to"] is None and alias.get("unit") is None


def _name(alias: Mapping[str, Any]) -> CertifiedName:
    label = alias["label"]
    return CertifiedName(alias["scheme"], label["zh"], label["en"], alias["value"], alias["computed"])


def _relations(feature: Mapping[str, Any], side: str) -> list[CertifiedRelation]:
    """Return those that came right before or after a building."""
    other = "successor" if side == "predecessor" else "predecessor"
    near = [each for each in feature["lineage"][f"{side}s"] if each[other] == feature["code"]]
    return [CertifiedRelation(each["code"], each["relation"]) for each in near]


def _record(database: Database, content: Mapping[str, Any], seq: int, settings: Settings) -> dict[str, Any]:
    """Return the record of a certificate whose event is committed: the ledger's head is signed over it."""
    seal_ledger(database, settings)
    with transaction(database) as connection:
        proved = prove_event(connection, seq)
    return certificate_record(
        content,
        event=proved["event"],
        proof=proved["proof"],
        head=proved["head"],
        key=_key_of(proved["head"], show_keys(settings)),
        address=settings.public_url,
    )


def _key_of(note: str, lines: Sequence[str]) -> str:
    """Return the line of the key that signed a head."""
    keys = [read_key(line) for line in lines]
    signed_by = read_head(note, keys).key
    return next(str(key) for key in keys if key.id == signed_by)


def _record_of(paper: bytes) -> dict[str, Any]:
    return extract_record(paper) if paper.startswith(_PDF) else read_record(paper)


def _issue(connection: Connection, seq: Any) -> dict[str, Any]:
    """Return the event of the issue of a certificate."""
    is_number = isinstance(seq, int) and 0 <= seq <= _LAST_SEQ
    canonical = events_by_number(connection, [seq]).get(seq) if is_number else None
    event = None if canonical is None else read_event(canonical)
    if event is None or event["kind"] != "certificate_issued":
        raise NotHereError(
            Text(f"账本中没有序号为 {seq} 的证书。", f"The ledger has no certificate of the number {seq}.")
        )
    return event


def _present(connection: Connection, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the register says today of a certified building, and whether the certificate still says it."""
    (life,) = read_lives(connection, [parse(event["body"]["code"]).compact])
    stage = building_states(connection, [life["building_id"]])[life["building_id"]].stage
    said = {"version": life["version"], "fingerprint": life["fingerprint"], "stage": stage}
    is_current = life["closed_as"] is None and all(event["body"][name] == value for name, value in said.items())
    return {**said, "closed_as": life["closed_as"], "is_current": is_current}


def _verdict(checks: Sequence[Check]) -> str:
    if any(check.passed is False for check in checks):
        return "false"
    return "consistent" if any(check.code == "key" and check.passed is None for check in checks) else "genuine"


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of itself, whatever is in it."""
    content, event = record["content"], record["event"]
    said = {name: content.get(name) for name in ("code", "version", "stage", "office", "issued_at")}
    return {**said, "event": event.get("seq"), "key": record["key"]}


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "code": check.code,
        "name": text_json(check.name),
        "passed": check.passed,
        "faults": [fault_json(fault) for fault in check.faults],
    }
