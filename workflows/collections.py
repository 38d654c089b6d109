"""Collections: what of the register and the blueprint is served as features, to whom, and where each one's items come from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from geocode import Text
from layers.catalogue_entries import Layer
from store.database import Connection, Database, transaction
from store.editions import layers_loaded
from store.errors import NotHereError
from store.item_sources import (
    Period,
    Sight,
    building_source,
    case_source,
    conflict_source,
    find_layer_chains,
    first_ground,
    footprint_extents,
    footprint_source,
    layer_source,
)
from store.items import Queryable, Source, items_extent
from workflows.catalogues import configured_catalogue
from workflows.coordinate_references import Reference, offered_references, storage_reference
from workflows.errors import ForbiddenError, HiddenError
from workflows.layer_rights import may_see
from workflows.principals import Principal
from workflows.procedures import configured_procedure
from workflows.rights import Right, allow, find_right, offices_seen
from workflows.settings import Settings

__all__ = [
    "Collection",
    "CollectionQuestion",
    "Period",
    "collection_in",
    "collections_in",
    "describe_collection",
    "describe_collections",
    "find_collection",
    "list_collections",
]

Extent: TypeAlias = tuple[float, float, float, float] | None
_FORMATS = {
    "Polygon": "geometry-polygon-or-multipolygon",
    "Line": "geometry-linestring-or-multilinestring",
    "Point": "geometry-point-or-multipoint",
}
_GROUND, _ANY = "geometry-multipolygon", "geometry-any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Features of one kind, as one principal may see them.

    Attributes
    ----------
    geometry
        The kinds of geometry, by their name in OGC's schemas (``geometry-multipolygon``).
    storage
        The system in which clients may ask for features without losing anything: the city's zone.
    source
        Where the items come from.
    """

    id: str
    title: Text
    description: Text
    geometry: str
    storage: Reference
    source: Source

    @property
    def queryables(self) -> Mapping[str, Queryable]:
        """What a filter may ask, by name."""
        return self.source.queryables

    @property
    def references(self) -> tuple[Reference, ...]:
        """The systems in which features are told and asked for."""
        return offered_references(self.storage)


class CollectionQuestion(NamedTuple):
    """Who asks where, and about which time: that of now where None."""

    principal: Principal
    settings: Settings
    period: Period | None = None

    @property
    def day(self) -> date:
        """The day whose editions count: the last one that is asked about."""
        first, last = (None, None) if self.period is None else (self.period.first_day, self.period.last_day)
        return last or max(first or date.min, date.today())


def find_collection(
    database: Database, identity: str, *, principal: Principal, settings: Settings, period: Period | None = None
) -> Collection:
    """Return the collection of an id.

    Raises
    ------
    NotHereError
        There is none.
    HiddenError
        The principal sees nothing of it.
    """
    with transaction(database) as connection:
        return collection_in(connection, identity, CollectionQuestion(principal, settings, period))


def list_collections(
    database: Database, *, principal: Principal, settings: Settings, fields: bool = False
) -> list[Collection]:
    """Return the collections that a principal may see, as `collections_in`."""
    with transaction(database) as connection:
        return collections_in(connection, CollectionQuestion(principal, settings), fields=fields)


def describe_collection(
    database: Database, identity: str, *, principal: Principal, settings: Settings
) -> tuple[Collection, Extent]:
    """Return the collection of an id as `find_collection`, with the box around its items in degrees."""
    with transaction(database) as connection:
        found = collection_in(connection, identity, CollectionQuestion(principal, settings))
        return found, items_extent(connection, found.source)


def describe_collections(
    database: Database, *, principal: Principal, settings: Settings
) -> list[tuple[Collection, Extent]]:
    """Return the collections that a principal may see, each with the box around its items in degrees."""
    with transaction(database) as connection:
        found = collections_in(connection, CollectionQuestion(principal, settings))
        right = find_right(principal, "read_chain")
        drawn = {} if right is None else footprint_extents(connection, Sight(offices=offices_seen(principal, right)))
        return [
            (each, drawn.get(part) if kind == "footprints" else items_extent(connection, each.source))
            for each in found
            for kind, _, part in [each.id.partition(".")]
        ]


def collection_in(connection: Connection, identity: str, asked: CollectionQuestion) -> Collection:
    """Return the collection of an id as `find_collection`, in a transaction under way."""
    kind, _, part = identity.partition(".")
    find = _KINDS.get(kind)
    scene = _Scene(connection, asked, storage_reference(first_ground(connection)), part, fields=True)
    found = next((each for each in find(scene) if each.id == identity), None) if find else None
    if found is None:
        raise NotHereError(Text(f"没有集合 {identity[:60]}。", f"There is no collection {identity[:60]}."))
    return found


def collections_in(connection: Connection, asked: CollectionQuestion, *, fields: bool = False) -> list[Collection]:
    """Return the collections that a principal may see: buildings, their footprints by stage, layers, conflicts, cases.

    Parameters
    ----------
    fields
        Whether the queryables of layers hold the fields of their features.
    """
    scene = _Scene(connection, asked, storage_reference(first_ground(connection)), None, fields=fields)
    return [each for find in _KINDS.values() for each in find(scene)]


class _Scene(NamedTuple):
    """What the collections are found in; `part` is what stands behind the dot of the one that is wanted, None: all are."""

    connection: Connection
    asked: CollectionQuestion
    storage: Reference
    part: str | None
    fields: bool

    def right(self, action: str, *, kind: str | None = None) -> Right | None:
        """Return the principal's right to an action, None where there is none.

        Where one collection is wanted, its use and its refusal are on record.

        Raises
        ------
        HiddenError
            One collection is wanted, and there is no right to it.
        """
        principal = self.asked.principal
        if self.part is None:
            return find_right(principal, action, kind=kind)
        try:
            return allow(principal, action, kind=kind)
        except ForbiddenError as error:
            hidden = HiddenError()
            hidden.principal, hidden.action = error.principal, error.action
            raise hidden from None


def _buildings(scene: _Scene) -> Iterator[Collection]:
    right = scene.right("resolve")
    if right is None:
        return
    sight = Sight(offices=frozenset() if right.redacted else offices_seen(scene.asked.principal, right))
    stages = tuple(stage.code for stage in configured_procedure(scene.asked.settings).stages)
    yield Collection(
        id="buildings",
        title=Text("建筑", "Buildings"),
        description=Text(
            "在册建筑的现状;以 datetime 查询任意一天的建筑。",
            "The living buildings as they are; with datetime, those of any day.",
        ),
        geometry=_GROUND,
        storage=scene.storage,
        source=building_source(sight, stages, scene.asked.period),
    )


def _footprints(scene: _Scene) -> Iterator[Collection]:
    right = scene.right("read_chain")
    if right is None:
        return
    sight = Sight(offices=offices_seen(scene.asked.principal, right))
    for stage in configured_procedure(scene.asked.settings).stages:
        if scene.part in {None, stage.code}:
            yield Collection(
                id=f"footprints.{stage.code}",
                title=Text(f"{stage.name.zh}阶段的基底", f"Footprints at the stage {stage.name.en}"),
                description=Text(
                    f"每幢建筑在{stage.name.zh}阶段最近一次的图形。",
                    f"The newest footprint of each building that was drawn at the stage {stage.name.en}.",
                ),
                geometry=_GROUND,
                storage=scene.storage,
                source=footprint_source(sight, stage.code, scene.asked.period),
            )


def _layers(scene: _Scene) -> Iterator[Collection]:
    asked, loaded = scene.asked, layers_loaded(scene.connection)
    seen = [
        layer
        for layer in configured_catalogue(asked.settings)
        if layer.code in loaded
        and scene.part in {None, layer.code}
        and scene.right("read_layers", kind=layer.security) is not None
    ]
    period = asked.period or _day_only(asked.day)
    codes = {layer.code for layer in seen}
    chains = find_layer_chains(scene.connection, codes, as_of=asked.day, fields=scene.fields)
    for layer in seen:
        yield Collection(
            id=f"layers.{layer.code}",
            title=layer.name,
            description=_described(layer),
            geometry=_layer_geometry(layer),
            storage=scene.storage,
            source=layer_source(chains.get(layer.code), period),
        )


def _conflicts(scene: _Scene) -> Iterator[Collection]:
    sight = _coordination_sight(scene)
    if sight is not None:
        yield Collection(
            id="conflicts",
            title=Text("冲突", "Conflicts"),
            description=Text(
                "图层之间现有的冲突,含规则、面积与宽度。",
                "The standing conflicts between the layers, with rule, area and width.",
            ),
            geometry=_ANY,
            storage=scene.storage,
            source=conflict_source(scene.connection, sight, scene.asked.period),
        )


def _cases(scene: _Scene) -> Iterator[Collection]:
    sight = _coordination_sight(scene)
    if sight is not None:
        yield Collection(
            id="cases",
            title=Text("协调事项", "Cases"),
            description=Text(
                "冲突与差异的协调事项及其现在的位置与状态。",
                "The cases of conflicts and differences, where they lie and how they stand now.",
            ),
            geometry=_ANY,
            storage=scene.storage,
            source=case_source(sight, scene.asked.period),
        )


# by what stands before the dot of an id
_KINDS: dict[str, Callable[[_Scene], Iterator[Collection]]] = {
    "buildings": _buildings,
    "footprints": _footprints,
    "layers": _layers,
    "conflicts": _conflicts,
    "cases": _cases,
}


def _coordination_sight(scene: _Scene) -> Sight | None:
    """Return what a principal sees of conflicts and cases, None where nothing."""
    principal, right = scene.asked.principal, scene.right("read_blueprint")
    if right is None:
        return None
    layers = configured_catalogue(scene.asked.settings).layers
    seen = frozenset(layer.code for layer in layers if may_see(principal, layer))
    return Sight(offices=offices_seen(principal, right), layers=None if len(seen) == len(layers) else seen)


def _described(layer: Layer) -> Text:
    return Text(
        f"图层 {layer.code}({layer.table}),{layer.mid.name.zh};以 datetime 查询某一天有效的版本。",
        f"Layer {layer.code} ({layer.table}), {layer.mid.name.en}; with datetime, the edition in effect on a day.",
    )


def _layer_geometry(layer: Layer) -> str:
    kinds = sorted(layer.geometry - {"Raster"})
    return _FORMATS[kinds[0]] if len(kinds) == 1 else _ANY


def _day_only(day: date) -> Period:
    """Return the whole of a day."""
    return Period.of_days(day, day)
