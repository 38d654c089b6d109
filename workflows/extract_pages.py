"""The texts and the map sketch of an extract's page, from its result."""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import shapely

from blueprint.grid_geometries import from_grid
from registry.certificates.extracts import Sheet, sheet_around
from workflows.extract_runs import Extract

__all__ = ["extract_page"]

_GROUPED = 8
_SHOWN, _MOST_NUMBERS = 40, 50
_SHORT = 16
_WHOLE_PERCENT = 99.995
_SITE_SHARE = 0.9
_SAME_MM, _LABEL_MM, _LABEL_END_MM, _LABEL_LETTER_MM = 1.5, 4.2, 1.2, 0.95


def extract_page(extract: Extract, address: str) -> dict[str, Any]:
    """Return the texts of an extract's page, in the order in which it has them.

    Parameters
    ----------
    address
        Where it is verified; empty: the QR code holds run and hash.
    """
    words, result = _words(), extract.result
    layers = result["layers"]
    numbered = _numbered(layers)
    known_at = datetime.fromisoformat(result["known_at"]).astimezone(UTC)
    qr_text = address or f"LUOTU:RUN/{extract.id}/{extract.sha256}".upper()
    return {
        **{name: words[name] for name in ("heading", "motto", "headings", "columns", "verify", "basis")},
        "title": f"{words['heading']['zh']} {_called(result['site'])}",
        "date": {name: getattr(known_at, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "facts": _facts(result, known_at),
        "map": _map(result, numbered),
        "alt": "用地及其要素略图。Sketch of the site and what lies on it.",
        "scaled": result["site"]["stated_area_m2"] is not None,
        "concerned": [_concerned(row, numbered) for row in layers if _is_listed(row)],
        "not_concerned": [_brief(row) for row in layers if row["status"] == "not_concerned"],
        "no_data": [_brief(row) for row in layers if row["status"] == "no_data"],
        "rules": _rules(layers),
        "documents": [each for row in layers if _is_listed(row) for each in _documents(row)],
        "proof": _proof(extract),
        "qr_text": qr_text,
        "qr_alt": f"二维码 QR code: {qr_text}",
        "footer": f"{words['heading']['zh']} · {extract.id} · SHA-256 {extract.sha256[:_SHORT]}…",
        "note": "核查结果 The extract's result",
    }


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("workflows").joinpath("extract_page.toml").read_text(encoding="utf-8"))


def _is_listed(row: Mapping[str, Any]) -> bool:
    """Tell whether a layer has anything to list: what is noise is listed too, and concerns nobody."""
    return row["status"] == "concerned" or row["certainty"] is not None


def _largest(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the features of a layer that are listed and drawn: the largest, in the order of their ids."""
    by_size = sorted(row["features"], key=lambda each: (-each["area_m2"], -each["length_m"], each["id"]))
    return sorted(by_size[:_SHOWN], key=lambda each: each["id"])


def _drawn_features(layers: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return what the sketch shows, each with its layer: features that do not lie on all of the site."""
    listed = [(row, feature) for row in layers for feature in _largest(row)]
    return [(row, each) for row, each in listed if each["percent"] < _WHOLE_PERCENT and each["geometry"] is not None]


def _numbered(layers: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], int]:
    """Return the numbers on the sketch by layer and feature; none where they would cover it."""
    drawn = _drawn_features(layers)
    if len(drawn) > _MOST_NUMBERS:
        return {}
    return {(row["code"], each["id"]): number for number, (row, each) in enumerate(drawn, start=1)}


def _facts(result: Mapping[str, Any], known_at: datetime) -> list[dict[str, Any]]:
    words, site, summary = _words(), result["site"], result["summary"]
    stated = site["stated_area_m2"]
    rows = {
        "site": _called(site),
        "area": f"{site['area_m2']:,.2f} m²",
        "ellipsoid": f"{site['ellipsoid_area_m2']:,.2f} m²",
        "stated": None if stated is None else f"{stated:,.2f} m²",
        "plane": result["plane"],
        "as_of": result["as_of"],
        "known_at": f"{known_at:%Y-%m-%d %H:%M:%S} UTC",
        "summary": f"{summary['concerned']} / {summary['not_concerned']} / {summary['no_data']}",
    }
    kind = words["kinds"][site["kind"]]
    notes = {"site": f"{kind['zh']} {kind['en']}", "area": result["plane"]}
    return [
        {"label": words["facts"][name], "value": value, "note": notes.get(name, ""), "strong": name in {"site", "area"}}
        for name, value in rows.items()
        if value is not None
    ]


def _called(site: Mapping[str, Any]) -> str:
    """Return what a site is called: its code, its layer and name, or where nobody says, what kind it is."""
    if site["code"]:
        return " ".join(each for each in (site["code"], site["name"]) if each)
    if site["layer"]:
        return f"{site['layer']} {site['name'] or site['feature']}"
    return str(site["name"] or _words()["kinds"][site["kind"]]["zh"])


def _concerned(row: Mapping[str, Any], numbered: Mapping[tuple[str, int], int]) -> dict[str, Any]:
    words = _words()
    shown = _largest(row)
    notes = [words["secret"]] if row["secret"] else []
    notes += [_outdated(row)] if row["doubt"] else []
    notes += [words["overlapping"]] if row["overlapping"] else []
    notes += [_filled("unknown", area=f"{row['unknown_m2']:,.2f}")] if row["unknown_m2"] else []
    notes += [_filled("more", count=len(row["features"]) - len(shown))] if len(row["features"]) > len(shown) else []
    return {
        "code": row["code"],
        "name": row["name"],
        "rasters": [_raster(each) for each in row["rasters"]],
        "symbol": row["legend"]["symbol"] if row["legend"] else None,
        **_measures(row),
        "sure": words["certainties"].get(row["certainty"]),
        "quiet": row["status"] != "concerned",
        "notes": notes,
        "features": [_feature(each, numbered.get((row["code"], each["id"]))) for each in shown],
    }


def _raster(raster: Mapping[str, Any]) -> dict[str, str]:
    if raster["least"] is None:
        return _filled("no_values", title=raster["title"])
    values = {name: f"{raster[name]:,.2f}" for name in ("least", "mean", "greatest")}
    return _filled(
        "values", title=raster["title"], unit=raster["unit"] or "", covered=raster["covered_percent"], **values
    )


def _feature(feature: Mapping[str, Any], number: int | None) -> dict[str, Any]:
    words, certainty = _words(), feature["certainty"]
    thin = certainty != "certain" and feature["area_m2"]
    return {
        "number": number,
        "name": feature["name"] or str(feature["id"]),
        "class": feature["class"],
        **_measures(feature),
        "sure": words["certainties"][certainty],
        "width": _filled("width", width=f"{feature['width_m']:.3f}") if thin else None,
    }


def _measures(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured of a layer or a feature: area, length, number of points; its share, and that scaled."""
    told = [f"{row['area_m2']:,.2f} m²"] if row["area_m2"] else []
    told += [f"{row['length_m']:,.2f} m"] if row["length_m"] else []
    told += [f"{row['points']} ×"] if row["points"] else []
    stated = row["stated_area_m2"]
    return {
        "area": told or ([] if row.get("rasters") else ["0.00 m²"]),
        "share": f"{row['percent']:.2f} %" if row["area_m2"] else "",
        "stated": f"{stated:,.2f} m²" if row["area_m2"] and stated is not None else "",
    }


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer that has nothing here; where an edition is loaded and yet there is no data, it says so."""
    words = _words()
    incomplete = row["status"] == "no_data" and row["editions"]
    note = words["incomplete"] if incomplete else _outdated(row) if row["doubt"] else None
    return {"code": row["code"], "name": row["name"], "note": note}


def _outdated(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the note that a layer's data are older than the catalogue allows."""
    return _filled("outdated", currency=min(edition["currency"] or "" for edition in row["editions"]))


def _rules(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    words, found = _words(), {rule["id"]: rule for row in layers for rule in row["rules"]}
    return [
        {
            "id": rule["id"],
            "title": rule["title"],
            "severity": words["severities"][rule["severity"]],
            "note": words["advisory"] if rule["advisory"] else None,
            "basis": "; ".join(f"{basis['doc']} {basis['article']}".strip() for basis in rule["basis"]),
            "confidence": rule["confidence"],
        }
        for _, rule in sorted(found.items())
    ]


def _documents(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for document in row["documents"]:
        yield {
            "layer": row["code"],
            "title": document["title"],
            "source": document["source"],
            "currency": document["currency"] or "–",
            "office": document["office"],
            "sha256": f"{document['sha256'][:_SHORT]}…",
        }


def _proof(extract: Extract) -> list[dict[str, Any]]:
    words = _words()["proof"]
    rows = {"run": extract.id, "sha256": _hex(extract.sha256), "rules": _hex(extract.result["rule_set"])}
    return [{"label": words[name], "value": value} for name, value in rows.items()]


def _map(result: Mapping[str, Any], numbered: Mapping[tuple[str, int], int]) -> dict[str, Any]:
    """Return the sketch: the site to scale, and on it what does not cover all of it, low layers below."""
    site = from_grid(result["site"]["geometry"])
    sheet = sheet_around(site, share=_SITE_SHARE)
    by_layer = sorted(_drawn_features(result["layers"]), key=lambda each: each[0]["legend"]["order"])
    drawn = [
        _drawn(each, numbered.get((row["code"], each["id"])), row["legend"]["symbol"], sheet) for row, each in by_layer
    ]
    return {**sheet.frame(), "site": sheet.polygons(site), "features": drawn, "labels": _labels(drawn)}


def _labels(drawn: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the numbers on the sketch with their places: those of the same ground together, none on another."""
    gathered: dict[tuple[float, float], list[int]] = {}
    for each in sorted((each for each in drawn if each["number"]), key=lambda each: each["number"]):
        right, down = each["at"]
        place = next((at for at in gathered if math.dist(at, (right, down)) < _SAME_MM), (right, down))
        gathered.setdefault(place, []).append(each["number"])
    labels, told = list[_Label](), []
    for (right, down), numbers in gathered.items():
        label = _Label(right, down, "·".join(map(str, numbers)))
        while any(label.covers(other) for other in labels):
            label = label._replace(down=label.down + _LABEL_MM)
        labels.append(label)
        told.append({"of": [right, down], "at": [label.right, label.down], "text": label.text})
    return told


class _Label(NamedTuple):
    """Numbers on the sketch: where their middle is, in millimetres from the upper left."""

    right: float
    down: float
    text: str

    def covers(self, other: "_Label") -> bool:
        """Tell whether two labels lie on each other."""
        wide_mm = 2 * _LABEL_END_MM + (len(self.text) + len(other.text)) / 2 * _LABEL_LETTER_MM
        return abs(self.right - other.right) < wide_mm and abs(self.down - other.down) < _LABEL_MM


def _drawn(feature: Mapping[str, Any], number: int | None, symbol: Mapping[str, Any], sheet: Sheet) -> dict[str, Any]:
    ground = from_grid(feature["geometry"])
    parts = shapely.get_parts(shapely.get_parts(ground))
    (place,) = sheet.place(shapely.point_on_surface(ground))
    return {
        "number": number,
        "symbol": symbol,
        "at": place,
        "polygons": sheet.polygons(ground),
        "lines": [sheet.place(part) for part in parts if part.geom_type == "LineString"],
        "points": [sheet.place(part)[0] for part in parts if part.geom_type == "Point"],
    }


def _filled(kind: str, **values: Any) -> dict[str, str]:
    return {tongue: text.format(**values) for tongue, text in _words()[kind].items()}


def _hex(text: str) -> str:
    """Return a hash in groups, so that eyes can compare it."""
    return " ".join(text[i : i + _GROUPED] for i in range(0, len(text), _GROUPED))
