"""Tokens of an identity provider: what lets somebody in, and everything that does not."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.testclient import TestClient

from api.app import create_app
from store.database import transaction
from store.offices import have_office
from workflows.identities import Access, add_user, end_user
from workflows.principals import find_principal
from workflows.tokens import looks_like_token

ISSUER, AUDIENCE = "https://id.example/realms/city", "luotu"
FAR = {"base_url": "http://127.0.0.1", "client": ("192.0.2.7", 50000)}
RSA, OTHER_RSA = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EC, P384, ED = (
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    ed25519.Ed25519PrivateKey.generate(),
)
KINDS = {
    "RS256": jwt.algorithms.RSAAlgorithm,
    "ES256": jwt.algorithms.ECAlgorithm,
    "EdDSA": jwt.algorithms.OKPAlgorithm,
}


def public(key, algorithm, kid, **more):
    said = KINDS[algorithm].to_jwk(key.public_key(), as_dict=True)
    return {**said, "kid": kid, "use": "sig", **more}


def signed(*, key=RSA, algorithm="RS256", kid="r1", header=None, without=(), **claims):
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7f3a", "iat": now, "exp": now + 300} | claims
    said = {name: value for name, value in said.items() if name not in without}
    return jwt.encode(said, key, algorithm, headers={"kid": kid, **(header or {})})


class Provider:
    """An identity provider on loopback: its keys, and how often it was asked for them."""

    def __init__(self):
        self.keys = [public(RSA, "RS256", "r1"), public(EC, "ES256", "e1"), public(ED, "EdDSA", "d1")]
        self.asked, self.is_down = 0, False
        provider = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                self.send_response(503 if provider.is_down else 200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": provider.keys}).encode())

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/certs"


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def open_far(settings, provider):
    """Return what opens a client elsewhere, over an installation that knows the provider, with other settings."""
    opened = []

    def make(**more):
        said = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks": provider.address, **more}
        opened.append(TestClient(create_app(settings.model_copy(update=said)), **FAR))
        return opened[-1].__enter__()

    yield make
    for each in opened:
        each.__exit__(None, None, None)


@pytest.fixture
def far(open_far, database_with_user):
    """Return such a client, where the subject of `signed` is a planner of an office."""
    return open_far()


@pytest.fixture
def database_with_user(sample_database):
    with transaction(sample_database) as connection:
        have_office(connection, code="bureau", name_zh="规划局", name_en="Planning")
    desk = find_principal(sample_database, key=None, local=True)
    access = Access(office="bureau", role="planner", label="desk 3")
    sample_database.user = add_user(sample_database, access, issuer=ISSUER, subject="7f3a", principal=desk)["id"]
    sample_database.desk = desk
    return sample_database


def session(far, token):
    return far.get("/session", headers={"Authorization": f"Bearer {token}"})


def kind_of(answer):
    return answer.json()["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "r1"), (RSA, "PS256", "r1"), (EC, "ES256", "e1"), (ED, "EdDSA", "d1")]
)
def test_a_registered_person_is_let_in_by_each_of_the_algorithms(far, key, algorithm, kid):
    said = session(far, signed(key=key, algorithm=algorithm, kid=kid)).json()
    assert (said["office"]["en"], said["actor"], said["role"]) == ("Planning", "desk 3", "planner")


def test_the_scheme_is_read_in_any_case(far):
    assert far.get("/session", headers={"Authorization": f"bearer {signed()}"}).status_code == 200


def unsigned():
    return jwt.encode(
        {"iss": ISSUER, "aud": AUDIENCE, "sub": "7f3a", "exp": 2**32}, None, "none", headers={"kid": "r1"}
    )


def hmac_by_public_key():
    """Return a token signed by HMAC with the public key that everybody has: PyJWT would not make it itself."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body, _ = signed().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"r1"}').rstrip(b"=").decode()
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    mac = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered():
    head, body, mac = signed().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "somebody else"}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{mac}"


NOW = int(time.time())
WRONG = {
    "unsigned": (unsigned, "token_invalid"),
    "HMAC by the public key": (hmac_by_public_key, "token_invalid"),
    "changed after signing": (tampered, "token_invalid"),
    "no signature": (lambda: signed().rpartition(".")[0] + ".", "token_invalid"),
    "an algorithm that is not set": (lambda: signed(algorithm="RS512"), "token_invalid"),
    "another's key under a known id": (lambda: signed(key=OTHER_RSA), "token_invalid"),
    "a key of another kind": (lambda: signed(key=EC, algorithm="ES256", kid="r1"), "token_key"),
    "a curve of another algorithm": (lambda: signed(key=P384, algorithm="ES384", kid="e1"), "token_invalid"),
    "an unknown key": (lambda: signed(kid="r9"), "token_key"),
    "a key by its path": (lambda: signed(kid="../../../../dev/null"), "token_key"),
    "a key by SQL": (lambda: signed(kid="x' union select 'a'--"), "token_key"),
    "an endless id of a key": (lambda: signed(kid="r" * 1000), "token_key"),
    "its own key beside it": (
        lambda: signed(key=OTHER_RSA, kid="r9", header={"jwk": public(OTHER_RSA, "RS256", "r9")}),
        "token_key",
    ),
    "an address of its own keys": (
        lambda: signed(key=OTHER_RSA, header={"jku": "https://evil.example/certs", "x5u": "https://evil.example"}),
        "token_invalid",
    ),
    "a critical extension": (lambda: signed(header={"crit": ["exp2"], "exp2": 1}), "token_invalid"),
    "over": (lambda: signed(exp=NOW - 600), "token_expired"),
    "not yet": (lambda: signed(nbf=NOW + 6000), "token_early"),
    "issued in time to come": (lambda: signed(iat=NOW + 6000), "token_early"),
    "another audience": (lambda: signed(aud="account"), "token_audience"),
    "another issuer": (lambda: signed(iss="https://id.example/realms/other"), "token_issuer"),
    "an issuer but for a slash": (lambda: signed(iss=ISSUER + "/"), "token_issuer"),
    "no end": (lambda: signed(without=["exp"]), "token_invalid"),
    "no audience": (lambda: signed(without=["aud"]), "token_invalid"),
    "no subject": (lambda: signed(without=["sub"]), "token_invalid"),
    "a subject that is no text": (lambda: signed(sub="\n"), "token_invalid"),
    "huge": (lambda: signed(more="x" * 10_000), "token_invalid"),
    "no JSON": (lambda: "a.b.c", "token_invalid"),
    "empty parts": (lambda: "..", "token_invalid"),
    "a header deep as a well": (
        lambda: base64.urlsafe_b64encode(b'{"alg":' + b"[" * 3_000).decode() + ".e30.e30",
        "token_invalid",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_token_that_does_not_count_is_refused_with_the_reason(far, case):
    make, kind = WRONG[case]
    answer = session(far, make())
    assert (answer.status_code, kind_of(answer)) == (401, kind)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="luotu", error="invalid_token"'
    assert answer.json()["zh"]["detail"]
    assert answer.json()["zh"]["remedy"]


def test_clocks_may_differ_a_little(far):
    assert session(far, signed(exp=int(time.time()) - 5)).status_code == 200


def test_a_person_whom_nobody_registered_is_known_and_let_in_to_nothing(far):
    answer = session(far, signed(sub="stranger"))
    assert (answer.status_code, kind_of(answer)) == (403, "token_user")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_claims_do_not_count_unless_they_are_trusted(far):
    assert kind_of(session(far, signed(sub="stranger", office="bureau", role="admin"))) == "token_user"


def test_a_revoked_user_is_refused_at_once_by_the_kept_answers_too(far, database_with_user):
    headers = {"Authorization": f"Bearer {signed()}"}
    code = {"q": "4E7U5CKJ2WF0J"}
    assert far.get("/resolve", params=code, headers=headers).status_code == 200
    end_user(database_with_user, database_with_user.user, principal=database_with_user.desk)
    assert far.get("/resolve", params=code, headers=headers).status_code == 403
    assert far.get("/session", headers=headers).status_code == 403


TRUSTED = {"oidc_trust_claims": True, "oidc_role_claim": "realm_access.roles"}


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"office": "bureau", "realm_access": {"roles": ["offline_access", "auditor"]}}, None),
        ({"office": "bureau", "realm_access": {"roles": "auditor"}}, None),
        ({"office": "bureau", "realm_access": {"roles": ["auditor", "admin"]}}, "token_role"),
        ({"office": "bureau", "realm_access": {"roles": ["local"]}}, "token_role"),
        ({"office": "bureau", "realm_access": {"roles": [1, None, {}]}}, "token_role"),
        ({"office": "bureau", "role": "auditor"}, "token_role"),
        ({"office": "elsewhere", "realm_access": {"roles": ["auditor"]}}, "token_office"),
        ({"office": ["bureau"], "realm_access": {"roles": ["auditor"]}}, "token_office"),
        ({"realm_access": {"roles": ["auditor"]}}, "token_office"),
        ({"office": "bureau", "realm_access": {"roles": ["auditor"]}, "division": "everywhere"}, "token_invalid"),
    ],
)
def test_trusted_claims_name_one_role_and_an_office_that_is_there(open_far, database_with_user, claims, kind):
    answer = session(open_far(**TRUSTED), signed(sub="stranger", **claims))
    if kind is not None:
        assert kind_of(answer) == kind
        return
    said = answer.json()
    assert (said["role"], said["office"]["en"]) == ("auditor", "Planning")
    assert said["actor"].startswith("oidc:")
    assert "stranger" not in said["actor"]


def test_what_is_registered_counts_before_what_is_claimed(open_far, database_with_user):
    claims = {"office": "local", "realm_access": {"roles": ["admin"]}}
    assert session(open_far(**TRUSTED), signed(**claims)).json()["role"] == "planner"


def test_keys_are_asked_for_once_and_unknown_ones_at_most_once_a_minute(far, provider):
    for n in range(5):
        assert session(far, signed()).status_code == 200
        assert session(far, signed(kid=f"new {n}")).status_code == 401
    assert provider.asked == 1


def test_nobody_is_let_in_while_keys_cannot_be_had_and_whoever_has_an_api_key_is(far, provider):
    provider.is_down = True
    answer = session(far, signed())
    assert (answer.status_code, kind_of(answer), answer.headers["Retry-After"]) == (503, "token_keys", "60")
    assert session(far, "luotu_wrong").status_code == 401
    provider.is_down = False
    assert session(far, signed()).status_code == 503, "asked again within the minute"


def test_a_file_of_keys_serves_a_closed_network(open_far, database_with_user, provider, tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": provider.keys}))
    assert session(open_far(oidc_jwks=str(file)), signed()).status_code == 200
    assert provider.asked == 0


@pytest.mark.parametrize(
    "spoiled", [{"kty": "oct", "k": "c2VjcmV0"}, {"use": "enc"}, {"alg": "PS256"}, {"n": "AQAB"}, {"kid": 7}]
)
def test_a_key_that_is_for_something_else_verifies_nothing(open_far, database_with_user, provider, spoiled):
    provider.keys = [{**provider.keys[0], **spoiled}, "no key", {"kty": []}]
    assert session(open_far(), signed()).status_code == 401


def test_no_part_of_a_token_is_in_the_logs(far, caplog):
    caplog.set_level("DEBUG")
    secrets = []
    for make in (signed, *(make for make, _ in WRONG.values())):
        token = make()
        session(far, token)
        secrets.extend(part for part in token.split(".") if len(part) > 40)
    assert not [part for part in secrets if part[:40] in caplog.text]


def test_an_installation_without_an_identity_provider_takes_no_token(settings):
    with TestClient(create_app(settings), **FAR) as far:
        assert kind_of(session(far, signed())) == "unknown_key"


def test_an_api_key_never_looks_like_a_token():
    assert not looks_like_token("luotu_abc-DEF_123")
