"""Documents of buildings and projects: attached, listed, downloaded, withdrawn."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Path, Response, UploadFile
from fastapi.responses import StreamingResponse

from api.answers import answer, described
from api.dependencies import Asking, Configured, Stored
from api.told.stages import AttachedDocument, Documents
from workflows.attaching import (
    AttachOptions,
    OpenedDocument,
    attach_file,
    list_documents,
    open_attachment,
    received,
    withdraw_document,
)
from workflows.databases import Database
from workflows.principals import Principal
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes
from workflows.settings import Settings

router = APIRouter(tags=["documents"])
_CHUNK_BYTES = 1 << 20
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or an alias")]
Key = Annotated[str, Path(max_length=200, description="The project's id or code")]
Kind = Annotated[str, Form(description="What it is: one of the kinds in the documentation")]
Title = Annotated[str, Form(max_length=200)]
Stage = Annotated[str | None, Form(description="The stage it belongs to, if it does to one")]


@router.post(
    "/buildings/{name:path}/documents",
    status_code=201,
    response_model=AttachedDocument,
    responses=described(model=AttachedDocument),
)
def attach_to_building(  # noqa: PLR0913 - one for each field of the form
    name: Name,
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    kind: Kind = "other",
    title: Title = "",
    stage: Stage = None,
) -> Response:
    """Attach a document to a building; 200 where the same one was attached there before."""
    options = AttachOptions(kind=kind, title=title, stage=stage or None)
    return _attach(database, name, file, principal=principal, settings=settings, options=options)


@router.post(
    "/projects/{key}/documents",
    status_code=201,
    response_model=AttachedDocument,
    responses=described(model=AttachedDocument),
)
def attach_to_project(  # noqa: PLR0913 - one for each field of the form
    key: Key,
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    kind: Kind = "other",
    title: Title = "",
    stage: Stage = None,
) -> Response:
    """Attach a document to a project; 200 where the same one was attached there before."""
    options = AttachOptions(kind=kind, title=title, stage=stage or None)
    return _attach(database, f"project/{key}", file, principal=principal, settings=settings, options=options)


@router.get("/buildings/{name:path}/documents", response_model=Documents)
def read_documents_of_building(name: Name, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return what is attached to a building, the withdrawn documents marked."""
    schemes, stages = configured_schemes(settings), configured_procedure(settings).stages
    return answer(list_documents(database, name, principal=principal, schemes=schemes, stages=stages))


@router.get("/projects/{key}/documents", response_model=Documents)
def read_documents_of_project(key: Key, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return what is attached to a project, the withdrawn documents marked."""
    stages = configured_procedure(settings).stages
    return answer(list_documents(database, f"project/{key}", principal=principal, stages=stages))


@router.get("/documents/{document_id}", response_class=Response, responses=described("*/*"))
def download(document_id: UUID, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return a document's bytes, as an attachment, once all of them are found to be those that were kept."""
    opened = open_attachment(database, str(document_id), principal=principal, documents=settings.documents)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(opened.name, safe='')}",
        "Content-Length": str(opened.size_bytes),
        "Repr-Digest": f"sha-256=:{_base64(opened.sha256)}:",
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(_chunks(opened), headers=headers, media_type=opened.media_type)


@router.post("/documents/{document_id}/withdrawal", response_model=AttachedDocument)
def withdraw(
    document_id: UUID,
    principal: Asking,
    database: Stored,
    settings: Configured,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Withdraw a document: its bytes are kept, and it is listed as withdrawn."""
    stages = configured_procedure(settings).stages
    return answer(withdraw_document(database, str(document_id), principal=principal, reason=reason, stages=stages))


def _attach(
    database: Database,
    name: str,
    file: UploadFile,
    *,
    principal: Principal,
    settings: Settings,
    options: AttachOptions,
) -> Response:
    with received(file.file, file.filename or "document", limit_mb=settings.document_limit_mb) as delivered:
        told = attach_file(
            database,
            name,
            delivered,
            principal=principal,
            documents=settings.documents,
            options=options,
            schemes=configured_schemes(settings),
            stages=configured_procedure(settings).stages,
        )
    made = answer(told, status=200 if told["repeated"] else 201)
    made.headers["Location"] = f"/documents/{told['id']}"
    return made


def _chunks(opened: OpenedDocument) -> Iterator[bytes]:
    with closing(opened.stream) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def _base64(sha256: str) -> str:
    """Return a hash as the header for digests has it (RFC 9530)."""
    return b64encode(bytes.fromhex(sha256)).decode()
