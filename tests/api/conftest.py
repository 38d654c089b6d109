"""The application over the sample district, called in this process."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app


@pytest.fixture
def client(settings: Any) -> Iterator[TestClient]:
    """Return a client on this machine, over the test's own copy of the sample district."""
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    with TestClient(create_app(settings), **here) as caller:
        yield caller
