"""Documents: attached to a building or a project, listed, read, withdrawn."""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from geocode import Text, parse
from layers.errors import RefusedFile, refused
from layers.media_types import load_media_types, sniff_media_type
from layers.temporary import temporary_folder
from registry.aliases import Scheme
from registry.ledger.events import NewEvent
from registry.stages import Stage, document_kinds, get_stage
from store.attachments import add_attachment, find_attachments, get_attachment, withdraw_attachment
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.documents import Documents, add_document, keep_bytes, open_document
from store.ledger import append_events
from store.lives import read_lives
from store.projects import get_project
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.principals import Principal
from workflows.reports import stage_json, text_json
from workflows.resolving import building_code
from workflows.rights import allow, find_allowed, reaches

__all__ = [
    "AttachOptions",
    "Attached",
    "Delivered",
    "OpenedDocument",
    "Place",
    "attach_document",
    "attach_file",
    "find_place",
    "list_documents",
    "open_attachment",
    "received",
    "withdraw_document",
]

_CHUNK_BYTES = 1 << 20
_LOG = logging.getLogger("luotu.documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachOptions:
    """What a document is.

    Attributes
    ----------
    kind
        One of `document_kinds`.
    title
        What people call it; the file's name where it is empty.
    stage
        The stage that it belongs to, if it does to one.
    """

    kind: str = "other"
    title: str = ""
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A document's bytes in a file: their hash and length, their type told from them, their name as delivered."""

    path: Path
    sha256: str
    size_bytes: int
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """What documents are attached to: a building or a project, by its id and as events name it; whose it is, and who drew it last."""

    subject: str
    office_id: int
    building_id: str | None = None
    project_id: str | None = None
    drawn_by: int | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment's id, and the event that tells of it; None where the document was attached before."""

    id: str
    event: NewEvent | None


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document's bytes, found to be those that were kept: to be read, and closed."""

    stream: BinaryIO
    name: str
    media_type: str
    size_bytes: int
    sha256: str


@contextmanager
def received(stream: BinaryIO, name: str, *, limit_mb: int) -> Iterator[Delivered]:
    """Copy a document into a folder of its own while it comes in, count it, hash it, and tell its type.

    Parameters
    ----------
    name
        As delivered; told, and never used as a path.

    Raises
    ------
    RefusedFile
        It is longer than the limit, or nothing that is kept.
    """
    with temporary_folder() as folder:
        path = folder / "document"
        try:
            sha256, size_bytes = _copy(stream, path, limit_mb)
            kind = sniff_media_type(path)
        except RefusedFile as error:
            error.file = name
            raise
        yield Delivered(path, sha256, size_bytes, kind.code, kind.file_name(name))


def attach_file(  # noqa: PLR0913 - what, to what, for whom, as what
    database: Database,
    name: str,
    delivered: Delivered,
    *,
    principal: Principal,
    documents: Documents,
    options: AttachOptions,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
) -> dict[str, Any]:
    """Attach a document to the building or project of a name, and return what the register then says of it.

    Parameters
    ----------
    name
        A code, leniently typed, or an alias; a project as ``project/`` and its id or code.
    documents
        Folder in which the bytes are kept.
    stages
        Those that a document may belong to; the ones that no city changed where None.

    Raises
    ------
    NotHereError
        Nothing bears the name.
    NotAllowedError, RefusedOptionError, StageError
        The role may not, or a kind or stage is not known.

    Notes
    -----
    The same document at the same place, stage and kind is the same attachment: ``repeated`` says so.
    """
    _refuse_options(options, stages)
    with transaction(database) as connection:
        place = find_place(connection, name, schemes=schemes)
        allow(
            principal,
            "attach_document",
            own=principal.office_id in {place.office_id, place.drawn_by},
            office_id=place.office_id,
        )
        attached = attach_document(connection, place, delivered, principal=principal, options=options)
        keep_bytes(documents, delivered.path, delivered.sha256)
        if attached.event:
            append_events(connection, [attached.event])
        told = document_json(get_attachment(connection, attached.id), stages)
        return {**told, "repeated": attached.event is None}


def attach_document(
    connection: Connection, place: Place, delivered: Delivered, *, principal: Principal, options: AttachOptions
) -> Attached:
    """Attach a document in a transaction under way; keep its bytes before it ends, and append the event last.

    Rights are the caller's to ask, and whether kind and stage are known.
    """
    document = add_document(
        connection,
        office_id=principal.office_id,
        sha256=delivered.sha256,
        name=delivered.name,
        size_bytes=delivered.size_bytes,
    )
    identity, is_new = add_attachment(
        connection,
        {
            "document_id": document,
            "office_id": principal.office_id,
            "building_id": place.building_id,
            "project_id": place.project_id,
            "stage": options.stage,
            "kind": options.kind,
            "title": options.title or delivered.name,
            "media_type": delivered.media_type,
            "actor": principal.actor,
        },
    )
    if not is_new:
        return Attached(identity, None)
    (said,) = describe_rows(connection, "attachment", [identity])
    body = {**said, "name": delivered.name, "size_bytes": delivered.size_bytes}
    return Attached(identity, _event("document_attached", place, principal, body))


def list_documents(
    database: Database,
    name: str,
    *,
    principal: Principal,
    schemes: Sequence[Scheme] | None = None,
    stages: Sequence[Stage] | None = None,
) -> dict[str, Any]:
    """Return the documents of a building or project that the principal may read, oldest first, the withdrawn ones marked.

    Parameters
    ----------
    stages
        What stages are called; as the built-in ones are where None.

    Raises
    ------
    NotHereError, NotAllowedError
        Nothing bears the name, or the role reads no documents, or it is another office's project.
    """
    right = allow(principal, "read_documents")
    with transaction(database) as connection:
        place = find_place(connection, name, schemes=schemes)
        rows = find_attachments(connection, building_id=place.building_id, project_id=place.project_id)
    # an office reads what is attached to its buildings, and what it attached itself
    is_own = place.office_id == principal.office_id
    if place.project_id is not None:
        allow(principal, "read_documents", office_id=place.office_id)
    is_seen = is_own or reaches(principal, right, place.office_id)
    seen = [row for row in rows if is_seen or row["office_id"] == principal.office_id]
    return {"subject": place.subject, "documents": [document_json(row, stages) for row in seen]}


def open_attachment(database: Database, identity: str, *, principal: Principal, documents: Documents) -> OpenedDocument:
    """Open a document, all of its bytes found to be those that were kept; reading another office's is logged.

    Raises
    ------
    NotHereError, NotAllowedError
        There is none, or it is none that the principal may read.
    DamagedDocumentError
        Its bytes are gone or changed: nothing of them is given out.
    """

    def is_own(row: Mapping[str, Any]) -> bool:
        return principal.office_id in {row["office_id"], row["owner_id"]}

    with transaction(database) as connection:
        row = find_allowed(
            connection,
            lambda: get_attachment(connection, identity),
            lambda row: allow(principal, "read_documents", own=is_own(row), office_id=row["office_id"]),
        )
    if not is_own(row):
        said = {"document": row["sha256"], "attachment": str(row["id"]), "subject": _subject(row)}
        reader = {"office_id": principal.office_id, "actor": principal.actor, "role": principal.role}
        _LOG.info("document_read", extra={**said, **reader})
    stream = open_document(documents, row["sha256"])
    return OpenedDocument(stream, row["name"], row["media_type"], row["size_bytes"], row["sha256"])


def withdraw_document(
    database: Database,
    identity: str,
    *,
    principal: Principal,
    reason: str = "",
    stages: Sequence[Stage] | None = None,
) -> dict[str, Any]:
    """Withdraw a document and return what the register then says of it; its bytes are kept, and it is listed as withdrawn.

    Raises
    ------
    NotHereError, NotAllowedError
        There is none, or the role may not; nor may who attached it (four eyes), unless nobody else is there.
    """
    with transaction(database) as connection:
        row = find_allowed(
            connection,
            lambda: get_attachment(connection, identity),
            lambda row: allow(principal, "withdraw", office_id=row["office_id"], kind="confirm"),
        )
        _ask_four_eyes(row, principal)
        if withdraw_attachment(connection, str(row["id"])):
            place = Place(_subject(row), row["office_id"], row["building_id"], row["project_id"])
            body = {"attachment": str(row["id"]), "document": row["sha256"], "kind": row["kind"], "reason": reason}
            append_events(connection, [_event("document_withdrawn", place, principal, body)])
        return document_json(get_attachment(connection, identity), stages)


def find_place(connection: Connection, name: str, *, schemes: Sequence[Scheme] | None = None) -> Place:
    """Return the building, or with ``project/`` in front the project, that bears a name.

    Raises
    ------
    NotHereError
        Nothing bears it.
    """
    if name.startswith("project/"):
        project = get_project(connection, name.removeprefix("project/"))
        return Place(f"project/{project.id}", project.office_id, project_id=str(project.id))
    code = building_code(connection, name, schemes=schemes)
    (life,) = read_lives(connection, [code.compact])
    return Place(
        f"building/{code.compact}", life["office_id"], building_id=str(life["building_id"]), drawn_by=life["drawn_by"]
    )


def document_json(row: dict[str, Any], stages: Sequence[Stage] | None = None) -> dict[str, Any]:
    """Return an attachment as it stands in an answer, its stage called as those are."""
    known = load_media_types()[row["media_type"].split(";")[0]]
    return {
        "id": str(row["id"]),
        "code": None if row["code"] is None else str(parse(row["code"])),
        "project": None if row["project_id"] is None else str(row["project_id"]),
        "stage": row["stage"] and stage_json(row["stage"], stages),
        "kind": {"code": row["kind"], **text_json(document_kinds()[row["kind"]])},
        "title": row["title"],
        "name": row["name"],
        "media_type": {"code": row["media_type"], **text_json(known.name)},
        "size_bytes": row["size_bytes"],
        "sha256": row["sha256"],
        "office": {"zh": row["name_zh"], "en": row["name_en"]},
        "actor": row["actor"],
        "recorded_at": row["recorded_at"].isoformat(),
        "withdrawn_at": row["withdrawn_at"] and row["withdrawn_at"].isoformat(),
    }


def _copy(stream: BinaryIO, path: Path, limit_mb: int) -> tuple[str, int]:
    """Copy a stream into a file and return its SHA-256 and its length in bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("xb") as copy:
        while chunk := stream.read(_CHUNK_BYTES):
            size_bytes += len(chunk)
            if size_bytes > limit_mb * 1_000_000:
                raise refused("document_size", limit_mb=limit_mb)
            digest.update(chunk)
            copy.write(chunk)
    return digest.hexdigest(), size_bytes


def _refuse_options(options: AttachOptions, stages: Sequence[Stage] | None) -> None:
    known = document_kinds()
    if options.kind not in known:
        raise RefusedOptionError(
            Text(f"没有“{options.kind}”这种文件。", f"There is no kind of document “{options.kind}”."),
            Text(f"可用 {'、'.join(known)}。", f"Choose among {', '.join(known)}."),
        )
    if options.stage is not None:
        get_stage(options.stage, stages)


def _ask_four_eyes(row: dict[str, Any], principal: Principal) -> None:
    by_same = (row["office_id"], row["actor"]) == (principal.office_id, principal.actor)
    if by_same and principal.role != "local":
        raise ForbiddenError(
            Text("附加文件的人不得自行撤回。", "Who attached a document does not withdraw it."),
            Text("请由另一人办理。", "Ask another person."),
        )


def _event(kind: str, place: Place, principal: Principal, body: dict[str, Any]) -> NewEvent:
    return NewEvent(
        kind=kind,
        subject=place.subject,
        building_id=place.building_id,
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.now(UTC),
        body=body,
    )


def _subject(row: dict[str, Any]) -> str:
    return f"building/{row['code']}" if row["code"] else f"project/{row['project_id']}"
