"""Publishing: an edition that changes what is in effect, with what that does to the conflicts; or that would, as a draft."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from blueprint.filters import compile_filter
from geocode import Text
from layers.catalogue_entries import Catalogue, Layer
from layers.feature_keys import find_key, take_keys
from layers.sources import digest_delivery
from store.conflicts import conflicts_named
from store.database import Connection, Database, transaction
from store.documents import add_document, keep_bytes
from store.editions import EditionChange, add_change, edition_in_effect, editions_named, find_edition, lock_publishing
from store.runs import known_now
from workflows.conflict_json import Reader
from workflows.conflicting import Asking, Updated, update_standing
from workflows.errors import RefusedOptionError
from workflows.idempotency import once
from workflows.intake import account_json, kept_account
from workflows.layer_files import FileLayers, choose_layers, read_layer
from workflows.mappings import find_mapping
from workflows.reports import fault_json, text_json
from workflows.rights import allow

__all__ = ["OWN_IDS", "PublishOptions", "publish"]

_MOST_LISTED = 1_000
OWN_IDS = "source_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """What is said of a delivery that is published.

    Attributes
    ----------
    as_layer, layer, crs
        Which layer of the catalogue it is, which of the file's layers, in which CRS; told by the file where None.
    key
        The attribute that tells features apart, or ``source_id`` for the ids that the file gives them; that of the edition
        in effect where None.
    ended
        The keys of features that end without others in their place.
    ended_where
        CQL2 text: the delivered features for which it holds are features that end.
    whole
        Whether the delivery is the whole layer: what it does not have ends.
    valid_from, title, accuracy_m
        When the edition takes effect (today), what it is called, its positional accuracy; the last is that of the
        edition in effect where None.
    draft
        Whether nothing is stored: what would happen is told.
    mapping
        Name of the office's mapping by which fields and codes become the catalogue's.
    """

    as_layer: str | None = None
    layer: str | None = None
    crs: str | None = None
    key: str | None = None
    ended: Sequence[str] = ()
    ended_where: str | None = None
    whole: bool = False
    valid_from: date | None = None
    title: str | None = None
    accuracy_m: float | None = None
    draft: bool = False
    mapping: str | None = None


class _Delivered(NamedTuple):
    """A delivery read.

    Attributes
    ----------
    features
        Those that hold, as `add_change` takes them.
    ended
        The keys of those that end.
    key
        The attribute of the keys; None where the file's own ids are.
    faults
        The rows that are no features.
    account
        The account of the delivery: what was done to geometries on the way, and what they have against the contract.
    """

    features: gpd.GeoDataFrame
    ended: list[str]
    key: str | None
    faults: list[dict[str, Any]]
    account: dict[str, Any]


def publish(
    database: Database,
    path: Path,
    *,
    options: PublishOptions,
    by: Reader,
    file: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Publish a delivery as an edition and bring the conflicts of the city up to date, all in one transaction.

    The delivery has the changed features alone, told apart by a key, or the whole layer. Rows that are no features are
    told and left out.

    Parameters
    ----------
    file
        What the person calls the file.

    Returns
    -------
    dict
        As an answer holds it: the ``edition``, its ``features`` (how many were added, changed, ended, stayed the same), the
        ``conflicts`` that are new, gone and changed, and the cases that moved. The same bytes again for the same days are
        ``repeated``, and change nothing.

    Raises
    ------
    ForbiddenError
        The role publishes nothing.
    RefusedFile, CrsError, UnknownLayer, FilterError
        The file cannot be read, or its layer or an option is none.
    RefusedOptionError
        A key that is no attribute, or that names no feature to end.
    """
    allow(by.principal, "publish")
    name, digest = file or path.name, digest_delivery(path)
    said = {key: value for key, value in asdict(options).items() if key != "mapping" or value is not None}
    asked = {"publish": name, "sha256": digest.sha256, **said}

    def work() -> dict[str, Any]:
        lock_publishing(connection)
        savepoint = connection.begin_nested()
        report = _publish(connection, path, name, digest.sha256, options, by)
        if options.draft:
            savepoint.rollback()
            return report
        savepoint.commit()
        keep_bytes(by.documents, path, digest.sha256)
        office = by.principal.office_id
        add_document(connection, office_id=office, sha256=digest.sha256, name=name, size_bytes=digest.size)
        return report

    with transaction(database) as connection:
        return once(connection, by.principal, idempotency_key, asked, work)


def _publish(
    connection: Connection, path: Path, file: str, sha256: str, options: PublishOptions, by: Reader
) -> dict[str, Any]:
    told, mapping = find_mapping(connection, options.mapping, principal=by.principal)
    said = FileLayers(options.as_layer, options.layer, options.crs, mapping=mapping)
    source_layer, layer = _choose(path, file, said, by.catalogue)
    valid_from = options.valid_from or date.today()
    base = edition_in_effect(connection, layer.code, as_of=valid_from)
    before = None if base is None else editions_named(connection, [base])[0]
    delivered = _read(path, file, (source_layer, layer), said, options, by.catalogue, before)
    own = {
        "source": file,
        "source_layer": _told_apart(source_layer if told is None else f"{source_layer} by {told}", options),
        "source_sha256": sha256,
        "office_id": by.principal.office_id,
    }
    values = _values(layer, options, before) | own | {"valid_from": valid_from, "currency": valid_from}
    values["attributes"] = {"intake": kept_account(delivered.account), "key": delivered.key}
    if told is not None:
        values["attributes"]["mapping"] = told
    known = find_edition(connection, values)
    if known is not None:
        return {**_edition_json(known, values, layer), "repeated": True, "draft": options.draft}
    change = add_change(
        connection, values, delivered.features, base=base, ended=delivered.ended, whole=options.whole or base is None
    )
    _check_ended(delivered, change)
    return {
        **_edition_json(change.edition, values, layer),
        "repeated": False,
        "draft": options.draft,
        "features": _features_json(change),
        "faults": delivered.faults,
        "account": delivered.account,
        "conflicts": _follow(connection, max(valid_from, date.today()), by),
    }


def _told_apart(source_layer: str, options: PublishOptions) -> str:
    """Return what an edition calls the file's layer: other features said to end make another edition of the same bytes."""
    if not options.ended and options.ended_where is None:
        return source_layer
    ends = f"{options.ended_where or ''}|{'|'.join(sorted(options.ended))}"
    return f"{source_layer} without {hashlib.sha256(ends.encode()).hexdigest()[:12]}"


def _choose(path: Path, file: str, said: FileLayers, catalogue: Catalogue) -> tuple[str, Layer]:
    """Return the one layer of the file that is published."""
    found = choose_layers(path, said, catalogue, name=file)
    if len(found) > 1:
        raise RefusedOptionError(
            Text("文件中有多个图层,一次只能发布一个。", "The file holds several layers; one is published at a time."),
            Text("用 layer 指明其中一个。", "Name one of them as the layer."),
        )
    return found[0]


def _read(  # noqa: PLR0913 - which layer of which file, and what is said of it
    path: Path,
    file: str,
    chosen: tuple[str, Layer],
    said: FileLayers,
    options: PublishOptions,
    catalogue: Catalogue,
    before: Any,
) -> _Delivered:
    """Return a delivery with its features under their keys, those that end apart."""
    delivery, prepared = read_layer(path, chosen, said, catalogue, name=file)
    features, ids = prepared.frame, delivery.frame["source_id"].tolist()
    faults = [
        _fault(row, ids[row], fault_json(fault)) for row, fault in enumerate(prepared.faults) if fault is not None
    ]
    told_apart = find_key(features) if before is None or options.whole else before.attributes.get("key")
    key = options.key or told_apart
    if key is None and before is not None and not options.whole:
        raise RefusedOptionError(
            Text(
                "现有要素没有各自的标识,无法与变更对应。",
                "The features in effect have no number of their own to be replaced by.",
            ),
            Text(
                f"用 key 指定标识属性(文件自带编号用 {OWN_IDS}),或提交整个图层(whole)。",
                f"Name the attribute as the key ({OWN_IDS} for the file's own ids), or deliver the whole layer.",
            ),
        )
    if key is not None and key != OWN_IDS:
        features = features.assign(source_id=take_keys(features, _attribute(features, key)))
        keyless = pd.isna(features["source_id"]).to_numpy()
        faults += [_fault(row, ids[row], _keyless(key)) for row in features.index[keyless].tolist()]
        features = features[~keyless]
    ended = list(options.ended)
    if options.ended_where is not None:
        holds = compile_filter(options.ended_where).matches
        ends = np.array([holds(attributes) is True for attributes in features["attrs"]], dtype=bool)
        ended += features["source_id"][ends].tolist()
        features = features[~ends]
    return _Delivered(features.rename(columns={"attrs": "attributes"}), ended, key, faults, account_json(prepared))


def _attribute(features: gpd.GeoDataFrame, key: str) -> str:
    """Return the attribute that a key names, whatever its case.

    Raises
    ------
    RefusedOptionError
        The features have no such attribute.
    """
    names = {name.casefold(): name for attributes in features["attrs"].iloc[:1] for name in attributes}
    if names and key.casefold() not in names:
        raise RefusedOptionError(
            Text(
                f"要素没有属性“{key}”,无法与现有要素对应。",
                f"The features have no attribute “{key}” to tell them apart by.",
            ),
            Text("用 key 指定另一属性。", "Name another attribute as the key."),
        )
    return str(names.get(key.casefold(), key))


def _keyless(key: str) -> dict[str, Any]:
    text = Text(f"缺少标识“{key}”的值。", f"It has no value of its key, “{key}”.")
    remedy = Text("补上标识后重新提交。", "Give it its number and deliver it again.")
    return {"kind": "key_missing", "text": text_json(text), "remedy": text_json(remedy)}


def _fault(row: int, feature: str | None, fault: dict[str, Any]) -> dict[str, Any]:
    return {"row": int(row), "feature": feature, "fault": fault}


def _values(layer: Layer, options: PublishOptions, before: Any) -> dict[str, Any]:
    """Return columns of the edition: what is said now, else what the edition in effect says, else the catalogue."""
    area = None if before is None else before.completeness
    return {
        "layer": layer.code,
        "title": options.title or (layer.name.zh if before is None else before.title),
        "accuracy_m": options.accuracy_m or (layer.accuracy_m if before is None else before.accuracy_m),
        "valid_to": None if before is None else before.valid_to,
        "completeness": None if area is None else shapely.from_wkb(bytes(area)),
    }


def _check_ended(delivered: _Delivered, change: EditionChange) -> None:
    """Raise unless every feature that is said to end was there."""
    unknown = sorted({str(each) for each in delivered.ended} - {str(each) for each in change.ended.values()})
    if unknown:
        few = unknown[:5]
        raise RefusedOptionError(
            Text(f"没有可终止的要素:{'、'.join(few)}。", f"There is no feature to end: {', '.join(few)}."),
            Text("核对标识及其所在的属性(key)。", "Compare the numbers, and the attribute that they are in (the key)."),
        )


def _follow(connection: Connection, day: date, by: Reader) -> dict[str, Any]:
    """Bring the conflicts up to date and return what became of them; of a day to come it is told, and not kept."""
    savepoint = connection.begin_nested()
    asking = Asking(as_of=day, known_at=known_now(connection), rules=by.rules, documents=by.documents)
    updated = update_standing(connection, asking, principal=by.principal)
    told = _conflicts_json(connection, updated, by)
    if day > date.today():
        savepoint.rollback()
        return {**told, "run": None, "as_of": day.isoformat()}
    savepoint.commit()
    return {**told, "as_of": day.isoformat()}


def _conflicts_json(connection: Connection, updated: Updated, by: Reader) -> dict[str, Any]:

    was = {now: before for before, now in updated.changed.items()}
    shown = {"new": updated.new[:_MOST_LISTED], "gone": updated.gone[:_MOST_LISTED], "changed": [*was][:_MOST_LISTED]}
    known = conflicts_named(connection, [each for ids in shown.values() for each in ids])
    rows = {row["id"]: row for row in by.teller.rows(connection, list(known.values()))}
    counts = {
        "new": len(updated.new),
        "gone": len(updated.gone),
        "changed": len(was),
        "all": updated.result["conflicts"],
    }
    return {
        "run": updated.run_id,
        "counts": counts,
        **{name: [rows[each] for each in ids] for name, ids in shown.items()},
        "changed": [{**rows[each], "before": was[each]} for each in shown["changed"]],
        "cases": updated.cases,
    }


def _features_json(change: EditionChange) -> dict[str, int]:
    added, ended = set(change.added.values()) - {None}, set(change.ended.values()) - {None}
    anew = sum(source in ended for source in change.added.values())
    again = sum(source in added for source in change.ended.values())
    return {"added": len(change.added) - anew, "changed": anew, "ended": len(change.ended) - again, "same": change.same}


def _edition_json(edition: int, values: dict[str, Any], layer: Layer) -> dict[str, Any]:
    days = {name: None if values[name] is None else values[name].isoformat() for name in ("valid_from", "valid_to")}
    return {
        "edition": {"id": edition, "title": values["title"], "key": values["attributes"].get("key"), **days},
        "layer": {"code": layer.code, "name": text_json(layer.name)},
    }
