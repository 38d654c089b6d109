"""Editions of the blueprint's layers: whole, or as a change of another; found by the day, and the time that knew of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geoalchemy2.shape import from_shape
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Row, any_, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from geocode import STORAGE_CRS
from store.arrays import among
from store.boxes import boxes
from store.database import Connection, statement
from store.feature_rows import copy_features, find_prints
from store.schema import edition, feature, feature_end

__all__ = [
    "EditionChange",
    "add_change",
    "add_edition",
    "changed_feature_rows",
    "edition_in_effect",
    "editions_in_effect",
    "editions_named",
    "extent_of",
    "feature_names",
    "feature_rows_near",
    "feature_rows_of",
    "features_near",
    "features_of",
    "find_edition",
    "layers_loaded",
    "list_editions",
    "lock_publishing",
]

_SRID = 4490
_COLUMNS = ["edition_id", "name", "class_code", "valid_from", "valid_to", "attributes"]


class EditionChange(NamedTuple):
    """What an edition changes of the one that it rests on.

    Attributes
    ----------
    edition
        Its id.
    added, ended
        The source ids of the features that it brings, and of those that it ends, by feature id; one that is in both is
        delivered anew.
    same
        How many delivered features were there already and stay.
    """

    edition: int
    added: dict[int, str | None]
    ended: dict[int, str | None]
    same: int


def find_edition(connection: Connection, values: dict[str, Any]) -> int | None:
    """Return the id of the edition with the same source, layer and validity in an office, or None."""
    same = ("office_id", "layer", "source_sha256", "source_layer", "valid_from", "valid_to")
    wanted = select(edition.c.id).where(*(edition.c[name].is_not_distinct_from(values[name]) for name in same))
    return connection.execute(wanted).scalar_one_or_none()


def lock_publishing(connection: Connection) -> None:
    """Hold the layers until the transaction ends: two editions are published one after the other."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("publishing", 0))))


def add_edition(connection: Connection, values: dict[str, Any], features: gpd.GeoDataFrame) -> int:
    """Add an edition with all of its features and return its id.

    Where the office has an edition of the layer in effect that day, and few features differ, it is stored as a change of
    that one: a feature that is delivered again unchanged is the same feature.

    Parameters
    ----------
    values
        The columns of the edition; `completeness` as a polygon or multipolygon in EPSG:4490, or None.
    features
        EPSG:4490, with the columns ``source_id, name, class_code, valid_from, valid_to, attributes``; the index is the
        row in the delivery.
    """
    base = edition_in_effect(connection, values["layer"], as_of=values["valid_from"], office_id=values["office_id"])
    if base is not None:
        change = _compare(features, _stored_prints(connection, base))
        if change.rows < len(features):
            return _add(connection, values, features, change, base=base).edition
    return _add(connection, values, features, _compare(features, []), base=None).edition


def add_change(
    connection: Connection,
    values: dict[str, Any],
    features: gpd.GeoDataFrame,
    *,
    base: int | None,
    ended: Collection[str] = (),
    whole: bool = False,
) -> EditionChange:
    """Add an edition as a change of another (None: of nothing), and return what it changes.

    Parameters
    ----------
    values, features
        As those of `add_edition`. The features with the same ``source_id`` are replaced by those given.
    ended
        The source ids of features that end without others in their place.
    whole
        Whether every feature that is not given ends.
    """
    keys = None if whole else [*{key for key in features["source_id"] if key is not None}, *ended]
    stored = [] if base is None else _stored_prints(connection, base, source_ids=keys)
    change = _compare(features, stored)
    return _add(connection, values, features, change, base=base)


class _Change(NamedTuple):
    """What becomes of delivered features: their fingerprints, the rows that are added, the ids that end, how many stay."""

    prints: list[str]
    added: NDArray[np.intp]
    ended: dict[int, str | None]
    same: int

    @property
    def rows(self) -> int:
        """How many rows it takes to store."""
        return len(self.added) + len(self.ended)


def _stored_prints(
    connection: Connection, base: int, *, source_ids: Collection[str] | None = None
) -> Sequence[Row[Any]]:
    """Return id, source id and fingerprint of an edition's features, of all or of those with some source ids."""
    chain = func.edition_chain(base)
    ended = select(feature_end.c.feature_id).where(
        feature_end.c.feature_id == feature.c.id, feature_end.c.edition_id == any_(chain)
    )
    wanted: Any = select(feature.c.id, feature.c.source_id, feature.c.fingerprint).where(
        feature.c.edition_id == any_(chain), ~ended.exists()
    )
    if source_ids is not None:
        wanted = wanted.where(among(feature.c.source_id, source_ids))
    rows: Sequence[Row[Any]] = connection.execute(wanted).all()
    return rows


def _compare(features: gpd.GeoDataFrame, stored: Sequence[Row[Any]]) -> _Change:
    prints = find_prints(features)
    known: dict[str | None, list[int]] = defaultdict(list)
    for row in stored:
        known[row.fingerprint].append(row.id)
    stay = {known[each].pop() if known.get(each) else None: place for place, each in enumerate(prints)}
    stay.pop(None, None)
    added = np.setdiff1d(np.arange(len(prints)), list(stay.values()))
    return _Change(prints, added, {row.id: row.source_id for row in stored if row.id not in stay}, len(stay))


def _add(
    connection: Connection, values: dict[str, Any], features: gpd.GeoDataFrame, change: _Change, *, base: int | None
) -> EditionChange:
    area = values.get("completeness")
    if area is not None and area.geom_type == "Polygon":
        area = shapely.MultiPolygon([area])
    before = 0 if base is None else select(edition.c.features).where(edition.c.id == base).scalar_subquery()
    whole = values | {
        "completeness": None if area is None else from_shape(area, srid=_SRID),
        "features": before + (len(change.added) - len(change.ended)),
        "base_id": base,
    }
    added = int(connection.execute(insert(edition).values(**whole).returning(edition.c.id)).scalar_one())
    new = features.iloc[change.added]
    prints = [change.prints[row] for row in change.added]
    ids = copy_features(connection, new, prints, edition_id=added, office_id=values["office_id"])
    if change.ended:
        gone = func.unnest(literal(list(change.ended), ARRAY(BigInteger)))
        connection.execute(insert(feature_end).from_select(["edition_id", "feature_id"], select(literal(added), gone)))
    sources = [None if pd.isna(each) else each for each in new["source_id"]]
    return EditionChange(added, dict(zip(ids, sources, strict=True)), change.ended, change.same)


def editions_in_effect(connection: Connection, *, as_of: date, known_at: datetime | None = None) -> Sequence[Row[Any]]:
    """Return the edition of each layer that is in effect on a day, by layer code.

    Parameters
    ----------
    known_at
        The time as whose knowledge is asked about: editions recorded later do not count. None: now.
    """
    return connection.execute(statement("editions_in_effect"), {"as_of": as_of, "known_at": known_at}).all()


def edition_in_effect(connection: Connection, layer: str, *, as_of: date, office_id: int | None = None) -> int | None:
    """Return the id of a layer's edition that is in effect on a day, of one office's if that is told, or None."""
    wanted = select(edition.c.id).where(
        edition.c.layer == layer,
        edition.c.kind == "vector",
        edition.c.kind == "vector",
        edition.c.valid_from <= as_of,
        edition.c.valid_to.is_(None) | (edition.c.valid_to > as_of),
    )
    if office_id is not None:
        wanted = wanted.where(edition.c.office_id == office_id)
    newest = wanted.order_by(edition.c.valid_from.desc(), edition.c.recorded_at.desc(), edition.c.id.desc())
    return connection.execute(newest.limit(1)).scalar_one_or_none()


def layers_loaded(connection: Connection) -> set[str]:
    """Return the codes of the layers that have an edition of features, of any day."""
    return set(connection.execute(select(edition.c.layer).where(edition.c.kind == "vector").distinct()).scalars())


def editions_named(connection: Connection, ids: Collection[int]) -> Sequence[Row[Any]]:
    """Return some editions by their ids, with ``completeness`` as WKB."""
    columns = [column for column in edition.c if column.name != "completeness"]
    area = func.ST_AsBinary(edition.c.completeness).label("completeness")
    wanted: Any = select(*columns, area).where(among(edition.c.id, ids))
    rows: Sequence[Row[Any]] = connection.execute(wanted).all()
    return rows


def list_editions(connection: Connection) -> Sequence[Row[Any]]:
    """Return every edition, by layer code, the newest first."""
    columns = [column for column in edition.c if column.name != "completeness"]
    return connection.execute(
        select(*columns).order_by(edition.c.layer, edition.c.valid_from.desc(), edition.c.id.desc())
    ).all()


def features_near(
    connection: Connection,
    editions: Sequence[int],
    geometries: NDArray[Any],
    *,
    reach_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Return the features of some editions whose boxes meet those of the geometries, a reach around them included.

    The features of an edition are its own and those of the editions that it rests on, but for those that one of them
    ends.

    Returns
    -------
    GeoDataFrame
        EPSG:4490, indexed by feature id, with the columns ``edition_id`` (the one asked for), ``name, class_code,
        valid_from, valid_to, attrs``.
    """
    return _features(feature_rows_near(connection, editions, geometries, reach_m=reach_m))


def feature_rows_near(
    connection: Connection, editions: Sequence[int], geometries: NDArray[Any], *, reach_m: float = 0.0
) -> Sequence[Row[Any]]:
    """Return what `features_near` does as rows, ``geom`` as WKB, with the first day of the edition that brought a feature, ``since``.

    A frame takes longer to make than to ask for.
    """
    place = {"editions": list(editions), **boxes(geometries, reach_m=reach_m)}
    return connection.execute(statement("features_near"), place).all()


def features_of(connection: Connection, editions: Sequence[int]) -> gpd.GeoDataFrame:
    """Return all features of some editions, as `features_near` does."""
    return _features(feature_rows_of(connection, editions))


def feature_rows_of(connection: Connection, editions: Sequence[int]) -> Sequence[Row[Any]]:
    """Return all features of some editions as rows, as `feature_rows_near` does."""
    return connection.execute(statement("features_of"), {"editions": list(editions)}).all()


def changed_feature_rows(
    connection: Connection, before: int, after: int, *, days: tuple[date, date]
) -> Sequence[Row[Any]] | None:
    """Return the features that differ between two editions of a layer, or that begin or end between two days, as rows.

    Returns
    -------
    Sequence
        As `feature_rows_near`, ``edition_id`` being the edition that brought the feature; None where the two have no
        feature in common: neither rests on the other, nor both on a third.
    """
    chains = connection.execute(select(func.edition_chain(before), func.edition_chain(after))).one()
    shared = set(chains[0]) & set(chains[1])
    apart = (set(chains[0]) | set(chains[1])) - shared
    asked = {"apart": sorted(apart), "shared": sorted(shared), "first": min(days), "last": max(days)}
    return connection.execute(statement("feature_changes"), asked).all() if shared else None


def feature_names(connection: Connection, ids: Collection[int]) -> dict[int, str | None]:
    """Return what some features are called, by id."""
    rows = connection.execute(select(feature.c.id, feature.c.name).where(among(feature.c.id, ids)))
    return {row.id: row.name for row in rows}


def extent_of(connection: Connection, editions: Collection[int]) -> tuple[float, float, float, float] | None:
    """Return the box of some editions' features in degrees, of those that have ended as well; None where there are none."""
    parts = select(func.unnest(func.edition_chain(edition.c.id))).where(among(edition.c.id, editions))
    box = select(func.ST_Extent(feature.c.geom).label("box")).where(feature.c.edition_id.in_(parts)).subquery()
    sides = [getattr(func, name)(box.c.box) for name in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")]
    west, south, east, north = connection.execute(select(*sides)).one()
    return None if west is None else (west, south, east, north)


def _features(rows: Sequence[Row[Any]]) -> gpd.GeoDataFrame:
    return frame_of(rows, _COLUMNS, index="id").rename(columns={"attributes": "attrs"})


def frame_of(rows: Sequence[Row[Any]], columns: list[str], *, index: str) -> gpd.GeoDataFrame:
    """Return rows that hold a `geom` in WKB as a frame in EPSG:4490, indexed by one of their columns."""
    # column by column: a third of the time
    found = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    data = {column: pd.Series(found.get(column, ()), dtype=object) for column in columns}
    shapes = shapely.from_wkb(found["geom"]) if rows else np.empty(0, dtype=object)
    ids = pd.Index(found.get(index, ()), name=index, dtype=object if not rows else None)
    return gpd.GeoDataFrame(pd.DataFrame(data).set_axis(ids), geometry=shapes, crs=STORAGE_CRS)
