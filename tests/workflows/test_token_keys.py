"""The keys of an identity provider: rotated, withdrawn, out of reach; told by a clock of the test's own."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from pydantic import ValidationError

from workflows.settings import Settings
from workflows.token_keys import TokenKeys, UnreachableError

KEY = jwt.algorithms.OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)


class Source:
    def __init__(self, *kids):
        self.kids, self.now, self.asked, self.is_down = kids, 1_000.0, 0, False
        self.keys = TokenKeys(self.fetch, clock=lambda: self.now)

    def fetch(self):
        self.asked += 1
        if self.is_down:
            raise UnreachableError
        return json.dumps({"keys": [{**KEY, "kid": kid} for kid in self.kids]}).encode()

    def knows(self, kid):
        return self.keys.find(kid, "EdDSA") is not None


def test_a_new_key_is_found_when_a_minute_is_over_and_the_old_one_goes_on():
    source = Source("a")
    assert source.knows("a")
    source.kids = ("a", "b")
    assert not source.knows("b")
    source.now += 60
    assert source.knows("b")
    assert source.knows("a")
    assert source.asked == 2


def test_a_withdrawn_key_counts_for_an_hour_at_most():
    source = Source("a", "b")
    assert source.knows("a")
    source.kids = ("b",)
    source.now += 3_601
    assert not source.knows("a")


def test_known_keys_go_on_for_a_day_while_nobody_answers():
    source = Source("a")
    assert source.knows("a")
    source.is_down = True
    source.now += 23 * 3_600
    assert source.knows("a")
    with pytest.raises(UnreachableError):
        source.knows("b")
    source.now += 2 * 3_600
    with pytest.raises(UnreachableError):
        source.knows("a")
    source.is_down = False
    source.now += 60
    assert source.knows("a")


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b'{"keys": 1}', b'{"keys": {}}', b"\xff", b"<html>"])
def test_what_is_no_list_of_keys_is_as_good_as_no_answer(said):
    with pytest.raises(UnreachableError):
        TokenKeys(lambda: said).find("a", "EdDSA")


@pytest.mark.parametrize("kid", [None, 1, "", ["a"], {"a": 1}, "a" * 201])
def test_what_is_no_id_of_a_key_asks_nobody(kid):
    source = Source("a")
    assert not source.knows(kid)
    assert source.asked == 0


GOOD = {"oidc_issuer": "https://id.example", "oidc_audience": "luotu", "oidc_jwks": "https://id.example/certs"}


@pytest.mark.parametrize(
    "spoiled",
    [
        {"oidc_audience": ""},
        {"oidc_jwks": ""},
        {"oidc_jwks": "http://id.example/certs"},
        {"oidc_algorithms": "none"},
        {"oidc_algorithms": "RS256,HS256"},
        {"oidc_algorithms": ""},
        {"oidc_leeway_s": 3600},
    ],
)
def test_settings_by_which_anybody_could_make_tokens_are_refused(spoiled):
    assert Settings(**GOOD, _env_file=None).token_algorithms == {"RS256", "PS256", "ES256", "EdDSA"}
    with pytest.raises(ValidationError):
        Settings(**{**GOOD, **spoiled}, _env_file=None)
