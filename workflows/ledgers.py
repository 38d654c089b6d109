"""The ledger's heads and proofs: signed when something was added, told with every answer, proved to anyone."""

from datetime import UTC, datetime
from typing import Any

from geocode import Text
from registry.errors import HeadError
from registry.ledger.heads import Head, read_head, sign_head
from registry.ledger.tree import complete_nodes, consistency_ranges, hash_leaf, hash_range, inclusion_ranges
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from store.ledger import (
    add_checkpoint,
    events_by_number,
    events_from,
    ledger_frontier,
    ledger_size,
    newest_checkpoint,
    newest_event,
    tree_nodes,
)
from store.seals import keep_head, newest_kept, public_keys, signing_key
from workflows.principals import Principal
from workflows.resolving import building_code
from workflows.rights import allow, find_right, only_office
from workflows.schemes import configured_schemes
from workflows.settings import Settings

__all__ = [
    "head_json",
    "newest_head",
    "prove_consistency",
    "prove_event",
    "prove_name",
    "read_events",
    "read_proof",
    "seal_ledger",
    "show_keys",
]

MOST_EVENTS = 1_000


def seal_ledger(database: Database, settings: Settings) -> Head | None:
    """Sign the ledger's head if events were added since the last one, keep it outside the database, and return the newest.

    None where nothing ever happened. To be called after every transaction that adds events, before it is acknowledged: what
    was answered is then under a head that the database cannot take back.

    Raises
    ------
    HeadError
        The ledger is not the one that was signed before, grown: `luotu ledger verify` says where. Nothing is signed.
    """
    kept = newest_kept(settings.checkpoints)  # before the database is asked: it has that head, and perhaps newer ones
    with transaction(database) as connection:
        newest, size = newest_checkpoint(connection), ledger_size(connection)
        signed = newest.size if newest else 0
        if kept is not None and (signed < kept[0] or signed < size):
            _refuse_broken(connection, size, read_head(kept[1], public_keys(settings.keys)))
        if signed < size:
            root = ledger_frontier(connection, size).root()
            head = sign_head(size, root, signed_at=datetime.now(UTC), private=signing_key(settings.keys))
            add_checkpoint(connection, head)
            newest = newest_checkpoint(connection)
    if newest is not None:
        keep_head(settings.checkpoints, newest)
    return newest


def newest_head(connection: Connection) -> Head | None:
    """Return the newest signed head that the database holds, None where there is none."""
    return newest_checkpoint(connection)


def prove_event(connection: Connection, seq: int) -> dict[str, Any]:
    """Return an event with the proof that it is in the ledger under the newest signed head.

    Returns
    -------
    dict
        ``event`` (canonical JSON, whose bytes are the leaf), ``index``, ``size``, ``proof`` (hashes in hexadecimal, as RFC
        9162 orders them) and ``head`` (a signed note).

    Raises
    ------
    NotHereError
        There is no such event, or no head covers it yet: `seal_ledger` signs one.
    """
    head, event = newest_head(connection), events_by_number(connection, [seq]).get(seq)
    if event is None or head is None or head.size <= seq:
        raise NotHereError(Text(f"签名账本中没有事件 {seq}。", f"The signed ledger has no event {seq}."))
    proof = _hashes(connection, inclusion_ranges(seq, head.size))
    return {"event": event, "index": seq, "size": head.size, "proof": proof, "head": head.note}


def prove_consistency(database: Database, first: int, second: int) -> dict[str, Any]:
    """Return the proof that the ledger of `second` events is the one of `first`, grown.

    Returns
    -------
    dict
        ``from, to``, the roots of both, and ``proof``, all hashes in hexadecimal.

    Raises
    ------
    NotHereError
        The ledger has not so many events, or the first are none.
    """
    with transaction(database) as connection:
        if not 0 < first <= second <= ledger_size(connection):
            nothing = f"From {first} to {second} events there is no proof: 1 ≤ from ≤ to ≤ the ledger's size."
            raise NotHereError(Text(f"没有从 {first} 到 {second} 个事件的证明:须 1 ≤ from ≤ to ≤ 账本规模。", nothing))
        return {
            "from": first,
            "to": second,
            "from_root": ledger_frontier(connection, first).root().hex(),
            "to_root": ledger_frontier(connection, second).root().hex(),
            "proof": _hashes(connection, consistency_ranges(first, second)),
        }


def prove_name(database: Database, settings: Settings, name: str) -> dict[str, Any]:
    """Return the proof of an event by its number, or of the newest event of the building that a code or another name is of.

    The head is signed first where need be; ``keys`` are the public keys.

    Raises
    ------
    NotHereError
        There is no such event, or no such building.
    """
    seal_ledger(database, settings)
    with transaction(database) as connection:
        if name.isascii() and name.isdigit():
            seq = int(name)
        else:
            code = building_code(connection, name, schemes=configured_schemes(settings))
            seq = newest_event(connection, f"building/{code.compact}")
        return {**prove_event(connection, seq), "keys": show_keys(settings)}


def read_proof(database: Database, seq: int, *, principal: Principal) -> dict[str, Any]:
    """Return the proof of an event, as `prove_event`, and its leaf's hash; the event itself for whom may read it.

    Raises
    ------
    NotHereError
        The signed ledger has no such event.
    """
    right = find_right(principal, "audit")
    own = principal.office_id if right is None else only_office(principal, right)
    with transaction(database) as connection:
        proof = prove_event(connection, seq)
        is_readable = right is not None and bool(events_by_number(connection, [seq], office_id=own))
    told = {"leaf_hash": hash_leaf(proof["event"].encode()).hex(), **proof}
    return told if is_readable else {**told, "event": None}


def read_events(database: Database, *, after: int, most: int, principal: Principal) -> dict[str, Any]:
    """Return the events after a number that the principal may read, in order, each as canonical JSON.

    Returns
    -------
    dict
        ``events``, and ``next``, after which the next ones are; None at the end.

    Raises
    ------
    ForbiddenError
        The role may not read the ledger.
    """
    own = only_office(principal, allow(principal, "audit"))
    wanted = min(most, MOST_EVENTS)
    with transaction(database) as connection:
        rows = list(events_from(connection, after + 1, most=wanted, office_id=own))
    last = rows[-1].seq if rows else after
    return {"events": [row.canonical for row in rows], "next": last if len(rows) == wanted else None}


def show_keys(settings: Settings) -> list[str]:
    """Return the public keys of all heads, each as a line of text, the newest last."""
    return [str(key) for key in public_keys(settings.keys)]


def head_json(head: Head | None) -> dict[str, Any]:
    """Return a head as an answer tells it."""
    if head is None:
        return {"size": 0, "root": None, "signed_at": None, "key": None, "note": None}
    told = {"size": head.size, "root": head.root.hex(), "signed_at": head.signed_at.isoformat()}
    return {**told, "key": head.key, "note": head.note}


def _hashes(connection: Connection, ranges: list[tuple[int, int]]) -> list[str]:
    nodes = tree_nodes(connection, [place for leaves in ranges for place in complete_nodes(leaves)])
    return [hash_range(leaves, nodes.__getitem__).hex() for leaves in ranges]


def _refuse_broken(connection: Connection, size: int, kept: Head) -> None:
    """Raise where the newest head that was kept outside the database is not one of this ledger."""
    if size < kept.size or ledger_frontier(connection, kept.size).root() != kept.root:
        raise HeadError(
            f"The ledger is not the one that was signed at size {kept.size}: run `luotu ledger verify`. Nothing is signed."
        )
