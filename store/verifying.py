"""What the verifier asks of the register besides its rows: geometries that are not as their fingerprints, documents' hashes."""

from collections.abc import Iterator

import numpy as np
import shapely
from sqlalchemy import select

from registry.fingerprints import fingerprints
from store.database import Connection, statement
from store.schema import document

__all__ = ["document_hashes", "document_sizes", "wrong_grounds"]

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
