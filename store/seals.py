"""What the ledger keeps outside the database: the key that signs its heads, the public keys, and every head that was signed."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from registry.errors import HeadError
from registry.ledger.heads import Head, VerifyingKey, read_key, verifying_key

__all__ = ["keep_head", "kept_notes", "newest_kept", "public_keys", "signing_key"]

_PRIVATE, _PUBLIC, _HEADS = "ledger.pem", "ledger.keys", "heads.jsonl"
_TAIL_BYTES = 4096  # several lines


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key that signs, made at its first use; its public half is added to those that the folder lists.

    Raises
    ------
    HeadError
        The file holds no Ed25519 key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / _PRIVATE
    with _locked(folder):
        if not path.exists():
            _write_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise HeadError(f"{path} holds no Ed25519 key.")
        public = verifying_key(key)
        if public not in public_keys(folder):
            with (folder / _PUBLIC).open("a") as listed:
                listed.write(f"{public}\n")
    return key


def public_keys(folder: Path) -> list[VerifyingKey]:
    """Return the public keys that a folder lists: of all keys that ever signed, the newest last.

    Raises
    ------
    HeadError
        A line of the list is no key.
    """
    path = folder / _PUBLIC
    return [read_key(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def keep_head(folder: Path, head: Head) -> None:
    """Add a signed head to those that are kept, safe on disk when this returns, unless a newer one is kept already."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder), (folder / _HEADS).open("a+b") as kept:
        end, newest = _last_head(kept)
        if newest is None or newest[0] < head.size:
            kept.truncate(end)
            kept.write(json.dumps({"size": head.size, "note": head.note}, ensure_ascii=False).encode() + b"\n")
            kept.flush()
            os.fsync(kept.fileno())


def newest_kept(folder: Path) -> tuple[int, str] | None:
    """Return size and note of the newest head that is kept, None where none is."""
    path = folder / _HEADS
    if not path.exists():
        return None
    with path.open("rb") as kept:
        return _last_head(kept)[1]


def kept_notes(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield size and note of every head that is kept, oldest first.

    Raises
    ------
    HeadError
        A line of the file is no head.
    """
    path = folder / _HEADS
    if not path.exists():
        return
    with path.open("rb") as kept:
        for number, line in enumerate(kept, 1):
            if line.endswith(b"\n"):  # else a crash cut it
                yield _head_of(line, f"Line {number} of {path}")


def _last_head(kept: BinaryIO) -> tuple[int, tuple[int, str] | None]:
    """Return where the last whole line of a file ends, and the head that it holds; a crash may have cut what follows."""
    size = kept.seek(0, os.SEEK_END)
    start = kept.seek(max(0, size - _TAIL_BYTES))
    tail = kept.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    if not whole:
        return start, None
    return start + len(whole), _head_of(whole.splitlines()[-1], f"The last line of {kept.name}")


def _head_of(line: bytes, place: str) -> tuple[int, str]:
    try:
        row = json.loads(line)
        return int(row["size"]), str(row["note"])
    except (ValueError, KeyError, TypeError):
        raise HeadError(f"{place} is no head.") from None


def _write_key(path: Path) -> None:
    """Make a key: the whole of it under its name, or none."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with NamedTemporaryFile(dir=path.parent, delete=False) as made:  # for its owner alone, from the first byte
        made.write(pem)
        made.flush()
        os.fsync(made.fileno())
    Path(made.name).rename(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no two processes make a key or add a head at the same time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
