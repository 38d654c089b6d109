"""The answer to a code, asked for thousands of times a second: one statement for all who wait, and what is known kept.

Requests that come while the database is asked wait together for the next statement, which answers all of them. It begins after
the last of them came, so whatever was committed before a request is in its answer. A kept answer goes out only if that
statement finds the ledger's last event to be the one it was read at: its hash commits to every event before it, and whatever
changes a building adds an event in the same transaction, one transaction after the other. So no worker is ever stale, and none
has to be told of anything.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from geocode import BuildingCode, CodeError, parse
from geocode.codes import CODE_LENGTH, read_letters
from registry.stages import Stage
from store.database import Connection, Database, OpenLine
from store.resolving import changed_states
from store.walls import as_system
from workflows.errors import WorkflowError
from workflows.principals import Principal, resolve_principal
from workflows.resolving import Sight, code_row, sight_of
from workflows.tokens import Token

__all__ = ["Asker", "CodeAnswer", "CodeAnswers"]

# some 12 MB in each process
_MOST_KEPT = 4_096
_MOST_AT_ONCE = 500
_LENGTHS = {CODE_LENGTH, CODE_LENGTH + 6}
_MOST_LETTERS = 40


class Asker(NamedTuple):
    """Who asks: the key, None where there is none, and whether the caller without one may be the local office, or the public.

    `token` is what an identity provider says of the caller, where that was shown.
    """

    key: str | None
    local: bool
    public: bool = False
    token: Token | None = None


class CodeAnswer(NamedTuple):
    """The JSON of an answer, and its tag: another where the answer is another."""

    body: bytes
    tag: str


class _Kept(NamedTuple):
    """What is told of a building while the ledger's last event is that of `head`; nothing where it is closed."""

    head: bytes
    office_id: int
    whole: CodeAnswer | None
    redacted: CodeAnswer | None


class _Waiting(NamedTuple):
    text: str
    asker: Asker
    answer: asyncio.Future[CodeAnswer | None]


class CodeAnswers:
    """Answers codes of living buildings for one worker; its methods are called on the worker's event loop."""

    def __init__(self, database: Database, *, stages: Sequence[Stage] | None = None) -> None:
        """Take the database, and what stages are called: those of `configured_procedure`, the built-in ones where None."""
        self._stages = stages
        self._waiting: list[_Waiting] = []
        self._asking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="codes")
        # what follows is the thread's own
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._line = OpenLine(as_system(database))
        self._local: Principal | None = None

    async def find(self, text: str, asker: Asker) -> CodeAnswer | None:
        """Return the row of `resolve_names` for a code of a living building; None for any other text.

        Raises
        ------
        NotAllowedError, ForbiddenError
            As `find_principal` and `resolve_names`.
        """
        if len(text) > _MOST_LETTERS or len(read_letters(text)) not in _LENGTHS:
            return None
        answer: asyncio.Future[CodeAnswer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(text, asker, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await answer

    def close(self) -> None:
        """Let go of the thread and its connection."""
        self._thread.submit(self._line.close)
        self._thread.shutdown()

    async def _ask(self) -> None:
        """Answer those who wait, and those who come meanwhile, until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            found: Sequence[CodeAnswer | Exception | None]
            try:
                found = await loop.run_in_executor(self._thread, self._read, waiting)
            except Exception as error:  # noqa: BLE001 - each of those who wait is told
                found = [error] * len(waiting)
            for each, answer in zip(waiting, found, strict=True):
                if each.answer.done():
                    continue  # the caller has gone
                if isinstance(answer, Exception):
                    each.answer.set_exception(answer)
                else:
                    each.answer.set_result(answer)

    def _read(self, waiting: Sequence[_Waiting]) -> list[CodeAnswer | Exception | None]:
        """Return the answers of those who wait, in their order; an error where one may not ask."""
        codes = {text: code for text in {each.text for each in waiting} if (code := _code(text))}
        known = {text: kept for text in codes if (kept := self._kept.get(text))}
        asked = [(code.compact, known[text].head if text in known else None) for text, code in codes.items()]
        with self._line.opened() as connection:
            sights = {asker: self._sight(connection, asker) for asker in {each.asker for each in waiting}}
            head, states = changed_states(connection, asked)
        told = {
            text: _tell(text, states[n], head, self._stages) if n in states else known.get(text, _NOTHING)
            for n, text in enumerate(codes)
        }
        self._keep({text: kept for text, kept in told.items() if kept.head == head})
        return [_answer(told.get(each.text, _NOTHING), sights[each.asker], head) for each in waiting]

    def _sight(self, connection: Connection, asker: Asker) -> Sight | WorkflowError:
        """Return what an asker may see, or why nothing. A key, or whose a token is, is looked up each time: it may have been revoked."""
        try:
            if asker.key is None and asker.local:
                self._local = self._local or resolve_principal(connection, key=None, local=True)
                return sight_of(self._local, kind="code")
            return sight_of(resolve_principal(connection, **asker._asdict()), kind="code")
        except WorkflowError as error:
            return error

    def _keep(self, told: Mapping[str, _Kept]) -> None:
        for text, kept in told.items():
            self._kept[text] = kept
            self._kept.move_to_end(text)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


# of a code that nobody bears: no ledger ends so
_NOTHING = _Kept(b"none", 0, None, None)


def _code(text: str) -> BuildingCode | None:
    try:
        return parse(text)
    except CodeError:
        return None


def _tell(text: str, state: Any, head: bytes, stages: Sequence[Stage] | None) -> _Kept:
    if state.reason is not None:
        return _Kept(head, state.office_id, None, None)
    whole, redacted = (_packed(code_row(text, state, is_whole=is_whole, stages=stages)) for is_whole in (True, False))
    return _Kept(head, state.office_id, whole, redacted)


def _packed(row: dict[str, Any]) -> CodeAnswer:
    body = orjson.dumps(row)
    return CodeAnswer(body, f'"{sha256(body).hexdigest()[:32]}"')


def _answer(kept: _Kept, sight: Sight | WorkflowError, head: bytes) -> CodeAnswer | WorkflowError | None:
    if isinstance(sight, WorkflowError):
        return sight
    if kept.head != head:
        # it was there when it was read last, and is gone: a register that was restored
        return None
    return kept.whole if sight(kept.office_id) else kept.redacted
