"""Tokens of an identity provider (OpenID Connect): found to be true, or refused with the reason.

The installation is a resource server: it looks at signed tokens and at nothing else. A token's header chooses among the keys
and the algorithms that are set, and never brings its own: what it says of addresses (``jku``, ``x5u``) or keys (``jwk``,
``x5c``) is not looked at, and its ``kid`` is looked up in a table.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

import jwt

from geocode import Text
from workflows.errors import BadTokenError, KeysUnreachableError
from workflows.settings import Settings
from workflows.token_keys import TokenKeys, UnreachableError, open_source

__all__ = ["CLAIMED", "Token", "TokenVerifier", "looks_like_token", "open_verifier", "token_sentence"]

CLAIMED = "oidc:"
"""What the actor begins with who is known by a token's claims alone: no label does."""
_MOST_CHARACTERS = 8_192
_MOST_SUBJECT = 255
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_DIVISION = re.compile(r"([0-9]{2}){1,3}", re.ASCII)
_KINDS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "token_expired"),
    (jwt.ImmatureSignatureError, "token_early"),
    (jwt.InvalidAudienceError, "token_audience"),
    (jwt.InvalidIssuerError, "token_issuer"),
)


class Token(NamedTuple):
    """What an identity provider says of a caller.

    Attributes
    ----------
    is_trusted
        Whether office, roles and district count where nobody has registered the subject.
    """

    issuer: str
    subject: str
    office: str | None = None
    roles: tuple[str, ...] = ()
    division: str | None = None
    is_trusted: bool = False

    @property
    def actor(self) -> str:
        """Who that is on record, where nobody has given them a label: a digest, and no name."""
        return f"{CLAIMED}{sha256(f'{self.issuer} {self.subject}'.encode()).hexdigest()[:16]}"


class TokenVerifier:
    """Looks at tokens for one worker."""

    def __init__(self, settings: Settings, keys: TokenKeys) -> None:
        self._settings = settings
        self._keys = keys
        self._algorithms = settings.token_algorithms

    def verify(self, token: str) -> Token:
        """Return what a token says.

        Raises
        ------
        BadTokenError
            It is none that counts here.
        KeysUnreachableError
            Whether it does cannot be known now.
        """
        claims = self._claims(token)
        settings = self._settings
        subject = _claim(claims, settings.oidc_subject_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT or not subject.isprintable():
            raise _refused("token_invalid")
        if not settings.oidc_trust_claims:
            return Token(settings.oidc_issuer, subject)
        office = _claim(claims, settings.oidc_office_claim)
        return Token(
            settings.oidc_issuer,
            subject,
            office if isinstance(office, str) else None,
            _texts(_claim(claims, settings.oidc_role_claim)),
            _division(_claim(claims, settings.oidc_division_claim)),
            is_trusted=True,
        )

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > _MOST_CHARACTERS or not _FORM.fullmatch(token):
            raise _refused("token_invalid")
        settings = self._settings
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in self._algorithms:
                raise _refused("token_invalid")
            key = self._keys.find(header.get("kid"), algorithm)
            if key is None:
                raise _refused("token_key")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=settings.oidc_audience,
                issuer=settings.oidc_issuer,
                leeway=settings.oidc_leeway_s,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except UnreachableError as error:
            raise KeysUnreachableError(*token_sentence("token_keys")) from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            kind = next((kind for of, kind in _KINDS if isinstance(error, of)), "token_invalid")
            # the cause holds parts of the token
            raise _refused(kind) from None
        return claims


def open_verifier(settings: Settings, *, fetch: Callable[[], bytes] | None = None) -> TokenVerifier | None:
    """Return what looks at the tokens of an installation's identity provider; None where it has none.

    Parameters
    ----------
    fetch
        Where the keys are had from; as is set where it is None.
    """
    if not settings.oidc_issuer:
        return None
    return TokenVerifier(settings, TokenKeys(fetch or open_source(settings.oidc_jwks)))


def looks_like_token(text: str) -> bool:
    """Tell whether what a caller shows is a token and no API key."""
    return text.count(".") == 2  # noqa: PLR2004 - header, claims, signature


def token_sentence(kind: str) -> tuple[Text, Text]:
    """Return what is said of a kind of refusal, and the remedy."""
    row = _sentences()[kind]
    return Text(row["zh"][0], row["en"][0]), Text(row["zh"][1], row["en"][1])


@cache
def _sentences() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files("workflows").joinpath("tokens.toml").read_text(encoding="utf-8"))


def _refused(kind: str) -> BadTokenError:
    return BadTokenError(kind, *token_sentence(kind))


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by the names on the way to it with dots between (``realm_access.roles``)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _texts(said: Any) -> tuple[str, ...]:
    listed: Sequence[Any] = said if isinstance(said, list) else [said]
    return tuple(each for each in listed if isinstance(each, str))


def _division(said: Any) -> str | None:
    """Return the district that a token claims; who claims one that is none is told so, and is not let in everywhere."""
    if said is None:
        return None
    if not isinstance(said, str) or not _DIVISION.fullmatch(said):
        raise _refused("token_invalid")
    return said
