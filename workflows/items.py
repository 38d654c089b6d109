"""Items of collections: a page of those that a question is about, or one by its id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from geocode import Text, parse
from geocode.errors import CodeError
from store.cql.compiling import compile_filter
from store.cql.reading import LANGUAGES as FILTER_LANGUAGES
from store.database import Database, transaction
from store.errors import NotHereError
from store.items import (
    Page,
    PageRequest,
    StaleCursorError,
    count_items,
    find_item,
    has_value,
    meets,
    read_page,
)
from store.selections import chosen_properties, sort_order
from workflows.collections import Collection, CollectionQuestion, collection_in
from workflows.coordinate_references import LON_LAT, Reference, find_reference, ground_of_box
from workflows.cursors import Cursor, read_cursor, write_cursor
from workflows.errors import RefusedParameterError

__all__ = ["FILTER_LANGUAGES", "Item", "ItemsPage", "ItemsQuestion", "find_items", "read_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsQuestion:
    """Which items of a collection are wanted, and how they are told; texts are as the client wrote them.

    Attributes
    ----------
    limit, offset, cursor
        The most items, how many are left out, and where the page before ended (it counts before `offset`).
    bbox, bbox_crs
        x, y of two corners in the order of the axes, and their system: longitude and latitude where None.
    crs
        The system of the answer: longitude and latitude where None.
    equals
        The values that properties are to have, by name.
    filter, filter_lang, filter_crs
        A filter in CQL2, its language, and the system of its geometries: longitude and latitude where None.
    sortby, properties
        The names that items are sorted by (``-`` in front: downwards), and those of the properties told; all where None.
    """

    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    bbox: Sequence[float] | None = None
    bbox_crs: str | None = None
    crs: str | None = None
    equals: Mapping[str, str] = field(default_factory=dict)
    filter: str | None = None
    filter_lang: str = "cql2-text"
    filter_crs: str | None = None
    sortby: str | None = None
    properties: str | None = None


class Item(NamedTuple):
    """One feature: its geometry as GeoJSON text (None: not told, or none), its properties, and the days (from, until) it holds."""

    id: int | str
    geometry: str | None
    properties: dict[str, Any]
    time: tuple[Any, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage:
    """A page of a collection's items; `after` and `before` are the cursors of the pages around it, None where there is none."""

    collection: Collection
    reference: Reference
    items: Sequence[Item]
    matched: int
    after: str | None
    before: str | None


def find_items(database: Database, identity: str, question: ItemsQuestion, *, asked: CollectionQuestion) -> ItemsPage:
    """Return a page of the items of a collection, in the order asked for, then in that of its key.

    Raises
    ------
    NotHereError
        There is no such collection, or the principal sees nothing of it.
    RefusedParameterError
        A parameter is none of the collection's, or its value is none.
    QueryError
        The filter, the order or the choice of properties cannot be asked.
    """
    with transaction(database) as connection:
        collection = collection_in(connection, identity, asked)
        reference = _reference(collection, "crs", question.crs)
        order = [] if question.sortby is None else sort_order(question.sortby, collection.queryables)
        names = _names(collection, question)
        conditions = _conditions(collection, question)
        cursor = _cursor(question)
        request = PageRequest(
            conditions=conditions,
            order=order,
            properties=names,
            after=cursor.after,
            before=cursor.before,
            offset=cursor.offset,
            limit=question.limit,
            shape=reference.shape,
        )
        try:
            page = read_page(connection, collection.source, request)
        except StaleCursorError:
            raise _no_cursor() from None
        matched = cursor.matched
        if matched is None:
            matched = count_items(connection, collection.source, conditions)
    after, before = _around(page, cursor._replace(matched=matched), question)
    return ItemsPage(
        collection=collection,
        reference=reference,
        items=[_item(collection, row, names) for row in page.rows],
        matched=matched,
        after=after,
        before=before,
    )


def read_one(
    database: Database, identity: str, item: str, *, crs: str | None = None, asked: CollectionQuestion
) -> tuple[Collection, Reference, Item]:
    """Return one item of a collection, with the collection and the system that it is told in.

    Raises
    ------
    NotHereError
        There is no such collection or item, or the principal does not see it.
    RefusedParameterError
        The system is none of the collection's.
    """
    with transaction(database) as connection:
        collection = collection_in(connection, identity, asked)
        reference = _reference(collection, "crs", crs)
        row = find_item(connection, collection.source, _compact(item), reference.shape)
    if row is None:
        raise NotHereError(
            Text(
                f"集合 {collection.id} 中没有要素 {item[:60]}。",
                f"There is no item {item[:60]} in the collection {collection.id}.",
            )
        )
    return collection, reference, _item(collection, row)


def _conditions(collection: Collection, question: ItemsQuestion) -> list[Any]:
    """Return what holds for the items asked for."""
    conditions = [_equality(collection, name, value) for name, value in question.equals.items()]
    if question.bbox is not None:
        crs = _reference(collection, "bbox-crs", question.bbox_crs)
        ground = ground_of_box(question.bbox, crs)
        if ground is None:
            raise RefusedParameterError(
                "bbox",
                Text("bbox 不是一个范围。", "The bbox is no box."),
                Text(
                    "按坐标系的轴序给出两个角点,如 126.5,43.8,126.6,43.9。",
                    "Give two corners in the order of the axes, such as 126.5,43.8,126.6,43.9.",
                ),
            )
        conditions.append(meets(collection.source, ground))
    if question.filter is not None:
        system = _reference(collection, "filter-crs", question.filter_crs).name
        conditions.append(compile_filter(question.filter, question.filter_lang, collection.queryables, crs=system))
    return conditions


def _around(page: Page, here: Cursor, question: ItemsQuestion) -> tuple[str | None, str | None]:
    """Return the cursors behind and in front of a page: by the key, or by the place in an order asked for."""
    if not page.rows:
        return None, None
    if question.sortby is None:
        behind, in_front = Cursor(after=page.rows[-1].key), Cursor(before=page.rows[0].key)
    else:
        behind, in_front = (
            Cursor(offset=here.offset + question.limit),
            Cursor(offset=max(here.offset - question.limit, 0)),
        )
    return (
        write_cursor(behind._replace(matched=here.matched)) if page.has_more else None,
        write_cursor(in_front._replace(matched=here.matched)) if page.has_earlier else None,
    )


def _names(collection: Collection, question: ItemsQuestion) -> tuple[str, ...] | None:
    """Return the properties that are told, None where all are."""
    if question.properties is None:
        return None
    told = [each.name for each in collection.queryables.values() if each.type != "geometry"]
    return chosen_properties(question.properties, told)


def _equality(collection: Collection, name: str, value: str) -> Any:
    asked = collection.queryables.get(name)
    if asked is None or asked.type == "geometry":
        known = _listed([each.name for each in collection.queryables.values() if each.type != "geometry"])
        raise RefusedParameterError(
            name,
            Text(f"没有参数“{name[:60]}”。", f"There is no parameter “{name[:60]}”."),
            Text(f"可查询的属性:{known.zh}。", f"The properties that can be asked for: {known.en}."),
        )
    condition = has_value(asked, value)
    if condition is None:
        raise RefusedParameterError(
            name,
            Text(f"“{value[:60]}”不是 {name} 的取值。", f"“{value[:60]}” is no value of {name}."),
            Text(f"其类型为 {asked.type}。", f"Its type is {asked.type}."),
        )
    return condition


def _reference(collection: Collection, parameter: str, text: str | None) -> Reference:
    """Return the system that a parameter names."""
    if text is None:
        return LON_LAT
    found = find_reference(text, collection.references)
    if found is None:
        offered = _listed([each.uri for each in collection.references])
        raise RefusedParameterError(
            parameter,
            Text(f"不支持坐标系 {text[:100]}。", f"The coordinate system {text[:100]} is not served."),
            Text(f"可用:{offered.zh}。", f"There are {offered.en}."),
        )
    return found


def _listed(names: Sequence[str]) -> Text:
    return Text("、".join(names), ", ".join(names))


def _cursor(question: ItemsQuestion) -> Cursor:
    if question.cursor is None:
        return Cursor(offset=question.offset)
    cursor = read_cursor(question.cursor)
    if cursor is None:
        raise _no_cursor()
    return cursor


def _no_cursor() -> RefusedParameterError:
    return RefusedParameterError(
        "cursor",
        Text("cursor 不是本服务给出的。", "The cursor is none that was given out."),
        Text("从第一页开始,沿 next 链接读取。", "Begin with the first page and follow its next link."),
    )


def _item(collection: Collection, row: Any, chosen: Sequence[str] | None = None) -> Item:
    names = collection.source.properties if chosen is None else chosen
    own = dict(zip(names, row[-len(names) :], strict=True))
    # a delivered field that is called like one of ours is told under a name of its own
    delivered = {f"{name}_" if name in own else name: value for name, value in (row.attributes or {}).items()}
    times = collection.source.time
    time = None if times is None else tuple(own.get(name) if name else None for name in times)
    return Item(row.identity, row.geometry, {**own, **delivered}, time)  # type: ignore[arg-type]


def _compact(item: str) -> str:
    """Return a building's code as it is stored, leniently typed; another id as it is."""
    try:
        return str(parse(item).compact)
    except CodeError:
        return item
