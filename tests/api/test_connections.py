"""Connections on which nobody asks, or for ever: closed."""

import asyncio
import socket
import threading
import time
from contextlib import closing

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

import api.connections
from api.connections import BoundedHttp, _Server


@pytest.fixture
def port(monkeypatch):
    """Serve a word to everybody who asks within a fifth of a second, and return the port."""
    monkeypatch.setattr(api.connections, "_HEAD_S", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        config = uvicorn.Config(PlainTextResponse("word"), http=BoundedHttp, lifespan="off", log_config=None, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def told(line):
    """Return all that comes until the server closes."""
    line.settimeout(10)
    return b"".join(iter(lambda: line.recv(65536), b""))


def send_much(line):
    for _ in range(1000):
        line.sendall(b"x" * 10_000)
        time.sleep(0.001)


def test_a_connection_on_which_nothing_is_asked_is_closed(port):
    with socket.create_connection(("127.0.0.1", port)) as line:
        assert told(line) == b""


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_request_that_never_ends_its_headers_is_closed(port, before):
    with socket.create_connection(("127.0.0.1", port)) as line:
        if before:
            line.sendall(before)
            time.sleep(0.05)
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert told(line).count(b"200 OK") == bool(before)


def test_headers_without_end_are_closed(port, monkeypatch):
    monkeypatch.setattr(api.connections, "_HEAD_S", 60)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            send_much(line)


def test_a_connection_is_asked_on_again_and_again(port):
    with socket.create_connection(("127.0.0.1", port)) as line:
        for _ in range(3):
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"word"):
                answer += line.recv(65536)
            time.sleep(0.02)


def test_a_server_gives_back_what_requests_leave_for_as_long_as_it_runs(monkeypatch):
    given, kept, stopping = [], [], threading.Event()
    monkeypatch.setattr(api.connections, "_TIDY_S", 0.01)
    monkeypatch.setattr(api.connections, "leave_nothing", lambda: given.append(time.monotonic()))
    monkeypatch.setattr(api.connections, "keep_what_stands", lambda: kept.append(len(given)))
    config = uvicorn.Config(PlainTextResponse("word"), http=BoundedHttp, lifespan="off", log_config=None, ws="none")
    server = _Server(config, stopping=stopping, started=lambda: None)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while len(given) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        server.should_exit = True
        thread.join(20)
    assert len(given) >= 3
    assert kept == [0]
    assert not thread.is_alive()
    ended = len(given)
    time.sleep(0.1)
    assert len(given) == ended
