"""Packages: what one register hands to another, and how the other one knows that nothing of it was changed.

A package is a zip file: the events as the ledger holds them, proofs that they are in it, a signed head, what lies behind them
(geometries, attributes) as a GeoPackage, the documents, and a signed manifest with the SHA-256 of every file.

Events that follow one another are a chain: each holds the hash of the one before. So one inclusion proof, that of the last
event of such a run, vouches for the whole run.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geocode.faults import Fault, read_sentences
from registry.errors import HeadError, PackageError
from registry.ledger.events import canonical_json
from registry.ledger.heads import VerifyingKey, read_head, verifying_key
from registry.ledger.tree import hash_leaf, is_included
from registry.ledger.vouching import VOUCHERS

__all__ = [
    "CONTENT",
    "EVENTS",
    "FORMAT",
    "MANIFEST",
    "PROOFS",
    "SIGNATURE",
    "Manifest",
    "PackedEvent",
    "Part",
    "check_events",
    "group_acts",
    "package_fault",
    "read_manifest",
    "runs_of",
    "sign_manifest",
]

FORMAT = "luotu-package-1"
MANIFEST, SIGNATURE, EVENTS, PROOFS, CONTENT = (
    "manifest.json",
    "manifest.sig",
    "events.jsonl",
    "proofs.json",
    "content.gpkg",
)
_NAME = re.compile(r"(events\.jsonl|proofs\.json|content\.gpkg|documents/[0-9a-f]{64})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# what begins and ends lives and geometry versions
_ACTS = VOUCHERS["footprint"].made_by | VOUCHERS["closure"].made_by
_SENTENCES = read_sentences("registry", "package_faults.toml")


class Part(NamedTuple):
    """A file of a package: its name, SHA-256 and length."""

    name: str
    sha256: str
    size_bytes: int


class PackedEvent(NamedTuple):
    """An event of a package: its canonical JSON, what it says, and its leaf's hash."""

    canonical: str
    content: dict[str, Any]
    leaf_hash: bytes

    @property
    def seq(self) -> int:
        """Its number in the ledger that it is from."""
        return int(self.content["seq"])


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package says of itself.

    Attributes
    ----------
    subject
        ``project/<uuid>``, or ``feed``: everything after a position.
    after, to
        The events are those with numbers above `after` and not above `to` that concern the subject.
    head
        The signed head that the proofs lead to.
    parts
        All other files.
    """

    subject: str
    after: int
    to: int
    head: str
    parts: tuple[Part, ...]

    def as_bytes(self) -> bytes:
        """Return the manifest as it stands in the package."""
        told = {
            "format": FORMAT,
            "subject": self.subject,
            "after": self.after,
            "to": self.to,
            "head": self.head,
            "parts": [part._asdict() for part in self.parts],
        }
        return canonical_json(told)


def sign_manifest(manifest: bytes, private: Ed25519PrivateKey) -> bytes:
    """Return the signature of a manifest: the key's short name and the signature in base 64, on one line."""
    return f"{verifying_key(private).id} {base64.b64encode(private.sign(manifest)).decode()}\n".encode()


def read_manifest(raw: bytes, signature: bytes, keys: Iterable[VerifyingKey]) -> tuple[Manifest, VerifyingKey]:
    """Return a manifest that one of the keys signed, and the key.

    Raises
    ------
    PackageError
        None of the keys signed it, or it is no manifest.
    """
    key = _signer(raw, signature, tuple(keys))
    try:
        told = json.loads(raw)
        parts = tuple(Part(str(p["name"]), str(p["sha256"]), int(p["size_bytes"])) for p in told["parts"])
        manifest = Manifest(str(told["subject"]), int(told["after"]), int(told["to"]), str(told["head"]), parts)
        is_known = told["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(package_fault("no_manifest")) from error
    names = [part.name for part in parts]
    if not is_known or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        raise PackageError(package_fault("no_manifest"))
    if not all(_SHA256.fullmatch(part.sha256) for part in parts) or not {EVENTS, PROOFS, CONTENT} <= set(names):
        raise PackageError(package_fault("no_manifest"))
    return manifest, key


def runs_of(numbers: Sequence[int]) -> list[int]:
    """Return the last number of each run of numbers that follow one another."""
    return [n for n, after in zip(numbers, [*numbers[1:], None], strict=True) if after != n + 1]


def check_events(
    lines: Iterable[bytes], proofs: Mapping[str, Sequence[str]], note: str, keys: Iterable[VerifyingKey]
) -> list[PackedEvent]:
    """Return the events of a package, all of them proved to be in the ledger that the keys sign for.

    Parameters
    ----------
    lines
        The events' canonical JSON, one a line, in order.
    proofs
        The inclusion proof of the last event of each run, by its number.
    note
        The signed head.

    Raises
    ------
    PackageError
        An event is none, is out of order, or is not proved; the fault says which.
    """
    try:
        head = read_head(note, keys)
    except HeadError as error:
        raise PackageError(package_fault("head_unsigned")) from error
    events = [_packed(number, line) for number, line in enumerate(lines)]
    for event, after in zip(events, [*events[1:], None], strict=True):
        if after is not None and after.seq <= event.seq:
            raise PackageError(package_fault("out_of_order", seq=after.seq))
        if after is not None and after.seq == event.seq + 1:
            if after.content["previous"] != event.leaf_hash.hex():
                raise PackageError(package_fault("not_proved", seq=event.seq))
            continue
        try:
            proof = [bytes.fromhex(each) for each in proofs[str(event.seq)]]
        except (KeyError, ValueError, TypeError) as error:
            raise PackageError(package_fault("not_proved", seq=event.seq)) from error
        if not is_included(event.leaf_hash, event.seq, size=head.size, root=head.root, proof=proof):
            raise PackageError(package_fault("not_proved", seq=event.seq))
    return events


def package_fault(kind: str, **values: Any) -> Fault:
    """Return what is wrong with a package, or with what an event of it would do here."""
    return _SENTENCES.fault(kind, **values)


def _packed(number: int, line: bytes) -> PackedEvent:
    raw = line.removesuffix(b"\n")
    try:
        content = json.loads(raw)
        is_event = isinstance(content["seq"], int) and isinstance(content["body"], dict)
        subject, office = content["subject"], content["office"]
        is_event = is_event and isinstance(subject, str) and isinstance(office, str) and "previous" in content
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(package_fault("no_event", line=number + 1)) from error
    if not is_event:
        raise PackageError(package_fault("no_event", line=number + 1))
    return PackedEvent(raw.decode(), content, hash_leaf(raw))


def _signer(raw: bytes, signature: bytes, keys: Sequence[VerifyingKey]) -> VerifyingKey:
    name, _, encoded = signature.decode("ascii", errors="replace").strip().partition(" ")
    for key in keys:
        if key.id != name:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(base64.b64decode(encoded, validate=True), raw)
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise PackageError(package_fault("manifest_changed")) from error
        return key
    raise PackageError(package_fault("signer_unknown", signer=name[:80]))


def group_acts(moment: Sequence[PackedEvent], *, exchanges: Iterable[tuple[str, str]] = ()) -> list[list[PackedEvent]]:
    """Return the events of one moment in groups that stand or fall together, each in order; most are groups of one.

    What comes after a building is registered in the moment in which it ends, and told before: neither can be without the other.

    Parameters
    ----------
    exchanges
        Pairs of compact codes: the first building takes ground that the second gives up.
    """
    kin: dict[str, frozenset[str]] = {}
    for codes in [*(_lineage(event) for event in moment), *map(set, exchanges)]:
        family = frozenset(codes.union(*(kin[code] for code in codes & kin.keys())))
        kin |= dict.fromkeys(family, family)
    groups: dict[frozenset[str] | int, list[PackedEvent]] = {}
    for place, event in enumerate(moment):
        kinsfolk = kin.get(event.content["subject"].removeprefix("building/"))
        if kinsfolk is None or event.content["kind"] not in _ACTS:
            groups[place] = [event]
        else:
            groups.setdefault(kinsfolk, []).append(event)
    return list(groups.values())


def _lineage(event: PackedEvent) -> set[str]:
    rows = event.content["body"].get("lineage") or ()
    return {row[side] for row in rows for side in ("predecessor", "successor")}
