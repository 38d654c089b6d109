"""Webhooks: every event is told, signed, at least once, in order for each building; no other host is called."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import shapely
from sqlalchemy import text

from store.database import transaction
from store.errors import NotHereError
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedOptionError, ReusedKeyError
from workflows.uploading import upload_file
from workflows.webhooks import deliver_due, end_webhook, open_webhook, read_webhooks, sign

HOSTS = frozenset({"127.0.0.1", "registry.example"})
URL = "https://registry.example/luotu"


@pytest.fixture
def webhook(database, principal):
    return open_webhook(database, principal=principal, label="登记中心", url=URL, hosts=HOSTS)


@pytest.fixture
def register(database, principal, tmp_path):
    """Return what registers a street of houses, and so makes events."""

    def upload(first, count=3):
        houses = [
            shapely.box(126.5 + i * 1e-3, 43.8, 126.5 + i * 1e-3 + 2e-4, 43.8001) for i in range(first, first + count)
        ]
        features = [
            {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(house)} for house in houses
        ]
        path = tmp_path / f"{first}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        upload_file(database, path, principal=principal, documents=tmp_path / "documents", options=DeliveryOptions())

    return upload


def test_the_same_subscription_asked_for_again_with_its_key_is_one(database, principal):
    asked = {"principal": principal, "label": "登记中心", "url": URL, "hosts": HOSTS, "key": "a"}
    first = open_webhook(database, **asked)
    assert open_webhook(database, **asked) == first
    with pytest.raises(ReusedKeyError):
        open_webhook(database, **{**asked, "label": "other"})
    assert len(read_webhooks(database, principal=principal)) == 1


class Receiver:
    """Somebody who is told; takes everything but the messages that he is told to refuse, once each."""

    def __init__(self, refuse=()):
        self.refuse = set(refuse)
        self.taken = []

    def __call__(self, url, body, headers):
        event = json.loads(body)
        if event["seq"] in self.refuse:
            self.refuse.discard(event["seq"])
            return False, "HTTP 500"
        self.taken.append((event["seq"], event["subject"], url, body, headers))
        return True, "HTTP 204"


def make_due(database):
    """Have the time pass that a message waits before it is sent again."""
    with transaction(database) as connection:
        connection.execute(text("update outbox set due_at = now()"))


def deliver_all(database, receiver):
    make_due(database)
    while deliver_due(database, post=receiver).delivered:
        make_due(database)


def test_every_event_since_the_subscription_is_told_once_when_nothing_goes_wrong(database, register, webhook):
    register(0)
    receiver = Receiver()
    deliver_all(database, receiver)
    with transaction(database) as connection:
        kept = connection.execute(text("select seq, canonical from event order by seq")).all()
    assert sorted((seq, body.decode()) for seq, _, _, body, _ in receiver.taken) == [tuple(row) for row in kept]
    assert {url for _, _, url, _, _ in receiver.taken} == {URL}


def test_what_happened_before_the_subscription_is_not_told(database, principal, register):
    register(0)
    open_webhook(database, principal=principal, label="late", url=URL, hosts=HOSTS)
    receiver = Receiver()
    deliver_all(database, receiver)
    assert [subject.partition("/")[0] for _, subject, *_ in receiver.taken] == ["subscription"]


def test_a_message_that_was_refused_is_sent_again_and_the_buildings_later_ones_wait(database, register, webhook):
    register(0)
    register(0, count=4)
    with transaction(database) as connection:
        first = connection.execute(text("select min(seq) from outbox")).scalar_one()
    receiver = Receiver(refuse=[first])
    deliver_due(database, post=receiver)
    subject = next(iter(_subjects(database, first)))
    assert subject not in {told for _, told, _, _, _ in receiver.taken}
    deliver_all(database, receiver)
    order = {}
    for seq, told, *_ in receiver.taken:
        order.setdefault(told, []).append(seq)
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert first in order[subject]


def _subjects(database, seq):
    with transaction(database) as connection:
        return set(connection.execute(text("select subject from outbox where seq = :seq"), {"seq": seq}).scalars())


def test_a_sender_that_died_leaves_its_messages_to_the_next(database, principal, register, webhook):
    register(0)

    def die(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, post=die)
    receiver = Receiver()
    assert deliver_due(database, post=receiver).delivered == 0
    deliver_all(database, receiver)
    assert read_webhooks(database, principal=principal)[0]["waiting"] == 0
    assert receiver.taken


def test_the_receiver_can_prove_who_sent_and_what_the_ledger_holds(database, register, webhook):
    register(0)
    receiver = Receiver()
    deliver_all(database, receiver)
    seq, _, _, body, headers = receiver.taken[0]
    identity, timestamp, signature = (headers[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    made = hmac.new(key, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    assert signature == f"v1,{base64.b64encode(made).decode()}"
    with transaction(database) as connection:
        leaf = connection.execute(text("select leaf_hash from event where seq = :seq"), {"seq": seq}).scalar_one()
    assert hashlib.sha256(b"\0" + body).digest() == bytes(leaf)


def test_the_signature_is_that_of_the_published_example():
    # Standard Webhooks 1.0: the example of its reference libraries
    made = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        identity="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "url", ["ftp://registry.example/x", "registry.example", "https://user:p@registry.example/", "x:"]
)
def test_what_is_no_web_address_is_refused(database, principal, url):
    with pytest.raises(RefusedOptionError, match="no web address"):
        open_webhook(database, principal=principal, label="x", url=url, hosts=HOSTS)


def test_a_host_that_the_installation_may_not_call_is_refused(database, principal):
    with pytest.raises(RefusedOptionError, match="LUOTU_WEBHOOK_HOSTS"):
        open_webhook(database, principal=principal, label="x", url="http://169.254.169.254/", hosts=HOSTS)


def test_an_ended_subscription_is_told_no_more(database, principal, register, webhook):
    end_webhook(database, webhook["id"], principal=principal)
    register(0)
    assert deliver_due(database, post=Receiver()).delivered == 0
    for identity in (webhook["id"], "nope"):
        with pytest.raises(NotHereError, match=identity):
            end_webhook(database, identity, principal=principal)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(302 if self.path == "/away" else 204)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("path", "delivered"), [("/here", 4), ("/away", 0)])
def test_messages_go_over_http_and_follow_no_redirection(database, principal, register, path, delivered):
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}{path}"
    open_webhook(database, principal=principal, label="here", url=url, hosts=HOSTS)
    register(0)
    sent = deliver_due(database)
    server.shutdown()
    server.server_close()
    assert sent.delivered == delivered
    # the subscription's own event, and the first of each building's
    assert sent.delivered + sent.failed == 4
