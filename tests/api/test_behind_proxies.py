"""A proxy on this machine makes nobody the local office, and nobody is who they say they are."""

import asyncio
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.forwarding import Forwarded, read_networks

HERE = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
SIGNS = [
    {"X-Forwarded-For": "203.0.113.7"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": ""},
    {"X-Real-IP": "127.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 proxy"},
]


def test_a_caller_on_this_machine_is_the_local_office(client):
    assert client.get("/session").json()["role"] == "local"


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: "=".join(*sign.items()))
def test_who_comes_through_a_proxy_is_not_the_local_office(client, sign):
    assert client.get("/session", headers=sign).status_code == 401


@pytest.mark.parametrize("sign", [{}, *SIGNS], ids=lambda sign: "=".join(*(sign.items() or [("no", "sign")])))
def test_where_the_proxy_is_known_whoever_calls_from_its_address_is_not_the_local_office(settings, sign):
    behind = settings.model_copy(update={"trusted_proxies": "127.0.0.1"})
    with TestClient(create_app(behind), **HERE) as caller:
        assert caller.get("/session", headers=sign).status_code == 401


def test_who_asks_by_the_name_that_others_use_is_not_the_local_office(settings):
    named = settings.model_copy(update={"public_url": "https://map.example"})
    with TestClient(create_app(named), **HERE) as caller:
        assert caller.get("/session", headers={"Host": "map.example"}).status_code == 401
        assert caller.get("/session", headers={"Host": "other.example"}).status_code == 400
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
            assert caller.get("/session", headers={"Host": host}).status_code == 200


def test_a_page_behind_a_proxy_may_write_to_its_own_name(settings):
    named = settings.model_copy(update={"public_url": "https://map.example", "trusted_proxies": "127.0.0.1"})
    with TestClient(create_app(named), **HERE) as caller:
        headers = {"Host": "map.example", "Origin": "https://map.example", "X-Forwarded-For": "203.0.113.7"}
        assert caller.post("/resolve", json={"names": []}, headers=headers).status_code == 401
        assert (
            caller.post("/resolve", json={"names": []}, headers={**headers, "Origin": "https://x"}).status_code == 403
        )


@pytest.mark.parametrize(
    ("proxies", "peer", "said", "expected"),
    [
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.0/8", "10.1.1.1", ["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.0/8", "10.1.1.1", ["127.0.0.1", "203.0.113.7, 10.2.2.2"], "203.0.113.7"),
        ("10.0.0.0/8", "10.1.1.1", ["nobody"], "10.1.1.1"),
        ("10.0.0.0/8", "10.1.1.1", [], "10.1.1.1"),
        ("10.0.0.0/8", "203.0.113.7", ["192.0.2.1"], "203.0.113.7"),
        ("", "127.0.0.1", ["192.0.2.1"], "127.0.0.1"),
        ("::1", "::1", ["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_the_caller_is_the_last_address_that_no_known_proxy_has(proxies, peer, said, expected):
    found = []

    async def app(scope, receive, send):
        found.append((scope["client"][0], scope["scheme"]))

    headers = [(b"x-forwarded-for", each.encode()) for each in said] + [(b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "headers": headers, "client": (peer, 1), "scheme": "http"}
    asyncio.run(Forwarded(app, proxies=read_networks(proxies))(scope, None, None))
    is_trusted = any(peer in str(each) or peer.startswith("10.") for each in read_networks(proxies))
    assert found == [(expected, "https" if is_trusted else "http")]


def test_proxies_are_addresses_and_networks():
    assert read_networks(" 127.0.0.1 ,10.0.0.0/8,") == [ip_network("127.0.0.1"), ip_network("10.0.0.0/8")]
