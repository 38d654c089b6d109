"""The record of a certificate: what it says, the event of its issue, and the ledger's proof of that; embedded in the PDF."""

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from geocode import Text
from registry.certificates.content import FORMAT
from registry.certificates.errors import RecordError
from registry.ledger.events import canonical_json
from registry.ledger.tree import hash_leaf

__all__ = [
    "ATTACHED_NAME",
    "PDF_DAMAGE",
    "Evidence",
    "certificate_record",
    "evidence_of",
    "extract_record",
    "read_record",
]

ATTACHED_NAME = "certificate.json"
PDF_DAMAGE = (
    *(PyPdfError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError),
    *(OSError, zlib.error, struct.error),
)
"""What pypdf raises on a file that is damaged or means harm."""
_PARTS = {"content": dict, "event": dict, "proof": list, "head": str, "key": str}
_NOTE_LINES = 4
_MOST_BYTES = 10_000_000


class Evidence(NamedTuple):
    """What the ledger says of a certificate, read off its record and not yet verified; hashes in hexadecimal."""

    seq: str
    content_sha256: str
    leaf_hash: str
    root: str
    size: str
    signed_at: str
    key: str


def certificate_record(
    content: Mapping[str, Any],
    *,
    event: str,
    proof: Sequence[str],
    head: str,
    key: str,
    address: str = "",
) -> dict[str, Any]:
    """Return the record of a certificate.

    Parameters
    ----------
    event
        That of the issue, in canonical JSON.
    proof, head, key
        That the event is in the tree of a signed head (hashes in hexadecimal), that head as a note, the key that signed it.
    address
        Of the installation, for the QR code; none where it is empty.
    """
    return {
        "format": FORMAT,
        "content": dict(content),
        "event": json.loads(event),
        "proof": list(proof),
        "head": head,
        "key": key,
        "address": address,
    }


def evidence_of(record: Mapping[str, Any]) -> Evidence:
    """Return what a record's event, proof and head say."""
    event = record["event"]
    body = event.get("body")
    size, root, signed_at = [*str(record["head"]).split("\n"), *[""] * _NOTE_LINES][1:_NOTE_LINES]
    return Evidence(
        seq=str(event.get("seq")),
        content_sha256=str(body.get("content_sha256")) if isinstance(body, Mapping) else "",
        leaf_hash=hash_leaf(canonical_json(event)).hex(),
        root=_hex(root),
        size=size,
        signed_at=signed_at.removeprefix("time "),
        key="+".join(record["key"].split("+")[:2]),
    )


def read_record(text: bytes) -> dict[str, Any]:
    """Return the record that some JSON is.

    Raises
    ------
    RecordError
        It is none.
    """
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise RecordError(
            Text("文件中没有建筑编码证书的数据。", "The file holds no data of a certificate of building code.")
        )
    for name, kind in _PARTS.items():
        if not isinstance(record.get(name), kind):
            raise RecordError(Text(f"证书数据中缺少“{name}”。", f"The certificate's data lack “{name}”."))
    return record


def extract_record(pdf: bytes) -> dict[str, Any]:
    """Return the record that is embedded in a certificate.

    Raises
    ------
    RecordError
        The bytes are no PDF, or there is not just one record in it.
    """
    try:
        found = PdfReader(BytesIO(pdf)).attachments.get(ATTACHED_NAME, [])
    except PDF_DAMAGE as error:
        raise RecordError(Text("文件不是可读取的 PDF。", "The file is no PDF that can be read.")) from error
    if len(found) != 1 or len(found[0]) > _MOST_BYTES:
        raise RecordError(
            Text(
                f"PDF 中应嵌有一份 {ATTACHED_NAME},实有 {len(found)} 份。",
                f"The PDF should hold one {ATTACHED_NAME}, and holds {len(found)}.",
            )
        )
    return read_record(found[0])


def _hex(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except binascii.Error:
        return encoded
