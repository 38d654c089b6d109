"""The root of the command line: every command is there, and brings no more than it needs."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app

COMMANDS = [
    *("code", "decode", "alias", "upload", "check", "extract", "run", "resolve"),
    *("review", "building", "stage", "project", "units", "aliases", "facilities"),
    *("layers", "conflicts", "cases", "differences", "sites", "rules", "statistics", "document", "certificate"),
    *(
        "ledger",
        "db",
        "office",
        "key",
        "user",
        "audit",
        "backup",
        "restore",
        "exchange",
        "webhook",
        "serve",
        "work",
        "worker",
        "jobs",
    ),
]


def test_help_lists_every_command():
    listed = CliRunner().invoke(app, ["--help"]).output.split("Commands:")[1]
    assert [line.split()[0] for line in listed.strip().splitlines()] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: luotu {command}")


def test_an_unknown_command_is_a_matter_of_usage():
    result = CliRunner().invoke(app, ["nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_a_command_without_a_database_loads_none():
    run = "from cli.main import app; import sys; app(['decode', '4E7U5-CKJ2W-F0J'], standalone_mode=False)"
    told = f"{run}; print(sorted({{'sqlalchemy', 'alembic', 'fastapi'}} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert answer.splitlines()[-1] == "[]"
