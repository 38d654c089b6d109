"""What one caller may take at a time: turns, requests a second, time, and how slowly and how much may come in."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

import api.protection
from api.app import create_app
from api.limits import TimeLimit, Turns
from workflows.principals import issue_key

HERE = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}


class Room:
    """An application whose requests stay until they are let go; it keeps count of those inside."""

    def __init__(self, media_type="text/plain"):
        self.inside = self.most = 0
        self.door = asyncio.Event()
        self.media_type = media_type

    async def __call__(self, scope, receive, send):
        self.inside += 1
        self.most = max(self.most, self.inside)
        scope["state"]["principal"] = scope.get("who")

        async def body():
            yield b"."
            await self.door.wait()

        try:
            if self.media_type == "text/plain":
                await self.door.wait()
                await PlainTextResponse("done")(scope, receive, send)
            else:
                await StreamingResponse(body(), media_type=self.media_type)(scope, receive, send)
        finally:
            self.inside -= 1


async def ask(app, *, address="192.0.2.1", headers=(), path="/x"):
    """Ask an application and return the status and the headers of its answer."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
        "client": (address, 1),
        "state": {},
    }
    answer = asyncio.get_running_loop().create_future()

    async def receive():
        await asyncio.sleep(3600)

    async def send(message):
        if message["type"] == "http.response.start":
            answer.set_result((message["status"], dict(message["headers"])))

    task = asyncio.ensure_future(app(scope, receive, send))
    try:
        await asyncio.wait([task, answer], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return await answer
    finally:
        with suppress(asyncio.CancelledError):
            await task


def turns_of(app, **limits):
    return Turns(app, is_light=lambda scope: scope["path"] == "/light", **limits)


async def settle():
    for _ in range(500):
        await asyncio.sleep(0)


def test_a_caller_has_so_many_turns_the_others_wait_and_all_are_answered():
    async def story():
        room = Room()
        turns = turns_of(room, at_once=3, per_s=0)
        asked = [asyncio.ensure_future(ask(turns)) for _ in range(20)]
        await settle()
        assert (room.inside, room.most) == (3, 3)
        room.door.set()
        assert {status for status, _ in await asyncio.gather(*asked)} == {200}
        assert room.most == 3

    asyncio.run(story())


def test_a_caller_who_takes_all_turns_takes_nobody_elses():
    async def story():
        room = Room()
        turns = turns_of(room, at_once=2, per_s=0)
        many = [asyncio.ensure_future(ask(turns)) for _ in range(10)]
        await settle()
        other = asyncio.ensure_future(ask(turns, address="192.0.2.2"))
        await settle()
        assert room.inside == 3
        room.door.set()
        await asyncio.gather(other, *many)

    asyncio.run(story())


class Counting:
    """An application whose requests last a moment; it keeps count of those inside of each address."""

    def __init__(self):
        self.inside, self.most = Counter(), Counter()

    async def __call__(self, scope, receive, send):
        address = scope["client"][0]
        self.inside[address] += 1
        self.most[address] = max(self.most[address], self.inside[address])
        await asyncio.sleep(0.01)
        self.inside[address] -= 1
        await PlainTextResponse("done")(scope, receive, send)


def test_who_goes_on_asking_many_things_beside_others_has_one_at_a_time(monkeypatch):
    monkeypatch.setattr("api.limits._BURST_S", 0.01)

    async def story():
        room = Counting()
        turns = turns_of(room, at_once=4, per_s=0)
        many = [asyncio.ensure_future(ask(turns)) for _ in range(60)]
        await settle()
        # alone: as many as may be
        assert room.most == {"192.0.2.1": 4}
        assert (await ask(turns, address="192.0.2.2"))[0] == 200
        while room.inside["192.0.2.1"] > 1:
            assert (await ask(turns, address="192.0.2.2"))[0] == 200
        room.most.clear()
        # it has its turns all the same
        while not room.most["192.0.2.1"]:
            assert (await ask(turns, address="192.0.2.2"))[0] == 200
        assert room.most == {"192.0.2.1": 1, "192.0.2.2": 1}
        assert not all(each.done() for each in many)
        for each in many:
            each.cancel()
        await asyncio.wait(many)

    asyncio.run(story())


def test_one_thing_at_a_time_is_worked_on_at_once_however_long_it_goes_on(monkeypatch):
    monkeypatch.setattr("api.limits._BURST_S", 0.0)

    async def story():
        room = Room()
        turns = turns_of(room, at_once=1, per_s=0)
        for number in range(20):
            asked = asyncio.ensure_future(ask(turns, address=f"192.0.2.{number % 2}"))
            await settle()
            assert room.inside == 1
            room.door.set()
            await asked
            room.door.clear()

    asyncio.run(story())


def test_beyond_a_long_line_requests_are_refused_with_a_time_to_come_again():
    async def story():
        room = Room()
        turns = turns_of(room, at_once=1, per_s=0)
        line = [asyncio.ensure_future(ask(turns)) for _ in range(65)]
        await settle()
        status, headers = await ask(turns)
        assert status == 429
        assert int(headers[b"retry-after"]) > 0
        room.door.set()
        assert {status for status, _ in await asyncio.gather(*line)} == {200}

    asyncio.run(story())


def test_who_waits_and_goes_leaves_no_turn_behind():
    async def story():
        room = Room()
        turns = turns_of(room, at_once=1, per_s=0)
        first, second, third = (asyncio.ensure_future(ask(turns)) for _ in range(3))
        await settle()
        second.cancel()
        room.door.set()
        assert (await first)[0] == (await third)[0] == 200
        assert (await ask(turns))[0] == 200

    asyncio.run(story())


def test_light_requests_take_no_turn_and_eight_count_as_one(monkeypatch):
    async def story():
        monkeypatch.setattr("api.limits.time.monotonic", lambda: 1000.0)
        room = Room()
        turns = turns_of(room, at_once=1, per_s=0.5)
        asked = [asyncio.ensure_future(ask(turns, path="/light")) for _ in range(17)]
        await settle()
        # two were saved up
        assert room.inside == 16
        room.door.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200] * 16 + [429]

    asyncio.run(story())


def test_streams_give_their_turn_back_up_to_a_number():
    async def story():
        room = Room("text/event-stream")
        turns = turns_of(room, at_once=1, per_s=0)
        streams = [asyncio.ensure_future(ask(turns)) for _ in range(30)]
        await settle()
        # sixteen beside the turns, and one that keeps its turn
        assert room.inside == 17
        room.door.set()
        assert {status for status, _ in await asyncio.gather(*streams)} == {200}

    asyncio.run(story())


def test_so_many_requests_a_second_are_taken_after_some_that_were_saved_up(monkeypatch):
    async def story():
        now = 1000.0
        monkeypatch.setattr("api.limits.time.monotonic", lambda: now)
        room = Room()
        room.door.set()
        turns = turns_of(room, at_once=100, per_s=0.5)
        assert [(await ask(turns))[0] for _ in range(4)] == [200, 200, 429, 429]
        assert (await ask(turns))[1][b"retry-after"] == b"2"
        assert (await ask(turns, address="192.0.2.2"))[0] == 200
        assert (await ask(turns, path="/healthz"))[0] == 200
        now += 2
        assert [(await ask(turns))[0] for _ in range(2)] == [200, 429]

    asyncio.run(story())


def test_a_key_that_holds_is_a_caller_and_a_guessed_one_is_not():
    async def story():
        room = Room()
        room.door.set()

        async def judge(scope, receive, send):
            if (b"authorization", b"Bearer good") in scope["headers"]:
                scope["state"]["principal"] = "somebody"
                await room(scope, receive, send)
            else:
                await PlainTextResponse("no", 401)(scope, receive, send)

        turns = turns_of(judge, at_once=1, per_s=1)
        for n in range(4):
            assert (await ask(turns, headers=[(b"authorization", b"Bearer guess%d" % n)]))[0] == 401
        assert (await ask(turns, headers=[(b"authorization", b"Bearer guess")]))[0] == 429
        other = {"address": "192.0.2.2", "headers": [(b"authorization", b"Bearer good")]}
        assert (await ask(turns, **other))[0] == 200
        # from now on it counts by itself, from wherever it comes
        assert (await ask(turns, **{**other, "address": "192.0.2.1"}))[0] == 200

    asyncio.run(story())


def test_an_answer_that_does_not_begin_in_time_is_a_problem_and_what_comes_later_is_nobodys():
    async def story():
        room = Room()
        limited = TimeLimit(room, limit_s=0.01)
        asked = asyncio.ensure_future(ask(limited))
        await asyncio.sleep(0.1)
        assert room.inside == 1
        room.door.set()
        status, headers = await asked
        assert status == 503
        assert b"retry-after" in headers

    asyncio.run(story())


def test_many_requests_at_once_over_http_are_refused_in_both_languages(settings, monkeypatch):
    # one request, and the next one in about an hour, however slow the machine is
    monkeypatch.setattr("api.limits._SAVED_S", 4000.0)
    app = create_app(settings.model_copy(update={"requests_per_s": 0.00025}))
    with TestClient(app, **HERE) as caller:
        assert caller.get("/session").status_code == 200
        problem = caller.get("/session")
        assert (problem.status_code, problem.json()["type"]) == (429, "/problems/too_many_requests")
        assert 3000 < int(problem.headers["retry-after"]) <= 4000
        assert problem.json()["detail"]
        assert problem.json()["zh"]["remedy"]
        key = issue_key(app.state.database, office="own", name="Own", role="surveyor", label="x")
        assert caller.get("/healthz").status_code == 200
        assert caller.get("/session", headers={"Authorization": f"Bearer {key}"}).status_code == 429


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"params": {"q": "x" * 17_000}}, 414, "long_address"),
        ({"headers": {"X-More": "x" * 40_000}}, 431, "long_headers"),
        ({"headers": {f"X-More-{n}": "x" for n in range(120)}}, 431, "long_headers"),
    ],
)
def test_addresses_and_headers_have_a_length(client, request_, status, kind):
    answer = client.get("/resolve", **request_)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


@pytest.mark.parametrize(("silent_s", "least"), [(0.05, 1), (0.0, 10_000_000)])
def test_a_body_that_hardly_comes_is_not_waited_for(settings, monkeypatch, silent_s, least):
    monkeypatch.setattr(api.protection, "_LEAST_BYTES_PER_S", least)
    app = create_app(settings)
    sent = []

    async def story():
        steps = iter([b'{"names"', b": ["])

        async def receive():
            await asyncio.sleep(0.01)
            step = next(steps, None)
            if step is None:
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": step, "more_body": True}

        async def send(message):
            sent.append(message)

        monkeypatch.setattr(api.protection, "_SILENT_S", silent_s or 0.02)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/resolve",
            "raw_path": b"/resolve",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await app(scope, receive, send)

    asyncio.run(story())
    app.state.database.dispose()
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
