"""Certificates of codes: issued as PDF, verified by anyone."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response, UploadFile

from api.answers import PDF, answer, described
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.told.ledger import CertificateRecord, CertificateVerification
from workflows.certifying import find_issue, issue_certificate, verify_paper
from workflows.schemes import configured_schemes

router = APIRouter(tags=["certificates"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or an alias")]
_LARGEST = 2**63 - 1


@router.post(
    "/buildings/{name:path}/certificates",
    status_code=201,
    response_class=Response,
    responses=described(PDF, statuses=(201,)),
)
def issue(name: Name, principal: Asking, database: Stored, settings: Configured, key: OnceKey = None) -> Response:
    """Issue the certificate of a building's code and return it, as PDF/A; it is kept with the building's documents."""
    issued = issue_certificate(
        database, name, principal=principal, settings=settings, schemes=configured_schemes(settings), key=key
    )
    headers = {
        "Location": f"/documents/{issued.document['id']}",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(issued.file_name, safe='')}",
    }
    return Response(issued.pdf, 201, headers=headers, media_type="application/pdf")


@router.get("/certificates/{event}/verification", response_model=CertificateRecord)
def read_verification(
    event: Annotated[int, Path(ge=0, le=_LARGEST, description="The number of the event of the issue")],
    database: Stored,
    leaf: Annotated[str, Query(pattern="^[0-9A-Fa-f]{64}$", description="Its leaf hash, as the certificate has it")],
    size: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None,
    root: Annotated[str | None, Query(pattern="^[0-9A-Fa-f]{64}$")] = None,
) -> Response:
    """Return what the ledger says of a certificate, as its QR code asks; open to anyone who holds one."""
    return answer(find_issue(database, event, leaf, size=size, root=root))


@router.post("/certificates/verification", response_model=CertificateVerification)
def verify(file: UploadFile, database: Stored, settings: Configured) -> Response:
    """Verify a certificate's PDF, or the certificate.json out of one, against the ledger; open to anyone."""
    return answer(verify_paper(database, file.file.read(), settings=settings))
