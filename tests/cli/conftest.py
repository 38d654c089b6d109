"""The command line as people type it, in English, at home in the test's folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from store.database import Database


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[..., Any]]:
    """Return what gives the function that runs `luotu`: against a database, an address, or whatever is set."""

    def against(database: Database | str | None = None) -> Callable[..., Any]:
        monkeypatch.setenv("LUOTU_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("LUOTU_LANGUAGE", "en")
        monkeypatch.chdir(tmp_path)
        if database is not None:
            url = database if isinstance(database, str) else database.url.render_as_string(hide_password=False)
            monkeypatch.setenv("DATABASE_URL", url)
        runner = CliRunner()
        return lambda *arguments, **more: runner.invoke(app, [str(argument) for argument in arguments], **more)

    return against


@pytest.fixture
def luotu(command_line: Callable[..., Callable[..., Any]], sample_database: Database) -> Callable[..., Any]:
    """Return the function that runs the command line over the sample district."""
    return command_line(sample_database)
