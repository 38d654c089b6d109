"""Verifying a certificate, without a network: content, event, proof, signature, page; a changed digit is named."""

import hmac
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import islice
from typing import Any

from pypdf import PdfReader

from geocode import Text
from geocode.faults import Fault, read_sentences
from registry.certificates.content import content_sha256
from registry.certificates.errors import FontError
from registry.certificates.records import PDF_DAMAGE, evidence_of
from registry.certificates.rendering import render_certificate
from registry.errors import EventError, HeadError
from registry.ledger.heads import VerifyingKey, read_head, read_key
from registry.ledger.tree import is_included

__all__ = ["Check", "load_checks", "verify_page", "verify_record"]

_SENTENCES = read_sentences("registry", "certificates/faults.toml")
_TOLD = ("code", "version", "fingerprint", "stage")
_HASH_BYTES = 32
_MOST_DIFFERENCES = 20
_MOST_PAGES, _MOST_WORDS = 50, 20_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was verified.

    Attributes
    ----------
    code, name
        Which one, as the table of checks has it.
    passed
        None where it could not be verified: no key was given to trust, or no font to set the page with.
    faults
        What is wrong.
    """

    code: str
    name: Text
    passed: bool | None
    faults: tuple[Fault, ...] = ()


@cache
def load_checks() -> dict[str, Text]:
    """Return what is verified, in order, with what people call it."""
    text = files("registry").joinpath("certificates", "checks.toml").read_text(encoding="utf-8")
    return {row["code"]: Text(row["zh"], row["en"]) for row in tomllib.loads(text)["check"]}


def verify_record(record: Mapping[str, Any], *, trusted: Sequence[VerifyingKey] = ()) -> list[Check]:
    """Return what a record's parts say of each other, the checks in order, without that of the page.

    Parameters
    ----------
    record
        As `extract_record` returns it.
    trusted
        The office's public keys, had from elsewhere. Without any the signature is verified by the key in the record itself,
        which anyone could have made: the check of the key then says that it could not be verified.
    """
    own = _own_key(record)
    keys = trusted or ([own] if own else [])
    return [
        _check("content", _content_faults(record)),
        _check("event", _event_faults(record)),
        _check("head", _head_faults(record, keys)),
        _key_check(own, trusted),
    ]


def verify_page(record: Mapping[str, Any], pdf: bytes, *, fonts: Any = None) -> Check:
    """Return whether a page says what its record does: both pages are compared, word by word where they are not the same file.

    What is drawn is compared in that case by its words alone: a moved line of the map is not found.
    """
    try:
        drawn = render_certificate(record, fonts=fonts)
    except FontError:
        return Check("page", load_checks()["page"], None)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
        # a record that was changed so much that it makes no page
        return _check("page", [_SENTENCES.fault("page_differs", page="…", told="–")])
    if hmac.compare_digest(drawn, pdf):
        return _check("page", [])
    try:
        page = _words(pdf)
    except PDF_DAMAGE:
        return _check("page", [_SENTENCES.fault("page_unreadable")])
    return _check("page", _differences(page, _words(drawn)))


def _check(code: str, faults: Sequence[Fault]) -> Check:
    return Check(code, load_checks()[code], not faults, tuple(faults))


def _content_faults(record: Mapping[str, Any]) -> list[Fault]:
    content, event = record["content"], record["event"]
    body = event.get("body")
    body = body if isinstance(body, Mapping) else {}
    faults = [
        _SENTENCES.fault("value_changed", field=name, found=str(content.get(name)), told=str(body.get(name)))
        for name in _TOLD
        if content.get(name) != body.get(name)
    ]
    found, told = _or_nothing(lambda: content_sha256(content)), str(body.get("content_sha256"))
    if found != told:
        faults.append(_SENTENCES.fault("content_changed", found=found, told=told))
    return faults


def _event_faults(record: Mapping[str, Any]) -> list[Fault]:
    event = record["event"]
    if event.get("kind") != "certificate_issued":
        return [_SENTENCES.fault("not_issued", found=str(event.get("kind")))]
    try:
        evidence = evidence_of(record)
        proof = [bytes.fromhex(node) for node in record["proof"]]
        included = all(len(node) == _HASH_BYTES for node in proof) and is_included(
            bytes.fromhex(evidence.leaf_hash),
            int(evidence.seq),
            size=int(evidence.size),
            root=bytes.fromhex(evidence.root),
            proof=proof,
        )
    except (ValueError, TypeError, EventError):
        return [_SENTENCES.fault("not_included", seq=str(event.get("seq")), size="–", leaf="–")]
    if included:
        return []
    return [_SENTENCES.fault("not_included", seq=evidence.seq, size=evidence.size, leaf=evidence.leaf_hash)]


def _head_faults(record: Mapping[str, Any], keys: Sequence[VerifyingKey]) -> list[Fault]:
    try:
        read_head(record["head"], keys)
    except HeadError:
        return [_SENTENCES.fault("not_signed", key=_ids(keys))]
    return []


def _key_check(own: VerifyingKey | None, trusted: Sequence[VerifyingKey]) -> Check:
    if not trusted:
        return Check("key", load_checks()["key"], None)
    if own in trusted:
        return _check("key", [])
    return _check("key", [_SENTENCES.fault("other_key", found=own.id if own else "–", told=_ids(trusted))])


def _ids(keys: Sequence[VerifyingKey]) -> str:
    return ", ".join(key.id for key in keys) or "–"


def _own_key(record: Mapping[str, Any]) -> VerifyingKey | None:
    try:
        return read_key(record["key"])
    except HeadError:
        return None


def _or_nothing(work: Callable[[], str]) -> str:
    try:
        return work()
    except EventError:
        return "–"


def _words(pdf: bytes) -> list[str]:
    """Return the words of the pages, in reading order; no more than any certificate has."""
    pages = islice(PdfReader(BytesIO(pdf)).pages, _MOST_PAGES)
    return list(islice((word for page in pages for word in page.extract_text().split()), _MOST_WORDS))


def _differences(page: Sequence[str], told: Sequence[str]) -> list[Fault]:
    """Return where the words of two pages differ; another font may part them elsewhere, which is no difference."""
    if "".join(page) == "".join(told):
        return []
    spans = SequenceMatcher(None, page, told, autojunk=False).get_opcodes()
    changed = [(page[i:j], told[k:m]) for tag, i, j, k, m in spans if tag != "equal"]
    return [
        _SENTENCES.fault("page_differs", page=" ".join(left), told=" ".join(right))
        for left, right in changed[:_MOST_DIFFERENCES]
        if "".join(left) != "".join(right)
    ]
