"""What an extract tells of the editions it rests on, and the features that it may be asked of."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from store.database import Connection, statement

__all__ = ["describe_editions", "features_named"]

_LARGEST = 2**63 - 1
_MOST = 20


def describe_editions(connection: Connection, editions: Iterable[int]) -> Sequence[Row[Any]]:
    """Return what is known of some editions (ids), by layer.

    Returns
    -------
    Rows ``id, layer, title, accuracy_m, currency, valid_from, valid_to, recorded_at, kind, source_sha256, attributes,
    completeness`` (WKB) and ``documents``: those of the edition itself and of the editions that it rests on, with their
    offices.
    """
    return connection.execute(statement("editions_described"), {"editions": list(editions)}).all()


def features_named(connection: Connection, edition: int, name: str) -> Sequence[Row[Any]]:
    """Return the features of an edition that bear a name, up to 20: those with that id, with that id at the source, called so."""
    number = int(name) if name.isascii() and name.isdigit() and int(name) <= _LARGEST else None
    asked = {"edition": edition, "name": name, "number": number, "most": _MOST}
    return connection.execute(statement("features_named"), asked).all()
