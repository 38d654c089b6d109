"""Who calls where proxies stand between, and who calls on this machine itself."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Forwarded", "is_here", "read_networks"]

Network = IPv4Network | IPv6Network
# what proxies add to the requests that they pass on
_SIGNS = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via"})
_OWN_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Forwarded:
    """Middleware: who calls through a proxy that is trusted is who that proxy says; what another one says counts for nothing.

    Whoever came through a proxy of either kind is not on this machine, whatever address the proxy has.
    """

    def __init__(self, app: ASGIApp, *, proxies: Sequence[Network]) -> None:
        self.app = app
        self.proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] == "http":
            client = scope.get("client")
            address = client[0] if client else ""
            is_trusted = self._is_trusted(address)
            is_passed_on = is_trusted or not _SIGNS.isdisjoint(name for name, _ in scope["headers"])
            scope.setdefault("state", {})["direct"] = not is_passed_on
            if is_trusted:
                headers = Headers(scope=scope)
                scope["client"] = (self._caller(headers, address), 0)
                if headers.get("x-forwarded-proto") in {"http", "https"}:
                    scope["scheme"] = headers["x-forwarded-proto"]
        await self.app(scope, receive, send)

    def _caller(self, headers: Headers, proxy: str) -> str:
        """Return the last address that no trusted proxy has: what stands before it, anybody may have written."""
        said = [each.strip() for each in ",".join(headers.getlist("x-forwarded-for")).split(",")]
        for address in reversed(said):
            if not _is_address(address):
                break
            if not self._is_trusted(address):
                return address
        return proxy

    def _is_trusted(self, address: str) -> bool:
        if not self.proxies or not _is_address(address):
            return False
        known = ip_address(address)
        return any(known in network for network in self.proxies)


def is_here(request: Request) -> bool:
    """Tell whether a caller is on this machine: by address, with no proxy between, and asking for this machine by name."""
    host = request.headers.get("host", "").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    client = request.client.host if request.client else ""
    direct = request.scope.get("state", {}).get("direct", False)
    return bool(direct and name in _OWN_NAMES and _is_loopback(client))


def read_networks(text: str) -> list[Network]:
    """Return the networks of a setting, separated by commas.

    Raises
    ------
    ValueError
        One is none.
    """
    return [ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip()]


@lru_cache(maxsize=1_000)
def _is_loopback(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_loopback


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
