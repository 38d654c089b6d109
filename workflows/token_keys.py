"""The keys of an identity provider (JWKS, RFC 7517): had once, kept, and asked for again now and then, and seldom."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import jwt
import orjson

__all__ = ["TokenKeys", "UnreachableError", "open_source"]

_SELDOM_S = 60.0
_FRESH_S = 3600.0
_STALE_S = 24 * 3600.0
_FETCH_S = 5.0
_WAIT_S = 1.0
_MOST_BYTES = 1_000_000
_MOST_KEYS = 100
_MOST_KID = 200
# which algorithms a kind of key signs by, so that no key is ever taken for one of another kind
_SIGNS = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class UnreachableError(Exception):
    """The keys cannot be had."""


class TokenKeys:
    """The keys of an identity provider, for all threads of a worker.

    A ``kid`` that is not known has them asked for again, at most once a minute, however many come; so does an hour's age.
    While they cannot be had, those that are known go on for a day.
    """

    def __init__(self, fetch: Callable[[], bytes], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what returns the JWKS, and a clock in seconds."""
        self._fetch, self._clock = fetch, clock
        self._keys: dict[str, dict[str, Any]] = {}
        self._asking = threading.Lock()
        self._asked_at = self._had_at = float("-inf")

    def find(self, kid: object, algorithm: str) -> Any | None:
        """Return the key of an id that an algorithm takes; None where there is none.

        Raises
        ------
        UnreachableError
            It is not known, and nobody can be asked.
        """
        if not isinstance(kid, str) or not 0 < len(kid) <= _MOST_KID:
            return None
        now = self._clock()
        if kid not in self._keys or now - self._had_at > _FRESH_S:
            self._refresh()
        if self._clock() - self._had_at > _STALE_S or (kid not in self._keys and self._asked_at > self._had_at):
            raise UnreachableError
        return _key_for(self._keys.get(kid), algorithm)

    def _refresh(self) -> None:
        """Ask for the keys, unless that was done within the minute; a while is waited for who is asking already."""
        if not self._asking.acquire(timeout=_WAIT_S):
            return
        try:
            if self._clock() - self._asked_at < _SELDOM_S:
                return
            self._asked_at = self._clock()
            self._keys = _read_keys(self._fetch())
            self._had_at = self._asked_at
        except UnreachableError:
            return
        finally:
            self._asking.release()


def open_source(address: str) -> Callable[[], bytes]:
    """Return what fetches a JWKS from an address, or reads it from a file where there is no way out."""
    if not address.startswith(("https://", "http://")):
        return lambda: _read_file(Path(address))
    return lambda: _fetch(address)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreachableError from error


def _fetch(address: str) -> bytes:
    said = bytearray()
    end = time.monotonic() + _FETCH_S
    try:
        with httpx2.stream("GET", address, timeout=_FETCH_S, follow_redirects=False) as answered:
            if not answered.is_success:
                raise UnreachableError
            for part in answered.iter_bytes():
                said += part
                # a drop now and then would keep each of them within its time
                if len(said) > _MOST_BYTES or time.monotonic() > end:
                    raise UnreachableError
    except httpx2.HTTPError as error:
        raise UnreachableError from error
    return bytes(said)


def _read_keys(said: bytes) -> dict[str, dict[str, Any]]:
    """Return the keys that sign, by their ids; what is no such key is left out, as RFC 7517 wants."""
    try:
        listed = orjson.loads(said)["keys"][:_MOST_KEYS]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnreachableError from error
    return {
        each["kid"]: each
        for each in listed
        if isinstance(each, dict)
        and isinstance(each.get("kid"), str)
        and str(each.get("kty")) in _SIGNS
        and each.get("use", "sig") == "sig"
    }


def _key_for(said: dict[str, Any] | None, algorithm: str) -> Any | None:
    """Return a key as an algorithm takes it; None where it is one of another."""
    if said is None or said.get("alg", algorithm) != algorithm or not algorithm.startswith(_SIGNS[said["kty"]]):
        return None
    if said["kty"] == "EC" and said.get("crv") != _CURVES.get(algorithm):
        return None
    try:
        return jwt.PyJWK.from_dict(said, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError):
        return None
