"""Signed heads of the ledger: how large the tree is, its root, and who says so, as a note that stands on its own.

The note is a checkpoint of the C2SP's tlog-checkpoint and signed-note specifications, so that witnesses and monitors of other
transparency logs can read it: three lines (the ledger's name, the size, the root in base64), a line of ours with the time, an
empty line, and a signature line by Ed25519. It can be printed on a sheet, kept in a file or read over the telephone.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.errors import HeadError
from registry.ledger.events import moment

__all__ = ["Head", "VerifyingKey", "read_head", "read_key", "sign_head", "verifying_key"]

NAME = "luotu"
_ED25519 = b"\x01"
_HEAD = re.compile(
    r"(?P<name>[^\s+]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<time>[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z)\n"
)
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]+) (?P<bytes>[A-Za-z0-9+/]+=*)")


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key by which heads are verified, with the name of the ledger that it signs for."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that tell the key from others of the same name."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def id(self) -> str:
        """The key's short name."""
        return f"{self.name}+{self.hash.hex()}"

    def __str__(self) -> str:
        """Return the key as one line of text, as `read_key` reads it."""
        return f"{self.id}+{base64.b64encode(_ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head.

    Attributes
    ----------
    size, root
        Number of events, and the root of the tree over them.
    signed_at
        When it was signed.
    key
        Short name of the key that signed it.
    note
        The head as it was signed, with its signature.
    """

    size: int
    root: bytes
    signed_at: datetime
    key: str
    note: str


def verifying_key(private: Ed25519PrivateKey) -> VerifyingKey:
    """Return the public half of a key."""
    return VerifyingKey(NAME, private.public_key().public_bytes_raw())


def read_key(line: str) -> VerifyingKey:
    """Return the public key that a line of text names.

    Raises
    ------
    HeadError
        The line is no key, or is mistyped: a key's name ends with a hash of it.
    """
    try:
        name, short, encoded = line.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise HeadError(f"“{line.strip()}” is no public key of a ledger.") from None
    key = VerifyingKey(name, raw[1:])
    if raw[:1] != _ED25519 or len(key.public) != 32 or key.hash.hex() != short:  # noqa: PLR2004 - bytes of Ed25519
        raise HeadError(f"“{line.strip()}” is no public key of a ledger, or is mistyped.")
    return key


def sign_head(size: int, root: bytes, *, signed_at: datetime, private: Ed25519PrivateKey) -> Head:
    """Return the signed head of a tree."""
    key = verifying_key(private)
    text = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\ntime {moment(signed_at)}\n"
    signature = base64.b64encode(key.hash + private.sign(text.encode())).decode()
    return Head(size, root, signed_at, key.id, f"{text}\n— {key.name} {signature}\n")


def read_head(note: str, keys: Iterable[VerifyingKey]) -> Head:
    """Return the head that a note says, its signature verified; lines may end as on any system.

    Raises
    ------
    HeadError
        The note is no head, or none of the keys signed it.
    """
    text, _, signatures = f"{note.strip().replace(chr(13), '')}\n".partition("\n\n")
    said = _HEAD.fullmatch(f"{text}\n")
    if said is None:
        raise HeadError("The text is no signed head of a ledger.")
    known = {(key.name, key.hash): key for key in keys}
    lines = [_SIGNATURE.fullmatch(line.strip()) for line in signatures.splitlines()]
    if None in lines:
        raise HeadError("The text is no signed head of a ledger: something stands among its signatures.")
    for line in filter(None, lines):
        raw = _bytes(line["bytes"])
        key = known.get((line["name"], raw[:4]))
        if key is not None and key.name == said["name"] and _is_signed(key, f"{text}\n".encode(), raw[4:]):
            size, root, time = int(said["size"]), base64.b64decode(said["root"]), datetime.fromisoformat(said["time"])
            return Head(size, root, time, key.id, note)
    names = ", ".join(key.id for key in known.values()) or "none"
    raise HeadError(f"None of the known keys ({names}) signed the head of size {said['size']}.")


def _is_signed(key: VerifyingKey, text: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""
