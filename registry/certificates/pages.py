"""The texts of a certificate's page, from what its record says."""

import calendar
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from registry.certificates.records import evidence_of
from registry.lives import load_kinds

__all__ = ["certificate_page", "qr_text"]

_GROUPED = 8
_ZONES = range(4534, 4555)
_FIRST_MERIDIAN_DEG = 75


def certificate_page(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts of a page, in the order in which it has them.

    Parameters
    ----------
    record
        Content, event, proof and head, as `registry.certificates.records` has them.
    """
    words, content = _words(), record["content"]
    issued = datetime.fromisoformat(content["issued_at"]).astimezone(UTC)
    fixed = {name: words[name] for name in ("motto", "heading", "headings", "verify")}
    return {
        **fixed,
        "title": f"{words['heading']['zh']} {content['code']}",
        "author": content["office"]["zh"],
        "keywords": [content["code"], "Luotu 落图", record["event"]["subject"]],
        "date": {name: getattr(issued, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "groups": content["code"].split("-"),
        "closed": _closed(content),
        "extract": _labelled(content["extract"]),
        "bar": f"{content['extract']['bar']['length_m']} m",
        "scale": _thousands(content["extract"]["scale"]),
        "alt": f"建筑基底图,比例尺 1:{content['extract']['scale']}。Map of the footprint and what stands around it.",
        "facts": _facts(content),
        "stages": [_stage(row) for row in content["stages"]],
        "lineage": [*_relations(content, "predecessor"), *_relations(content, "successor")],
        "names": [{"label": _pair(row), "value": row["value"]} for row in content["names"]],
        "proof": _proof(record),
        "qr_alt": f"二维码 QR code: {qr_text(record)}",
        "office": content["office"],
        "day": _day(issued),
        "footer": f"{words['heading']['zh']} {content['code']} · {record['event']['seq']} · {content['issued_at']}",
        "record_note": "证书内容与账本证明 The certificate's content and the ledger's proof",
    }


def qr_text(record: Mapping[str, Any]) -> str:
    """Return what the QR code says: an address where the issue is verified, or the proof itself in capitals.

    Both hold the event's number, its leaf hash, and size and root of the tree of the signed head.
    """
    told, address = evidence_of(record), record.get("address", "")
    if address:
        query = f"leaf={told.leaf_hash}&size={told.size}&root={told.root}"
        return f"{address.rstrip('/')}/certificates/{told.seq}/verification?{query}"
    return f"LUOTU:{record['content']['code']}/{told.seq}/{told.leaf_hash}/{told.size}/{told.root}".upper()


@cache
def _words() -> dict[str, Any]:
    text = files("registry").joinpath("certificates", "page.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _facts(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    words = _words()
    stage, kind = content["stage_name"], load_kinds()[content["kind"]]
    lon, lat = content["centroid"]
    rows = {
        "name": (content["name"] or "–", f"{kind.zh} {kind.en}"),
        "stage": (stage["zh"], stage["en"]),
        "area": (f"{_thousands(content['area_m2'], 2)} m²", ""),
        "plane_area": (f"{_thousands(content['plane_area_m2'], 2)} m²", ""),
        "perimeter": (f"{_thousands(content['perimeter_m'], 3)} m", ""),
        "centroid": (f"{lon:.7f}° E, {lat:.7f}° N", ""),
        "plane": _plane(content["plane"]),
        "version": (str(content["version"]), f"SHA-256 {content['fingerprint'][:16]}…"),
    }
    return [
        {"label": words["facts"][name], "value": value, "note": note, "strong": name in {"name", "area"}}
        for name, (value, note) in rows.items()
    ]


def _plane(name: str) -> tuple[str, str]:
    """Return what a plane is called, and its EPSG name."""
    number = int(name.removeprefix("EPSG:"))
    if number in _ZONES:
        return f"高斯–克吕格 3° 带,{_FIRST_MERIDIAN_DEG + 3 * (number - _ZONES[0])}° E", name
    return "UTM", name


def _labelled(extract: Mapping[str, Any]) -> dict[str, Any]:
    """Return an extract whose grid lines say their coordinate; the first of each axis says which axis it is."""
    axes = {}
    for axis, mark in (("east", "E"), ("north", "N")):
        axes[axis] = [{**tick, "label": f"{mark} {_thousands(tick['value_m'])}"} for tick in extract[axis]]
    return {**extract, **axes}


def _stage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": row["occurred_on"], "name": _pair(row), "certificate": row["certificate"] or "–"}


def _relations(content: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    words = _words()[side]
    return [{"relation": words[row["relation"]], "code": row["code"]} for row in content[f"{side}s"]]


def _closed(content: Mapping[str, Any]) -> dict[str, str] | None:
    closed = content["closed"]
    if closed is None:
        return None
    return {
        tongue: text.format(reason=closed[tongue], day=closed["closed_on"])
        for tongue, text in _words()["closed"].items()
    }


def _proof(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    words, told = _words()["proof"], evidence_of(record)
    rows = {
        "event": f"No. {told.seq}",
        "content": _hex(told.content_sha256),
        "leaf": _hex(told.leaf_hash),
        "root": _hex(told.root),
        "size": told.size,
        "signed": told.signed_at,
        "key": told.key,
    }
    return [{"label": words[name], "value": value} for name, value in rows.items()]


def _day(issued: datetime) -> dict[str, str]:
    said = {
        "year": issued.year,
        "month": issued.month,
        "day": issued.day,
        "month_name": calendar.month_name[issued.month],
    }
    return {tongue: text.format(**said) for tongue, text in _words()["day"].items()}


def _pair(row: Mapping[str, Any]) -> dict[str, str]:
    return {"zh": row["zh"], "en": row["en"]}


def _hex(text: str) -> str:
    """Return a hash in groups, so that eyes can compare it."""
    return " ".join(text[i : i + _GROUPED] for i in range(0, len(text), _GROUPED))


def _thousands(value: float, digits: int = 0) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,.{digits}f}"
