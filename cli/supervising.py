"""Processes that are kept running: one that dies is started anew, all are told to stop together, each is given the time it needs."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pipe, get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

__all__ = ["CANNOT_START", "Post", "follow_parent", "supervise"]

CANNOT_START = 3
"""What a process exits with that cannot do its work at all, as uvicorn has it."""

_LOOK_S, _KILL_AFTER_S = 0.5, 5.0
# between two starts of what keeps dying
_FIRST_PAUSE_S, _LAST_PAUSE_S, _STEADY_S = 0.5, 30.0, 60.0
_START_S = 120.0
_logger = logging.getLogger("luotu.serving")


@dataclass(slots=True)
class Post:
    """A place that some process has to fill.

    Attributes
    ----------
    run
        What it runs, in a process of its own: with a connection that it tells its beginning by, then the arguments.
    replaces
        Whether a new one takes the place of the old one when all are renewed (SIGHUP).
    """

    name: str
    run: Callable[..., None]
    arguments: tuple[Any, ...]
    replaces: bool = False
    process: BaseProcess | None = None
    heard: Connection | None = None
    started_at: float = 0.0
    pause_s: float = 0.0
    due_at: float = field(default=0.0)

    def start(self) -> None:
        """Fill the place."""
        self.heard, ours = Pipe(duplex=False)
        self.process = get_context("spawn").Process(
            target=self.run, args=(ours, *self.arguments), name=self.name, daemon=True
        )
        self.process.start()
        ours.close()
        self.started_at = time.monotonic()

    def is_up(self, patience_s: float) -> bool:
        """Wait until the process says that it has begun, and return whether it did."""
        try:
            return self.heard is not None and self.heard.poll(patience_s) and bool(self.heard.recv())
        except EOFError:
            return False


def supervise(posts: Sequence[Post], *, stop_s: float, ended: Callable[[int], None] = lambda _pid: None) -> int:
    """Keep all posts filled until SIGTERM or SIGINT, then stop them; return the exit code, other than 0 where they cannot start.

    Parameters
    ----------
    stop_s
        How long they may take to stop; they are killed some seconds after.
    ended
        Told the id of each process that has ended.
    """
    with _signals() as told:
        for post in posts:
            post.start()
        while True:
            for number in told():
                if number == signal.SIGHUP:
                    _renew(posts, stop_s=stop_s, ended=ended)
                else:
                    _stop(posts, stop_s=stop_s, ended=ended)
                    return 0
            wait([*(post.process.sentinel for post in posts if post.process), told.line], timeout=_LOOK_S)
            if any(_tend(post, ended) == CANNOT_START for post in posts):
                _stop(posts, stop_s=stop_s, ended=ended)
                return CANNOT_START


def follow_parent() -> None:
    """End this process as soon as the one that started it is gone, however it went."""

    def follow() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
        os._exit(0)

    threading.Thread(target=follow, name="follow", daemon=True).start()


def _tend(post: Post, ended: Callable[[int], None]) -> int | None:
    """Start a post anew where it is due; note its death, and return its exit code at its very first start."""
    now = time.monotonic()
    if post.process is None:
        if now >= post.due_at:
            post.start()
        return None
    if post.process.is_alive():
        return None
    code, lived_s = post.process.exitcode, now - post.started_at
    is_first = not post.pause_s
    _forget(post, ended)
    steady = lived_s > _STEADY_S
    post.pause_s = _FIRST_PAUSE_S if steady or is_first else min(2 * post.pause_s, _LAST_PAUSE_S)
    post.due_at = now if is_first or steady else now + post.pause_s
    _logger.error("a process has died", extra={"post": post.name, "exit_code": code, "lived_s": round(lived_s, 1)})
    return code if is_first else None


def _renew(posts: Sequence[Post], *, stop_s: float, ended: Callable[[int], None]) -> None:
    """Put a new process in the place of each, one after the other: the old one stops when the new one answers."""
    for post in (each for each in posts if each.replaces):
        old, old_heard = post.process, post.heard
        post.start()
        if not post.is_up(_START_S):
            _logger.error("a new process does not start; the old one stays", extra={"post": post.name})
            if post.process is not None:
                _end(post.process, 0.0, ended)
            post.process, post.heard = old, old_heard
            return
        if old is not None:
            _end(old, stop_s, ended)


def _stop(posts: Sequence[Post], *, stop_s: float, ended: Callable[[int], None]) -> None:
    for post in posts:
        if post.process is not None:
            post.process.terminate()
    until = time.monotonic() + stop_s
    for post in posts:
        if post.process is not None:
            _end(post.process, until - time.monotonic(), ended)


def _end(process: BaseProcess, patience_s: float, ended: Callable[[int], None]) -> None:
    """Have a process stop, and kill it where it does not."""
    process.terminate()
    process.join(max(0.0, patience_s) + _KILL_AFTER_S)
    if process.is_alive():
        _logger.error("a process does not stop, and is killed", extra={"post": process.name})
        process.kill()
        process.join()
    ended(process.pid or 0)


def _forget(post: Post, ended: Callable[[int], None]) -> None:
    if post.process is not None:
        post.process.join()
        ended(post.process.pid or 0)
    if post.heard is not None:
        post.heard.close()
    post.process = post.heard = None


class _Told:
    """The signals that came, and the line on which a new one is heard at once."""

    def __init__(self) -> None:
        self.line, self._ours = socket.socketpair()
        self._numbers: list[int] = []

    def hear(self, number: int, _frame: object) -> None:
        self._numbers.append(number)
        self._ours.send(b"!")

    def __call__(self) -> list[int]:
        numbers, self._numbers = self._numbers, []
        if numbers:
            self.line.recv(1 << 10)
        return numbers


@contextmanager
def _signals() -> Iterator[_Told]:
    told = _Told()
    before = {each: signal.signal(each, told.hear) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
