"""The ledger verified: the log, its signed heads, and the register's rows and documents against it; each fault with its place."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from registry.errors import HeadError
from registry.ledger.checking import Checked, Finding, Found, Stored, check_log, finding
from registry.ledger.heads import VerifyingKey, read_head
from registry.ledger.identities import Identities
from registry.ledger.vouching import VOUCHERS, Vouching
from store.database import Connection, Database, transaction
from store.descriptions import all_rows, fields
from store.documents import Documents, document_digest
from store.errors import DamagedDocumentError
from store.ledger import (
    checkpoint_rows,
    events_by_number,
    events_from,
    hold_still,
    nodes_in_order,
    wrong_columns,
)
from store.seals import kept_notes, public_keys
from store.verifying import document_hashes, identity_rows, wrong_grounds
from store.walls import as_system
from workflows.settings import Settings

__all__ = ["VerifiedLedger", "trusted_heads", "verified", "verify_connection", "verify_database"]


@dataclass(frozen=True, slots=True)
class VerifiedLedger:
    """What was verified, and what is wrong.

    Attributes
    ----------
    size, root
        Number of events, and the root over them in hexadecimal.
    heads
        Number of signed heads that the log agrees with.
    rows
        Number of rows by table; empty where only the log was there to verify.
    findings, more
        What is wrong, and how many findings more there are.
    """

    size: int
    root: str
    heads: int
    findings: list[Finding]
    more: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return it as an answer tells it."""
        told = [
            {
                "kind": each.fault.kind,
                "text": each.fault.text._asdict(),
                "remedy": each.fault.remedy._asdict(),
                "event": each.seq,
                "table": each.table,
                "key": each.key,
            }
            for each in self.findings
        ]
        return {"sound": self.is_sound, **asdict(self), "findings": told}


def verify_database(
    database: Database, settings: Settings, *, notes: Sequence[tuple[str, str]] = (), keys: Sequence[VerifyingKey] = ()
) -> VerifiedLedger:
    """Verify the ledger in the database, and the register against it, as they are at one moment.

    Parameters
    ----------
    notes
        Signed heads from elsewhere, each with where it is from: printed ones, those of an older export.
    keys
        Public keys to be trusted besides those of the installation.
    """
    with transaction(as_system(database)) as connection:
        hold_still(connection)
        return verify_connection(connection, settings, notes=notes, keys=keys)


def verify_connection(
    connection: Connection,
    settings: Settings,
    *,
    notes: Sequence[tuple[str, str]] = (),
    keys: Sequence[VerifyingKey] = (),
) -> VerifiedLedger:
    """Verify what a transaction sees, as `verify_database`."""
    trusted = [*public_keys(settings.keys), *keys]
    vouching, identities = Vouching({table: fields(table) for table in VOUCHERS}), Identities()

    def read(seq: int, content: dict[str, Any]) -> None:
        vouching.read(seq, content)
        identities.read(seq, content)

    kept = [(f"{settings.checkpoints} ({size})", note) for size, note in kept_notes(settings.checkpoints)]
    stored, untrusted = _stored_heads(connection, trusted)
    outside, foreign = trusted_heads([*kept, *notes], trusted)
    checked = check_log(
        (Stored(seq, canonical.encode(), bytes(leaf)) for seq, canonical, leaf in events_from(connection, 0)),
        [*stored, *outside],
        nodes=nodes_in_order(connection),
        read=read,
    )
    rows = dict.fromkeys(VOUCHERS, 0)
    for found in (
        *untrusted,
        *foreign,
        *_missing_heads(stored, outside, kept),
        *_wrong_columns(connection),
        *_check_rows(connection, vouching, rows),
        *identities.compare(identity_rows(connection)),
        *_wrong_grounds(connection),
        *_wrong_documents(connection, settings.documents),
    ):
        checked.add(found)
    return verified(checked, rows)


def verified(checked: Checked, rows: dict[str, int] | None = None) -> VerifiedLedger:
    """Return what was verified of a log, and of rows, as it is told."""
    return VerifiedLedger(checked.size, checked.root.hex(), checked.heads, checked.findings, checked.more, rows or {})


def trusted_heads(notes: Iterable[tuple[str, str]], keys: Sequence[VerifyingKey]) -> tuple[list[Found], list[Finding]]:
    """Return the heads that one of the keys signed, and what is wrong with the other notes."""
    heads, wrong = [], []
    for place, note in notes:
        try:
            heads.append(Found(read_head(note, keys), place))
        except HeadError as error:
            wrong.append(finding("head_untrusted", key=place, place=place, reason=str(error)))
    return heads, wrong


def _stored_heads(connection: Connection, keys: Sequence[VerifyingKey]) -> tuple[list[Found], list[Finding]]:
    heads, wrong = [], []
    for row in checkpoint_rows(connection):
        key, place = str(row.size), f"checkpoint {row.size}"
        try:
            head = read_head(row.note, keys)
        except HeadError as error:
            wrong.append(finding("head_untrusted", table="checkpoint", key=key, place=place, reason=str(error)))
            continue
        if (head.size, head.root, head.signed_at, head.key) != (row.size, bytes(row.root), row.signed_at, row.key_id):
            reason = "Its columns say something else than the note that was signed."
            wrong.append(finding("head_untrusted", table="checkpoint", key=key, place=place, reason=reason))
        heads.append(Found(head, place))
    return heads, wrong


def _missing_heads(
    stored: Sequence[Found], outside: Sequence[Found], kept: Sequence[tuple[str, str]]
) -> Iterator[Finding]:
    """Yield the heads that were kept outside and are not in the database any more."""
    there = {found.head.size for found in stored}
    places = {place for place, _ in kept}
    for found in outside:
        if found.place in places and found.head.size not in there:
            yield finding("head_missing", table="checkpoint", key=str(found.head.size), size=found.head.size)


def _wrong_columns(connection: Connection) -> Iterator[Finding]:
    for seq, columns in wrong_columns(connection).items():
        yield finding("event_column", seq=seq, table="event", key=str(seq), column=columns)


def _check_rows(connection: Connection, vouching: Vouching, counts: dict[str, int]) -> Iterator[Finding]:
    def recall(seqs: Sequence[int]) -> dict[int, dict[str, Any]]:
        found = events_by_number(connection, seqs) if seqs else {}
        return {seq: orjson.loads(canonical) for seq, canonical in found.items()}

    for table in counts:
        yield from vouching.compare(table, _counted(all_rows(connection, table), table, counts), recall)


def _counted(rows: Iterator[Any], table: str, counts: dict[str, int]) -> Iterator[Any]:
    for row in rows:
        counts[table] += 1
        yield row


def _wrong_grounds(connection: Connection) -> Iterator[Finding]:
    for code, version in wrong_grounds(connection):
        yield finding("ground_changed", table="footprint", key=f"{code} {version}")


def _wrong_documents(connection: Connection, documents: Documents) -> Iterator[Finding]:
    for sha256 in document_hashes(connection):
        try:
            is_same = document_digest(documents, sha256) == sha256
        except DamagedDocumentError:
            yield finding("document_missing", table="document", key=sha256, sha256=sha256)
            continue
        if not is_same:
            yield finding("document_changed", table="document", key=sha256, sha256=sha256)
