"""Limits that keep one caller from taking what others need, and one request from taking for ever."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from api.observing import ALIVE, is_stream
from geocode import Text

__all__ = ["TimeLimit", "Turns"]

# of one caller: how many wait for a turn, how many streams of events are open, for how many seconds requests may be saved up
_MOST_WAITING, _MOST_STREAMS, _SAVED_S = 64, 16, 4.0
# of one who asks many things at once beside others, in seconds: the work that is done as it comes, half of it for many at a time, and
# how much beyond it is remembered; its part of the time from then on; and how long whoever has asked is still there
_BURST_S, _REMEMBERED_S, _PART, _THERE_S = 2.0, 1.0, 0.5, 1.0
_MOST_CALLERS = 10_000
_AGAIN_S, _LIGHT = 2, 0.125
_MANY = Text("请求过于频繁。", "These are too many requests.")
_LATER = Text("按 Retry-After 所示的秒数稍后重试。", "Ask again after as many seconds as Retry-After says.")
_LATE = Text("处理时间过长,已停止等待。", "It takes too long, and is waited for no more.")
_LESS = Text("缩小范围或使用任务,稍后重试。", "Ask for less, or by a job; try again later.")


class Turns:
    """Middleware: who asks one thing at a time is answered at once; who asks many has turns with others, and too many are refused.

    A caller is a key that holds, else an address. The first request of each caller is worked on at once; further ones only while
    fewer are worked on at all than may be, callers in turn. Whoever goes on asking many things at once while others are there has one
    of them worked on at a time, and for half of the time: others share with one request, and with none as often. Beyond a long line,
    and beyond a number of requests a second, requests are refused (429). Streams of events give their turn back when they begin. What
    is counted is this process's own.

    Parameters
    ----------
    is_light
        Tells the requests that take no turn, and of which eight count as one: those that are answered many together.
    """

    def __init__(self, app: ASGIApp, *, at_once: int, per_s: float, is_light: Callable[[Scope], object]) -> None:
        self.app = app
        self.at_once, self.per_s = at_once, per_s
        self._is_light = is_light
        self._running = 0
        self._callers: OrderedDict[bytes | str, _Caller] = OrderedDict()
        # those who have requests waiting, whose turn is next first
        self._lined: OrderedDict[_Caller, None] = OrderedDict()
        self._keys: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http" or scope["path"] == ALIVE:
            await self.app(scope, receive, send)
            return
        key = _key(scope)
        caller = self._caller(key if key in self._keys else _address(scope))
        is_light = self._is_light(scope)
        wait_s = caller.wait_s(self.per_s, _LIGHT if is_light else 1.0)
        if wait_s or not (is_light or await self._begun(caller)):
            await _refused(429, "too_many_requests", _MANY, _LATER, wait_s or _AGAIN_S)(scope, receive, send)
            return
        is_streaming = False

        async def send_on(message: Message) -> None:
            nonlocal is_streaming
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    self._keys.pop(key, None)
                # a caller with many streams keeps the turn: they are many requests
                if is_stream(message) and caller.streams < _MOST_STREAMS:
                    is_streaming = True
                    caller.streams += 1
                    self._end(caller)
            await send(message)

        began = time.monotonic()
        try:
            await self.app(scope, receive, send_on)
        finally:
            if is_streaming:
                caller.streams -= 1
            elif not is_light:
                caller.has_used(time.monotonic() - began)
                self._end(caller)
            self._learn(key, scope)

    async def _begun(self, caller: "_Caller") -> bool:
        """Begin a request, at once or when it has its turn, and return whether it may begin at all."""
        is_first = not (caller.running or caller.waiting)
        if is_first or (not self._lined and self._may_have_more(caller)):
            self._count(caller, 1)
            return True
        if len(caller.waiting) >= _MOST_WAITING:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        caller.waiting.append(turn)
        self._lined[caller] = None
        try:
            await turn
        except asyncio.CancelledError:
            # it was given and nobody takes it
            if turn.done() and not turn.cancelled():
                self._end(caller)
            raise
        return True

    def _end(self, caller: "_Caller") -> None:
        """End a request: the next ones have their turn."""
        self._count(caller, -1)
        if caller.waiting and not caller.running:
            self._give_after_rest(caller)
        for lined in list(self._lined):
            if self._running >= self.at_once:
                break
            if self._may_have_more(lined):
                self._give(lined)

    def _may_have_more(self, caller: "_Caller") -> bool:
        """Tell whether a caller may have one more request worked on beside those that are."""
        has_time = caller.used_s <= _BURST_S / 2 or not self._has_others(caller)
        return has_time and not caller.resting and self._running < self.at_once

    def _has_others(self, caller: "_Caller") -> bool:
        """Tell whether others than a caller are there: they have something worked on, or asked just now."""
        # the one that asked last, and the one before
        newest = islice(reversed(self._callers.values()), 2)
        since = time.monotonic() - _THERE_S
        return self._running > caller.running or any(each.seen_at > since for each in newest if each is not caller)

    def _give_after_rest(self, caller: "_Caller") -> None:
        """Give a caller who has nothing worked on its next turn: at once, or when it has rested."""
        if caller.resting:
            return
        too_much_s = caller.used_s - _BURST_S
        if too_much_s <= 0 or not self._has_others(caller):
            self._give(caller)
            return

        def give() -> None:
            caller.resting = False
            if not caller.running:
                self._give(caller)

        caller.resting = True
        asyncio.get_running_loop().call_later(too_much_s / _PART, give)

    def _give(self, caller: "_Caller") -> None:
        """Give a caller's next request its turn, and have other callers' be before its further ones."""
        self._lined.pop(caller, None)
        while caller.waiting:
            turn = caller.waiting.popleft()
            if not turn.done():
                self._count(caller, 1)
                turn.get_loop().call_soon_threadsafe(_begin, turn, partial(self._end, caller))
                break
        if caller.waiting:
            self._lined[caller] = None

    def _count(self, caller: "_Caller", more: int) -> None:
        caller.running += more
        self._running += more

    def _caller(self, name: bytes | str) -> "_Caller":
        caller = self._callers.get(name)
        if caller is None:
            caller = self._callers[name] = _Caller(self.per_s * _SAVED_S)
            if len(self._callers) > _MOST_CALLERS:
                self._forget_idle()
        self._callers.move_to_end(name)
        return caller

    def _forget_idle(self) -> None:
        """Forget callers who have nothing here, those that were not heard of the longest."""
        idle = [name for name, caller in self._callers.items() if not (caller.running or caller.streams)]
        for name in idle[: _MOST_CALLERS // 10]:
            del self._callers[name]

    def _learn(self, key: bytes, scope: Scope) -> None:
        """Remember which keys hold: whoever guesses keys is counted by address."""
        if key and "principal" in scope["state"]:
            self._keys[key] = None
            self._keys.move_to_end(key)
            if len(self._keys) > _MOST_CALLERS:
                self._keys.popitem(last=False)


class _Caller:
    """What one caller has here: requests that are worked on, that wait, that may still come this second; the work done for it."""

    __slots__ = ("_used_s", "left", "resting", "running", "seen_at", "streams", "used_at", "waiting")

    def __init__(self, left: float) -> None:
        self.running = self.streams = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.left, self.seen_at = left, time.monotonic()
        self.resting, self._used_s, self.used_at = False, 0.0, self.seen_at

    def wait_s(self, per_s: float, weight: float) -> int:
        """Count a request, and return after how many whole seconds it may come; 0: now."""
        now, since = time.monotonic(), self.seen_at
        self.seen_at = now
        if not per_s:
            return 0
        self.left = min(per_s * _SAVED_S, self.left + (now - since) * per_s)
        if self.left < weight:
            return math.ceil((weight - self.left) / per_s)
        self.left -= weight
        return 0

    @property
    def used_s(self) -> float:
        """The work done for it lately, in seconds: its part of the time is forgotten as it passes."""
        return max(0.0, self._used_s - (time.monotonic() - self.used_at) * _PART)

    def has_used(self, taken_s: float) -> None:
        """Count what a request took."""
        self._used_s, self.used_at = min(self.used_s + taken_s, _BURST_S + _REMEMBERED_S), time.monotonic()


def _begin(turn: "asyncio.Future[None]", forgo: Callable[[], None]) -> None:
    """Let a request begin; where its caller has gone meanwhile, the turn is the next one's."""
    if turn.done():
        forgo()
    else:
        turn.set_result(None)


class TimeLimit:
    """Middleware: an answer that does not begin in time is a problem (503), whatever still works on it.

    The time counts from the last of the request's body. What works on it keeps its caller's turn until it has ended.
    """

    def __init__(self, app: ASGIApp, *, limit_s: float) -> None:
        self.app = app
        self.limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        clock = _Clock(self.limit_s, lambda: _refused(503, "too_slow", _LATE, _LESS, _AGAIN_S)(scope, receive, send))

        async def receive_in_time() -> Message:
            message = await receive()
            clock.start()
            return message

        async def send_in_time(message: Message) -> None:
            clock.stop()
            if not clock.is_over:
                await send(message)

        clock.start()
        try:
            await self.app(scope, receive_in_time, send_in_time)
        finally:
            clock.stop()
            if clock.answering is not None:
                await clock.answering


class _Clock:
    """Runs until an answer begins; answers itself where it runs out before."""

    __slots__ = ("_answer", "_handle", "_is_stopped", "_limit_s", "answering", "is_over")

    def __init__(self, limit_s: float, answer: Any) -> None:
        self._limit_s, self._answer = limit_s, answer
        self._handle: asyncio.TimerHandle | None = None
        self.answering: asyncio.Task[None] | None = None
        self.is_over = self._is_stopped = False

    def start(self) -> None:
        """Run from now."""
        if self._is_stopped or self.is_over:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_later(self._limit_s, self._end)

    def stop(self) -> None:
        """Run no more."""
        if not self._is_stopped and self._handle is not None:
            self._handle.cancel()
            self._is_stopped = True

    def _end(self) -> None:
        self.is_over = True
        self.answering = asyncio.get_running_loop().create_task(self._answer())


def _refused(status: int, kind: str, text: Text, remedy: Text, wait_s: int) -> Response:
    return problem(status, kind, text, remedy, headers={"Retry-After": str(wait_s)})


def _key(scope: Scope) -> bytes:
    """Return what stands for the key that a request shows: nothing that the key could be had from; empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hashlib.blake2b(value, digest_size=16).digest()
    return b""


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
