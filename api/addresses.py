"""Addresses of this service, as links in answers hold them."""

from urllib.parse import urlencode

from fastapi import Request

__all__ = ["same_with"]


def same_with(request: Request, **changed: str | None) -> str:
    """Return the address of a request with some parameters changed, or left out where they are None."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    query = [*kept, *((name, value) for name, value in changed.items() if value is not None)]
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return f"{str(request.base_url).rstrip('/')}{path}{'?' + urlencode(query) if query else ''}"
