"""Tiles of collections, asked for thousands of times a second: kept where what they show has not changed.

Requests that come while the database is asked wait together for the next look at it, which tells of all of them who asks, how
far the ledger goes, where something has changed since, and which edition of a layer is in effect. It begins after the last of
them came, so whatever was committed before a request is on its tile. A kept tile goes out only if no event since it was cut is
about a building that stands or stood on its ground: whatever changes a building adds an event in the same transaction, one
transaction after the other. A layer's tile goes by its edition, which never changes. So no worker is ever stale, and none has to
be told of anything. Tiles of other collections, and of times, are cut each time.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

from geocode import Text
from store.database import Connection, Database, OpenLine, transaction
from store.tiles import GroundChange, building_tile, editions_shown, ground_changed, layer_tile
from store.walls import as_system
from workflows.catalogues import configured_catalogue
from workflows.code_answers import Asker
from workflows.collections import CollectionQuestion, Period
from workflows.errors import WorkflowError
from workflows.failures import NotHereError
from workflows.kept_tiles import FIRST_BUILDING_ZOOM, MOST_BYTES, KeptTiles, Tile, TilePlace
from workflows.layer_rights import allow_layer
from workflows.principals import Principal, resolve_principal
from workflows.settings import Settings
from workflows.tile_overviews import cut_overview
from workflows.tiling import building_view, cut_collection_tile

__all__ = ["TileAnswers", "TileQuestion"]

_MOST_AT_ONCE = 500
_BUILDINGS, _LAYERS = "buildings", "layers"
_NO_OVERVIEW = Text(
    f"第 {FIRST_BUILDING_ZOOM} 级以下的瓦片只有当前的建筑数:去掉 datetime,或取更深的级别。",
    f"Below zoom {FIRST_BUILDING_ZOOM}, tiles tell how many buildings there are now: leave datetime out, or ask for a deeper level.",
)
Cut = Callable[[Connection], bytes]


class TileQuestion(NamedTuple):
    """Which tile of which collection is wanted, and as of which time: of now where None."""

    collection: str
    place: TilePlace
    period: Period | None = None

    @property
    def layer(self) -> str | None:
        """The code of the layer that it is of as of now, or None."""
        kind, _, code = self.collection.partition(".")
        return code if kind == _LAYERS and self.period is None else None


class _Sighted(NamedTuple):
    """Who asks, and which edition is in effect of the layer asked for."""

    principal: Principal
    edition: int | None


class _Waiting(NamedTuple):
    asker: Asker
    layer: tuple[str, date] | None
    answer: asyncio.Future[_Sighted]


class _Look(NamedTuple):
    """What one look at the database told."""

    change: GroundChange
    principals: dict[Asker, Principal | WorkflowError]
    editions: dict[tuple[str, date], int | None]


class _Known(NamedTuple):
    """How a tile is known again: its key, the events after which it may be another, and where it lies if these change it."""

    key: Hashable
    head: Hashable
    place: TilePlace | None


class TileAnswers:
    """Answers questions for tiles for one worker; its methods are called on the worker's event loop."""

    def __init__(self, database: Database, settings: Settings, *, most_bytes: int = MOST_BYTES) -> None:
        """Take the database, and how many bytes of tiles are kept."""
        self._database, self._settings = database, settings
        self._waiting: list[_Waiting] = []
        self._asking: asyncio.Task[None] | None = None
        self._kept = KeptTiles(most_bytes=most_bytes)
        self._being_cut: dict[tuple[Hashable, Hashable], asyncio.Task[Tile]] = {}
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="tiles-look")
        # half of the connections are for everything else
        self._most_cut = max(1, settings.connections // 2)
        self._cutters = ThreadPoolExecutor(self._most_cut, thread_name_prefix="tiles-cut")
        # by several cores, a tile costs more and those of others come later
        self._lines: SimpleQueue[OpenLine] = SimpleQueue()
        for _ in range(self._most_cut):
            self._lines.put(OpenLine(as_system(database), is_alone=True))
        # what follows is the looker's own
        self._line = OpenLine(as_system(database))
        self._local: Principal | None = None

    async def find(self, question: TileQuestion, asker: Asker) -> tuple[Tile, Principal]:
        """Return a tile as who asks may see it, empty where there is nothing, and who that is.

        Raises
        ------
        NotAllowedError, ForbiddenError
            As `find_principal`, `cut_building_tile` and `cut_layer_tile`.
        NotHereError, UnknownLayer
            There is no such collection, or who asks sees nothing of it.
        """
        principal, edition = await self._sight(question, asker)
        if question.period is None and question.collection == _BUILDINGS:
            view = building_view(principal)
            known = _Known((_BUILDINGS, question.place, view), self._kept.head, question.place)
            cut: Cut = partial(building_tile, **question.place._asdict(), **view._asdict())
            if question.place.z < FIRST_BUILDING_ZOOM:
                cut = partial(cut_overview, place=question.place)
        elif question.layer is not None:
            layer = configured_catalogue(self._settings).layer(question.layer)
            allow_layer(principal, layer)
            day = date.today()
            known = _Known((layer.code, question.place, edition, day), None, None)
            cut = partial(_cut_layer, name=question.collection, as_of=day, edition=edition, place=question.place)
        elif question.collection == _BUILDINGS and question.place.z < FIRST_BUILDING_ZOOM:
            raise NotHereError(_NO_OVERVIEW)
        else:
            asked = CollectionQuestion(principal, self._settings, question.period)
            return await self._run(self._cut_collection, question, asked), principal
        return await self._find(known, cut), principal

    def close(self) -> None:
        """Let go of the threads and their connection."""
        self._looker.submit(self._line.close)
        self._looker.shutdown()
        self._cutters.shutdown()
        for _ in range(self._most_cut):
            self._lines.get().close()

    async def _find(self, known: _Known, cut: Cut) -> Tile:
        """Return a tile that is kept, that is being cut since nothing has changed, or that is cut now."""
        kept = self._kept.find(known.key)
        if kept is not None:
            return kept
        under_way = self._being_cut.get((known.key, known.head))
        if under_way is None:
            under_way = asyncio.create_task(self._cut(known, cut))
            self._being_cut[known.key, known.head] = under_way
            under_way.add_done_callback(lambda _: self._being_cut.pop((known.key, known.head), None))
        # who leaves does not take the tile from the others
        return await asyncio.shield(under_way)

    async def _cut(self, known: _Known, cut: Cut) -> Tile:
        tile = await self._run(self._cut_alone, cut)
        # what was cut while something changed may show what was before: it answers who asked before, and nobody else
        if known.place is None or known.head == self._kept.head:
            self._kept.keep(known.key, tile, known.place)
        return tile

    async def _run(self, work: Callable[..., Tile], *given: Any) -> Tile:
        # with the request's context: what is to be on record of it is noted there
        within = copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._cutters, within, work, *given)

    def _cut_alone(self, cut: Cut) -> Tile:
        line = self._lines.get()
        try:
            with line.opened() as connection:
                return Tile.of(cut(connection))
        finally:
            self._lines.put(line)

    def _cut_collection(self, question: TileQuestion, asked: CollectionQuestion) -> Tile:
        with transaction(self._database) as connection:
            return Tile.of(cut_collection_tile(connection, question.collection, question.place, asked))

    async def _sight(self, question: TileQuestion, asker: Asker) -> _Sighted:
        """Return who asks, and the edition in effect, once the tiles kept are true as of the ledger's present end."""
        answer: asyncio.Future[_Sighted] = asyncio.get_running_loop().create_future()
        layer = None if question.layer is None else (question.layer, date.today())
        self._waiting.append(_Waiting(asker, layer, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        """Look on behalf of those who wait, and of those who come meanwhile, until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            try:
                look = await loop.run_in_executor(self._looker, self._look, waiting, self._kept.head)
            except Exception as error:  # noqa: BLE001 - each of those who wait is told
                _tell(waiting, [error] * len(waiting))
                continue
            self._kept.advance(look.change)
            _tell(waiting, [_sighted(look, each) for each in waiting])

    def _look(self, waiting: Sequence[_Waiting], head: tuple[int, bytes]) -> _Look:
        layers = list({each.layer for each in waiting if each.layer is not None})
        with self._line.opened() as connection:
            principals = {asker: self._principal(connection, asker) for asker in {each.asker for each in waiting}}
            change = ground_changed(connection, seq=head[0], leaf_hash=head[1])
            editions = editions_shown(connection, layers) if layers else []
        return _Look(change, principals, dict(zip(layers, editions, strict=True)))

    def _principal(self, connection: Connection, asker: Asker) -> Principal | WorkflowError:
        """Return who asks, or why nobody. A key, or whose a token is, is looked up each time: it may have been revoked."""
        try:
            if asker.key is None and asker.local:
                self._local = self._local or resolve_principal(connection, key=None, local=True)
                return self._local
            return resolve_principal(connection, **asker._asdict())
        except WorkflowError as error:
            return error


def _sighted(look: _Look, each: _Waiting) -> _Sighted | WorkflowError:
    principal = look.principals[each.asker]
    if isinstance(principal, WorkflowError):
        return principal
    return _Sighted(principal, None if each.layer is None else look.editions[each.layer])


def _tell(waiting: Sequence[_Waiting], found: Sequence[_Sighted | Exception]) -> None:
    for each, told in zip(waiting, found, strict=True):
        if each.answer.done():
            continue  # the caller has gone
        if isinstance(told, Exception):
            each.answer.set_exception(told)
        else:
            each.answer.set_result(told)


def _cut_layer(connection: Connection, *, name: str, as_of: date, edition: int | None, place: TilePlace) -> bytes:
    if edition is None:
        return b""
    return layer_tile(connection, name, **place._asdict(), as_of=as_of, edition=edition)
