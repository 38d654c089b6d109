"""Killed at any moment: no half upload, nothing lost that was acknowledged, and the ledger verifies."""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from sqlalchemy import text
from streets import delivery, houses

from store.cluster import database_url
from store.database import connect, transaction

HOUSES = 8
CLIENTS = 3
UNWHOLE = """
    select count(*) from upload u where
        (select count(*) from upload_row r where r.upload_id = u.id) <> (u.report ->> 'rows')::integer
        or (select count(*) from upload_row r where r.upload_id = u.id and r.outcome = 'new')
           <> (select count(*) from footprint f where f.upload_id = u.id)
"""
UNTOLD = "select count(*) from footprint f where not exists (select from event e where e.building_id = f.building_id)"


class Clients:
    """Clients who upload one street after the other, and remember what was acknowledged."""

    def __init__(self, installation):
        self.installation = installation
        self.acknowledged = {}
        self.places = iter(range(0, 1_000_000, HOUSES))
        self.lock = threading.Lock()

    def work(self, until):
        while time.monotonic() < until:
            with self.lock:
                first = next(self.places)
            content = delivery(houses(HOUSES, first=first))
            try:
                answer = self.installation.post("/uploads", files={"file": (f"street-{first}.geojson", content)})
            except httpx2.TransportError:
                return
            if answer.is_success:
                told = answer.json()
                self.acknowledged[told["id"]] = {row["code"] for row in told["results"]}
            else:
                assert answer.status_code == 503, answer.text


class Sister:
    """A sister system that is told of every event, and remembers in which order."""

    def __init__(self):
        self.told = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["content-length"])
                body = self.rfile.read(size)
                if len(body) < size:
                    # who sent it was killed over it, and nothing was told
                    self.close_connection = True
                    return
                event = json.loads(body)
                told.append((event["subject"], event["seq"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    def was_told_in_order(self, seqs):
        """Tell whether every event came, and for each building the first time in order."""
        first = list(dict.fromkeys(self.told))
        orders = {}
        for subject, seq in first:
            orders.setdefault(subject, []).append(seq)
        return {seq for _, seq in first} == set(seqs) and all(each == sorted(each) for each in orders.values())


@pytest.fixture
def sister():
    system = Sister()
    yield system
    system.server.shutdown()
    system.server.server_close()


def asked(installation, query, **values):
    """Return the first column of what the database answers."""
    engine = connect(database_url(installation.cluster, "luotu"))
    with transaction(engine) as connection:
        rows = connection.execute(text(query), values)
        found = list(rows.scalars()) if rows.returns_rows else []
    engine.dispose()
    return found


def work_and_be_killed(installation, clients, dice):
    """Have clients upload until something is killed, and start everything again."""
    until = time.monotonic() + 1.5
    threads = [threading.Thread(target=clients.work, args=[until]) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(dice.uniform(0.1, 1.2))
    dice.choice([installation.kill_server, installation.kill_database, installation.kill_worker])()
    for thread in threads:
        thread.join()
    installation.kill_worker()
    installation.kill_server()
    installation.start()
    installation.start_worker()


@pytest.mark.parametrize("seed", [20261122])
def test_whatever_is_killed_at_any_moment_nothing_is_half_or_lost(installation, sister, full_size, seed):
    dice, clients = random.Random(seed), Clients(installation)
    installation.told("webhook", "add", sister.url)
    installation.start_worker()
    for _ in range(100 if full_size else 3):
        work_and_be_killed(installation, clients, dice)
        assert asked(installation, UNWHOLE) == [0]
        assert asked(installation, UNTOLD) == [0]
        for upload, codes in clients.acknowledged.items():
            rows = asked(installation, "select row_number from upload_row where upload_id = :id", id=upload)
            assert len(rows) == len(codes) == HOUSES
    assert clients.acknowledged
    assert installation.luotu("ledger", "verify").wait() == 0
    installation.kill_worker()
    owed = asked(installation, "select seq from outbox")
    while asked(installation, "select seq from outbox where delivered_at is null"):
        # what a killed worker held is due again after a minute: let the minute pass
        asked(installation, "update outbox set due_at = now() where delivered_at is null")
        installation.told("work", "--once")
    assert sister.was_told_in_order(owed)
