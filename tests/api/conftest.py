"""The application over the sample district, called in this process; whatever it answers is as its description says."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conformity import conforming


@pytest.fixture(scope="session", autouse=True)
def _described() -> Iterator[None]:
    """Look at every answer that any test of this room is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "send", conforming(TestClient.send))
        yield


@pytest.fixture
def client(settings: Any) -> Iterator[TestClient]:
    """Return a client on this machine, over the test's own copy of the sample district."""
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    with TestClient(create_app(settings), **here) as caller:
        yield caller
