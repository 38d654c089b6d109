"""What the verifier asks of the register besides its rows: geometries that are not as their fingerprints, documents' hashes, who may come in."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select

from registry.fingerprints import fingerprints
from registry.ledger.events import digest
from registry.ledger.identities import IdentityRow
from store.database import Connection, statement
from store.offices import key_digest
from store.schema import api_key, document, member, office

__all__ = ["document_hashes", "document_sizes", "identity_rows", "wrong_grounds"]

_AT_ONCE = 10_000


def wrong_grounds(connection: Connection) -> Iterator[tuple[str, int]]:
    """Yield code and version of the footprints whose geometry has another fingerprint than the one stored with it."""
    wanted = statement("footprint_geometries").execution_options(yield_per=_AT_ONCE)
    for rows in connection.execute(wanted).partitions():
        shapes = shapely.from_wkb(np.array([bytes(row.geom) for row in rows], dtype=object))
        for row, fingerprint in zip(rows, fingerprints(shapes), strict=True):
            if row.fingerprint != fingerprint:
                yield row.code, row.version


def document_sizes(connection: Connection) -> dict[str, int]:
    """Return the length in bytes of every document that was ever delivered, by its SHA-256, in their order."""
    wanted = select(document.c.sha256, document.c.size_bytes).distinct().order_by(document.c.sha256)
    return {row.sha256: row.size_bytes for row in connection.execute(wanted)}


def document_hashes(connection: Connection) -> list[str]:
    """Return the SHA-256 of every document that was ever delivered."""
    return list(connection.execute(select(document.c.sha256).distinct().order_by(document.c.sha256)).scalars())


def identity_rows(connection: Connection) -> Iterator[IdentityRow]:
    """Yield the offices, keys and users, with what events may say of them."""
    for row in connection.execute(select(office)):
        said = {"office": row.code, "name_zh": row.name_zh, "name_en": row.name_en, "division": row.division}
        yield IdentityRow("office", row.code, said, row.recorded_at)
    for row in connection.execute(select(api_key, office.c.code).join(office)):
        until = None if row.expires_at is None else row.expires_at.astimezone(UTC).isoformat()
        said = {**_access(row), "expires_at": until, "digest": key_digest(row.key_sha256)}
        yield IdentityRow("api_key", str(row.id), said, row.recorded_at, row.revoked_at)
    for row in connection.execute(select(member, office.c.code).join(office)):
        said = {**_access(row), "issuer": row.issuer, "subject": digest(row.subject, row.salt)}
        yield IdentityRow("member", str(row.id), said, row.recorded_at, row.revoked_at)


def _access(row: Any) -> dict[str, Any]:
    return {"office": row.code, "role": row.role, "label": row.label, "division": row.division}
